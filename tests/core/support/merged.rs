//! Stores that merge their requests, and the sessions that the tests save in them.

use std::sync::Arc;

use dynamo_session_store::core::dynamo::sdk::SdkDynamo;
use dynamo_session_store::core::expiry::{Expires, UnixMillis};
use dynamo_session_store::core::layout::{ConnectLayout, Record};
use dynamo_session_store::core::options::{Billing, TableName};
use dynamo_session_store::core::store::SessionStore;
use dynamo_session_store::core::table::Table;

use super::{AMPLE, dynamo, schedule};

pub const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);

pub type Store = SessionStore<ConnectLayout>;

pub fn store(dynamo: SdkDynamo, table: &TableName, threshold: usize) -> Store {
    SessionStore::new(schedule(dynamo, table, Some(threshold)), layout(), true)
}

pub fn layout() -> ConnectLayout {
    ConnectLayout::new("id", "", &[], false).unwrap()
}

pub fn record(sid: &str, data: &str) -> Record {
    Record {
        sid: sid.to_owned(),
        data: data.to_owned(),
        expires: Some(end()),
        special: Vec::new(),
    }
}

pub fn end() -> Expires {
    Expires::at(UnixMillis(NOW.0 + 86_400_000.0))
}

pub fn data(number: usize) -> String {
    format!(r#"{{"number":{number}}}"#)
}

pub async fn create(table: &TableName) {
    let table = Table::new(
        Arc::new(dynamo()),
        table.clone(),
        "id",
        Billing::OnDemand,
        None,
    );
    table.create(AMPLE).await.unwrap();
}
