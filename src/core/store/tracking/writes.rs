//! The marks in the writes of a session: a new item, the change of a stored one, and its condition.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Indexed, Tracking, Tracks, label, number, since, text};
use crate::core::expiry::UnixMillis;
use crate::core::layout::{Condition, ExpiringLayout, Item, number_text};
use crate::core::store::assignments::Assignments;

/// The time at which a session got its value, if it is from before the index: before all others.
const UNKNOWN: UnixMillis = UnixMillis(0.0);

/// The condition on a stored session that a save without knowledge replaces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Replaces {
    /// The session has not ended, and has the values that are written.
    SameValues,
    /// The session has not ended.
    Alive,
}

impl Tracking {
    /// Adds the marks to the item of a session that is not in the table.
    pub fn add(&self, tracks: &Tracks, item: &mut Item) {
        item.insert(Self::CREATED.to_owned(), number(tracks.created));
        if self.has_indexes() {
            item.insert(Self::SEEN.to_owned(), number(tracks.seen));
        }
        for (index, indexed) in self.indexes.iter().zip(&tracks.indexed) {
            let Some(value) = &indexed.value else {
                continue;
            };
            item.insert(index.attribute.clone(), text(value));
            item.insert(since(index), number(tracks.seen));
            if let Some(given) = &indexed.label {
                item.insert(label(index), text(given));
            }
        }
    }

    /// The assignments that turn a stored session into `item`. All other attributes are kept. `stored`
    /// is the stored item, if it was read.
    pub fn change<L: ExpiringLayout + ?Sized>(
        &self,
        layout: &L,
        item: Item,
        (tracks, indexed): (&Tracks, &[Indexed]),
        stored: Option<&Item>,
    ) -> Condition {
        let mut change = Assignments::of(layout, item, &[]);
        change.set_if_missing(Self::CREATED, number(tracks.created));
        if self.has_indexes() {
            change.set(Self::SEEN, number(tracks.seen));
        }
        for (index, indexed) in self.indexes.iter().zip(indexed) {
            let (since, label) = (since(index), label(index));
            let Some(value) = &indexed.value else {
                for attribute in [&index.attribute, &since, &label] {
                    change.remove(attribute);
                }
                continue;
            };
            let is_new = match stored {
                Some(stored) => stored.get(&index.attribute) != Some(&text(value)),
                None => indexed.is_new,
            };
            change.set(&index.attribute, text(value));
            if !is_new {
                change.set_if_missing(&since, number(tracks.seen));
                continue;
            }
            let begun = if indexed.is_login {
                tracks.seen
            } else {
                UNKNOWN
            };
            change.set(&since, number(begun));
            match &indexed.label {
                Some(given) => change.set(&label, text(given)),
                None => change.remove(&label),
            }
        }
        change.finish()
    }

    /// The condition of a save without knowledge. If it does not hold, the save begins a new session.
    pub fn replaces<L: ExpiringLayout + ?Sized>(
        &self,
        layout: &L,
        tracks: &Tracks,
        replaces: Replaces,
    ) -> Condition {
        let mut condition = Condition {
            expression: "attribute_exists(#data) AND \
                (attribute_not_exists(#expires) OR #expires > :now)"
                .to_owned(),
            names: HashMap::from([
                ("#data".to_owned(), layout.data_attribute().to_owned()),
                (
                    "#expires".to_owned(),
                    (*layout.expires_attribute()).to_owned(),
                ),
            ]),
            values: HashMap::from([(
                ":now".to_owned(),
                AttributeValue::N(number_text(tracks.seen.seconds().floor())),
            )]),
        };
        if let Some(latest) = self.latest_ended(tracks.seen) {
            condition.expression += " AND (attribute_not_exists(#begun) OR #begun > :begun)";
            let name = ("#begun".to_owned(), Self::CREATED.to_owned());
            condition.names.extend([name]);
            condition.values.insert(":begun".to_owned(), number(latest));
        }
        if replaces == Replaces::SameValues {
            for (at, (index, indexed)) in self.indexes.iter().zip(&tracks.indexed).enumerate() {
                let name = format!("#is{at}");
                match &indexed.value {
                    Some(value) => {
                        condition.expression += &format!(" AND {name} = :is{at}");
                        condition.values.insert(format!(":is{at}"), text(value));
                    }
                    None => {
                        condition.expression += &format!(" AND attribute_not_exists({name})");
                    }
                }
                condition.names.insert(name, index.attribute.clone());
            }
        }
        condition
    }
}
