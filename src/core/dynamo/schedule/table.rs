//! The queue of a table, which all stores of a process share, and the lanes in it.

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
use crate::core::lock::locked;
use crate::core::options::TableName;

/// The queue of each table that a process has stores for.
#[derive(Default)]
pub struct TableQueues(Registry<String, TableQueue>);

impl TableQueues {
    /// The queue of `table`. Tables of the same name share one, also in different accounts or
    /// regions: where they are may not be known before the first request.
    pub fn of(&self, table: &TableName) -> Arc<TableQueue> {
        self.0.of(table.base().to_owned(), TableQueue::default)
    }
}

/// See the [module](self).
#[derive(Default)]
pub struct TableQueue {
    queue: Mutex<Queue<dyn Sender, Waiting>>,
    /// Whether a task is about to send what may be sent: see [`Self::pump_soon`].
    is_pumping: AtomicBool,
    sharing: Arc<Sharing>,
}

/// Sends the operations of one lane.
pub trait Sender: Sends + Send + Sync + 'static {
    /// Where the requests go.
    fn items(&self) -> &Arc<dyn Items>;

    /// It is known now how requests go.
    fn open(&self);

    /// Sends operations of one kind, in a new task, and answers those who wait for them.
    fn send(self: Arc<Self>, runtime: &Handle, slot: Slot, kind: Kind, together: Vec<Together>);
}

/// The operations on one key that are sent as one, and their turn.
pub type Together = (Turn, Vec<ItemOperation>);

/// An operation that waits.
pub enum Waiting {
    /// To be sent, perhaps with others.
    Batched(ItemOperation),
    /// To be told that it may be sent.
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
        // Nothing in there can panic half way.
        locked(&self.queue)
    }

    /// Sends what may be sent from a new task, which runs after the current one yields: then
    /// everything is there that the current task asks for, and can be merged.
    fn pump_soon(self: &Arc<Self>) {
        // Outside of a runtime nothing can be sent: the process is at its end.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if self.is_pumping.swap(true, Ordering::Relaxed) {
            return;
        }
        let table = Arc::clone(self);
        runtime.spawn(async move {
            table.is_pumping.store(false, Ordering::Relaxed);
            table.pump();
        });
    }

    /// Sends what may be sent now, in all lanes. A task that is about to do so sees all that was done
    /// to the queue before this is called.
    fn pump(self: &Arc<Self>) {
        if self.is_pumping.load(Ordering::Relaxed) {
            return;
        }
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

    /// Apart from [`Self::pump`], so that the queue is not locked any longer.
    fn next(&self) -> Option<(Arc<dyn Sender>, Batch<Waiting>)> {
        self.queue().next()
    }
}

/// Tells the only operation of a batch that it may be sent. Slot and turn are its own from then on,
/// and free again where it has been given up.
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

/// A request that is in flight, until this is dropped.
pub struct Slot {
    table: Arc<TableQueue>,
    lane: LaneId,
    kind: Kind,
    merged: usize,
}

impl Slot {
    /// Up to `most` slots more, of those that are free.
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

/// The turn of an operation on its key, until this is dropped.
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
    /// Looks at the lane when the table begins to throttle.
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

    /// An operation takes its place.
    pub fn add(self: &Arc<Self>, key: Option<Key>, kind: Kind, operation: Waiting) {
        self.table.queue().add(self.id, key, kind, operation);
        self.pump_soon();
    }

    /// Operations of one kind take their places. Nothing is sent before the last has its place:
    /// otherwise another thread might send the first of them in a request of its own.
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

    /// An operation on `key` was given up.
    pub fn give_up(&self, key: &Key) {
        self.table.queue().give_up(key);
        self.table.pump();
    }

    /// Opens the lane once it is known how its requests go: before that, a batch might reach a
    /// client that takes none.
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
            // A failure or a panic comes again with each request that is sent now. Those fail their calls;
            // calls in a lane that stays closed would time out.
            let prepared = AssertUnwindSafe(async move { items.prepare().await });
            let _ = prepared.catch_unwind().await;
            lane.sender.open();
            lane.watch_throttling();
            lane.look();
        });
    }

    /// Sends what may be sent now.
    fn look(&self) {
        self.table.queue().wake(self.id);
        self.table.pump();
    }

    /// Has the lane looked at when the table begins to throttle: operations of the other use have more room then.
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
        // Dropped after the queue is unlocked again: the last reference to a client may be in it.
        let sender = self.table.queue().remove_lane(self.id);
        drop(sender);
        self.table.pump();
    }
}
