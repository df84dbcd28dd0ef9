//! What is told of an outage.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::Credentials;
use dynamo_session_store::core::dynamo::KeyedTable;
use dynamo_session_store::core::dynamo::outage::Observer;
use dynamo_session_store::core::dynamo::sdk::{Probe, SdkDynamo, StoreContext};
use dynamo_session_store::core::dynamo::settings::{CredentialSource, Settings};
use dynamo_session_store::core::error::Error;

use crate::support::canned::{Answer, Canned, in_turn};
use crate::support::merged::{NOW, store};
use crate::support::{AMPLE, new_name};

/// Notes the reason of an outage.
#[derive(Default)]
struct Told(Mutex<Option<Error>>);

impl Observer for Told {
    fn unavailable(&self, reason: &Error) {
        *self.0.lock().unwrap() = Some(reason.clone());
    }

    fn available(&self) {}
}

#[tokio::test]
async fn its_reason_quotes_neither_credentials_nor_the_request() {
    let quotes = "AKIDHUNTER2 with secret-hunter2 and token-hunter2 asked for sid-hunter2";
    let answer = Answer::error(500, "InternalServerError", quotes);
    let server = Canned::start(in_turn([answer])).await;
    let token = Some("token-hunter2".to_owned());
    let credentials = Credentials::new("AKIDHUNTER2", "secret-hunter2", token, None, "test");
    let settings = Settings {
        credentials: Some(CredentialSource::Fixed(credentials)),
        max_attempts: Some(1),
        breaker: true,
        ..server.settings()
    };
    let (table, told) = (new_name(), Arc::new(Told::default()));
    let context = StoreContext {
        table: KeyedTable {
            name: table.clone(),
            hash_key: "id".to_owned(),
        },
        observer: Arc::clone(&told) as Arc<dyn Observer>,
        listener: None,
        keeper: None,
        probe: Probe {
            key: "probe".to_owned(),
            consistent: true,
        },
    };
    let dynamo = SdkDynamo::for_store(settings, Arc::default(), context);
    let store = store(dynamo, &table, 16);
    // An outage takes a while to begin.
    let refused = loop {
        let failed = store.load("sid-hunter2", NOW, AMPLE).await.unwrap_err();
        if matches!(failed, Error::Outage { .. }) {
            break failed;
        }
    };
    let reason = told.0.lock().unwrap().clone().unwrap();
    for error in [reason, refused] {
        assert!(
            error.to_string().contains("[hidden] with [hidden]"),
            "{error}"
        );
        let printed = format!("{error}\n{error:?}").to_lowercase();
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}
