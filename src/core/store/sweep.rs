//! Sweeps: operations on all sessions of the table, a page at a time. `Reap` is for formats that have an end.
//!
//! A sweep is a Scan of DynamoDB, maybe in several segments. The caller asks for each page, so it decides how fast
//! the sweep goes on, and where it continues later. Nothing here grows with the table.

mod deletions;
mod listed;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use self::deletions::Deletion;
pub use self::listed::{IndexMark, Listed, Unreadable};
use super::tracking::{self, Tracking};
use super::{SessionStore, lease};
use crate::core::deadline::Deadline;
use crate::core::dynamo::capacity::units;
use crate::core::error::{Error, Result};
use crate::core::expiry::{self, UnixMillis};
use crate::core::layout::{Condition, Item, Layout};

/// `Reap` also reads sessions whose `expires` is further ahead than this, in milliseconds. It is 400
/// days, the longest life of a cookie in browsers. Such an `expires` may be in milliseconds, or written
/// by connect-dynamodb 3.0.2.
const FAR_AHEAD: f64 = 400.0 * 86_400_000.0;

/// What a sweep does with the sessions that it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Reads the sessions that have not ended and can be read.
    List,
    /// The same, and the ended sessions that can still be read.
    ListAll,
    /// Reads the ids of the sessions of `List`, and of those that cannot be decoded.
    Ids,
    /// Counts the sessions of `Ids`.
    Count,
    /// Deletes the sessions of `Ids`.
    Clear,
    /// Deletes the sessions that have ended.
    Reap,
    /// Counts what `Reap` deletes, without decoding it.
    CountEnded,
}

/// The place of a page in a sweep, and its size.
#[derive(Clone, PartialEq)]
pub struct PageAt {
    /// The number of the segment, which begins at 0.
    pub segment: u32,
    /// The number of segments; 1 for a scan that is not parallel.
    pub segments: u32,
    /// The `next` of the page before; `None` for the first page of a segment.
    pub start: Option<String>,
    /// The largest number of items that are read. `None`: as many as DynamoDB puts into a page, up to 1 MB.
    pub most: Option<u32>,
    /// Whether the page counts its capacity units. Then no deletions are merged, because DynamoDB reports the
    /// units of a batch as one number.
    pub counts_units: bool,
    /// Whether sessions that cannot be decoded are a part of the page, and not its error. For `List` and `ListAll`.
    pub keeps_unreadable: bool,
}

impl PageAt {
    /// The first page of a sweep in one segment.
    pub const FIRST: Self = Self {
        segment: 0,
        segments: 1,
        start: None,
        most: None,
        counts_units: false,
        keeps_unreadable: false,
    };
}

/// A page of a sweep.
#[derive(Default)]
pub struct SweptPage {
    /// The number of items that DynamoDB has read, also those that are no sessions of the sweep.
    pub read: usize,
    /// The number of sessions that belong to the sweep.
    pub sessions: usize,
    /// The sessions, for `List` and `ListAll`.
    pub listed: Vec<Listed>,
    /// The sessions that cannot be decoded, if the page keeps them.
    pub unreadable: Vec<Unreadable>,
    /// The ids of the sessions as they stand in the table, for `Ids`.
    pub ids: Vec<String>,
    /// The keys of the deleted items, for `Clear` and `Reap`.
    pub deleted: Vec<String>,
    /// The first error of a deletion. All other deletions of the page were tried.
    pub failure: Option<Error>,
    /// The capacity units of the read. `None` if they were not counted, or if DynamoDB did not report them.
    pub read_units: Option<f64>,
    /// The capacity units of the deletions, as `read_units`.
    pub write_units: Option<f64>,
    /// The place at which the next page of the segment begins: the key of an item. `None` after the last page.
    pub next: Option<String>,
}

/// Written by hand, because the keys hold session ids.
macro_rules! print_names_only {
    ($($name:ident),+) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}

print_names_only!(PageAt, SweptPage);

impl<L: Layout + ?Sized> SessionStore<L> {
    /// Reads a page of the table, and does with its sessions what `sweep` says. `now` is the time at which a
    /// session has ended or not; a caller gives the same for all pages that belong together.
    ///
    /// `Clear` may miss a session that moves to another key meanwhile. If sessions may move, the caller has to sweep
    /// again. `Reap` deletes no session that is touched or saved in the meantime.
    ///
    /// # Errors
    ///
    /// The error of the page. The error of a deletion is a part of the result.
    ///
    /// [`Error::Format`] for `Reap` and `CountEnded` in a format without an end.
    ///
    /// For `List`, also [`Error::Decrypt`] and [`Error::Decode`] if one session cannot be decoded: a list without
    /// the sessions of a lost key would look complete. With `at.keeps_unreadable`, they are a part of the result.
    pub async fn sweep_page(
        &self,
        sweep: Sweep,
        at: PageAt,
        now: UnixMillis,
        limit: Duration,
    ) -> Result<SweptPage> {
        let (counts_units, keeps_unreadable) = (at.counts_units, at.keeps_unreadable);
        let (mut page, items) = self.scan_page(sweep, at, now, limit).await?;
        match sweep {
            Sweep::List | Sweep::ListAll => {
                let ended = sweep == Sweep::ListAll;
                for item in items {
                    let sid = keeps_unreadable.then(|| self.id(&item)).flatten();
                    match (self.listed(item, ended, now), sid) {
                        (Ok(listed), _) => page.listed.extend(listed),
                        (Err(error), Some(sid)) => page.unreadable.push(Unreadable { sid, error }),
                        (Err(error), None) => return Err(error),
                    }
                }
                page.sessions = page.listed.len();
            }
            Sweep::Ids => {
                page.ids = self.alive_of(items, now).map(|(_, sid)| sid).collect();
                page.sessions = page.ids.len();
            }
            Sweep::Count => page.sessions = self.alive_of(items, now).count(),
            Sweep::Clear => {
                let alive = self.alive_of(items, now);
                let deletions = alive.map(|(key, _)| Deletion { key, expires: None });
                (self.delete_all(&mut page, deletions, counts_units, limit)).await;
            }
            Sweep::Reap => {
                let ended = items.into_iter();
                let ended = ended.filter_map(|item| self.if_ended(item, now));
                (self.delete_all(&mut page, ended, counts_units, limit)).await;
            }
            Sweep::CountEnded => {
                let ended = items.into_iter();
                page.sessions = ended.filter_map(|item| self.if_ended(item, now)).count();
            }
        }
        Ok(page)
    }

    /// A page of the table: what does not depend on its items, and the items for which the condition of `sweep` holds.
    async fn scan_page(
        &self,
        sweep: Sweep,
        at: PageAt,
        now: UnixMillis,
        limit: Duration,
    ) -> Result<(SweptPage, Vec<Item>)> {
        let (operation, condition) = match sweep {
            Sweep::Reap | Sweep::CountEnded => ("reap", self.ended_condition(now)?),
            Sweep::ListAll => ("reading the sessions", self.layout.ours()),
            _ => ("reading the sessions", self.alive_condition(now)),
        };
        // Eventually consistent reads cost half. For `Reap` they are enough, because each deletion is conditional
        // on the item that the scan has read. `CountEnded` reads what `Reap` would read.
        let is_of_ended = matches!(sweep, Sweep::Reap | Sweep::CountEnded);
        let consistent = self.consistent_read && !is_of_ended;
        let start = at.start.map(|key| {
            HashMap::from([(self.layout.hash_key().to_owned(), AttributeValue::S(key))])
        });
        let mut request = ScanInputBuilder::default()
            .consistent_read(consistent)
            .filter_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values))
            .set_exclusive_start_key(start)
            .set_limit(at.most.map(|most| i32::try_from(most).unwrap_or(i32::MAX)));
        if at.segments > 1 {
            request = request
                .segment(at.segment.cast_signed())
                .total_segments(at.segments.cast_signed());
        }
        if at.counts_units {
            request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        }
        let deadline = Deadline::new(limit, operation);
        let page = deadline.ask(|| self.schedule.scan(request));
        let output = deadline.bound(page).await?;
        let next = match &output.last_evaluated_key {
            None => None,
            Some(key) => {
                let key = key.get(self.layout.hash_key());
                let key = key.and_then(|key| key.as_s().ok());
                Some(key.ok_or(Error::Unreadable)?.clone())
            }
        };
        let items = output.items.unwrap_or_default();
        // A client that is called may leave this number out.
        let read = usize::try_from(output.scanned_count).unwrap_or_default();
        let page = SweptPage {
            read: read.max(items.len()),
            read_units: units(output.consumed_capacity.as_ref()),
            next,
            ..SweptPage::default()
        };
        Ok((page, items))
    }

    /// A condition on items that may hold sessions which have not ended.
    fn alive_condition(&self, now: UnixMillis) -> Condition {
        let mut condition = self.layout.ours();
        let Some(expires) = self.layout.end_attribute() else {
            return condition;
        };
        condition.expression += " AND NOT #expires <= :now";
        name_expires(&expires, &mut condition);
        // `NOT` lets sessions pass whose end is missing or not a number, because such a comparison is false.
        // `now` is rounded down, so sessions pass that end later in this second; `alive_of` checks them again.
        let seconds = now.seconds().floor();
        condition.values.insert(":now".into(), number(seconds));
        condition
    }

    /// A condition on items that may hold sessions which have ended.
    fn ended_condition(&self, now: UnixMillis) -> Result<Condition> {
        let operation = "reap";
        let expires = (self.layout.end_attribute()).ok_or(Error::Format { operation })?;
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
        name_expires(&expires, &mut condition);
        let far = UnixMillis(now.0 + FAR_AHEAD).seconds().floor();
        condition
            .values
            .insert(":now".into(), number(now.seconds().floor()));
        condition.values.insert(":far".into(), number(far));
        Ok(condition)
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

    /// The deletion of an item whose session has ended, of an item with nothing but its key and `expires`, which is
    /// left of a destroyed session, or of a lock that was free for a day. Other items without a session belong to
    /// other applications.
    fn if_ended(&self, item: Item, now: UnixMillis) -> Option<Deletion> {
        let key = item.get(self.layout.hash_key())?.as_s().ok()?.clone();
        let expires = item.get(&*self.layout.end_attribute()?)?.clone();
        let is_leftover = item.len() == 2 || lease::is_lease(&item);
        let end = match tracking::outline(&*self.layout, self.tracking.as_deref(), item, now) {
            Some(outline) => outline.expires,
            None if is_leftover => expiry::read(expires.as_n().ok()?),
            None => return None,
        };
        let expires = Some(expires);
        expiry::has_passed(end, now).then_some(Deletion { key, expires })
    }
}

fn name_expires(expires: &str, condition: &mut Condition) {
    condition
        .names
        .insert("#expires".into(), expires.to_owned());
}

fn number(number: f64) -> AttributeValue {
    AttributeValue::N(format!("{number:.0}"))
}
