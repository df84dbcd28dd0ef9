//! The order of operations on each key. No I/O and no limits: the [`queue`](super) decides when to send.
//!
//! An operation has its turn once all earlier operations on its key are answered. Reads can have their turn at the
//! same time. Consecutive operations on one key form a run if they have the same lane and kind. A run is sent as
//! one operation.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::{Key, Kind, LaneId, Waits};

/// A lane and a kind: the operations of a run share them.
pub type Flow = (LaneId, Kind);

/// See the [module](self). The methods return the flows whose run on the key gets its turn now.
pub struct Order<O> {
    keys: HashMap<Key, Line<O>>,
}

/// The operations on one key.
struct Line<O> {
    /// The number of runs of reads in flight.
    reading: usize,
    /// Whether a write is in flight.
    writing: bool,
    waiting: VecDeque<Run<O>>,
}

/// Consecutive operations on one key, of one lane and kind.
struct Run<O> {
    lane: LaneId,
    kind: Kind,
    /// Whether the run has its turn.
    is_ready: bool,
    operations: Vec<O>,
}

impl<O> Default for Order<O> {
    fn default() -> Self {
        Self {
            keys: HashMap::new(),
        }
    }
}

impl<O> Default for Line<O> {
    fn default() -> Self {
        Self {
            reading: 0,
            writing: false,
            // Most keys have one operation at a time. Without a capacity, the first push allocates room for four.
            waiting: VecDeque::with_capacity(1),
        }
    }
}

impl<O: Waits> Order<O> {
    /// Whether no operation on any key waits or is in flight.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Adds an operation behind all earlier operations on `key`.
    pub fn add(&mut self, key: &Key, lane: LaneId, kind: Kind, operation: O) -> Vec<Flow> {
        let waiting = &mut self.keys.entry(Arc::clone(key)).or_default().waiting;
        // A read joins an earlier run of its lane even if reads of other lanes come in between: a request must not
        // contain a key twice.
        let is_like_it = |run: &Run<O>| (run.lane, run.kind) == (lane, kind);
        let joined = waiting
            .iter_mut()
            .rev()
            .take_while(|run| is_like_it(run) || (run.kind.is_read() && kind.is_read()))
            .find(|run| is_like_it(run))
            .filter(|_| kind != Kind::Alone);
        if let Some(run) = joined {
            run.operations.push(operation);
            return Vec::new();
        }
        waiting.push_back(Run {
            lane,
            kind,
            is_ready: false,
            operations: vec![operation],
        });
        self.advance(key)
    }

    /// Begins the run of this lane and kind that has its turn on `key`. Returns its operations, without those that
    /// were given up. If none is left, no run begins.
    pub fn begin(&mut self, key: &Key, lane: LaneId, kind: Kind) -> (Vec<O>, Vec<Flow>) {
        let is_it = |run: &Run<O>| run.is_ready && (run.lane, run.kind) == (lane, kind);
        let Some(line) = self.keys.get_mut(key) else {
            return (Vec::new(), Vec::new());
        };
        let run = line.waiting.iter().position(is_it);
        let Some(run) = run.and_then(|run| line.waiting.remove(run)) else {
            return (Vec::new(), Vec::new());
        };
        let mut operations = run.operations;
        operations.retain(Waits::is_wanted);
        if operations.is_empty() {
            return (operations, self.advance(key));
        }
        if kind.is_read() {
            line.reading += 1;
        } else {
            line.writing = true;
        }
        (operations, Vec::new())
    }

    /// Notes that a run on `key` is answered.
    pub fn done(&mut self, key: &Key, kind: Kind) -> Vec<Flow> {
        let Some(line) = self.keys.get_mut(key) else {
            return Vec::new();
        };
        if kind.is_read() {
            line.reading -= 1;
        } else {
            line.writing = false;
        }
        self.advance(key)
    }

    /// Notes that an operation on `key` was given up: the next operations do not wait for it.
    pub fn give_up(&mut self, key: &Key) -> Vec<Flow> {
        let Some(line) = self.keys.get_mut(key) else {
            return Vec::new();
        };
        let is_wanted = |run: &Run<O>| run.operations.iter().any(Waits::is_wanted);
        line.waiting.retain(is_wanted);
        self.advance(key)
    }

    /// Removes the waiting operations of a lane. Returns the flows for each key from which a run was removed.
    pub fn remove_lane(&mut self, id: LaneId) -> Vec<(Key, Vec<Flow>)> {
        let mut left = Vec::new();
        for (key, line) in &mut self.keys {
            let before = line.waiting.len();
            line.waiting.retain(|run| run.lane != id);
            if line.waiting.len() < before {
                left.push(Arc::clone(key));
            }
        }
        let advanced = left.into_iter().map(|key| {
            let flows = self.advance(&key);
            (key, flows)
        });
        advanced.collect()
    }

    /// Gives the next runs on `key` their turn, if no earlier run is in flight or waits.
    fn advance(&mut self, key: &Key) -> Vec<Flow> {
        let mut begun = Vec::new();
        let Some(line) = self.keys.get_mut(key) else {
            return begun;
        };
        if line.writing {
            return begun;
        }
        let mut is_free = line.reading == 0;
        for run in &mut line.waiting {
            // Reads can run beside reads. All other operations wait until nothing else is in flight.
            if !run.kind.is_read() && !is_free {
                break;
            }
            if !std::mem::replace(&mut run.is_ready, true) {
                begun.push((run.lane, run.kind));
            }
            if !run.kind.is_read() {
                break;
            }
            is_free = false;
        }
        if line.waiting.is_empty() && line.reading == 0 {
            self.keys.remove(key);
        }
        begun
    }
}
