//! Saving a session that was read before, while others write it.

use aws_sdk_dynamodb::types::AttributeValue;
use dynamo_session_store::core::error::{Error, Result};
use dynamo_session_store::core::expiry::{Expires, UnixMillis};
use dynamo_session_store::core::layout::{ConnectLayout, Item, Record, SpecialValue};
use dynamo_session_store::core::options::{Billing, TableName};
use dynamo_session_store::core::store::{Conflict, Known, Loaded, Saved, SessionStore};
use dynamo_session_store::core::table::Table;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::canned::{Answer, Canned, in_turn};
use crate::support::{AMPLE, client, dynamo, new_name, remove, schedule};

const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);

type Store = SessionStore<ConnectLayout>;

struct Sessions {
    table: TableName,
    store: Store,
    versions: AtomicUsize,
}

fn layout() -> ConnectLayout {
    let special = [("shop".to_owned(), "S".to_owned())];
    ConnectLayout::new("id", "", &special, true).unwrap()
}

impl Sessions {
    async fn new() -> Self {
        let table = new_name();
        let billing = Billing::OnDemand;
        let creation = Table::new(Arc::new(dynamo()), table.clone(), "id", billing, None);
        creation.create(AMPLE).await.unwrap();
        Self {
            store: SessionStore::new(schedule(dynamo(), &table, Some(16)), layout(), true),
            table,
            versions: AtomicUsize::new(0),
        }
    }

    async fn load(&self) -> Loaded {
        let loaded = self.store.load("ann", NOW, AMPLE).await.unwrap();
        loaded.expect("the session is there")
    }

    async fn save(&self, data: &str, known: Option<Known>) -> Result<Saved> {
        let version = self.versions.fetch_add(1, Ordering::Relaxed).to_string();
        self.save_as(&version, data, known).await
    }

    async fn save_as(&self, version: &str, data: &str, known: Option<Known>) -> Result<Saved> {
        let version = version.to_owned();
        let saved = self
            .store
            .save_version(record(data), version, known, None, AMPLE);
        saved.await
    }

    /// A save by the request of this number, made at once.
    fn save_by(
        &self,
        request: u32,
        data: &str,
        known: Option<Known>,
    ) -> impl Future<Output = Result<Saved>> + use<> {
        let version = self.versions.fetch_add(1, Ordering::Relaxed).to_string();
        let writes = self.store.writes_of(request);
        let saved =
            self.store
                .save_version(record(data), version, known, Some(writes.clone()), AMPLE);
        // Until the outcome has been taken.
        async move {
            let saved = saved.await;
            drop(writes);
            saved
        }
    }

    async fn item(&self) -> Option<Item> {
        let key = AttributeValue::S("ann".to_owned());
        let request = client().get_item().table_name(self.table.as_str());
        request.key("id", key).send().await.unwrap().item
    }

    /// As a replaced package writes it: without a version.
    async fn put_without_version(&self, data: &str) {
        self.store.save(record(data), AMPLE).await.unwrap();
    }

    async fn remove(self) {
        remove(&self.table).await;
    }
}

fn record(data: &str) -> Record {
    let value: serde_json::Value = serde_json::from_str(data).unwrap();
    let shop = value["shop"].as_str();
    Record {
        sid: "ann".to_owned(),
        data: data.to_owned(),
        expires: Some(Expires::at(UnixMillis(NOW.0 + 3_600_000.0))),
        special: vec![shop.map_or(SpecialValue::Missing, |shop| {
            SpecialValue::Text(shop.into())
        })],
    }
}

/// What was written in place of what was given.
fn written(saved: Result<Saved>) -> String {
    match saved {
        Ok(Saved::Changed(written)) => written.data,
        other => panic!("{other:?}"),
    }
}

fn known(loaded: &Loaded, conflict: Conflict) -> Option<Known> {
    Some(Known {
        version: loaded.marks.version.clone(),
        base: Some(loaded.data.clone()),
        stored: None,
        conflict,
        failed: vec![],
    })
}

#[tokio::test]
async fn a_session_that_nobody_else_has_changed_is_written_as_it_is() {
    let sessions = Sessions::new().await;
    sessions.save(r#"{"a":1}"#, None).await.unwrap();
    for conflict in [Conflict::Merge, Conflict::Fail, Conflict::Overwrite] {
        let read = sessions.load().await;
        let saved = sessions.save(r#"{"a":2}"#, known(&read, conflict)).await;
        assert_eq!(saved, Ok(Saved::AsGiven));
        let now = sessions.load().await;
        assert_eq!(now.data, r#"{"a":2}"#);
        assert_ne!(now.marks.version, read.marks.version);
    }
    sessions.remove().await;
}

#[tokio::test]
async fn a_session_that_was_destroyed_stays_destroyed() {
    let sessions = Sessions::new().await;
    for conflict in [Conflict::Merge, Conflict::Fail, Conflict::Overwrite] {
        for has_version in [true, false] {
            if has_version {
                sessions.save("{}", None).await.unwrap();
            } else {
                sessions.put_without_version("{}").await;
            }
            let read = sessions.load().await;
            sessions.store.destroy("ann", AMPLE).await.unwrap();
            let saved = sessions.save(r#"{"a":1}"#, known(&read, conflict)).await;
            assert_eq!(saved, Ok(Saved::Gone), "{conflict:?}");
            assert_eq!(sessions.item().await, None);
        }
    }
    sessions.remove().await;
}

#[tokio::test]
async fn of_a_session_that_another_has_changed_both_changes_are_kept() {
    let sessions = Sessions::new().await;
    for has_version in [true, false] {
        sessions.save(r#"{"a":1,"b":1}"#, None).await.unwrap();
        let read = sessions.load().await;
        // A replaced package drops the version.
        if has_version {
            sessions.save(r#"{"a":1,"b":2}"#, None).await.unwrap();
        } else {
            sessions.put_without_version(r#"{"a":1,"b":2}"#).await;
        }
        let saved = sessions.save(r#"{"a":2,"b":1}"#, known(&read, Conflict::Merge));
        let merged = r#"{"a":2,"b":2}"#;
        assert_eq!(written(saved.await), merged);
        assert_eq!(sessions.load().await.data, merged);
    }
    sessions.remove().await;
}

#[tokio::test]
async fn writes_of_a_replaced_package_on_both_sides_are_told_apart() {
    let sessions = Sessions::new().await;
    sessions.put_without_version(r#"{"a":1,"b":1}"#).await;
    let read = sessions.load().await;
    sessions.put_without_version(r#"{"a":1,"b":2}"#).await;
    let saved = sessions.save(r#"{"a":2,"b":1}"#, known(&read, Conflict::Merge));
    assert_eq!(written(saved.await), r#"{"a":2,"b":2}"#);
    sessions.remove().await;
}

#[tokio::test]
async fn a_conflict_is_an_error_or_overwritten_where_that_is_asked_for() {
    let sessions = Sessions::new().await;
    sessions.save(r#"{"a":1}"#, None).await.unwrap();
    let read = sessions.load().await;
    sessions.save(r#"{"a":2}"#, None).await.unwrap();
    let saved = sessions
        .save(r#"{"a":3}"#, known(&read, Conflict::Fail))
        .await;
    assert_eq!(saved, Err(Error::Conflict));
    assert_eq!(sessions.load().await.data, r#"{"a":2}"#);
    let saved = sessions
        .save(r#"{"a":3}"#, known(&read, Conflict::Overwrite))
        .await;
    assert_eq!(saved, Ok(Saved::AsGiven));
    assert_eq!(sessions.load().await.data, r#"{"a":3}"#);
    sessions.remove().await;
}

#[tokio::test]
async fn a_touch_in_between_is_no_conflict() {
    let sessions = Sessions::new().await;
    sessions.save("{}", None).await.unwrap();
    let read = sessions.load().await;
    let end = Expires::at(UnixMillis(NOW.0 + 7_200_000.0));
    assert_eq!(sessions.store.touch("ann", end, AMPLE).await, Ok(true));
    let saved = sessions
        .save(r#"{"a":1}"#, known(&read, Conflict::Fail))
        .await;
    assert_eq!(saved, Ok(Saved::AsGiven));
    sessions.remove().await;
}

#[tokio::test]
async fn special_keys_follow_the_merge() {
    let sessions = Sessions::new().await;
    sessions
        .save(r#"{"shop":"ann","a":1}"#, None)
        .await
        .unwrap();
    let read = sessions.load().await;
    sessions
        .save(r#"{"shop":"bob","a":1}"#, None)
        .await
        .unwrap();
    let ours = r#"{"shop":"ann","a":2}"#;
    let saved = sessions.save(ours, known(&read, Conflict::Merge)).await;
    assert_eq!(written(saved), r#"{"shop":"bob","a":2}"#);
    let item = sessions.item().await.unwrap();
    assert_eq!(item["shop"], AttributeValue::S("bob".to_owned()));
    sessions.remove().await;
}

#[tokio::test]
async fn what_was_merged_before_is_kept_by_the_next_save() {
    let sessions = Sessions::new().await;
    sessions.save(r#"{"a":1,"b":1}"#, None).await.unwrap();
    let read = sessions.load().await;
    sessions.save(r#"{"a":1,"b":2}"#, None).await.unwrap();
    let first = r#"{"a":2,"b":1}"#;
    let saved = sessions
        .save_as("mine", first, known(&read, Conflict::Merge))
        .await;
    let merged = r#"{"a":2,"b":2}"#;
    assert_eq!(written(saved), merged);
    let knows = Known {
        version: Some("mine".to_owned()),
        base: Some(first.to_owned()),
        stored: Some(merged.to_owned()),
        conflict: Conflict::Merge,
        failed: vec![],
    };
    let saved = sessions.save(r#"{"a":3,"b":1}"#, Some(knows)).await;
    assert_eq!(written(saved), r#"{"a":3,"b":2}"#);
    sessions.remove().await;
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_no_conflict_with_itself() {
    let refused = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
        "Item": { "id": { "S": "ann" }, "sess": { "S": "{}" }, "_v": { "S": "mine" } },
    });
    // The first attempt was done, but its connection broke.
    let answers = [Answer::Close, Answer::text(400, &refused.to_string())];
    let server = Canned::start(in_turn(answers)).await;
    let schedule = schedule(server.dynamo(), &new_name(), None);
    let store = SessionStore::new(schedule, layout(), true);
    let knows = Known {
        version: Some("old".to_owned()),
        base: Some("{}".to_owned()),
        stored: None,
        conflict: Conflict::Fail,
        failed: vec![],
    };
    let saved = store.save_version(record("{}"), "mine".to_owned(), Some(knows), None, AMPLE);
    assert_eq!(saved.await, Ok(Saved::AsGiven));
}

#[tokio::test]
async fn a_write_that_is_merged_again_has_another_version() {
    let refused = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
        "Item": {
            "id": { "S": "ann" }, "sess": { "S": r#"{"a":2,"b":2}"# }, "_v": { "S": "theirs" },
        },
    });
    // The first attempt was done, but its connection broke; others have read it, and one of them
    // has written on top of it. Those that have not must not take the next attempt for the first.
    let answers = [
        Answer::Close,
        Answer::text(400, &refused.to_string()),
        Answer::text(200, "{}"),
    ];
    let server = Canned::start(in_turn(answers)).await;
    let store = SessionStore::new(schedule(server.dynamo(), &new_name(), None), layout(), true);
    let read = Loaded {
        data: r#"{"a":1,"b":1}"#.to_owned(),
        expires: None,
        marks: Default::default(),
    };
    let known = known(&read, Conflict::Merge);
    let saved = store.save_version(
        record(r#"{"a":2,"b":1}"#),
        "mine".to_owned(),
        known,
        None,
        AMPLE,
    );
    assert_eq!(written(saved.await), r#"{"a":2,"b":2}"#);
    let requests = server.requests();
    let versions: Vec<_> = requests
        .iter()
        .map(|request| request.body["Item"]["_v"]["S"].as_str())
        .collect();
    assert_eq!(versions[..2], [Some("mine"), Some("mine")]);
    assert!(
        versions[2].is_some_and(|version| version != "mine"),
        "{versions:?}"
    );
}

#[tokio::test]
async fn a_session_that_others_change_all_the_time_is_a_conflict_in_the_end() {
    let mut number = 0;
    let server = Canned::start(move |_| {
        number += 1;
        let refused = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed",
            "Item": {
                "id": { "S": "ann" }, "sess": { "S": "{}" }, "_v": { "S": number.to_string() },
            },
        });
        Answer::text(400, &refused.to_string())
    })
    .await;
    let store = SessionStore::new(schedule(server.dynamo(), &new_name(), None), layout(), true);
    let read = Loaded {
        data: "{}".to_owned(),
        expires: None,
        marks: Default::default(),
    };
    let known = known(&read, Conflict::Merge);
    let saved = store.save_version(record("{}"), "mine".to_owned(), known, None, AMPLE);
    assert_eq!(saved.await, Err(Error::Conflict));
}

#[tokio::test]
async fn saves_of_one_request_count_on_each_other_before_they_are_answered() {
    let sessions = Sessions::new().await;
    sessions.save(r#"{"a":1,"b":1}"#, None).await.unwrap();
    let read = sessions.load().await;
    sessions.save(r#"{"a":1,"b":2}"#, None).await.unwrap();
    let known = |conflict| known(&read, conflict);
    let first = sessions.save_by(7, r#"{"a":2,"b":1}"#, known(Conflict::Merge));
    let second = sessions.save_by(7, r#"{"a":1,"b":1}"#, known(Conflict::Merge));
    let seen = async { sessions.load().await.data };
    let (first, second, seen) = tokio::join!(first, second, seen);
    assert_eq!(written(first), r#"{"a":2,"b":2}"#);
    // It has taken back what the first has saved.
    assert_eq!(written(second), r#"{"a":1,"b":2}"#);
    assert_eq!(seen, r#"{"a":1,"b":2}"#);
    sessions.remove().await;
}

#[tokio::test]
async fn saves_of_a_new_session_count_on_each_other_too() {
    let sessions = Sessions::new().await;
    let new = || {
        Some(Known {
            version: None,
            base: None,
            stored: None,
            conflict: Conflict::Fail,
            failed: vec![],
        })
    };
    let first = sessions.save_by(8, r#"{"a":1}"#, new());
    let second = sessions.save_by(8, r#"{"a":2}"#, new());
    let third = sessions.save_by(8, r#"{"a":3}"#, new());
    let saved = tokio::join!(first, second, third);
    let as_given = Ok(Saved::AsGiven);
    assert_eq!(saved, (as_given.clone(), as_given.clone(), as_given));
    assert_eq!(sessions.load().await.data, r#"{"a":3}"#);
    sessions.remove().await;
}
