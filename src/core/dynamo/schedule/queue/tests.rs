//! Tests with single operations. [`virtual_time`] plays whole histories.

mod virtual_time;

use super::*;

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

use Kind::{Alone, Read, ReadOfMany, Write, WriteOfMany};

#[test]
fn a_few_operations_go_alone() {
    let mut model = Model::with_threshold(4);
    model.read("a", "1");
    assert_eq!(model.next(), one(Read, "a", &["1"]));
    model.read("b", "2");
    model.write("c", "3");
    model.read("d", "4");
    assert_eq!(model.next(), one(Read, "b", &["2"]));
    assert_eq!(model.next(), one(Write, "c", &["3"]));
    assert_eq!(model.next(), one(Read, "d", &["4"]));
    assert_eq!(model.next(), None);
}

#[test]
fn many_operations_of_one_moment_go_together() {
    let mut model = Model::with_threshold(2);
    model.read("a", "1");
    model.write("b", "2");
    model.read("c", "3");
    assert_eq!(model.next(), many(Read, [("a", "1"), ("c", "3")]));
    assert_eq!(model.next(), one(Write, "b", &["2"]));
    assert_eq!(model.next(), None);
}

#[test]
fn under_load_as_many_operations_wait_as_requests_are_in_flight() {
    let mut model = Model::with_threshold(3);
    for key in ["a", "b", "c"] {
        model.read(key, "first");
        assert!(model.next().is_some());
    }
    model.read("d", "1");
    model.read("e", "2");
    assert_eq!(model.next(), None, "two wait, three are in flight");
    model.release(1);
    assert_eq!(model.next(), many(Read, [("d", "1"), ("e", "2")]));
    model.release(1);
    model.read("f", "3");
    assert_eq!(model.next(), None, "one waits, two are in flight");
    model.release(1);
    assert_eq!(model.next(), one(Read, "f", &["3"]));
}

#[test]
fn reads_and_writes_are_counted_together_and_the_oldest_goes_first() {
    let mut model = Model::with_threshold(3);
    for key in ["a", "b", "c"] {
        model.read(key, "first");
        assert!(model.next().is_some());
    }
    model.write("d", "login");
    model.read("e", "1");
    assert_eq!(model.next(), None);
    model.read("f", "2");
    assert_eq!(model.next(), one(Write, "d", &["login"]), "three wait");
    assert_eq!(model.next(), None, "two wait, four are in flight");
    model.release(1);
    model.release(1);
    assert_eq!(model.next(), many(Read, [("e", "1"), ("f", "2")]));
}

#[test]
fn a_full_request_is_sent_whatever_is_in_flight_and_what_is_older_before_it() {
    let limits = [3, 3, 1, 1, 1];
    let mut model = Model::new(Rules {
        threshold: 5,
        limits,
        ..RULES
    });
    for key in ["a", "b", "c", "d", "e"] {
        model.read(key, "first");
        assert!(model.next().is_some());
    }
    model.write("f", "w");
    model.read("g", "1");
    model.read("h", "2");
    assert_eq!(model.next(), None);
    model.read("i", "3");
    assert_eq!(model.next(), one(Write, "f", &["w"]));
    let full = many(Read, [("g", "1"), ("h", "2"), ("i", "3")]);
    assert_eq!(model.next(), full);
}

#[test]
fn no_more_requests_than_the_bound_and_then_the_oldest_first() {
    let mut model = Model::new(Rules {
        max_requests: 2,
        ..RULES
    });
    model.add(Alone, "a", "1");
    model.add(Alone, "b", "2");
    model.add(Alone, "c", "3");
    model.read("d", "4");
    assert_eq!(model.next(), one(Alone, "a", &["1"]));
    assert_eq!(model.next(), one(Alone, "b", &["2"]));
    assert_eq!(model.next(), None);
    assert!(!model.queue.take_spare(model.lane, Alone));
    model.release(0);
    assert_eq!(model.next(), one(Alone, "c", &["3"]));
    model.release(0);
    assert_eq!(model.next(), one(Read, "d", &["4"]));
    model.release(0);
    assert!(model.queue.take_spare(model.lane, Alone));
    assert!(!model.queue.take_spare(model.lane, Alone));
}

#[test]
fn writes_that_are_throttled_leave_reads_their_room() {
    let mut model = Model::new(Rules {
        max_requests: 2,
        throttled: [false, true],
        ..RULES
    });
    for key in ["a", "b", "c"] {
        model.add(Alone, key, key);
    }
    assert_eq!(model.next(), one(Alone, "a", &["a"]));
    assert_eq!(model.next(), one(Alone, "b", &["b"]));
    assert_eq!(model.next(), None);
    for key in ["d", "e", "f"] {
        model.read(key, key);
    }
    assert_eq!(model.next(), one(Read, "d", &["d"]));
    assert_eq!(model.next(), one(Read, "e", &["e"]));
    assert_eq!(model.next(), None);
    assert!(!model.queue.take_spare(model.lane, Read));
    // The first write has ended, and the two reads in flight count for writes.
    model.release(0);
    assert_eq!(model.next(), None);
}

#[test]
fn reads_do_not_wait_to_be_merged_because_throttled_writes_are_in_flight() {
    let mut model = Model::new(Rules {
        threshold: 0,
        throttled: [false, true],
        ..RULES
    });
    for key in ["a", "b"] {
        model.add(Write, key, key);
        assert!(model.next().is_some());
    }
    model.read("c", "c");
    assert_eq!(model.next(), one(Read, "c", &["c"]));
}

#[test]
fn nothing_is_sent_before_the_lane_is_open() {
    let mut model = Model::new(Rules {
        is_open: false,
        ..RULES
    });
    model.read("a", "1");
    model.add(Alone, "b", "2");
    assert_eq!(model.next(), None);
}

#[test]
fn reads_of_one_key_that_wait_share_a_request_and_those_in_flight_do_not() {
    let mut model = Model::with_threshold(2);
    model.read("a", "1");
    model.read("a", "2");
    assert_eq!(model.next(), one(Read, "a", &["1", "2"]));
    model.read("a", "3");
    assert_eq!(model.next(), one(Read, "a", &["3"]));
    for _request in 0..2 {
        model.done(Read, "a");
    }
    assert!(model.queue.order.is_empty());
}

#[test]
fn a_write_waits_for_all_reads_before_it() {
    let mut model = Model::with_threshold(4);
    for name in ["1", "2"] {
        model.read("a", name);
        assert!(model.next().is_some());
    }
    model.write("a", "3");
    model.read("a", "4");
    model.done(Read, "a");
    assert_eq!(model.next(), None, "one of the reads is in flight");
    model.done(Read, "a");
    assert_eq!(model.next(), one(Write, "a", &["3"]));
    assert_eq!(model.next(), None);
    model.done(Write, "a");
    assert_eq!(model.next(), one(Read, "a", &["4"]));
}

#[test]
fn a_write_waits_for_the_one_before_it_and_overtakes_those_that_wait() {
    let mut model = Model::with_threshold(4);
    model.write("a", "1");
    assert_eq!(model.next(), one(Write, "a", &["1"]));
    model.write("a", "2");
    model.write("a", "3");
    assert_eq!(model.next(), None);
    model.release(1);
    model.done(Write, "a");
    assert_eq!(model.next(), one(Write, "a", &["2", "3"]));
}

#[test]
fn nothing_overtakes_what_was_asked_of_its_key_before() {
    let mut model = Model::with_threshold(9);
    let kinds = [Read, Write, Alone, WriteOfMany, ReadOfMany];
    for kind in kinds {
        model.add(kind, "a", "it");
    }
    for kind in kinds {
        assert_eq!(model.next(), one(kind, "a", &["it"]));
        assert_eq!(model.next(), None);
        model.done(kind, "a");
    }
    assert!(model.queue.order.is_empty());
}

#[test]
fn the_order_on_a_key_holds_between_lanes() {
    let mut model = Model::with_threshold(4);
    let other = model.queue.add_lane(Arc::new(Fixed(RULES)));
    let key: Key = "a".into();
    model.write("a", "1");
    model.queue.add(other, Some(Key::clone(&key)), Write, "2");
    model.write("a", "3");
    let mut sent = Vec::new();
    while let Some((_, batch)) = model.queue.next() {
        sent.push((batch.lane, batch.operations[0].1.clone()));
        assert!(model.queue.next().is_none());
        model.queue.done(&key, Write);
    }
    let expected = [
        (model.lane, vec!["1"]),
        (other, vec!["2"]),
        (model.lane, vec!["3"]),
    ];
    assert_eq!(sent, expected);
}

#[test]
fn reads_of_two_lanes_in_turn_are_one_read_in_each() {
    let mut model = Model::with_threshold(1);
    let other = model.queue.add_lane(Arc::new(Fixed(RULES)));
    let key: Key = "a".into();
    model.read("a", "1");
    model.queue.add(other, Some(Key::clone(&key)), Read, "2");
    model.read("a", "3");
    model.queue.add(other, Some(key), Read, "4");
    let mut sent = vec![model.next(), model.next()];
    sent.sort_by_key(|sent| sent.as_ref().map(|(_, all)| all[0].1.clone()));
    assert_eq!(
        sent,
        [one(Read, "a", &["1", "3"]), one(Read, "a", &["2", "4"])]
    );
    assert_eq!(model.next(), None);
}

#[test]
fn a_lane_that_is_removed_holds_nobody() {
    let mut model = Model::with_threshold(4);
    let other = model.queue.add_lane(Arc::new(Fixed(RULES)));
    model.queue.add(other, Some("a".into()), Write, "1");
    model.write("a", "2");
    assert!(model.queue.remove_lane(other).is_some());
    assert_eq!(model.next(), one(Write, "a", &["2"]));
}

#[test]
fn what_was_asked_for_together_is_sent_together_however_little_there_is() {
    let mut model = Model::with_threshold(9);
    model.add(WriteOfMany, "a", "1");
    model.add(WriteOfMany, "b", "2");
    model.read("c", "3");
    assert_eq!(model.next(), many(WriteOfMany, [("a", "1"), ("b", "2")]));
    assert_eq!(model.next(), one(Read, "c", &["3"]));
}

#[test]
fn what_may_not_be_merged_waits_for_nothing() {
    let limits = [1, 25, 1, 25, 1];
    let mut model = Model::new(Rules {
        threshold: 1,
        limits,
        ..RULES
    });
    for (key, other) in [("a", "x"), ("b", "y"), ("c", "z")] {
        model.read(key, "r");
        model.write(other, "w");
    }
    let mut sizes = Vec::new();
    while let Some((kind, sent)) = model.next() {
        sizes.push((kind, sent.len()));
    }
    assert_eq!(sizes, [(Read, 1), (Write, 3), (Read, 1), (Read, 1)]);
}

#[test]
fn a_request_has_no_more_than_dynamodb_takes() {
    let mut model = Model::with_threshold(1);
    for index in 0..30 {
        model.write(format!("key{index}").leak(), "w");
    }
    for index in 0..121 {
        model.read(format!("other{index}").leak(), "r");
    }
    let mut sizes = Vec::new();
    while let Some((kind, sent)) = model.next() {
        model.release(sent.len());
        sizes.push((kind, sent.len()));
    }
    assert_eq!(sizes, [(Write, 25), (Write, 5), (Read, 100), (Read, 21)]);
}
