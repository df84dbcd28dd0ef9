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
use crate::core::error::{Error, Result};

/// A connection to DynamoDB.
pub struct Connection {
    /// The SDK's client.
    pub client: Client,
    /// The same for probes: it sends during an outage too, and once only.
    pub probe: Client,
    /// For the requests of session operations, where the client can be spared.
    pub fast: Option<FastPath>,
    /// The time that one attempt may take.
    pub request_timeout: Duration,
    /// How many connections may be open at a time.
    pub max_sockets: usize,
    /// Whether DynamoDB answers; `None` where every call is to be tried.
    pub address: Option<Arc<Outage>>,
    /// Whether there are credentials to sign with; `None` where every call is to be tried.
    pub credentials: Option<Arc<Outage>>,
    /// The credentials to sign with; `None` where the user's client signs.
    pub signer: Option<Cache>,
    /// The connections, for as long as this is used.
    pub pool: Option<Arc<Http>>,
    /// What retries may cost, shared for as long as this is used.
    pub retries: Option<Arc<TokenBucket>>,
    /// How requests are sent again that were throttled.
    pub repeats: Repeats,
    /// What the tables take, by their names. Two accounts may have tables of one name.
    pub limits: Registry<String, Limits>,
    /// The region that requests are signed for.
    pub region: Option<String>,
    /// Whether that region is the default, for AWS itself, because nothing names one.
    pub lacks_region: bool,
    /// The credentials of late, which no error may quote.
    pub secrets: Secrets,
    /// The endpoint of the settings.
    pub configured: Option<String>,
    /// Knows the endpoint once a request was sent.
    pub watch: Watch,
    /// Whether requests are dated by DynamoDB's clock where that differs from this machine's.
    pub corrects_clock: bool,
}

impl Connection {
    /// Lets a request pass.
    ///
    /// # Errors
    ///
    /// What is wrong, during an outage.
    pub fn admit(&self) -> Result<()> {
        match self.outages().find_map(|outage| outage.refusal()) {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }

    /// The credentials to sign a request with; `None` where the user's client signs.
    ///
    /// # Errors
    ///
    /// Why there are none; [`Error::Credentials`] also if their source has not answered `limit` after it was
    /// asked.
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

    /// The credentials to send a request with once more that was signed with `used` and refused; `None` if
    /// that would be refused again.
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

    /// Notes a failure that came before any attempt: the guard has noted those that came later.
    pub fn note(&self, error: &Error) {
        if let (Error::Credentials { .. }, Some(credentials)) = (error, &self.credentials) {
            credentials.note(Err(error));
        }
    }

    /// The address that requests go to: the one of the settings, or what the SDK has made of the
    /// region, once it has.
    pub fn endpoint(&self) -> Option<&String> {
        self.watch.endpoint().or(self.configured.as_ref())
    }

    /// The outages that keep requests from being sent.
    pub fn outages(&self) -> impl Iterator<Item = &Arc<Outage>> {
        self.address.iter().chain(&self.credentials)
    }
}
