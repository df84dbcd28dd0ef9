//! The credentials that requests are signed with.
//!
//! The source is asked once for all waiting calls, in a task of its own: if a call gives up, the task
//! continues, and the next call finds the answer. Credentials are kept until they end. Some time before
//! they end, the source is asked in the background, and requests are still signed with the kept
//! credentials. There is no timer: each call checks whether a renewal is due.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::super::attempts;
use super::super::outage::Outage;
use super::super::telemetry::Event;
use super::super::telemetry::audience::Audience;
use super::asking::Asking;
use crate::core::error::{Error, Result, causes, sources};
use crate::core::lock::locked;

/// Credentials are renewed this long before they end, or at half of their life if that is later.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// The margin shrinks by a random share of up to this much, so that processes which started together renew at
/// different times.
const JITTER: f64 = 0.2;

/// The pauses after renewals in the background: the first, and the longest. After each failure, the pause is
/// twice as long.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// If a source has not answered within this time, the next call asks it again.
const LONGEST: Duration = Duration::from_secs(60);

/// If DynamoDB refuses credentials and the source has no others, further refusals do not make the store ask the
/// source again for this time.
const ALIKE: Duration = Duration::from_secs(5);

tokio::task_local! {
    /// Whether the source is asked because DynamoDB refused its last credentials.
    static REPLACING: bool;
}

/// For sources that keep credentials themselves: whether to replace them, because DynamoDB refused them.
///
/// `false` outside of a request to the source.
pub fn is_replacing() -> bool {
    REPLACING.try_with(|replacing| *replacing).unwrap_or(false)
}

/// See the [module](self). Clones share the credentials.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    source: SharedCredentialsProvider,
    asking: Asking,
    /// Learns when the source gives credentials, and when calls fail because it gives none.
    outage: Option<Arc<Outage>>,
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    state: Mutex<State>,
    audience: Audience,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// The request to the source, while it is in flight.
    asked: Option<Asked>,
    /// The number of failures since the source last gave credentials.
    failures: u32,
    /// When the next renewal in the background may begin.
    next: Option<Instant>,
    /// Until this moment, a refusal does not make the store ask the source.
    alike: Option<Instant>,
}

struct Held {
    credentials: Credentials,
    life: Life,
}

#[derive(Clone)]
struct Asked {
    since: Instant,
    /// Whether the source was asked because DynamoDB refused its last credentials.
    replaces: bool,
    answer: watch::Receiver<Option<Result<Credentials>>>,
}

/// The life of credentials. If they never end, both fields are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Life {
    /// When a renewal is due.
    due: Option<SystemTime>,
    /// When they end.
    end: Option<SystemTime>,
}

impl Life {
    /// The life of credentials that were given at `now`. `jitter` is between 0 and 1.
    fn new(end: Option<SystemTime>, now: SystemTime, jitter: f64) -> Self {
        let due = end.map(|end| {
            let left = end.duration_since(now).unwrap_or_default();
            let margin = MARGIN.min(left / 2);
            end.checked_sub(margin.mul_f64(1.0 - JITTER * jitter))
                .unwrap_or(now)
        });
        Self { due, end }
    }

    fn has_ended(self, now: SystemTime) -> bool {
        self.end.is_some_and(|end| end <= now)
    }

    fn is_due(self, now: SystemTime) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

impl Cache {
    /// An empty cache of `source`. `asking` names the source in errors.
    pub fn new(
        source: SharedCredentialsProvider,
        asking: Asking,
        outage: Option<Arc<Outage>>,
    ) -> Self {
        Self(Arc::new(Inner {
            source,
            asking,
            outage,
            clock: Box::new(SystemTime::now),
            state: Mutex::default(),
            audience: Audience::default(),
        }))
    }

    /// Learns when the source gives credentials or fails.
    pub fn audience(&self) -> &Audience {
        &self.0.audience
    }

    /// Credentials that have not ended. If the source gave them just now, they are not checked.
    ///
    /// # Errors
    ///
    /// [`Error::Credentials`] if the source failed, or has not answered `limit` after it was asked;
    /// [`Error::Settings`] if the CA bundle for its connection cannot be used.
    pub async fn get(&self, limit: Duration) -> Result<Credentials> {
        let asked = {
            let mut state = self.0.state();
            let now = (self.0.clock)();
            match &state.held {
                Some(held) if !held.life.has_ended(now) => {
                    let credentials = held.credentials.clone();
                    if held.life.is_due(now) && state.may_renew() {
                        self.0.ask(&mut state, limit, false);
                    }
                    return Ok(credentials);
                }
                _ => self.0.ask(&mut state, limit, false),
            }
        };
        let since = asked.since.into_std();
        let answer = self.0.answer(asked, limit).await;
        if let (Err(error), Some(outage)) = (&answer, &self.0.outage) {
            outage.note_failure_since(error, since);
        }
        answer
    }

    /// The error that the source has not answered yet. `None` if the cache has credentials, or if the source is
    /// not being asked.
    pub fn missing(&self) -> Option<Error> {
        let state = self.0.state();
        let now = (self.0.clock)();
        let has = state.held.as_ref();
        if has.is_some_and(|held| !held.life.has_ended(now)) {
            return None;
        }
        let since = state.alive()?.since;
        Some(self.0.unanswered(since.elapsed()))
    }

    /// Asks for credentials in place of the `refused` ones. `None` if the source has no others, or does not answer
    /// within `limit`.
    pub async fn others(&self, refused: &Credentials, limit: Duration) -> Option<Credentials> {
        let asked = {
            let mut state = self.0.state();
            let now = (self.0.clock)();
            match &state.held {
                Some(held) if !is_same(&held.credentials, refused) && !held.life.has_ended(now) => {
                    return Some(held.credentials.clone());
                }
                _ => {}
            }
            let is_left_alone = state.alike.is_some_and(|until| Instant::now() < until);
            if is_left_alone && state.alive().is_none() {
                return None;
            }
            self.0.ask(&mut state, limit, true)
        };
        let replaces = asked.replaces;
        let given = self.0.answer(asked, limit).await.ok();
        let other = given.filter(|given| !is_same(given, refused));
        // A renewal that began before the refusal may return the refused credentials, and says nothing about
        // a replacement.
        if other.is_none() && replaces {
            self.0.state().alike = Some(Instant::now() + ALIKE);
        }
        other
    }
}

impl State {
    /// The request to the source that is in flight. If its task panicked, the channel is closed, and the
    /// request no longer counts.
    fn alive(&self) -> Option<&Asked> {
        let asked = self.asked.as_ref();
        asked.filter(|asked| asked.answer.has_changed().is_ok())
    }

    /// Whether a renewal in the background may begin.
    fn may_renew(&self) -> bool {
        self.alive().is_none() && self.next.is_none_or(|next| next <= Instant::now())
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Asks the source, or joins the request in flight. `replaces`: DynamoDB refused the last credentials.
    fn ask(self: &Arc<Self>, state: &mut State, limit: Duration, replaces: bool) -> Asked {
        if let Some(asked) = state.alive() {
            return asked.clone();
        }
        let (sender, answer) = watch::channel(None);
        let since = Instant::now();
        let asked = Asked {
            since,
            replaces,
            answer,
        };
        state.asked = Some(asked.clone());
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            let longest = LONGEST.max(limit);
            let given = async { inner.source.provide_credentials().await };
            let given = timeout(longest, REPLACING.scope(replaces, given)).await;
            let answer = match given {
                Ok(given) => given.map_err(|error| translated(&error)),
                Err(_) => Err(inner.unanswered(longest)),
            };
            inner.keep(&answer);
            inner.report(&answer, since.elapsed());
            sender.send_replace(Some(answer));
        });
        asked
    }

    fn report(&self, answer: &Result<Credentials>, took: Duration) {
        match answer {
            Ok(_) => tracing::debug!("{} has given credentials", self.asking.what()),
            Err(_) => tracing::warn!("{} has given no credentials", self.asking.what()),
        }
        self.audience.tell(|| Event::Credentials {
            source: self.asking.what(),
            took,
            expires: answer.as_ref().ok().and_then(Credentials::expiry),
            error: answer.as_ref().err().cloned(),
        });
    }

    fn keep(&self, answer: &Result<Credentials>) {
        let mut state = self.state();
        state.asked = None;
        let now = (self.clock)();
        let pause = match answer {
            Ok(credentials) => {
                state.failures = 0;
                let life = Life::new(credentials.expiry(), now, fastrand::f64());
                let has_better = |held: &Held| life.has_ended(now) && !held.life.has_ended(now);
                if !state.held.as_ref().is_some_and(has_better) {
                    let credentials = credentials.clone();
                    state.held = Some(Held { credentials, life });
                }
                PAUSES.0
            }
            Err(_) => {
                let pause = PAUSES.0 * 2_u32.saturating_pow(state.failures.min(16));
                state.failures = state.failures.saturating_add(1);
                pause.min(PAUSES.1).mul_f64(0.5 + fastrand::f64() / 2.0)
            }
        };
        state.next = Some(Instant::now() + pause);
        drop(state);
        if let (Ok(_), Some(outage)) = (answer, &self.outage) {
            outage.note(Ok(()));
        }
    }

    /// Waits for the answer of the source, at most until `limit` after the source was asked.
    async fn answer(&self, mut asked: Asked, limit: Duration) -> Result<Credentials> {
        let until = asked.since + limit;
        let left = until.saturating_duration_since(Instant::now());
        match timeout(left, asked.answer.wait_for(Option::is_some)).await {
            Ok(Ok(answer)) => answer.clone().unwrap_or_else(|| Err(gone())),
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(self.unanswered(limit)),
        }
    }

    fn unanswered(&self, limit: Duration) -> Error {
        let asking = self.asking.what();
        let milliseconds = limit.as_millis();
        Error::Credentials {
            causes: vec![format!(
                "{asking} has not answered within {milliseconds} ms"
            )],
            retryable: true,
        }
    }
}

/// The task that asks the source ended without an answer: the source panicked, or the runtime is shutting down.
fn gone() -> Error {
    Error::Credentials {
        causes: vec!["the search for credentials was interrupted".to_owned()],
        retryable: true,
    }
}

/// Whether both sign requests in the same way. When they end does not matter.
fn is_same(one: &Credentials, other: &Credentials) -> bool {
    one.access_key_id() == other.access_key_id()
        && one.secret_access_key() == other.secret_access_key()
        && one.session_token() == other.session_token()
}

/// The error for a source that has failed.
fn translated(error: &CredentialsError) -> Error {
    // If credentials come over TLS and the CA bundle cannot be used, the settings are wrong, not the
    // credentials.
    let known = sources(error).find_map(|source| source.downcast_ref::<Error>());
    if let Some(error @ Error::Settings { .. }) = known {
        return error.clone();
    }
    let mut causes = causes(error);
    causes.retain(|cause| !cause.trim().is_empty());
    if causes.is_empty() {
        causes.push(error.to_string());
    }
    Error::Credentials {
        causes,
        retryable: false,
    }
}

/// For the SDK: it gets the credentials that the pipeline chose for the request, without waiting.
impl ProvideCredentials for Cache {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        if let Some(credentials) = attempts::credentials() {
            return future::ProvideCredentials::ready(Ok(credentials));
        }
        future::ProvideCredentials::new(async {
            let given = self.get(LONGEST).await;
            given.map_err(CredentialsError::provider_error)
        })
    }
}

/// By hand: it holds credentials.
impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
