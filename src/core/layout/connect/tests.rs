//! Items as connect-dynamodb writes and reads them, special keys, and invalid options.

use super::*;
use crate::core::expiry::Expires;

const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);

fn layout(special: &[(&str, &str)], skip_missing: bool) -> ConnectLayout {
    let special: Vec<_> = special
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
        .collect();
    ConnectLayout::new("id", "sess:", &special, skip_missing).unwrap()
}

fn record(special: Vec<SpecialValue>) -> Record {
    Record {
        sid: "abc".into(),
        data: r#"{"user":"ann"}"#.into(),
        expires: Some(Expires::at(UnixMillis(NOW.0 + 60_000.0))),
        special,
    }
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn n(text: &str) -> AttributeValue {
    AttributeValue::N(text.into())
}

#[test]
fn an_item_is_what_connect_dynamodb_writes() {
    let item = layout(&[], false).to_item(record(vec![])).unwrap();
    let expected = [
        ("id", s("sess:abc")),
        ("expires", n("1795218156")),
        ("type", s("connect-session")),
        ("sess", s(r#"{"user":"ann"}"#)),
    ];
    assert_eq!(
        item,
        expected.map(|(name, value)| (name.into(), value)).into()
    );
}

#[test]
fn what_is_written_is_read_back() {
    let layout = layout(&[], false);
    let stored = layout
        .read(layout.to_item(record(vec![])).unwrap(), NOW)
        .unwrap()
        .unwrap();
    assert_eq!(stored.sid, "abc");
    assert_eq!(stored.data, r#"{"user":"ann"}"#);
    assert_eq!(stored.expires, Some(UnixMillis(1_795_218_156_000.0)));
}

#[test]
fn an_item_without_a_session_under_the_prefix_is_none() {
    let layout = layout(&[], false);
    let of = |pairs: &[(&str, AttributeValue)]| {
        let item = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        layout.read(item, NOW).unwrap()
    };
    assert_eq!(
        of(&[("id", s("sess:abc")), ("expires", n("1795218156"))]),
        None
    );
    assert_eq!(of(&[("id", s("sess:abc")), ("sess", n("1"))]), None);
    assert_eq!(of(&[("id", s("other:abc")), ("sess", s("{}"))]), None);
    assert_eq!(of(&[("sess", s("{}"))]), None);
    let forever = of(&[("id", s("sess:abc")), ("sess", s("{}"))]).unwrap();
    assert_eq!(forever.expires, None);
}

#[test]
fn the_session_of_two_attributes() {
    let sess = || Some("{}".to_owned());
    assert_eq!(session(sess(), Some("1795218097"), NOW), sess());
    assert_eq!(session(sess(), Some("1795218096.5"), NOW), None);
    assert_eq!(session(sess(), None, NOW), sess());
    assert_eq!(session(None, Some("1795218097"), NOW), None);
}

#[test]
fn special_keys_become_attributes_of_their_types() {
    let layout = layout(&[("n", "N"), ("t", "N"), ("s", "S"), ("b", "B")], false);
    let item = layout
        .to_item(record(vec![
            SpecialValue::Number(5.0),
            SpecialValue::Text(" 7.5 ".into()),
            SpecialValue::Text(String::new()),
            SpecialValue::Bytes(vec![0, 255]),
        ]))
        .unwrap();
    assert_eq!(item["n"], n("5"));
    assert_eq!(item["t"], n("7.5"));
    assert_eq!(item["s"], s(""));
    assert_eq!(item["b"], AttributeValue::B(Blob::new([0, 255])));
}

#[test]
fn a_special_key_of_the_wrong_type_is_refused_by_name_and_without_its_value() {
    let other = || SpecialValue::Other("object".into());
    let text = || SpecialValue::Text("hunter2".into());
    for (kind, value) in [
        ("N", text()),
        ("N", SpecialValue::Text("inf".into())),
        ("N", SpecialValue::Number(f64::NAN)),
        ("N", other()),
        ("S", SpecialValue::Number(1.0)),
        ("S", other()),
        ("B", text()),
        ("B", other()),
    ] {
        let error = layout(&[("key", kind)], true)
            .to_item(record(vec![value.clone()]))
            .unwrap_err();
        assert_eq!(error.code(), "ERR_SESSION_SPECIAL_KEY");
        let message = error.to_string();
        assert!(message.contains("special key key"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn missing_special_keys_are_named_all_at_once_or_skipped() {
    let keys = [("a", "S"), ("b", "N"), ("c", "S")];
    let values = || {
        vec![
            SpecialValue::Missing,
            SpecialValue::Missing,
            SpecialValue::Text("x".into()),
        ]
    };
    let error = layout(&keys, false).to_item(record(values())).unwrap_err();
    assert_eq!(error.to_string(), "Session missing special keys: a, b");
    let item = layout(&keys, true).to_item(record(values())).unwrap();
    assert!(!item.contains_key("a") && !item.contains_key("b"));
    assert_eq!(item["c"], s("x"));
}

#[test]
fn options_that_cannot_be_right_are_named() {
    let of = |hash_key: &str, prefix: &str, special: &[(&str, &str)]| {
        let special: Vec<_> = special
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
            .collect();
        ConnectLayout::new(hash_key, prefix, &special, false)
            .unwrap_err()
            .option
    };
    assert_eq!(of("", "sess:", &[]), "hashKey");
    assert_eq!(of("sess", "sess:", &[]), "hashKey");
    assert_eq!(of("id", &"p".repeat(1025), &[]), "prefix");
    assert_eq!(of("id", "", &[("id", "S")]), "specialKeys[0].name");
    assert_eq!(
        of("id", "", &[("a", "S"), ("a", "N")]),
        "specialKeys[1].name"
    );
    assert_eq!(
        of("id", "", &[("a", "S"), ("b", "M")]),
        "specialKeys[1].type"
    );
}
