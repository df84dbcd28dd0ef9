//! Requests for one item, by an operation that may send several.

use std::sync::Arc;

use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;

use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::types::TransactWriteItem;
use aws_sdk_dynamodb::types::builders::{DeleteBuilder, PutBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Item;
use super::queue::Key;
use crate::core::dynamo::{Items, KeyedTable, size};
use crate::core::error::{Result, built};

/// A write of a transaction.
pub enum TransactedWrite {
    /// Writes an item.
    Put(PutBuilder),
    /// Deletes the item under a key.
    Delete(String, DeleteBuilder),
}

/// An operation on one item, while it has its turn.
pub struct InTurn {
    pub(super) items: Arc<dyn Items>,
    pub(super) table: Arc<KeyedTable>,
    pub(super) key: Key,
}

impl InTurn {
    /// The key of the item.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Requests for the item under another key, without its turn.
    pub fn at(&self, key: &str) -> Self {
        Self {
            items: Arc::clone(&self.items),
            table: Arc::clone(&self.table),
            key: Key::from(key),
        }
    }

    /// Reads the item, strongly consistent.
    pub async fn get(&self) -> Result<Option<Item>> {
        let request = GetItemInputBuilder::default()
            .table_name(self.table.name.as_str())
            .set_key(Some(self.table.key(&self.key)))
            .consistent_read(true);
        Ok(self.items.get_item(request).await?.item)
    }

    /// Writes the item in `request`. The table is filled in.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`]: then nothing is sent. And the errors of the request.
    pub async fn put(&self, request: PutItemInputBuilder) -> Result<()> {
        if let Some(item) = request.get_item() {
            size::checked(item)?;
        }
        let request = request.table_name(self.table.name.as_str());
        self.items.put_item(request).await.map(|_| ())
    }

    /// Checks that DynamoDB takes an item of this size.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`].
    pub fn check_size(&self, item: &Item) -> Result<()> {
        size::checked(item).map(|_| ())
    }

    /// Changes the item. Table and key are filled in.
    pub async fn update(&self, request: UpdateItemInputBuilder) -> Result<()> {
        self.update_returning(request).await.map(|_| ())
    }

    /// Changes the item, and returns the attributes that the request asks for. Table and key are filled
    /// in.
    pub async fn update_returning(&self, request: UpdateItemInputBuilder) -> Result<Item> {
        let request = request
            .table_name(self.table.name.as_str())
            .set_key(Some(self.table.key(&self.key)));
        let output = self.items.update_item(request).await?;
        Ok(output.attributes.unwrap_or_default())
    }

    /// Makes all writes, or none if a condition does not hold. The table is filled in.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`](crate::core::error::Error::TooLarge): then nothing is sent. And the errors of the
    /// request; that of a condition is the error of a single write.
    pub async fn transact(&self, writes: Vec<TransactedWrite>) -> Result<()> {
        let table = || self.table.name.as_str();
        let built = writes.into_iter().map(|write| {
            let item = TransactWriteItem::builder();
            Ok(match write {
                TransactedWrite::Put(put) => {
                    if let Some(item) = put.get_item() {
                        size::checked(item)?;
                    }
                    item.put(built(put.table_name(table()).build())?)
                }
                TransactedWrite::Delete(key, delete) => {
                    let key = Some(self.table.key(&key));
                    let delete = delete.table_name(table()).set_key(key);
                    item.delete(built(delete.build())?)
                }
            }
            .build())
        });
        // If the answer is lost, the same request is sent again with this token, and has no effect then. DynamoDB Local
        // compares the requests as text: a clone of the builder has its members in the same order.
        let token = URL_SAFE_NO_PAD.encode(fastrand::u128(..).to_be_bytes());
        let request = TransactWriteItemsInputBuilder::default()
            .set_transact_items(Some(built.collect::<Result<_>>()?))
            .client_request_token(token);
        self.items.transact_write_items(request).await.map(|_| ())
    }
}
