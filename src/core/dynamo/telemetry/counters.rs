//! Counters of a store's requests, since the store was opened.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::core::dynamo::capacity::Use;

/// The names of the counted operations. A request for another operation counts under the last one.
pub const OPERATIONS: [&str; 11] = [
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactWriteItems",
    "Query",
    "Scan",
    "DescribeTable",
    "other",
];

/// Capacity is counted in thousandths of a unit: DynamoDB reports halves, and less for small reads of an index.
const PARTS: f64 = 1000.0;

/// A counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `number`.
    pub fn add(&self, number: usize) {
        self.0.fetch_add(number as u64, Ordering::Relaxed);
    }

    /// Subtracts `number`, for counters of what is in flight.
    pub fn subtract(&self, number: usize) {
        self.0.fetch_sub(number as u64, Ordering::Relaxed);
    }

    /// The present number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The requests for one operation.
#[derive(Debug, Default)]
pub struct Requests {
    /// The requests that were sent and have ended.
    pub ended: Counter,
    /// Those of them that have failed. If a condition did not hold, the request has not failed.
    pub failed: Counter,
    /// The items in them.
    pub items: Counter,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Counters {
    by_operation: [Requests; OPERATIONS.len()],
    /// The requests in flight.
    pub in_flight: Counter,
    /// The attempts: each request has one or more.
    pub attempts: Counter,
    /// The attempts after the first of a request.
    pub retries: Counter,
    /// The requests that DynamoDB has throttled, each time.
    pub throttled: Counter,
    /// The operations that were sent as one with another operation on the same item.
    pub merged: Counter,
    /// The bytes of the bodies that were sent.
    pub sent: Counter,
    /// The bytes of the bodies that were received.
    pub received: Counter,
    reads: Counter,
    writes: Counter,
}

impl Counters {
    /// The counters of `operation`.
    pub fn of(&self, operation: &str) -> Option<&Requests> {
        let known = OPERATIONS.iter().position(|name| *name == operation);
        self.by_operation.get(known.unwrap_or(OPERATIONS.len() - 1))
    }

    /// The counters of all operations, with their names.
    pub fn operations(&self) -> impl Iterator<Item = (&'static str, &Requests)> {
        OPERATIONS.into_iter().zip(&self.by_operation)
    }

    /// Adds capacity units that DynamoDB has reported.
    pub fn consume(&self, of: Use, units: f64) {
        let counter = match of {
            Use::Reads => &self.reads,
            Use::Writes => &self.writes,
        };
        // The cast takes any number without a panic.
        counter.add((units * PARTS).round() as usize);
    }

    /// The reported capacity units of reads and of writes.
    pub fn consumed(&self) -> (f64, f64) {
        let units = |counter: &Counter| counter.get() as f64 / PARTS;
        (units(&self.reads), units(&self.writes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_is_counted_in_parts_of_a_unit() {
        let counters = Counters::default();
        counters.consume(Use::Reads, 0.5);
        counters.consume(Use::Reads, 0.5);
        counters.consume(Use::Writes, 3.0);
        assert_eq!(counters.consumed(), (1.0, 3.0));
    }

    #[test]
    fn an_unknown_operation_counts_as_another() {
        let counters = Counters::default();
        for operation in ["GetItem", "UpdateTimeToLive"] {
            if let Some(requests) = counters.of(operation) {
                requests.ended.add(1);
            }
        }
        let ended = counters
            .operations()
            .map(|(name, of)| (name, of.ended.get()));
        let ended: Vec<_> = ended.filter(|(_, number)| *number > 0).collect();
        assert_eq!(ended, [("GetItem", 1), ("other", 1)]);
    }
}
