//! What the formats can do that keep the end of a session: touch, list, clear and reap.

use std::time::Duration;

use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::StreamExt;
use futures_util::stream;

use super::{SessionStore, alive};
use crate::core::error::{Result, within};
use crate::core::expiry::{self, Expires, UnixMillis};
use crate::core::layout::{Condition, ExpiringLayout, Item, Marks, Stored};

/// How many deletions of `clear` and `reap` are under way at once.
const DELETES_AT_ONCE: usize = 16;

/// An `expires` further ahead than this (400 days, the longest that browsers keep a cookie) is
/// looked at by `reap`: it may be in milliseconds, or of connect-dynamodb 3.0.2.
const FAR_AHEAD: f64 = 400.0 * 86_400_000.0;

/// The end that a touch gives a session.
#[derive(Debug, Clone, Copy)]
pub struct NewEnd {
    /// The end in whole seconds, as DynamoDB's time to live reads it.
    pub expires: Expires,
    /// The end to the millisecond and the lifetime in milliseconds, where the session has a cookie
    /// with an end.
    pub exact: Option<(UnixMillis, f64)>,
}

impl From<Expires> for NewEnd {
    fn from(expires: Expires) -> Self {
        Self {
            expires,
            exact: None,
        }
    }
}

impl<L: ExpiringLayout + ?Sized> SessionStore<L> {
    /// Moves a session's end. `false` where the session is gone: then nothing is written, so that
    /// a session that was destroyed meanwhile does not come back as an empty item.
    pub fn touch<E: Into<NewEnd>>(
        &self,
        sid: &str,
        to: E,
        limit: Duration,
    ) -> impl Future<Output = Result<bool>> + Send + use<L, E> {
        let NewEnd { expires, exact } = to.into();
        let more = exact.map(|(end, lifetime)| self.layout.touch(end, lifetime));
        let mut change = Condition {
            expression: "SET #expires = :expires".to_owned(),
            ..Condition::default()
        };
        if let Some(more) = more {
            change.expression += &format!(", {}", more.expression);
            change.names = more.names;
            change.values = more.values;
        }
        self.name_expires(&mut change);
        let data = self.layout.data_attribute().to_owned();
        change.names.insert("#data".into(), data);
        let expires = AttributeValue::N(expires.to_string());
        change.values.insert(":expires".into(), expires);
        let request = UpdateItemInputBuilder::default()
            .update_expression(change.expression)
            .condition_expression("attribute_exists(#data)")
            .set_expression_attribute_names(Some(change.names))
            .set_expression_attribute_values(Some(change.values));
        let touched = self.schedule.update(self.layout.key(sid), request);
        async move { unless_refused(within(limit, "touch", touched).await) }
    }

    /// Every session that is alive. Reads the whole table.
    pub async fn list(&self, now: UnixMillis, limit: Duration) -> Result<Vec<(Stored, Marks)>> {
        let mut condition = self.layout.ours();
        condition.expression += " AND NOT #expires <= :now";
        self.name_expires(&mut condition);
        // A session without an end, or with one that is no number, passes: nothing compares with it.
        // Whole seconds, rounded down: what passes is looked at again below.
        let seconds = now.seconds().floor();
        condition.values.insert(":now".into(), number(seconds));
        let mut sessions = Vec::new();
        self.scan("reading the sessions", condition, limit, |items| {
            sessions.extend(items.into_iter().filter_map(|item| {
                let marks = self.layout.marks(&item);
                let stored = alive(self.layout.read(item, now), now)?;
                Some((stored, marks))
            }));
        })
        .await?;
        Ok(sessions)
    }

    /// Deletes every session that is alive. Reads the whole table.
    ///
    /// # Errors
    ///
    /// The first failure, after everything else was tried.
    pub async fn clear(&self, now: UnixMillis, limit: Duration) -> Result<()> {
        let sessions = self.list(now, limit).await?;
        let deletes = sessions.into_iter().map(|(stored, _)| async move {
            self.destroy(&stored.sid, limit).await.map(|()| true)
        });
        at_most(DELETES_AT_ONCE, deletes).await?;
        Ok(())
    }

    /// Deletes sessions that have ended, and returns how many. Reads the whole table.
    ///
    /// A session that is touched or saved meanwhile stays.
    ///
    /// # Errors
    ///
    /// The first failure, after everything else was tried.
    pub async fn reap(&self, now: UnixMillis, limit: Duration) -> Result<usize> {
        let mut condition = self.layout.ours();
        condition.expression += " AND (#expires < :now OR #expires > :far)";
        self.name_expires(&mut condition);
        let far = UnixMillis(now.0 + FAR_AHEAD).seconds().floor();
        condition
            .values
            .insert(":now".into(), number(now.seconds().floor()));
        condition.values.insert(":far".into(), number(far));
        let mut ended: Vec<(String, AttributeValue)> = Vec::new();
        self.scan("reap", condition, limit, |items| {
            ended.extend(
                items
                    .into_iter()
                    .filter_map(|item| self.if_ended(item, now)),
            );
        })
        .await?;
        let deletes = ended
            .into_iter()
            .map(|(key, expires)| self.delete_unchanged(key, expires, limit));
        at_most(DELETES_AT_ONCE, deletes).await
    }

    /// The key and `expires` of an item whose session has ended, or that has lost its session: one
    /// with nothing but these two. What else holds no session belongs to somebody else.
    fn if_ended(&self, item: Item, now: UnixMillis) -> Option<(String, AttributeValue)> {
        let key = item.get(self.layout.hash_key())?.as_s().ok()?.clone();
        let expires = item.get(&*self.layout.expires_attribute())?.clone();
        let is_leftover = item.len() == 2;
        let end = match self.layout.read(item, now) {
            Some(stored) => stored.expires,
            None if is_leftover => expiry::read(expires.as_n().ok()?),
            None => return None,
        };
        expiry::has_passed(end, now).then_some((key, expires))
    }

    /// Whether the item was deleted; one whose `expires` has changed is not.
    async fn delete_unchanged(
        &self,
        key: String,
        expires: AttributeValue,
        limit: Duration,
    ) -> Result<bool> {
        let request = DeleteItemInputBuilder::default()
            .condition_expression("#expires = :expires")
            .expression_attribute_names("#expires", &*self.layout.expires_attribute())
            .expression_attribute_values(":expires", expires);
        let deleted = self.schedule.delete_if(key, request);
        unless_refused(within(limit, "reap", deleted).await)
    }

    /// Reads every page of the items that meet `condition`.
    async fn scan(
        &self,
        operation: &'static str,
        condition: Condition,
        limit: Duration,
        mut page: impl FnMut(Vec<Item>),
    ) -> Result<()> {
        let request = ScanInputBuilder::default()
            .consistent_read(self.consistent_read)
            .filter_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values));
        let mut next = None;
        loop {
            let request = request.clone().set_exclusive_start_key(next);
            let answer = within(limit, operation, self.schedule.scan(request)).await?;
            page(answer.items.unwrap_or_default());
            next = answer.last_evaluated_key;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    fn name_expires(&self, condition: &mut Condition) {
        let expires = self.layout.expires_attribute();
        condition
            .names
            .insert("#expires".into(), (*expires).to_owned());
    }
}

fn number(seconds: f64) -> AttributeValue {
    AttributeValue::N(format!("{seconds:.0}"))
}

/// Whether a conditional write was done: a condition that does not hold is no failure.
fn unless_refused(outcome: Result<()>) -> Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.is_service("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Runs `deletes`, a few at a time, and counts those that deleted something.
async fn at_most(
    concurrency: usize,
    deletes: impl Iterator<Item = impl Future<Output = Result<bool>>>,
) -> Result<usize> {
    let outcomes = stream::iter(deletes).buffer_unordered(concurrency);
    let (deleted, failure) = outcomes
        .fold((0, None), |(deleted, failure), outcome| async move {
            match outcome {
                Ok(true) => (deleted + 1, failure),
                Ok(false) => (deleted, failure),
                Err(error) => (deleted, failure.or(Some(error))),
            }
        })
        .await;
    match failure {
        Some(error) => Err(error),
        None => Ok(deleted),
    }
}
