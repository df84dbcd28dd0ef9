//! How many requests a lane may have in flight.

use super::*;

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
