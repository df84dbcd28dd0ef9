//! The order of operations on each key. No I/O, and no limit: the [`queue`](super) decides what is sent.
//!
//! An operation has its turn once all operations on its key that were asked for before it are answered. Reads
//! have their turn beside reads. Operations on one key that follow each other are one run if they are of one lane
//! and kind: they are sent as one.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::{Key, Kind, LaneId, Waits};

/// A lane and a kind. Operations that follow each other on a key are one run if they have these in common.
pub type Flow = (LaneId, Kind);

/// See the [module](self). Methods return the flows whose run on the key has its turn from now on.
pub struct Order<O> {
    keys: HashMap<Key, Line<O>>,
}

/// The operations on one key.
struct Line<O> {
    /// How many reads are in flight.
    reading: usize,
    /// Whether a write is in flight.
    writing: bool,
    waiting: VecDeque<Run<O>>,
}

/// Operations on one key that follow each other, of one lane and kind.
struct Run<O> {
    lane: LaneId,
    kind: Kind,
    /// Whether it has its turn.
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
            // Most keys have one operation at a time; the first push would make room for four.
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

    /// An operation takes its place: behind all that were asked of `key` before it.
    pub fn add(&mut self, key: &Key, lane: LaneId, kind: Kind, operation: O) -> Vec<Flow> {
        let waiting = &mut self.keys.entry(Arc::clone(key)).or_default().waiting;
        // Reads join across reads of other lanes: a request must not have a key twice.
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

    /// Begins the run of this lane and kind that has its turn on `key`: the operations that are still wanted. If
    /// there are none, nothing has begun.
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

    /// A run on `key` is answered.
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

    /// An operation on `key` was given up: it holds nobody any more.
    pub fn give_up(&mut self, key: &Key) -> Vec<Flow> {
        let Some(line) = self.keys.get_mut(key) else {
            return Vec::new();
        };
        let is_wanted = |run: &Run<O>| run.operations.iter().any(Waits::is_wanted);
        line.waiting.retain(is_wanted);
        self.advance(key)
    }

    /// Forgets what waits in a lane. Returns these flows for each key.
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

    /// Gives the next runs on `key` their turn, if nothing is in their way.
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
            // Reads begin beside reads. Whatever else there is waits until it is alone.
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
