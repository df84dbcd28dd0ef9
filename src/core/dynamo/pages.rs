//! Pages of a table or an index, of which the SDK reads all items or none.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fast::Found;

type Item = HashMap<String, AttributeValue>;

/// What can be read of a page.
pub struct Readable {
    /// The items, without those that cannot be read.
    pub items: Vec<Item>,
    /// Where the next page begins; `None` after the last.
    pub last_evaluated_key: Option<Item>,
}

/// Reads each item of a page by itself. `None` if the page cannot be read without its items either.
pub fn readable(body: &[u8]) -> Option<Readable> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Page<'b> {
        #[serde(borrow)]
        items: Vec<&'b RawValue>,
        last_evaluated_key: Option<Found>,
    }
    let page: Page<'_> = serde_json::from_slice(body).ok()?;
    let items = page.items.into_iter().filter_map(|item| {
        let Found(item) = serde_json::from_str(item.get()).ok()?;
        Some(item)
    });
    Some(Readable {
        items: items.collect(),
        last_evaluated_key: page.last_evaluated_key.map(|Found(key)| key),
    })
}
