//! The global secondary indexes of the table: what the store needs of them, and adding one to a table
//! that exists.

use std::time::Duration;

use aws_sdk_dynamodb::operation::describe_table::builders::DescribeTableInputBuilder;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableInputBuilder;
use aws_sdk_dynamodb::types::builders::GlobalSecondaryIndexBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexDescription, GlobalSecondaryIndexUpdate, IndexStatus, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType, TableDescription,
};

use super::creation::{partition_key, string_attribute};
use super::{Table, throughput};
use crate::core::deadline::within;
use crate::core::error::{Error, Result, built};
use crate::core::store::Index;

/// DynamoDB's errors while it creates another index, or changes the table.
const BUSY: [&str; 2] = ["LimitExceededException", "ResourceInUseException"];

/// The global secondary indexes that a table may have, unless AWS has raised the limit.
const MOST_INDEXES: usize = 20;

/// DynamoDB's error for an index that exists.
const EXISTS: &str = "ValidationException";

/// An index that a store needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableIndex {
    /// The index.
    pub index: Index,
    /// The attributes that the index has besides its key and the key of the table. If there are none, the
    /// index has only the keys.
    pub projected: Vec<String>,
}

/// The state of an index in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexState {
    /// The table does not have the index.
    Missing,
    /// DynamoDB creates the index, or fills it with the items of the table.
    Creating,
    /// The index can be read.
    Active,
    /// DynamoDB deletes an index of this name.
    Deleting,
}

impl TableIndex {
    /// The problem with the index, if any.
    pub(super) fn failure(&self, table: &TableDescription) -> Option<Error> {
        let found = self.find(table);
        let found = found.filter(|found| found.index_status() != Some(&IndexStatus::Deleting));
        let keys = found.map(|found| found.key_schema()).unwrap_or_default();
        let mut hash_keys = keys.iter().filter(|key| key.key_type() == &KeyType::Hash);
        let partition_key = hash_keys.next().map(KeySchemaElement::attribute_name);
        // Sessions without the sort key, or with a value of another type, would not be in the index.
        let is_of_sessions = !self.projected.is_empty();
        let has_sort_key = is_of_sessions && keys.len() > 1;
        let mut definitions = table.attribute_definitions().iter();
        let kind = { partition_key.filter(|_| is_of_sessions) }
            .and_then(|key| definitions.find(|definition| definition.attribute_name() == key))
            .map(AttributeDefinition::attribute_type)
            .filter(|kind| kind != &&ScalarAttributeType::S);
        if partition_key != Some(&self.index.attribute) || has_sort_key || kind.is_some() {
            let kind = kind.map_or_else(String::new, |kind| format!(" ({})", kind.as_str()));
            let sort_key = if has_sort_key { " and a sort key" } else { "" };
            return Some(Error::TableIndex {
                index: self.index.name.clone(),
                attribute: self.index.attribute.clone(),
                found: partition_key.map(|key| format!("\"{key}\"{kind}{sort_key}")),
            });
        }
        let projection = found?.projection()?;
        if projection.projection_type() == Some(&ProjectionType::All) {
            return None;
        }
        let has = projection.non_key_attributes();
        let missing = { self.projected.iter() }.find(|attribute| !has.contains(attribute))?;
        Some(Error::TableIndexProjection {
            index: self.index.name.clone(),
            missing: missing.clone(),
        })
    }

    fn find<'t>(&self, table: &'t TableDescription) -> Option<&'t GlobalSecondaryIndexDescription> {
        let mut indexes = table.global_secondary_indexes().iter();
        indexes.find(|found| found.index_name() == Some(&self.index.name))
    }

    fn projection(&self) -> Projection {
        let projection = Projection::builder();
        match self.projected.is_empty() {
            true => projection.projection_type(ProjectionType::KeysOnly),
            false => projection
                .projection_type(ProjectionType::Include)
                .set_non_key_attributes(Some(self.projected.clone())),
        }
        .build()
    }

    /// The index for CreateTable.
    pub(super) fn definition(&self) -> Result<GlobalSecondaryIndexBuilder> {
        Ok(GlobalSecondaryIndex::builder()
            .index_name(&self.index.name)
            .key_schema(partition_key(&self.index.attribute)?)
            .projection(self.projection()))
    }
}

/// Whether a table has as many indexes as it may have, and DynamoDB changes none of them.
fn is_full(table: &TableDescription) -> bool {
    let indexes = table.global_secondary_indexes();
    let is_active =
        |it: &GlobalSecondaryIndexDescription| it.index_status() == Some(&IndexStatus::Active);
    indexes.len() >= MOST_INDEXES && indexes.iter().all(is_active)
}

impl Table {
    /// The state of an index.
    ///
    /// # Errors
    ///
    /// The errors of the request; [`Error::TableIndex`] and [`Error::TableIndexProjection`] if the table
    /// has another index of this name.
    pub async fn index_state(&self, index: &TableIndex, limit: Duration) -> Result<IndexState> {
        within(limit, "describing the index", async {
            Ok(self.describe_index(index).await?.1)
        })
        .await
    }

    async fn describe_index(&self, index: &TableIndex) -> Result<(TableDescription, IndexState)> {
        let request = DescribeTableInputBuilder::default().table_name(self.name.as_str());
        let table = self.tables.describe_table(request).await?.table;
        let table = table.unwrap_or_else(|| TableDescription::builder().build());
        let Some(found) = index.find(&table) else {
            return Ok((table, IndexState::Missing));
        };
        let state = match found.index_status() {
            Some(IndexStatus::Deleting) => IndexState::Deleting,
            Some(IndexStatus::Creating) => IndexState::Creating,
            _ => IndexState::Active,
        };
        match index
            .failure(&table)
            .filter(|_| state != IndexState::Deleting)
        {
            Some(failure) => Err(failure),
            None => Ok((table, state)),
        }
    }

    /// Begins to create an index, with the capacity of the table. Returns `false` if the index exists
    /// meanwhile, or if DynamoDB refuses for now, because it can create only one index at a time.
    ///
    /// # Errors
    ///
    /// The errors of [`index_state`](Self::index_state), and those of UpdateTable.
    pub async fn create_index(&self, index: &TableIndex, limit: Duration) -> Result<bool> {
        within(limit, "creating the index", async {
            let (table, state) = self.describe_index(index).await?;
            if state != IndexState::Missing {
                return Ok(false);
            }
            let now = self.description(&table);
            let throughput = match now.on_demand || now.read == 0 {
                true => None,
                false => Some(throughput(now.read, now.write)?),
            };
            let action = CreateGlobalSecondaryIndexAction::builder()
                .index_name(&index.index.name)
                .key_schema(partition_key(&index.index.attribute)?)
                .projection(index.projection())
                .set_provisioned_throughput(throughput);
            let update = GlobalSecondaryIndexUpdate::builder().create(built(action.build())?);
            let request = UpdateTableInputBuilder::default()
                .table_name(self.name.as_str())
                .attribute_definitions(string_attribute(&index.index.attribute)?)
                .global_secondary_index_updates(update.build());
            match self.tables.update_table(request).await {
                Ok(_) => Ok(true),
                // The same error says that the table has as many indexes as it may have.
                Err(error) if BUSY.iter().any(|name| error.is_service(name)) => {
                    match is_full(&self.describe_index(index).await?.0) {
                        true => Err(error),
                        false => Ok(false),
                    }
                }
                Err(error) if error.is_service(EXISTS) => {
                    match self.describe_index(index).await?.1 {
                        IndexState::Missing => Err(error),
                        _ => Ok(false),
                    }
                }
                Err(error) => Err(error),
            }
        })
        .await
    }
}
