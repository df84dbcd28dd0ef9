use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

static COOKIE: Clock = Clock {
    within: Some("cookie"),
    lifetime: "maxAge",
    keys: &["maxAge", "expires"],
};

static OWN: Clock = Clock {
    within: None,
    lifetime: "_maxAge",
    keys: &["_maxAge", "_expire"],
};

fn merge_by(clock: &Clock, bases: &[&str], ours: &str, theirs: &str) -> Option<Merged> {
    let identity = &Identity::default();
    merge(bases, ours, theirs, Rules { clock, identity })
}

fn merged(base: &str, ours: &str, theirs: &str) -> String {
    session(merge_by(&COOKIE, &[base], ours, theirs))
}

fn session(merged: Option<Merged>) -> String {
    match merged {
        Some(Merged::Session(session, _)) => session,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_keeps_what_it_has_changed() {
    let cases = [
        // Each request has changed another key.
        (
            r#"{"a":1,"b":1}"#,
            r#"{"a":2,"b":1}"#,
            r#"{"a":1,"b":2}"#,
            r#"{"a":2,"b":2}"#,
        ),
        // Both have changed the same key: the second to save wins.
        (r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#, r#"{"a":2}"#),
        // One request has removed a key, the other has changed another key.
        (
            r#"{"a":1,"b":1}"#,
            r#"{"b":1}"#,
            r#"{"a":1,"b":2}"#,
            r#"{"b":2}"#,
        ),
        (
            r#"{"a":1,"b":1}"#,
            r#"{"a":1,"b":2}"#,
            r#"{"b":1}"#,
            r#"{"b":2}"#,
        ),
        // Each request has added a key.
        ("{}", r#"{"a":1}"#, r#"{"b":1}"#, r#"{"b":1,"a":1}"#),
        // One request has removed a key that the other has changed.
        (r#"{"a":1}"#, "{}", r#"{"a":2}"#, "{}"),
        (r#"{"a":1}"#, r#"{"a":2}"#, "{}", r#"{"a":2}"#),
        // The cookie is not an object: the second to save wins.
        (
            r#"{"cookie":1}"#,
            r#"{"cookie":1}"#,
            r#"{"cookie":2}"#,
            r#"{"cookie":1}"#,
        ),
    ];
    for (base, ours, theirs, expected) in cases {
        assert_eq!(
            merged(base, ours, theirs),
            expected,
            "{base} {ours} {theirs}"
        );
    }
}

#[test]
fn values_are_compared_as_json_and_taken_as_they_are_written() {
    let base = r#"{"a":{"x":1,"y":"é"},"n":1e21}"#;
    let ours = r#"{"a":{"y":"\u00e9","x":1},"n":1E+21,"b":2}"#;
    let theirs = r#"{"a":{"x":2,"y":"é"},"n":[1, 2]}"#;
    let expected = r#"{"a":{"x":2,"y":"é"},"n":[1, 2],"b":2}"#;
    assert_eq!(merged(base, ours, theirs), expected);
}

#[test]
fn values_are_compared_as_javascript_reads_them() {
    // Another writer has spelt the value, and JavaScript has read and written it.
    for (theirs, ours) in [
        ("1.0", "1"),
        ("1e2", "100"),
        ("9007199254740993", "9007199254740992"),
        ("1e400", "null"),
        ("-0", "0"),
        (r#""\u00e9\/""#, r#""é/""#),
        (r#""\uD83D\ude00""#, r#""😀""#),
        (r#""\ud83d""#, r#""\uD83D""#),
        (r#"{"b":[1.0],"a":1}"#, r#"{"a":1,"b":[1]}"#),
        (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
    ] {
        let base = format!(r#"{{"n":{theirs}}}"#);
        let ours = format!(r#"{{"n":{ours},"mine":1}}"#);
        let merged = merged(&base, &ours, r#"{"n":"theirs"}"#);
        assert_eq!(merged, r#"{"n":"theirs","mine":1}"#, "{base} {ours}");
    }
    for (one, other) in [
        ("1", r#""1""#),
        ("0", "false"),
        ("null", "0"),
        (r#""\ud83d""#, r#""\ud83e""#),
        ("[1]", "[1,1]"),
        (r#"{"a":null}"#, "{}"),
    ] {
        let base = format!(r#"{{"n":{one}}}"#);
        let ours = format!(r#"{{"n":{other}}}"#);
        assert_eq!(merged(&base, &ours, "{}"), ours, "{one} {other}");
    }
}

#[test]
fn a_key_may_have_half_a_surrogate_pair_in_it() {
    let base = r#"{"\ud83d":1,"a":1,"\\d83d":1}"#;
    let ours = r#"{"\uD83D":2,"a":1,"\\d83d":1}"#;
    let theirs = r#"{"\ud83d":1,"a":2,"\\d83d":2}"#;
    let both = r#"{"\ud83d":2,"a":2,"\\d83d":2}"#;
    assert_eq!(merged(base, ours, theirs), both);
}

#[test]
fn a_session_of_any_depth_is_compared() {
    let deep = |inner: &str| {
        format!(
            r#"{{"n":{}{inner}{}}}"#,
            "[".repeat(9_999),
            "]".repeat(9_999)
        )
    };
    let merged = merged(&deep("1"), &deep("2"), &deep("1"));
    assert_eq!(merged, deep("2"));
}

#[test]
fn a_merge_of_many_keys_ends_soon() {
    let keys = |value: usize| {
        let keys: Vec<_> = (0..50_000)
            .map(|key| format!(r#""{key}":{value}"#))
            .collect();
        format!("{{{}}}", keys.join(","))
    };
    assert_eq!(merged(&keys(1), &keys(2), &keys(1)), keys(2));
}

#[test]
fn the_request_that_has_changed_the_lifetime_decides_the_end() {
    let cookie = |max_age: &str, end: usize| {
        format!(r#"{{"cookie":{{"maxAge":{max_age},"expires":{end},"path":"/"}},"n":1}}"#)
    };
    let hour = cookie("3600000", 1);
    let moved = cookie("3599990", 2);
    let month = cookie("2592000000", 3);
    let none = cookie("null", 0);
    for (ours, theirs, expected, end) in [
        (&moved, &hour, &moved, End::Ours),
        (&moved, &month, &month, End::Theirs),
        (&moved, &none, &none, End::Theirs),
        (&month, &moved, &month, End::Ours),
        (&none, &month, &none, End::Ours),
    ] {
        let merged = merge_by(&COOKIE, &[&hour], ours, theirs);
        assert_eq!(merged, Some(Merged::Session(expected.clone(), end)));
    }
    let own = |max_age: usize, end: usize, n: usize| {
        format!(r#"{{"_maxAge":{max_age},"_expire":{end},"n":{n}}}"#)
    };
    let merged = merge_by(&OWN, &[&own(60, 1, 1)], &own(60, 2, 2), &own(90, 3, 1));
    assert_eq!(merged, Some(Merged::Session(own(90, 3, 2), End::Theirs)));
}

#[test]
fn the_rest_of_a_cookie_is_merged_key_by_key() {
    let base = r#"{"cookie":{"maxAge":1,"secure":false,"path":"/"}}"#;
    let ours = r#"{"cookie":{"maxAge":1,"secure":true,"path":"/"}}"#;
    let theirs = r#"{"cookie":{"maxAge":9000,"secure":false,"path":"/a"}}"#;
    let both = r#"{"cookie":{"maxAge":9000,"secure":true,"path":"/a"}}"#;
    assert_eq!(merged(base, ours, theirs), both);
}

#[test]
fn a_short_lifetime_that_is_changed_by_less_than_a_second_is_another() {
    let session = |max_age| format!(r#"{{"_maxAge":{max_age}}}"#);
    assert!(!is_same_lifetime(&session("1900"), &session("1000"), &OWN));
    assert!(is_same_lifetime(
        &session("3600000"),
        &session("3599500"),
        &OWN
    ));
    assert!(!is_same_lifetime(&session("0"), &session("null"), &OWN));
    assert!(is_same_lifetime(&session("0"), &session("0"), &OWN));
}

#[test]
fn sessions_of_two_people_are_not_mixed() {
    // Both requests have logged in: the second login counts, and nothing of the first session is kept.
    let base = r#"{"user":"a","isAdmin":false}"#;
    let root = r#"{"user":"root","isAdmin":true}"#;
    let ben = r#"{"user":"b","isAdmin":false}"#;
    assert_eq!(merge_by(&OWN, &[base], ben, root), Some(Merged::Ours));
    // A page of the first user adds nothing to the session of the second user.
    let page = r#"{"user":"a","isAdmin":false,"cart":1}"#;
    assert_eq!(merge_by(&OWN, &[base], page, root), Some(Merged::Theirs));
    // A login beside a page of the first user.
    assert_eq!(merge_by(&OWN, &[base], ben, page), Some(Merged::Ours));
    // Passport's key, and users that are objects.
    let passport = |id: usize| format!(r#"{{"passport":{{"user":{{"_id":{id},"seen":{id}}}}}}}"#);
    let merged = merge_by(&OWN, &["{}"], &passport(1), &passport(2));
    assert_eq!(merged, Some(Merged::Ours));
    // One request has logged in, the other out: a session without the name must not keep the user's
    // rights.
    let out = r#"{"isAdmin":false}"#;
    assert_eq!(merge_by(&OWN, &[base], out, root), Some(Merged::Ours));
    assert_eq!(merge_by(&OWN, &[base], root, out), Some(Merged::Ours));
}

#[test]
fn what_says_whose_a_session_is_belongs_to_the_request_that_has_logged_in_or_out() {
    for (base, ours, theirs, both) in [
        // A page that changes another field of the user is no login.
        (
            r#"{"user":{"id":1,"seen":1},"a":1}"#,
            r#"{"user":{"id":1,"seen":2},"a":2}"#,
            r#"{"a":1}"#,
            r#"{"a":2}"#,
        ),
        // Setting the user to `null` is no logout if nobody was logged in.
        (
            r#"{"a":1}"#,
            r#"{"user":null,"a":2}"#,
            r#"{"user":1,"a":1}"#,
            r#"{"user":1,"a":2}"#,
        ),
        (
            r#"{"a":1}"#,
            r#"{"user":1,"a":1}"#,
            r#"{"user":null,"a":2}"#,
            r#"{"user":1,"a":2}"#,
        ),
        // Both have logged out.
        (
            r#"{"user":1,"a":1,"b":1}"#,
            r#"{"a":2,"b":1}"#,
            r#"{"a":1,"b":2}"#,
            r#"{"a":2,"b":2}"#,
        ),
    ] {
        assert_eq!(merged(base, ours, theirs), both);
    }
    // The value of a failed save of the same request is no logout by another request.
    let (base, failed) = (r#"{"user":1,"a":1}"#, r#"{"a":1}"#);
    let merged = merge_by(&COOKIE, &[base, failed], r#"{"user":1,"a":2}"#, failed);
    assert_eq!(session(merged), r#"{"a":2,"user":1}"#);
}

#[test]
fn sessions_of_one_or_of_nobody_are_merged() {
    for (base, ours, theirs, both) in [
        // A login beside a page of a visitor who is not logged in.
        (
            "{}",
            r#"{"cart":1}"#,
            r#"{"user":"a"}"#,
            r#"{"user":"a","cart":1}"#,
        ),
        (
            "{}",
            r#"{"user":"a"}"#,
            r#"{"cart":1}"#,
            r#"{"cart":1,"user":"a"}"#,
        ),
        // A logout beside a page.
        (
            r#"{"user":"a","cart":1}"#,
            r#"{"user":"a","cart":2}"#,
            r#"{"passport":{},"cart":1}"#,
            r#"{"passport":{},"cart":2}"#,
        ),
        // One user, of whom another field has changed.
        (
            r#"{"user":{"id":1,"seen":1},"a":1}"#,
            r#"{"user":{"id":1,"seen":2},"a":1}"#,
            r#"{"user":{"id":1,"seen":1},"a":2}"#,
            r#"{"user":{"id":1,"seen":2},"a":2}"#,
        ),
        // Users without an id.
        (
            r#"{"user":{"seen":1},"a":1}"#,
            r#"{"user":{"seen":2},"a":1}"#,
            r#"{"user":{"seen":1},"a":2}"#,
            r#"{"user":{"seen":2},"a":2}"#,
        ),
    ] {
        assert_eq!(merged(base, ours, theirs), both);
    }
    let rules = Rules {
        clock: &OWN,
        identity: &Identity::new(["account.id"]),
    };
    let session = |id: usize| format!(r#"{{"account":{{"id":{id}}},"user":{id}}}"#);
    let merged = merge(&[&session(1)], &session(1), &session(2), rules);
    assert_eq!(merged, Some(Merged::Theirs));
    let no_keys = Rules {
        identity: &Identity::new::<&str>([]),
        ..rules
    };
    let merged = merge(&[&session(1)], &session(1), &session(2), no_keys);
    assert_eq!(merged, Some(Merged::Session(session(2), End::Ours)));
}

#[test]
fn changes_count_from_what_a_failed_save_may_have_written() {
    let (base, failed) = (r#"{"cart":0,"a":1}"#, r#"{"cart":1,"a":1}"#);
    let ours = r#"{"cart":0,"a":1}"#;
    let theirs = r#"{"cart":1,"a":2}"#;
    let merged = merge_by(&OWN, &[base, failed], ours, theirs);
    assert_eq!(session(merged), r#"{"cart":0,"a":2}"#);
}

#[test]
fn what_is_no_object_cannot_be_merged() {
    for bad in ["", "[]", "1", "{"] {
        for [base, ours, theirs] in [[bad, "{}", "{}"], ["{}", bad, "{}"], ["{}", "{}", bad]] {
            assert_eq!(merge_by(&OWN, &[base], ours, theirs), None, "{bad}");
        }
    }
}

type Session = BTreeMap<String, u8>;

fn any_session() -> impl Strategy<Value = Session> {
    prop::collection::btree_map("[a-f]", 0..4u8, 0..6)
}

fn json(session: &Session) -> String {
    serde_json::to_string(session).unwrap()
}

proptest! {
    #[test]
    fn a_merge_is_both_changes(base in any_session(), ours in any_session(), theirs in any_session()) {
        let merged = session(merge_by(&OWN, &[&json(&base)], &json(&ours), &json(&theirs)));
        let merged: Session = serde_json::from_str(&merged).unwrap();
        for key in ["a", "b", "c", "d", "e", "f"] {
            let is_ours = base.get(key) != ours.get(key);
            let expected = if is_ours { ours.get(key) } else { theirs.get(key) };
            prop_assert_eq!(merged.get(key), expected, "{}", key);
        }
    }
}
