//! Whose turn it is: which operations wait, in which order, and what is sent together. No I/O.
//!
//! Two things hold an operation back. First the operations on the same key that were asked for
//! before it: see [`order`]. Then the requests that are in flight in its lane. A lane is one store's way to the table; several stores of a
//! process may have lanes in one queue, because the order on a key has to hold between them too.
//!
//! In a lane, the operation whose turn came first is sent first, together with as many others of its
//! kind as a request takes:
//!
//! * Never more than [`Rules::max_requests`] are in flight.
//! * An operation that cannot be merged is sent as soon as that allows it.
//! * Operations that can be merged are sent one by one, as soon as they can, while no more than
//!   [`Rules::threshold`] of them are in flight or wait. Beyond, they wait until as many operations
//!   wait as merged requests are in flight, or until one of the kinds fills a request. Reads and
//!   writes are counted together for that, so that a rare kind never waits for its own.
//!
//! So an operation waits no longer than the requests take that are in flight when its turn has come,
//! unless more is asked for than `max_requests` can carry. The tests state the bound.

mod order;
mod rules;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use self::order::{Flow, Order};
use self::rules::{KINDS, USES};
pub use self::rules::{Key, Kind, LaneId, Rules, Sends, Waits};

/// Operations to be sent as one request. [`Queue::release`] has to follow when it has ended, and
/// [`Queue::done`] for each key when that is answered.
pub struct Batch<O> {
    /// Their lane.
    pub lane: LaneId,
    /// Their kind.
    pub kind: Kind,
    /// Each key once, with those who wait for it. All but the last of writes are overtaken by it:
    /// they are answered with it. An operation of kind [`Kind::Alone`] may have no key.
    pub operations: Vec<(Option<Key>, Vec<O>)>,
    /// For [`Queue::release`]: how many of the operations count as merged.
    pub merged: usize,
}

/// By hand: keys are ids of sessions.
impl<O> fmt::Debug for Batch<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("kind", &self.kind)
            .field("operations", &self.operations.len())
            .finish_non_exhaustive()
    }
}

/// What is ready to be sent.
enum Ready<O> {
    /// The first run of this kind that has its turn on this key.
    Run(Key),
    /// An operation without a key.
    Keyless(O),
}

/// What a lane has in flight.
#[derive(Debug, Clone, Copy, Default)]
struct InFlight {
    requests: usize,
    /// How many of the requests are of kinds that are merged under load, and the operations in these.
    merged_requests: usize,
    merged_operations: usize,
}

struct Lane<S: ?Sized, O> {
    sender: Arc<S>,
    /// What is ready, and when it became so; one queue for each of [`KINDS`].
    ready: [VecDeque<(u64, Ready<O>)>; 5],
    /// What is in flight of each use.
    in_flight: [InFlight; USES],
    /// Whether it is in [`Queue::woken`].
    is_woken: bool,
}

/// See the [module](self).
pub struct Queue<S: ?Sized, O> {
    order: Order<O>,
    lanes: HashMap<LaneId, Lane<S, O>>,
    /// Lanes in which something may be sent now.
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
    /// A new lane, whose requests `sender` sends.
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

    /// Forgets a lane, and what still waits in it: nobody waits for that any more. Returns its
    /// sender, to be dropped elsewhere.
    pub fn remove_lane(&mut self, id: LaneId) -> Option<Arc<S>> {
        let lane = self.lanes.remove(&id)?;
        for (key, flows) in self.order.remove_lane(id) {
            self.make_ready_on(&key, flows);
        }
        Some(lane.sender)
    }

    /// An operation takes its place: behind all that were asked of `key` before it.
    pub fn add(&mut self, lane: LaneId, key: Option<Key>, kind: Kind, operation: O) {
        let Some(key) = key else {
            return self.make_ready(lane, kind, Ready::Keyless(operation));
        };
        let flows = self.order.add(&key, lane, kind, operation);
        self.make_ready_on(&key, flows);
    }

    /// The next request to send, and its sender, if there is one.
    pub fn next(&mut self) -> Option<(Arc<S>, Batch<O>)> {
        while let Some(id) = self.woken.pop() {
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.is_woken = false;
            }
            if let Some(batch) = self.next_in(id) {
                // There may be more.
                self.wake(id);
                let sender = Arc::clone(&self.lanes.get(&id)?.sender);
                return Some((sender, batch));
            }
        }
        None
    }

    /// A request of this kind that was in flight has ended; `merged` is that of its batch.
    pub fn release(&mut self, id: LaneId, kind: Kind, merged: usize) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            let own = &mut lane.in_flight[kind.of_use()];
            own.requests -= 1;
            own.merged_requests -= merged.min(1);
            own.merged_operations -= merged;
        }
        self.wake(id);
    }

    /// An operation on `key` is answered: those that have waited for it may have their turn.
    pub fn done(&mut self, key: &Key, kind: Kind) {
        let flows = self.order.done(key, kind);
        self.make_ready_on(key, flows);
    }

    /// An operation on `key` was given up: it holds nobody any more.
    pub fn give_up(&mut self, key: &Key) {
        let flows = self.order.give_up(key);
        self.make_ready_on(key, flows);
    }

    /// Whether one more request of this kind may be in flight, for operations that have had their turn: then
    /// it counts as such, and [`Queue::release`] has to follow.
    pub fn take_spare(&mut self, id: LaneId, kind: Kind) -> bool {
        let Some(lane) = self.lanes.get_mut(&id) else {
            return false;
        };
        let rules = lane.sender.rules();
        let is_spare = lane.beside(kind.of_use(), &rules).requests < rules.max_requests;
        lane.in_flight[kind.of_use()].requests += usize::from(is_spare);
        is_spare
    }

    /// Has [`Queue::next`] look at a lane, whose rules may have changed.
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
            // All that were ready may have been given up meanwhile.
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

    /// The operations of up to `most` keys, with those who still wait for them.
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
    /// The kind of the next request, and how many operations it takes at most.
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

    /// What the next request of a use depends on.
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

    /// What is in flight, as it counts for requests of a use.
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

/// Whether requests of one use count for those of another: if the table throttles them, most of them wait, and
/// have no connection.
fn counts(one: usize, other: usize, rules: &Rules) -> bool {
    one == other || !rules.throttled[one]
}

/// See [`Lane::state`].
#[derive(Clone, Copy)]
struct State {
    /// Whether one more request may be in flight.
    has_room: bool,
    /// Whether operations that can be merged are so few that each is sent at once, and alone.
    are_few: bool,
    /// Whether operations that can be merged are sent now.
    are_due: bool,
}

#[cfg(test)]
mod tests;
