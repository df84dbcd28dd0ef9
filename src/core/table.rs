//! The life of the table: describe it, create it, wait for it; its time to live.

mod creation;
mod indexes;

pub use creation::{Creation, NewTable};
pub use indexes::{IndexState, TableIndex};

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::operation::describe_table::builders::DescribeTableInputBuilder;
use aws_sdk_dynamodb::operation::describe_time_to_live::builders::DescribeTimeToLiveInputBuilder;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableInputBuilder;
use aws_sdk_dynamodb::operation::update_time_to_live::builders::UpdateTimeToLiveInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, ProvisionedThroughput, ScalarAttributeType, TableDescription,
    TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};

use super::deadline::within;
use super::dynamo::Tables;
use super::error::{Error, Result, built};
use super::options::{Billing, TableName};
use super::store::Index;

mod time_to_live;

pub use time_to_live::{TimeToLive, TimeToLivePlan};

/// The pauses between two requests that describe a table which is not ready: the first, and the longest.
const POLL: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The table of a store.
pub struct Table {
    tables: Arc<dyn Tables>,
    name: TableName,
    hash_key: String,
    billing: Billing,
    time_to_live: Option<String>,
    indexes: Vec<TableIndex>,
    new: NewTable,
}

/// The billing mode of a table, and a problem of its index.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// `true`: the table is on demand, and its capacities are 0.
    pub on_demand: bool,
    /// Its read capacity units.
    pub read: i64,
    /// Its write capacity units.
    pub write: i64,
    /// If the store needs an index: the problem with this index, if any.
    pub index_failure: Option<Error>,
}

impl Table {
    /// The table `name` with the partition key `hash_key`, a string. If the store creates the table, it
    /// turns on time to live on the attribute `time_to_live`, if this is set.
    pub fn new(
        tables: Arc<dyn Tables>,
        name: TableName,
        hash_key: &str,
        billing: Billing,
        time_to_live: Option<&str>,
    ) -> Self {
        Self {
            tables,
            name,
            hash_key: hash_key.to_owned(),
            billing,
            time_to_live: time_to_live.map(str::to_owned),
            indexes: Vec::new(),
            new: NewTable::default(),
        }
    }

    /// Sets the settings with which the table is created.
    pub fn with_settings(self, new: NewTable) -> Self {
        Self { new, ..self }
    }

    /// Sets an index that the store needs. If the store creates the table, it also creates the index.
    pub fn with_index(self, index: Index) -> Self {
        let projected = Vec::new();
        self.with_indexes([TableIndex { index, projected }])
    }

    /// Sets indexes that the store needs. If the store creates the table, it also creates the indexes.
    pub fn with_indexes(mut self, indexes: impl IntoIterator<Item = TableIndex>) -> Self {
        self.indexes.extend(indexes);
        self
    }

    /// Describes the table. If the table is being created or deleted, waits until this has finished.
    ///
    /// # Errors
    ///
    /// `ResourceNotFoundException` if the table does not exist, [`Error::TableKey`] if it has another
    /// key, [`Error::Timeout`] after `limit`.
    pub async fn describe(&self, limit: Duration) -> Result<Description> {
        within(limit, "describing the table", self.ready()).await
    }

    async fn ready(&self) -> Result<Description> {
        let mut pause = POLL.0;
        loop {
            let request = DescribeTableInputBuilder::default().table_name(self.name.as_str());
            let answer = self.tables.describe_table(request).await?;
            // DynamoDB always describes the table. A stub in a test may not: then the table counts as
            // active.
            let table = answer
                .table
                .unwrap_or_else(|| TableDescription::builder().build());
            match table.table_status() {
                Some(TableStatus::Active | TableStatus::Updating) | None => {
                    self.check_key(&table)?;
                    return Ok(self.description(&table));
                }
                Some(TableStatus::Creating | TableStatus::Deleting) => {
                    wait(&mut pause).await;
                }
                Some(other) => {
                    return Err(Error::TableStatus {
                        table: self.name.as_str().to_owned(),
                        status: other.as_str().to_owned(),
                    });
                }
            }
        }
    }

    fn check_key(&self, table: &TableDescription) -> Result<()> {
        let kind = |name: &str| {
            let mut definitions = table.attribute_definitions().iter();
            let definition = definitions.find(|definition| definition.attribute_name() == name);
            definition.map(AttributeDefinition::attribute_type)
        };
        let key = table.key_schema();
        if key.is_empty() {
            return Ok(());
        }
        if let [only] = key
            && only.attribute_name() == self.hash_key
            && kind(&self.hash_key) == Some(&ScalarAttributeType::S)
        {
            return Ok(());
        }
        let found = key.iter().map(|element| {
            let name = element.attribute_name();
            format!(
                "{name} ({})",
                kind(name).map_or("?", ScalarAttributeType::as_str)
            )
        });
        Err(Error::TableKey {
            table: self.name.as_str().to_owned(),
            expected: self.hash_key.clone(),
            found: found.collect::<Vec<_>>().join(" and "),
        })
    }

    fn description(&self, table: &TableDescription) -> Description {
        let mode = table
            .billing_mode_summary()
            .and_then(|mode| mode.billing_mode());
        let capacity = table.provisioned_throughput();
        let units = |units: Option<Option<i64>>| units.flatten().unwrap_or_default();
        Description {
            on_demand: mode == Some(&BillingMode::PayPerRequest),
            read: units(capacity.map(|capacity| capacity.read_capacity_units())),
            write: units(capacity.map(|capacity| capacity.write_capacity_units())),
            index_failure: self.index_failure(table),
        }
    }

    /// The problem with the first index that has one.
    fn index_failure(&self, table: &TableDescription) -> Option<Error> {
        // A stub in a test may describe nothing, see `ready`: then the indexes count as right.
        if table.key_schema().is_empty() {
            return None;
        }
        self.indexes.iter().find_map(|index| index.failure(table))
    }

    /// The table's time to live.
    pub async fn time_to_live(&self, limit: Duration) -> Result<TimeToLive> {
        let request = DescribeTimeToLiveInputBuilder::default().table_name(self.name.as_str());
        let answer = self.tables.describe_time_to_live(request);
        let answer = within(limit, "describing the time to live", answer).await?;
        let found = answer.time_to_live_description;
        let status = found.as_ref().and_then(|found| found.time_to_live_status());
        Ok(TimeToLive {
            status: status
                .map_or("DISABLED", TimeToLiveStatus::as_str)
                .to_owned(),
            attribute: found.and_then(|found| found.attribute_name),
        })
    }

    /// Turns time to live on `attribute` on or off.
    pub async fn set_time_to_live(
        &self,
        attribute: &str,
        enabled: bool,
        limit: Duration,
    ) -> Result<()> {
        let update = self.update_time_to_live(attribute, enabled);
        within(limit, "updating the time to live", update).await
    }

    /// Sets the capacity units of a provisioned table, if they differ; `None` leaves a number as it is.
    /// Returns whether they differed. A table on demand is not changed.
    pub async fn set_capacity(
        &self,
        read: Option<i64>,
        write: Option<i64>,
        limit: Duration,
    ) -> Result<bool> {
        within(limit, "updating the capacity", async {
            let now = self.ready().await?;
            let read = read.unwrap_or(now.read);
            let write = write.unwrap_or(now.write);
            if now.on_demand || (read, write) == (now.read, now.write) {
                return Ok(false);
            }
            let request = UpdateTableInputBuilder::default()
                .table_name(self.name.as_str())
                .provisioned_throughput(throughput(read, write)?);
            self.tables.update_table(request).await?;
            Ok(true)
        })
        .await
    }

    async fn update_time_to_live(&self, attribute: &str, enabled: bool) -> Result<()> {
        let specification = TimeToLiveSpecification::builder()
            .attribute_name(attribute)
            .enabled(enabled)
            .build();
        let request = UpdateTimeToLiveInputBuilder::default()
            .table_name(self.name.as_str())
            .time_to_live_specification(built(specification)?);
        self.tables.update_time_to_live(request).await?;
        Ok(())
    }
}

fn throughput(read: i64, write: i64) -> Result<ProvisionedThroughput> {
    built(
        ProvisionedThroughput::builder()
            .read_capacity_units(read)
            .write_capacity_units(write)
            .build(),
    )
}

async fn wait(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(POLL.1);
}
