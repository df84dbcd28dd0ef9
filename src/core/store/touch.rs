//! Touch: moves the end of a session without writing the session.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::Either;
use futures_util::{FutureExt, TryFutureExt};

use super::expected::Expected;
use super::known::{Conflict, Known, RequestWrites};
use super::moves::Repetitions;
use super::tracking::Tracking;
use super::{SessionStore, condition_held, is_refused};
use crate::core::deadline::Deadline;
use crate::core::dynamo::schedule::InTurn;
use crate::core::error::{CONDITION_FAILED, Error, FoundItem, Result};
use crate::core::expiry::{Expires, UnixMillis};
use crate::core::layout::{Condition, ExpiringLayout, Form, number_text};
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
        if form_condition(&*layout, to, Form::Plain).is_some() {
            // The touch may have to find out the form of the session first.
            let unknown = Known {
                version: None,
                base: None,
                stored: None,
                failed: Vec::new(),
                conflict: Conflict::Overwrite,
            };
            let touched = self.touch_known(sid, to, unknown, None, limit);
            return Either::Left(touched.map_ok(|touched| touched != Touched::Gone));
        }
        let make =
            move || Expected::Birth(None).update(new_end(&*layout, to, Form::Plain), &*layout);
        let key = self.key(sid);
        let deadline = Deadline::new(limit, "touch");
        let touched = deadline.ask(|| match self.move_of(sid) {
            None => self.schedule.update(key, make),
            Some(moving) => {
                let touch = move |turn: InTurn| async move {
                    let mut repetitions = Repetitions::default();
                    loop {
                        let touched = turn.update(make()).await;
                        let is_gone = touched.as_ref().is_err_and(is_refused);
                        if !is_gone || !repetitions.once_more(Some(&moving), &turn).await? {
                            return touched;
                        }
                    }
                };
                self.schedule.in_turn(key, move |turn| touch(turn).boxed())
            }
        });
        Either::Right(deadline.bound(touched).map(condition_held))
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
        let (layout, moving) = (Arc::clone(&self.layout), self.move_of(sid));
        let touch = move |turn: InTurn| {
            async move {
                let known = match writes {
                    Some(writes) => writes.update(known).await,
                    None => known,
                };
                let mut repetitions = Repetitions::default();
                loop {
                    let touched = touch_in_turn(&*layout, to, &known, &turn).await?;
                    let is_gone = touched == Touched::Gone;
                    if !is_gone || !repetitions.once_more(moving.as_ref(), &turn).await? {
                        return Ok(touched);
                    }
                }
            }
            .boxed()
        };
        let deadline = Deadline::new(limit, "touch");
        let touched = deadline.ask(|| self.schedule.in_turn(self.key(sid), touch));
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
    let mut form = layout.likely_form(known.stored.as_deref().or(known.base.as_deref()));
    for number in 1..=2 * ATTEMPTS {
        let request = expected.update(new_end(layout, to, form), layout);
        let in_form = form_condition(layout, to, form);
        let has_form = in_form.is_some();
        let refused = match turn.update(with_condition(request, in_form)).await {
            Ok(()) => return Ok(Touched::Moved),
            Err(Error::ConditionFailed { found }) => found,
            // A called client reports a condition that does not hold as DynamoDB's error.
            Err(error) if error.is_service(CONDITION_FAILED) => None,
            Err(error) => return Err(error),
        };
        if matches!(expected, Expected::Birth(_)) && !has_form {
            return Ok(Touched::Gone);
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
            return Ok(Touched::Gone);
        };
        let version = layout.marks(&found).version;
        if known.is_of_another(version.as_deref()) {
            return Ok(Touched::Gone);
        }
        form = layout.form(&found);
        let end = layout.end(&found);
        // If the stored session cannot be decoded, its lifetime is not known, and the touch accepts it.
        let theirs = layout.read(found, UnixMillis(0.0)).unwrap_or_default();
        if theirs.is_some_and(|theirs| !has_own_lifetime(&theirs.data)) {
            return Ok(Touched::Kept(end));
        }
        expected = match version {
            _ if number >= ATTEMPTS => of_its_birth(),
            Some(version) => Expected::Version(version),
            None => Expected::Unversioned,
        };
    }
    // Each attempt has found the session in another form.
    Err(Error::Conflict)
}

/// The condition on the form of the session, if the assignments of a touch need one.
fn form_condition<L: ExpiringLayout + ?Sized>(
    layout: &L,
    to: NewEnd,
    form: Form,
) -> Option<Condition> {
    to.exact.and_then(|_| layout.form_condition(form))
}

/// The request with one more condition.
fn with_condition(
    request: UpdateItemInputBuilder,
    more: Option<Condition>,
) -> UpdateItemInputBuilder {
    let Some(more) = more else {
        return request;
    };
    let expression = match request.get_condition_expression() {
        Some(expression) => format!("({expression}) AND {}", more.expression),
        None => more.expression,
    };
    let names = request.get_expression_attribute_names().clone();
    let values = request.get_expression_attribute_values().clone();
    let names = names.unwrap_or_default().into_iter().chain(more.names);
    let values = values.unwrap_or_default().into_iter().chain(more.values);
    request
        .condition_expression(expression)
        .set_expression_attribute_names(Some(names.collect()))
        .set_expression_attribute_values(Some(values.collect()))
}

/// The assignments of a touch.
fn new_end<L: ExpiringLayout + ?Sized>(layout: &L, to: NewEnd, form: Form) -> Condition {
    let NewEnd {
        expires,
        exact,
        seen,
    } = to;
    let mut change = match exact {
        Some((end, lifetime)) => layout.touch(end, lifetime, form),
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
