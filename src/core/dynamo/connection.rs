//! A connection to DynamoDB: its clients, credentials and limits. [`open`](super::open) makes one.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_smithy_runtime::client::retries::TokenBucket;

use super::attempts::Watch;
use super::credentials::cache::Cache;
use super::fast::FastPath;
use super::http::Http;
use super::outage::Outage;
use super::redact::Secrets;
use super::refused::Refusal;
use super::registry::Registry;
use super::throttle::{Limits, Repeats};
use super::ways::Origins;
use crate::core::error::{Error, Result};

/// A connection to DynamoDB.
pub struct Connection {
    /// The SDK's client.
    pub client: Client,
    /// The same client for probes: it also sends during an outage, and does not retry.
    pub probe: Client,
    /// The fast path of session operations. `None` if the SDK or the user's client sends all requests.
    pub fast: Option<FastPath>,
    /// The time limit of an attempt.
    pub request_timeout: Duration,
    /// The largest number of open connections.
    pub max_sockets: usize,
    /// The outage of the address. `None` if every call is sent.
    pub address: Option<Arc<Outage>>,
    /// The outage of the credential source. `None` if every call is sent.
    pub credentials: Option<Arc<Outage>>,
    /// The credentials to sign with. `None` if the user's client signs.
    pub signer: Option<Cache>,
    /// Keeps the shared HTTP client alive.
    pub pool: Option<Arc<Http>>,
    /// Keeps the shared token bucket of the retries alive.
    pub retries: Option<Arc<TokenBucket>>,
    /// How throttled requests are sent again.
    pub repeats: Repeats,
    /// The limits of the tables, by table name. They belong to the connection, because two accounts may have tables
    /// of the same name.
    pub limits: Registry<String, Limits>,
    /// The region that requests are signed for.
    pub region: Option<String>,
    /// Whether requests go to AWS in the default region, because no source names one.
    pub lacks_region: bool,
    /// The recent credentials. No error may quote them.
    pub secrets: Secrets,
    /// The endpoint of the settings.
    pub configured: Option<String>,
    /// Knows the endpoint once a request was sent.
    pub watch: Watch,
    /// Whether requests are dated by DynamoDB's clock if this machine's clock differs.
    pub corrects_clock: bool,
    /// Where the settings come from.
    pub origins: Origins,
}

impl Connection {
    /// Checks that no outage keeps a request from being sent.
    ///
    /// # Errors
    ///
    /// [`Error::Outage`], with its reason.
    pub fn admit(&self) -> Result<()> {
        match self.outages().find_map(|outage| outage.refusal()) {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }

    /// The credentials to sign a request with. `None` if the user's client signs.
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get`], without secrets.
    pub async fn credentials(&self, limit: Duration) -> Result<Option<Credentials>> {
        match &self.signer {
            Some(signer) => {
                let given = signer.get(limit).await;
                let shown = given.map_err(|error| {
                    let hide = |text: &str| self.secrets.hide(text, None);
                    error.hiding(hide)
                });
                shown.map(Some)
            }
            None => Ok(None),
        }
    }

    /// After DynamoDB refused a request that was signed with `used`: the credentials to send it with once more.
    /// `None` if DynamoDB would refuse it again.
    pub async fn mend(
        &self,
        refusal: Option<Refusal>,
        used: &Credentials,
        limit: Duration,
    ) -> Option<Credentials> {
        match refusal? {
            Refusal::Date => self.corrects_clock.then(|| used.clone()),
            Refusal::Credentials => self.signer.as_ref()?.others(used, limit).await,
        }
    }

    /// Notes a failure of the credentials, which comes before any attempt. The guard notes the outcomes of
    /// attempts.
    pub fn note(&self, error: &Error) {
        if let (Error::Credentials { .. }, Some(credentials)) = (error, &self.credentials) {
            credentials.note(Err(error));
        }
    }

    /// The address that requests go to. Before the first request, the endpoint in the settings, if there is one.
    pub fn endpoint(&self) -> Option<&String> {
        self.watch.endpoint().or(self.configured.as_ref())
    }

    /// The outages that keep requests from being sent.
    pub fn outages(&self) -> impl Iterator<Item = &Arc<Outage>> {
        self.address.iter().chain(&self.credentials)
    }
}
