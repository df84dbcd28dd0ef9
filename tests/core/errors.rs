//! What can go wrong between the core and DynamoDB, and that no error tells a secret.

use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use dynamo_session_store::core::dynamo::sdk::SdkDynamo;
use dynamo_session_store::core::dynamo::settings::{CredentialSource, Settings};
use dynamo_session_store::core::error::{Error, Result};
use dynamo_session_store::core::expiry::{Expires, UnixMillis};
use dynamo_session_store::core::layout::{ConnectLayout, Record};
use dynamo_session_store::core::store::SessionStore;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::canned::{Answer, Canned, in_turn};
use crate::support::{self, AMPLE, SHORT, new_name};

const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);

const ACCESS_KEY: &str = "AKIDHUNTER2";
const SECRET_KEY: &str = "secret-hunter2";
const TOKEN: &str = "token-hunter2";
const SID: &str = "sid-hunter2";
const DATA: &str = r#"{"user":"data-hunter2"}"#;

/// One attempt with secrets that can be told from everything else.
fn settings(endpoint: &str) -> Settings {
    let token = Some(TOKEN.to_owned());
    let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY, token, None, "test");
    Settings {
        credentials: Some(CredentialSource::Fixed(credentials)),
        max_attempts: Some(1),
        request_timeout: AMPLE,
        ..support::settings(endpoint)
    }
}

fn store(settings: Settings) -> SessionStore<ConnectLayout> {
    let layout = ConnectLayout::new("id", "sess:", &[], false).unwrap();
    let schedule = support::schedule(SdkDynamo::new(settings), &new_name(), None);
    SessionStore::new(schedule, layout, true)
}

async fn save(settings: Settings, limit: Duration) -> Result<()> {
    let record = Record {
        sid: SID.to_owned(),
        data: DATA.to_owned(),
        expires: Some(Expires::at(UnixMillis(NOW.0 + 60_000.0))),
        special: Vec::new(),
    };
    store(settings).save(record, limit).await
}

/// The error of a save, which is seen to have no secret in it.
async fn save_error(settings: Settings, limit: Duration) -> Error {
    without_secrets(save(settings, limit).await.unwrap_err())
}

/// The error of a save that is answered so.
async fn save_error_of(answer: Answer) -> Error {
    let server = Canned::start(in_turn([answer])).await;
    save_error(settings(server.endpoint()), AMPLE).await
}

/// The error of a load that is answered so, which is seen to have no secret in it.
async fn load_error_of(answer: Answer) -> Error {
    let server = Canned::start(in_turn([answer])).await;
    let store = store(settings(server.endpoint()));
    without_secrets(store.load(SID, NOW, AMPLE).await.unwrap_err())
}

fn without_secrets(error: Error) -> Error {
    let printed = format!("{error}\n{error:?}\n{error:#?}").to_lowercase();
    assert!(!printed.contains("hunter2"), "{printed}");
    error
}

fn service(code: &str, message: &str, status: u16, retryable: bool) -> Error {
    Error::Service {
        code: code.to_owned(),
        message: message.to_owned(),
        request_id: None,
        status: Some(status),
        metadata: None,
        retryable,
        repeated: None,
    }
}

/// The answer to a GetItem that finds the session.
fn found() -> Answer {
    Answer::ok(json!({ "Item": {
        "id": { "S": format!("sess:{SID}") },
        "type": { "S": "connect-session" },
        "sess": { "S": DATA },
    }}))
}

fn assert_unreachable(error: &Error) {
    assert_eq!(error.code(), "ERR_SESSION_UNREACHABLE", "{error:?}");
    assert!(!error.causes().is_empty(), "{error:?}");
    assert!(error.retryable());
}

#[tokio::test]
async fn an_error_of_dynamodb_keeps_its_name_and_its_words() {
    let message = "Cannot do operations on a non-existent table";
    assert_eq!(
        save_error_of(Answer::error(400, "ResourceNotFoundException", message)).await,
        service("ResourceNotFoundException", message, 400, false)
    );
}

#[tokio::test]
async fn an_error_of_dynamodb_has_the_id_that_aws_support_asks_for() {
    let answer = Answer::error(400, "AccessDeniedException", "not authorized")
        .with_header("x-amzn-requestid", "REQUEST-1");
    let error = save_error_of(answer).await;
    assert_eq!(
        error,
        Error::Service {
            code: "AccessDeniedException".to_owned(),
            message: "not authorized".to_owned(),
            request_id: Some("REQUEST-1".to_owned()),
            status: Some(400),
            metadata: None,
            retryable: false,
            repeated: None,
        }
    );
}

#[tokio::test]
async fn an_error_of_the_signature_does_not_show_what_was_signed() {
    let message = format!(
        "The request signature we calculated does not match.\n\nThe Canonical String for this \
         request should have been\n'POST\n/\n\nx-amz-security-token:{TOKEN}\n'"
    );
    assert_eq!(
        save_error_of(Answer::error(400, "InvalidSignatureException", &message)).await,
        service(
            "InvalidSignatureException",
            "The request signature we calculated does not match.",
            400,
            false
        )
    );
}

#[tokio::test]
async fn throttling_is_retried_as_often_as_allowed_and_may_pass_later() {
    let code = "ProvisionedThroughputExceededException";
    let server = Canned::start(in_turn([Answer::error(400, code, "slow down")])).await;
    let settings = Settings {
        max_attempts: Some(3),
        ..settings(server.endpoint())
    };
    let error = save_error(settings, AMPLE).await;
    assert_eq!(error.attempts(), Some(3));
    assert_eq!((error.code(), error.retryable()), (code, true));
    assert_eq!(error.to_string(), "slow down");
    assert_eq!(server.operations(), ["PutItem"; 3]);
}

#[tokio::test]
async fn throttling_is_retried_until_the_deadline_and_is_what_the_error_says() {
    let code = "ProvisionedThroughputExceededException";
    let server = Canned::start(in_turn([Answer::error(400, code, "slow down")])).await;
    let error = save_error(settings_without_bound(server.endpoint()), SHORT * 5).await;
    assert_eq!((error.code(), error.retryable()), (code, true));
    let attempts = error.attempts().unwrap();
    assert!(attempts > 3, "{attempts}");
}

#[tokio::test]
async fn throttling_between_other_failures_does_not_make_more_attempts_than_allowed() {
    let server = Canned::start(in_turn([
        Answer::error(400, "ThrottlingException", "slow down"),
        Answer::error(500, "InternalServerError", "oh"),
    ]))
    .await;
    let settings = Settings {
        max_attempts: Some(3),
        ..settings(server.endpoint())
    };
    let error = save_error(settings, AMPLE).await;
    assert_eq!(error.code(), "InternalServerError");
    assert_eq!(server.operations(), ["PutItem"; 3]);
}

/// As many attempts as the SDK makes, and more where it is throttled.
fn settings_without_bound(endpoint: &str) -> Settings {
    Settings {
        max_attempts: None,
        ..settings(endpoint)
    }
}

#[tokio::test]
async fn what_passes_by_itself_is_retried_until_it_has() {
    let server = Canned::start(in_turn([
        Answer::error(400, "ThrottlingException", "slow down"),
        Answer::error(500, "InternalServerError", "oh"),
        Answer::Close,
        Answer::ok(json!({})),
    ]))
    .await;
    let settings = Settings {
        max_attempts: Some(4),
        ..settings(server.endpoint())
    };
    assert_eq!(save(settings, AMPLE).await, Ok(()));
    assert_eq!(server.operations(), ["PutItem"; 4]);
}

#[tokio::test]
async fn what_does_not_pass_by_itself_is_not_retried() {
    let server = Canned::start(in_turn([Answer::error(400, "AccessDeniedException", "no")])).await;
    let settings = Settings {
        max_attempts: Some(3),
        ..settings(server.endpoint())
    };
    save_error(settings, AMPLE).await;
    assert_eq!(server.operations(), ["PutItem"]);
}

#[tokio::test]
async fn a_failure_inside_dynamodb_may_pass_later() {
    assert_eq!(
        save_error_of(Answer::error(500, "InternalServerError", "oh")).await,
        service("InternalServerError", "oh", 500, true)
    );
}

#[tokio::test]
async fn a_page_of_html_in_place_of_an_answer_is_an_error_with_its_status() {
    let page = format!("<html><body>Service Unavailable {DATA}</body></html>");
    let error = save_error_of(Answer::text(503, &page)).await;
    assert_unreachable(&error);
    let shown = error.to_string();
    assert!(
        shown.contains("HTTP status 503") && error.retryable(),
        "{shown}"
    );
}

#[tokio::test]
async fn a_torn_connection_is_unreachable() {
    assert_unreachable(&save_error_of(Answer::Close).await);
}

#[tokio::test]
async fn an_answer_that_ends_too_early_is_unreachable() {
    assert_unreachable(&load_error_of(found().torn()).await);
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_unreachable() {
    let body = format!(r#"{{"Item":{{"sess":{{"S":{DATA}"#);
    assert_unreachable(&load_error_of(Answer::text(200, &body)).await);
    assert_unreachable(&load_error_of(Answer::text(200, DATA.trim_end_matches('}'))).await);
}

#[tokio::test]
async fn a_server_that_does_not_answer_ends_at_the_limit_of_the_call() {
    let server = Canned::start(in_turn([Answer::Hang])).await;
    assert_eq!(
        save_error(settings(server.endpoint()), SHORT).await,
        Error::Timeout {
            operation: "set",
            after: SHORT
        }
    );
}

#[tokio::test]
async fn a_server_that_does_not_answer_ends_at_the_limit_of_the_request() {
    let server = Canned::start(in_turn([Answer::Hang])).await;
    let settings = Settings {
        request_timeout: SHORT,
        ..settings(server.endpoint())
    };
    assert_eq!(
        save_error(settings, AMPLE).await,
        Error::AttemptsTimedOut {
            timed_out: 1,
            attempts: 1,
            each: SHORT
        }
    );
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_unreachable_and_says_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = save_error(settings(&endpoint), AMPLE).await;
    assert_unreachable(&error);
    assert!(error.to_string().contains("refused"), "{error:?}");
}

#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let error = CredentialsError::provider_error("the vault is shut");
        future::ProvideCredentials::ready(Err(error))
    }
}

#[tokio::test]
async fn credentials_that_cannot_be_had_are_said_to_be_missing() {
    let server = Canned::start(in_turn([Answer::ok(json!({}))])).await;
    let settings = Settings {
        credentials: Some(CredentialSource::Provided {
            provider: SharedCredentialsProvider::new(NoCredentials),
            origin: None,
        }),
        ..settings(server.endpoint())
    };
    let error = save_error(settings, AMPLE).await;
    assert_eq!(error.code(), "ERR_SESSION_CREDENTIALS", "{error:?}");
    assert!(error.to_string().contains("the vault is shut"), "{error:?}");
    assert!(!error.retryable());
    assert!(server.requests().is_empty());
}
