//! Items that cannot be read: each is the failure of the call that asks for it, and of no other.

use dynamo_session_store::core::error::{Error, Result};
use dynamo_session_store::core::expiry::UnixMillis;
use dynamo_session_store::core::layout::KoaLayout;
use dynamo_session_store::core::store::{Conflict, Index, Known, Saved, SessionStore};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::canned::{Answer, Canned, Request, in_turn};
use crate::support::memory::{Memory, batch};
use crate::support::merged::{NOW, Store, data, record, store};
use crate::support::sweeps::Sweeps;
use crate::support::{AMPLE, json as json_of, new_name, schedule};

/// An item whose session is of no type that DynamoDB has.
fn bad(id: &str) -> Value {
    json!({ "id": { "S": id }, "type": { "S": "connect-session" }, "sess": { "S": 7 } })
}

fn good(id: &str) -> Value {
    json!({
        "id": { "S": id },
        "type": { "S": "connect-session" },
        "expires": { "N": "1" },
        "sess": { "S": data(0) },
    })
}

/// Sessions of which "bad" cannot be read, in a store that merges as soon as there are two operations.
async fn memory() -> (Store, Canned) {
    let memory = Memory::default();
    memory.insert(bad("bad"));
    let server = Canned::start(move |request| memory.answer(request)).await;
    (store(server.dynamo(), &new_name(), 1), server)
}

async fn load(store: &Store, sid: &str) -> Result<Option<String>> {
    json_of(store.load(sid, NOW, AMPLE)).await
}

#[tokio::test]
async fn it_is_an_error_that_no_retry_mends_and_that_quotes_nothing() {
    let (store, server) = memory().await;
    // The first by the SDK, the second by the fast path.
    for requests in [1, 2] {
        let error = load(&store, "bad").await.unwrap_err();
        assert_eq!(error, Error::Unreadable);
        assert_eq!(error.code(), "ERR_SESSION_VALUE");
        assert!(!error.retryable());
        assert!(!error.to_string().contains("bad"), "{error}");
        assert_eq!(server.operations().len(), requests);
    }
}

#[tokio::test]
async fn those_who_are_asked_for_beside_it_are_read() {
    let (store, server) = memory().await;
    store.save(record("ann", &data(1)), AMPLE).await.unwrap();
    for _ in 0..3 {
        let all = ["ann", "bad", "cat", "bad"].map(|sid| load(&store, sid));
        let expected = [
            Ok(Some(data(1))),
            Err(Error::Unreadable),
            Ok(None),
            Err(Error::Unreadable),
        ];
        assert_eq!(join_all(all).await, expected);
    }
    let operations = server.operations();
    let of_a_round = ["BatchGetItem", "GetItem", "GetItem", "GetItem"];
    assert_eq!(operations[1..], of_a_round.repeat(3));
}

#[tokio::test]
async fn a_save_or_a_destroy_mends_it() {
    let (store, _server) = memory().await;
    store.save(record("bad", &data(1)), AMPLE).await.unwrap();
    assert_eq!(load(&store, "bad").await, Ok(Some(data(1))));
    let (store, _server) = memory().await;
    store.destroy("bad", AMPLE).await.unwrap();
    assert_eq!(load(&store, "bad").await, Ok(None));
}

#[tokio::test]
async fn an_answer_in_which_something_else_cannot_be_read_is_no_session() {
    let error = |answer| async {
        let server = Canned::start(in_turn([answer])).await;
        load(&store(server.dynamo(), &new_name(), 1), "a")
            .await
            .unwrap_err()
    };
    // No JSON: the next answer may be another one.
    let cut_off = format!(r#"{{"Item":{{"sess":{{"S":"{}""#, "x".repeat(20_000));
    let unreachable = error(Answer::text(200, &cut_off)).await;
    assert_eq!(unreachable.code(), "ERR_SESSION_UNREACHABLE");
    assert!(unreachable.retryable());
}

// All the sessions of a table.

/// A table of three pages, with an item in the second that cannot be read.
fn pages(request: &Request) -> Answer {
    if request.operation != "Scan" {
        return Answer::ok(json!({}));
    }
    let page = |items: &[Value], last: Option<&str>| {
        let mut page = json!({ "Items": items, "Count": items.len() });
        if let Some(last) = last {
            page["LastEvaluatedKey"] = json!({ "id": { "S": last } });
        }
        Answer::ok(page)
    };
    match request.body["ExclusiveStartKey"]["id"]["S"].as_str() {
        None => page(&[good("ann")], Some("ann")),
        Some("ann") => page(&[good("bob"), bad("bad"), good("cat")], Some("cat")),
        _ => page(&[good("dan")], None),
    }
}

const READABLE: [&str; 4] = ["ann", "bob", "cat", "dan"];

/// Before the end of those sessions.
const EARLY: UnixMillis = UnixMillis(0.0);

fn deleted(server: &Canned) -> Vec<String> {
    let requests = server.requests().into_iter();
    let deletes = requests.flat_map(|request| match request.operation.as_str() {
        "DeleteItem" => vec![request.body["Key"]["id"]["S"].clone()],
        "BatchWriteItem" => {
            let (_, parts) = batch(&request);
            let keys = parts.into_iter();
            keys.map(|part| part["DeleteRequest"]["Key"]["id"]["S"].clone())
                .collect()
        }
        _ => Vec::new(),
    });
    let mut deleted: Vec<_> = deletes.map(|id| id.as_str().unwrap().to_owned()).collect();
    deleted.sort();
    deleted
}

#[tokio::test]
async fn lists_leave_it_out() {
    let server = Canned::start(pages).await;
    let store = store(server.dynamo(), &new_name(), 16);
    assert_eq!(store.list_ids(EARLY, AMPLE).await.unwrap(), READABLE);
    assert_eq!(store.count(EARLY, AMPLE).await, Ok(4));
    let listed = store.list(EARLY, AMPLE).await.unwrap();
    let sids = listed.iter().map(|(stored, _)| stored.sid.as_str());
    assert_eq!(sids.collect::<Vec<_>>(), READABLE);
}

#[tokio::test]
async fn clear_and_reap_delete_the_others() {
    let server = Canned::start(pages).await;
    let sessions = store(server.dynamo(), &new_name(), 16);
    assert_eq!(sessions.clear(EARLY, AMPLE).await, Ok(()));
    assert_eq!(deleted(&server), READABLE);
    let server = Canned::start(pages).await;
    let sessions = store(server.dynamo(), &new_name(), 16);
    assert_eq!(sessions.reap(NOW, AMPLE).await, Ok(4));
    assert_eq!(deleted(&server), READABLE);
}

#[tokio::test]
async fn a_page_whose_end_cannot_be_read_fails() {
    let page = json!({ "Items": [], "Count": 0, "LastEvaluatedKey": { "id": { "S": 7 } } });
    let server = Canned::start(in_turn([Answer::ok(page)])).await;
    let store = store(server.dynamo(), &new_name(), 16);
    assert_eq!(store.list_ids(NOW, AMPLE).await, Err(Error::Unreadable));
}

#[tokio::test]
async fn sessions_that_an_index_finds_are_those_that_can_be_read() {
    let memory = Memory::default();
    for item in [good("ann"), bad("bad"), good("cat")] {
        memory.insert(item);
    }
    let found = json!({ "Count": 3, "Items": [
        { "id": { "S": "ann" } }, { "id": { "S": "bad" } }, { "id": { "S": 7 } }, { "id": { "S": "cat" } },
    ]});
    let server = Canned::start(move |request| match request.operation.as_str() {
        "Query" => Answer::ok(found.clone()),
        _ => memory.answer(request),
    })
    .await;
    let store = store(server.dynamo(), &new_name(), 16);
    let index = Index {
        name: "shop_index".to_owned(),
        attribute: "shop".to_owned(),
    };
    let ids = store.find(&index, "one", AMPLE).await.unwrap();
    assert_eq!(ids, ["ann", "bad", "cat"]);
    let found = store.load_many(&ids, NOW, AMPLE).await.unwrap();
    let sids = found.iter().map(|stored| stored.sid.as_str());
    assert_eq!(sids.collect::<Vec<_>>(), ["ann", "cat"]);
}

// A save that counts on what was read.

fn known(conflict: Conflict) -> Option<Known> {
    Some(Known {
        version: Some("read".to_owned()),
        base: Some("{}".to_owned()),
        stored: None,
        conflict,
        failed: vec![],
    })
}

/// What becomes of a save where another request has left an item that cannot be read; and the conditions
/// of the writes.
async fn save(conflict: Conflict, comes_along: bool) -> (Result<Saved>, Vec<Value>) {
    let server = Canned::start(move |request| match request.operation.as_str() {
        "PutItem" if request.body["ExpressionAttributeNames"]["#version"] == "_v" => {
            let mut refused = json!({
                "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "message": "The conditional request failed",
            });
            if comes_along {
                refused["Item"] = bad("ann");
            }
            Answer::text(400, &refused.to_string())
        }
        "GetItem" => Answer::ok(json!({ "Item": bad("ann") })),
        _ => Answer::ok(json!({})),
    })
    .await;
    let store = store(server.dynamo(), &new_name(), 16);
    let saved = store
        .save_version(
            record("ann", &data(1)),
            "mine".to_owned(),
            known(conflict),
            None,
            AMPLE,
        )
        .await;
    let puts = server.requests().into_iter();
    let puts = puts.filter(|request| request.operation == "PutItem");
    let conditions = puts.map(|request| request.body["ConditionExpression"].clone());
    (saved, conditions.collect())
}

#[tokio::test]
async fn there_is_nothing_to_merge_with_so_the_save_replaces_it() {
    for comes_along in [true, false] {
        let (saved, conditions) = save(Conflict::Merge, comes_along).await;
        // What was given, in another version.
        let written = record("ann", &data(1)).data;
        assert!(matches!(saved, Ok(Saved::Changed(saved)) if saved.data == written));
        let expected = ["#version = :version", "attribute_exists(#data)"];
        assert_eq!(conditions, expected, "{comes_along}");
        let (saved, conditions) = save(Conflict::Fail, comes_along).await;
        assert_eq!(saved, Err(Error::Conflict));
        assert_eq!(conditions, ["#version = :version"]);
        let (saved, _) = save(Conflict::Overwrite, comes_along).await;
        assert_eq!(saved, Ok(Saved::AsGiven));
    }
}

// Half a surrogate pair, which DynamoDB keeps.

/// A session with it, as DynamoDB writes it.
const HALVED: &str = r#"{"id":{"S":"a"},"session":{"M":{"name":{"S":"x\uD83D"},"\uDE00":{"SS":["\uDE00\uD83D","\uD83D\uDE00"]}}}}"#;

const READ: &str = r#"{"name":"x�","�":["��","😀"]}"#;

#[tokio::test]
async fn half_a_surrogate_pair_is_read_as_javascript_writes_it() {
    let server = Canned::start(|request| {
        Answer::text(
            200,
            &match request.operation.as_str() {
                "GetItem" => format!(r#"{{"Item":{HALVED}}}"#),
                "Scan" => format!(r#"{{"Count":1,"Items":[{HALVED}]}}"#),
                _ => format!(r#"{{"Responses":{{"sessions":[{HALVED}]}}}}"#),
            },
        )
    })
    .await;
    let layout = KoaLayout::new("id", "expires").unwrap();
    let schedule = schedule(server.dynamo(), &new_name(), Some(1));
    let store = SessionStore::new(schedule, layout, true);
    let read = async |sid| json_of(store.load(sid, NOW, AMPLE)).await;
    // By the SDK, by the fast path, and as part of a batch.
    assert_eq!(read("a").await, Ok(Some(READ.to_owned())));
    assert_eq!(read("a").await, Ok(Some(READ.to_owned())));
    let both = join(read("a"), read("b")).await;
    assert_eq!(both, (Ok(Some(READ.to_owned())), Ok(None)));
    let listed = store.list(NOW, AMPLE).await.unwrap();
    assert_eq!(listed[0].0.data, READ);
    assert_eq!(
        server.operations(),
        ["GetItem", "GetItem", "BatchGetItem", "Scan"]
    );
}
