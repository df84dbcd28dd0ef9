//! The core's questions to JavaScript: the settings of the user's client, credentials from the user's
//! provider, and a request through the user's client.
//!
//! The callbacks answer with plain data, and turn a rejection into `failure`. They are weak references,
//! and keep no process alive: the call that asks does.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use napi::Status;
use napi::bindgen_prelude::{FnArgs, FromNapiValue, JsValuesTupleIntoVec, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;

use super::connection::ConnectionOptions;
use super::credentials::{CredentialsAnswer, credentials};
use super::environment::EnvironmentCallbacks;
use crate::core::context::CallContext;
use crate::core::dynamo::credentials::cache::is_replacing;
use crate::core::dynamo::lost::KeepTable;
use crate::core::dynamo::settings::{CredentialSource, ProvideSettings, Settings};
use crate::core::dynamo::user_client::UserClient;
use crate::core::dynamo::variables::Copies;
use crate::core::error::{self, ClientFailure, Error, InvalidOption, Place, Result};
use crate::core::store::IndexValues;

type Ask<T, A = ()> = ThreadsafeFunction<A, Promise<T>, A, Status, false, true>;

/// Sends a request through the user's client, see [`Callbacks::call`].
type AskClient = Ask<CallAnswer, FnArgs<(String, String, Option<u32>)>>;

/// The callbacks of a store.
#[napi(object, object_to_js = false)]
pub struct Callbacks {
    /// Reads the settings of the user's client.
    #[napi(ts_type = "() => Promise<ConnectionAnswer>")]
    pub connection: Option<Ask<ConnectionAnswer>>,
    /// Provides credentials. The addon asks again before they expire. `replaces` is `true` if DynamoDB
    /// has refused the last credentials.
    #[napi(ts_type = "(replaces: boolean) => Promise<CredentialsAnswer>")]
    pub credentials: Option<Ask<CredentialsAnswer, bool>>,
    /// Sends a request through the user's client. `operation` is DynamoDB's name, such as `GetItem`, and
    /// `input` its parameters in DynamoDB's JSON. `context` is the asynchronous context of the call that
    /// needs the request, see `NativeStore.enter`.
    #[napi(
        ts_type = "(operation: string, input: string, context?: number) => Promise<CallAnswer>"
    )]
    pub call: Option<AskClient>,
    /// Returns the values of a merged session in the store's indexes. `session` is JSON.
    #[napi(ts_type = "(session: string) => Promise<IndexAnswer>")]
    pub index_values: Option<Ask<IndexAnswer, String>>,
    /// The environment in which the store was opened.
    pub environment: Option<EnvironmentCallbacks>,
    /// Checks a lost table, and creates it if it is missing. Returns whether the table exists
    /// afterwards.
    #[napi(ts_type = "() => Promise<boolean>")]
    pub ensure_table: Option<Arc<Ask<bool>>>,
}

impl Callbacks {
    /// Asks for the values of merged sessions in the store's indexes; `None` without this callback.
    pub fn index_values(&mut self) -> Option<Arc<dyn IndexValues>> {
        let ask = self.index_values.take()?;
        Some(Arc::new(JsValues(Arc::new(ask))))
    }

    /// Checks a lost table by the callback `ensure_table`; `None` without this callback.
    pub fn keeper(&self) -> Option<Arc<dyn KeepTable>> {
        let ensure = self.ensure_table.clone()?;
        Some(Arc::new(JsKeeper(ensure)))
    }
}

/// The values of a session in the indexes, or the reason why it has none.
#[napi(object, object_to_js = false)]
pub struct IndexAnswer {
    pub values: Option<Vec<Option<String>>>,
    pub failure: Option<String>,
}

/// Asks JavaScript, which has the functions of the options.
struct JsValues(Arc<Ask<IndexAnswer, String>>);

impl IndexValues for JsValues {
    fn values(&self, session: String) -> BoxFuture<'static, Result<Vec<Option<String>>>> {
        let callback = Arc::clone(&self.0);
        async move {
            let refused = |reason| Error::IndexValue { reason };
            let answer = ask(&callback, session).await.map_err(refused)?;
            match answer {
                IndexAnswer {
                    values: Some(values),
                    ..
                } => Ok(values),
                IndexAnswer { failure, .. } => Err(refused(failure.unwrap_or_default())),
            }
        }
        .boxed()
    }
}

/// Asks the store in JavaScript, which knows how to create its table.
struct JsKeeper(Arc<Ask<bool>>);

impl KeepTable for JsKeeper {
    fn ensure(&self) -> BoxFuture<'static, bool> {
        let ensure = Arc::clone(&self.0);
        // If JavaScript cannot answer, the table counts as missing.
        Box::pin(async move { ask(&ensure, ()).await.unwrap_or(false) })
    }
}

/// The settings of a client, or the reason why they cannot be used.
#[napi(object, object_to_js = false)]
pub struct ConnectionAnswer {
    pub connection: Option<ConnectionOptions>,
    /// `true`: requests have to go through the client. If the options forbid this, `failure` is the
    /// reason.
    pub through_client: Option<bool>,
    pub failure: Option<String>,
}

/// The answer of the user's client: DynamoDB's JSON, or an error.
#[napi(object, object_to_js = false)]
pub struct CallAnswer {
    pub output: Option<String>,
    pub failure: Option<CallFailure>,
}

/// An error of the user's client.
#[napi(object, object_to_js = false)]
pub struct CallFailure {
    /// `service`: DynamoDB has answered with this error. The other kinds happened before an answer.
    #[napi(ts_type = "'service' | 'unreachable' | 'credentials' | 'other'")]
    pub kind: String,
    pub name: String,
    pub message: String,
    pub request_id: Option<String>,
    /// The HTTP status of DynamoDB's answer.
    pub status_code: Option<u16>,
    /// `$metadata`, as JSON.
    pub metadata: Option<String>,
    /// `throttlingReasons`, as JSON.
    pub throttling_reasons: Option<String>,
    /// The error and its causes, from the outermost to the innermost.
    pub causes: Vec<String>,
    /// The endpoint of the client, if the client says it.
    pub endpoint: Option<String>,
    /// The region that the client signs requests for.
    pub region: Option<String>,
}

impl From<CallFailure> for Error {
    fn from(failure: CallFailure) -> Self {
        let kind = match failure.kind.as_str() {
            "service" => {
                let error = Self::service(
                    failure.name,
                    Some(&failure.message),
                    failure.status_code,
                    failure.request_id,
                    failure.metadata,
                );
                let reasons = failure.throttling_reasons.unwrap_or_default();
                return error.because_of(error::throttling_reasons(reasons.as_bytes()));
            }
            "unreachable" => ClientFailure::Unreachable,
            "credentials" => ClientFailure::Credentials,
            _ => ClientFailure::Other,
        };
        Self::Client {
            kind,
            name: failure.name,
            message: failure.message,
            metadata: failure.metadata,
            causes: failure.causes,
        }
    }
}

async fn ask<T, A>(callback: &Ask<T, A>, arguments: A) -> Result<T, String>
where
    T: FromNapiValue + Send + 'static,
    A: JsValuesTupleIntoVec + Send + 'static,
{
    let answer = async { callback.call_async(arguments).await?.await };
    answer
        .await
        .map_err(|error: napi::Error| error.reason.clone())
}

/// The sources of a store's settings: the options or a client, the user's credential provider, and a
/// client to call.
pub struct JsSettings {
    given: Settings,
    connection: Option<Ask<ConnectionAnswer>>,
    credentials: Option<CredentialSource>,
    client: Option<Arc<dyn UserClient>>,
    max_calls: Option<usize>,
    breaker: bool,
    credentials_timeout: Duration,
    through_client: Arc<AtomicBool>,
    environment: Arc<Copies>,
}

impl JsSettings {
    /// `through_client` can be changed at any time, and takes effect with the next request.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`] names the option that is invalid.
    pub fn new(
        given: ConnectionOptions,
        callbacks: Callbacks,
        through_client: Arc<AtomicBool>,
        environment: Arc<Copies>,
    ) -> Result<Self, InvalidOption> {
        Ok(Self {
            max_calls: given.max_sockets()?,
            breaker: given.breaker.unwrap_or(true),
            credentials_timeout: given.credentials_timeout()?,
            connection: callbacks.connection,
            credentials: callbacks
                .credentials
                .map(|callback| CredentialSource::Provided {
                    provider: SharedCredentialsProvider::new(JsCredentials(Arc::new(callback))),
                    origin: given.credentials_from.clone(),
                }),
            client: callbacks.call.map(|callback| {
                let place = Mutex::default();
                Arc::new(JsClient { callback, place }) as Arc<dyn UserClient>
            }),
            given: given.settings()?,
            through_client,
            environment,
        })
    }
}

#[async_trait]
impl ProvideSettings for JsSettings {
    async fn settings(&self) -> Result<Option<Settings>> {
        let mut settings = match &self.connection {
            Some(callback) => {
                let failed = |reason| Error::Settings {
                    causes: vec![reason],
                };
                let answer = ask(callback, ()).await.map_err(failed)?;
                match answer {
                    ConnectionAnswer {
                        through_client: Some(true),
                        failure: None,
                        ..
                    } => return Ok(None),
                    ConnectionAnswer {
                        through_client: Some(true),
                        failure: Some(reason),
                        ..
                    } => {
                        let rule = format!(
                            "cannot be \"native\": {reason}. Without \"transport\", the store calls the client"
                        );
                        return Err(InvalidOption::new("transport", rule).into());
                    }
                    ConnectionAnswer {
                        connection: Some(connection),
                        ..
                    } => connection.settings()?,
                    ConnectionAnswer { failure, .. } => {
                        return Err(failed(failure.unwrap_or_default()));
                    }
                }
            }
            None => self.given.clone(),
        };
        if let Some(provider) = &self.credentials {
            settings.credentials = Some(provider.clone());
        }
        Ok(Some(settings))
    }

    fn environment(&self) -> Arc<Copies> {
        Arc::clone(&self.environment)
    }

    fn through_client(&self) -> bool {
        self.through_client.load(Ordering::Relaxed)
    }

    fn client(&self) -> Option<Arc<dyn UserClient>> {
        self.client.clone()
    }

    fn max_calls(&self) -> Option<usize> {
        self.max_calls
    }

    fn credentials_timeout(&self) -> Duration {
        self.credentials_timeout
    }

    fn breaker(&self) -> bool {
        self.breaker
    }
}

/// The client that the user passed.
struct JsClient {
    callback: AskClient,
    /// The endpoint and region that the client's last failure named.
    place: Mutex<Place>,
}

#[async_trait]
impl UserClient for JsClient {
    async fn call(
        &self,
        operation: String,
        input: String,
        context: Option<CallContext>,
    ) -> Result<String> {
        let context = context.map(|CallContext(number)| number);
        let answer = ask(&self.callback, (operation, input, context).into()).await;
        match answer {
            Ok(CallAnswer {
                failure: Some(mut failure),
                ..
            }) => {
                *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Place {
                    table: None,
                    endpoint: failure.endpoint.take(),
                    region: failure.region.take(),
                };
                Err(failure.into())
            }
            Ok(CallAnswer { output, .. }) => Ok(output.unwrap_or_else(|| "{}".to_owned())),
            Err(reason) => Err(Error::unreachable(vec![reason])),
        }
    }

    fn place(&self) -> Place {
        let place = self.place.lock();
        place.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The user's credential provider.
struct JsCredentials(Arc<Ask<CredentialsAnswer, bool>>);

/// Written by hand, because the SDK requires `Debug` and a threadsafe function does not have it.
impl fmt::Debug for JsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("credentials from JavaScript")
    }
}

impl ProvideCredentials for JsCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let answer = ask(&self.0, is_replacing())
                .await
                .map_err(CredentialsError::provider_error)?;
            credentials(answer)
        })
    }
}
