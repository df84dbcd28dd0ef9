//! The session that is in every answer; `sessions.js` of the benchmark makes the same.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A session has one article in its cart for each so many bytes of its size.
const BYTES_PER_ARTICLE: usize = 256;

/// What the session is filled up with.
const FILLER: &str = "The quick brown fox jumps over the lazy dog. ";

/// The session of an Express or Koa app, `bytes` long as JSON, with a cookie that lives until
/// `expires`.
pub fn web(bytes: usize, expires: OffsetDateTime) -> Map<String, Value> {
    let articles: Vec<Value> = (0..bytes / BYTES_PER_ARTICLE).map(article).collect();
    // It can be written unless its year has five digits.
    let expires = expires.format(&Rfc3339).unwrap_or_default();
    let session = json!({
        "cookie": {
            "originalMaxAge": 86_400_000,
            "maxAge": 86_400_000,
            "expires": expires,
            "httpOnly": true,
            "path": "/",
        },
        "user": {
            "id": 4711,
            "name": "Ann Example",
            "email": "ann@example.com",
            "roles": ["reader", "editor"],
        },
        "visits": 42,
        "cart": articles,
        "note": "",
    });
    filled(session, "note", bytes)
}

fn article(index: usize) -> Value {
    json!({ "sku": format!("SKU-{index:05}"), "quantity": index % 3 + 1, "price": 19.95 })
}

/// The session of a Shopify app, `bytes` long as JSON.
pub fn shopify(bytes: usize) -> Map<String, Value> {
    let session = json!({
        "id": "offline_example.myshopify.com",
        "shop": "example.myshopify.com",
        "state": "123456789012345",
        "isOnline": false,
        "scope": "",
        "accessToken": "shpat_00000000000000000000000000000000",
    });
    filled(session, "scope", bytes)
}

/// The session with as much text in `name` as makes it `bytes` long.
fn filled(session: Value, name: &str, bytes: usize) -> Map<String, Value> {
    let missing = bytes.saturating_sub(session.to_string().len());
    let text: String = FILLER.chars().cycle().take(missing).collect();
    let Value::Object(mut session) = session else {
        return Map::new();
    };
    session.insert(name.to_owned(), Value::String(text));
    session
}
