//! An operation on an item while it waits, and the calls that wait for it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use super::Item;
use super::put::Put;
use crate::core::context::CallContext;
use crate::core::deadline::Deadline;
use crate::core::error::Result;

/// The outcome of an operation that can be merged: an item if it was read.
pub type ItemResult = Result<Option<Item>>;

/// An operation that can be merged, and who waits for it.
pub struct ItemOperation {
    pub change: Change,
    /// The context of the call that has asked for it.
    pub context: Option<CallContext>,
    /// The deadline of that call.
    pub deadline: Option<Arc<Deadline>>,
    pub answer: oneshot::Sender<ItemResult>,
}

/// What an operation does to its item.
pub enum Change {
    /// It is read.
    None { consistent: bool },
    /// It is written.
    Put(Put),
    /// It is deleted.
    Delete,
}

/// Makes the item of the last operation, which is the one that is sent. If that fails, this operation
/// is answered with the failure, and the one before it is the last. `false` if none is left.
pub fn can_be_sent(waiting: &mut Vec<ItemOperation>) -> bool {
    while let Some(ItemOperation { change, .. }) = waiting.last_mut() {
        let Change::Put(put) = change else {
            return true;
        };
        let Err(error) = put.item().map(|_| ()) else {
            return true;
        };
        if let Some(operation) = waiting.pop() {
            // Whoever has given up is not there to be told.
            let _ = operation.answer.send(Err(error));
        }
    }
    false
}

/// Whether one of these reads is strongly consistent.
pub fn is_consistent<'o>(operations: impl IntoIterator<Item = &'o ItemOperation>) -> bool {
    let mut changes = operations.into_iter().map(|operation| &operation.change);
    changes.any(|change| matches!(change, Change::None { consistent: true }))
}

/// Answers all with the same.
pub fn answer_all(mut waiting: Vec<ItemOperation>, outcome: ItemResult) {
    let last = waiting.pop();
    // Whoever has given up is not there to be told.
    for operation in waiting {
        let _ = operation.answer.send(outcome.clone());
    }
    if let Some(last) = last {
        let _ = last.answer.send(outcome);
    }
}

/// The outcome of `request`; `None` where all who waited for it have given up, and so has it.
pub async fn while_wanted<'w, T, A: 'w>(
    request: impl Future<Output = T>,
    waiters: impl Iterator<Item = &'w mut oneshot::Sender<A>>,
) -> Option<T> {
    let mut waiters: Vec<_> = waiters.collect();
    // From the last on: they are the last to reach their deadline.
    let unwanted = poll_fn(|context| {
        while let Some(waiter) = waiters.last_mut() {
            ready!(waiter.poll_closed(context));
            waiters.pop();
        }
        Poll::Ready(())
    });
    match select(pin!(request), unwanted).await {
        Either::Left((outcome, _)) => Some(outcome),
        Either::Right(_) => None,
    }
}
