//! A table of sessions in DynamoDB Local, and its rows as connect-dynamodb writes them.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::AttributeValue;
use dynamo_session_store::core::dynamo::Items;
use dynamo_session_store::core::expiry::{Expires, UnixMillis};
use dynamo_session_store::core::layout::{ConnectLayout, Item, Record};
use dynamo_session_store::core::options::{Billing, TableName};
use dynamo_session_store::core::store::SessionStore;
use dynamo_session_store::core::table::Table;
use futures_util::future::join_all;

use super::hooked::{BeforeDelete, Hooked};
use super::sweeps::Sweeps;
use super::{AMPLE, client, dynamo, json, new_name, remove, schedule};

pub const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);
pub const HOUR: f64 = 3_600_000.0;
pub const DAY: f64 = 24.0 * HOUR;

pub const ANN: &str = r#"{"cookie":{"path":"/"},"user":"ann"}"#;

pub type Store = SessionStore<ConnectLayout>;

/// A table of its own with a store on it.
pub struct Sessions {
    pub table: TableName,
    pub store: Store,
    pub client: Client,
}

impl Sessions {
    /// The table has no time to live: DynamoDB Local would take expired items away.
    pub async fn new() -> Self {
        Self::with(layout("sess:", &[])).await
    }

    pub async fn with(layout: ConnectLayout) -> Self {
        let (table, dynamo) = (new_name(), dynamo());
        let creation = Table::new(
            Arc::new(dynamo.clone()),
            table.clone(),
            "id",
            Billing::OnDemand,
            None,
        );
        creation.create(AMPLE).await.unwrap();
        Self {
            store: SessionStore::new(schedule(dynamo, &table, None), layout, true),
            client: client(),
            table,
        }
    }

    /// Another store on the same table.
    pub fn store(&self, items: impl Items, prefix: &str) -> Store {
        SessionStore::new(
            schedule(items, &self.table, None),
            layout(prefix, &[]),
            true,
        )
    }

    /// Another store on the same table, with `hook` before each deletion.
    pub fn hooked<H: BeforeDelete>(&self, hook: &Arc<H>) -> Store {
        let hooked = Hooked {
            inner: dynamo(),
            hook: Arc::clone(hook),
        };
        self.store(hooked, "sess:")
    }

    pub async fn save(&self, sid: &str, end: UnixMillis) {
        self.store.save(record(sid, end), AMPLE).await.unwrap();
    }

    pub async fn load(&self, sid: &str, now: UnixMillis) -> Option<String> {
        json(self.store.load(sid, now, AMPLE)).await.unwrap()
    }

    /// Writes an item past the core.
    pub async fn put(&self, item: Item) {
        let request = self.client.put_item().table_name(self.table.as_str());
        request.set_item(Some(item)).send().await.unwrap();
    }

    pub async fn put_all(&self, items: impl IntoIterator<Item = Item>) {
        join_all(items.into_iter().map(|item| self.put(item))).await;
    }

    /// Reads an item past the core.
    pub async fn item(&self, id: &str) -> Option<Item> {
        let request = self.client.get_item().table_name(self.table.as_str());
        let answer = request.key("id", s(id)).consistent_read(true).send().await;
        answer.unwrap().item
    }

    /// The key of every item of the table, in order.
    pub async fn ids(&self) -> Vec<String> {
        let request = self.client.scan().table_name(self.table.as_str());
        let pages = request.consistent_read(true).into_paginator().items();
        let items: Vec<Item> = pages.send().collect::<Result<_, _>>().await.unwrap();
        sorted(items.iter().map(|item| item["id"].as_s().unwrap().clone()))
    }

    /// The ids of the sessions that `list` gives, in order.
    pub async fn listed(&self) -> Vec<String> {
        let sessions = self.store.list(NOW, AMPLE).await.unwrap();
        sorted(sessions.into_iter().map(|(stored, _)| stored.sid))
    }

    pub async fn remove(self) {
        remove(&self.table).await;
    }
}

pub fn layout(prefix: &str, special: &[(&str, &str)]) -> ConnectLayout {
    let special: Vec<_> = special
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
        .collect();
    ConnectLayout::new("id", prefix, &special, false).unwrap()
}

pub fn record(sid: &str, end: UnixMillis) -> Record {
    Record {
        sid: sid.to_owned(),
        data: ANN.to_owned(),
        expires: Some(Expires::at(end)),
        special: Vec::new(),
    }
}

pub fn later(milliseconds: f64) -> UnixMillis {
    UnixMillis(NOW.0 + milliseconds)
}

pub fn sorted<T: Ord>(these: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut these: Vec<T> = these.into_iter().collect();
    these.sort();
    these
}

pub fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub fn n(number: f64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub fn seconds(moment: UnixMillis) -> AttributeValue {
    n(moment.seconds().floor())
}

pub fn item<const N: usize>(pairs: [(&str, AttributeValue); N]) -> Item {
    pairs
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

/// A session as connect-dynamodb writes it.
pub fn row(id: &str, expires: AttributeValue, sess: &str) -> Item {
    item([
        ("id", s(id)),
        ("expires", expires),
        ("type", s("connect-session")),
        ("sess", s(sess)),
    ])
}

/// What `touch` of connect-dynamodb leaves of a session that is gone.
pub fn leftover(id: &str, expires: AttributeValue) -> Item {
    item([("id", s(id)), ("expires", expires)])
}

/// A session of `lifetime` milliseconds as connect-dynamodb 3.0.2 writes it.
pub fn row_of_3_0_2(id: &str, saved: UnixMillis, lifetime: f64) -> Item {
    let end = DateTime::from_millis((saved.0 + lifetime) as i64);
    let end = end.fmt(DateTimeFormat::DateTime).unwrap();
    let sess = format!(
        r#"{{"cookie":{{"originalMaxAge":{lifetime},"expires":"{end}","path":"/"}},"user":"ann"}}"#
    );
    row(id, n(saved.seconds().floor() + lifetime), &sess)
}
