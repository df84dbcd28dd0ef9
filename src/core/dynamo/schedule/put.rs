//! A write of an item that waits: the item is made when it is sent.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Item;
use crate::core::dynamo::size;
use crate::core::error::{Error, Result};

/// An item that is to be written. An item takes several times the memory of the session that is in
/// it, so one that waits is not made yet.
pub struct Put(State);

enum State {
    Waiting(Box<dyn FnOnce() -> Result<Item> + Send>),
    Made(Result<Item>),
}

impl Put {
    /// The item that `make` makes.
    pub fn new(make: impl FnOnce() -> Result<Item> + Send + 'static) -> Self {
        Self(State::Waiting(Box::new(make)))
    }

    /// The item.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`], and what `make` fails with. A panic in `make` is [`Error::Internal`]: the
    /// task may be sending other writes too.
    pub fn item(&mut self) -> Result<&Item> {
        if let State::Waiting(_) = self.0 {
            let item = self.take();
            self.0 = State::Made(item);
        }
        match &self.0 {
            State::Made(item) => item.as_ref().map_err(Error::clone),
            State::Waiting(_) => Err(DEFECT),
        }
    }

    /// The item, which is let go of.
    ///
    /// # Errors
    ///
    /// Those of [`item`](Self::item).
    pub fn into_item(mut self) -> Result<Item> {
        self.take()
    }

    fn take(&mut self) -> Result<Item> {
        match std::mem::replace(&mut self.0, State::Made(Err(DEFECT))) {
            State::Waiting(make) => {
                let item = catch_unwind(AssertUnwindSafe(make)).unwrap_or(Err(DEFECT))?;
                size::checked(&item)?;
                Ok(item)
            }
            State::Made(item) => item,
        }
    }
}

const DEFECT: Error = Error::Internal {
    operation: "making an item",
};
