//! Requests for one item, by an operation that may send several.

use std::sync::Arc;

use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;

use super::Item;
use super::queue::Key;
use crate::core::dynamo::{Items, KeyedTable, size};
use crate::core::error::Result;

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

    /// Deletes the item. Table and key are filled in.
    pub async fn delete(&self, request: DeleteItemInputBuilder) -> Result<()> {
        let request = request
            .table_name(self.table.name.as_str())
            .set_key(Some(self.table.key(&self.key)));
        self.items.delete_item(request).await.map(|_| ())
    }
}
