//! The item format of connect-dynamodb 1.0.12 to 3.0.5.
//!
//! | attribute | type | holds |
//! |---|---|---|
//! | the hash key (`id`) | S | prefix and session id |
//! | `expires` | N | see [`expiry`](crate::core::expiry) |
//! | `type` | S | `connect-session` |
//! | `sess` | S | the session as JSON |
//! | each special key | S, N or B | the session's value under that key |

use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};

use super::{
    Condition, ExpiringLayout, Item, Layout, Record, SpecialValue, Stored, insert_expires,
    number_text,
};
use crate::core::error::{Error, InvalidOption, Result};
use crate::core::expiry::{self, Lifetime, UnixMillis};
use crate::core::options::{AttributeName, SpecialKey};

const EXPIRES: &str = "expires";
const TYPE: &str = "type";
const SESS: &str = "sess";
const TYPE_VALUE: &str = "connect-session";

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct ConnectLayout {
    hash_key: AttributeName,
    prefix: String,
    special_keys: Vec<SpecialKey>,
    skip_missing: bool,
    /// [`EXPIRES`], to be shared.
    expires: Arc<str>,
}

impl ConnectLayout {
    /// A layout for `hash_key` and `prefix`, with special keys as `(name, type)`. A session
    /// without one of them is refused, unless `skip_missing`.
    ///
    /// # Errors
    ///
    /// Names the option that is wrong.
    pub fn new(
        hash_key: &str,
        prefix: &str,
        special_keys: &[(String, String)],
        skip_missing: bool,
    ) -> Result<Self, InvalidOption> {
        let fixed = [EXPIRES, TYPE, SESS];
        let hash_key = AttributeName::new("hashKey", hash_key)?;
        if fixed.contains(&hash_key.as_str()) {
            return Err(InvalidOption::new(
                "hashKey",
                "must not be \"expires\", \"type\" or \"sess\", which every session has",
            ));
        }
        // DynamoDB's limit for a partition key is 2,048 bytes, and the id needs some of them.
        if prefix.len() > 1024 {
            return Err(InvalidOption::new("prefix", "must be 1024 bytes at most"));
        }
        let taken = [hash_key.as_str(), EXPIRES, TYPE, SESS];
        let mut keys: Vec<SpecialKey> = Vec::with_capacity(special_keys.len());
        for (index, (name, kind)) in special_keys.iter().enumerate() {
            let option = format!("specialKeys[{index}]");
            let key = SpecialKey::new(&option, name, kind, &taken)?;
            if keys.iter().any(|other| other.name == key.name) {
                return Err(InvalidOption::new(
                    format!("{option}.name"),
                    "must not be named twice",
                ));
            }
            keys.push(key);
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            special_keys: keys,
            skip_missing,
            hash_key,
            expires: EXPIRES.into(),
        })
    }
}

impl Layout for ConnectLayout {
    fn hash_key(&self) -> &str {
        self.hash_key.as_str()
    }

    fn key(&self, sid: &str) -> String {
        format!("{}{sid}", self.prefix)
    }

    fn to_item(&self, record: Record) -> Result<Item> {
        let mut item = Item::with_capacity(4 + self.special_keys.len());
        let key = AttributeValue::S(self.key(&record.sid));
        item.insert(self.hash_key.as_str().to_owned(), key);
        let mut missing = Vec::new();
        let values = record.special.into_iter();
        for (key, value) in self.special_keys.iter().zip(values) {
            match special_attribute(key, value)? {
                Some(attribute) => {
                    item.insert(key.name.clone(), attribute);
                }
                None => missing.push(key.name.as_str()),
            }
        }
        if !missing.is_empty() && !self.skip_missing {
            return Err(Error::SpecialKey {
                reason: format!("Session missing special keys: {}", missing.join(", ")),
            });
        }
        insert_expires(&mut item, EXPIRES, record.expires);
        item.insert(TYPE.into(), AttributeValue::S(TYPE_VALUE.into()));
        item.insert(SESS.into(), AttributeValue::S(record.data));
        Ok(item)
    }

    fn read(&self, mut item: Item, now: UnixMillis) -> Option<Stored> {
        let AttributeValue::S(id) = item.remove(self.hash_key.as_str())? else {
            return None;
        };
        let AttributeValue::S(sess) = item.remove(SESS)? else {
            return None;
        };
        let expires = item.get(EXPIRES).and_then(|value| value.as_n().ok());
        let (data, expires) = read_session(sess, expires.map(String::as_str), now);
        Some(Stored {
            sid: id.strip_prefix(&self.prefix)?.to_owned(),
            data,
            expires,
        })
    }
}

impl ExpiringLayout for ConnectLayout {
    fn expires_attribute(&self) -> Arc<str> {
        Arc::clone(&self.expires)
    }

    fn data_attribute(&self) -> &str {
        SESS
    }

    /// `connect-session` items under the prefix, and the `{ id, expires }` that `touch` of
    /// connect-dynamodb left of sessions that were gone.
    fn ours(&self) -> Condition {
        let mut condition = Condition {
            expression: "(#type = :type OR \
                (attribute_not_exists(#type) AND attribute_not_exists(#sess)))"
                .into(),
            names: [("#type", TYPE), ("#sess", SESS)]
                .map(|(name, attribute)| (name.to_owned(), attribute.to_owned()))
                .into(),
            values: [(":type".to_owned(), AttributeValue::S(TYPE_VALUE.into()))].into(),
        };
        // DynamoDB refuses an empty string in begins_with.
        if !self.prefix.is_empty() {
            condition.expression += " AND begins_with(#key, :prefix)";
            let key = self.hash_key.as_str().to_owned();
            condition.names.insert("#key".into(), key);
            let prefix = AttributeValue::S(self.prefix.clone());
            condition.values.insert(":prefix".into(), prefix);
        }
        condition
    }
}

/// The session in the two attributes that hold it: `None` where there is none or it has ended.
///
/// Kept from connect-dynamodb, whose users call `getParsedSession` on an item that they read
/// themselves.
pub fn session(sess: Option<String>, expires: Option<&str>, now: UnixMillis) -> Option<String> {
    let (data, end) = read_session(sess?, expires, now);
    (!expiry::has_passed(end, now)).then_some(data)
}

fn read_session(
    sess: String,
    expires: Option<&str>,
    now: UnixMillis,
) -> (String, Option<UnixMillis>) {
    let mut end = expires.and_then(expiry::read);
    if let Some(written) = end.filter(|written| !expiry::has_passed(Some(*written), now)) {
        end = Lifetime::of_session(&sess)
            .map(|lifetime| lifetime.repair(written, now))
            .or(end);
    }
    (sess, end)
}

/// `N` takes numbers and numeric strings, `S` strings, `B` bytes.
fn special_attribute(key: &SpecialKey, value: SpecialValue) -> Result<Option<AttributeValue>> {
    let refuse = |takes: &str, got: &str| {
        Err(Error::SpecialKey {
            reason: format!(
                "Session has {got} under the special key {}, which takes {takes}",
                key.name
            ),
        })
    };
    let takes = match key.kind {
        ScalarAttributeType::N => "a finite number or a numeric string",
        ScalarAttributeType::B => "a Buffer or typed array",
        _ => "a string",
    };
    Ok(Some(match (&key.kind, value) {
        (_, SpecialValue::Missing) => return Ok(None),
        (ScalarAttributeType::S, SpecialValue::Text(text)) => AttributeValue::S(text),
        (ScalarAttributeType::B, SpecialValue::Bytes(bytes)) => AttributeValue::B(Blob::new(bytes)),
        (ScalarAttributeType::N, SpecialValue::Number(number)) if number.is_finite() => {
            AttributeValue::N(number_text(number))
        }
        (ScalarAttributeType::N, SpecialValue::Text(text)) => {
            let text = text.trim();
            match text.parse::<f64>() {
                Ok(number) if number.is_finite() => AttributeValue::N(text.to_owned()),
                _ => return refuse(takes, "a string that is no number"),
            }
        }
        (_, SpecialValue::Number(number)) if !number.is_finite() => {
            return refuse(takes, "a number that is not finite");
        }
        (_, SpecialValue::Number(_)) => return refuse(takes, "a number"),
        (_, SpecialValue::Text(_)) => return refuse(takes, "a string"),
        (_, SpecialValue::Bytes(_)) => return refuse(takes, "bytes"),
        (_, SpecialValue::Other(kind)) => return refuse(takes, &format!("a value of type {kind}")),
    }))
}

#[cfg(test)]
mod tests {
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
            layout.read(item, NOW)
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
}
