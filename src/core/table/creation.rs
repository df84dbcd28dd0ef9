//! Creates the table, with its settings.

use std::time::Duration;

use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::operation::update_continuous_backups::builders::UpdateContinuousBackupsInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, OnDemandThroughput,
    PointInTimeRecoverySpecification, ScalarAttributeType, SseSpecification, TableClass, Tag,
    WarmThroughput,
};
use tokio::time::Instant;

use super::{Description, POLL, Table, throughput, wait};
use crate::core::deadline::within;
use crate::core::error::{Error, Result, built};
use crate::core::options::Billing;

const NOT_FOUND: &str = "ResourceNotFoundException";
const IN_USE: &str = "ResourceInUseException";

/// DynamoDB's error while it prepares the backups of a new table.
const NO_BACKUPS_YET: &str = "ContinuousBackupsUnavailableException";

/// Settings with which the table is created, in addition to its key, index, billing mode and time to
/// live. DynamoDB decides the settings that are `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewTable {
    /// `true`: the table cannot be deleted.
    pub deletion_protection: Option<bool>,
    /// Encryption at rest.
    pub encryption: Option<SseSpecification>,
    /// The table class, which decides the prices of storage and requests.
    pub class: Option<TableClass>,
    /// The tags of the table.
    pub tags: Option<Vec<Tag>>,
    /// The request units a second that the table and its index can serve from the beginning.
    pub warm_throughput: Option<WarmThroughput>,
    /// The largest number of request units a second of the table and of its index, on demand.
    pub on_demand_throughput: Option<OnDemandThroughput>,
    /// Point-in-time recovery, and the number of days that it covers.
    pub recovery: Option<PointInTimeRecoverySpecification>,
}

/// The result of creating a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Creation {
    /// `false` if another process has created the table first.
    pub created: bool,
    /// The reason why turning on time to live has failed, if it has.
    pub time_to_live_failure: Option<Error>,
    /// If another process has created the table: the problem with the store's index, if any.
    pub index_failure: Option<Error>,
}

impl Table {
    /// Creates the table, and waits until it can be used. If another process is creating the table,
    /// waits for that.
    ///
    /// # Errors
    ///
    /// The errors of [`describe`](Self::describe), and those of DynamoDB. If turning on time to live
    /// fails, the result says so instead.
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

    /// Returns whether this process has created the table, and the table's description.
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
                    // DynamoDB may not know a new table at once.
                    Err(error) if error.is_service(NOT_FOUND) && created => wait(&mut pause).await,
                    // The table that was in use was being deleted. Create it again.
                    Err(error) if error.is_service(NOT_FOUND) => break,
                    Err(error) => return Err(error),
                }
            }
            wait(&mut pause).await;
        }
    }

    /// Turns on point-in-time recovery, if the settings of the new table say so. DynamoDB refuses this
    /// for a while after it has created a table.
    ///
    /// # Errors
    ///
    /// After `limit`, DynamoDB's last refusal.
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
                // The refusal says more than the error of the deadline.
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
        let mut defined = vec![self.hash_key.as_str()];
        for index in &self.indexes {
            let definition = index
                .definition()?
                .set_provisioned_throughput(throughput.clone())
                .set_on_demand_throughput(new.on_demand_throughput.clone())
                .set_warm_throughput(new.warm_throughput.clone());
            request = request.global_secondary_indexes(built(definition.build())?);
            let attribute = index.index.attribute.as_str();
            if !defined.contains(&attribute) {
                defined.push(attribute);
                request = request.attribute_definitions(string_attribute(attribute)?);
            }
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

/// Whether a later attempt to turn on recovery may succeed.
fn passes(error: &Error) -> bool {
    error.is_service(NO_BACKUPS_YET) || error.retryable()
}

pub(super) fn string_attribute(name: &str) -> Result<AttributeDefinition> {
    built(
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build(),
    )
}

pub(super) fn partition_key(name: &str) -> Result<KeySchemaElement> {
    built(
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(KeyType::Hash)
            .build(),
    )
}
