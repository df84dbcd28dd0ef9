//! The items that a save writes.

use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Write;
use crate::core::dynamo::schedule::InTurn;
use crate::core::error::{Error, Result};
use crate::core::layout::{ExpiringLayout, Item, Marks, Record};
use crate::core::merge::is_unchanged;
use crate::core::store::Saved;
use crate::core::store::moves::EVEN_IF_ENDED;

impl<L: ExpiringLayout + ?Sized> Write<L> {
    pub(super) fn item(&self, data: &str) -> Result<Item> {
        let mut item = self.layout.to_item(Record {
            data: data.to_owned(),
            ..self.record.clone()
        })?;
        let version = AttributeValue::S(self.version.clone());
        item.insert(Marks::VERSION.to_owned(), version);
        Ok(item)
    }

    /// The item of a session that is not in the table.
    pub(super) fn new_item(&self, data: &str) -> Result<Item> {
        let mut item = self.item(data)?;
        if let Some(tracked) = &self.tracked {
            tracked.add(&mut item);
        }
        Ok(item)
    }

    /// Writes the session for no request: in place of any session that has not ended, whose marks are
    /// kept, or as a new session.
    pub(super) async fn replace(&self, turn: &InTurn) -> Result<Saved> {
        if let Some(tracked) = &self.tracked {
            if let Some(moving) = &self.moving {
                match moving.move_here(EVEN_IF_ENDED, turn).await {
                    // It is replaced.
                    Err(Error::Decrypt(_) | Error::Unreadable | Error::TooLarge { .. }) => {}
                    moved => drop(moved?),
                }
            }
            let item = self.item(&self.record.data)?;
            turn.check_size(&item)?;
            if tracked.replace(&*self.layout, &item, turn).await? {
                return Ok(Saved::AsGiven);
            }
        }
        self.put_new(turn).await?;
        Ok(Saved::AsGiven)
    }

    /// Writes the session as a new one, in place of any session.
    pub(super) async fn put_new(&self, turn: &InTurn) -> Result<()> {
        let item = self.new_item(&self.record.data)?;
        match &self.moving {
            Some(moving) => moving.put_in_place_of_all(item, turn).await,
            None => {
                turn.put(PutItemInputBuilder::default().set_item(Some(item)))
                    .await
            }
        }
    }

    /// Copies the attributes of special keys that this request has not changed.
    pub(super) fn copy_unchanged(&self, bases: &[&str], stored_item: &Item, item: &mut Item) {
        for key in self.layout.copied_keys() {
            if is_unchanged(bases, &self.record.data, key) {
                copy(key, stored_item, item);
            }
        }
    }

    /// Copies the end that another request has given the session.
    pub(super) fn copy_end(&self, stored_item: &Item, item: &mut Item) {
        copy(&self.layout.expires_attribute(), stored_item, item);
        copy(Marks::END, stored_item, item);
    }
}

fn copy(attribute: &str, from: &Item, to: &mut Item) {
    match from.get(attribute) {
        Some(value) => to.insert(attribute.to_owned(), value.clone()),
        None => to.remove(attribute),
    };
}
