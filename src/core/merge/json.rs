//! JSON objects as JavaScript reads them, with their values as text.
//!
//! JSON text may hold values that Rust's types cannot: half a surrogate pair, or a number of any size.
//! Two writers may also spell one value differently. So a comparison reads both values as JavaScript
//! does.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Values nested deeper than this are compared as text.
const DEEPEST: usize = 128;

/// A key of an object.
pub struct Key<'j> {
    /// The key as it stands in the JSON text, with its quotes.
    written: &'j str,
    name: Cow<'j, str>,
}

impl<'j> Key<'j> {
    fn of(written: &'j RawValue) -> Self {
        let written = written.get();
        Self {
            written,
            name: name(written),
        }
    }

    /// Whether this is the key `name`.
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }
}

/// The name that a key spells. Half a surrogate pair is kept as an escape, and each backslash is
/// doubled, so that different keys have different names.
fn name(written: &str) -> Cow<'_, str> {
    let plain = written.trim_matches('"');
    if !plain.contains('\\') {
        return Cow::Borrowed(plain);
    }
    let mut name = String::with_capacity(plain.len());
    for unit in char::decode_utf16(units(written).unwrap_or_default()) {
        match unit {
            Ok('\\') => name.push_str("\\\\"),
            Ok(character) => name.push(character),
            Err(half) => name.push_str(&format!("\\{:04x}", half.unpaired_surrogate())),
        }
    }
    Cow::Owned(name)
}

/// The keys and values of an object, in their order. If a key is repeated, its last value counts, as in
/// JavaScript.
pub struct Entries<'j> {
    keys: Vec<Key<'j>>,
    values: HashMap<Cow<'j, str>, &'j RawValue>,
}

impl<'j> Entries<'j> {
    /// The entries of an object; `None` if `json` is not an object.
    pub fn of(json: &'j str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The value of the key `name`.
    pub fn get(&self, name: &str) -> Option<&'j RawValue> {
        self.values.get(name).copied()
    }

    /// The value of a key that has the same name as `key`.
    pub fn find(&self, key: &Key<'_>) -> Option<&'j RawValue> {
        self.get(&key.name)
    }

    /// Each key with its value; a repeated key comes once.
    pub fn iter(&self) -> impl Iterator<Item = (&Key<'j>, &'j RawValue)> {
        self.keys
            .iter()
            .filter_map(|key| Some((key, self.find(key)?)))
    }

    fn len(&self) -> usize {
        self.keys.len()
    }
}

/// Writes an object.
#[derive(Default)]
pub struct Object(String);

impl Object {
    /// Writes a key and its value. Without a value, it leaves out the key.
    pub fn extend(&mut self, key: &Key<'_>, value: Option<Cow<'_, str>>) {
        if let Some(value) = value {
            self.0.push(if self.0.is_empty() { '{' } else { ',' });
            self.0.push_str(key.written);
            self.0.push(':');
            self.0.push_str(&value);
        }
    }

    /// The object as JSON.
    pub fn finish(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }
}

/// Whether JavaScript reads the two values as equal, however they are spelt.
pub fn is_same(one: Option<&RawValue>, other: Option<&RawValue>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => is_same_value(one, other, 0),
        _ => false,
    }
}

fn is_same_value(one: &RawValue, other: &RawValue, depth: usize) -> bool {
    if one.get() == other.get() {
        return true;
    }
    if depth == DEEPEST {
        return false;
    }
    match (Value::of(one), Value::of(other)) {
        (Some(Value::List(one)), Some(Value::List(other))) => {
            one.len() == other.len() && { one.into_iter().zip(other) }
                .all(|(one, other)| is_same_value(one, other, depth + 1))
        }
        (Some(Value::Map(one)), Some(Value::Map(other))) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| {
                    let other = other.find(key);
                    other.is_some_and(|other| is_same_value(value, other, depth + 1))
                })
        }
        (Some(one), Some(other)) => one.is_same_scalar(&other),
        _ => false,
    }
}

/// A value, parsed one level deep.
enum Value<'j> {
    /// `null`, and a number that is too large for JavaScript: JavaScript reads it as infinity and writes
    /// `null`.
    Null,
    Bool(bool),
    Number(f64),
    Text(Vec<u16>),
    List(Vec<&'j RawValue>),
    Map(Entries<'j>),
}

impl<'j> Value<'j> {
    fn of(value: &'j RawValue) -> Option<Self> {
        let json = value.get();
        Some(match json.as_bytes().first()? {
            b'n' => Self::Null,
            b't' => Self::Bool(true),
            b'f' => Self::Bool(false),
            b'"' => Self::Text(units(json)?),
            b'[' => Self::List(serde_json::from_str::<List<'j>>(json).ok()?.0),
            b'{' => Self::Map(Entries::of(json)?),
            _ => match json.parse() {
                Ok(number) if f64::is_finite(number) => Self::Number(number),
                _ => Self::Null,
            },
        })
    }

    fn is_same_scalar(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Number(one), Self::Number(other)) => one == other,
            (Self::Text(one), Self::Text(other)) => one == other,
            _ => false,
        }
    }
}

/// The UTF-16 code units of a JSON string; `None` if `json` is not a string.
fn units(json: &str) -> Option<Vec<u16>> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    let mut units = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            continue;
        }
        units.push(match characters.next()? {
            'b' => 0x08,
            't' => 0x09,
            'n' => 0x0A,
            'f' => 0x0C,
            'r' => 0x0D,
            'u' => {
                let digits: String = characters.by_ref().take(4).collect();
                u16::from_str_radix(&digits, 16).ok()?
            }
            other => u16::try_from(u32::from(other)).ok()?,
        });
    }
    Some(units)
}

impl<'de: 'j, 'j> Deserialize<'de> for Entries<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut keys, mut values) = (Vec::new(), HashMap::new());
                while let Some((key, value)) = map.next_entry()? {
                    let key = Key::of(key);
                    if values.insert(key.name.clone(), value).is_none() {
                        keys.push(key);
                    }
                }
                Ok(Entries { keys, values })
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// The values of an array.
struct List<'j>(Vec<&'j RawValue>);

impl<'de: 'j, 'j> Deserialize<'de> for List<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;

        impl<'de> Visitor<'de> for Array {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(values)
            }
        }

        deserializer.deserialize_seq(Array).map(Self)
    }
}
