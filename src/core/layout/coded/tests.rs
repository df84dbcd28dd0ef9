use aws_sdk_dynamodb::primitives::Blob;
use zeroize::Zeroizing;

use super::*;
use crate::core::codec::compress::Compression;
use crate::core::codec::{Encryption, KeyRing};
use crate::core::error::{Error, Unopened};
use crate::core::expiry::Expires;
use crate::core::layout::{ConnectLayout, KoaLayout, ShopifyLayout};

const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);
const END: UnixMillis = UnixMillis(1_795_218_156_000.0);

fn codecs(key: u8, refuses_plaintext: bool) -> Codecs {
    let ring = KeyRing::new(vec![Zeroizing::new(vec![key; 32])]).unwrap();
    Codecs {
        compression: Some(Compression { threshold: 100 }),
        encryption: Some(Encryption::new(Some(ring), refuses_plaintext)),
    }
}

fn plain() -> Codecs {
    Codecs::default()
}

fn connect(codecs: Codecs) -> Coded<ConnectLayout> {
    let inner = ConnectLayout::new("id", "sess:", &[], true).unwrap();
    Coded::new(inner, Arc::new(codecs), "sessions")
}

fn koa(codecs: Codecs) -> Coded<KoaLayout> {
    let inner = KoaLayout::new("sessionId", "expires").unwrap();
    Coded::new(inner, Arc::new(codecs), "sessions")
}

fn shopify(codecs: Codecs) -> Coded<ShopifyLayout> {
    let inner = ShopifyLayout::new(Some("ttl")).unwrap();
    Coded::new(inner, Arc::new(codecs), "sessions")
}

fn record(data: &str) -> Record {
    Record {
        sid: "abc".into(),
        data: data.into(),
        expires: Some(Expires::at(UnixMillis(NOW.0 + 60_000.0))),
        special: vec![],
    }
}

const JSON: &str = r#"{"z":1,"a":[0.1,9007199254740993,null],"id":"abc","shop":"a.myshopify.com"}"#;

#[test]
fn an_encoded_session_is_bytes_in_its_attribute() {
    let names = |item: &Item| {
        let mut names: Vec<_> = item.keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    let item = connect(codecs(1, false)).to_item(record(JSON)).unwrap();
    assert!(item["sess"].is_b());
    assert_eq!(names(&item), "expires id sess type");
    let item = koa(codecs(1, false)).to_item(record(JSON)).unwrap();
    assert!(item["session"].is_b());
    assert_eq!(names(&item), "expires session sessionId");
    // The index and the time to live need their attributes.
    let item = shopify(codecs(1, false)).to_item(record(JSON)).unwrap();
    assert!(item["_s"].is_b());
    assert_eq!(names(&item), "_s id shop ttl");
}

#[test]
fn an_encoded_session_is_read_as_it_was_written() {
    fn check(writer: &dyn Layout, reader: &dyn Layout, end: Option<UnixMillis>) {
        let item = writer.to_item(record(JSON)).unwrap();
        let stored = reader.read(item, NOW).unwrap().unwrap();
        assert_eq!(stored.sid, "abc");
        assert_eq!(stored.data, JSON);
        assert_eq!(stored.expires, end);
    }
    check(
        &connect(codecs(1, false)),
        &connect(codecs(1, true)),
        Some(END),
    );
    check(&koa(codecs(1, false)), &koa(codecs(1, true)), Some(END));
    check(&shopify(codecs(1, false)), &shopify(codecs(1, true)), None);
}

#[test]
fn an_encrypted_session_is_no_session_for_nobody() {
    let item = connect(codecs(1, false)).to_item(record(JSON)).unwrap();
    let without = connect(plain()).read(item.clone(), NOW);
    assert_eq!(without, Err(Unopened::NoKeys.into()));
    let with_another = connect(codecs(2, false)).read(item.clone(), NOW);
    assert!(matches!(
        with_another,
        Err(Error::Decrypt(Unopened::UnknownKey { .. }))
    ));
    let mut moved = item;
    moved.insert("id".into(), AttributeValue::S("sess:bob".into()));
    let elsewhere = connect(codecs(1, false)).read(moved, NOW);
    assert_eq!(elsewhere, Err(Unopened::Altered.into()));
}

#[test]
fn a_session_that_has_ended_is_not_opened() {
    let item = connect(codecs(1, false)).to_item(record(JSON)).unwrap();
    let later = UnixMillis(NOW.0 + 61_000.0);
    assert_eq!(connect(plain()).read(item, later), Ok(None));
    let item = connect(plain()).to_item(record(JSON)).unwrap();
    assert!(connect(codecs(1, true)).read(item, later).is_ok());
}

#[test]
fn the_outline_of_a_session_needs_no_key() {
    for item in [
        connect(codecs(1, false)).to_item(record(JSON)).unwrap(),
        connect(plain()).to_item(record(JSON)).unwrap(),
    ] {
        let outline = connect(codecs(2, true)).outline(item, NOW).unwrap();
        assert_eq!(outline.sid, "abc");
        assert_eq!(outline.expires, Some(END));
        assert!(outline.is_readable);
    }
}

#[test]
fn sessions_without_encryption_are_refused_where_they_have_to_be() {
    let item = connect(plain()).to_item(record(JSON)).unwrap();
    let stored = connect(codecs(1, false)).read(item.clone(), NOW).unwrap();
    assert_eq!(stored.unwrap().data, JSON);
    let refused = connect(codecs(1, true)).read(item, NOW);
    assert_eq!(refused, Err(Unopened::Plaintext.into()));
    let nothing = Item::from([("id".to_owned(), AttributeValue::S("sess:abc".into()))]);
    assert_eq!(connect(codecs(1, true)).read(nothing, NOW), Ok(None));
}

#[test]
fn bytes_that_no_store_has_written_are_an_error() {
    let mut item = connect(plain()).to_item(record(JSON)).unwrap();
    item.insert("sess".into(), AttributeValue::B(Blob::new(b"other")));
    let read = connect(plain()).read(item, NOW);
    assert!(matches!(read, Err(Error::Decode { .. })));
}

#[test]
fn a_value_that_dynamodb_cannot_hold_is_refused_in_every_form() {
    let json = r#"{"a":1e200}"#;
    assert!(matches!(
        koa(codecs(1, false)).to_item(record(json)),
        Err(Error::Value { .. })
    ));
}

#[test]
fn a_touch_fits_the_form_of_the_session() {
    let expression = |form| koa(plain()).touch(END, 1.0, form).expression;
    assert!(expression(Form::Plain).contains("#session.#_expire"));
    assert_eq!(expression(Form::Coded), "#end = :end");
    let long = "x".repeat(200);
    let compressing = Codecs {
        encryption: None,
        ..codecs(1, false)
    };
    let layout = koa(compressing);
    assert_eq!(layout.likely_form(Some("{}")), Form::Plain);
    assert_eq!(layout.likely_form(Some(&long)), Form::Coded);
    assert_eq!(koa(codecs(1, false)).likely_form(None), Form::Coded);
}
