//! Session to item and back: what each item format shares. One file for each format.

pub mod connect;
pub mod koa;
pub mod shopify;
pub mod value;

pub use connect::ConnectLayout;
pub use koa::KoaLayout;
pub use shopify::ShopifyLayout;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;

use super::error::Result;
use super::expiry::{self, Expires, UnixMillis};
use super::merge::Clock;

/// An item of the table, or the key of one.
pub type Item = HashMap<String, AttributeValue>;

/// A session on its way into the table.
#[derive(Clone)]
pub struct Record {
    /// The session's id, without the store's prefix.
    pub sid: String,
    /// The session as JSON.
    pub data: String,
    /// When it ends; `None` for one that never does.
    pub expires: Option<Expires>,
    /// The values of the special keys, in the order in which the layout was given the keys.
    pub special: Vec<SpecialValue>,
}

impl Record {
    /// How large its item is, in bytes and about.
    pub fn size(&self) -> usize {
        let special = self.special.iter().map(|value| match value {
            SpecialValue::Text(text) => text.len(),
            SpecialValue::Bytes(bytes) => bytes.len(),
            _ => 0,
        });
        self.data.len() + special.sum::<usize>()
    }
}

/// A session as it was found in the table.
#[derive(Clone, PartialEq)]
pub struct Stored {
    /// The session's id, without the store's prefix.
    pub sid: String,
    /// The session as JSON.
    pub data: String,
    /// When it ends; `None` for one that never does.
    pub expires: Option<UnixMillis>,
}

/// Writes the end of a session to `attribute`, where it has one.
fn insert_expires(item: &mut Item, attribute: &str, expires: Option<Expires>) {
    if let Some(expires) = expires {
        item.insert(attribute.to_owned(), AttributeValue::N(expires.to_string()));
    }
}

/// What this package writes beside a session, in every format that keeps the end of one. The replaced
/// packages ignore it, and drop it when they write the session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marks {
    /// The session's version: another one with each write of the session, not with a touch.
    pub version: Option<String>,
    /// The end that the last touch gave the session, to the millisecond, as long as it agrees with
    /// the item's `expires`.
    pub end: Option<UnixMillis>,
}

impl Marks {
    /// The attribute that holds the version, of type S.
    pub const VERSION: &str = "_v";

    /// The attribute that holds the exact end, of type N: milliseconds since the Unix epoch.
    pub const END: &str = "_e";

    /// The marks of an item whose end is in the attribute `expires`.
    pub fn of(item: &Item, expires: &str) -> Self {
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<f64>().ok();
        let seconds = number(expires);
        let end = number(Self::END).map(UnixMillis);
        Self {
            version: item
                .get(Self::VERSION)
                .and_then(|version| version.as_s().ok())
                .cloned(),
            // A replaced package that has touched the session since knows nothing of it.
            end: end.filter(|end| Some(Expires::at(*end).seconds() as f64) == seconds),
        }
    }
}

/// The value that a session has under a special key.
#[derive(Clone, PartialEq)]
pub enum SpecialValue {
    /// The session has no such key.
    Missing,
    /// A string.
    Text(String),
    /// A number.
    Number(f64),
    /// A Buffer or typed array.
    Bytes(Vec<u8>),
    /// A value of a type that no special key takes, by the name of the type.
    Other(String),
}

/// The parts of a DynamoDB expression on items.
#[derive(Clone, Default, PartialEq)]
pub struct Condition {
    /// The expression.
    pub expression: String,
    /// What its `#names` stand for.
    pub names: HashMap<String, String>,
    /// What its `:values` stand for.
    pub values: HashMap<String, AttributeValue>,
}

/// Has types print their names only: they hold sessions, ids of sessions or parts of them.
macro_rules! print_names_only {
    ($($name:ident),+) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}

print_names_only!(Record, Stored, SpecialValue, Condition);

/// An item format.
pub trait Layout: Send + Sync + 'static {
    /// The attribute that is the table's key.
    fn hash_key(&self) -> &str;

    /// The value of the key attribute for a session.
    fn key(&self, sid: &str) -> String;

    /// The item of a session.
    ///
    /// # Errors
    ///
    /// [`Error::SpecialKey`](super::error::Error::SpecialKey) where a special key is missing or of
    /// a type that its attribute cannot hold.
    fn to_item(&self, record: Record) -> Result<Item>;

    /// What this package has written beside the session in an item.
    fn marks(&self, _item: &Item) -> Marks {
        Marks::default()
    }

    /// The session in an item, its end repaired where an old release wrote it wrong. `None` for an
    /// item that holds none.
    fn read(&self, item: Item, now: UnixMillis) -> Option<Stored>;
}

/// An item format that keeps the end of a session, after which it is none.
pub trait ExpiringLayout: Layout {
    /// The attribute that holds the end.
    fn expires_attribute(&self) -> Arc<str>;

    /// The attribute without which an item is no session.
    fn data_attribute(&self) -> &str;

    /// The end of the session in an item, as it stands there.
    fn end(&self, item: &Item) -> Option<UnixMillis> {
        let expires = item.get(&*self.expires_attribute())?;
        expiry::read(expires.as_n().ok()?)
    }

    /// Where the lifetime and the end of a session stand in its JSON.
    fn clock(&self) -> &'static Clock;

    /// The keys of the session that are stored in an attribute of their own as well.
    fn copied_keys(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The attribute that holds the session, for a session as JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Value`](super::error::Error::Value) where it cannot be written in this format.
    fn data(&self, json: &str) -> Result<AttributeValue>;

    /// What a touch changes beside the attribute of the end: the assignments of an update
    /// expression. `end` is exact, `lifetime` in milliseconds.
    fn touch(&self, end: UnixMillis, lifetime: f64) -> Condition;

    /// A condition that holds for the items of this format and this store, and for what is left
    /// of them, among everything else that may be in the table.
    fn ours(&self) -> Condition;
}

/// A number in the shortest form that reads back as itself: `5`, `0.1`, `1e100`.
fn number_text(number: f64) -> String {
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
