//! The life of the sessions' table: describe, create, wait; its time to live.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::operation::describe_table::builders::DescribeTableInputBuilder;
use aws_sdk_dynamodb::operation::update_time_to_live::builders::UpdateTimeToLiveInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ProvisionedThroughput,
    ScalarAttributeType, TableDescription, TableStatus, TimeToLiveSpecification,
};

use super::dynamo::Dynamo;
use super::error::{Error, Result, within};
use super::options::{Billing, TableName};

/// The pauses between two looks at a table that is not ready: the first, and the longest.
const POLL: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

const NOT_FOUND: &str = "ResourceNotFoundException";
const IN_USE: &str = "ResourceInUseException";

/// The table that sessions are kept in.
pub struct Table {
    dynamo: Arc<dyn Dynamo>,
    name: TableName,
    hash_key: String,
    billing: Billing,
    time_to_live: Option<String>,
}

/// What came of creating a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Creation {
    /// `false` where another process was faster.
    pub created: bool,
    /// Why the table has no time to live, although it was asked for.
    pub time_to_live_failure: Option<Error>,
}

impl Table {
    /// The table `name`, keyed by the string attribute `hash_key`. One that is created here gets
    /// DynamoDB's time to live on the attribute `time_to_live`, if any.
    pub fn new(
        dynamo: Arc<dyn Dynamo>,
        name: TableName,
        hash_key: &str,
        billing: Billing,
        time_to_live: Option<&str>,
    ) -> Self {
        Self {
            dynamo,
            name,
            hash_key: hash_key.to_owned(),
            billing,
            time_to_live: time_to_live.map(str::to_owned),
        }
    }

    /// Waits until the table can be used, where it is being created or deleted.
    ///
    /// # Errors
    ///
    /// `ResourceNotFoundException` where there is no such table, [`Error::TableKey`] where it has
    /// another key, [`Error::Timeout`] after `limit`.
    pub async fn describe(&self, limit: Duration) -> Result<()> {
        within(limit, "describing the table", self.ready()).await
    }

    /// Creates the table and waits until it can be used. A table that another process creates at
    /// the same time is waited for.
    ///
    /// # Errors
    ///
    /// As [`describe`](Self::describe), and DynamoDB's own. A time to live that is refused is not
    /// among them.
    pub async fn create(&self, limit: Duration) -> Result<Creation> {
        within(limit, "creating the table", async {
            let created = self.create_and_wait().await?;
            let time_to_live_failure = match &self.time_to_live {
                Some(attribute) if created => self.enable_time_to_live(attribute).await.err(),
                _ => None,
            };
            Ok(Creation {
                created,
                time_to_live_failure,
            })
        })
        .await
    }

    async fn create_and_wait(&self) -> Result<bool> {
        let mut pause = POLL.0;
        loop {
            let created = match self.request_creation().await {
                Ok(()) => true,
                Err(error) if error.is_service(IN_USE) => false,
                Err(error) => return Err(error),
            };
            loop {
                match self.ready().await {
                    Ok(()) => return Ok(created),
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

    async fn ready(&self) -> Result<()> {
        let mut pause = POLL.0;
        loop {
            let request = DescribeTableInputBuilder::default().table_name(self.name.as_str());
            let answer = self.dynamo.describe_table(request).await?;
            let table = answer
                .table
                .unwrap_or_else(|| TableDescription::builder().build());
            match table.table_status() {
                Some(TableStatus::Active | TableStatus::Updating) => return self.check_key(&table),
                Some(TableStatus::Creating | TableStatus::Deleting) | None => {
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

    async fn request_creation(&self) -> Result<()> {
        let request = CreateTableInputBuilder::default()
            .table_name(self.name.as_str())
            .attribute_definitions(built(
                AttributeDefinition::builder()
                    .attribute_name(&self.hash_key)
                    .attribute_type(ScalarAttributeType::S)
                    .build(),
            )?)
            .key_schema(built(
                KeySchemaElement::builder()
                    .attribute_name(&self.hash_key)
                    .key_type(KeyType::Hash)
                    .build(),
            )?);
        let request = match self.billing {
            Billing::OnDemand => request.billing_mode(BillingMode::PayPerRequest),
            Billing::Provisioned { read, write } => request
                .billing_mode(BillingMode::Provisioned)
                .provisioned_throughput(built(
                    ProvisionedThroughput::builder()
                        .read_capacity_units(read)
                        .write_capacity_units(write)
                        .build(),
                )?),
        };
        self.dynamo.create_table(request).await?;
        Ok(())
    }

    async fn enable_time_to_live(&self, attribute: &str) -> Result<()> {
        let specification = TimeToLiveSpecification::builder()
            .attribute_name(attribute)
            .enabled(true)
            .build();
        let request = UpdateTimeToLiveInputBuilder::default()
            .table_name(self.name.as_str())
            .time_to_live_specification(built(specification)?);
        self.dynamo.update_time_to_live(request).await?;
        Ok(())
    }
}

/// The SDK's builders can fail for a part that is missing, which none here is.
fn built<T>(part: Result<T, aws_sdk_dynamodb::error::BuildError>) -> Result<T> {
    part.map_err(|error| Error::Settings {
        causes: vec![error.to_string()],
    })
}

async fn wait(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(POLL.1);
}
