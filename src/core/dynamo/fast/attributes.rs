//! Attributes as DynamoDB's JSON: each value is an object with one member, whose name is the type.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::{self, SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};

type Item = HashMap<String, AttributeValue>;

/// Attributes to serialize.
pub struct Attributes<'a>(pub &'a Item);

impl<'a> From<&'a Item> for Attributes<'a> {
    fn from(item: &'a Item) -> Self {
        Self(item)
    }
}

/// Deserialized attributes.
pub struct Found(pub Item);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Written(value))))
    }
}

struct Written<'a>(&'a AttributeValue);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self.0 {
            AttributeValue::S(text) => map.serialize_entry("S", text),
            AttributeValue::N(number) => map.serialize_entry("N", number),
            AttributeValue::B(bytes) => map.serialize_entry("B", &STANDARD.encode(bytes)),
            AttributeValue::Bool(value) => map.serialize_entry("BOOL", value),
            AttributeValue::Null(value) => map.serialize_entry("NULL", value),
            AttributeValue::M(values) => map.serialize_entry("M", &Attributes(values)),
            AttributeValue::L(values) => {
                let values: Vec<_> = values.iter().map(Written).collect();
                map.serialize_entry("L", &values)
            }
            AttributeValue::Ss(texts) => map.serialize_entry("SS", texts),
            AttributeValue::Ns(numbers) => map.serialize_entry("NS", numbers),
            AttributeValue::Bs(all) => {
                let all: Vec<_> = all.iter().map(|bytes| STANDARD.encode(bytes)).collect();
                map.serialize_entry("BS", &all)
            }
            _ => Err(ser::Error::custom("a type that is not known here")),
        }?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FoundVisitor;

        impl<'de> Visitor<'de> for FoundVisitor {
            type Value = Found;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("attributes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
                let mut item = Item::with_capacity(map.size_hint().unwrap_or(4));
                while let Some((name, Read(value))) = map.next_entry()? {
                    item.insert(name, value);
                }
                Ok(Found(item))
            }
        }

        deserializer.deserialize_map(FoundVisitor)
    }
}

struct Read(AttributeValue);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "UPPERCASE")]
enum Type {
    S,
    N,
    B,
    Bool,
    Null,
    M,
    L,
    Ss,
    Ns,
    Bs,
}

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ReadVisitor;

        impl<'de> Visitor<'de> for ReadVisitor {
            type Value = Read;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value named by its type")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
                let kind = map.next_key()?;
                let kind = kind.ok_or_else(|| de::Error::invalid_length(0, &self))?;
                let value = match kind {
                    Type::S => AttributeValue::S(map.next_value()?),
                    Type::N => AttributeValue::N(map.next_value()?),
                    Type::B => AttributeValue::B(blob(map.next_value()?)?),
                    Type::Bool => AttributeValue::Bool(map.next_value()?),
                    Type::Null => AttributeValue::Null(map.next_value()?),
                    Type::M => {
                        let Found(values) = map.next_value()?;
                        AttributeValue::M(values)
                    }
                    Type::L => {
                        let values: Vec<Read> = map.next_value()?;
                        AttributeValue::L(values.into_iter().map(|Read(value)| value).collect())
                    }
                    Type::Ss => AttributeValue::Ss(map.next_value()?),
                    Type::Ns => AttributeValue::Ns(map.next_value()?),
                    Type::Bs => {
                        let all: Vec<String> = map.next_value()?;
                        AttributeValue::Bs(all.into_iter().map(blob).collect::<Result<_, _>>()?)
                    }
                };
                match map.next_key::<Type>()? {
                    None => Ok(Read(value)),
                    Some(_) => Err(de::Error::invalid_length(2, &self)),
                }
            }
        }

        deserializer.deserialize_map(ReadVisitor)
    }
}

fn blob<E: de::Error>(text: String) -> Result<Blob, E> {
    let bytes = STANDARD.decode(text).map_err(de::Error::custom)?;
    Ok(Blob::new(bytes))
}
