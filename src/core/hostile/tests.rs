//! Generated inputs, and those in `fuzz/corpus/`. `PROPTEST_CASES` sets the number of generated inputs.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use aws_sdk_dynamodb::primitives::Blob;
use proptest::prelude::*;

use super::*;

/// All files of the corpus of a fuzz target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let files = fs::read_dir(folder).unwrap();
    let files: Vec<_> = files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect();
    assert!(!files.is_empty());
    files
}

#[test]
fn the_corpus_of_answers_holds() {
    corpus("answer").iter().for_each(|body| answer(body));
}

#[test]
fn the_corpus_of_texts_holds() {
    for bytes in corpus("text") {
        text(&String::from_utf8_lossy(&bytes));
    }
}

/// Names of attributes in one of the formats, and arbitrary names.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "id",
        "sess",
        "expires",
        "type",
        "_v",
        "_e",
        "session",
        "sessionId",
        "ttl",
        "shop",
        "state",
        "\0B",
        "\0N",
        "__proto__",
        "_expire",
        "cookie",
    ];
    prop_oneof![
        4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

/// Sessions, keys and numbers as text, and arbitrary texts.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        json_text(),
        "sess:[a-z]{0,3}",
        "-?[0-9]{0,25}(\\.[0-9]{0,20})?([eE][-+]?[0-9]{1,4})?",
        Just("NaN".to_owned()),
        Just("-inf".to_owned()),
    ]
}

/// A session as JSON. Its cookie may be wrong, and its text may be cut off.
fn json_text() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<f64>().prop_map(|number| serde_json::Value::from(number).to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("1e999".to_owned()),
        Just("null".to_owned()),
    ];
    let date = prop_oneof![
        Just("\"2026-11-21T00:00:00.000Z\"".to_owned()),
        Just("\"+275760-09-13T00:00:00.000Z\"".to_owned()),
        Just("\"-000001-01-01T00:00:00.000Z\"".to_owned()),
        Just("null".to_owned()),
        number.clone(),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    let session = (number.clone(), date, number, 0..200_usize);
    session.prop_map(|(max_age, date, other, length)| {
        let whole = format!(
            r#"{{"n":[{other}],"cookie":{{"originalMaxAge":{max_age},"expires":{date}}},"user":"ann"}}"#
        );
        whole.chars().take(length.max(20)).collect()
    })
}

fn value() -> impl Strategy<Value = AttributeValue> {
    let blob = || prop::collection::vec(any::<u8>(), 0..9).prop_map(Blob::new);
    let leaf = prop_oneof![
        any_text().prop_map(AttributeValue::S),
        any_text().prop_map(AttributeValue::N),
        blob().prop_map(AttributeValue::B),
        any::<bool>().prop_map(AttributeValue::Bool),
        any::<bool>().prop_map(AttributeValue::Null),
        prop::collection::vec(any_text(), 0..4).prop_map(AttributeValue::Ss),
        prop::collection::vec(any_text(), 0..4).prop_map(AttributeValue::Ns),
        prop::collection::vec(blob(), 0..4).prop_map(AttributeValue::Bs),
    ];
    leaf.prop_recursive(8, 64, 4, |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..4).prop_map(AttributeValue::L),
            prop::collection::hash_map(name(), value, 0..4).prop_map(AttributeValue::M),
        ]
    })
}

fn any_item() -> impl Strategy<Value = Item> {
    prop::collection::hash_map(name(), value(), 0..8)
}

/// DynamoDB's JSON for an item.
fn written(item: &Item) -> Vec<u8> {
    use crate::core::dynamo::written_item;
    format!("{{\"Item\":{}}}", written_item(item)).into_bytes()
}

proptest! {
    #[test]
    fn any_item_holds(found in any_item()) {
        item(found);
    }

    #[test]
    fn any_text_holds(found in any_text()) {
        text(&found);
    }

    #[test]
    fn any_answer_holds(found in any_item()) {
        let body = written(&found);
        let read = read::<GetItemInputBuilder>(&body).and_then(|output| output.item);
        prop_assert_eq!(read, Some(found));
        answer(&body);
    }

    /// Damaged answers: a byte is changed, removed or doubled.
    #[test]
    fn any_damaged_answer_holds(found in any_item(), damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4)) {
        let mut body = written(&found);
        for (index, byte, kind) in damages {
            if body.is_empty() {
                break;
            }
            let at = index.index(body.len());
            match kind {
                0 => body[at] = byte,
                1 => { body.remove(at); }
                2 => body.insert(at, body[at]),
                _ => body.truncate(at.max(1)),
            }
        }
        answer(&body);
    }

    #[test]
    fn any_bytes_hold(body in prop::collection::vec(any::<u8>(), 0..200)) {
        answer(&body);
    }
}

#[test]
fn what_is_nested_deeply_is_left_to_others() {
    let nested = |depth: usize| {
        let (open, close) = (r#"{"L":["#.repeat(depth), "]}".repeat(depth));
        format!(r#"{{"Item":{{"a":{open}{{"S":""}}{close}}}}}"#)
    };
    answer(nested(32).as_bytes());
    assert!(read::<GetItemInputBuilder>(nested(100_000).as_bytes()).is_none());
    assert_eq!(SDK.get_item(nested(100_000).as_bytes()), None);
    answer(nested(100_000).as_bytes());
    text(&"[".repeat(100_000));
    text(&"{\"cookie\":".repeat(100_000));
}

#[test]
fn an_item_of_nothing_but_a_key_is_no_session() {
    for name in ["id", "sessionId"] {
        item(HashMap::from([(
            name.to_owned(),
            AttributeValue::S("a".to_owned()),
        )]));
    }
}
