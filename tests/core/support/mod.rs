//! What the tests share: ways to DynamoDB, names of their own, and the clock.

pub mod canned;
pub mod fake;
pub mod hooked;
pub mod memory;
pub mod merged;
mod plain;
pub mod sessions;
pub mod sweeps;
pub mod versioned;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynamo_session_store::core::dynamo::Items;
use dynamo_session_store::core::dynamo::KeyedTable;
use dynamo_session_store::core::dynamo::schedule::{Schedule, TableQueue};
use dynamo_session_store::core::dynamo::sdk::SdkDynamo;
use dynamo_session_store::core::dynamo::settings::{CredentialSource, Settings};
use dynamo_session_store::core::error::Result;
use dynamo_session_store::core::options::{Endpoint, TableName};
use dynamo_session_store::core::store::Loaded;

/// For what is to finish: far more than it takes.
pub const AMPLE: Duration = Duration::from_secs(60);

/// For what is not to finish.
pub const SHORT: Duration = Duration::from_millis(200);

const REGION: &str = "us-east-1";

/// The core's way to DynamoDB Local.
///
/// Each test needs one of its own: connections belong to the test's runtime.
pub fn dynamo() -> SdkDynamo {
    let credentials = Credentials::new("AKIDLOCAL", "local", None, None, "test");
    SdkDynamo::new(Settings {
        credentials: Some(CredentialSource::Fixed(credentials)),
        // DynamoDB Local is slow when many tests begin at once.
        request_timeout: AMPLE,
        ..settings(&local_endpoint())
    })
}

/// A lane to the items of `table`, keyed by `id`, in a queue of its own.
pub fn schedule(items: impl Items, table: &TableName, threshold: Option<usize>) -> Schedule {
    lane(&Arc::default(), items, table, threshold)
}

/// A session that is loaded, as JSON.
pub async fn json(loading: impl Future<Output = Result<Option<Loaded>>>) -> Result<Option<String>> {
    let loaded = loading.await?;
    Ok(loaded.map(|loaded| loaded.data))
}

/// A lane in `queue`.
pub fn lane(
    queue: &Arc<TableQueue>,
    items: impl Items,
    table: &TableName,
    threshold: Option<usize>,
) -> Schedule {
    let table = KeyedTable {
        name: table.clone(),
        hash_key: "id".to_owned(),
    };
    Schedule::new(Arc::clone(queue), Arc::new(items), table, threshold)
}

/// The SDK's client for DynamoDB Local, to prepare and to look at what the core has no request for.
pub fn client() -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(local_endpoint())
        .http_client(plain::http_client())
        .credentials_provider(Credentials::new("AKIDLOCAL", "local", None, None, "test"))
        .build();
    Client::from_conf(config)
}

/// Settings that read nothing from the environment, but for the credentials, which are not set.
pub fn settings(endpoint: &str) -> Settings {
    Settings {
        region: Some(REGION.to_owned()),
        endpoint: Some(Endpoint::new("endpoint", endpoint).unwrap()),
        ..Settings::default()
    }
}

/// A table's name that no other test has.
pub fn new_name() -> TableName {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    let process = std::process::id();
    TableName::new("table", &format!("core-{process}-{nanos:x}-{count}")).unwrap()
}

/// Deletes a table of DynamoDB Local.
pub async fn remove(name: &TableName) {
    let request = client().delete_table().table_name(name.as_str());
    request.send().await.unwrap();
}

fn local_endpoint() -> String {
    std::env::var("DYNAMODB_ENDPOINT").expect(
        "DYNAMODB_ENDPOINT must name a DynamoDB Local: \
         run `npm test`, or `node scripts/dynamodb-local.js -- cargo test`",
    )
}
