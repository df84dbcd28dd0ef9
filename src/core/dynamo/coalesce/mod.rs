//! Fewer and larger requests under load.
//!
//! A few operations at a time go alone and at once. Past a number of them, those that wait go
//! together, in a BatchGetItem or BatchWriteItem, where an item costs the same capacity units: the
//! more there are, the larger the requests get. See [`queue`].
//!
//! Each caller gets what it would have got alone: its own item, its own error. What DynamoDB leaves
//! unprocessed is sent again, and what it refuses as a whole is sent one by one: see [`batches`].
//! The order in which operations on one key were asked for is kept, see [`queue`]. Identical reads
//! share a request, see [`sharing`].

mod batches;
mod queue;
mod sharing;

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use self::queue::{Batch, Key, Limits, Queue};
use self::sharing::Sharing;
use super::Dynamo;
use crate::core::error::{Error, Result};

type Item = HashMap<String, AttributeValue>;

/// What DynamoDB takes at once.
const MOST: Limits = Limits {
    reads: 100,
    writes: 25,
};

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
    /// Merges what goes to the items of `table`, whose only key attribute is `hash_key`, where there
    /// are more than `threshold` operations.
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
    /// task that is running pauses. Only then is it known whether that is much.
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
