//! The queue of operations: decides which operations are sent next, and which ones together. No I/O.
//!
//! An operation waits for two things: for the earlier operations on its key (see [`order`]), and for the
//! requests in flight in its lane. A lane is one store's way to the table. Several stores of a process can
//! have lanes in one queue, because the order on a key must hold between the stores too.
//!
//! In each lane, the operation that got its turn first is sent first, together with as many others of its kind as
//! one request takes:
//!
//! * At most [`Rules::max_requests`] requests are in flight.
//! * An operation that cannot be merged is sent as soon as this limit allows.
//! * While at most [`Rules::threshold`] operations that can be merged wait or are in flight, each of them is
//!   sent alone, as soon as the limit allows.
//! * Above the threshold, a batch is sent once at least as many operations wait as merged requests are in
//!   flight, or once one kind fills a request. Reads and writes are counted together, so that a rare kind
//!   does not wait for others of its kind.
//!
//! So from its turn on, an operation waits at most until the requests already in flight have finished, unless
//! the load exceeds `max_requests`. The tests state the exact bound.

mod order;
mod rules;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use self::order::{Flow, Order};
use self::rules::{KINDS, USES};
pub use self::rules::{Key, Kind, LaneId, Rules, Sends, Waits};

/// Operations to send as one request. When the request has ended, [`Queue::release`] must be called. When a key is
/// answered, [`Queue::done`] must be called for this key.
pub struct Batch<O> {
    /// Their lane.
    pub lane: LaneId,
    /// Their kind.
    pub kind: Kind,
    /// Each key once, with its operations. If several writes wait, only the last is sent, and all get its answer.
    /// An operation of kind [`Kind::Alone`] may have no key.
    pub operations: Vec<(Option<Key>, Vec<O>)>,
    /// For [`Queue::release`]: the number of operations that count as merged.
    pub merged: usize,
}

/// By hand: keys are session ids.
impl<O> fmt::Debug for Batch<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("kind", &self.kind)
            .field("operations", &self.operations.len())
            .finish_non_exhaustive()
    }
}

/// Operations that are ready to be sent.
enum Ready<O> {
    /// The first run of the lane and kind that has its turn on this key.
    Run(Key),
    /// An operation without a key.
    Keyless(O),
}

/// Counts the requests in flight in a lane.
#[derive(Debug, Clone, Copy, Default)]
struct InFlight {
    requests: usize,
    /// The requests of kinds that are merged under load, and their operations.
    merged_requests: usize,
    merged_operations: usize,
}

struct Lane<S: ?Sized, O> {
    sender: Arc<S>,
    /// For each of [`KINDS`], the ready operations with the number of their arrival.
    ready: [VecDeque<(u64, Ready<O>)>; 5],
    /// For each use, the requests in flight.
    in_flight: [InFlight; USES],
    /// Whether the lane is in [`Queue::woken`].
    is_woken: bool,
}

/// See the [module](self).
pub struct Queue<S: ?Sized, O> {
    order: Order<O>,
    lanes: HashMap<LaneId, Lane<S, O>>,
    /// Lanes that may have something to send.
    woken: Vec<LaneId>,
    last_lane: LaneId,
    arrivals: u64,
}

impl<S: ?Sized, O> Default for Queue<S, O> {
    fn default() -> Self {
        Self {
            order: Order::default(),
            lanes: HashMap::new(),
            woken: Vec::new(),
            last_lane: 0,
            arrivals: 0,
        }
    }
}

impl<S: Sends + ?Sized, O: Waits> Queue<S, O> {
    /// Adds a lane. `sender` sends its requests.
    pub fn add_lane(&mut self, sender: Arc<S>) -> LaneId {
        self.last_lane += 1;
        let lane = Lane {
            sender,
            ready: Default::default(),
            in_flight: Default::default(),
            is_woken: false,
        };
        self.lanes.insert(self.last_lane, lane);
        self.last_lane
    }

    /// Removes a lane with its operations, whose calls have all given up. Returns its sender, so that the caller
    /// can drop it after unlocking the queue.
    pub fn remove_lane(&mut self, id: LaneId) -> Option<Arc<S>> {
        let lane = self.lanes.remove(&id)?;
        for (key, flows) in self.order.remove_lane(id) {
            self.make_ready_on(&key, flows);
        }
        Some(lane.sender)
    }

    /// Adds an operation behind all earlier operations on `key`.
    pub fn add(&mut self, lane: LaneId, key: Option<Key>, kind: Kind, operation: O) {
        let Some(key) = key else {
            return self.make_ready(lane, kind, Ready::Keyless(operation));
        };
        let flows = self.order.add(&key, lane, kind, operation);
        self.make_ready_on(&key, flows);
    }

    /// The next request to send, and its sender. `None` if nothing may be sent now.
    pub fn next(&mut self) -> Option<(Arc<S>, Batch<O>)> {
        while let Some(id) = self.woken.pop() {
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.is_woken = false;
            }
            if let Some(batch) = self.next_in(id) {
                // The lane may have more requests to send.
                self.wake(id);
                let sender = Arc::clone(&self.lanes.get(&id)?.sender);
                return Some((sender, batch));
            }
        }
        None
    }

    /// Notes that a request of this kind has ended. `merged` is [`Batch::merged`].
    pub fn release(&mut self, id: LaneId, kind: Kind, merged: usize) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            let own = &mut lane.in_flight[kind.of_use()];
            own.requests -= 1;
            own.merged_requests -= merged.min(1);
            own.merged_operations -= merged;
        }
        self.wake(id);
    }

    /// Notes that a run on `key` is answered, so that the next operations get their turn.
    pub fn done(&mut self, key: &Key, kind: Kind) {
        let flows = self.order.done(key, kind);
        self.make_ready_on(key, flows);
    }

    /// Notes that an operation on `key` was given up: the next operations do not wait for it.
    pub fn give_up(&mut self, key: &Key) {
        let flows = self.order.give_up(key);
        self.make_ready_on(key, flows);
    }

    /// Takes a slot for one more request of this kind, for operations that have already had their turn. Returns
    /// `false` if no slot is free. Otherwise [`Queue::release`] must be called when the request has ended.
    pub fn take_spare(&mut self, id: LaneId, kind: Kind) -> bool {
        let Some(lane) = self.lanes.get_mut(&id) else {
            return false;
        };
        let rules = lane.sender.rules();
        let is_spare = lane.beside(kind.of_use(), &rules).requests < rules.max_requests;
        lane.in_flight[kind.of_use()].requests += usize::from(is_spare);
        is_spare
    }

    /// Makes [`Queue::next`] look at a lane. Call it when the rules of the lane may have changed.
    pub fn wake(&mut self, id: LaneId) {
        if let Some(lane) = self.lanes.get_mut(&id)
            && !std::mem::replace(&mut lane.is_woken, true)
        {
            self.woken.push(id);
        }
    }

    fn make_ready_on(&mut self, key: &Key, flows: Vec<Flow>) {
        for (lane, kind) in flows {
            self.make_ready(lane, kind, Ready::Run(Arc::clone(key)));
        }
    }

    fn make_ready(&mut self, id: LaneId, kind: Kind, ready: Ready<O>) {
        self.arrivals += 1;
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.ready[kind as usize].push_back((self.arrivals, ready));
            self.wake(id);
        }
    }

    /// The next request of a lane.
    fn next_in(&mut self, id: LaneId) -> Option<Batch<O>> {
        loop {
            let lane = self.lanes.get(&id)?;
            let rules = lane.sender.rules();
            if !rules.is_open {
                return None;
            }
            let (kind, most) = lane.due(&rules)?;
            let operations = self.take(id, kind, most);
            // All calls of these operations may have given up in the meantime.
            if operations.is_empty() {
                continue;
            }
            let lane = self.lanes.get_mut(&id)?;
            let merged = if rules.waits_for_others(kind) {
                operations.len()
            } else {
                0
            };
            let own = &mut lane.in_flight[kind.of_use()];
            own.requests += 1;
            own.merged_requests += merged.min(1);
            own.merged_operations += merged;
            return Some(Batch {
                lane: id,
                kind,
                operations,
                merged,
            });
        }
    }

    /// Takes the ready operations of up to `most` keys, without those that were given up.
    fn take(&mut self, id: LaneId, kind: Kind, most: usize) -> Vec<(Option<Key>, Vec<O>)> {
        let Some(lane) = self.lanes.get_mut(&id) else {
            return Vec::new();
        };
        let ready = &mut lane.ready[kind as usize];
        let count = ready.len().min(most);
        let ready: Vec<_> = ready.drain(..count).collect();
        let mut taken = Vec::with_capacity(count);
        for (_, ready) in ready {
            match ready {
                Ready::Keyless(operation) if operation.is_wanted() => {
                    taken.push((None, vec![operation]));
                }
                Ready::Keyless(_) => {}
                Ready::Run(key) => {
                    let (operations, flows) = self.order.begin(&key, id, kind);
                    self.make_ready_on(&key, flows);
                    if !operations.is_empty() {
                        taken.push((Some(key), operations));
                    }
                }
            }
        }
        taken
    }
}

impl<S: ?Sized, O> Lane<S, O> {
    /// The kind of the next request, and the largest number of its operations.
    fn due(&self, rules: &Rules) -> Option<(Kind, usize)> {
        let uses = [self.state(0, rules), self.state(1, rules)];
        let due = KINDS.into_iter().filter_map(|kind| {
            let (arrival, _) = self.ready[kind as usize].front()?;
            let state = uses[kind.of_use()];
            let waits = rules.waits_for_others(kind);
            let most = if waits && state.are_few {
                1
            } else {
                rules.limit(kind)
            };
            let is_due = state.has_room && (!waits || state.are_due);
            is_due.then_some((arrival, kind, most))
        });
        let (_, kind, most) = due.min_by_key(|(arrival, ..)| *arrival)?;
        Some((kind, most))
    }

    /// The state on which the next request of a use depends.
    fn state(&self, of: usize, rules: &Rules) -> State {
        let waiting = |kind: Kind| self.ready[kind as usize].len();
        let merged = || {
            let counts = |kind: &Kind| counts(kind.of_use(), of, rules);
            KINDS
                .into_iter()
                .filter(|kind| rules.waits_for_others(*kind))
                .filter(counts)
        };
        let in_flight = self.beside(of, rules);
        let all: usize = merged().map(waiting).sum();
        let are_few = in_flight.merged_operations + all <= rules.threshold;
        State {
            has_room: in_flight.requests < rules.max_requests,
            are_few,
            are_due: are_few
                || all >= in_flight.merged_requests
                || merged().any(|kind| waiting(kind) >= rules.limit(kind)),
        }
    }

    /// The requests in flight that count for the limits of a use.
    fn beside(&self, of: usize, rules: &Rules) -> InFlight {
        let mut sum = InFlight::default();
        for (number, each) in self.in_flight.iter().enumerate() {
            if counts(number, of, rules) {
                sum.requests += each.requests;
                sum.merged_requests += each.merged_requests;
                sum.merged_operations += each.merged_operations;
            }
        }
        sum
    }
}

/// Whether requests of the use `one` count for the limits of the use `other`. If the table throttles `one`, they
/// do not: most of them wait, and use no connection.
fn counts(one: usize, other: usize, rules: &Rules) -> bool {
    one == other || !rules.throttled[one]
}

/// See [`Lane::state`].
#[derive(Clone, Copy)]
struct State {
    /// Whether one more request may be in flight.
    has_room: bool,
    /// Whether so few operations can be merged that each is sent at once and alone.
    are_few: bool,
    /// Whether operations that can be merged are sent now.
    are_due: bool,
}

#[cfg(test)]
mod tests;
