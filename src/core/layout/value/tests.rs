//! JSON to attributes and back: bytes, large numbers, sets, and values that DynamoDB cannot store.

use super::*;

/// `depth` nested lists.
fn nested(depth: usize) -> String {
    format!("{{\"list\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
}

fn reason(json: &str) -> String {
    from_json(json).unwrap_err().to_string()
}

#[test]
fn bytes_are_bytes_and_a_key_that_looks_like_them_is_not() {
    let bytes = from_json(r#"{"\u0000B":"AP8="}"#).unwrap();
    assert_eq!(bytes, AttributeValue::B(Blob::new([0, 255])));
    let map = from_json(r#"{"\u0000\u0000B":"AP8="}"#).unwrap();
    assert!(map.as_m().unwrap().contains_key(BYTES));
}

#[test]
fn whole_numbers_beyond_those_of_javascript_can_be_exact() {
    let json = |number: &str| to_json(&AttributeValue::N(number.into()), Numbers::Exact);
    assert_eq!(json("9007199254740991"), "9007199254740991");
    assert_eq!(
        json("-9007199254740993"),
        r#"{"\u0000N":"-9007199254740993"}"#
    );
    assert_eq!(json("9007199254740993.5"), "9007199254740993.5");
    let read = from_json(&json("9007199254740993"));
    assert_eq!(read, Ok(AttributeValue::N("9007199254740993".into())));
}

#[test]
fn sets_are_read_as_lists() {
    let sets = [
        AttributeValue::Ss(vec!["a".into(), "b".into()]),
        AttributeValue::Ns(vec!["1".into(), "2.5".into()]),
        AttributeValue::Bs(vec![Blob::new([0])]),
    ];
    assert_eq!(
        to_json(&AttributeValue::L(sets.into()), Numbers::Plain),
        r#"[["a","b"],[1,2.5],[{"\u0000B":"AA=="}]]"#
    );
}

#[test]
fn the_keys_of_a_map_are_in_the_same_order_at_each_read() {
    let map = r#"{"user":1,"10":1,"9":1,"é":1,"Zoë":1,"_expire":1,"cart":1,"a":1,"b":1}"#;
    let sorted = r#"{"10":1,"9":1,"Zoë":1,"_expire":1,"a":1,"b":1,"cart":1,"user":1,"é":1}"#;
    for _ in 0..8 {
        // Each read makes a new map, whose keys have another order.
        let value = from_json(&format!(r#"{{"menu":{map},"list":[{map}]}}"#)).unwrap();
        let read = to_json(&value, Numbers::Plain);
        assert_eq!(read, format!(r#"{{"list":[{sorted}],"menu":{sorted}}}"#));
    }
}

#[test]
fn what_dynamodb_cannot_hold_is_refused_by_its_path() {
    let number = "is a number that DynamoDB cannot hold";
    assert_eq!(
        reason(r#"{"cart":[1,{"price":1e126}]}"#),
        format!("session.cart[1].price {number}")
    );
    assert_eq!(
        reason(r#"{"a.b":{"\"":-1e-131}}"#),
        format!(r#"session["a.b"]["\""] {number}"#)
    );
    assert_eq!(
        reason(r#"{"a":{"":1}}"#),
        r#"session.a[""] has an empty key, which DynamoDB cannot hold"#
    );
    assert!(from_json(r#"{"n":[9.9e125,-9.9e125,1e-130,0.0]}"#).is_ok());
}

#[test]
fn text_that_is_no_unicode_is_refused_by_its_path() {
    let text = "is text that is not well-formed Unicode";
    assert_eq!(
        reason(r#"{"a":[{"b":"x\ud800"}]}"#),
        format!("session.a[0].b {text}")
    );
    assert_eq!(reason(r#"{"a":{"\ud800":1}}"#), format!("session.a {text}"));
}

#[test]
fn nesting_goes_as_deep_as_dynamodb_lets_it() {
    assert!(from_json(&nested(DEEPEST - 1)).is_ok());
    let maps = |depth| format!("{}{{}}{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(from_json(&maps(DEEPEST - 1)).is_ok());
    assert!(reason(&maps(DEEPEST)).starts_with("session.a.a"));
    let deeper = reason(&nested(DEEPEST));
    assert!(deeper.starts_with("session.list[0][0]"), "{deeper}");
    assert!(
        deeper.ends_with("the 32 levels that DynamoDB can hold"),
        "{deeper}"
    );
    assert_eq!(reason(&nested(5000)), deeper);
}
