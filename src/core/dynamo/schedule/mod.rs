//! Requests for items: in order, fair, bounded, and merged under load.
//!
//! A [`Schedule`] is one store's way to the items of its table. Methods queue their operation when called, not
//! when polled: behind all earlier operations on the same key, of all stores of the process. The [`queue`]
//! decides when each operation is sent.
//!
//! Each caller gets the same result as without merging: its own item, its own error. If DynamoDB leaves
//! operations of a batch unprocessed, they are sent again. If DynamoDB refuses a batch, its operations are sent
//! one by one: see [`batches`] and [`refusals`]. Eventually consistent reads of the same item share a request,
//! see [`sharing`].

mod batches;
mod in_turn;
mod item_operation;
mod put;
#[allow(
    clippy::indexing_slicing,
    reason = "arrays with an entry for each kind or use, which `get` would make longer and no safer"
)]
mod queue;
mod refusals;
mod sharing;
mod table;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Context, Poll};

use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::FutureExt;
use futures_util::future::ready;
use tokio::sync::oneshot;

use self::batches::Batches;
pub use self::in_turn::{InTurn, TransactedWrite};
use self::item_operation::{Change, ItemOperation};
use self::put::Put;
use self::queue::{Key, Kind};
use self::table::{Lane, Waiting};
pub use self::table::{TableQueue, TableQueues};
use super::{Items, KeyedTable, ResultFuture};
use crate::core::context;
use crate::core::deadline::{self, Deadline};
use crate::core::error::{Error, Result};

type Item = HashMap<String, AttributeValue>;

/// An item with more bytes than this is written alone. The size that AWS documents is approximate, and if one item
/// is too large for DynamoDB, it refuses the whole batch.
const LARGE: usize = 300 * 1024;

/// See the [module](self). Clones share the lane. There is no time limit here: dropping a returned future gives
/// the operation up.
#[derive(Clone)]
pub struct Schedule {
    table: Arc<KeyedTable>,
    lane: Arc<Lane>,
}

impl Schedule {
    /// Adds a lane to `queue`, the queue of the table. `items` sends its requests.
    ///
    /// Merging starts when more than `threshold` operations that can be merged are in flight or wait. `None`: only
    /// the operations of [`get_many`](Self::get_many) and [`delete_many`](Self::delete_many) are merged.
    pub fn new(
        queue: Arc<TableQueue>,
        items: Arc<dyn Items>,
        table: KeyedTable,
        threshold: Option<usize>,
    ) -> Self {
        let table = Arc::new(table);
        let batches = Batches::new(items, Arc::clone(&table), threshold);
        Self {
            table,
            lane: Lane::new(queue, Arc::new(batches)),
        }
    }

    /// The item under `key`.
    pub fn get(&self, key: String, consistent: bool) -> ResultFuture<Option<Item>> {
        let key = Key::from(key);
        let read = || self.read(Arc::clone(&key), consistent);
        if consistent {
            return read();
        }
        let waits = self.waits();
        let sharing = self.lane.sharing();
        let joined = sharing.join(self.lane.id(), Arc::clone(&key), read);
        async move {
            // The request may belong to another call, with another deadline.
            let _waits = waits;
            joined.await
        }
        .boxed()
    }

    /// The items under `keys`, in their order. They are read in batches even without load.
    pub fn get_many(
        &self,
        keys: impl IntoIterator<Item = String>,
        consistent: bool,
    ) -> Vec<ResultFuture<Option<Item>>> {
        self.ask_many(Kind::ReadOfMany, keys, || Change::None { consistent })
    }

    /// Writes the item that `make` returns under `key`, and replaces the present item. `size` is the approximate
    /// size of the item in bytes: a large item is never merged.
    ///
    /// `make` is called when the write is sent. Until then, the write holds only the source of the item, which
    /// takes less memory than the item.
    pub fn put(
        &self,
        key: String,
        size: usize,
        make: impl FnOnce() -> Result<Item> + Send + 'static,
    ) -> ResultFuture<()> {
        let put = Put::new(make);
        if size <= LARGE {
            return self.write(key.into(), Change::Put(put));
        }
        let table = Arc::clone(&self.table);
        let put = self.alone(Some(key.into()), move |items| {
            send_put(&*items, &table, put)
        });
        without_output(put)
    }

    /// Runs `work` when an operation on `key` has its turn. `work` may send several requests: no other operation
    /// of the process on `key` comes in between.
    pub fn in_turn<T: Send + 'static>(
        &self,
        key: String,
        work: impl FnOnce(InTurn) -> ResultFuture<T> + Send + 'static,
    ) -> ResultFuture<T> {
        let (table, key) = (Arc::clone(&self.table), Key::from(key));
        self.alone(Some(Arc::clone(&key)), move |items| {
            work(InTurn { items, table, key })
        })
    }

    /// Runs `work` without waiting for other operations on `key`.
    pub fn out_of_turn<T: Send + 'static>(
        &self,
        key: String,
        work: impl FnOnce(InTurn) -> ResultFuture<T> + Send + 'static,
    ) -> ResultFuture<T> {
        let (table, key) = (Arc::clone(&self.table), Key::from(key));
        self.alone(None, move |items| work(InTurn { items, table, key }))
    }

    /// Changes the item under `key` by the request that `make` returns. Table and key are filled in.
    ///
    /// `make` is called when the request is sent, because a waiting request would take a kilobyte.
    pub fn update(
        &self,
        key: String,
        make: impl FnOnce() -> UpdateItemInputBuilder + Send + 'static,
    ) -> ResultFuture<()> {
        let (table, key) = (Arc::clone(&self.table), Key::from(key));
        let update = self.alone(Some(Arc::clone(&key)), move |items| {
            let request = make()
                .table_name(table.name.as_str())
                .set_key(Some(table.key(&key)));
            items.update_item(request)
        });
        without_output(update)
    }

    /// Deletes the item under `key`.
    pub fn delete(&self, key: String) -> ResultFuture<()> {
        self.write(key.into(), Change::Delete)
    }

    /// Deletes the item under `key` if the condition in `request` holds. Table and key are filled in.
    pub fn delete_if(&self, key: String, request: DeleteItemInputBuilder) -> ResultFuture<()> {
        without_output(self.delete_alone(key, request))
    }

    /// Deletes the item under `key` by a request of its own, and returns its answer. Table and key are filled in.
    pub fn delete_alone(
        &self,
        key: String,
        request: DeleteItemInputBuilder,
    ) -> ResultFuture<DeleteItemOutput> {
        let request = request
            .table_name(self.table.name.as_str())
            .set_key(Some(self.table.key(&key)));
        self.alone(Some(key.into()), move |items| items.delete_item(request))
    }

    /// Deletes the items under `keys`. They are deleted in batches even without load.
    pub fn delete_many(&self, keys: impl IntoIterator<Item = String>) -> Vec<ResultFuture<()>> {
        let keys: Vec<Key> = keys.into_iter().map(Key::from).collect();
        for key in &keys {
            self.lane.sharing().forget(key);
        }
        let deleted = self.ask_many(Kind::WriteOfMany, keys, || Change::Delete);
        deleted.into_iter().map(without_output).collect()
    }

    /// Reads a page of an index. The table is filled in.
    pub fn query(&self, request: QueryInputBuilder) -> ResultFuture<QueryOutput> {
        let request = request.table_name(self.table.name.as_str());
        self.alone(None, move |items| items.query(request))
    }

    /// Reads a page of the table. The table is filled in.
    pub fn scan(&self, request: ScanInputBuilder) -> ResultFuture<ScanOutput> {
        let request = request.table_name(self.table.name.as_str());
        self.alone(None, move |items| items.scan(request))
    }

    fn read(&self, key: Key, consistent: bool) -> ResultFuture<Option<Item>> {
        self.ask(Kind::Read, key, Change::None { consistent })
    }

    /// A write that may be merged.
    fn write(&self, key: Key, change: Change) -> ResultFuture<()> {
        self.lane.sharing().forget(&key);
        let written = self.ask(Kind::Write, key, change);
        without_output(written)
    }

    fn ask(&self, kind: Kind, key: Key, change: Change) -> ResultFuture<Option<Item>> {
        let (operation, answer) = self.operation(&key, change);
        let waiting = Waiting::Batched(operation);
        self.lane.add(Some(key), kind, waiting);
        answer
    }

    /// Queues the same operation for each key. The answers are in the order of `keys`.
    fn ask_many(
        &self,
        kind: Kind,
        keys: impl IntoIterator<Item = impl Into<Key>>,
        change: impl Fn() -> Change,
    ) -> Vec<ResultFuture<Option<Item>>> {
        let asked = keys.into_iter().map(|key| {
            let key = key.into();
            let (operation, answer) = self.operation(&key, change());
            ((key, operation), answer)
        });
        let (operations, answers) = asked.unzip();
        self.lane.add_many(kind, operations);
        answers
    }

    /// An operation that can be merged, and its answer.
    fn operation(&self, key: &Key, change: Change) -> (ItemOperation, ResultFuture<Option<Item>>) {
        let (answer, answered) = oneshot::channel();
        let asked = self.asked(Some(Arc::clone(key)), answered);
        let operation = ItemOperation {
            change,
            context: context::current(),
            deadline: deadline::current(),
            answer,
        };
        (operation, async move { asked.await? }.boxed())
    }

    fn asked<T>(&self, key: Option<Key>, answer: oneshot::Receiver<T>) -> Asked<T> {
        Asked {
            waits: self.waits(),
            key,
            answer: Some(answer),
        }
    }

    fn waits(&self) -> Waits {
        Waits {
            lane: Arc::clone(&self.lane),
            deadline: deadline::current(),
        }
    }

    /// An operation that is never merged. `send` sends its requests once it has its turn.
    fn alone<T: Send + 'static>(
        &self,
        key: Option<Key>,
        send: impl FnOnce(Arc<dyn Items>) -> ResultFuture<T> + Send + 'static,
    ) -> ResultFuture<T> {
        if let Some(key) = &key {
            self.lane.sharing().forget(key);
        }
        let (begin, begun) = oneshot::channel();
        let waiting = Waiting::Alone(begin);
        self.lane.add(key.clone(), Kind::Alone, waiting);
        let (lane, begun) = (Arc::clone(&self.lane), self.asked(key, begun));
        async move {
            let _in_flight = begun.await?;
            send(Arc::clone(lane.items())).await
        }
        .boxed()
    }
}

/// Waits for the answer of an operation. If this is dropped before the answer, the operation is given up.
struct Asked<T> {
    waits: Waits,
    key: Option<Key>,
    answer: Option<oneshot::Receiver<T>>,
}

impl<T> Future for Asked<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        // If the task of a request panics, its operations get no answer.
        let defect = Error::Internal {
            operation: "a request for an item",
        };
        let Some(answer) = &mut self.answer else {
            return Poll::Ready(Err(defect));
        };
        let answer = task::ready!(answer.poll_unpin(context));
        self.answer = None;
        Poll::Ready(answer.map_err(|_| defect))
    }
}

impl<T> Drop for Asked<T> {
    fn drop(&mut self) {
        // The channel must be closed before the queue looks at the operation.
        if self.answer.take().is_some()
            && let Some(key) = &self.key
        {
            self.waits.lane.give_up(key);
        }
    }
}

/// A call that waits for an operation in a lane. It keeps the lane alive.
struct Waits {
    lane: Arc<Lane>,
    deadline: Option<Arc<Deadline>>,
}

impl Drop for Waits {
    fn drop(&mut self) {
        if let Some(deadline) = &self.deadline {
            // If the call ends before its request was sent and the table throttled meanwhile, throttling is the
            // reason.
            deadline.note_unsent(|then| self.lane.items().throttled_since(then));
        }
    }
}

/// Sends a write as a request of its own.
fn send_put(items: &dyn Items, table: &KeyedTable, put: Put) -> ResultFuture<PutItemOutput> {
    match put.into_item() {
        Ok(item) => {
            let request = PutItemInputBuilder::default()
                .table_name(table.name.as_str())
                .set_item(Some(item));
            items.put_item(request)
        }
        Err(error) => ready(Err(error)).boxed(),
    }
}

/// The same answer without its output.
fn without_output<T: 'static>(answer: ResultFuture<T>) -> ResultFuture<()> {
    answer.map(|answer| answer.map(|_| ())).boxed()
}
