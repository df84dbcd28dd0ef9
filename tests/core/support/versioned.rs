//! A table with one session in it, which has a version.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use dynamo_session_store::core::error::Result;
use dynamo_session_store::core::expiry::{Expires, UnixMillis};
use dynamo_session_store::core::layout::{ConnectLayout, Item, Record, SpecialValue};
use dynamo_session_store::core::options::{Billing, TableName};
use dynamo_session_store::core::store::{Conflict, Known, Loaded, Saved, SessionStore};
use dynamo_session_store::core::table::Table;

use super::{AMPLE, client, dynamo, new_name, remove, schedule};

/// The moment at which the tests read.
pub const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);

pub type Store = SessionStore<ConnectLayout>;

/// A table of its own with a store on it.
pub struct Sessions {
    pub table: TableName,
    pub store: Store,
    versions: AtomicUsize,
}

pub fn layout() -> ConnectLayout {
    let special = [("shop".to_owned(), "S".to_owned())];
    ConnectLayout::new("id", "", &special, true).unwrap()
}

impl Sessions {
    pub async fn new() -> Self {
        let table = new_name();
        let billing = Billing::OnDemand;
        let creation = Table::new(Arc::new(dynamo()), table.clone(), "id", billing, None);
        creation.create(AMPLE).await.unwrap();
        Self {
            store: SessionStore::new(schedule(dynamo(), &table, Some(16)), layout(), true),
            table,
            versions: AtomicUsize::new(0),
        }
    }

    pub async fn load(&self) -> Loaded {
        let loaded = self.store.load("ann", NOW, AMPLE).await.unwrap();
        loaded.expect("the session is there")
    }

    pub async fn save(&self, data: &str, known: Option<Known>) -> Result<Saved> {
        let version = self.versions.fetch_add(1, Ordering::Relaxed).to_string();
        self.save_as(&version, data, known).await
    }

    pub async fn save_as(&self, version: &str, data: &str, known: Option<Known>) -> Result<Saved> {
        let version = version.to_owned();
        let saved = self
            .store
            .save_version(record(data), version, known, None, AMPLE);
        saved.await
    }

    /// A save by the request of this number, made at once.
    pub fn save_by(
        &self,
        request: u32,
        data: &str,
        known: Option<Known>,
    ) -> impl Future<Output = Result<Saved>> + use<> {
        let version = self.versions.fetch_add(1, Ordering::Relaxed).to_string();
        let writes = self.store.writes_of(request);
        let saved =
            self.store
                .save_version(record(data), version, known, Some(writes.clone()), AMPLE);
        // Until the outcome has been taken.
        async move {
            let saved = saved.await;
            drop(writes);
            saved
        }
    }

    pub async fn item(&self) -> Option<Item> {
        let key = AttributeValue::S("ann".to_owned());
        let request = client().get_item().table_name(self.table.as_str());
        request.key("id", key).send().await.unwrap().item
    }

    /// As a replaced package writes it: without a version.
    pub async fn put_without_version(&self, data: &str) {
        self.store.save(record(data), AMPLE).await.unwrap();
    }

    pub async fn remove(self) {
        remove(&self.table).await;
    }
}

pub fn record(data: &str) -> Record {
    let value: serde_json::Value = serde_json::from_str(data).unwrap();
    let shop = value["shop"].as_str();
    Record {
        sid: "ann".to_owned(),
        data: data.to_owned(),
        expires: Some(Expires::at(UnixMillis(NOW.0 + 3_600_000.0))),
        special: vec![shop.map_or(SpecialValue::Missing, |shop| {
            SpecialValue::Text(shop.into())
        })],
    }
}

/// What was written in place of what was given.
pub fn written(saved: Result<Saved>) -> String {
    match saved {
        Ok(Saved::Changed(written)) => written.data,
        other => panic!("{other:?}"),
    }
}

pub fn known(loaded: &Loaded, conflict: Conflict) -> Option<Known> {
    Some(Known {
        version: loaded.marks.version.clone(),
        base: Some(loaded.data.clone()),
        stored: None,
        conflict,
        failed: vec![],
    })
}
