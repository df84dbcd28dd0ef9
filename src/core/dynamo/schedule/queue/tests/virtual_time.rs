//! Plays random histories of operations over virtual time, and checks their order and waiting times.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use proptest::prelude::*;

use super::super::*;
use super::{Alone, Fixed, Read, ReadOfMany, Write, WriteOfMany};

/// An operation of a history.
#[derive(Debug, Clone)]
struct Arrival {
    /// The time since the operation before it, in milliseconds, as are all times here.
    after: u64,
    lane: usize,
    /// `None`: an operation without a key, of kind `Alone`.
    key: Option<usize>,
    kind: Kind,
    /// If set: the operation is given up when it has waited this long since its turn.
    patience: Option<u64>,
    /// If this operation is the first of a request: the duration of the request.
    takes: u64,
}

/// The longest duration of a request.
const LONGEST: u64 = 50;

fn arrival(keys: usize) -> impl Strategy<Value = Arrival> {
    let kind = prop_oneof![
        8 => Just(Read),
        4 => Just(Write),
        3 => Just(Alone),
        1 => Just(ReadOfMany),
        1 => Just(WriteOfMany),
    ];
    let after = prop_oneof![6 => Just(0), 3 => 0..4u64, 1 => 0..80u64];
    let key = prop::option::weighted(0.95, 0..keys);
    let patience = prop::option::weighted(0.1, 0..LONGEST);
    (after, 0..2usize, key, kind, patience, 1..=LONGEST).prop_map(
        |(after, lane, key, kind, patience, takes)| Arrival {
            after,
            lane,
            kind: if key.is_some() { kind } else { Alone },
            key,
            patience,
            takes,
        },
    )
}

fn rules(max_requests: impl Strategy<Value = usize>) -> impl Strategy<Value = Rules> {
    let limit = || prop_oneof![Just(1usize), Just(3), Just(25), Just(100)];
    let limits = (limit(), limit(), limit(), limit());
    (limits, 0..24usize, max_requests).prop_map(|((read, write, reads, writes), threshold, max)| {
        Rules {
            is_open: true,
            limits: [read, write, reads, writes, 1],
            threshold,
            max_requests: max,
            throttled: [false; USES],
        }
    })
}

/// A waiting operation: its number, and whether it was given up.
struct Numbered(usize, Rc<Cell<bool>>);

impl Waits for Numbered {
    fn is_wanted(&self) -> bool {
        !self.1.get()
    }
}

/// The history of an operation.
struct Known {
    arrival: Arrival,
    given_up: Rc<Cell<bool>>,
    /// When it got its turn, and the number of operations ahead of it in its lane at this moment.
    turn: Option<(u64, usize)>,
    /// When the last request ends that was in flight in its lane at this moment.
    last_end: Option<u64>,
    sent: Option<u64>,
    is_over: bool,
}

struct InFlight {
    batch: Batch<Numbered>,
    ends: u64,
}

/// Plays a history over virtual time, and checks order and bounds at each step.
struct Play {
    queue: Queue<Fixed, Numbered>,
    lanes: [LaneId; 2],
    rules: Rules,
    all: Vec<Known>,
    in_flight: Vec<InFlight>,
    now: u64,
}

impl Play {
    fn new(rules: Rules) -> Self {
        let mut queue = Queue::default();
        let lanes = [(); 2].map(|()| queue.add_lane(Arc::new(Fixed(rules))));
        Self {
            queue,
            lanes,
            rules,
            all: Vec::new(),
            in_flight: Vec::new(),
            now: 0,
        }
    }

    fn play(mut self, history: Vec<Arrival>) -> Result<(), TestCaseError> {
        let mut at = 0;
        let mut arrivals = BTreeMap::<u64, Vec<Arrival>>::new();
        for arrival in history {
            at += arrival.after;
            arrivals.entry(at).or_default().push(arrival);
        }
        while !arrivals.is_empty() || !self.in_flight.is_empty() {
            let next = arrivals.keys().next().copied();
            let ends = self.in_flight.iter().map(|request| request.ends).min();
            let gives_up = self.all.iter().filter_map(Known::gives_up).min();
            let times = [next, ends, gives_up].into_iter().flatten();
            self.now = times.min().unwrap_or(self.now).max(self.now);
            self.end_requests();
            self.give_up();
            for arrival in arrivals.remove(&self.now).unwrap_or_default() {
                self.arrive(arrival);
            }
            self.note_turns();
            self.send()?;
            self.note_requests();
        }
        for (number, known) in self.all.iter().enumerate() {
            let is_settled = known.sent.is_some() || known.given_up.get();
            prop_assert!(is_settled, "{number} was never sent");
        }
        prop_assert!(self.queue.order.is_empty(), "keys are left");
        Ok(())
    }

    fn arrive(&mut self, arrival: Arrival) {
        let given_up = Rc::new(Cell::new(false));
        let operation = Numbered(self.all.len(), Rc::clone(&given_up));
        let lane = self.lanes[arrival.lane];
        let key = arrival.key.map(|key| key.to_string().into());
        self.queue.add(lane, key, arrival.kind, operation);
        self.all.push(Known {
            arrival,
            given_up,
            turn: None,
            last_end: None,
            sent: None,
            is_over: false,
        });
    }

    fn end_requests(&mut self) {
        let all = std::mem::take(&mut self.in_flight);
        let (over, rest) = all
            .into_iter()
            .partition(|request| request.ends <= self.now);
        self.in_flight = rest;
        let over: Vec<InFlight> = over;
        for InFlight { batch, .. } in over {
            for (key, operations) in &batch.operations {
                for operation in operations {
                    self.all[operation.0].is_over = true;
                }
                if let Some(key) = key {
                    self.queue.done(key, batch.kind);
                }
            }
            self.queue.release(batch.lane, batch.kind, batch.merged);
        }
    }

    fn give_up(&mut self) {
        for known in &mut self.all {
            if known.gives_up().is_some_and(|time| time <= self.now) {
                known.given_up.set(true);
                known.is_over = true;
                if let Some(key) = known.arrival.key {
                    self.queue.give_up(&key.to_string().into());
                }
            }
        }
    }

    /// Whether no earlier operation on the key is in the way of an operation.
    fn is_its_turn(&self, number: usize) -> bool {
        let Arrival { key, kind, .. } = self.all[number].arrival;
        let before = self.all[..number].iter();
        key.is_none()
            || before
                .filter(|other| other.arrival.key == key && !other.is_over)
                .all(|other| kind.is_read() && other.arrival.kind.is_read())
    }

    fn note_turns(&mut self) {
        for number in 0..self.all.len() {
            let known = &self.all[number];
            if known.turn.is_some() || known.is_over || !self.is_its_turn(number) {
                continue;
            }
            let lane = known.arrival.lane;
            let ahead = self.all.iter().filter(|other| {
                other.arrival.lane == lane && other.turn.is_some() && other.sent.is_none()
            });
            self.all[number].turn = Some((self.now, ahead.count()));
        }
    }

    /// Sets `last_end` of the operations that just got their turn and still wait.
    fn note_requests(&mut self) {
        for known in &mut self.all {
            if known.turn.is_none() || known.sent.is_some() || known.last_end.is_some() {
                continue;
            }
            let lane = self.lanes[known.arrival.lane];
            let requests = self.in_flight.iter();
            let requests = requests.filter(|request| request.batch.lane == lane);
            known.last_end = requests.map(|request| request.ends).max();
        }
    }

    fn send(&mut self) -> Result<(), TestCaseError> {
        while let Some((_, batch)) = self.queue.next() {
            let leader = batch.operations[0].1[0].0;
            let ends = self.now + self.all[leader].arrival.takes;
            let limit = self.rules.limit(batch.kind);
            prop_assert!(batch.operations.len() <= limit, "too many in a request");
            for (_, operations) in &batch.operations {
                for operation in operations {
                    self.check_sent(operation.0)?;
                    self.all[operation.0].sent = Some(self.now);
                }
            }
            self.in_flight.push(InFlight { batch, ends });
            for lane in self.lanes {
                let requests = self.in_flight.iter();
                let requests = requests
                    .filter(|request| request.batch.lane == lane)
                    .count();
                prop_assert!(requests <= self.rules.max_requests, "too many requests");
            }
        }
        Ok(())
    }

    fn check_sent(&self, number: usize) -> Result<(), TestCaseError> {
        let known = &self.all[number];
        prop_assert!(known.sent.is_none(), "{number} was sent twice");
        prop_assert!(!known.given_up.get(), "{number} was sent though given up");
        // A write may be sent with the writes before it: only the last one counts.
        let is_in_the_way = |other: &&Known| {
            other.arrival.key == known.arrival.key
                && known.arrival.key.is_some()
                && !other.is_over
                && !(other.sent == Some(self.now) && other.arrival.kind == known.arrival.kind)
                && !(other.arrival.kind.is_read() && known.arrival.kind.is_read())
        };
        let in_the_way = self.all[..number].iter().filter(is_in_the_way).count();
        let joins = known.turn.is_none();
        prop_assert!(joins || in_the_way == 0, "{number} overtook {in_the_way}");
        let Some((turn, ahead)) = known.turn else {
            return Ok(());
        };
        if self.rules.max_requests == usize::MAX {
            // It must be sent at once, or when the last request that was in flight has ended.
            let bound = known.last_end.unwrap_or(turn);
            prop_assert!(
                self.now <= bound,
                "{number} waited longer than what was in flight"
            );
        } else {
            let full = ahead.div_ceil(self.rules.max_requests) as u64;
            let bound = turn + LONGEST * (4 + full);
            prop_assert!(self.now <= bound, "{number} waited {} ms", self.now - turn);
        }
        Ok(())
    }
}

impl Known {
    fn gives_up(&self) -> Option<u64> {
        let (turn, _) = self.turn?;
        let waits = self.sent.is_none() && !self.given_up.get();
        self.arrival
            .patience
            .filter(|_| waits)
            .map(|patience| turn + patience)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// In any history, an operation that gets its turn is sent at once, or at the latest when the requests in
    /// flight at this moment have ended.
    #[test]
    fn an_operation_waits_no_longer_than_what_was_in_flight(
        rules in rules(Just(usize::MAX)),
        history in prop::collection::vec(arrival(40), 1..300),
    ) {
        Play::new(rules).play(history)?;
    }

    /// The same with a limit on the requests in flight. The waiting time is at most four times the longest request,
    /// and once more for each time that the operations ahead, as requests of their own, fill the limit.
    #[test]
    fn with_few_requests_the_oldest_is_still_sent_in_time(
        rules in rules(1..12usize),
        history in prop::collection::vec(arrival(40), 1..300),
    ) {
        Play::new(rules).play(history)?;
    }

    /// Few keys, so that most operations wait for their turn.
    #[test]
    fn the_order_on_a_key_is_kept_whatever_arrives(
        rules in rules(1..200usize),
        history in prop::collection::vec(arrival(3), 1..200),
    ) {
        Play::new(rules).play(history)?;
    }
}
