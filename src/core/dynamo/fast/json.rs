//! Requests and answers of session operations as DynamoDB's JSON, with the members that this crate uses.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{
    ConsumedCapacity, DeleteRequest, KeysAndAttributes, PutRequest, ReturnConsumedCapacity,
    ReturnValue, ReturnValuesOnConditionCheckFailure, WriteRequest,
};
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Error;

type Result<T, E = Error> = std::result::Result<T, E>;

use super::attributes::{Attributes, Found};
use crate::core::dynamo::operation::Operation;

/// An operation of the fast path. If a request or an answer cannot be converted here, the SDK does it.
pub trait FastOperation: Operation {
    /// The request's body.
    fn to_json(&self) -> Result<Vec<u8>>;

    /// Parses the body of a successful answer.
    fn read(body: &[u8]) -> Result<Self::Output>;
}

/// Asserts, in debug builds, that only the listed members of a request are set. Other members would not be
/// sent.
macro_rules! only {
    ($request:ident, $($get:ident => $set:ident),+) => {
        // Not `debug_assert_eq!`: it would print both requests, and they contain a session.
        debug_assert!(
            *$request == Self::default()$(.$set($request.$get().clone()))+,
            "a member is set that is not written"
        )
    };
}

/// Serializes the listed members of a request for one item, and no others.
macro_rules! body {
    ($request:ident, $($member:ident: $get:ident => $set:ident),+) => {{
        only!($request, $($get => $set),+);
        serde_json::to_vec(&Body {
            $($member: $request.$get().as_ref().map(Into::into),)+
            ..Body::default()
        })
    }};
}

impl FastOperation for GetItemInputBuilder {
    fn to_json(&self) -> Result<Vec<u8>> {
        body!(
            self,
            table_name: get_table_name => set_table_name,
            key: get_key => set_key,
            consistent_read: get_consistent_read => set_consistent_read,
            return_consumed_capacity: get_return_consumed_capacity => set_return_consumed_capacity
        )
    }

    fn read(body: &[u8]) -> Result<GetItemOutput> {
        #[derive(Deserialize)]
        struct Members {
            #[serde(rename = "Item")]
            item: Option<Found>,
            #[serde(rename = "ConsumedCapacity")]
            consumed: Option<Consumed>,
        }
        let Members { item, consumed } = serde_json::from_slice(body)?;
        let item = item.map(|Found(item)| item);
        Ok(GetItemOutput::builder()
            .set_item(item)
            .set_consumed_capacity(consumed.map(Into::into))
            .build())
    }
}

impl FastOperation for PutItemInputBuilder {
    fn to_json(&self) -> Result<Vec<u8>> {
        body!(
            self,
            table_name: get_table_name => set_table_name,
            item: get_item => set_item,
            condition_expression: get_condition_expression => set_condition_expression,
            expression_attribute_names: get_expression_attribute_names => set_expression_attribute_names,
            expression_attribute_values: get_expression_attribute_values => set_expression_attribute_values,
            return_values_on_condition_check_failure: get_return_values_on_condition_check_failure
                => set_return_values_on_condition_check_failure,
            return_consumed_capacity: get_return_consumed_capacity => set_return_consumed_capacity
        )
    }

    fn read(body: &[u8]) -> Result<PutItemOutput> {
        let consumed = read_consumed(body)?;
        Ok(PutItemOutput::builder()
            .set_consumed_capacity(consumed)
            .build())
    }
}

impl FastOperation for UpdateItemInputBuilder {
    fn to_json(&self) -> Result<Vec<u8>> {
        body!(
            self,
            table_name: get_table_name => set_table_name,
            key: get_key => set_key,
            update_expression: get_update_expression => set_update_expression,
            condition_expression: get_condition_expression => set_condition_expression,
            expression_attribute_names: get_expression_attribute_names => set_expression_attribute_names,
            expression_attribute_values: get_expression_attribute_values => set_expression_attribute_values,
            return_values: get_return_values => set_return_values,
            return_values_on_condition_check_failure: get_return_values_on_condition_check_failure
                => set_return_values_on_condition_check_failure,
            return_consumed_capacity: get_return_consumed_capacity => set_return_consumed_capacity
        )
    }

    fn read(body: &[u8]) -> Result<UpdateItemOutput> {
        #[derive(Deserialize)]
        struct Members {
            #[serde(rename = "Attributes")]
            attributes: Option<Found>,
            #[serde(rename = "ConsumedCapacity")]
            consumed: Option<Consumed>,
        }
        let Members {
            attributes,
            consumed,
        } = serde_json::from_slice(body)?;
        let attributes = attributes.map(|Found(attributes)| attributes);
        Ok(UpdateItemOutput::builder()
            .set_attributes(attributes)
            .set_consumed_capacity(consumed.map(Into::into))
            .build())
    }
}

impl FastOperation for DeleteItemInputBuilder {
    fn to_json(&self) -> Result<Vec<u8>> {
        body!(
            self,
            table_name: get_table_name => set_table_name,
            key: get_key => set_key,
            condition_expression: get_condition_expression => set_condition_expression,
            expression_attribute_names: get_expression_attribute_names => set_expression_attribute_names,
            expression_attribute_values: get_expression_attribute_values => set_expression_attribute_values,
            return_consumed_capacity: get_return_consumed_capacity => set_return_consumed_capacity
        )
    }

    fn read(body: &[u8]) -> Result<DeleteItemOutput> {
        let consumed = read_consumed(body)?;
        Ok(DeleteItemOutput::builder()
            .set_consumed_capacity(consumed)
            .build())
    }
}

impl FastOperation for BatchGetItemInputBuilder {
    fn to_json(&self) -> Result<Vec<u8>> {
        only!(
            self,
            get_request_items => set_request_items,
            get_return_consumed_capacity => set_return_consumed_capacity
        );
        let tables = self.get_request_items().iter().flatten();
        serde_json::to_vec(&BatchBody {
            request_items: tables
                .map(|(table, keys)| (table, Keys::of(keys)))
                .collect(),
            return_consumed_capacity: self.get_return_consumed_capacity().as_ref().map(Into::into),
        })
    }

    fn read(body: &[u8]) -> Result<BatchGetItemOutput> {
        #[derive(Deserialize)]
        struct Members {
            #[serde(rename = "Responses", default)]
            responses: HashMap<String, Vec<Found>>,
            #[serde(rename = "UnprocessedKeys", default)]
            unprocessed: HashMap<String, IgnoredAny>,
            #[serde(rename = "ConsumedCapacity")]
            consumed: Option<Vec<Consumed>>,
        }
        let answer: Members = serde_json::from_slice(body)?;
        nothing_is_left(&answer.unprocessed)?;
        let responses = answer.responses.into_iter();
        let responses = responses.map(|(table, items)| {
            let items = items.into_iter().map(|Found(item)| item);
            (table, items.collect())
        });
        Ok(BatchGetItemOutput::builder()
            .set_responses(Some(responses.collect()))
            .set_consumed_capacity(answer.consumed.map(of_tables))
            .build())
    }
}

impl FastOperation for BatchWriteItemInputBuilder {
    fn to_json(&self) -> Result<Vec<u8>> {
        only!(
            self,
            get_request_items => set_request_items,
            get_return_consumed_capacity => set_return_consumed_capacity
        );
        let tables = self.get_request_items().iter().flatten();
        let tables = tables.map(|(table, writes)| {
            let writes: Vec<_> = writes.iter().map(Write::of).collect();
            (table, writes)
        });
        serde_json::to_vec(&BatchBody {
            request_items: tables.collect(),
            return_consumed_capacity: self.get_return_consumed_capacity().as_ref().map(Into::into),
        })
    }

    fn read(body: &[u8]) -> Result<BatchWriteItemOutput> {
        #[derive(Deserialize)]
        struct Members {
            #[serde(rename = "UnprocessedItems", default)]
            unprocessed: HashMap<String, IgnoredAny>,
            #[serde(rename = "ConsumedCapacity")]
            consumed: Option<Vec<Consumed>>,
        }
        let answer: Members = serde_json::from_slice(body)?;
        nothing_is_left(&answer.unprocessed)?;
        Ok(BatchWriteItemOutput::builder()
            .set_consumed_capacity(answer.consumed.map(of_tables))
            .build())
    }
}

/// The members of a request for one item.
#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Body<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    table_name: Option<&'r String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Attributes<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Attributes<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consistent_read: Option<&'r bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_expression: Option<&'r String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition_expression: Option<&'r String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression_attribute_names: Option<&'r HashMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression_attribute_values: Option<Attributes<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_values: Option<Returned<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_values_on_condition_check_failure: Option<Returned<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_consumed_capacity: Option<Returned<'r>>,
}

/// DynamoDB's name for the part that an answer or an error has.
struct Returned<'r>(&'r str);

impl<'r> From<&'r ReturnValue> for Returned<'r> {
    fn from(values: &'r ReturnValue) -> Self {
        Self(values.as_str())
    }
}

impl<'r> From<&'r ReturnValuesOnConditionCheckFailure> for Returned<'r> {
    fn from(values: &'r ReturnValuesOnConditionCheckFailure) -> Self {
        Self(values.as_str())
    }
}

impl<'r> From<&'r ReturnConsumedCapacity> for Returned<'r> {
    fn from(consumed: &'r ReturnConsumedCapacity) -> Self {
        Self(consumed.as_str())
    }
}

impl Serialize for Returned<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// A request for many items, by table.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BatchBody<'r, T: Serialize> {
    request_items: HashMap<&'r String, T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_consumed_capacity: Option<Returned<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Keys<'r> {
    keys: Vec<Attributes<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consistent_read: Option<bool>,
}

impl<'r> Keys<'r> {
    fn of(request: &'r KeysAndAttributes) -> Self {
        debug_assert!(
            request.projection_expression().is_none(),
            "a member is set that is not written"
        );
        Self {
            keys: request.keys().iter().map(Attributes).collect(),
            consistent_read: request.consistent_read(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Write<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    put_request: Option<Put<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_request: Option<Delete<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Put<'r> {
    item: Attributes<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Delete<'r> {
    key: Attributes<'r>,
}

impl<'r> Write<'r> {
    fn of(request: &'r WriteRequest) -> Self {
        let put = request.put_request().map(PutRequest::item);
        let delete = request.delete_request().map(DeleteRequest::key);
        Self {
            put_request: put.map(|item| Put {
                item: Attributes(item),
            }),
            delete_request: delete.map(|key| Delete {
                key: Attributes(key),
            }),
        }
    }
}

/// The capacity that a request has consumed, if it asked for it.
#[derive(Deserialize)]
pub struct Consumed {
    #[serde(rename = "CapacityUnits")]
    units: Option<f64>,
}

impl From<Consumed> for ConsumedCapacity {
    fn from(consumed: Consumed) -> Self {
        Self::builder().set_capacity_units(consumed.units).build()
    }
}

fn of_tables(consumed: Vec<Consumed>) -> Vec<ConsumedCapacity> {
    consumed.into_iter().map(Into::into).collect()
}

/// The consumed capacity in the answer to a request that returns no data. The answer must be a JSON object.
fn read_consumed(body: &[u8]) -> Result<Option<ConsumedCapacity>> {
    #[derive(Deserialize)]
    struct Members {
        #[serde(rename = "ConsumedCapacity")]
        consumed: Option<Consumed>,
    }
    let Members { consumed } = serde_json::from_slice(body)?;
    Ok(consumed.map(Into::into))
}

/// Fails if a part of the batch is unprocessed: then the SDK parses the answer.
fn nothing_is_left(unprocessed: &HashMap<String, IgnoredAny>) -> Result<()> {
    if unprocessed.is_empty() {
        return Ok(());
    }
    Err(Error::custom("a part of the batch is left"))
}
