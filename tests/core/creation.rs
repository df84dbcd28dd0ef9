//! What a table gets that is created here: the requests, and recovery, which DynamoDB refuses at first.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::{PointInTimeRecoverySpecification, TableClass, Tag};
use dynamo_session_store::core::error::Result;
use dynamo_session_store::core::options::Billing;
use dynamo_session_store::core::table::{NewTable, Table};
use serde_json::json;

use crate::support::canned::{Answer, Canned, Request, in_turn};
use crate::support::{AMPLE, new_name};

const NO_BACKUPS_YET: &str = "ContinuousBackupsUnavailableException";

fn table(server: &Canned, new: NewTable) -> Table {
    let dynamo = Arc::new(server.dynamo());
    Table::new(dynamo, new_name(), "id", Billing::OnDemand, None).with_settings(new)
}

fn recoverable() -> NewTable {
    let recovery = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .recovery_period_in_days(7)
        .build();
    NewTable {
        recovery: Some(recovery.unwrap()),
        ..NewTable::default()
    }
}

fn no_backups_yet() -> Answer {
    Answer::error(400, NO_BACKUPS_YET, "Backups are being enabled")
}

/// Asks for recovery where the server answers so. What came of it, and the requests.
async fn recover(
    new: NewTable,
    answer: impl FnMut(&Request) -> Answer + Send + 'static,
    limit: Duration,
) -> (Result<()>, Vec<Request>) {
    let server = Canned::start(answer).await;
    let outcome = table(&server, new).enable_recovery(limit).await;
    (outcome, server.requests())
}

#[tokio::test]
async fn a_table_is_created_with_what_it_is_to_have_and_nothing_else() {
    let server = Canned::start(|request| match request.operation.as_str() {
        "DescribeTable" => Answer::table("ACTIVE"),
        _ => Answer::ok(json!({})),
    })
    .await;
    let tag = Tag::builder().key("team").value("web").build().unwrap();
    let new = NewTable {
        deletion_protection: Some(true),
        class: Some(TableClass::StandardInfrequentAccess),
        tags: Some(vec![tag]),
        ..recoverable()
    };
    assert!(table(&server, new).create(AMPLE).await.unwrap().created);
    let asked = &server.requests()[0];
    assert_eq!(asked.operation, "CreateTable");
    assert_eq!(asked.body["DeletionProtectionEnabled"], true);
    assert_eq!(asked.body["TableClass"], "STANDARD_INFREQUENT_ACCESS");
    assert_eq!(
        asked.body["Tags"],
        json!([{ "Key": "team", "Value": "web" }])
    );
    for name in ["SSESpecification", "WarmThroughput", "OnDemandThroughput"] {
        assert_eq!(asked.body.get(name), None, "{name}");
    }
}

#[tokio::test]
async fn recovery_is_asked_for_until_the_backups_of_a_new_table_are_set_up() {
    let done = Answer::ok(json!({}));
    let broken = Answer::error(500, "InternalServerError", "broken");
    let answers = in_turn([no_backups_yet(), broken, no_backups_yet(), done]);
    let (outcome, requests) = recover(recoverable(), answers, AMPLE).await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(requests.len(), 4);
    assert_eq!(
        requests[3].body["PointInTimeRecoverySpecification"],
        json!({ "PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 7 })
    );
}

#[tokio::test]
async fn recovery_that_never_comes_ends_in_the_last_refusal() {
    let limit = Duration::from_secs(1);
    let (outcome, requests) = recover(recoverable(), |_| no_backups_yet(), limit).await;
    assert!(outcome.unwrap_err().is_service(NO_BACKUPS_YET));
    assert!(requests.len() > 1);
}

#[tokio::test]
async fn recovery_that_is_denied_is_not_asked_for_again() {
    let denied = |_: &Request| Answer::error(400, "AccessDeniedException", "not authorized");
    let (outcome, requests) = recover(recoverable(), denied, AMPLE).await;
    assert!(outcome.unwrap_err().is_service("AccessDeniedException"));
    assert_eq!(requests.len(), 1);
}

#[tokio::test]
async fn a_table_that_is_to_have_no_recovery_asks_for_none() {
    let (outcome, requests) = recover(NewTable::default(), |_| no_backups_yet(), AMPLE).await;
    assert_eq!(outcome, Ok(()));
    assert!(requests.is_empty());
}
