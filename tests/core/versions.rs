//! Saving a session that was read before, while others write it.

use aws_sdk_dynamodb::types::AttributeValue;
use dynamo_session_store::core::error::Error;
use dynamo_session_store::core::expiry::{Expires, UnixMillis};
use dynamo_session_store::core::store::{Conflict, Known, Loaded, Saved, SessionStore};
use serde_json::json;

use crate::support::canned::{Answer, Canned, in_turn};
use crate::support::versioned::{NOW, Sessions, known, layout, record, written};
use crate::support::{AMPLE, new_name, schedule};

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
        tracked: None,
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
        tracked: None,
    };
    let known = known(&read, Conflict::Merge);
    let saved = store.save_version(record("{}"), "mine".to_owned(), known, None, AMPLE);
    assert_eq!(saved.await, Err(Error::Conflict));
}
