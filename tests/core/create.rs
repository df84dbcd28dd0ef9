//! Writing a session unless there is one.

use dynamo_session_store::core::error::Error;
use dynamo_session_store::core::expiry::{Expires, UnixMillis};
use dynamo_session_store::core::hashed_ids::{HashedIds, PlainIds};
use dynamo_session_store::core::layout::{Item, Record, ShopifyLayout};
use dynamo_session_store::core::store::{SessionStore, Tracking, Tracks};
use serde_json::json;

use crate::support::canned::{Answer, Canned, in_turn};
use crate::support::sessions::{
    ANN, DAY, HOUR, NOW, Sessions, Store, item, later, layout, leftover, n, row, row_of_3_0_2, s,
    seconds, sorted,
};
use crate::support::{AMPLE, dynamo, new_name, schedule};

const OURS: &str = r#"{"cookie":{},"user":"bob"}"#;

fn record() -> Record {
    Record {
        sid: "sid".into(),
        data: OURS.into(),
        expires: Some(Expires::at(later(DAY))),
        special: vec![],
    }
}

async fn create(store: &Store) -> Result<bool, Error> {
    let version = Some("mine".to_owned());
    store.create(record(), None, version, NOW, AMPLE).await
}

#[tokio::test]
async fn a_live_session_and_an_item_of_another_application_stay() {
    let sessions = Sessions::new().await;
    let broken = row("sess:sid", seconds(later(HOUR)), "{");
    let foreign = item([
        ("id", s("sess:sid")),
        ("expires", seconds(later(-DAY))),
        ("data", s("theirs")),
    ]);
    let live = [
        row("sess:sid", seconds(later(HOUR)), ANN),
        item([("id", s("sess:sid")), ("sess", s(ANN))]),
        broken,
        foreign,
    ];
    for found in live {
        sessions.put(found.clone()).await;
        assert_eq!(create(&sessions.store).await, Ok(false), "{found:?}");
        assert_eq!(sessions.item("sess:sid").await, Some(found));
    }
    sessions.remove().await;
}

#[tokio::test]
async fn without_a_session_it_is_written_also_in_place_of_an_ended_one() {
    let sessions = Sessions::new().await;
    let ended: [Option<Item>; 4] = [
        None,
        Some(row("sess:sid", seconds(later(-HOUR)), ANN)),
        Some(row_of_3_0_2("sess:sid", later(-DAY), HOUR)),
        Some(leftover("sess:sid", seconds(later(HOUR)))),
    ];
    for found in ended {
        sessions.store.destroy("sid", AMPLE).await.unwrap();
        if let Some(found) = found.clone() {
            sessions.put(found).await;
        }
        assert_eq!(create(&sessions.store).await, Ok(true), "{found:?}");
        let written = sessions.item("sess:sid").await.unwrap();
        assert_eq!(written["sess"], s(OURS));
        assert_eq!(written["_v"], s("mine"));
    }
    sessions.remove().await;
}

#[tokio::test]
async fn an_absolute_end_counts_and_the_marks_are_written() {
    let sessions = Sessions::new().await;
    let tracking = || Tracking::new(Some(HOUR), vec![], None);
    let store = sessions.store(dynamo(), "sess:").with_tracking(tracking());
    let tracks = Tracks {
        created: later(-1000.0),
        seen: NOW,
        indexed: vec![],
    };
    for (begun, written) in [(later(-2.0 * HOUR), true), (later(-0.5 * HOUR), false)] {
        let mut found = row("sess:sid", seconds(later(DAY)), ANN);
        let begun = n(begun.0.floor());
        found.insert("_c".into(), begun.clone());
        sessions.put(found).await;
        let version = Some("mine".to_owned());
        let created = store.create(record(), Some(tracks.clone()), version, NOW, AMPLE);
        assert_eq!(created.await, Ok(written));
        let found = sessions.item("sess:sid").await.unwrap();
        let expected = match written {
            true => n(later(-1000.0).0.floor()),
            false => begun,
        };
        assert_eq!(found["_c"], expected);
    }
    sessions.remove().await;
}

#[tokio::test]
async fn a_session_under_a_former_key_stays_and_an_ended_one_is_deleted() {
    let sessions = Sessions::new().await;
    let ids = HashedIds::new(vec![vec![7; 32].into()], PlainIds::Found).unwrap();
    let store = sessions.store(dynamo(), "sess:").with_hashed_ids(ids);
    let found = row("sess:sid", seconds(later(HOUR)), ANN);
    sessions.put(found.clone()).await;
    assert_eq!(create(&store).await, Ok(false));
    assert_eq!(sessions.ids().await, ["sess:sid"]);
    sessions
        .put(row("sess:sid", seconds(later(-HOUR)), ANN))
        .await;
    assert_eq!(create(&store).await, Ok(true));
    let ids = sessions.ids().await;
    assert_eq!(ids.len(), 1);
    assert!(ids[0].starts_with("sess:h1:"), "{ids:?}");
    assert_eq!(create(&store).await, Ok(true), "its own version");
    sessions.remove().await;
}

#[tokio::test]
async fn a_shopify_session_never_ends() {
    let sessions = Sessions::new().await;
    let layout = ShopifyLayout::new(Some("ttl")).unwrap();
    let store = SessionStore::new(schedule(dynamo(), &sessions.table, None), layout, true);
    let record = |shop: &str| Record {
        sid: "sid".into(),
        data: json!({ "id": "sid", "shop": shop, "isOnline": false }).to_string(),
        expires: Some(Expires::at(later(-DAY))),
        special: vec![],
    };
    let create = |shop| store.create(record(shop), None, None, NOW, AMPLE);
    assert_eq!(create("one").await, Ok(true));
    assert_eq!(create("two").await, Ok(false));
    let found = sessions.item("sid").await.unwrap();
    assert_eq!(found["shop"], s("one"));
    assert_eq!(
        sorted(found.keys().cloned()),
        ["id", "isOnline", "shop", "ttl"]
    );
    sessions.remove().await;
}

fn refused() -> Answer {
    Answer::error(
        400,
        "ConditionalCheckFailedException",
        "The conditional request failed",
    )
}

fn found(expires: UnixMillis, version: &str) -> Answer {
    let expires = expires.seconds().floor().to_string();
    Answer::ok(json!({ "Item": {
        "id": { "S": "sess:sid" }, "sess": { "S": ANN }, "expires": { "N": expires },
        "type": { "S": "connect-session" }, "_v": { "S": version },
    } }))
}

#[tokio::test]
async fn an_ended_session_that_is_saved_meanwhile_stays() {
    let answers = [
        refused(),
        found(later(-HOUR), "old"),
        refused(),
        found(later(HOUR), "new"),
    ];
    let server = Canned::start(in_turn(answers)).await;
    let schedule = schedule(server.dynamo(), &new_name(), None);
    let store = SessionStore::new(schedule, layout("sess:", &[]), true);
    assert_eq!(create(&store).await, Ok(false));
    let requests = server.requests();
    let operations: Vec<&str> = { requests.iter() }.map(|each| &*each.operation).collect();
    assert_eq!(operations, ["PutItem", "GetItem", "PutItem", "GetItem"]);
    let condition = |at: usize| requests[at].body["ConditionExpression"].as_str().unwrap();
    assert_eq!(condition(0), "attribute_not_exists(#key)");
    assert!(condition(2).starts_with("attribute_exists(#session) AND "));
    let values = requests[2].body["ExpressionAttributeValues"]
        .as_object()
        .unwrap();
    assert!(values.values().any(|value| value == &json!({ "S": "old" })));
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_has_written() {
    let answers: [Answer; 3] = [Answer::Close, refused(), found(later(DAY), "mine")];
    let server = Canned::start(in_turn(answers)).await;
    let schedule = schedule(server.dynamo(), &new_name(), None);
    let store = SessionStore::new(schedule, layout("sess:", &[]), true);
    assert_eq!(create(&store).await, Ok(true));
    let requests = server.requests();
    assert_eq!(requests[0].body, requests[1].body);
}
