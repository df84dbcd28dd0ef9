//! A waiting write. Its item is made when the write is sent.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Item;
use crate::core::dynamo::size;
use crate::core::error::{Error, Result};

/// An item to write. An item takes several times the memory of the session in it, so it is made as late as
/// possible.
pub struct Put(State);

enum State {
    Waiting(Box<dyn FnOnce() -> Result<Item> + Send>),
    Made(Result<Item>),
}

impl Put {
    /// A write of the item that `make` returns.
    pub fn new(make: impl FnOnce() -> Result<Item> + Send + 'static) -> Self {
        Self(State::Waiting(Box::new(make)))
    }

    /// The item. The first call makes it.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`], and the error of `make`. If `make` panics, [`Error::Internal`]: the panic must not
    /// end the task, which may send other writes too.
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

    /// The item, by value.
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
