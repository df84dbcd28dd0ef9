//! Sends operations in batches. If DynamoDB does not take a batch, sends its operations one by one.

use std::collections::{HashMap, HashSet};
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest,
};
use futures_util::{StreamExt, stream};
use tokio::runtime::Handle;

use super::item_operation::{
    Change, ItemOperation, ItemResult, answer_all, can_be_sent, is_consistent, while_wanted,
};
use super::queue::{Key, Kind, Rules, Sends};
use super::refusals::{Permission, is_denial, is_of_an_item};
use super::table::{Sender, Slot, Together, Turn};
use super::{Item, send_put};
use crate::core::context::{self, CallContext};
use crate::core::deadline::{self, Deadline};
use crate::core::dynamo::{Items, KeyedTable, ResultFuture, throttle};
use crate::core::error::{Error, Result, built};

/// The largest number of items in a BatchGetItem and in a BatchWriteItem.
const MOST_READS: usize = 100;
const MOST_WRITES: usize = 25;

/// If DynamoDB processes none of the operations in a batch, the batch is sent again this many times. Then the
/// operations are sent one by one, so that each gets its own error.
const ROUNDS: u32 = 3;

/// After a batch was refused, at most this many of its operations are in flight at once. Fewer, if fewer slots
/// are free.
const SINGLES_AT_ONCE: usize = 8;

/// Sends the operations of one lane.
pub struct Batches {
    items: Arc<dyn Items>,
    table: Arc<KeyedTable>,
    threshold: Option<usize>,
    /// Whether the client is known, so that requests can be sent.
    is_open: AtomicBool,
    reads: Permission,
    writes: Permission,
}

impl Sends for Batches {
    fn rules(&self) -> Rules {
        let is_open = self.is_open.load(Ordering::Relaxed);
        let is_merging = is_open && self.threshold.is_some() && self.items.merges();
        let limit = |merged: bool, permission: &Permission, most: usize| {
            if merged && permission.holds() {
                most
            } else {
                1
            }
        };
        let throttled = self.items.throttled();
        Rules {
            is_open,
            // In the order of `Kind`.
            limits: [
                limit(is_merging, &self.reads, MOST_READS),
                limit(is_merging, &self.writes, MOST_WRITES),
                limit(true, &self.reads, MOST_READS),
                limit(true, &self.writes, MOST_WRITES),
                1,
            ],
            threshold: self.threshold.unwrap_or_default(),
            max_requests: self.items.max_requests(),
            throttled: [throttled.reads, throttled.writes],
        }
    }
}

impl Sender for Batches {
    fn items(&self) -> &Arc<dyn Items> {
        &self.items
    }

    fn open(&self) {
        self.is_open.store(true, Ordering::Relaxed);
    }

    fn send(self: Arc<Self>, runtime: &Handle, slot: Slot, kind: Kind, together: Vec<Together>) {
        runtime.spawn(self.send_together(slot, kind, together));
    }
}

impl Batches {
    pub fn new(items: Arc<dyn Items>, table: Arc<KeyedTable>, threshold: Option<usize>) -> Self {
        Self {
            items,
            table,
            threshold,
            is_open: AtomicBool::new(false),
            reads: Permission::default(),
            writes: Permission::default(),
        }
    }

    fn permission(&self, kind: Kind) -> &Permission {
        if kind.is_read() {
            &self.reads
        } else {
            &self.writes
        }
    }

    /// Whether a batch may be sent now. Since the operations were taken from the queue, the client may have
    /// changed.
    fn may_batch(&self, kind: Kind) -> bool {
        let is_merged = matches!(kind, Kind::Read | Kind::Write);
        !is_merged || self.items.merges()
    }

    /// Sends operations of one kind, and answers the calls that wait for them.
    async fn send_together(self: Arc<Self>, slot: Slot, kind: Kind, mut together: Vec<Together>) {
        together.retain_mut(|(_turn, waiting)| can_be_sent(waiting));
        let merged = together.iter().map(|(_turn, waiting)| waiting.len() - 1);
        self.items.note_merged(merged.sum());
        let mut is_denied = false;
        if together.len() > 1 && self.may_batch(kind) {
            match self.send_batch(kind, &mut together).await {
                Ok(()) => {}
                Err(error) if is_for_all(&error) && !is_of_an_item(&error) => {
                    for (_turn, waiting) in together.drain(..) {
                        answer_all(waiting, Err(error.clone()));
                    }
                }
                Err(error) => is_denied = is_denial(&error),
            }
        }
        if together.is_empty() {
            return;
        }
        let spare = slot.spare(SINGLES_AT_ONCE.min(together.len()) - 1);
        let singles: Vec<_> = together
            .into_iter()
            .map(|(turn, waiting)| self.send_alone(turn, waiting))
            .collect();
        let mut singles = stream::iter(singles).buffer_unordered(1 + spare.len());
        while let Some(has_succeeded) = singles.next().await {
            // If DynamoDB denies single requests too, the denial says nothing about batches.
            if is_denied && has_succeeded {
                self.permission(kind).deny();
            }
        }
    }

    /// Sends one request for all operations, and answers the processed ones. If operations are left in
    /// `together`, they must be sent one by one.
    async fn send_batch(&self, kind: Kind, together: &mut Vec<Together>) -> Result<()> {
        let mut in_vain = 0;
        while in_vain <= ROUNDS {
            let request = match kind.is_read() {
                true => self.read_batch(together)?,
                false => self.write_batch(together)?,
            };
            let request = context::among(contexts(together), request);
            let request = deadline::among(deadlines(together), request);
            let all = together.iter_mut().flat_map(|(_, waiting)| waiting);
            let waiters = all.map(|operation| &mut operation.answer);
            let Some(answer) = while_wanted(request, waiters).await else {
                together.clear();
                return Ok(());
            };
            let Processed { mut found, left } = answer?;
            in_vain = if left.len() < together.len() {
                1
            } else {
                in_vain + 1
            };
            for (turn, waiting) in std::mem::take(together) {
                if left.contains(&**turn.key()) {
                    together.push((turn, waiting));
                } else {
                    answer_all(waiting, Ok(found.remove(&**turn.key())));
                }
            }
            let is_wanted = |operation: &ItemOperation| !operation.answer.is_closed();
            together.retain(|(_, waiting)| waiting.iter().any(is_wanted));
            if together.is_empty() {
                return Ok(());
            }
            for deadline in deadlines(together) {
                deadline.note_unprocessed();
            }
            tokio::time::sleep(throttle::pause(in_vain)).await;
            if !self.may_batch(kind) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn read_batch(&self, together: &[Together]) -> Result<ResultFuture<Processed>> {
        let all = together.iter().flat_map(|(_, waiting)| waiting);
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(
                together
                    .iter()
                    .map(|(turn, _)| self.table.key(turn.key()))
                    .collect(),
            ))
            .consistent_read(is_consistent(all))
            .build();
        let request = BatchGetItemInputBuilder::default()
            .request_items(self.table.name.as_str(), built(wanted)?);
        let answer = self.items.batch_get_item(request);
        let table = Arc::clone(&self.table);
        Ok(Box::pin(async move {
            let answer = answer.await?;
            let found = answer.responses.unwrap_or_default().into_values().flatten();
            let left = answer.unprocessed_keys.unwrap_or_default().into_values();
            let left = left.flat_map(|left| left.keys);
            Ok(Processed {
                found: found
                    .filter_map(|item| Some((id(&table, &item)?.to_owned(), item)))
                    .collect(),
                left: left
                    .filter_map(|key| id(&table, &key).map(str::to_owned))
                    .collect(),
            })
        }))
    }

    fn write_batch(&self, together: &mut [Together]) -> Result<ResultFuture<Processed>> {
        let wanted = together
            .iter_mut()
            .filter_map(|(turn, waiting)| {
                let change = &mut waiting.last_mut()?.change;
                self.write_request(turn.key(), change).transpose()
            })
            .collect::<Result<Vec<_>>>()?;
        let request =
            BatchWriteItemInputBuilder::default().request_items(self.table.name.as_str(), wanted);
        let answer = self.items.batch_write_item(request);
        let table = Arc::clone(&self.table);
        Ok(Box::pin(async move {
            let left = answer.await?.unprocessed_items.unwrap_or_default();
            let left = left.into_values().flatten();
            Ok(Processed {
                found: HashMap::new(),
                left: left
                    .filter_map(|request| id_of(&table, &request).map(str::to_owned))
                    .collect(),
            })
        }))
    }

    /// A change as part of a batch; `None` for a read.
    fn write_request(&self, key: &str, change: &mut Change) -> Result<Option<WriteRequest>> {
        let request = WriteRequest::builder();
        let request = match change {
            Change::None { .. } => return Ok(None),
            Change::Put(put) => {
                let put = PutRequest::builder().set_item(Some(put.item()?.clone()));
                request.put_request(built(put.build())?)
            }
            Change::Delete => {
                let delete = DeleteRequest::builder().set_key(Some(self.table.key(key)));
                request.delete_request(built(delete.build())?)
            }
        };
        Ok(Some(request.build()))
    }

    /// Sends the operations on one key: one read for all, or the last write. If DynamoDB refuses the last write,
    /// sends the write before it, and so on. A read is sent in the contexts of all calls that wait for it, a write
    /// first in the context of its own call. Returns whether any request succeeded.
    async fn send_alone(&self, turn: Turn, mut waiting: Vec<ItemOperation>) -> bool {
        let mut has_succeeded = false;
        let consistent = is_consistent(&waiting);
        while can_be_sent(&mut waiting)
            && let Some(ItemOperation {
                change,
                context,
                deadline,
                mut answer,
            }) = waiting.pop()
        {
            let is_read = matches!(change, Change::None { .. });
            let before = waiting.iter().filter_map(|operation| operation.context);
            let contexts = match is_read {
                true => before.chain(context).collect(),
                false => context.into_iter().chain(before).collect(),
            };
            let others = waiting.iter().flat_map(|operation| &operation.deadline);
            let deadlines = others.chain(&deadline).map(Arc::clone).collect();
            let before = waiting.iter_mut().map(|operation| &mut operation.answer);
            let waiters = iter::once(&mut answer).chain(before);
            let request = self.single(turn.key(), change, consistent);
            let request = context::among(contexts, request);
            let request = deadline::among(deadlines, request);
            let Some(outcome) = while_wanted(request, waiters).await else {
                return has_succeeded;
            };
            has_succeeded |= outcome.is_ok();
            if is_read || outcome.as_ref().err().is_none_or(is_for_all) {
                answer_all(std::mem::take(&mut waiting), outcome.clone());
            }
            // If the call has given up, nobody receives the answer.
            let _ = answer.send(outcome);
        }
        has_succeeded
    }

    async fn single(&self, key: &Key, change: Change, consistent: bool) -> ItemResult {
        let table = self.table.name.as_str();
        match change {
            Change::None { .. } => {
                let request = GetItemInputBuilder::default()
                    .table_name(table)
                    .set_key(Some(self.table.key(key)))
                    .consistent_read(consistent);
                let mut item = self.items.get_item(request).await?.item;
                // DynamoDB returns the key with the item. A stub may not.
                if let Some(item) = &mut item
                    && !item.contains_key(&self.table.hash_key)
                {
                    item.extend(self.table.key(key));
                }
                Ok(item)
            }
            Change::Put(put) => {
                send_put(&*self.items, &self.table, put).await?;
                Ok(None)
            }
            Change::Delete => {
                let request = DeleteItemInputBuilder::default()
                    .table_name(table)
                    .set_key(Some(self.table.key(key)));
                self.items.delete_item(request).await?;
                Ok(None)
            }
        }
    }
}

/// The outcome of a batch, by the keys of the items.
struct Processed {
    /// The items that were read.
    found: HashMap<String, Item>,
    /// The keys that were left unprocessed.
    left: HashSet<String>,
}

fn id<'i>(table: &KeyedTable, item: &'i Item) -> Option<&'i str> {
    match item.get(&table.hash_key)? {
        AttributeValue::S(id) => Some(id),
        _ => None,
    }
}

fn id_of<'r>(table: &KeyedTable, request: &'r WriteRequest) -> Option<&'r str> {
    let put = request.put_request().map(PutRequest::item);
    let delete = request.delete_request().map(DeleteRequest::key);
    id(table, put.or(delete)?)
}

/// The contexts of the calls that wait for a batch.
fn contexts(together: &[Together]) -> Vec<CallContext> {
    let operations = together.iter().flat_map(|(_, waiting)| waiting);
    let contexts = operations.filter_map(|operation| operation.context);
    contexts.collect()
}

fn deadlines(together: &[Together]) -> Vec<Arc<Deadline>> {
    let operations = together.iter().flat_map(|(_, waiting)| waiting);
    let deadlines = operations.filter_map(|operation| operation.deadline.clone());
    deadlines.collect()
}

/// Whether an error is that of each operation in the batch. It is not if DynamoDB refused the contents of the
/// batch or batches as such, or if an item in the answer cannot be read.
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
        Error::Unreadable => false,
        _ => true,
    }
}
