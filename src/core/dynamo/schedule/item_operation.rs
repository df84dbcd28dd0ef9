//! A waiting operation on an item, and its call.

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

/// The outcome of an operation that can be merged. A read returns the item, if it exists.
pub type ItemResult = Result<Option<Item>>;

/// An operation that can be merged.
pub struct ItemOperation {
    pub change: Change,
    /// The context of its call.
    pub context: Option<CallContext>,
    /// The deadline of its call.
    pub deadline: Option<Arc<Deadline>>,
    /// Its call waits for this.
    pub answer: oneshot::Sender<ItemResult>,
}

/// The change that an operation makes to its item.
pub enum Change {
    /// No change: the item is read.
    None { consistent: bool },
    /// The item is written.
    Put(Put),
    /// The item is deleted.
    Delete,
}

/// Makes the item of the last operation, because only the last one is sent. If this fails, answers the operation
/// with the error, removes it, and goes on with the one before it. Returns `false` if no operation is left.
pub fn can_be_sent(waiting: &mut Vec<ItemOperation>) -> bool {
    while let Some(ItemOperation { change, .. }) = waiting.last_mut() {
        let Change::Put(put) = change else {
            return true;
        };
        let Err(error) = put.item().map(|_| ()) else {
            return true;
        };
        if let Some(operation) = waiting.pop() {
            // If the call has given up, nobody receives the answer.
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

/// Answers all operations with the same outcome.
pub fn answer_all(mut waiting: Vec<ItemOperation>, outcome: ItemResult) {
    let last = waiting.pop();
    // If a call has given up, nobody receives its answer.
    for operation in waiting {
        let _ = operation.answer.send(outcome.clone());
    }
    if let Some(last) = last {
        let _ = last.answer.send(outcome);
    }
}

/// Runs `request` and returns its outcome. If all waiters give up first, drops the request and returns `None`.
pub async fn while_wanted<'w, T, A: 'w>(
    request: impl Future<Output = T>,
    waiters: impl Iterator<Item = &'w mut oneshot::Sender<A>>,
) -> Option<T> {
    let mut waiters: Vec<_> = waiters.collect();
    // Begin with the last waiter: it reaches its deadline last, so the others rarely need to be polled.
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
