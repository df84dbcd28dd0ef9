//! Reads pages of a table or an index item by item. If a single item cannot be read, the SDK fails on the whole
//! page.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fast::{Consumed, Found};

type Item = HashMap<String, AttributeValue>;

/// The readable part of a page.
pub struct Readable {
    /// The items, without the unreadable ones.
    pub items: Vec<Item>,
    /// The key after which the next page begins. `None`: this is the last page.
    pub last_evaluated_key: Option<Item>,
    /// The number of items that DynamoDB has read, also those that a filter leaves out.
    pub scanned_count: i32,
    /// The capacity units of the page, if the request asked for them.
    pub consumed_capacity: Option<ConsumedCapacity>,
}

/// Reads each item of a page separately. `None` if `body` is not a page.
pub fn readable(body: &[u8]) -> Option<Readable> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Page<'b> {
        #[serde(borrow)]
        items: Vec<&'b RawValue>,
        last_evaluated_key: Option<Found>,
        #[serde(default)]
        scanned_count: i32,
        consumed_capacity: Option<Consumed>,
    }
    let page: Page<'_> = serde_json::from_slice(body).ok()?;
    let items = page.items.into_iter().filter_map(|item| {
        let Found(item) = serde_json::from_str(item.get()).ok()?;
        Some(item)
    });
    Some(Readable {
        items: items.collect(),
        last_evaluated_key: page.last_evaluated_key.map(|Found(key)| key),
        scanned_count: page.scanned_count,
        consumed_capacity: page.consumed_capacity.map(ConsumedCapacity::from),
    })
}
