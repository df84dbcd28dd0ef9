//! JSON to DynamoDB's types and back, for formats that keep a session as a map.
//!
//! Bytes have no form in JSON. Between `lib/` and here they are an object whose only key is
//! [`BYTES`], with base64 under it, and BigInts one whose only key is [`BIG`]; a key of the session's own that begins with U+0000 gets
//! another U+0000 before it, so that nothing a session holds is taken for it.

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

/// The key that stands for bytes.
const BYTES: &str = "\0B";

/// The key that stands for a BigInt, with its digits under it.
const BIG: &str = "\0N";

/// Beyond this, not every whole number is a number of JavaScript.
const LARGEST_EXACT: f64 = 9_007_199_254_740_991.0;

/// How numbers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// As numbers of JavaScript, whatever precision that costs.
    Plain,
    /// Whole numbers that are too large for that as BigInts.
    Exact,
}

/// How many maps and lists DynamoDB lets stand in each other, the attribute itself included: with
/// the item around them, they are its 32 levels.
const DEEPEST: usize = 31;

/// The numbers that DynamoDB holds lie between these two, in absolute value.
const SMALLEST: f64 = 1e-130;
const BEYOND_LARGEST: f64 = 1e126;

/// Where in a session a value stands.
enum Path<'p> {
    Session,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    /// How many maps and lists are around a value there, the attribute's own included.
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

/// The attribute for a session given as JSON.
///
/// # Errors
///
/// [`Error::Value`] names what DynamoDB cannot hold, by its path in the session.
pub fn from_json(json: &str) -> Result<AttributeValue> {
    let refused = Cell::new(None);
    let seed = Value {
        path: &Path::Session,
        refused: &refused,
    };
    let parsed = seed.deserialize(&mut serde_json::Deserializer::from_str(json));
    parsed.map_err(|_| refused.take().unwrap_or_else(|| malformed(&Path::Session)))
}

/// What JavaScript writes is JSON but for one thing: text with half of a surrogate pair in it,
/// which is no Unicode.
fn malformed(path: &Path) -> Error {
    Error::Value {
        path: path.to_string(),
        reason: "is text that is not well-formed Unicode",
    }
}

/// Reads a value of JSON as an attribute. What DynamoDB cannot hold is told by way of `refused`:
/// the parser's own errors can carry no more than a text.
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

    /// Notes where the parser failed, unless a value inside has been refused already.
    fn locate<E>(&self, error: E) -> E {
        let refused = self.refused.take();
        let refused = refused.unwrap_or_else(|| malformed(self.path));
        self.refused.set(Some(refused));
        error
    }

    /// A map or a list around further values.
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

/// The JSON of an attribute. A set becomes a list, as JSON has no sets.
///
/// The keys of a map are sorted, so that an unchanged session has the same text at each read. DynamoDB
/// keeps no order of its own, and the SDK reads a map as a [`HashMap`], whose order is another one in
/// each.
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
            // Null, and whatever DynamoDB may learn to hold one day.
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
        // Writing to a String cannot fail, and `Value` is how serde_json writes to one.
        let _ = write!(self.json, "{}", serde_json::Value::from(text));
    }

    fn bytes(&mut self, bytes: &Blob) {
        self.json.push_str("{\"\\u0000B\":\"");
        BASE64.encode_string(bytes, self.json);
        self.json.push_str("\"}");
    }

    /// DynamoDB writes numbers as JSON does; any other text is no number.
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
