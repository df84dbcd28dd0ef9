//! The assignments of an update, as an expression of DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::core::layout::{Condition, ExpiringLayout, Item, Marks};

/// The assignments of an update.
#[derive(Default)]
pub struct Assignments {
    set: Vec<String>,
    removed: Vec<String>,
    names: HashMap<String, String>,
    values: Item,
}

impl Assignments {
    /// The assignments that turn a stored session into `item`. All attributes are kept that are neither in `gone` nor
    /// known to `layout`.
    pub fn of<L: ExpiringLayout + ?Sized>(layout: &L, item: Item, gone: &[String]) -> Self {
        let mut change = Self::default();
        let expires = layout.expires_attribute();
        let known = [&*expires, Marks::END].into_iter();
        let known = known.chain(layout.copied_keys());
        let mut gone: Vec<&str> = known.chain(gone.iter().map(String::as_str)).collect();
        gone.sort_unstable();
        gone.dedup();
        for attribute in gone {
            if !item.contains_key(attribute) {
                change.remove(attribute);
            }
        }
        for (attribute, value) in item {
            if attribute != layout.hash_key() {
                change.set(&attribute, value);
            }
        }
        change
    }

    /// Sets an attribute.
    pub fn set(&mut self, attribute: &str, value: AttributeValue) {
        let (name, value) = (self.name(attribute), self.value(value));
        self.set.push(format!("{name} = {value}"));
    }

    /// Sets an attribute, if the item does not have it.
    pub fn set_if_missing(&mut self, attribute: &str, value: AttributeValue) {
        let (name, value) = (self.name(attribute), self.value(value));
        self.set
            .push(format!("{name} = if_not_exists({name}, {value})"));
    }

    /// Removes an attribute.
    pub fn remove(&mut self, attribute: &str) {
        let name = self.name(attribute);
        self.removed.push(name);
    }

    fn name(&mut self, attribute: &str) -> String {
        let name = format!("#a{}", self.names.len());
        self.names.insert(name.clone(), attribute.to_owned());
        name
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let name = format!(":a{}", self.values.len());
        self.values.insert(name.clone(), value);
        name
    }

    /// The expression.
    pub fn finish(self) -> Condition {
        let mut expression = format!("SET {}", self.set.join(", "));
        if !self.removed.is_empty() {
            expression += &format!(" REMOVE {}", self.removed.join(", "));
        }
        Condition {
            expression,
            names: self.names,
            values: self.values,
        }
    }
}
