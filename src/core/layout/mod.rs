//! The item formats, which convert a session to an item and back: one file for each format. This file
//! has what the formats share.

mod coded;
pub mod connect;
pub mod koa;
pub mod shopify;
pub mod value;

pub use coded::Coded;
pub use connect::ConnectLayout;
pub use koa::KoaLayout;
pub use shopify::ShopifyLayout;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::IgnoredAny;

use super::error::Result;
use super::expiry::{Expires, UnixMillis};
use super::merge::Clock;

/// An item of the table, or the key of one.
pub type Item = HashMap<String, AttributeValue>;

/// A session that is to be written.
#[derive(Clone)]
pub struct Record {
    /// The session's id, without the store's prefix.
    pub sid: String,
    /// The session as JSON.
    pub data: String,
    /// The end of the session; `None` if it never ends.
    pub expires: Option<Expires>,
    /// The values of the special keys, in the order of the layout's special keys.
    pub special: Vec<SpecialValue>,
}

impl Record {
    /// The approximate size of the session's item, in bytes.
    pub fn size(&self) -> usize {
        let special = self.special.iter().map(|value| match value {
            SpecialValue::Text(text) => text.len(),
            SpecialValue::Bytes(bytes) => bytes.len(),
            _ => 0,
        });
        self.data.len() + special.sum::<usize>()
    }
}

/// A session that was read from an item.
#[derive(Clone, PartialEq)]
pub struct Stored {
    /// The session's id, without the store's prefix.
    pub sid: String,
    /// The session as JSON.
    pub data: String,
    /// The end of the session; `None` if it never ends.
    pub expires: Option<UnixMillis>,
}

impl Stored {
    /// Whether the session is a JSON object, so that JavaScript can read it.
    pub fn is_readable(&self) -> bool {
        let is_object = self.data.trim_start().starts_with('{');
        is_object && serde_json::from_str::<IgnoredAny>(&self.data).is_ok()
    }
}

/// The part of a session that its item shows without being decoded.
pub struct Outline {
    /// The session's id, without the store's prefix.
    pub sid: String,
    /// The end of the session; `None` if it never ends.
    pub expires: Option<UnixMillis>,
    /// Whether JavaScript can read the session. An encoded session counts as readable.
    pub is_readable: bool,
}

impl From<Stored> for Outline {
    fn from(stored: Stored) -> Self {
        Self {
            is_readable: stored.is_readable(),
            sid: stored.sid,
            expires: stored.expires,
        }
    }
}

/// The form in which an item holds its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As the replaced package writes it.
    Plain,
    /// As bytes, see [`codec`](crate::core::codec).
    Coded,
}

/// Writes the end of a session to `attribute`, if the session has an end.
fn insert_expires(item: &mut Item, attribute: &str, expires: Option<Expires>) {
    if let Some(expires) = expires {
        item.insert(attribute.to_owned(), AttributeValue::N(expires.to_string()));
    }
}

/// The attributes that this package adds to an item, in the formats that have an end. The replaced
/// packages ignore these attributes, and drop them when they write the session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marks {
    /// The session's version. Each write of the session changes it; a touch does not.
    pub version: Option<String>,
    /// The exact end that the last touch set, in milliseconds. `None` if it does not agree with the
    /// item's `expires`.
    pub end: Option<UnixMillis>,
}

impl Marks {
    /// The attribute that holds the version, of type S.
    pub const VERSION: &str = "_v";

    /// The attribute that holds the exact end in milliseconds since the Unix epoch, of type N.
    pub const END: &str = "_e";

    /// The exact end in an item, even if it does not agree with the item's `expires`.
    pub fn end_of(item: &Item) -> Option<UnixMillis> {
        let end: f64 = item.get(Self::END)?.as_n().ok()?.parse().ok()?;
        end.is_finite().then_some(UnixMillis(end))
    }

    /// The marks of an item whose end is in the attribute `expires`.
    pub fn of(item: &Item, expires: &str) -> Self {
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<f64>().ok();
        let seconds = number(expires);
        let end = Self::end_of(item);
        Self {
            version: item
                .get(Self::VERSION)
                .and_then(|version| version.as_s().ok())
                .cloned(),
            // A replaced package that has touched the session since has changed only `expires`.
            end: end.filter(|end| Some(Expires::at(*end).seconds() as f64) == seconds),
        }
    }
}

/// The session's value of a special key.
#[derive(Clone, PartialEq)]
pub enum SpecialValue {
    /// The session does not have the key.
    Missing,
    /// A string.
    Text(String),
    /// A number.
    Number(f64),
    /// A Buffer or typed array.
    Bytes(Vec<u8>),
    /// A value of a type that special keys cannot store, by the name of the type.
    Other(String),
}

/// A DynamoDB expression: a condition, or the assignments of an update.
#[derive(Clone, Default, PartialEq)]
pub struct Condition {
    /// The expression.
    pub expression: String,
    /// The attributes for its `#names`.
    pub names: HashMap<String, String>,
    /// The values for its `:values`.
    pub values: HashMap<String, AttributeValue>,
}

impl Condition {
    /// The expression, its names and its values, as a request takes them: DynamoDB refuses an empty map of values.
    pub fn into_parts(self) -> (String, HashMap<String, String>, Option<Item>) {
        let values = Some(self.values).filter(|values| !values.is_empty());
        (self.expression, self.names, values)
    }
}

/// Implements `Debug` with the name of a type only, because the type holds a session, a session id or
/// parts of them.
macro_rules! print_names_only {
    ($($name:ident),+) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}

print_names_only!(Record, Stored, Outline, SpecialValue, Condition);

/// An item format.
pub trait Layout: Send + Sync + 'static {
    /// The name of the format. Encrypted sessions are bound to it, so it never changes.
    fn name(&self) -> &'static str;

    /// The attribute that is the table's partition key.
    fn hash_key(&self) -> &str;

    /// The value of the key attribute for a session.
    fn key(&self, sid: &str) -> String;

    /// Whether an item with this key may belong to the store: the key has the store's prefix.
    fn owns_key(&self, _key: &str) -> bool {
        true
    }

    /// The item of a session.
    ///
    /// # Errors
    ///
    /// [`Error::SpecialKey`](super::error::Error::SpecialKey) if a special key is missing, or has a type
    /// that its attribute cannot store; [`Error::Value`](super::error::Error::Value) if a value cannot
    /// be stored.
    fn to_item(&self, record: Record) -> Result<Item>;

    /// The attribute that holds an encoded session, as bytes.
    fn coded_attribute(&self) -> &str;

    /// Replaces the session in an item of [`to_item`](Self::to_item) by an encoded one.
    fn insert_coded(&self, item: &mut Item, bytes: Vec<u8>) {
        let bytes = AttributeValue::B(Blob::new(bytes));
        item.insert(self.coded_attribute().to_owned(), bytes);
    }

    /// The item of a session, for another key. The session and all other attributes stay.
    ///
    /// # Errors
    ///
    /// [`Error::Decrypt`](super::error::Error::Decrypt), from [`Coded`] only.
    fn rekeyed(&self, mut item: Item, key: &str) -> Result<Item> {
        let key = AttributeValue::S(key.to_owned());
        item.insert(self.hash_key().to_owned(), key);
        Ok(item)
    }

    /// The attributes that this package has added to an item.
    fn marks(&self, _item: &Item) -> Marks {
        Marks::default()
    }

    /// The end of the session in an item, without repairs. `None` if the session never ends, or if the
    /// format has no end.
    fn end(&self, item: &Item) -> Option<UnixMillis>;

    /// The session in an item. If an old release has written a wrong end, the end is repaired. `None` if
    /// the item holds no session.
    ///
    /// # Errors
    ///
    /// [`Error::Decrypt`](super::error::Error::Decrypt) and [`Error::Decode`](super::error::Error::Decode),
    /// from [`Coded`] only.
    fn read(&self, item: Item, now: UnixMillis) -> Result<Option<Stored>>;

    /// The session in an item that holds it encoded, with its JSON. `None` if the item holds no session.
    fn read_decoded(&self, item: Item, data: String) -> Option<Stored>;

    /// The session in an item, without its content. If an old release has written a wrong end, the end is
    /// repaired. `None` if the item holds no session.
    fn outline(&self, item: Item, now: UnixMillis) -> Option<Outline> {
        // Only `Coded` fails to read, and it has an `outline` of its own.
        self.read(item, now).ok()?.map(Outline::from)
    }

    /// The attribute that holds the end of sessions. `None` if the format has no end.
    fn end_attribute(&self) -> Option<Arc<str>> {
        None
    }

    /// A condition that holds for the items of this store, and for what is left of its destroyed
    /// sessions, but not for other items in the table.
    fn ours(&self) -> Condition;
}

/// An item format in which a session has an end.
pub trait ExpiringLayout: Layout {
    /// The attribute that holds the end, as [`end_attribute`](Layout::end_attribute).
    fn expires_attribute(&self) -> Arc<str>;

    /// The attribute that holds the session, encoded or not. An item without it is not a session.
    fn data_attribute(&self) -> &str {
        self.coded_attribute()
    }

    /// The keys of the session's JSON that hold its lifetime and its end.
    fn clock(&self) -> &'static Clock;

    /// The keys of the session that are also stored in an attribute of their own.
    fn copied_keys(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The value of [`data_attribute`](Self::data_attribute) for a session as JSON that is not encoded.
    ///
    /// # Errors
    ///
    /// [`Error::Value`](super::error::Error::Value) if a value of the session cannot be stored.
    fn data(&self, json: &str) -> Result<AttributeValue>;

    /// The assignments that a touch makes, in addition to that of the end in seconds. `end` is exact,
    /// and `lifetime` is in milliseconds.
    fn touch(&self, end: UnixMillis, lifetime: f64, form: Form) -> Condition;

    /// The form in which a session is probably stored, by its JSON if it is known.
    fn likely_form(&self, _json: Option<&str>) -> Form {
        Form::Plain
    }

    /// The form of the session in an item.
    fn form(&self, item: &Item) -> Form {
        match item.get(self.data_attribute()) {
            Some(AttributeValue::B(_)) => Form::Coded,
            _ => Form::Plain,
        }
    }

    /// A condition that holds for items in this form. `None` if the assignments of a touch are the same in
    /// both forms.
    fn form_condition(&self, _form: Form) -> Option<Condition> {
        None
    }
}

/// A number as its shortest text: `5`, `0.1`, `1e100`.
pub(crate) fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
        (number as i64).to_string()
    } else {
        serde_json::Value::from(number).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_do_not_print() {
        let text = || "hunter2".to_owned();
        let record = Record {
            sid: text(),
            data: text(),
            expires: None,
            special: vec![SpecialValue::Text(text())],
        };
        let stored = Stored {
            sid: text(),
            data: text(),
            expires: None,
        };
        let condition = Condition {
            values: Item::from([(":data".to_owned(), AttributeValue::S(text()))]),
            ..Condition::default()
        };
        let bytes = SpecialValue::Bytes(b"hunter2".to_vec());
        let printed = format!("{record:?}{stored:#?}{condition:?}{bytes:?}");
        assert!(!printed.contains("hunter2"), "{printed}");
        assert!(!printed.contains("104, 117"), "{printed}");
    }

    #[test]
    fn numbers_are_written_short() {
        for (number, text) in [
            (5.0, "5"),
            (-0.5, "-0.5"),
            (1e21, "1e+21"),
            (9_007_199_254_740_991.0, "9007199254740991"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }
}
