//! The properties of operations that the queue needs, and the rules by which a lane sends them.

use std::sync::Arc;

/// The key of an item: the value of the table's only key attribute.
pub type Key = Arc<str>;

/// The number of a lane.
pub type LaneId = u64;

/// The kind of an operation. Only operations of the same kind are sent as one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A read, merged under load.
    Read,
    /// An unconditional write, merged under load.
    Write,
    /// One of many reads of a single call, always sent in batches.
    ReadOfMany,
    /// One of many unconditional writes of a single call, always sent in batches.
    WriteOfMany,
    /// An operation that is never merged.
    Alone,
}

/// The number of uses of a table: reads and writes.
pub const USES: usize = 2;

pub(super) const KINDS: [Kind; 5] = [
    Kind::Read,
    Kind::Write,
    Kind::ReadOfMany,
    Kind::WriteOfMany,
    Kind::Alone,
];

impl Kind {
    /// Whether operations of this kind may run at the same time on one key.
    pub fn is_read(self) -> bool {
        matches!(self, Self::Read | Self::ReadOfMany)
    }

    /// The number of its use: DynamoDB throttles reads and writes separately. Operations that are never merged
    /// count as writes. Some of them read pages of the table, but this is rare.
    pub(super) fn of_use(self) -> usize {
        usize::from(!self.is_read())
    }

    /// Whether operations of this kind wait for others under load.
    fn is_merged_under_load(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }
}

/// The rules of a lane.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Whether the lane may send. It opens once its client is known.
    pub is_open: bool,
    /// For each [`Kind`], in this order: the largest number of operations in a request.
    pub limits: [usize; 5],
    /// Merging starts when more than this many operations that can be merged are in flight or wait.
    pub threshold: usize,
    /// The largest number of requests in flight.
    pub max_requests: usize,
    /// For reads and writes: whether their requests wait because the table throttles. Then they do not count for
    /// the limits of the other use.
    pub throttled: [bool; USES],
}

impl Rules {
    pub(super) fn limit(&self, kind: Kind) -> usize {
        self.limits[kind as usize].max(1)
    }

    pub(super) fn waits_for_others(&self, kind: Kind) -> bool {
        kind.is_merged_under_load() && self.limit(kind) > 1
    }
}

/// Sends the operations of a lane.
pub trait Sends {
    /// The rules at this moment.
    fn rules(&self) -> Rules;
}

/// A waiting operation.
pub trait Waits {
    /// Whether a call still waits for the operation.
    fn is_wanted(&self) -> bool;
}
