//! The deletions of a sweep, some at a time.

use std::time::Duration;

use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use futures_util::{StreamExt, stream};

use super::SweptPage;
use crate::core::deadline::Deadline;
use crate::core::dynamo::capacity::units;
use crate::core::error::Result;
use crate::core::layout::Layout;
use crate::core::store::{SessionStore, is_refused};

/// The largest number of deletions of a page in flight.
const DELETES_AT_ONCE: usize = 16;

/// The write units that a refused deletion counts for: DynamoDB charges at least one, and does not report it.
const REFUSED_UNITS: f64 = 1.0;

/// A deletion of a page.
pub(super) struct Deletion {
    pub key: String,
    /// `Some(expires)`: the item is deleted only if its `expires` is still this.
    pub expires: Option<AttributeValue>,
}

/// The outcome of a deletion.
#[derive(Default)]
struct Deleted {
    /// The key of the item if it was deleted.
    key: Option<String>,
    units: Option<f64>,
}

impl<L: Layout + ?Sized> SessionStore<L> {
    /// Runs deletions, some at a time, and notes their outcomes in `page`.
    pub(super) async fn delete_all(
        &self,
        page: &mut SweptPage,
        deletions: impl Iterator<Item = Deletion> + Send,
        counts_units: bool,
        limit: Duration,
    ) {
        let mut found = 0;
        let deletes = deletions.map(|deletion| {
            found += 1;
            self.delete(deletion, counts_units, limit)
        });
        let mut outcomes = stream::iter(deletes).buffer_unordered(DELETES_AT_ONCE);
        let mut write_units = counts_units.then_some(0.0);
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(Deleted { key, units }) => {
                    page.deleted.extend(key);
                    write_units = write_units.zip(units).map(|(sum, units)| sum + units);
                }
                Err(error) => {
                    page.failure.get_or_insert(error);
                }
            }
        }
        drop(outcomes);
        page.sessions = found;
        page.write_units = write_units;
    }

    async fn delete(
        &self,
        Deletion { key, expires }: Deletion,
        counts_units: bool,
        limit: Duration,
    ) -> Result<Deleted> {
        let is_conditional = expires.is_some();
        if !is_conditional && !counts_units {
            let deadline = Deadline::new(limit, "destroy");
            let deleted = deadline.ask(|| self.schedule.delete(key.clone()));
            deadline.bound(deleted).await?;
            let key = Some(key);
            return Ok(Deleted { key, units: None });
        }
        let mut request = DeleteItemInputBuilder::default();
        if let Some((expires, attribute)) = expires.zip(self.layout.end_attribute()) {
            request = request
                .condition_expression("#expires = :expires")
                .expression_attribute_names("#expires", &*attribute)
                .expression_attribute_values(":expires", expires);
        }
        if counts_units {
            request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        }
        let operation = if is_conditional { "reap" } else { "destroy" };
        let deadline = Deadline::new(limit, operation);
        let deleted = deadline.ask(|| self.schedule.delete_alone(key.clone(), request));
        match deadline.bound(deleted).await {
            Ok(answer) => Ok(Deleted {
                key: Some(key),
                units: units(answer.consumed_capacity.as_ref()),
            }),
            Err(error) if is_refused(&error) => Ok(Deleted {
                key: None,
                units: Some(REFUSED_UNITS),
            }),
            Err(error) => Err(error),
        }
    }
}
