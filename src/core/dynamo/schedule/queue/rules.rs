//! What the queue knows of operations, and by which rules a lane sends them.

use std::sync::Arc;

/// The key of an item: the value of the table's only key attribute.
pub type Key = Arc<str>;

/// The number of a lane.
pub type LaneId = u64;

/// What operations have to have in common to be sent as one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A read, merged under load.
    Read,
    /// An unconditional write, merged under load.
    Write,
    /// One of many reads that were asked for together, and are sent so.
    ReadOfMany,
    /// One of many unconditional writes that were asked for together, and are sent so.
    WriteOfMany,
    /// An operation that is never merged.
    Alone,
}

/// How many uses of a table there are: reads and writes.
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

    /// The number of its use: DynamoDB throttles reads and writes apart. What is never merged counts as a write:
    /// pages of the table are rare.
    pub(super) fn of_use(self) -> usize {
        usize::from(!self.is_read())
    }

    /// Whether operations of this kind wait for others when there are many.
    fn is_merged_under_load(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }
}

/// How a lane sends.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Whether it sends at all yet.
    pub is_open: bool,
    /// How many operations of a kind a request takes, for each of [`Kind`] in its order.
    pub limits: [usize; 5],
    /// How many operations that can be merged are in flight or wait before any are.
    pub threshold: usize,
    /// How many requests may be in flight.
    pub max_requests: usize,
    /// Whether requests of a use wait because the table throttles, for each of [`USES`]. They do not count for
    /// those of the other use.
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

/// Who sends what goes through a lane.
pub trait Sends {
    /// The rules at this moment.
    fn rules(&self) -> Rules;
}

/// An operation that waits.
pub trait Waits {
    /// Whether anybody still waits for it.
    fn is_wanted(&self) -> bool;
}
