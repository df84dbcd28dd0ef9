//! Converts JSON to DynamoDB's types and back, for formats that store a session as a map.
//!
//! JSON has no bytes and no BigInts. Between `lib/` and this file, bytes are an object with the only key
//! [`BYTES`] and a value in base64. A BigInt is an object with the only key [`BIG`] and its digits. If a
//! key of the session begins with U+0000, another U+0000 is put before it, so that the key differs from
//! these two.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::{self, Write};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::number_text;
use crate::core::error::{Error, Result};

/// The key of an object that stands for bytes.
const BYTES: &str = "\0B";

/// The key of an object that stands for a BigInt.
const BIG: &str = "\0N";

/// The largest whole number up to which JavaScript represents all whole numbers exactly.
const LARGEST_EXACT: f64 = 9_007_199_254_740_991.0;

/// The way in which numbers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// As JavaScript numbers, even if they lose precision.
    Plain,
    /// As BigInts if they are whole and too large for an exact JavaScript number, else as JavaScript
    /// numbers.
    Exact,
}

/// The largest depth of nested maps and lists, the session's attribute included. With the item around
/// them, these are DynamoDB's 32 levels.
const DEEPEST: usize = 31;

/// The absolute value of a number in DynamoDB is 0, or at least the first and less than the second of
/// these.
const SMALLEST: f64 = 1e-130;
const BEYOND_LARGEST: f64 = 1e126;

/// The place of a value in a session.
enum Path<'p> {
    Session,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    /// The number of maps and lists around the value, the session included.
    fn depth(&self) -> usize {
        match self {
            Self::Session => 0,
            Self::Key(parent, _) | Self::Index(parent, _) => parent.depth() + 1,
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => f.write_str("session"),
            Self::Key(parent, key) => {
                let mut characters = key.chars();
                let plain = characters
                    .next()
                    .is_some_and(|c| c.is_alphabetic() || c == '_')
                    && characters.all(|c| c.is_alphanumeric() || c == '_');
                if plain {
                    write!(f, "{parent}.{key}")
                } else {
                    write!(f, "{parent}[{key:?}]")
                }
            }
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Converts a session from JSON to an attribute.
///
/// # Errors
///
/// [`Error::Value`] names the value that DynamoDB cannot store, by its path in the session.
pub fn from_json(json: &str) -> Result<AttributeValue> {
    let refused = Cell::new(None);
    let seed = Value {
        path: &Path::Session,
        refused: &refused,
    };
    let parsed = seed.deserialize(&mut serde_json::Deserializer::from_str(json));
    parsed.map_err(|_| refused.take().unwrap_or_else(|| malformed(&Path::Session)))
}

/// The error for text that serde_json refuses. JavaScript writes valid JSON, except for text with half a
/// surrogate pair, which is not valid Unicode.
fn malformed(path: &Path) -> Error {
    Error::Value {
        path: path.to_string(),
        reason: "is text that is not well-formed Unicode",
    }
}

/// Reads a JSON value as an attribute. An error that names a value is passed on in `refused`, because
/// the parser's error type holds text only.
#[derive(Clone, Copy)]
struct Value<'p> {
    path: &'p Path<'p>,
    refused: &'p Cell<Option<Error>>,
}

impl Value<'_> {
    fn refuse<E: serde::de::Error>(&self, reason: &'static str) -> E {
        self.refused.set(Some(Error::Value {
            path: self.path.to_string(),
            reason,
        }));
        E::custom(reason)
    }

    /// Notes where the parser has failed, unless the error of a nested value is already noted.
    fn locate<E>(&self, error: E) -> E {
        let refused = self.refused.take();
        let refused = refused.unwrap_or_else(|| malformed(self.path));
        self.refused.set(Some(refused));
        error
    }

    /// Refuses a map or a list that is nested too deep.
    fn check_depth<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.path.depth() < DEEPEST {
            Ok(())
        } else {
            Err(self.refuse("is nested deeper than the 32 levels that DynamoDB can hold"))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = AttributeValue;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<AttributeValue, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = AttributeValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Null(true))
    }

    fn visit_bool<E>(self, value: bool) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<AttributeValue, E> {
        Ok(AttributeValue::N(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<AttributeValue, E> {
        Ok(AttributeValue::N(value.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<AttributeValue, E> {
        if value != 0.0 && !(SMALLEST..BEYOND_LARGEST).contains(&value.abs()) {
            return Err(self.refuse("is a number that DynamoDB cannot hold"));
        }
        Ok(AttributeValue::N(number_text(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<AttributeValue, E> {
        Ok(AttributeValue::S(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<AttributeValue, E> {
        Ok(AttributeValue::S(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AttributeValue, A::Error> {
        self.check_depth()?;
        let mut values = Vec::new();
        loop {
            let path = Path::Index(self.path, values.len());
            let seed = Value {
                path: &path,
                refused: self.refused,
            };
            match list
                .next_element_seed(seed)
                .map_err(|error| seed.locate(error))?
            {
                Some(value) => values.push(value),
                None => return Ok(AttributeValue::L(values)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AttributeValue, A::Error> {
        let mut values = HashMap::new();
        while let Some(mut key) = map.next_key::<String>()? {
            if key == BYTES {
                let bytes = BASE64.decode(map.next_value::<String>()?);
                let bytes = bytes.map_err(|_| A::Error::custom("base64"))?;
                return Ok(AttributeValue::B(Blob::new(bytes)));
            }
            if key == BIG {
                let digits = map.next_value::<String>()?;
                return Ok(AttributeValue::N(digits));
            }
            self.check_depth()?;
            if key.starts_with('\0') {
                key.remove(0);
            }
            let path = Path::Key(self.path, &key);
            let seed = Value {
                path: &path,
                refused: self.refused,
            };
            if key.is_empty() {
                return Err(seed.refuse("has an empty key, which DynamoDB cannot hold"));
            }
            let value = map
                .next_value_seed(seed)
                .map_err(|error| seed.locate(error))?;
            values.insert(key, value);
        }
        self.check_depth()?;
        Ok(AttributeValue::M(values))
    }
}

/// Converts an attribute to JSON. JSON has no sets, so a set becomes a list.
///
/// The keys of a map are sorted, so that an unchanged session has the same text at each read: DynamoDB
/// keeps no order of keys, and each [`HashMap`] of the SDK has an order of its own.
pub fn to_json(value: &AttributeValue, numbers: Numbers) -> String {
    let mut json = String::new();
    Writer {
        json: &mut json,
        numbers,
    }
    .write(value);
    json
}

struct Writer<'j> {
    json: &'j mut String,
    numbers: Numbers,
}

impl Writer<'_> {
    fn write(&mut self, value: &AttributeValue) {
        match value {
            AttributeValue::S(text) => self.text(text),
            AttributeValue::N(number) => self.number(number),
            AttributeValue::Bool(true) => self.json.push_str("true"),
            AttributeValue::Bool(false) => self.json.push_str("false"),
            AttributeValue::B(bytes) => self.bytes(bytes),
            AttributeValue::L(values) => self.list(values, Self::write),
            AttributeValue::Ss(texts) => self.list(texts, |writer, text| writer.text(text)),
            AttributeValue::Ns(all) => self.list(all, |writer, number| writer.number(number)),
            AttributeValue::Bs(all) => self.list(all, Self::bytes),
            AttributeValue::M(values) => self.map(values),
            // Null, and types that DynamoDB may add later.
            _ => self.json.push_str("null"),
        }
    }

    fn map(&mut self, values: &HashMap<String, AttributeValue>) {
        let mut entries: Vec<_> = values.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| key.as_str());
        self.json.push('{');
        for (index, (key, value)) in entries.into_iter().enumerate() {
            if index > 0 {
                self.json.push(',');
            }
            if key.starts_with('\0') {
                self.text(&format!("\0{key}"));
            } else {
                self.text(key);
            }
            self.json.push(':');
            self.write(value);
        }
        self.json.push('}');
    }

    fn list<T>(&mut self, values: &[T], write: impl Fn(&mut Self, &T)) {
        self.json.push('[');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.json.push(',');
            }
            write(self, value);
        }
        self.json.push(']');
    }

    fn text(&mut self, text: &str) {
        // Writing to a String cannot fail. The `Display` of `Value` quotes and escapes the text.
        let _ = write!(self.json, "{}", serde_json::Value::from(text));
    }

    fn bytes(&mut self, bytes: &Blob) {
        self.json.push_str("{\"\\u0000B\":\"");
        BASE64.encode_string(bytes, self.json);
        self.json.push_str("\"}");
    }

    /// DynamoDB writes numbers in JSON's syntax. Other text is not a number, and becomes `null`.
    fn number(&mut self, number: &str) {
        let Ok(value) = serde_json::from_str::<f64>(number) else {
            return self.json.push_str("null");
        };
        let whole = number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
        if self.numbers == Numbers::Exact && whole && value.abs() > LARGEST_EXACT {
            let _ = write!(self.json, "{{\"\\u0000N\":\"{number}\"}}");
        } else {
            self.json.push_str(number);
        }
    }
}

#[cfg(test)]
mod tests;
