//! A DynamoDB in memory, for a server that is to misbehave and still keep what it is given.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::canned::{Answer, Request};

/// The items of one table, by their key.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<BTreeMap<String, Value>>>);

impl Memory {
    /// Does what a request asks for, and answers it.
    pub fn answer(&self, request: &Request) -> Answer {
        let body = &request.body;
        match request.operation.as_str() {
            "GetItem" => Answer::ok(self.get(id(&body["Key"]))),
            "PutItem" => self.put(&body["Item"]),
            "DeleteItem" => self.delete(id(&body["Key"])),
            "UpdateItem" => self.update(body),
            "BatchGetItem" => self.answer_but(request, &[]),
            "BatchWriteItem" => self.answer_but(request, &[]),
            other => panic!("nobody asks for {other}"),
        }
    }

    /// The same for a batch, of which the parts with these numbers are left unprocessed.
    pub fn answer_but(&self, request: &Request, left: &[usize]) -> Answer {
        let (table, wanted) = batch(request);
        let (mut found, mut unprocessed) = (Vec::new(), Vec::new());
        for (index, part) in wanted.iter().enumerate() {
            if left.contains(&index) {
                unprocessed.push(part.clone());
            } else if let Some(put) = part.get("PutRequest") {
                self.put(&put["Item"]);
            } else if let Some(delete) = part.get("DeleteRequest") {
                self.delete(id(&delete["Key"]));
            } else if let Some(item) = self.get(id(part)).get("Item") {
                found.push(item.clone());
            }
        }
        // In another order than they were asked for, as DynamoDB does.
        found.reverse();
        Answer::ok(match request.operation.as_str() {
            "BatchGetItem" if unprocessed.is_empty() => json!({ "Responses": { table: found } }),
            "BatchGetItem" => json!({
                "Responses": { &table: found },
                "UnprocessedKeys": { &table: { "Keys": unprocessed } },
            }),
            _ if unprocessed.is_empty() => json!({}),
            _ => json!({ "UnprocessedItems": { table: unprocessed } }),
        })
    }

    /// Puts an item there, past the server.
    pub fn insert(&self, item: Value) {
        self.put(&item);
    }

    fn get(&self, id: &str) -> Value {
        match self.0.lock().unwrap().get(id) {
            Some(item) => json!({ "Item": item }),
            None => json!({}),
        }
    }

    fn put(&self, item: &Value) -> Answer {
        let key = id(item).to_owned();
        self.0.lock().unwrap().insert(key, item.clone());
        Answer::ok(json!({}))
    }

    fn delete(&self, id: &str) -> Answer {
        self.0.lock().unwrap().remove(id);
        Answer::ok(json!({}))
    }

    /// `touch` is the only one who updates.
    fn update(&self, body: &Value) -> Answer {
        match self.0.lock().unwrap().get_mut(id(&body["Key"])) {
            Some(item) => {
                item["expires"] = body["ExpressionAttributeValues"][":expires"].clone();
                Answer::ok(json!({}))
            }
            None => Answer::error(
                400,
                "ConditionalCheckFailedException",
                "The condition failed",
            ),
        }
    }
}

/// The table of a batch, and what is asked of it.
pub fn batch(request: &Request) -> (String, Vec<Value>) {
    let tables = request.body["RequestItems"].as_object().unwrap();
    let (table, wanted) = tables.iter().next().unwrap();
    let wanted = wanted.get("Keys").unwrap_or(wanted);
    (table.clone(), wanted.as_array().unwrap().clone())
}

fn id(attributes: &Value) -> &str {
    attributes["id"]["S"].as_str().unwrap()
}
