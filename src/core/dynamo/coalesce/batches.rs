//! Sending what waits: many as one request, and one by one what DynamoDB will not take that way.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::iter;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest,
};
use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};
use tokio::sync::oneshot;

use super::queue::Key;
use super::{Change, Done, Item, Read, Shared, Write};
use crate::core::error::{Error, Result, built};

/// How often what DynamoDB leaves unprocessed is sent again with the others of its batch. After
/// that it is sent alone, to get an error of its own if it has to.
const ROUNDS: u32 = 3;

/// The pause before the first of these rounds. Each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(25);

/// How many requests are under way at once for a batch that was refused.
const SINGLES_AT_ONCE: usize = 8;

impl Shared {
    fn key(&self, key: &str) -> Item {
        Item::from([(self.hash_key.clone(), AttributeValue::S(key.to_owned()))])
    }

    /// Each key is told to be done when it is dropped, whatever happens.
    fn until_done<T>(self: &Arc<Self>, taken: Vec<(Key, T)>) -> Vec<(Done, T)> {
        let taken = taken.into_iter();
        let until_done = taken.map(|(key, waiting)| (Done(Arc::clone(self), key), waiting));
        until_done.collect()
    }

    /// Reads them, and answers those who wait.
    pub(super) async fn read(self: &Arc<Self>, reads: Vec<(Key, Vec<Read>)>) {
        let mut reads = self.until_done(reads);
        for (_, waiting) in &mut reads {
            waiting.retain(|read| !read.answer.is_closed());
        }
        reads.retain(|(_, waiting)| !waiting.is_empty());
        if reads.len() > 1 {
            match self.read_batch(&mut reads).await {
                Ok(()) => {}
                Err(error) if is_for_all(&error) => {
                    for (_done, waiting) in reads.drain(..) {
                        answer_all(waiting, Err(error.clone()));
                    }
                }
                Err(error) => note_denial(&error, &self.reads_allowed),
            }
        }
        let singles: Vec<_> = reads
            .into_iter()
            .map(|(done, mut waiting)| async move {
                let consistent = waiting.iter().any(|read| read.consistent);
                let request = GetItemInputBuilder::default()
                    .table_name(&self.table)
                    .set_key(Some(self.key(&done.1)))
                    .consistent_read(consistent);
                let request = self.inner.get_item(request);
                let answer = while_wanted(request, waiting.iter_mut().map(Read::waiter)).await;
                if let Some(answer) = answer {
                    answer_all(waiting, answer.map(|answer| answer.item));
                }
            })
            .collect();
        some_at_once(singles).await;
    }

    /// Reads as one request, and answers those who wait for what it found. What is left in `reads`
    /// has to be read alone.
    async fn read_batch(&self, reads: &mut Vec<(Done, Vec<Read>)>) -> Result<()> {
        let mut pause = PAUSE;
        for _round in 0..=ROUNDS {
            let consistent = reads.iter().flat_map(|(_, waiting)| waiting);
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(
                    reads.iter().map(|(done, _)| self.key(&done.1)).collect(),
                ))
                .consistent_read(consistent.into_iter().any(|read| read.consistent))
                .build();
            let request =
                BatchGetItemInputBuilder::default().request_items(&self.table, built(wanted)?);
            let request = self.inner.batch_get_item(request);
            let all = reads.iter_mut().flat_map(|(_, waiting)| waiting);
            let Some(answer) = while_wanted(request, all.map(Read::waiter)).await else {
                reads.clear();
                return Ok(());
            };
            let answer = answer?;
            let found = answer.responses.unwrap_or_default().into_values().flatten();
            let mut items: HashMap<String, Item> = found
                .filter_map(|item| Some((self.id(&item)?.to_owned(), item)))
                .collect();
            let left = answer.unprocessed_keys.unwrap_or_default();
            let left: Vec<Item> = left.into_values().flat_map(|left| left.keys).collect();
            let is_left = |key: &Key| left.iter().any(|item| self.id(item) == Some(&**key));
            for (done, waiting) in std::mem::take(reads) {
                if is_left(&done.1) {
                    reads.push((done, waiting));
                } else {
                    answer_all(waiting, Ok(items.remove(&*done.1)));
                }
            }
            reads.retain(|(_, waiting)| waiting.iter().any(|read| !read.answer.is_closed()));
            if reads.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Ok(())
    }

    fn id<'i>(&self, item: &'i Item) -> Option<&'i str> {
        item.get(&self.hash_key)?.as_s().ok().map(String::as_str)
    }

    /// Writes them, and answers those who wait.
    pub(super) async fn write(self: &Arc<Self>, writes: Vec<(Key, Vec<Write>)>) {
        let mut writes = self.until_done(writes);
        for (_, waiting) in &mut writes {
            waiting.retain(|write| !write.answer.is_closed());
        }
        writes.retain(|(_, waiting)| !waiting.is_empty());
        if writes.len() > 1 {
            match self.write_batch(&mut writes).await {
                Ok(()) => {}
                Err(error) if is_for_all(&error) => {
                    for (_done, waiting) in writes.drain(..) {
                        answer_writes(waiting, &Err(error.clone()));
                    }
                }
                Err(error) => note_denial(&error, &self.writes_allowed),
            }
        }
        let singles: Vec<_> = writes
            .into_iter()
            .map(|(done, waiting)| async move { self.write_alone(&done.1, waiting).await })
            .collect();
        some_at_once(singles).await;
    }

    /// Writes as one request, and tells those whose write is done. What is left in `writes` has to
    /// be written alone.
    async fn write_batch(&self, writes: &mut Vec<(Done, Vec<Write>)>) -> Result<()> {
        let mut pause = PAUSE;
        for _round in 0..=ROUNDS {
            let wanted = writes
                .iter()
                .filter_map(|(done, waiting)| Some(self.request(&done.1, waiting.last()?)))
                .collect::<Result<Vec<_>>>()?;
            let request = BatchWriteItemInputBuilder::default().request_items(&self.table, wanted);
            let request = self.inner.batch_write_item(request);
            let all = writes.iter_mut().flat_map(|(_, waiting)| waiting);
            let Some(answer) = while_wanted(request, all.map(Write::waiter)).await else {
                writes.clear();
                return Ok(());
            };
            let answer = answer?;
            let left = answer.unprocessed_items.unwrap_or_default();
            let left: Vec<WriteRequest> = left.into_values().flatten().collect();
            let is_left = |key: &Key| {
                left.iter()
                    .any(|request| self.id_of(request) == Some(&**key))
            };
            for (done, waiting) in std::mem::take(writes) {
                if is_left(&done.1) {
                    writes.push((done, waiting));
                } else {
                    answer_writes(waiting, &Ok(()));
                }
            }
            writes.retain(|(_, waiting)| waiting.iter().any(|write| !write.answer.is_closed()));
            if writes.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Ok(())
    }

    fn request(&self, key: &str, write: &Write) -> Result<WriteRequest> {
        let request = WriteRequest::builder();
        let request = match &write.change {
            Change::Put(put) => {
                let put = PutRequest::builder().set_item(put.get_item().clone());
                request.put_request(built(put.build())?)
            }
            Change::Delete => {
                let delete = DeleteRequest::builder().set_key(Some(self.key(key)));
                request.delete_request(built(delete.build())?)
            }
        };
        Ok(request.build())
    }

    fn id_of<'r>(&self, request: &'r WriteRequest) -> Option<&'r str> {
        let put = request.put_request().map(PutRequest::item);
        let delete = request.delete_request().map(DeleteRequest::key);
        self.id(put.or(delete)?)
    }

    /// The last write of a key; where it is refused, those before it too, each on its own.
    async fn write_alone(&self, key: &str, mut waiting: Vec<Write>) {
        while let Some(Write { change, answer }) = waiting.pop() {
            let mut answer = answer;
            let everybody = waiting.iter_mut().map(Write::waiter);
            let everybody = iter::once(&mut answer).chain(everybody);
            let Some(outcome) = while_wanted(self.change(key, change), everybody).await else {
                return;
            };
            if outcome.as_ref().err().is_none_or(is_for_all) {
                answer_writes(std::mem::take(&mut waiting), &outcome);
            }
            // Whoever has given up is not there to be told.
            let _ = answer.send(outcome);
        }
    }

    async fn change(&self, key: &str, change: Change) -> Result<()> {
        match change {
            Change::Put(request) => self.inner.put_item(*request).await.map(|_| ()),
            Change::Delete => {
                let request = DeleteItemInputBuilder::default()
                    .table_name(&self.table)
                    .set_key(Some(self.key(key)));
                self.inner.delete_item(request).await.map(|_| ())
            }
        }
    }
}

/// The outcome of `request`; nothing where all who waited for it have given up, and so has it.
async fn while_wanted<'w, T, A: 'w>(
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

/// Whether an error holds for every operation of a batch: everything but a refusal of what was in
/// it, or of batches.
fn is_for_all(error: &Error) -> bool {
    match error {
        Error::Service {
            code,
            status,
            retryable,
            ..
        } => {
            *retryable
                || status.is_none_or(|status| status >= 500)
                || code == "ResourceNotFoundException"
        }
        _ => true,
    }
}

/// Remembers that there are no batches: the IAM policy, or a DynamoDB of someone else's making, has
/// none.
fn note_denial(error: &Error, allowed: &AtomicBool) {
    if error.is_service("AccessDeniedException") || error.is_service("UnknownOperationException") {
        allowed.store(false, Ordering::Relaxed);
    }
}

fn answer_all(waiting: Vec<Read>, answer: Result<Option<Item>>) {
    let mut waiting = waiting.into_iter();
    let Some(first) = waiting.next() else { return };
    for read in waiting {
        let _ = read.answer.send(answer.clone());
    }
    let _ = first.answer.send(answer);
}

fn answer_writes(waiting: Vec<Write>, answer: &Result<()>) {
    for write in waiting {
        let _ = write.answer.send(answer.clone());
    }
}

async fn some_at_once(work: Vec<impl Future<Output = ()>>) {
    stream::iter(work)
        .buffer_unordered(SINGLES_AT_ONCE)
        .collect::<()>()
        .await;
}
