//! The queue of a table, which all stores of a process share, and its lanes.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::item_operation::ItemOperation;
use super::queue::{Batch, Key, Kind, LaneId, Queue, Sends, Waits};
use super::sharing::Sharing;
use crate::core::dynamo::Items;
use crate::core::dynamo::registry::Registry;
use crate::core::handoff::pump::Pump;
use crate::core::lock::locked;
use crate::core::options::TableName;

/// The queue of each table that a process has stores for.
#[derive(Default)]
pub struct TableQueues(Registry<String, TableQueue>);

impl TableQueues {
    /// The queue of `table`. Tables with the same name share a queue, even in different accounts or regions: the
    /// account and the region may be unknown before the first request.
    pub fn of(&self, table: &TableName) -> Arc<TableQueue> {
        self.0.of(table.base().to_owned(), TableQueue::default)
    }
}

/// See the [module](self).
#[derive(Default)]
pub struct TableQueue {
    queue: Mutex<Queue<dyn Sender, Waiting>>,
    pump: Pump,
    sharing: Arc<Sharing>,
}

/// Sends the operations of one lane.
pub trait Sender: Sends + Send + Sync + 'static {
    /// Sends the requests.
    fn items(&self) -> &Arc<dyn Items>;

    /// Opens the lane: its client is known now.
    fn open(&self);

    /// Sends operations of one kind in a new task, and answers the calls that wait for them.
    fn send(self: Arc<Self>, runtime: &Handle, slot: Slot, kind: Kind, together: Vec<Together>);
}

/// The operations on one key that are sent as one operation, and their turn.
pub type Together = (Turn, Vec<ItemOperation>);

/// A waiting operation.
pub enum Waiting {
    /// The lane's sender sends it, perhaps in a batch.
    Batched(ItemOperation),
    /// Its own call sends it, once it receives slot and turn.
    Alone(oneshot::Sender<(Slot, Option<Turn>)>),
}

impl Waits for Waiting {
    fn is_wanted(&self) -> bool {
        match self {
            Self::Batched(operation) => !operation.answer.is_closed(),
            Self::Alone(begin) => !begin.is_closed(),
        }
    }
}

impl TableQueue {
    fn queue(&self) -> MutexGuard<'_, Queue<dyn Sender, Waiting>> {
        // No panic can leave the queue half changed.
        locked(&self.queue)
    }

    /// Runs `send` in a new task, after the current one yields, so that everything it queues can be batched.
    fn pump_soon(self: &Arc<Self>) {
        // Without a runtime nothing can be sent: the process is about to end.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        self.pump.soon(|| {
            let table = Arc::clone(self);
            runtime.spawn(async move { table.pump.run(|| table.send()) });
        });
    }

    /// Runs `send` now. If a task is about to run it, leaves it to this task, which will see every change that was
    /// made to the queue before this call.
    fn pump(self: &Arc<Self>) {
        self.pump.now(|| self.send());
    }

    /// Sends all operations that may be sent now, in all lanes.
    fn send(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        while let Some((sender, batch)) = self.next() {
            let slot = Slot {
                table: Arc::clone(self),
                lane: batch.lane,
                kind: batch.kind,
                merged: batch.merged,
            };
            let turns = batch.operations.into_iter().map(|(key, waiting)| {
                let turn = key.map(|key| Turn {
                    table: Arc::clone(self),
                    key,
                    kind: batch.kind,
                });
                (turn, waiting)
            });
            if batch.kind == Kind::Alone {
                begin_alone(slot, turns);
            } else {
                let together = turns.filter_map(|(turn, waiting)| Some((turn?, batched(waiting))));
                sender.send(&runtime, slot, batch.kind, together.collect());
            }
        }
    }

    /// A function of its own, so that the lock is released before the request is sent.
    fn next(&self) -> Option<(Arc<dyn Sender>, Batch<Waiting>)> {
        self.queue().next()
    }
}

/// Gives slot and turn to the only operation of a batch, so that its call sends it. If the call has given up, slot
/// and turn are free again.
fn begin_alone(slot: Slot, turns: impl Iterator<Item = (Option<Turn>, Vec<Waiting>)>) {
    let all = turns.flat_map(|(turn, waiting)| waiting.into_iter().zip([turn]));
    if let Some((Waiting::Alone(begin), turn)) = { all }.next() {
        let _ = begin.send((slot, turn));
    }
}

fn batched(waiting: Vec<Waiting>) -> Vec<ItemOperation> {
    let operations = waiting.into_iter().filter_map(|waiting| match waiting {
        Waiting::Batched(operation) => Some(operation),
        Waiting::Alone(_) => None,
    });
    operations.collect()
}

/// The slot of a request in flight. It is free again when this is dropped.
pub struct Slot {
    table: Arc<TableQueue>,
    lane: LaneId,
    kind: Kind,
    merged: usize,
}

impl Slot {
    /// Takes up to `most` further slots, as far as they are free.
    pub fn spare(&self, most: usize) -> Vec<Self> {
        let mut queue = self.table.queue();
        let free = (0..most).take_while(|_| queue.take_spare(self.lane, self.kind));
        free.map(|_| Self {
            table: Arc::clone(&self.table),
            lane: self.lane,
            kind: self.kind,
            merged: 0,
        })
        .collect()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.table
            .queue()
            .release(self.lane, self.kind, self.merged);
        self.table.pump();
    }
}

/// The turn of operations on their key. It ends when this is dropped.
pub struct Turn {
    table: Arc<TableQueue>,
    key: Key,
    kind: Kind,
}

impl Turn {
    /// The value of the key attribute.
    pub fn key(&self) -> &Key {
        &self.key
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.table.queue().done(&self.key, self.kind);
        self.table.pump();
    }
}

/// One store's way into the queue of its table.
pub struct Lane {
    table: Arc<TableQueue>,
    sender: Arc<dyn Sender>,
    id: LaneId,
    /// Whether [`Items::prepare`] was called.
    is_preparing: AtomicBool,
    /// The task that looks at the lane when the table begins to throttle.
    watch: OnceLock<AbortHandle>,
}

impl Lane {
    pub fn new(table: Arc<TableQueue>, sender: Arc<dyn Sender>) -> Arc<Self> {
        let id = table.queue().add_lane(Arc::clone(&sender));
        Arc::new(Self {
            table,
            sender,
            id,
            is_preparing: AtomicBool::new(false),
            watch: OnceLock::new(),
        })
    }

    pub fn id(&self) -> LaneId {
        self.id
    }

    pub fn items(&self) -> &Arc<dyn Items> {
        self.sender.items()
    }

    pub fn sharing(&self) -> &Arc<Sharing> {
        &self.table.sharing
    }

    /// Queues an operation.
    pub fn add(self: &Arc<Self>, key: Option<Key>, kind: Kind, operation: Waiting) {
        self.table.queue().add(self.id, key, kind, operation);
        self.pump_soon();
    }

    /// Queues operations of one kind under one lock: otherwise another thread might send the first of them in a
    /// request of its own.
    pub fn add_many(self: &Arc<Self>, kind: Kind, operations: Vec<(Key, ItemOperation)>) {
        let mut queue = self.table.queue();
        for (key, operation) in operations {
            queue.add(self.id, Some(key), kind, Waiting::Batched(operation));
        }
        drop(queue);
        self.pump_soon();
    }

    fn pump_soon(self: &Arc<Self>) {
        self.table.pump_soon();
        if !self.is_preparing.load(Ordering::Relaxed) {
            self.prepare();
        }
    }

    /// Notes that an operation on `key` was given up.
    pub fn give_up(&self, key: &Key) {
        self.table.queue().give_up(key);
        self.table.pump();
    }

    /// Opens the lane once its client is known. Before that, a batch might reach a client that does not take
    /// batches.
    fn prepare(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if self.is_preparing.swap(true, Ordering::Relaxed) {
            return;
        }
        let lane = Arc::clone(self);
        runtime.spawn(async move {
            let items = Arc::clone(lane.items());
            // If preparing failed or panicked, each request fails in the same way, and its call gets this error. If
            // the lane stayed closed, all calls would only time out.
            let prepared = AssertUnwindSafe(async move { items.prepare().await });
            let _ = prepared.catch_unwind().await;
            lane.sender.open();
            lane.watch_throttling();
            lane.look();
        });
    }

    /// Sends the operations of the lane that may be sent now.
    fn look(&self) {
        self.table.queue().wake(self.id);
        self.table.pump();
    }

    /// Begins to watch the table's throttling. When the table begins to throttle reads, writes have more room, and
    /// the other way round: then the lane may send more.
    fn watch_throttling(self: &Arc<Self>) {
        let (Ok(runtime), Some(mut began)) =
            (Handle::try_current(), self.items().throttling_began())
        else {
            return;
        };
        let lane = Arc::downgrade(self);
        let watch = runtime.spawn(async move {
            while began.changed().await.is_ok() {
                let Some(lane) = lane.upgrade() else { return };
                lane.look();
            }
        });
        let _ = self.watch.set(watch.abort_handle());
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.get() {
            watch.abort();
        }
        // Drop the sender after unlocking the queue: it may hold the last reference to a client.
        let sender = self.table.queue().remove_lane(self.id);
        drop(sender);
        self.table.pump();
    }
}
