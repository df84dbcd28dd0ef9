//! Where the fast path fails: it is the SDK's to mend, and callers get the same errors as from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use dynamo_session_store::core::dynamo::Items;
use dynamo_session_store::core::dynamo::sdk::SdkDynamo;
use dynamo_session_store::core::dynamo::settings::{CredentialSource, Settings};
use dynamo_session_store::core::error::{Error, Result};
use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::fast::{Item, TABLE, batch_get, batch_write, get, key, own_settings, ways};
use crate::support::canned::{Answer, Canned, Request, in_turn};
use crate::support::{self, SHORT};

/// What comes of a request whose first attempt, by the fast path, is answered so; and the attempts
/// that were made.
async fn outcome_of<const N: usize>(
    answers: [Answer; N],
    settings: Settings,
) -> (Result<Option<Item>>, Vec<String>) {
    let (server, dynamo) = learned(in_turn(answers), settings).await;
    let outcome = dynamo.get_item(get()).await.map(|output| output.item);
    (outcome, attempts(&server))
}

/// A fast path to a server that answers so.
async fn learned(
    mut answer: impl FnMut(&Request) -> Answer + Send + 'static,
    settings: Settings,
) -> (Canned, SdkDynamo) {
    let mut has_learned = false;
    let server = Canned::start(move |request| {
        if std::mem::replace(&mut has_learned, true) {
            answer(request)
        } else {
            Answer::ok(json!({}))
        }
    })
    .await;
    let dynamo = SdkDynamo::new(Settings {
        endpoint: support::settings(server.endpoint()).endpoint,
        ..settings
    });
    dynamo.get_item(get()).await.unwrap();
    (server, dynamo)
}

/// The attempts that were made after the first request: `fast`, or what the SDK counts.
fn attempts(server: &Canned) -> Vec<String> {
    let attempts = server.requests().into_iter().skip(1).map(|request| {
        let count = request.headers.get("amz-sdk-request").map(String::as_str);
        // It may begin with the time that is left.
        let count = count.map(|count| &count[count.find("attempt").unwrap()..]);
        count.unwrap_or("fast").to_owned()
    });
    attempts.collect()
}

fn found() -> Answer {
    Answer::ok(json!({ "Item": { "id": { "S": "a" } } }))
}

#[tokio::test]
async fn the_sdk_goes_on_where_an_attempt_has_failed() {
    let failures = [
        Answer::error(500, "InternalServerError", "oh"),
        Answer::text(503, "<html>"),
        found().torn(),
        Answer::Close,
    ];
    for failure in failures {
        let answers = [failure.clone(), failure.clone(), found()];
        let (outcome, attempts) = outcome_of(answers, own_settings()).await;
        assert_eq!(outcome.unwrap(), Some(key()), "{failure:?}");
        let expected = ["fast", "attempt=2; max=3", "attempt=3; max=3"];
        assert_eq!(attempts, expected, "{failure:?}");
    }
}

#[tokio::test]
async fn an_attempt_that_was_throttled_is_made_again_by_the_fast_path() {
    for (status, code) in [(400, "ThrottlingException"), (429, "")] {
        let throttled = Answer::error(status, code, "slow down");
        let answers = [throttled.clone(), throttled, found()];
        let (outcome, attempts) = outcome_of(answers, own_settings()).await;
        assert_eq!(outcome.unwrap(), Some(key()), "{status}");
        assert_eq!(attempts, ["fast"; 3], "{status}");
    }
}

#[tokio::test]
async fn no_more_attempts_are_made_than_the_settings_allow() {
    let settings = Settings {
        max_attempts: Some(1),
        ..own_settings()
    };
    let failure = Answer::error(500, "InternalServerError", "oh");
    let (outcome, attempts) = outcome_of([failure], settings).await;
    assert!(outcome.unwrap_err().is_service("InternalServerError"));
    assert_eq!(attempts, ["fast"]);
}

#[tokio::test]
async fn an_attempt_has_the_time_that_the_settings_give_it() {
    let settings = Settings {
        request_timeout: SHORT,
        max_attempts: Some(2),
        ..own_settings()
    };
    let (outcome, attempts) = outcome_of([Answer::Hang], settings).await;
    let expected = Error::AttemptsTimedOut {
        timed_out: 2,
        attempts: 2,
        each: SHORT,
    };
    assert_eq!(outcome, Err(expected));
    assert_eq!(attempts, ["fast", "attempt=2; max=2"]);
}

#[tokio::test]
async fn a_refusal_is_final() {
    let refusal =
        Answer::error(400, "ValidationException", "no").with_header("x-amzn-requestid", "REQUEST");
    let (outcome, attempts) = outcome_of([refusal], own_settings()).await;
    let expected = Error::Service {
        code: "ValidationException".to_owned(),
        message: "no".to_owned(),
        request_id: Some("REQUEST".to_owned()),
        status: Some(400),
        metadata: None,
        retryable: false,
        repeated: None,
    };
    assert_eq!(outcome, Err(expected));
    assert_eq!(attempts, ["fast"]);
}

#[tokio::test]
async fn what_cannot_be_read_fails_as_through_the_sdk() {
    for body in [r#"{"Item":{"id":{"X":"a"}}}"#, r#"{"Item":{"id":{}}}"#] {
        let answer = Answer::text(200, body);
        let by_sdk = Settings {
            adaptive_retries: Some(true),
            ..own_settings()
        };
        let (expected, _) = outcome_of([answer.clone()], by_sdk).await;
        let (outcome, attempts) = outcome_of([answer], own_settings()).await;
        assert_eq!(outcome, expected, "{body}");
        assert_eq!(attempts, ["fast"], "{body}");
    }
}

#[tokio::test]
async fn what_is_no_answer_of_dynamodb_is_asked_for_again() {
    for body in ["<html>", "", "[]", r#"{"message":"log in first"}"#] {
        let answers = [Answer::text(200, body), found()];
        let (outcome, attempts) = outcome_of(answers, own_settings()).await;
        outcome.unwrap();
        assert_eq!(attempts, ["fast", "attempt=2; max=3"], "{body}");
        let (outcome, attempts) = outcome_of([Answer::text(200, body)], own_settings()).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), "ERR_SESSION_UNREACHABLE", "{body}");
        assert_eq!(attempts.len(), 3, "{body}");
    }
}

#[tokio::test]
async fn a_damaged_answer_is_asked_for_again() {
    let damaged = found().with_header("x-amz-crc32", "1");
    let (outcome, attempts) = outcome_of([damaged.clone(), found()], own_settings()).await;
    outcome.unwrap();
    assert_eq!(attempts, ["fast", "attempt=2; max=3"]);
    let (outcome, _) = outcome_of([damaged], own_settings()).await;
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("CRC32"), "{error}");
}

#[tokio::test]
async fn what_a_batch_leaves_is_not_lost() {
    let left = json!({ TABLE: { "Keys": [{ "id": { "S": "a" } }] } });
    let answer = Answer::ok(json!({ "Responses": {}, "UnprocessedKeys": left }));
    let (_server, dynamo) = learned(in_turn([answer]), own_settings()).await;
    let left = dynamo.batch_get_item(batch_get()).await.unwrap();
    assert_eq!(left.unprocessed_keys.unwrap()[TABLE].keys(), [key()]);

    let write = json!({ "DeleteRequest": { "Key": { "id": { "S": "a" } } } });
    let answer = Answer::ok(json!({ "UnprocessedItems": { TABLE: [write] } }));
    let (_server, dynamo) = learned(in_turn([answer]), own_settings()).await;
    let left = dynamo.batch_write_item(batch_write()).await.unwrap();
    assert_eq!(left.unprocessed_items.unwrap()[TABLE].len(), 1);
}

#[tokio::test]
async fn all_requests_are_the_sdks_until_what_retries_have_cost_is_earned_back() {
    let failure = Answer::error(500, "InternalServerError", "oh");
    let failures = [failure.clone(), failure.clone(), failure, found()];
    let (server, dynamo) = learned(in_turn(failures), own_settings()).await;
    dynamo.get_item(get()).await.unwrap_err();
    dynamo.get_item(get()).await.unwrap();
    assert_eq!(ways(&server)[4], "SDK");
    // Each success earns something; it does not take long.
    let mut successes = 1;
    while *ways(&server).last().unwrap() == "SDK" {
        assert!(successes < 100, "there is no way back");
        dynamo.get_item(get()).await.unwrap();
        successes += 1;
    }
}

#[tokio::test]
async fn requests_that_fail_at_one_moment_lose_nothing_of_what_retries_may_cost() {
    const REQUESTS: usize = 20;
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let mut failures = 0;
    let answer = move |_: &Request| {
        failures += 1;
        if failures > REQUESTS {
            return found();
        }
        Answer::error(500, "InternalServerError", "oh").behind(&held)
    };
    let (server, dynamo) = learned(answer, own_settings()).await;
    let gets = join_all((0..REQUESTS).map(|_| dynamo.get_item(get())));
    let fail = async {
        server.has_seen(1 + REQUESTS).await;
        gate.add_permits(1);
    };
    let (outputs, ()) = join(gets, fail).await;
    for output in outputs {
        output.unwrap();
    }
    dynamo.get_item(get()).await.unwrap();
    assert_ne!(*ways(&server).last().unwrap(), "SDK");
}

/// Gives other credentials whenever it is asked, which have ended.
#[derive(Debug, Default)]
struct Rotating(AtomicU32);

impl ProvideCredentials for Rotating {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let id = format!("AKIDFAST{}", self.0.fetch_add(1, Ordering::Relaxed));
        let ended = Some(SystemTime::now() - Duration::from_secs(1));
        let credentials = Credentials::new(id, "a secret", None, ended, "test");
        future::ProvideCredentials::ready(Ok(credentials))
    }
}

#[tokio::test]
async fn other_credentials_are_the_sdks_to_sign_with() {
    let settings = Settings {
        credentials: Some(CredentialSource::Provided {
            provider: SharedCredentialsProvider::new(Rotating::default()),
            origin: None,
        }),
        ..own_settings()
    };
    let (server, dynamo) = learned(|_| found(), settings).await;
    dynamo.get_item(get()).await.unwrap();
    assert_eq!(attempts(&server), ["attempt=1; max=3"]);
    let signed = server.requests().into_iter().map(|request| {
        let authorization = &request.headers["authorization"];
        authorization.contains("Credential=AKIDFAST1/")
    });
    assert_eq!(signed.collect::<Vec<_>>(), [false, true]);
}
