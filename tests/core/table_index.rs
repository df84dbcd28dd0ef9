//! An index that the store needs, in a table that it did not create.

use std::sync::Arc;

use dynamo_session_store::core::error::Error;
use dynamo_session_store::core::options::Billing;
use dynamo_session_store::core::store::Index;
use dynamo_session_store::core::table::Table;
use serde_json::{Value, json};

use crate::support::canned::{Answer, Canned, in_turn};
use crate::support::{AMPLE, dynamo, new_name, remove};

fn by_shop() -> Index {
    Index {
        name: "by_shop".to_owned(),
        attribute: "shop".to_owned(),
    }
}

fn canned(server: &Canned) -> Table {
    let dynamo = Arc::new(server.dynamo());
    Table::new(dynamo, new_name(), "id", Billing::OnDemand, None).with_index(by_shop())
}

/// A table that has these indexes.
fn with_indexes(indexes: Value) -> Answer {
    Answer::ok(json!({ "Table": {
        "TableStatus": "ACTIVE",
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "GlobalSecondaryIndexes": indexes,
    }}))
}

fn index(name: &str, status: &str, keys: &[(&str, &str)]) -> Value {
    let keys = keys
        .iter()
        .map(|(name, kind)| json!({ "AttributeName": name, "KeyType": kind }));
    json!({ "IndexName": name, "IndexStatus": status, "KeySchema": keys.collect::<Vec<_>>() })
}

fn failure(found: Option<&str>) -> Option<Error> {
    let Index { name, attribute } = by_shop();
    Some(Error::TableIndex {
        index: name,
        attribute,
        found: found.map(str::to_owned),
    })
}

#[tokio::test]
async fn an_index_that_is_missing_or_has_another_key_is_told_with_the_table() {
    let by_shop = [("shop", "HASH")];
    for (indexes, expected) in [
        (json!(null), failure(None)),
        (json!([]), failure(None)),
        (json!([index("other", "ACTIVE", &by_shop)]), failure(None)),
        (
            json!([index("by_shop", "DELETING", &by_shop)]),
            failure(None),
        ),
        (
            json!([index(
                "by_shop",
                "ACTIVE",
                &[("state", "HASH"), ("shop", "RANGE")]
            )]),
            failure(Some("\"state\"")),
        ),
        (json!([index("by_shop", "ACTIVE", &by_shop)]), None),
        (json!([index("by_shop", "CREATING", &by_shop)]), None),
        (
            json!([
                index("other", "ACTIVE", &[("state", "HASH")]),
                index("by_shop", "ACTIVE", &[("shop", "HASH"), ("state", "RANGE")]),
            ]),
            None,
        ),
    ] {
        let server = Canned::start(in_turn([with_indexes(indexes.clone())])).await;
        let description = canned(&server).describe(AMPLE).await.unwrap();
        assert_eq!(description.index_failure, expected, "{indexes}");
    }
}

#[tokio::test]
async fn a_table_without_it_that_another_process_creates_is_told_too() {
    let in_use = Answer::error(400, "ResourceInUseException", "Table already exists");
    let server = Canned::start(in_turn([in_use, with_indexes(json!([]))])).await;
    let creation = canned(&server).create(AMPLE).await.unwrap();
    assert_eq!(creation.index_failure, failure(None));
}

#[tokio::test]
async fn a_stub_that_says_nothing_of_its_table_lacks_nothing() {
    let server = Canned::start(in_turn([Answer::ok(json!({}))])).await;
    let description = canned(&server).describe(AMPLE).await.unwrap();
    assert_eq!(description.index_failure, None);
}

#[tokio::test]
async fn the_index_of_a_table_that_was_created_here_is_there() {
    let name = new_name();
    let dynamo = Arc::new(dynamo());
    let table =
        Table::new(dynamo, name.clone(), "id", Billing::OnDemand, None).with_index(by_shop());
    assert_eq!(table.create(AMPLE).await.unwrap().index_failure, None);
    assert_eq!(table.describe(AMPLE).await.unwrap().index_failure, None);
    remove(&name).await;
}

#[test]
fn the_error_names_the_index_and_says_what_to_do() {
    let message = |found| failure(found).unwrap().to_string();
    assert_eq!(
        message(None),
        "the table has no global secondary index \"by_shop\": \
         create it with the partition key \"shop\" (S)"
    );
    assert_eq!(
        message(Some("\"state\"")),
        "the global secondary index \"by_shop\" has the partition key \"state\": \
         name an index with the partition key \"shop\" (S)"
    );
    assert_eq!(failure(None).unwrap().code(), "ERR_SESSION_TABLE_INDEX");
}
