//! Which operations share a request, and how long they wait for others.

use super::*;

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
