//! How each kind of store keeps a session in an item.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::session;

/// The store whose items are in the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// connect-dynamodb
    Connect,
    /// koa-session-dynamodb-store
    Koa,
    /// dynamodb-store
    DynamodbStore,
    /// Shopify's storage
    Shopify,
}

impl Format {
    /// The format of this name on the command line.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "connect" => Some(Self::Connect),
            "koa" => Some(Self::Koa),
            "dynamodb-store" => Some(Self::DynamodbStore),
            "shopify" => Some(Self::Shopify),
            _ => None,
        }
    }

    /// The table's partition key.
    pub fn hash_key(self) -> &'static str {
        match self {
            Self::Connect | Self::Shopify => "id",
            Self::Koa | Self::DynamodbStore => "sessionId",
        }
    }

    /// The attributes of an item other than its key.
    pub fn attributes(self, session_bytes: usize, expires: OffsetDateTime) -> Map<String, Value> {
        let session = match self {
            Self::Shopify => session::shopify(session_bytes),
            Self::Connect | Self::Koa | Self::DynamodbStore => session::web(session_bytes, expires),
        };
        let json = Value::Object(session.clone());
        let expires = json!({ "N": expires.unix_timestamp().to_string() });
        let attributes = match self {
            Self::Connect => json!({
                "expires": expires,
                "type": { "S": "connect-session" },
                "sess": { "S": json.to_string() },
            }),
            Self::Koa => json!({ "expires": expires, "session": attribute(&json) }),
            Self::DynamodbStore => json!({ "expires": expires, "sess": attribute(&json) }),
            Self::Shopify => session
                .iter()
                .filter(|(name, _)| *name != self.hash_key())
                .map(|(name, value)| (name.clone(), attribute(value)))
                .collect(),
        };
        match attributes {
            Value::Object(attributes) => attributes,
            _ => Map::new(),
        }
    }

    /// What DescribeTable says of the table.
    pub fn table(self) -> Value {
        let key = self.hash_key();
        let mut table = json!({
            "TableName": "sessions",
            "TableStatus": "ACTIVE",
            "AttributeDefinitions": [{ "AttributeName": key, "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }],
            "ProvisionedThroughput": { "ReadCapacityUnits": 5, "WriteCapacityUnits": 5 },
            "CreationDateTime": 1_700_000_000,
            "ItemCount": 1000,
        });
        if self == Self::Shopify {
            table["AttributeDefinitions"] = json!([
                { "AttributeName": "id", "AttributeType": "S" },
                { "AttributeName": "shop", "AttributeType": "S" },
            ]);
            table["GlobalSecondaryIndexes"] = json!([{
                "IndexName": "shop_index",
                "IndexStatus": "ACTIVE",
                "KeySchema": [{ "AttributeName": "shop", "KeyType": "HASH" }],
                "Projection": { "ProjectionType": "KEYS_ONLY" },
            }]);
        }
        json!({ "Table": table })
    }
}

/// A JSON value as DynamoDB's AttributeValue.
fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "NULL": true }),
        Value::Bool(value) => json!({ "BOOL": value }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::String(text) => json!({ "S": text }),
        Value::Array(list) => json!({ "L": list.iter().map(attribute).collect::<Vec<_>>() }),
        Value::Object(map) => {
            let map: Map<_, _> = map
                .iter()
                .map(|(name, value)| (name.clone(), attribute(value)))
                .collect();
            json!({ "M": map })
        }
    }
}
