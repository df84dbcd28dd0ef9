//! A queue whose operations have names, for tests with single operations. [`virtual_time`] plays whole
//! histories.

mod bounds;
mod merging;
mod order;
mod virtual_time;

use super::*;
use Kind::{Alone, Read, ReadOfMany, Write, WriteOfMany};

const RULES: Rules = Rules {
    is_open: true,
    limits: [100, 25, 100, 25, 1],
    threshold: 4,
    max_requests: 1000,
    throttled: [false; USES],
};

struct Fixed(Rules);

impl Sends for Fixed {
    fn rules(&self) -> Rules {
        self.0
    }
}

impl Waits for &str {
    fn is_wanted(&self) -> bool {
        true
    }
}

/// A request: its kind, and for each key the names of the operations.
type Sent = (Kind, Vec<(&'static str, Vec<&'static str>)>);

/// A queue with one lane, whose operations have names.
struct Model {
    queue: Queue<Fixed, &'static str>,
    lane: LaneId,
    /// The kinds of the requests in flight.
    in_flight: VecDeque<Kind>,
}

impl Model {
    fn new(rules: Rules) -> Self {
        let mut queue = Queue::default();
        let lane = queue.add_lane(Arc::new(Fixed(rules)));
        Self {
            queue,
            lane,
            in_flight: VecDeque::new(),
        }
    }

    fn with_threshold(threshold: usize) -> Self {
        Self::new(Rules { threshold, ..RULES })
    }

    fn add(&mut self, kind: Kind, key: &'static str, name: &'static str) {
        self.queue.add(self.lane, Some(key.into()), kind, name);
    }

    fn read(&mut self, key: &'static str, name: &'static str) {
        self.add(Kind::Read, key, name);
    }

    fn write(&mut self, key: &'static str, name: &'static str) {
        self.add(Kind::Write, key, name);
    }

    fn next(&mut self) -> Option<Sent> {
        let (_, batch) = self.queue.next()?;
        let operations = batch.operations.into_iter().map(|(key, names)| {
            let key = key.map_or("", |key| key.to_string().leak());
            (key, names)
        });
        self.in_flight.push_back(batch.kind);
        Some((batch.kind, operations.collect()))
    }

    /// Ends the request that was sent first.
    fn release(&mut self, merged: usize) {
        let kind = self.in_flight.pop_front().expect("one is in flight");
        self.queue.release(self.lane, kind, merged);
    }

    fn done(&mut self, kind: Kind, key: &'static str) {
        self.queue.done(&key.into(), kind);
    }
}

fn one(kind: Kind, key: &'static str, names: &[&'static str]) -> Option<Sent> {
    Some((kind, vec![(key, names.to_vec())]))
}

fn many<const N: usize>(kind: Kind, all: [(&'static str, &'static str); N]) -> Option<Sent> {
    let all = all.into_iter().map(|(key, name)| (key, vec![name]));
    Some((kind, all.collect()))
}
