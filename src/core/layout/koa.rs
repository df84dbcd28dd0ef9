//! The item format of koa-session-dynamodb-store.
//!
//! | attribute | type | holds |
//! |---|---|---|
//! | the hash key (`sessionId`) | S | the session id, without a prefix |
//! | the time-to-live key (`expires`) | N | see [`expiry`](crate::core::expiry) |
//! | `session` | M | the session, as its values are in JSON; of type B if it is encoded, see [`codec`](crate::core::codec) |

use std::sync::{Arc, PoisonError, RwLock};

use aws_sdk_dynamodb::types::AttributeValue;

use super::value::{Numbers, from_json, to_json};
use super::{
    Condition, ExpiringLayout, Form, Item, Layout, Marks, Record, Stored, insert_expires,
    number_text,
};
use crate::core::error::{InvalidOption, Result};
use crate::core::expiry::{self, UnixMillis};
use crate::core::merge::Clock;
use crate::core::options::AttributeName;

const SESSION: &str = "session";
const EXPIRE: &str = "_expire";
const MAX_AGE: &str = "_maxAge";

/// The keys of koa-session. `_session` says that the session ends with the browser.
static CLOCK: Clock = Clock {
    within: None,
    lifetime: MAX_AGE,
    keys: &[MAX_AGE, EXPIRE, "_session"],
};

/// The item format of koa-session-dynamodb-store, see the [module](self). All clones write the end to
/// the same attribute.
#[derive(Debug, Clone)]
pub struct KoaLayout {
    hash_key: AttributeName,
    ttl_key: Arc<str>,
    /// The attribute to which the end is written. It differs from `ttl_key` if the table has time to
    /// live on another attribute.
    written: Arc<RwLock<Arc<str>>>,
}

impl KoaLayout {
    /// A layout with `hash_key` and `ttl_key`.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`] names the option that is invalid.
    pub fn new(hash_key: &str, ttl_key: &str) -> Result<Self, InvalidOption> {
        let hash_key = AttributeName::new("table.hashKey", hash_key)?;
        let ttl_key = AttributeName::new("table.ttlKey", ttl_key)?;
        for (option, name) in [("table.hashKey", &hash_key), ("table.ttlKey", &ttl_key)] {
            if [SESSION, Marks::VERSION, Marks::END].contains(&name.as_str()) {
                let rule =
                    "must not be \"session\", \"_v\" or \"_e\": the store uses these attributes";
                return Err(InvalidOption::new(option, rule));
            }
        }
        if hash_key == ttl_key {
            return Err(InvalidOption::new(
                "table.ttlKey",
                "must not be the same as table.hashKey",
            ));
        }
        let ttl_key: Arc<str> = ttl_key.as_str().into();
        Ok(Self {
            hash_key,
            written: Arc::new(RwLock::new(Arc::clone(&ttl_key))),
            ttl_key,
        })
    }

    /// From now on, writes the end of sessions to `attribute`.
    pub fn write_expires_to(&self, attribute: &str) {
        *self.written.write().unwrap_or_else(PoisonError::into_inner) = attribute.into();
    }
}

impl Layout for KoaLayout {
    fn name(&self) -> &'static str {
        "koa"
    }

    fn hash_key(&self) -> &str {
        self.hash_key.as_str()
    }

    fn key(&self, sid: &str) -> String {
        sid.to_owned()
    }

    fn to_item(&self, record: Record) -> Result<Item> {
        let key = AttributeValue::S(self.key(&record.sid));
        let mut item = Item::from([(self.hash_key.as_str().to_owned(), key)]);
        insert_expires(&mut item, &self.expires_attribute(), record.expires);
        item.insert(SESSION.into(), self.data(&record.data)?);
        Ok(item)
    }

    fn coded_attribute(&self) -> &str {
        SESSION
    }

    /// koa-session has the table keep a session for 10 seconds more than its exact end, so the two do not
    /// agree. No other writer changes `expires` alone: the replaced package writes whole items.
    fn marks(&self, item: &Item) -> Marks {
        Marks {
            end: Marks::end_of(item),
            ..Marks::of(item, &self.expires_attribute())
        }
    }

    /// A session that was written before the store knew the table's time to live has its end in `ttl_key`.
    fn end(&self, item: &Item) -> Option<UnixMillis> {
        let expires = item.get(&*self.expires_attribute());
        let expires = expires.or_else(|| item.get(&*self.ttl_key));
        expiry::read(expires?.as_n().ok()?)
    }

    fn read(&self, item: Item, _now: UnixMillis) -> Result<Option<Stored>> {
        let session = item.get(SESSION).filter(|session| session.is_m());
        let data = session.map(|session| to_json(session, Numbers::Plain));
        Ok(data.and_then(|data| self.read_decoded(item, data)))
    }

    fn read_decoded(&self, mut item: Item, data: String) -> Option<Stored> {
        let expires = self.end(&item);
        let AttributeValue::S(sid) = item.remove(self.hash_key.as_str())? else {
            return None;
        };
        Some(Stored { sid, data, expires })
    }

    fn end_attribute(&self) -> Option<Arc<str>> {
        Some(self.expires_attribute())
    }

    fn ours(&self) -> Condition {
        let value = |name: &str, kind: &str| (name.to_owned(), AttributeValue::S(kind.into()));
        Condition {
            expression: "(attribute_type(#session, :map) OR attribute_type(#session, :bytes))"
                .into(),
            names: [("#session".to_owned(), SESSION.to_owned())].into(),
            values: [value(":map", "M"), value(":bytes", "B")].into(),
        }
    }
}

impl ExpiringLayout for KoaLayout {
    fn expires_attribute(&self) -> Arc<str> {
        let written = self.written.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&written)
    }

    fn clock(&self) -> &'static Clock {
        &CLOCK
    }

    fn data(&self, json: &str) -> Result<AttributeValue> {
        from_json(json)
    }

    /// koa-session also checks the end inside the session. An update expression cannot change it inside an
    /// encoded session, so there the exact end has an attribute of its own.
    fn touch(&self, end: UnixMillis, lifetime: f64, form: Form) -> Condition {
        let name = |name: &str, attribute: &str| (name.to_owned(), attribute.to_owned());
        let value = |name: &str, number| (name.to_owned(), AttributeValue::N(number_text(number)));
        match form {
            Form::Plain => Condition {
                expression: "#session.#_expire = :_expire, #session.#_max_age = :_max_age".into(),
                names: [
                    name("#session", SESSION),
                    name("#_expire", EXPIRE),
                    name("#_max_age", MAX_AGE),
                ]
                .into(),
                values: [value(":_expire", end.0), value(":_max_age", lifetime)].into(),
            },
            Form::Coded => Condition {
                expression: "#end = :end".into(),
                names: [name("#end", Marks::END)].into(),
                values: [value(":end", end.0)].into(),
            },
        }
    }

    fn form_condition(&self, form: Form) -> Option<Condition> {
        let kind = match form {
            Form::Plain => "M",
            Form::Coded => "B",
        };
        Some(Condition {
            expression: "attribute_type(#session, :form)".into(),
            names: [("#session".to_owned(), SESSION.to_owned())].into(),
            values: [(":form".to_owned(), AttributeValue::S(kind.into()))].into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::expiry::Expires;

    const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);

    fn layout() -> KoaLayout {
        KoaLayout::new("sessionId", "expires").unwrap()
    }

    fn record(data: &str) -> Record {
        Record {
            sid: "abc".into(),
            data: data.into(),
            expires: Some(Expires::at(UnixMillis(NOW.0 + 60_000.0))),
            special: vec![],
        }
    }

    fn n(text: &str) -> AttributeValue {
        AttributeValue::N(text.into())
    }

    #[test]
    fn an_item_is_what_koa_session_dynamodb_store_writes() {
        let item = layout().to_item(record(r#"{"a":"","n":null,"_maxAge":86400000}"#));
        let session = [
            ("a", AttributeValue::S(String::new())),
            ("n", AttributeValue::Null(true)),
            ("_maxAge", n("86400000")),
        ];
        let session = session.map(|(key, value)| (key.to_owned(), value)).into();
        let expected = [
            ("sessionId", AttributeValue::S("abc".into())),
            ("expires", n("1795218156")),
            ("session", AttributeValue::M(session)),
        ];
        assert_eq!(
            item,
            Ok(expected
                .map(|(name, value)| (name.to_owned(), value))
                .into())
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        for json in [
            r#"{"a":[true,false,null,{"b":[]}]}"#,
            r#"{"text":"\"\\\n\u0001 ✓ 🦀"}"#,
            r#"{"a":{"a.b c":{}}}"#,
            r#"{"n":[0,-1,0.1,1e-7,123456789.123456789,9007199254740993]}"#,
            r#"{"b":{"\u0000B":"AP8="}}"#,
            r#"{"\u0000\u0000B":"own","c":{"\u0000\u0000":1}}"#,
        ] {
            let layout = layout();
            let stored = layout.read(layout.to_item(record(json)).unwrap(), NOW);
            let found = stored.unwrap().unwrap().data;
            let value = |json| serde_json::from_str::<serde_json::Value>(json).unwrap();
            assert_eq!(value(&found), value(json), "{found}");
        }
    }

    #[test]
    fn the_end_is_written_where_the_table_has_its_time_to_live() {
        let layout = layout();
        let before = layout.to_item(record("{}")).unwrap();
        layout.clone().write_expires_to("ttl");
        let after = layout.to_item(record("{}")).unwrap();
        assert_eq!(after.get("ttl"), before.get("expires"));
        assert!(!after.contains_key("expires"));
        let end = Some(UnixMillis(1_795_218_156_000.0));
        assert_eq!(layout.end(&before), end);
        assert_eq!(layout.end(&after), end);
    }

    #[test]
    fn an_item_without_a_session_is_none() {
        let id = ("sessionId".to_owned(), AttributeValue::S("abc".into()));
        let expires = ("expires".to_owned(), n("1795218156"));
        assert_eq!(layout().read([id.clone(), expires].into(), NOW), Ok(None));
        let text = AttributeValue::S(r#"{"user":"ann"}"#.into());
        let session = ("session".to_owned(), text);
        assert_eq!(layout().read([id, session].into(), NOW), Ok(None));
    }

    #[test]
    fn options_that_cannot_be_right_are_named() {
        let of = |hash_key, ttl_key| KoaLayout::new(hash_key, ttl_key).unwrap_err().option;
        assert_eq!(of("", "expires"), "table.hashKey");
        assert_eq!(of("session", "expires"), "table.hashKey");
        assert_eq!(of("id", ""), "table.ttlKey");
        assert_eq!(of("id", "session"), "table.ttlKey");
        assert_eq!(of("id", "id"), "table.ttlKey");
    }
}
