//! The table's life: describe, create, wait; its time to live.

use std::sync::Arc;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TableDescription, TimeToLiveDescription, TimeToLiveStatus,
};
use dynamo_session_store::core::dynamo::sdk::SdkDynamo;
use dynamo_session_store::core::error::{Error, Result};
use dynamo_session_store::core::options::{Billing, TableName};
use dynamo_session_store::core::table::{Creation, Description, Table};
use serde_json::json;

use crate::support::canned::{Answer, Canned, in_turn};
use crate::support::{AMPLE, SHORT, client, dynamo, new_name, remove};

const EXPIRES: Option<&str> = Some("expires");

const CREATED: Creation = Creation {
    created: true,
    time_to_live_failure: None,
    index_failure: None,
};

const FOUND: Creation = Creation {
    created: false,
    time_to_live_failure: None,
    index_failure: None,
};

fn on_demand(dynamo: SdkDynamo, name: &TableName, time_to_live: Option<&str>) -> Table {
    Table::new(
        Arc::new(dynamo),
        name.clone(),
        "id",
        Billing::OnDemand,
        time_to_live,
    )
}

fn canned(server: &Canned, time_to_live: Option<&str>) -> Table {
    on_demand(server.dynamo(), &new_name(), time_to_live)
}

fn not_found() -> Answer {
    Answer::error(
        400,
        "ResourceNotFoundException",
        "Cannot do operations on a non-existent table",
    )
}

fn in_use() -> Answer {
    Answer::error(400, "ResourceInUseException", "Table already exists")
}

fn done() -> Answer {
    Answer::ok(json!({}))
}

fn is_not_found(outcome: &Result<Description>) -> bool {
    let error = outcome.as_ref().expect_err("no such table");
    error.is_service("ResourceNotFoundException")
}

async fn description(name: &TableName) -> TableDescription {
    let request = client().describe_table().table_name(name.as_str());
    request.send().await.unwrap().table.unwrap()
}

async fn time_to_live(name: &TableName) -> TimeToLiveDescription {
    let request = client().describe_time_to_live().table_name(name.as_str());
    let answer = request.send().await.unwrap();
    answer.time_to_live_description.unwrap()
}

/// Creates a table with these key attributes, past the core.
async fn create_keyed_by(name: &TableName, keys: &[(&str, KeyType, ScalarAttributeType)]) {
    let mut request = client()
        .create_table()
        .table_name(name.as_str())
        .billing_mode(BillingMode::PayPerRequest);
    for (attribute, key, kind) in keys {
        request = request
            .key_schema(
                KeySchemaElement::builder()
                    .attribute_name(*attribute)
                    .key_type(key.clone())
                    .build()
                    .unwrap(),
            )
            .attribute_definitions(
                AttributeDefinition::builder()
                    .attribute_name(*attribute)
                    .attribute_type(kind.clone())
                    .build()
                    .unwrap(),
            );
    }
    request.send().await.unwrap();
}

#[tokio::test]
async fn a_table_is_created_on_demand_with_a_string_key() {
    let name = new_name();
    let table = on_demand(dynamo(), &name, EXPIRES);
    assert_eq!(table.create(AMPLE).await, Ok(CREATED));
    assert!(table.describe(AMPLE).await.is_ok());

    let table = description(&name).await;
    let billing = table.billing_mode_summary().unwrap();
    assert_eq!(billing.billing_mode(), Some(&BillingMode::PayPerRequest));
    let [key] = table.key_schema() else {
        panic!("{:?}", table.key_schema());
    };
    assert_eq!(
        (key.attribute_name(), key.key_type()),
        ("id", &KeyType::Hash)
    );
    let [attribute] = table.attribute_definitions() else {
        panic!("{:?}", table.attribute_definitions());
    };
    assert_eq!(attribute.attribute_type(), &ScalarAttributeType::S);
    remove(&name).await;
}

#[tokio::test]
async fn a_table_is_created_with_the_capacity_that_was_asked_for() {
    let name = new_name();
    let billing = Billing::Provisioned { read: 3, write: 7 };
    let table = Table::new(Arc::new(dynamo()), name.clone(), "id", billing, None);
    assert_eq!(table.create(AMPLE).await, Ok(CREATED));

    let table = description(&name).await;
    let capacity = table.provisioned_throughput().unwrap();
    assert_eq!(capacity.read_capacity_units(), Some(3));
    assert_eq!(capacity.write_capacity_units(), Some(7));
    remove(&name).await;
}

#[tokio::test]
async fn a_created_table_deletes_by_the_attribute_that_it_was_told() {
    let name = new_name();
    let table = on_demand(dynamo(), &name, Some("ends"));
    assert_eq!(table.create(AMPLE).await, Ok(CREATED));

    let found = loop {
        let found = time_to_live(&name).await;
        if found.time_to_live_status() != Some(&TimeToLiveStatus::Enabling) {
            break found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(
        found.time_to_live_status(),
        Some(&TimeToLiveStatus::Enabled)
    );
    assert_eq!(found.attribute_name(), Some("ends"));
    remove(&name).await;
}

#[tokio::test]
async fn a_created_table_has_no_time_to_live_where_none_is_wanted() {
    let name = new_name();
    let table = on_demand(dynamo(), &name, None);
    assert_eq!(table.create(AMPLE).await, Ok(CREATED));
    assert_eq!(
        time_to_live(&name).await.time_to_live_status(),
        Some(&TimeToLiveStatus::Disabled)
    );
    remove(&name).await;
}

#[tokio::test]
async fn a_table_that_exists_is_left_as_it_is() {
    let name = new_name();
    let before = on_demand(dynamo(), &name, None);
    assert_eq!(before.create(AMPLE).await, Ok(CREATED));
    let billing = Billing::Provisioned { read: 3, write: 7 };
    let after = Table::new(Arc::new(dynamo()), name.clone(), "id", billing, EXPIRES);
    assert_eq!(after.create(AMPLE).await, Ok(FOUND));

    let billing = description(&name).await.billing_mode_summary.unwrap();
    assert_eq!(billing.billing_mode(), Some(&BillingMode::PayPerRequest));
    assert_eq!(
        time_to_live(&name).await.time_to_live_status(),
        Some(&TimeToLiveStatus::Disabled)
    );
    remove(&name).await;
}

#[tokio::test]
async fn a_missing_table_is_said_to_be_missing() {
    let table = on_demand(dynamo(), &new_name(), None);
    assert!(is_not_found(&table.describe(AMPLE).await));
}

#[tokio::test]
async fn of_two_that_create_one_table_one_creates_it_and_both_can_use_it() {
    let name = new_name();
    let table = || on_demand(dynamo(), &name, EXPIRES);
    let (one, other) = (table(), table());
    let (one, other) = tokio::join!(one.create(AMPLE), other.create(AMPLE));
    let mut outcomes = [one.unwrap(), other.unwrap()];
    outcomes.sort_by_key(|creation| creation.created);
    assert_eq!(outcomes, [FOUND, CREATED]);
    assert!(table().describe(AMPLE).await.is_ok());
    remove(&name).await;
}

#[tokio::test]
async fn another_key_is_refused_by_both_names() {
    use KeyType::{Hash, Range};
    use ScalarAttributeType::{N, S};
    for (keys, found) in [
        (vec![("sessionId", Hash, S)], "sessionId (S)"),
        (vec![("id", Hash, N)], "id (N)"),
        (
            vec![("id", Hash, S), ("expires", Range, N)],
            "id (S) and expires (N)",
        ),
    ] {
        let name = new_name();
        create_keyed_by(&name, &keys).await;
        let table = on_demand(dynamo(), &name, None);
        let expected = Error::TableKey {
            table: name.as_str().to_owned(),
            expected: "id".to_owned(),
            found: found.to_owned(),
        };
        let message = expected.to_string();
        assert!(message.contains(found), "{message}");
        assert!(
            message.contains("needs the partition key id (S) alone"),
            "{message}"
        );
        assert_eq!(table.describe(AMPLE).await, Err(expected.clone()));
        assert_eq!(table.create(AMPLE).await, Err(expected));
        remove(&name).await;
    }
}

#[tokio::test]
async fn a_table_that_is_being_created_is_waited_for() {
    let server = Canned::start(in_turn([
        Answer::table("CREATING"),
        Answer::table("CREATING"),
        Answer::table("ACTIVE"),
    ]))
    .await;
    assert!(canned(&server, None).describe(AMPLE).await.is_ok());
    assert_eq!(server.operations(), ["DescribeTable"; 3]);
}

#[tokio::test]
async fn a_table_that_is_being_updated_can_be_used() {
    let server = Canned::start(in_turn([Answer::table("UPDATING")])).await;
    assert!(canned(&server, None).describe(AMPLE).await.is_ok());
}

#[tokio::test]
async fn a_table_that_is_being_deleted_is_missing_once_it_is_gone() {
    let server = Canned::start(in_turn([Answer::table("DELETING"), not_found()])).await;
    assert!(is_not_found(&canned(&server, None).describe(AMPLE).await));
    assert_eq!(server.operations(), ["DescribeTable"; 2]);
}

#[tokio::test]
async fn a_table_that_another_process_creates_is_waited_for() {
    let server = Canned::start(in_turn([
        in_use(),
        Answer::table("CREATING"),
        Answer::table("ACTIVE"),
    ]))
    .await;
    assert_eq!(canned(&server, EXPIRES).create(AMPLE).await, Ok(FOUND));
    let operations = ["CreateTable", "DescribeTable", "DescribeTable"];
    assert_eq!(server.operations(), operations);
}

#[tokio::test]
async fn a_created_table_that_cannot_be_seen_yet_is_waited_for() {
    let server = Canned::start(in_turn([done(), not_found(), Answer::table("ACTIVE")])).await;
    assert_eq!(canned(&server, None).create(AMPLE).await, Ok(CREATED));
    let operations = ["CreateTable", "DescribeTable", "DescribeTable"];
    assert_eq!(server.operations(), operations);
}

#[tokio::test]
async fn a_table_on_its_way_out_is_created_again_once_it_is_gone() {
    let server = Canned::start(in_turn([
        in_use(),
        Answer::table("DELETING"),
        not_found(),
        done(),
        Answer::table("CREATING"),
        Answer::table("ACTIVE"),
        done(),
    ]))
    .await;
    assert_eq!(canned(&server, EXPIRES).create(AMPLE).await, Ok(CREATED));
    assert_eq!(
        server.operations(),
        [
            "CreateTable",
            "DescribeTable",
            "DescribeTable",
            "CreateTable",
            "DescribeTable",
            "DescribeTable",
            "UpdateTimeToLive",
        ]
    );
}

#[tokio::test]
async fn a_table_is_created_although_its_time_to_live_is_refused() {
    let server = Canned::start(|request| match request.operation.as_str() {
        "CreateTable" => done(),
        "DescribeTable" => Answer::table("ACTIVE"),
        _ => Answer::error(400, "UnknownOperationException", "An unknown operation"),
    })
    .await;
    let creation = canned(&server, EXPIRES).create(AMPLE).await.unwrap();
    assert!(creation.created);
    let failure = creation.time_to_live_failure.unwrap();
    assert!(
        failure.is_service("UnknownOperationException"),
        "{failure:?}"
    );
    let asked = server.requests().pop().unwrap();
    assert_eq!(asked.operation, "UpdateTimeToLive");
    assert_eq!(
        asked.body["TimeToLiveSpecification"],
        json!({ "AttributeName": "expires", "Enabled": true })
    );
}

#[tokio::test]
async fn a_creation_that_is_refused_says_so() {
    let server = Canned::start(in_turn([Answer::error(
        400,
        "AccessDeniedException",
        "not authorized to perform: dynamodb:CreateTable",
    )]))
    .await;
    let error = canned(&server, EXPIRES).create(AMPLE).await.unwrap_err();
    assert!(error.is_service("AccessDeniedException"), "{error:?}");
    assert_eq!(server.operations(), ["CreateTable"]);
}

#[tokio::test]
async fn a_table_in_a_state_that_no_waiting_ends_is_an_error() {
    let status = "INACCESSIBLE_ENCRYPTION_CREDENTIALS";
    let server = Canned::start(in_turn([Answer::table(status)])).await;
    let name = new_name();
    let error = on_demand(server.dynamo(), &name, None)
        .describe(AMPLE)
        .await;
    assert_eq!(
        error,
        Err(Error::TableStatus {
            table: name.as_str().to_owned(),
            status: status.to_owned(),
        })
    );
}

#[tokio::test]
async fn waiting_ends_at_the_deadline() {
    let server = Canned::start(|request| match request.operation.as_str() {
        "CreateTable" => done(),
        _ => Answer::table("CREATING"),
    })
    .await;
    let table = canned(&server, EXPIRES);
    let timeout = |operation| Error::Timeout {
        operation,
        after: SHORT,
    };
    assert_eq!(
        table.describe(SHORT).await,
        Err(timeout("describing the table"))
    );
    assert_eq!(
        table.create(SHORT).await,
        Err(timeout("creating the table"))
    );
}
