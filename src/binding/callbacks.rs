//! What the core asks JavaScript for, when it first needs it: the settings of the client that the
//! user passed, and credentials from the user's own provider.
//!
//! The functions answer with plain data, a rejection as `failure`. They are weak: waiting for
//! them is the business of the call that asked, and they hold no process alive.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use napi::Status;
use napi::bindgen_prelude::{FromNapiValue, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;

use super::options::ConnectionOptions;
use crate::core::dynamo::sdk::{ProvideSettings, Settings};
use crate::core::error::{Error, Result};

type Ask<T> = ThreadsafeFunction<(), Promise<T>, (), Status, false, true>;

/// The functions through which the core asks.
#[napi(object, object_to_js = false)]
pub struct Callbacks {
    /// The settings of the user's client.
    #[napi(ts_type = "() => Promise<ConnectionAnswer>")]
    pub connection: Option<Ask<ConnectionAnswer>>,
    /// Credentials, asked for again before they expire.
    #[napi(ts_type = "() => Promise<CredentialsAnswer>")]
    pub credentials: Option<Ask<CredentialsAnswer>>,
}

/// A client's settings, or why they could not be read.
#[napi(object, object_to_js = false)]
pub struct ConnectionAnswer {
    pub connection: Option<ConnectionOptions>,
    pub failure: Option<String>,
}

/// Credentials, or why there are none.
#[napi(object, object_to_js = false)]
pub struct CredentialsAnswer {
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub session_token: Option<String>,
    /// When they expire, in milliseconds since the Unix epoch.
    pub expiration: Option<f64>,
    pub failure: Option<String>,
}

async fn ask<T: FromNapiValue + Send + 'static>(callback: &Ask<T>) -> Result<T, String> {
    let answer = async { callback.call_async(()).await?.await };
    answer
        .await
        .map_err(|error: napi::Error| error.reason.clone())
}

/// Settings that were given, or that a client has; credentials that a provider gives.
pub struct Source {
    given: Settings,
    connection: Option<Ask<ConnectionAnswer>>,
    credentials: Option<SharedCredentialsProvider>,
}

impl Source {
    pub fn new(given: Settings, callbacks: Callbacks) -> Self {
        Self {
            given,
            connection: callbacks.connection,
            credentials: callbacks
                .credentials
                .map(|callback| SharedCredentialsProvider::new(Provider(Arc::new(callback)))),
        }
    }
}

#[async_trait]
impl ProvideSettings for Source {
    async fn settings(&self) -> Result<Settings> {
        let mut settings = match &self.connection {
            Some(callback) => {
                let failed = |reason| Error::Settings {
                    causes: vec![reason],
                };
                let answer = ask(callback).await.map_err(failed)?;
                match (answer.connection, answer.failure) {
                    (Some(connection), _) => connection.settings()?,
                    (None, reason) => return Err(failed(reason.unwrap_or_default())),
                }
            }
            None => self.given.clone(),
        };
        if let Some(provider) = &self.credentials {
            settings.credentials = Some(provider.clone());
        }
        Ok(settings)
    }
}

struct Provider(Arc<Ask<CredentialsAnswer>>);

/// By hand: a threadsafe function has no `Debug`, and the SDK wants one.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("credentials from JavaScript")
    }
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let answer = ask(&self.0)
                .await
                .map_err(CredentialsError::provider_error)?;
            credentials(answer)
        })
    }
}

fn credentials(answer: CredentialsAnswer) -> provider::Result {
    if let Some(reason) = answer.failure {
        return Err(CredentialsError::provider_error(reason));
    }
    match (answer.access_key_id, answer.secret_access_key) {
        (Some(id), Some(secret)) => Ok(Credentials::new(
            id,
            secret,
            answer.session_token,
            answer.expiration.map(|milliseconds| {
                // `as` turns what no clock shows, NaN and times before 1970, into 1970: expired.
                UNIX_EPOCH + Duration::from_millis(milliseconds as u64)
            }),
            "JavaScript",
        )),
        _ => Err(CredentialsError::provider_error(
            "the provider gave no accessKeyId and secretAccessKey",
        )),
    }
}
