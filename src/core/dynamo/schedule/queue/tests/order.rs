//! The order of the operations on a key, in one lane and between lanes.

use super::*;

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
