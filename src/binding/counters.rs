//! The counters of a store's requests, as plain data; and the switches of its telemetry.

use napi_derive::napi;

use super::store::NativeStore;

/// The counters of a store's requests since it was opened.
#[napi(object, object_from_js = false)]
pub struct RequestCounters {
    /// The operations with at least one request.
    pub operations: Vec<OperationCounters>,
    /// The requests in flight, with those that wait because the table throttles.
    pub in_flight: f64,
    pub attempts: f64,
    /// The attempts after the first of each request.
    pub retries: f64,
    pub throttled: f64,
    /// The operations that were sent as one with another operation on the same item.
    pub merged: f64,
    /// The bytes of the bodies that were sent.
    pub sent: f64,
    /// The bytes of the bodies that were received.
    pub received: f64,
    /// The capacity units of reads that DynamoDB has reported.
    pub read_units: f64,
    /// The capacity units of writes that DynamoDB has reported.
    pub write_units: f64,
    /// The open connections, which the store shares with other stores; 0 once it is closed.
    pub connections: f64,
}

/// The requests for one operation.
#[napi(object, object_from_js = false)]
pub struct OperationCounters {
    /// DynamoDB's name of the operation, or `other`.
    pub name: &'static str,
    /// The requests that were sent and have ended.
    pub requests: f64,
    /// Those of them that have failed. If a condition did not hold, the request has not failed.
    pub failed: f64,
    /// The items in them.
    pub items: f64,
}

#[napi]
impl NativeStore {
    /// Sets whether the store reports events of its requests, see `Completed.events`.
    #[napi]
    pub fn listen(&self, is_listening: bool) {
        self.set_listening(is_listening);
    }

    /// From now on, requests ask for the capacity that they consume.
    #[napi]
    pub fn report_capacity(&self) {
        if let Ok(backend) = self.backend() {
            backend.dynamo.telemetry().report_capacity();
        }
    }

    /// The counters of the store's requests.
    #[napi]
    pub fn counters(&self) -> RequestCounters {
        let counters = self.request_counters();
        let backend = self.backend().ok();
        let operations = counters.operations().filter_map(|(name, of)| {
            let requests = of.ended.get();
            (requests > 0).then(|| OperationCounters {
                name,
                requests: requests as f64,
                failed: of.failed.get() as f64,
                items: of.items.get() as f64,
            })
        });
        let (read_units, write_units) = counters.consumed();
        RequestCounters {
            operations: operations.collect(),
            in_flight: counters.in_flight.get() as f64,
            attempts: counters.attempts.get() as f64,
            retries: counters.retries.get() as f64,
            throttled: counters.throttled.get() as f64,
            merged: counters.merged.get() as f64,
            sent: counters.sent.get() as f64,
            received: counters.received.get() as f64,
            read_units,
            write_units,
            connections: backend.map_or(0.0, |open| open.dynamo.open_connections() as f64),
        }
    }
}
