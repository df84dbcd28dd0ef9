//! The item format of connect-dynamodb 1.0.12 to 3.0.5.
//!
//! | attribute | type | holds |
//! |---|---|---|
//! | the hash key (`id`) | S | prefix and session id |
//! | `expires` | N | see [`expiry`](crate::core::expiry) |
//! | `type` | S | `connect-session` |
//! | `sess` | S | the session as JSON; of type B if it is encoded, see [`codec`](crate::core::codec) |
//! | each special key | S, N or B | the session's value under that key |

use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};

use super::{
    Condition, ExpiringLayout, Form, Item, Layout, Marks, Record, SpecialValue, Stored,
    insert_expires, number_text,
};
use crate::core::error::{Error, InvalidOption, Result};
use crate::core::expiry::{self, Lifetime, UnixMillis};
use crate::core::merge::Clock;
use crate::core::options::{AttributeName, SpecialKey};

const EXPIRES: &str = "expires";
const TYPE: &str = "type";
const SESS: &str = "sess";
const TYPE_VALUE: &str = "connect-session";

/// The cookie of express-session. Only the cookie of @fastify/session has `originalExpires`.
static COOKIE: Clock = Clock {
    within: Some("cookie"),
    lifetime: "originalMaxAge",
    keys: &["originalMaxAge", "expires", "originalExpires"],
};

/// The item format of connect-dynamodb, see the [module](self).
#[derive(Debug, Clone)]
pub struct ConnectLayout {
    hash_key: AttributeName,
    prefix: String,
    special_keys: Vec<SpecialKey>,
    skip_missing: bool,
    /// [`EXPIRES`], shared by all operations.
    expires: Arc<str>,
}

impl ConnectLayout {
    /// A layout with `hash_key`, `prefix` and special keys as `(name, type)`. If a session lacks a
    /// special key, [`Layout::to_item`] fails, unless `skip_missing`.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`] names the option that is invalid.
    pub fn new(
        hash_key: &str,
        prefix: &str,
        special_keys: &[(String, String)],
        skip_missing: bool,
    ) -> Result<Self, InvalidOption> {
        let fixed = [EXPIRES, TYPE, SESS, Marks::VERSION, Marks::END];
        let hash_key = AttributeName::new("hashKey", hash_key)?;
        if fixed.contains(&hash_key.as_str()) {
            return Err(InvalidOption::new(
                "hashKey",
                "must not be \"expires\", \"type\", \"sess\", \"_v\" or \"_e\": the store uses these attributes",
            ));
        }
        // A partition key has at most 2,048 bytes in DynamoDB, and the session id needs some of them.
        if prefix.len() > 1024 {
            return Err(InvalidOption::new("prefix", "must have at most 1024 bytes"));
        }
        let taken = [&[hash_key.as_str()], &fixed[..]].concat();
        let mut keys: Vec<SpecialKey> = Vec::with_capacity(special_keys.len());
        for (index, (name, kind)) in special_keys.iter().enumerate() {
            let option = format!("specialKeys[{index}]");
            let key = SpecialKey::new(&option, name, kind, &taken)?;
            if keys.iter().any(|other| other.name == key.name) {
                return Err(InvalidOption::new(
                    format!("{option}.name"),
                    "must not be the name of another special key",
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
    fn name(&self) -> &'static str {
        "connect"
    }

    fn hash_key(&self) -> &str {
        self.hash_key.as_str()
    }

    fn key(&self, sid: &str) -> String {
        format!("{}{sid}", self.prefix)
    }

    fn owns_key(&self, key: &str) -> bool {
        key.starts_with(&self.prefix)
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

    fn coded_attribute(&self) -> &str {
        SESS
    }

    fn marks(&self, item: &Item) -> Marks {
        Marks::of(item, EXPIRES)
    }

    fn end(&self, item: &Item) -> Option<UnixMillis> {
        expiry::read(item.get(EXPIRES)?.as_n().ok()?)
    }

    fn read(&self, mut item: Item, now: UnixMillis) -> Result<Option<Stored>> {
        // connect-dynamodb 3.0.2 writes neither of the two.
        let is_of_3_0_2 = !item.contains_key(Marks::VERSION) && !item.contains_key(Marks::END);
        let Some(AttributeValue::S(sess)) = item.remove(SESS) else {
            return Ok(None);
        };
        let Some(mut stored) = self.read_decoded(item, sess) else {
            return Ok(None);
        };
        if is_of_3_0_2 {
            stored.expires = repaired_end(&stored.data, stored.expires, now);
        }
        Ok(Some(stored))
    }

    fn read_decoded(&self, mut item: Item, data: String) -> Option<Stored> {
        let expires = self.end(&item);
        let AttributeValue::S(id) = item.remove(self.hash_key.as_str())? else {
            return None;
        };
        Some(Stored {
            sid: id.strip_prefix(&self.prefix)?.to_owned(),
            data,
            expires,
        })
    }

    fn end_attribute(&self) -> Option<Arc<str>> {
        Some(self.expires_attribute())
    }

    /// Items of the type `connect-session` under the prefix, and items with only `id` and `expires`,
    /// which connect-dynamodb's `touch` made of destroyed sessions.
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
        // DynamoDB refuses an empty string in `begins_with`.
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

impl ExpiringLayout for ConnectLayout {
    fn expires_attribute(&self) -> Arc<str> {
        Arc::clone(&self.expires)
    }

    fn clock(&self) -> &'static Clock {
        &COOKIE
    }

    fn data(&self, json: &str) -> Result<AttributeValue> {
        Ok(AttributeValue::S(json.to_owned()))
    }

    /// An update expression cannot change the cookie inside the session's text, so the exact end has an
    /// attribute of its own.
    fn touch(&self, end: UnixMillis, _lifetime: f64, _form: Form) -> Condition {
        let end = AttributeValue::N(number_text(end.0));
        Condition {
            expression: "#end = :end".into(),
            names: [("#end".to_owned(), Marks::END.to_owned())].into(),
            values: [(":end".to_owned(), end)].into(),
        }
    }

    fn copied_keys(&self) -> Vec<&str> {
        let keys = self.special_keys.iter();
        keys.map(|key| key.name.as_str()).collect()
    }
}

/// The session in the attributes `sess` and `expires`. `None` if there is no session or it has ended.
///
/// This is `getParsedSession` of connect-dynamodb, which users call on items that they have read
/// themselves.
pub fn session(sess: Option<String>, expires: Option<&str>, now: UnixMillis) -> Option<String> {
    let data = sess?;
    let end = repaired_end(&data, expires.and_then(expiry::read), now);
    (!expiry::has_passed(end, now)).then_some(data)
}

/// The end of a session. connect-dynamodb 3.0.2 has written wrong ends.
fn repaired_end(sess: &str, end: Option<UnixMillis>, now: UnixMillis) -> Option<UnixMillis> {
    let written = end.filter(|written| !expiry::has_passed(Some(*written), now));
    let repaired = written.and_then(|written| {
        let lifetime = Lifetime::of_session(sess)?;
        Some(lifetime.repair(written, now))
    });
    repaired.or(end)
}

/// The attribute of a special key. `N` takes numbers and numeric strings, `S` strings, `B` bytes.
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
                _ => return refuse(takes, "a string that is not a number"),
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
mod tests;
