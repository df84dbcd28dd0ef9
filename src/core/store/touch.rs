//! Touch: moves the end of a session without writing the session.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::FutureExt;

use super::expected::Expected;
use super::known::{Known, RequestWrites};
use super::tracking::Tracking;
use super::{SessionStore, condition_held};
use crate::core::deadline::Deadline;
use crate::core::dynamo::schedule::InTurn;
use crate::core::error::{CONDITION_FAILED, Error, FoundItem, Result};
use crate::core::expiry::{Expires, UnixMillis};
use crate::core::layout::{Condition, ExpiringLayout, number_text};
use crate::core::merge::is_same_lifetime;

/// The number of attempts of a touch that require the version which was read last, if other requests keep
/// writing the session. One more attempt accepts any version of the session.
const ATTEMPTS: u32 = 4;

/// The new end of a session.
#[derive(Debug, Clone, Copy)]
pub struct NewEnd {
    /// The end in whole seconds, for DynamoDB's time to live.
    pub expires: Expires,
    /// If the session's cookie has an end: the exact end, and the lifetime in milliseconds.
    pub exact: Option<(UnixMillis, f64)>,
    /// If the store tracks its sessions: the time of the touch, and whether the store has indexes.
    pub seen: Option<(UnixMillis, bool)>,
}

impl From<Expires> for NewEnd {
    fn from(expires: Expires) -> Self {
        Self {
            expires,
            exact: None,
            seen: None,
        }
    }
}

/// The result of a touch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Touched {
    /// The end was moved.
    Moved,
    /// The end was not moved, because another request has given the session another lifetime. The end is
    /// `None` if an earlier save of the same request has found this, so that the touch has not read it.
    Kept(Option<UnixMillis>),
    /// The session does not exist any more.
    Gone,
}

impl<L: ExpiringLayout + ?Sized> SessionStore<L> {
    /// Moves the end of a session. If the session does not exist, the result is `false`, and nothing is
    /// written: otherwise a destroyed session would come back as an empty item.
    pub fn touch<E: Into<NewEnd>>(
        &self,
        sid: &str,
        to: E,
        limit: Duration,
    ) -> impl Future<Output = Result<bool>> + Send + use<L, E> {
        let (layout, to) = (Arc::clone(&self.layout), to.into());
        let make = move || Expected::Birth(None).update(new_end(&*layout, to), &*layout);
        let deadline = Deadline::new(limit, "touch");
        let touched = deadline.ask(|| self.schedule.update(self.layout.key(sid), make));
        deadline.bound(touched).map(condition_held)
    }

    /// Moves the end of a session that a request has read, unless another request has given the session
    /// another lifetime since.
    ///
    /// `writes` are the saves of the request, if some may be in flight.
    pub fn touch_known(
        &self,
        sid: &str,
        to: NewEnd,
        known: Known,
        writes: Option<Arc<RequestWrites>>,
        limit: Duration,
    ) -> impl Future<Output = Result<Touched>> + Send + use<L> {
        let layout = Arc::clone(&self.layout);
        let touch = move |turn: InTurn| {
            async move {
                let known = match writes {
                    Some(writes) => writes.update(known).await,
                    None => known,
                };
                touch_in_turn(&*layout, to, &known, &turn).await
            }
            .boxed()
        };
        let deadline = Deadline::new(limit, "touch");
        let touched = deadline.ask(|| self.schedule.in_turn(self.layout.key(sid), touch));
        deadline.bound(touched)
    }
}

async fn touch_in_turn<L: ExpiringLayout + ?Sized>(
    layout: &L,
    to: NewEnd,
    known: &Known,
    turn: &InTurn,
) -> Result<Touched> {
    let has_own_lifetime = |json: &str| match &known.base {
        Some(base) => is_same_lifetime(base, json, layout.clock()),
        None => true,
    };
    if known
        .stored
        .as_deref()
        .is_some_and(|stored| !has_own_lifetime(stored))
    {
        return Ok(Touched::Kept(None));
    }
    let of_its_birth = || Expected::Birth(known.birth().map(str::to_owned));
    let mut expected = match (&known.base, &known.version) {
        (None, _) => of_its_birth(),
        (_, Some(version)) => Expected::Version(version.clone()),
        (_, None) => Expected::Unversioned,
    };
    for number in 1.. {
        let change = new_end(layout, to);
        let refused = match turn.update(expected.update(change, layout)).await {
            Ok(()) => return Ok(Touched::Moved),
            Err(Error::ConditionFailed { found }) => found,
            // A called client reports a condition that does not hold as DynamoDB's error.
            Err(error) if error.is_service(CONDITION_FAILED) => None,
            Err(error) => return Err(error),
        };
        if matches!(expected, Expected::Birth(_)) {
            break;
        }
        // Some emulators of DynamoDB leave the item out of the error.
        let found = match refused {
            Some(FoundItem(item)) => Some(*item),
            None => match turn.get().await {
                // The lifetime of the stored session cannot be read, so the touch accepts any version.
                Err(Error::Unreadable) => {
                    expected = of_its_birth();
                    continue;
                }
                found => found?,
            },
        };
        let Some(found) = found.filter(|found| found.contains_key(layout.data_attribute())) else {
            break;
        };
        let version = layout.marks(&found).version;
        if known.is_of_another(version.as_deref()) {
            break;
        }
        let end = layout.end(&found);
        let theirs = layout.read(found, UnixMillis(0.0));
        if theirs.is_some_and(|theirs| !has_own_lifetime(&theirs.data)) {
            return Ok(Touched::Kept(end));
        }
        expected = match version {
            _ if number >= ATTEMPTS => of_its_birth(),
            Some(version) => Expected::Version(version),
            None => Expected::Unversioned,
        };
    }
    Ok(Touched::Gone)
}

/// The assignments of a touch.
fn new_end<L: ExpiringLayout + ?Sized>(layout: &L, to: NewEnd) -> Condition {
    let NewEnd {
        expires,
        exact,
        seen,
    } = to;
    let mut change = match exact {
        Some((end, lifetime)) => layout.touch(end, lifetime),
        None => Condition::default(),
    };
    let assignment = match change.expression.is_empty() {
        true => "SET #expires = :expires".to_owned(),
        false => format!("SET #expires = :expires, {}", change.expression),
    };
    change.expression = assignment;
    let attribute = (*layout.expires_attribute()).to_owned();
    change.names.insert("#expires".into(), attribute);
    let expires = AttributeValue::N(expires.to_string());
    change.values.insert(":expires".into(), expires);
    if let Some((UnixMillis(seen), has_indexes)) = seen {
        change.expression += ", #created = if_not_exists(#created, :seen)";
        let created = ("#created".to_owned(), Tracking::CREATED.to_owned());
        change.names.extend([created]);
        if has_indexes {
            change.expression += ", #seen = :seen";
            let seen = ("#seen".to_owned(), Tracking::SEEN.to_owned());
            change.names.extend([seen]);
        }
        let seen = AttributeValue::N(number_text(seen));
        change.values.insert(":seen".into(), seen);
    }
    change
}
