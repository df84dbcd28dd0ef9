//! Creating the table, and what it gets beside its key.

use std::time::Duration;

use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::operation::update_continuous_backups::builders::UpdateContinuousBackupsInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    OnDemandThroughput, PointInTimeRecoverySpecification, Projection, ProjectionType,
    ScalarAttributeType, SseSpecification, TableClass, Tag, WarmThroughput,
};
use tokio::time::Instant;

use super::{Description, POLL, Table, throughput, wait};
use crate::core::deadline::within;
use crate::core::error::{Error, Result, built};
use crate::core::options::Billing;

const NOT_FOUND: &str = "ResourceNotFoundException";
const IN_USE: &str = "ResourceInUseException";

/// What DynamoDB answers while it sets up the backups of a new table.
const NO_BACKUPS_YET: &str = "ContinuousBackupsUnavailableException";

/// What a table gets that is created here, beside its key, its index, its billing and its time to live.
/// What is `None` is DynamoDB's to choose.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewTable {
    /// Whether it cannot be deleted.
    pub deletion_protection: Option<bool>,
    /// The key that it is encrypted with.
    pub encryption: Option<SseSpecification>,
    /// What its storage and its requests cost.
    pub class: Option<TableClass>,
    /// Its tags.
    pub tags: Option<Vec<Tag>>,
    /// The units a second that it takes from the beginning, and so does its index.
    pub warm_throughput: Option<WarmThroughput>,
    /// The most units a second that it takes on demand, and so does its index.
    pub on_demand_throughput: Option<OnDemandThroughput>,
    /// Whether it can be restored to a moment of the last days, and of how many.
    pub recovery: Option<PointInTimeRecoverySpecification>,
}

/// What came of creating a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Creation {
    /// `false` where another process was faster.
    pub created: bool,
    /// Why the table has no time to live, although it was asked for.
    pub time_to_live_failure: Option<Error>,
    /// What is wrong with the store's index, in a table that another process has created.
    pub index_failure: Option<Error>,
}

impl Table {
    /// Creates the table and waits until it can be used. A table that another process creates at
    /// the same time is waited for.
    ///
    /// # Errors
    ///
    /// As [`describe`](Self::describe), and DynamoDB's own. A time to live that is refused is not
    /// among them.
    pub async fn create(&self, limit: Duration) -> Result<Creation> {
        within(limit, "creating the table", async {
            let (created, table) = self.create_and_wait().await?;
            let time_to_live_failure = match &self.time_to_live {
                Some(attribute) if created => self.update_time_to_live(attribute, true).await.err(),
                _ => None,
            };
            Ok(Creation {
                created,
                time_to_live_failure,
                index_failure: table.index_failure,
            })
        })
        .await
    }

    /// Whether the table was created here, and what it is.
    async fn create_and_wait(&self) -> Result<(bool, Description)> {
        let mut pause = POLL.0;
        loop {
            let created = match self.request_creation().await {
                Ok(()) => true,
                Err(error) if error.is_service(IN_USE) => false,
                Err(error) => return Err(error),
            };
            loop {
                match self.ready().await {
                    Ok(table) => return Ok((created, table)),
                    // A table that was just asked for may not be seen yet.
                    Err(error) if error.is_service(NOT_FOUND) && created => wait(&mut pause).await,
                    // What was in the way was a table on its way out.
                    Err(error) if error.is_service(NOT_FOUND) => break,
                    Err(error) => return Err(error),
                }
            }
            wait(&mut pause).await;
        }
    }

    /// Turns on point-in-time recovery, if a new table is to have it. DynamoDB refuses that for a while
    /// after it has created a table.
    ///
    /// # Errors
    ///
    /// DynamoDB's last refusal when `limit` has passed.
    pub async fn enable_recovery(&self, limit: Duration) -> Result<()> {
        let Some(specification) = &self.new.recovery else {
            return Ok(());
        };
        let deadline = Instant::now() + limit;
        let mut pause = POLL.0;
        let mut refused = None;
        loop {
            let request = UpdateContinuousBackupsInputBuilder::default()
                .table_name(self.name.as_str())
                .point_in_time_recovery_specification(specification.clone());
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = self.tables.update_continuous_backups(request);
            match within(left, "turning on point-in-time recovery", answer).await {
                Err(error) if passes(&error) && Instant::now() + pause < deadline => {
                    wait(&mut pause).await;
                    refused = Some(error);
                }
                // The deadline says less than the refusal before it.
                Err(Error::Timeout { .. }) if let Some(refused) = refused => return Err(refused),
                answer => return answer.map(|_| ()),
            }
        }
    }

    async fn request_creation(&self) -> Result<()> {
        let new = &self.new;
        let mut request = CreateTableInputBuilder::default()
            .table_name(self.name.as_str())
            .attribute_definitions(string_attribute(&self.hash_key)?)
            .key_schema(partition_key(&self.hash_key)?);
        let throughput = match self.billing {
            Billing::OnDemand => None,
            Billing::Provisioned { read, write } => Some(throughput(read, write)?),
        };
        if let Some(index) = &self.index {
            let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly);
            let definition = GlobalSecondaryIndex::builder()
                .index_name(&index.name)
                .key_schema(partition_key(&index.attribute)?)
                .projection(keys_only.build())
                .set_provisioned_throughput(throughput.clone())
                .set_on_demand_throughput(new.on_demand_throughput.clone())
                .set_warm_throughput(new.warm_throughput.clone());
            request = request
                .attribute_definitions(string_attribute(&index.attribute)?)
                .global_secondary_indexes(built(definition.build())?);
        }
        let mode = match &throughput {
            None => BillingMode::PayPerRequest,
            Some(_) => BillingMode::Provisioned,
        };
        let request = request
            .billing_mode(mode)
            .set_provisioned_throughput(throughput)
            .set_deletion_protection_enabled(new.deletion_protection)
            .set_sse_specification(new.encryption.clone())
            .set_table_class(new.class.clone())
            .set_tags(new.tags.clone())
            .set_warm_throughput(new.warm_throughput.clone())
            .set_on_demand_throughput(new.on_demand_throughput.clone());
        self.tables.create_table(request).await?;
        Ok(())
    }
}

/// Whether recovery may be turned on a little later.
fn passes(error: &Error) -> bool {
    error.is_service(NO_BACKUPS_YET) || error.retryable()
}

fn string_attribute(name: &str) -> Result<AttributeDefinition> {
    built(
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build(),
    )
}

fn partition_key(name: &str) -> Result<KeySchemaElement> {
    built(
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(KeyType::Hash)
            .build(),
    )
}
