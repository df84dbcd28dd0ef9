//! Attributes beside a session: its beginning, its last use, and the values of the store's indexes.
//!
//! A store has tracking only if its options ask for an absolute end or for indexes. Without tracking,
//! nothing in this file runs.
//!
//! | attribute | type | holds |
//! |---|---|---|
//! | `_c` | N | the beginning of the session, in milliseconds since the Unix epoch |
//! | `_t` | N | the last set or touch that was written, with indexes, in the same unit |
//! | the index's attribute | S | the value of the session in the index |
//! | `<attribute>_since` | N | the time at which the session got this value |
//! | `<attribute>_label` | S | the label that the application has given the session at that time |
//!
//! A save of a session that exists is an update that names only the attributes it changes, so that it
//! keeps the marks of other writers.

mod writes;

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::BoxFuture;

pub(super) use self::writes::Replaces;
use super::Index;
use crate::core::error::{InvalidOption, Result};
use crate::core::expiry::{self, UnixMillis};
use crate::core::layout::{ExpiringLayout, Item, Layout, Marks, Outline, Stored, number_text};

/// Returns the values that a session has in the store's indexes.
pub trait IndexValues: Send + Sync {
    /// The values of a session as JSON, in the order of the indexes; `None` for an index in which the
    /// session is not.
    fn values(&self, session: String) -> BoxFuture<'static, Result<Vec<Option<String>>>>;
}

/// The marks that a store keeps of its sessions, see the [module](self).
pub struct Tracking {
    absolute_ttl: Option<f64>,
    indexes: Vec<Index>,
    values: Option<Arc<dyn IndexValues>>,
}

/// The marks that a write gives a session.
#[derive(Clone)]
pub struct Tracks {
    /// The beginning of the session, if the item has none yet.
    pub created: UnixMillis,
    /// The time of the write.
    pub seen: UnixMillis,
    /// The places of the session in the indexes, in the order of the store's indexes.
    pub indexed: Vec<Indexed>,
}

/// The place of a session in an index.
#[derive(Clone, Default)]
pub struct Indexed {
    /// The value; `None` if the session is not in the index.
    pub value: Option<String>,
    /// The label, for a session that gets this value.
    pub label: Option<String>,
    /// Whether the session did not have this value when the request read it.
    pub is_new: bool,
    /// Whether the session gets its value by this write. Otherwise a session from before the index enters it,
    /// and the time at which it got the value is not known.
    pub is_login: bool,
}

/// The marks that were read of a session.
#[derive(Clone, Default, PartialEq)]
pub struct Tracked {
    /// The beginning of the session; `None` if a writer without tracking has written the session.
    pub created: Option<UnixMillis>,
    /// The values of the session in the store's indexes, in their order.
    pub values: Vec<Option<String>>,
    /// The time of the last write.
    pub seen: Option<UnixMillis>,
}

impl Tracking {
    /// The attribute that holds the beginning of a session.
    pub const CREATED: &str = "_c";
    /// The attribute that holds the time of the last write.
    pub const SEEN: &str = "_t";

    /// Tracking with an absolute lifetime in milliseconds, and with indexes whose values of merged
    /// sessions come from `values`.
    pub fn new(
        absolute_ttl: Option<f64>,
        indexes: Vec<Index>,
        values: Option<Arc<dyn IndexValues>>,
    ) -> Self {
        Self {
            absolute_ttl,
            indexes,
            values,
        }
    }

    /// Checks that the marks have other attributes than the sessions of `layout`.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`] names the option that is invalid. `names` are the names of the indexes in the
    /// options.
    pub fn check<L: ExpiringLayout + ?Sized>(
        &self,
        layout: &L,
        names: &[String],
    ) -> Result<(), InvalidOption> {
        let expires = layout.expires_attribute();
        let mut taken: Vec<String> = [Marks::VERSION, Marks::END, "type", layout.data_attribute()]
            .into_iter()
            .chain([layout.hash_key(), &*expires])
            .chain(layout.copied_keys())
            .map(str::to_owned)
            .collect();
        for mark in [Self::CREATED, Self::SEEN] {
            if taken.iter().any(|name| name == mark) {
                let rule = format!("needs the attribute {mark:?}, which another option names");
                return Err(InvalidOption::new(self.option(), rule));
            }
            taken.push(mark.to_owned());
        }
        let mut index_names: Vec<&str> = Vec::new();
        for (index, name) in self.indexes.iter().zip(names) {
            if index_names.contains(&index.name.as_str()) {
                let rule = "must not be the index of another name";
                return Err(InvalidOption::new(format!("indexes.{name}.index"), rule));
            }
            index_names.push(&index.name);
            for attribute in [index.attribute.clone(), since(index), label(index)] {
                if taken.contains(&attribute) {
                    let rule =
                        format!("must be an attribute of its own, but {attribute:?} is taken");
                    let option = format!("indexes.{name}.attribute");
                    return Err(InvalidOption::new(option, rule));
                }
                taken.push(attribute);
            }
        }
        Ok(())
    }

    fn option(&self) -> &'static str {
        match self.absolute_ttl {
            Some(_) => "absoluteTtl",
            None => "indexes",
        }
    }

    /// The store's indexes.
    pub fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    /// The attributes that `index` has to have besides its key and the key of the table.
    pub fn projected<L: ExpiringLayout + ?Sized>(index: &Index, layout: &L) -> Vec<String> {
        let expires = (*layout.expires_attribute()).to_owned();
        let marks = [Marks::END, Self::CREATED, Self::SEEN].map(str::to_owned);
        let own = [since(index), label(index)];
        [expires].into_iter().chain(marks).chain(own).collect()
    }

    /// The marks in an item.
    pub fn of(&self, item: &Item) -> Tracked {
        let value = |index: &Index| Some(item.get(&index.attribute)?.as_s().ok()?.clone());
        Tracked {
            created: millis(item, Self::CREATED),
            values: self.indexes.iter().map(value).collect(),
            seen: millis(item, Self::SEEN),
        }
    }

    /// The end of a session that began at `created`, if its other end is `expires`.
    pub fn end(
        &self,
        expires: Option<UnixMillis>,
        created: Option<UnixMillis>,
    ) -> Option<UnixMillis> {
        let absolute = self.absolute_ttl.zip(created);
        let absolute = absolute.map(|(ttl, UnixMillis(created))| UnixMillis(created + ttl));
        match (expires, absolute) {
            (Some(expires), Some(absolute)) if absolute < expires => Some(absolute),
            (None, absolute) => absolute,
            (expires, _) => expires,
        }
    }

    /// Gives a session the end that its beginning allows.
    pub(super) fn limit(&self, stored: Stored, tracked: &Tracked) -> Stored {
        Stored {
            expires: self.end(stored.expires, tracked.created),
            ..stored
        }
    }

    /// A beginning so early that a session with it has ended; `None` without an absolute lifetime.
    pub(super) fn latest_ended(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.absolute_ttl.map(|ttl| UnixMillis(now.0 - ttl))
    }

    /// Whether the store has indexes.
    pub(super) fn has_indexes(&self) -> bool {
        !self.indexes.is_empty()
    }

    /// The places in the indexes of a merged session, with the labels in `tracks`.
    pub(super) async fn merged(&self, tracks: &Tracks, data: &str) -> Result<Vec<Indexed>> {
        let Some(values) = self.values.as_ref().filter(|_| self.has_indexes()) else {
            return Ok(tracks.indexed.clone());
        };
        let values = values.values(data.to_owned()).await?;
        let labels = tracks.indexed.iter().map(|indexed| indexed.label.clone());
        let indexed = values
            .into_iter()
            .zip(labels)
            .map(|(value, label)| Indexed {
                value,
                label,
                is_new: true,
                is_login: true,
            });
        Ok(indexed.collect())
    }
}

/// The attribute that holds the time at which a session got its value in `index`.
pub(super) fn since(index: &Index) -> String {
    format!("{}_since", index.attribute)
}

/// The attribute that holds the label of a session in `index`.
pub(super) fn label(index: &Index) -> String {
    format!("{}_label", index.attribute)
}

/// The time in the attribute `name`, in milliseconds.
pub(super) fn millis(item: &Item, name: &str) -> Option<UnixMillis> {
    let number: f64 = item.get(name)?.as_n().ok()?.parse().ok()?;
    number.is_finite().then_some(UnixMillis(number))
}

/// A session in an item and its marks, with the end that its beginning allows. `None` if the item holds
/// no session. A session that has lived for the absolute lifetime is not decoded: its key may be gone by then.
///
/// # Errors
///
/// The errors of [`Layout::read`].
pub(super) fn read<L: Layout + ?Sized>(
    layout: &L,
    tracking: Option<&Tracking>,
    item: Item,
    now: UnixMillis,
) -> Result<Option<(Stored, Option<Tracked>)>> {
    let tracked = tracking.map(|tracking| (tracking, tracking.of(&item)));
    if let Some((tracking, tracked)) = &tracked
        && expiry::has_passed(tracking.end(None, tracked.created), now)
    {
        return Ok(None);
    }
    let stored = layout.read(item, now)?;
    Ok(stored.map(|stored| match tracked {
        Some((tracking, tracked)) => (tracking.limit(stored, &tracked), Some(tracked)),
        None => (stored, None),
    }))
}

/// The end of the session in an item, without repairs.
pub(super) fn end<L: Layout + ?Sized>(
    layout: &L,
    tracking: Option<&Tracking>,
    item: &Item,
) -> Option<UnixMillis> {
    let end = layout.end(item);
    match tracking {
        Some(tracking) => tracking.end(end, tracking.of(item).created),
        None => end,
    }
}

/// The session in an item without its content, with the end that its beginning allows. `None` if the item
/// holds no session.
pub(super) fn outline<L: Layout + ?Sized>(
    layout: &L,
    tracking: Option<&Tracking>,
    item: Item,
    now: UnixMillis,
) -> Option<Outline> {
    let tracked = tracking.map(|tracking| (tracking, tracking.of(&item)));
    let outline = layout.outline(item, now)?;
    Some(match tracked {
        Some((tracking, tracked)) => Outline {
            expires: tracking.end(outline.expires, tracked.created),
            ..outline
        },
        None => outline,
    })
}

fn number(time: UnixMillis) -> AttributeValue {
    AttributeValue::N(number_text(time.0))
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[cfg(test)]
mod tests;
