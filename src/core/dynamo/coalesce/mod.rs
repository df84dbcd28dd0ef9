//! Fewer and larger requests under load.
//!
//! What is asked for at the same moment goes together, in a BatchGetItem or BatchWriteItem: an item
//! costs the same capacity units that way. Past a number of operations under way, they gather a
//! little longer: the more requests there are, the larger they get. See [`queue`].
//!
//! Each caller gets what it would have got alone: its own item, its own error. What DynamoDB leaves
//! unprocessed is sent again, and what it refuses as a whole is sent one by one. The order in which
//! operations on one key were asked for is kept, see [`queue`]. Identical reads share a request, see
//! [`sharing`].

mod queue;
mod sharing;

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::iter;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::create_table::CreateTableOutput;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput;
use aws_sdk_dynamodb::operation::describe_table::builders::DescribeTableInputBuilder;
use aws_sdk_dynamodb::operation::describe_time_to_live::DescribeTimeToLiveOutput;
use aws_sdk_dynamodb::operation::describe_time_to_live::builders::DescribeTimeToLiveInputBuilder;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_table::UpdateTableOutput;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableInputBuilder;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveOutput;
use aws_sdk_dynamodb::operation::update_time_to_live::builders::UpdateTimeToLiveInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest,
};
use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use self::queue::{Batch, Key, Limits, Queue};
use self::sharing::Sharing;
use super::Dynamo;
use crate::core::error::{Error, Result, built};

type Item = HashMap<String, AttributeValue>;

/// What DynamoDB takes at once.
const MOST: Limits = Limits {
    reads: 100,
    writes: 25,
};

/// How often what DynamoDB leaves unprocessed is sent again with the others of its batch. After
/// that it is sent alone, to get an error of its own if it has to.
const ROUNDS: u32 = 3;

/// The pause before the first of these rounds. Each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(25);

/// How many requests are under way at once for a batch that was refused.
const SINGLES_AT_ONCE: usize = 8;

/// Session data beyond this many bytes is written alone: DynamoDB takes 400 KB, and one item too
/// many for it would have the whole batch refused.
const LARGE: usize = 300 * 1024;

/// See the [module](self).
pub struct Coalesce(Arc<Shared>);

struct Shared {
    inner: Arc<dyn Dynamo>,
    table: String,
    hash_key: String,
    queue: Mutex<Queue<Read, Write>>,
    /// Whether [`Self::pump`] is about to be called.
    pumping: AtomicBool,
    sharing: Arc<Sharing>,
    /// Whether batches are allowed, as far as is known.
    reads_allowed: AtomicBool,
    writes_allowed: AtomicBool,
}

/// A read that waits.
struct Read {
    consistent: bool,
    answer: oneshot::Sender<Result<Option<Item>>>,
}

/// A write that waits.
struct Write {
    change: Change,
    answer: oneshot::Sender<Result<()>>,
}

impl Read {
    fn waiter(&mut self) -> &mut oneshot::Sender<Result<Option<Item>>> {
        &mut self.answer
    }
}

impl Write {
    fn waiter(&mut self) -> &mut oneshot::Sender<Result<()>> {
        &mut self.answer
    }
}

enum Change {
    /// As it was asked for.
    Put(Box<PutItemInputBuilder>),
    Delete,
}

impl Coalesce {
    /// Merges what goes to the items of `table`, whose only key attribute is `hash_key`. Past
    /// `threshold` operations under way they wait for each other.
    pub fn new(inner: Arc<dyn Dynamo>, table: &str, hash_key: &str, threshold: usize) -> Self {
        Self(Arc::new(Shared {
            inner,
            table: table.to_owned(),
            hash_key: hash_key.to_owned(),
            queue: Mutex::new(Queue::new(threshold)),
            pumping: AtomicBool::new(false),
            sharing: Arc::default(),
            reads_allowed: AtomicBool::new(true),
            writes_allowed: AtomicBool::new(true),
        }))
    }
}

impl Shared {
    /// The key of an item of our table; none where the request is not to be looked at.
    fn key_of(&self, table: &Option<String>, attributes: &Option<Item>) -> Option<Key> {
        if table.as_deref() != Some(&self.table) || !self.inner.takes_batches() {
            return None;
        }
        let key = attributes.as_ref()?.get(&self.hash_key)?.as_s().ok()?;
        Some(key.as_str().into())
    }

    fn queue(&self) -> MutexGuard<'_, Queue<Read, Write>> {
        // Nothing in there can panic half way.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what may be sent once whoever asks right now has asked for all that it wants: when the
    /// task that is running pauses.
    fn pump_soon(self: &Arc<Self>) {
        if self.pumping.swap(true, Ordering::Relaxed) {
            return;
        }
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            shared.pumping.store(false, Ordering::Relaxed);
            shared.pump();
        });
    }

    /// Sends what may be sent now.
    fn pump(self: &Arc<Self>) {
        // Outside of a runtime nothing can be sent: the process is at its end.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let most = |allowed: &AtomicBool, most: usize| {
            let allowed = allowed.load(Ordering::Relaxed);
            if allowed { most } else { 1 }
        };
        let limits = Limits {
            reads: most(&self.reads_allowed, MOST.reads),
            writes: most(&self.writes_allowed, MOST.writes),
        };
        while let Some(batch) = self.next(limits) {
            let shared = Arc::clone(self);
            let slot = Slot(Arc::clone(self), batch.len());
            runtime.spawn(async move {
                match batch {
                    Batch::Reads(reads) => shared.read(reads).await,
                    Batch::Writes(writes) => shared.write(writes).await,
                }
                drop(slot);
            });
        }
    }

    /// Apart from [`Self::pump`], so that the queue is not locked any longer.
    fn next(&self, limits: Limits) -> Option<Batch<Read, Write>> {
        self.queue().next(limits)
    }

    fn key(&self, key: &str) -> Item {
        Item::from([(self.hash_key.clone(), AttributeValue::S(key.to_owned()))])
    }

    async fn read(self: &Arc<Self>, mut reads: Vec<(Key, Vec<Read>)>) {
        for (_, waiting) in &mut reads {
            waiting.retain(|read| !read.answer.is_closed());
        }
        reads.retain(|(_, waiting)| !waiting.is_empty());
        if reads.len() > 1 {
            match self.read_batch(&mut reads).await {
                Ok(()) => {}
                Err(error) if is_for_all(&error) => {
                    for (_, waiting) in reads.drain(..) {
                        answer_all(waiting, Err(error.clone()));
                    }
                }
                Err(error) => note_denial(&error, &self.reads_allowed),
            }
        }
        let singles: Vec<_> = reads
            .into_iter()
            .map(|(key, mut waiting)| async move {
                let consistent = waiting.iter().any(|read| read.consistent);
                let request = GetItemInputBuilder::default()
                    .table_name(&self.table)
                    .set_key(Some(self.key(&key)))
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
    async fn read_batch(&self, reads: &mut Vec<(Key, Vec<Read>)>) -> Result<()> {
        let mut pause = PAUSE;
        for _round in 0..=ROUNDS {
            let consistent = reads.iter().flat_map(|(_, waiting)| waiting);
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(reads.iter().map(|(key, _)| self.key(key)).collect()))
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
            for (key, waiting) in std::mem::take(reads) {
                if is_left(&key) {
                    reads.push((key, waiting));
                } else {
                    answer_all(waiting, Ok(items.remove(&*key)));
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

    async fn write(self: &Arc<Self>, writes: Vec<(Key, Vec<Write>)>) {
        // Each is told to be done when it is dropped, whatever happens.
        let mut writes: Vec<(Done, Vec<Write>)> = writes
            .into_iter()
            .map(|(key, waiting)| (Done(Arc::clone(self), key), waiting))
            .collect();
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

/// A request that is under way, and how many operations it has.
struct Slot(Arc<Shared>, usize);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.queue().release(self.1);
        self.0.pump();
    }
}

/// A key whose turn it is, until this is dropped.
struct Done(Arc<Shared>, Key);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.queue().done(&self.1);
        self.0.pump();
    }
}

/// Waits for its turn, and gives it back where it is given up in the very moment it comes.
struct Waiting {
    shared: Arc<Shared>,
    key: Key,
    turn: oneshot::Receiver<()>,
}

impl Waiting {
    async fn turn(mut self) {
        // The queue, at the other end, lives as long as `shared`.
        let _ = (&mut self.turn).await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.turn.close();
        if self.turn.try_recv().is_ok() {
            drop(Done(Arc::clone(&self.shared), Arc::clone(&self.key)));
        }
    }
}

/// The answer to what waited for a batch.
async fn answer<T>(receiver: oneshot::Receiver<Result<T>>) -> Result<T> {
    // Dropped unanswered only where the runtime ends.
    receiver.await.unwrap_or(Err(Error::Closed))
}

/// Whether an item is too large to be written with others.
fn is_large(item: &Item) -> bool {
    item.values().map(size).sum::<usize>() > LARGE
}

/// About as many bytes as DynamoDB counts.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(list) => list.iter().map(|value| size(value) + 1).sum(),
        AttributeValue::M(map) => {
            let entries = map.iter().map(|(name, value)| name.len() + size(value) + 1);
            entries.sum()
        }
        _ => 1,
    }
}

impl Shared {
    async fn get(self: Arc<Self>, key: Key, request: GetItemInputBuilder) -> Result<GetItemOutput> {
        let (sender, receiver) = oneshot::channel();
        let read = Read {
            consistent: request.get_consistent_read().unwrap_or_default(),
            answer: sender,
        };
        self.queue().add_read(key, read);
        self.pump_soon();
        let item = answer(receiver).await?;
        Ok(GetItemOutput::builder().set_item(item).build())
    }
}

impl Coalesce {
    /// A write that may be merged.
    async fn write(&self, key: Key, change: Change) -> Result<()> {
        let Self(shared) = self;
        shared.sharing.forget(&key);
        let (sender, receiver) = oneshot::channel();
        let write = Write {
            change,
            answer: sender,
        };
        shared.queue().add_write(key, write);
        shared.pump_soon();
        answer(receiver).await
    }

    /// Runs `work` when it is the turn of `key`'s.
    async fn alone<T>(&self, key: Key, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Self(shared) = self;
        shared.sharing.forget(&key);
        // In one go: what it would wait for must not end in between.
        let turn = {
            let mut queue = shared.queue();
            (!queue.may_run_alone(&key)).then(|| queue.add_alone(key.clone()))
        };
        if let Some(turn) = turn {
            let waiting = Waiting {
                shared: Arc::clone(shared),
                key: key.clone(),
                turn,
            };
            waiting.turn().await;
        }
        let _done = Done(Arc::clone(shared), key);
        work.await
    }
}

#[async_trait]
impl Dynamo for Coalesce {
    fn takes_batches(&self) -> bool {
        self.0.inner.takes_batches()
    }

    async fn get_item(&self, request: GetItemInputBuilder) -> Result<GetItemOutput> {
        let Self(shared) = self;
        let key = shared.key_of(request.get_table_name(), request.get_key());
        let Some(key) = key else {
            return shared.inner.get_item(request).await;
        };
        let is_consistent = request.get_consistent_read().unwrap_or_default();
        let read = Arc::clone(shared).get(key.clone(), request);
        if is_consistent {
            return read.await;
        }
        shared.sharing.join(key, read).await
    }

    async fn put_item(&self, request: PutItemInputBuilder) -> Result<PutItemOutput> {
        let inner = &self.0.inner;
        let item = request.get_item();
        let Some(key) = self.0.key_of(request.get_table_name(), item) else {
            return inner.put_item(request).await;
        };
        let is_large = item.as_ref().is_some_and(is_large);
        if is_large || request.get_condition_expression().is_some() {
            return self.alone(key, inner.put_item(request)).await;
        }
        self.write(key, Change::Put(Box::new(request))).await?;
        Ok(PutItemOutput::builder().build())
    }

    async fn delete_item(&self, request: DeleteItemInputBuilder) -> Result<DeleteItemOutput> {
        let inner = &self.0.inner;
        let key = self.0.key_of(request.get_table_name(), request.get_key());
        let Some(key) = key else {
            return inner.delete_item(request).await;
        };
        if request.get_condition_expression().is_some() {
            return self.alone(key, inner.delete_item(request)).await;
        }
        self.write(key, Change::Delete).await?;
        Ok(DeleteItemOutput::builder().build())
    }

    async fn update_item(&self, request: UpdateItemInputBuilder) -> Result<UpdateItemOutput> {
        let inner = &self.0.inner;
        let key = self.0.key_of(request.get_table_name(), request.get_key());
        match key {
            Some(key) => self.alone(key, inner.update_item(request)).await,
            None => inner.update_item(request).await,
        }
    }

    async fn batch_get_item(
        &self,
        request: BatchGetItemInputBuilder,
    ) -> Result<BatchGetItemOutput> {
        self.0.inner.batch_get_item(request).await
    }

    async fn batch_write_item(
        &self,
        request: BatchWriteItemInputBuilder,
    ) -> Result<BatchWriteItemOutput> {
        self.0.inner.batch_write_item(request).await
    }

    async fn query(&self, request: QueryInputBuilder) -> Result<QueryOutput> {
        self.0.inner.query(request).await
    }

    async fn scan(&self, request: ScanInputBuilder) -> Result<ScanOutput> {
        self.0.inner.scan(request).await
    }

    async fn describe_table(
        &self,
        request: DescribeTableInputBuilder,
    ) -> Result<DescribeTableOutput> {
        self.0.inner.describe_table(request).await
    }

    async fn describe_time_to_live(
        &self,
        request: DescribeTimeToLiveInputBuilder,
    ) -> Result<DescribeTimeToLiveOutput> {
        self.0.inner.describe_time_to_live(request).await
    }

    async fn update_table(&self, request: UpdateTableInputBuilder) -> Result<UpdateTableOutput> {
        self.0.inner.update_table(request).await
    }

    async fn create_table(&self, request: CreateTableInputBuilder) -> Result<CreateTableOutput> {
        self.0.inner.create_table(request).await
    }

    async fn update_time_to_live(
        &self,
        request: UpdateTimeToLiveInputBuilder,
    ) -> Result<UpdateTimeToLiveOutput> {
        self.0.inner.update_time_to_live(request).await
    }
}
