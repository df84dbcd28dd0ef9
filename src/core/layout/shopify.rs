//! The item format of `@shopify/shopify-app-session-storage-dynamodb`.
//!
//! Each property of a session is an attribute: `id`, `shop`, `state`, `isOnline`, `scope`,
//! `accessToken`, `expires` and `refreshTokenExpires` (ISO text), `refreshToken`, `onlineAccessInfo` (a
//! map). An item may also have a numeric attribute for DynamoDB's time to live, which is not a property
//! of the session.
//!
//! The item of an encoded session has `id`, `shop`, the attribute for time to live, and `_s`, which holds
//! all properties.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::value::{Numbers, from_json, to_json};
use super::{Condition, Item, Layout, Record, Stored, insert_expires};
use crate::core::error::{Error, InvalidOption, Result};
use crate::core::expiry::UnixMillis;
use crate::core::options::AttributeName;

const ID: &str = "id";

/// The partition key of the index.
pub const SHOP: &str = "shop";

const IS_ONLINE: &str = "isOnline";

/// The attribute of an encoded session, of type B.
const CODED: &str = "_s";

/// The properties of a session. The attribute for time to live must have another name.
const PROPERTIES: [&str; 10] = [
    ID,
    SHOP,
    "state",
    IS_ONLINE,
    "scope",
    "accessToken",
    "expires",
    "refreshToken",
    "refreshTokenExpires",
    "onlineAccessInfo",
];

/// The item format of Shopify's session storage, see the [module](self).
#[derive(Debug, Clone)]
pub struct ShopifyLayout {
    time_to_live: Option<AttributeName>,
}

impl ShopifyLayout {
    /// A layout that writes the end of a session to the attribute `time_to_live`, if it is set.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`] names the option that is invalid.
    pub fn new(time_to_live: Option<&str>) -> Result<Self, InvalidOption> {
        let option = "expiresTtl";
        let time_to_live = time_to_live
            .map(|name| AttributeName::new(option, name))
            .transpose()?;
        if let Some(name) = &time_to_live
            && (PROPERTIES.contains(&name.as_str()) || name.as_str() == CODED)
        {
            let rule = "must not be \"_s\", or the name of a property of Shopify's sessions";
            return Err(InvalidOption::new(option, rule));
        }
        Ok(Self { time_to_live })
    }

    /// The attribute for DynamoDB's time to live.
    pub fn time_to_live(&self) -> Option<&str> {
        self.time_to_live.as_ref().map(AttributeName::as_str)
    }
}

impl Layout for ShopifyLayout {
    fn name(&self) -> &'static str {
        "shopify"
    }

    fn hash_key(&self) -> &str {
        ID
    }

    fn key(&self, sid: &str) -> String {
        sid.to_owned()
    }

    fn to_item(&self, record: Record) -> Result<Item> {
        let AttributeValue::M(mut item) = from_json(&record.data)? else {
            return Err(Error::Value {
                path: "session".into(),
                reason: "is not an object",
            });
        };
        item.insert(ID.to_owned(), AttributeValue::S(self.key(&record.sid)));
        if let Some(attribute) = self.time_to_live() {
            insert_expires(&mut item, attribute, record.expires);
        }
        Ok(item)
    }

    fn coded_attribute(&self) -> &str {
        CODED
    }

    /// The index needs `shop` as an attribute.
    fn insert_coded(&self, item: &mut Item, bytes: Vec<u8>) {
        item.retain(|name, _| {
            [ID, SHOP].contains(&name.as_str()) || self.time_to_live() == Some(name)
        });
        item.insert(CODED.to_owned(), AttributeValue::B(Blob::new(bytes)));
    }

    /// A session is read even if its token has expired, because the application refreshes the token.
    fn end(&self, _item: &Item) -> Option<UnixMillis> {
        None
    }

    /// Reads all attributes as properties, also unknown ones.
    fn read(&self, mut item: Item, _now: UnixMillis) -> Result<Option<Stored>> {
        let id = item.get(ID).and_then(|id| id.as_s().ok()).cloned();
        if let Some(attribute) = self.time_to_live() {
            item.remove(attribute);
        }
        Ok(id.map(|sid| Stored {
            sid,
            data: to_json(&AttributeValue::M(item), Numbers::Exact),
            expires: None,
        }))
    }

    fn read_decoded(&self, mut item: Item, data: String) -> Option<Stored> {
        let AttributeValue::S(sid) = item.remove(ID)? else {
            return None;
        };
        Some(Stored {
            sid,
            data,
            expires: None,
        })
    }

    /// Items with a shop that hold a session: encoded, or with a property that each session has.
    fn ours(&self) -> Condition {
        let value = |name: &str, kind: &str| (name.to_owned(), AttributeValue::S(kind.into()));
        Condition {
            expression: "attribute_type(#shop, :text) AND \
                (attribute_type(#online, :bool) OR attribute_type(#coded, :bytes))"
                .into(),
            names: [("#shop", SHOP), ("#online", IS_ONLINE), ("#coded", CODED)]
                .map(|(name, attribute)| (name.to_owned(), attribute.to_owned()))
                .into(),
            values: [
                value(":text", "S"),
                value(":bool", "BOOL"),
                value(":bytes", "B"),
            ]
            .into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::expiry::Expires;

    const NOW: UnixMillis = UnixMillis(0.0);

    fn record() -> Record {
        Record {
            sid: "offline_a.myshopify.com".into(),
            data: r#"{"id":"offline_a.myshopify.com","shop":"a.myshopify.com","isOnline":false}"#
                .into(),
            expires: Some(Expires::at(UnixMillis(60_000.0))),
            special: vec![],
        }
    }

    #[test]
    fn each_property_is_an_attribute() {
        let item = ShopifyLayout::new(None).unwrap().to_item(record()).unwrap();
        assert_eq!(item.len(), 3);
        assert_eq!(item["shop"], AttributeValue::S("a.myshopify.com".into()));
        assert_eq!(item["isOnline"], AttributeValue::Bool(false));
    }

    #[test]
    fn the_time_to_live_is_written_and_not_read() {
        let layout = ShopifyLayout::new(Some("ttl")).unwrap();
        let item = layout.to_item(record()).unwrap();
        assert_eq!(item["ttl"], AttributeValue::N("60".into()));
        let stored = layout.read(item, NOW).unwrap().unwrap();
        assert!(!stored.data.contains("ttl"));
        assert_eq!(stored.expires, None);
    }

    #[test]
    fn an_attribute_that_is_not_known_is_kept() {
        let layout = ShopifyLayout::new(None).unwrap();
        let mut item = layout.to_item(record()).unwrap();
        item.insert("extra".into(), AttributeValue::N("1".into()));
        assert!(
            layout
                .read(item, NOW)
                .unwrap()
                .unwrap()
                .data
                .contains(r#""extra":1"#)
        );
    }

    #[test]
    fn the_time_to_live_must_be_an_attribute_of_its_own() {
        for name in ["", "expires", "shop"] {
            let error = ShopifyLayout::new(Some(name)).unwrap_err();
            assert_eq!(error.option, "expiresTtl", "{name}");
        }
    }
}
