//! Operations of the formats that have an end, except touch: list, clear and reap.

use std::time::Duration;

use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, stream};

use super::tracking::{self, Tracking};
use super::{SessionStore, condition_held, is_alive, lease};
use crate::core::deadline::Deadline;
use crate::core::dynamo::schedule::Schedule;
use crate::core::error::{Error, Result};
use crate::core::expiry::{self, UnixMillis};
use crate::core::layout::{Condition, ExpiringLayout, Item, Marks, Stored};

/// The largest number of deletions of `clear` and `reap` in flight.
const DELETES_AT_ONCE: usize = 16;

/// The largest number of times that `clear` reads the table while sessions may move, until it finds none.
const CLEAR_PASSES: u32 = 5;

/// `reap` also reads sessions whose `expires` is further ahead than this, in milliseconds. It is 400
/// days, the longest life of a cookie in browsers. Such an `expires` may be in milliseconds, or written
/// by connect-dynamodb 3.0.2.
const FAR_AHEAD: f64 = 400.0 * 86_400_000.0;

impl<L: ExpiringLayout + ?Sized> SessionStore<L> {
    /// All sessions that have not ended and can be read. Reads the whole table into memory.
    ///
    /// # Errors
    ///
    /// [`Error::Decrypt`] and [`Error::Decode`], if one session cannot be decoded: a list without the sessions
    /// of a lost key would look complete.
    pub async fn list(&self, now: UnixMillis, limit: Duration) -> Result<Vec<(Stored, Marks)>> {
        let mut pages = self.alive_pages(now, limit);
        let mut sessions = Vec::new();
        while let Some(page) = pages.next().await? {
            for item in page {
                let marks = self.layout.marks(&item);
                let read = tracking::read(&*self.layout, self.tracking.as_deref(), item, now)?;
                let stored = read.map(|(stored, _)| stored);
                let is_listed = |stored: &Stored| is_alive(stored, now) && stored.is_readable();
                if let Some(stored) = stored.filter(is_listed) {
                    sessions.push((stored, marks));
                }
            }
        }
        Ok(sessions)
    }

    /// The ids of the sessions of [`list`](Self::list), and of those that cannot be decoded. Reads the whole
    /// table page by page.
    pub async fn ids(&self, now: UnixMillis, limit: Duration) -> Result<Vec<String>> {
        let mut pages = self.alive_pages(now, limit);
        let mut ids = Vec::new();
        while let Some(page) = pages.next().await? {
            ids.extend(self.alive_of(page, now).map(|(_, sid)| sid));
        }
        Ok(ids)
    }

    /// The number of the sessions of [`ids`](Self::ids). Reads the whole table page by page.
    pub async fn count(&self, now: UnixMillis, limit: Duration) -> Result<usize> {
        let mut pages = self.alive_pages(now, limit);
        let mut count = 0;
        while let Some(page) = pages.next().await? {
            count += self.alive_of(page, now).count();
        }
        Ok(count)
    }

    /// Deletes the sessions of [`ids`](Self::ids). Reads the whole table page by page.
    ///
    /// # Errors
    ///
    /// The first error of a deletion, after all other deletions were tried; or the error of a page that
    /// cannot be read, at once.
    pub async fn clear(&self, now: UnixMillis, limit: Duration) -> Result<()> {
        self.clear_noting(now, limit, None).await
    }

    /// Does what [`clear`](Self::clear) does, and adds the key of each deleted item to `keys`, also if it fails.
    pub async fn clear_noting(
        &self,
        now: UnixMillis,
        limit: Duration,
        keys: Option<&mut Vec<String>>,
    ) -> Result<()> {
        let mut done = Deletions::noting(keys);
        // A session that moves to another key while the table is read may be read under neither.
        let passes = if self.moves() { CLEAR_PASSES } else { 1 };
        for pass in 1..=passes {
            let before = done.deleted;
            let mut pages = self.alive_pages(now, limit);
            while let Some(page) = pages.next().await? {
                let sessions = self.alive_of(page, now);
                let deletes = sessions.map(|(key, _)| {
                    let deadline = Deadline::new(limit, "destroy");
                    let deleted = deadline.ask(|| self.schedule.delete(key.clone()));
                    async move { deadline.bound(deleted).await.map(|()| Some(key)) }
                });
                done.run(deletes).await;
            }
            if done.deleted == before && pass > 1 {
                break;
            }
        }
        done.outcome().map(|_| ())
    }

    /// Deletes the sessions that have ended, and returns their number. Reads the whole table page by
    /// page.
    ///
    /// A session that is touched or saved in the meantime is not deleted.
    ///
    /// # Errors
    ///
    /// The first error of a deletion, after all other deletions were tried; or the error of a page that
    /// cannot be read, at once.
    pub async fn reap(&self, now: UnixMillis, limit: Duration) -> Result<usize> {
        self.reap_noting(now, limit, None).await
    }

    /// Does what [`reap`](Self::reap) does, and adds the key of each deleted item to `keys`, also if it fails.
    pub async fn reap_noting(
        &self,
        now: UnixMillis,
        limit: Duration,
        keys: Option<&mut Vec<String>>,
    ) -> Result<usize> {
        let mut condition = self.layout.ours();
        condition.expression += " AND (#expires < :now OR #expires > :far";
        let latest_ended =
            { self.tracking.as_ref() }.and_then(|tracking| tracking.latest_ended(now));
        if let Some(begun) = latest_ended {
            condition.expression += " OR #begun <= :begun";
            let name = ("#begun".to_owned(), Tracking::CREATED.to_owned());
            condition.names.extend([name]);
            condition
                .values
                .insert(":begun".into(), number(begun.0.floor()));
        }
        condition.expression += ")";
        name_expires(&*self.layout, &mut condition);
        let far = UnixMillis(now.0 + FAR_AHEAD).seconds().floor();
        condition
            .values
            .insert(":now".into(), number(now.seconds().floor()));
        condition.values.insert(":far".into(), number(far));
        // Eventually consistent reads cost half. They are enough, because each deletion is conditional
        // on the item that the scan has read.
        let mut pages = self.pages("reap", condition, false, limit);
        let mut done = Deletions::noting(keys);
        while let Some(page) = pages.next().await? {
            let ended = page.into_iter().filter_map(|item| self.if_ended(item, now));
            let deletes = ended.map(|(key, expires)| self.delete_unchanged(key, expires, limit));
            done.run(deletes).await;
        }
        done.outcome()
    }

    /// Pages of items that may hold sessions which have not ended.
    fn alive_pages(&self, now: UnixMillis, limit: Duration) -> Pages {
        let mut condition = self.layout.ours();
        condition.expression += " AND NOT #expires <= :now";
        name_expires(&*self.layout, &mut condition);
        // `NOT` lets sessions pass whose end is missing or not a number, because such a comparison is false.
        // `now` is rounded down, so sessions pass that end later in this second; `alive_of` checks them again.
        let seconds = now.seconds().floor();
        condition.values.insert(":now".into(), number(seconds));
        let consistent = self.consistent_read;
        self.pages("reading the sessions", condition, consistent, limit)
    }

    /// The keys and the ids of the sessions in a page that have not ended.
    fn alive_of(
        &self,
        page: Vec<Item>,
        now: UnixMillis,
    ) -> impl Iterator<Item = (String, String)> + Send {
        page.into_iter().filter_map(move |item| {
            let key = item.get(self.layout.hash_key())?.as_s().ok()?.clone();
            let outline = tracking::outline(&*self.layout, self.tracking.as_deref(), item, now)?;
            let is_alive = !expiry::has_passed(outline.expires, now);
            (is_alive && outline.is_readable).then_some((key, outline.sid))
        })
    }

    /// Pages of the items for which `condition` holds.
    fn pages(
        &self,
        operation: &'static str,
        condition: Condition,
        consistent: bool,
        limit: Duration,
    ) -> Pages {
        let request = ScanInputBuilder::default()
            .consistent_read(consistent)
            .filter_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values));
        Pages {
            schedule: self.schedule.clone(),
            next: Some(request),
            operation,
            limit,
        }
    }

    /// The key and `expires` of an item whose session has ended, of an item with nothing but these two,
    /// which is left of a destroyed session, or of a lock that was free for a day. Other items without a
    /// session belong to other applications.
    fn if_ended(&self, item: Item, now: UnixMillis) -> Option<(String, AttributeValue)> {
        let key = item.get(self.layout.hash_key())?.as_s().ok()?.clone();
        let expires = item.get(&*self.layout.expires_attribute())?.clone();
        let is_leftover = item.len() == 2 || lease::is_lease(&item);
        let end = match tracking::outline(&*self.layout, self.tracking.as_deref(), item, now) {
            Some(outline) => outline.expires,
            None if is_leftover => expiry::read(expires.as_n().ok()?),
            None => return None,
        };
        expiry::has_passed(end, now).then_some((key, expires))
    }

    /// Deletes an item if its `expires` has not changed. Returns its key if it was deleted.
    async fn delete_unchanged(
        &self,
        key: String,
        expires: AttributeValue,
        limit: Duration,
    ) -> Result<Option<String>> {
        let request = DeleteItemInputBuilder::default()
            .condition_expression("#expires = :expires")
            .expression_attribute_names("#expires", &*self.layout.expires_attribute())
            .expression_attribute_values(":expires", expires);
        let deadline = Deadline::new(limit, "reap");
        let deleted = deadline.ask(|| self.schedule.delete_if(key.clone(), request));
        let is_deleted = condition_held(deadline.bound(deleted).await)?;
        Ok(is_deleted.then_some(key))
    }
}

fn name_expires<L: ExpiringLayout + ?Sized>(layout: &L, condition: &mut Condition) {
    let expires = layout.expires_attribute();
    condition
        .names
        .insert("#expires".into(), (*expires).to_owned());
}

fn number(number: f64) -> AttributeValue {
    AttributeValue::N(format!("{number:.0}"))
}

/// A scan of the table, page by page.
struct Pages {
    schedule: Schedule,
    /// The request for the next page; `None` after the last.
    next: Option<ScanInputBuilder>,
    operation: &'static str,
    /// The time that the request of each page may take.
    limit: Duration,
}

impl Pages {
    /// The items of the next page; `None` after the last.
    async fn next(&mut self) -> Result<Option<Vec<Item>>> {
        let Some(request) = self.next.take() else {
            return Ok(None);
        };
        let deadline = Deadline::new(self.limit, self.operation);
        let page = deadline.ask(|| self.schedule.scan(request.clone()));
        let page = deadline.bound(page).await?;
        if page.last_evaluated_key.is_some() {
            self.next = Some(request.set_exclusive_start_key(page.last_evaluated_key));
        }
        Ok(Some(page.items.unwrap_or_default()))
    }
}

/// Runs deletions, some at a time.
struct Deletions<'k> {
    deleted: usize,
    /// The keys of the deleted items, if the caller asks for them.
    keys: Option<&'k mut Vec<String>>,
    failure: Option<Error>,
}

impl<'k> Deletions<'k> {
    fn noting(keys: Option<&'k mut Vec<String>>) -> Self {
        Self {
            deleted: 0,
            keys,
            failure: None,
        }
    }

    /// Runs `deletes`. The result of each is the key of the item if it was deleted.
    async fn run(
        &mut self,
        deletes: impl Iterator<Item = impl Future<Output = Result<Option<String>>>>,
    ) {
        let mut outcomes = stream::iter(deletes).buffer_unordered(DELETES_AT_ONCE);
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(Some(key)) => {
                    self.deleted += 1;
                    if let Some(keys) = &mut self.keys {
                        keys.push(key);
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    self.failure.get_or_insert(error);
                }
            }
        }
    }

    /// The number of deleted sessions, or the first error.
    fn outcome(self) -> Result<usize> {
        match self.failure {
            Some(error) => Err(error),
            None => Ok(self.deleted),
        }
    }
}
