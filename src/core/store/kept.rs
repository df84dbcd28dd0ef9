//! Saves that keep the attributes of an item that their store does not know.
//!
//! A store with other options, or another program, has written these attributes: special keys, the beginning of
//! sessions, the values of indexes.

use super::assignments::Assignments;
use crate::core::layout::{Condition, ExpiringLayout, Item};

/// What a save of a session that was read keeps of its item: all attributes that the store does not know.
#[derive(Clone, Default)]
pub struct Kept {
    /// The attributes that are removed nevertheless.
    pub except: Vec<String>,
}

impl Kept {
    /// The assignments that turn a stored session into `item`.
    pub fn change<L: ExpiringLayout + ?Sized>(&self, layout: &L, item: Item) -> Condition {
        Assignments::of(layout, item, &self.except).finish()
    }
}
