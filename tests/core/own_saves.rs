//! What a request saves more than once, and what it knows of its own saves.

use std::collections::VecDeque;

use aws_sdk_dynamodb::types::AttributeValue;
use dynamo_session_store::core::error::Error;
use dynamo_session_store::core::expiry::{Expires, UnixMillis};
use dynamo_session_store::core::store::{
    Conflict, FailedSave, Known, NewEnd, Saved, SessionStore, Touched,
};
use serde_json::json;

use crate::support::canned::{Answer, Canned};
use crate::support::versioned::{NOW, Sessions, known, layout, record, written};
use crate::support::{AMPLE, new_name, schedule};

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

#[tokio::test]
async fn a_save_waits_until_it_is_known_what_the_one_before_has_left() {
    let sessions = Sessions::new().await;
    let new = |conflict| {
        Some(Known {
            version: None,
            base: None,
            stored: None,
            conflict,
            failed: vec![],
        })
    };
    for conflict in ALL {
        let first = sessions.save_by(9, r#"{"a":1}"#, new(conflict));
        let destroyed = sessions.store.destroy("ann", AMPLE);
        let second = sessions.save_by(9, r#"{"a":2}"#, new(conflict));
        // The second is looked at before the first whenever both may go on.
        let (second, destroyed, first) = tokio::join!(biased; second, destroyed, first);
        assert_eq!((first, destroyed), (Ok(Saved::AsGiven), Ok(())));
        assert_eq!(second, Ok(Saved::Gone), "{conflict:?}");
    }
    sessions.remove().await;
}

/// The attribute of the special key `shop`, which is to be what the session says.
async fn shop(sessions: &Sessions) -> Option<AttributeValue> {
    let session: serde_json::Value = serde_json::from_str(&sessions.load().await.data).unwrap();
    let attribute = sessions.item().await.unwrap().remove("shop");
    let said = session["shop"].as_str().map(str::to_owned);
    assert_eq!(attribute, said.map(AttributeValue::S));
    attribute
}

#[tokio::test]
async fn special_keys_of_others_stay_while_a_request_saves_twice() {
    let sessions = Sessions::new().await;
    for theirs in [r#"{"a":1,"shop":"bob"}"#, r#"{"a":1}"#] {
        sessions
            .save(r#"{"a":1,"shop":"ann"}"#, None)
            .await
            .unwrap();
        let read = known(&sessions.load().await, Conflict::Merge);
        sessions.save(theirs, None).await.unwrap();
        let first = sessions.save_by(1, r#"{"a":2,"shop":"ann"}"#, read.clone());
        let second = sessions.save_by(1, r#"{"a":3,"shop":"ann"}"#, read);
        let (first, second) = tokio::join!(first, second);
        assert_eq!(written(first), theirs.replace("1", "2"));
        assert_eq!(written(second), theirs.replace("1", "3"));
        let expected = theirs
            .contains("bob")
            .then(|| AttributeValue::S("bob".into()));
        assert_eq!(shop(&sessions).await, expected);
    }
    sessions.remove().await;
}

#[tokio::test]
async fn a_key_keeps_its_second_value_beside_one_that_another_has_added() {
    let sessions = Sessions::new().await;
    sessions.save(r#"{"a":1}"#, None).await.unwrap();
    let read = known(&sessions.load().await, Conflict::Merge);
    sessions.save(r#"{"a":1,"theirs":1}"#, None).await.unwrap();
    let first = sessions.save_by(1, r#"{"a":2}"#, read.clone());
    let second = sessions.save_by(1, r#"{"a":1,"theirs":2}"#, read.clone());
    let third = sessions.save_by(1, r#"{"a":1,"theirs":2,"b":1}"#, read);
    let (first, second, third) = tokio::join!(first, second, third);
    assert_eq!(written(first), r#"{"a":2,"theirs":1}"#);
    assert_eq!(written(second), r#"{"a":1,"theirs":2}"#);
    let last = r#"{"a":1,"theirs":2,"b":1}"#;
    assert_eq!(written(third), last);
    assert_eq!(sessions.load().await.data, last);
    sessions.remove().await;
}

/// A session of this birth, in the table.
async fn born(sessions: &Sessions, birth: &str, data: &str) -> Option<Known> {
    let version = format!("{birth}.0");
    sessions.save_as(&version, data, None).await.unwrap();
    known(&sessions.load().await, Conflict::Merge)
}

fn with(known: &Option<Known>, conflict: Conflict) -> Option<Known> {
    known.clone().map(|known| Known { conflict, ..known })
}

const ALL: [Conflict; 3] = [Conflict::Merge, Conflict::Fail, Conflict::Overwrite];

#[tokio::test]
async fn a_session_that_was_made_again_under_its_id_is_another_one() {
    let sessions = Sessions::new().await;
    let old = born(&sessions, "old", r#"{"a":1}"#).await;
    for is_destroyed in [true, false] {
        if is_destroyed {
            sessions.store.destroy("ann", AMPLE).await.unwrap();
        }
        born(&sessions, "new", r#"{"b":1}"#).await;
        let before = sessions.item().await;
        for conflict in ALL {
            let old = with(&old, conflict);
            let saved = sessions.save_as("old.1", r#"{"a":2}"#, old.clone()).await;
            assert_eq!(saved, Ok(Saved::Gone), "{conflict:?}");
            let touched = sessions
                .store
                .touch_known("ann", later(), old.unwrap(), None, AMPLE);
            assert_eq!(touched.await, Ok(Touched::Gone), "{conflict:?}");
        }
        assert_eq!(sessions.item().await, before);
    }
    sessions.remove().await;
}

#[tokio::test]
async fn all_versions_of_a_session_have_its_birth() {
    let sessions = Sessions::new().await;
    let read = born(&sessions, "b", r#"{"a":1}"#).await;
    let versions = async || sessions.load().await.marks.version.unwrap();
    // Merged, and with a version of another birth.
    sessions
        .save_as("b.1", r#"{"a":1,"b":1}"#, read.clone())
        .await
        .unwrap();
    let saved = sessions.save_as("else.2", r#"{"a":2}"#, read.clone()).await;
    assert_eq!(written(saved), r#"{"a":2,"b":1}"#);
    assert!(versions().await.starts_with("b."));
    for conflict in ALL {
        let read = known(&sessions.load().await, conflict);
        sessions
            .save_as("else.3", r#"{"a":3}"#, read)
            .await
            .unwrap();
        assert!(versions().await.starts_with("b."), "{conflict:?}");
    }
    sessions.remove().await;
}

#[tokio::test]
async fn a_save_that_failed_but_was_carried_out_is_no_change_of_somebody_else() {
    let sessions = Sessions::new().await;
    for conflict in ALL {
        let read = born(&sessions, "b", r#"{"a":1,"c":1}"#).await;
        let failed = r#"{"a":2,"b":1,"c":1}"#;
        sessions.save_as("b.1", failed, read.clone()).await.unwrap();
        let knows = with(&read, conflict).map(|known| Known {
            failed: vec![FailedSave {
                version: "b.1".to_owned(),
                data: failed.to_owned(),
            }],
            ..known
        });
        let taken_back = r#"{"a":1,"c":1}"#;
        let saved = sessions.save_as("b.2", taken_back, knows.clone()).await;
        assert!(matches!(saved, Ok(Saved::AsGiven | Saved::Changed(_))));
        assert_eq!(sessions.load().await.data, taken_back, "{conflict:?}");
        // What is of somebody else is a conflict all the same.
        let saved = sessions.save_as("b.3", r#"{"a":1,"c":2}"#, knows).await;
        assert_eq!(
            saved == Err(Error::Conflict),
            conflict == Conflict::Fail,
            "{conflict:?}"
        );
    }
    sessions.remove().await;
}

#[tokio::test]
async fn a_save_in_flight_that_fails_may_have_been_carried_out() {
    // What is in the table when the last save is made: what the save before it has written, or the one
    // that had failed before all of them.
    for (found, has_saved_before) in [("b.2", false), ("b.2", true), ("b.0", false)] {
        let refused = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed",
            "Item": {
                "id": { "S": "ann" }, "sess": { "S": r#"{"a":2,"c":1}"# }, "_v": { "S": found },
            },
        });
        let mut answers = VecDeque::from([
            Answer::Close,
            Answer::Close,
            Answer::Close,
            Answer::text(400, &refused.to_string()),
            Answer::ok(json!({})),
        ]);
        if has_saved_before {
            answers.push_front(Answer::ok(json!({})));
        }
        let server = Canned::start(move |_| answers.pop_front().unwrap()).await;
        let schedule = schedule(server.dynamo(), &new_name(), None);
        let store = SessionStore::new(schedule, layout(), true);
        let read = Some(Known {
            version: Some("b.read".to_owned()),
            base: Some(r#"{"a":1,"c":1}"#.to_owned()),
            stored: None,
            failed: vec![FailedSave {
                version: "b.0".to_owned(),
                data: r#"{"a":2,"c":1}"#.to_owned(),
            }],
            conflict: Conflict::Fail,
        });
        let writes = store.writes_of(1);
        let save = |version: &str, data: &str| {
            let writes = Some(writes.clone());
            store.save_version(
                record(data),
                version.to_owned(),
                read.clone(),
                writes,
                AMPLE,
            )
        };
        if has_saved_before {
            assert_eq!(save("b.1", r#"{"a":1,"c":1}"#).await, Ok(Saved::AsGiven));
        }
        let lost = save("b.2", r#"{"a":2,"c":1}"#);
        let last = save("b.3", r#"{"a":1,"c":2}"#);
        let (lost, last) = tokio::join!(lost, last);
        assert!(lost.is_err());
        assert_eq!(written(last), r#"{"a":1,"c":2}"#, "{found}");
    }
}

fn later() -> NewEnd {
    Expires::at(UnixMillis(NOW.0 + 7_200_000.0)).into()
}

fn cookie(lifetime: u32, rest: &str) -> String {
    format!(r#"{{"cookie":{{"originalMaxAge":{lifetime}}}{rest}}}"#)
}

#[tokio::test]
async fn a_touch_leaves_a_lifetime_that_another_has_given_the_session() {
    let sessions = Sessions::new().await;
    let hour = cookie(3_600_000, "");
    let end = record(&hour).expires;
    for has_version in [true, false] {
        for (theirs, expected) in [
            (cookie(3_600_000, r#","a":1"#), Touched::Moved),
            (
                cookie(60_000, r#","a":1"#),
                Touched::Kept(end.map(|end| UnixMillis(end.seconds() as f64 * 1000.0))),
            ),
        ] {
            let read = born(&sessions, "b", &hour).await.unwrap();
            if has_version {
                sessions.save_as("b.1", &theirs, None).await.unwrap();
            } else {
                sessions.put_without_version(&theirs).await;
            }
            let touch = sessions
                .store
                .touch_known("ann", later(), read, None, AMPLE);
            assert_eq!(touch.await, Ok(expected), "{theirs}");
            assert_eq!(sessions.load().await.data, theirs);
        }
    }
    sessions.remove().await;
}

#[tokio::test]
async fn a_touch_that_follows_a_save_counts_on_it() {
    let sessions = Sessions::new().await;
    let hour = cookie(3_600_000, "");
    let read = born(&sessions, "b", &hour).await;
    sessions
        .save_as("b.1", &cookie(60_000, ""), read.clone())
        .await
        .unwrap();
    let saved = sessions.save_by(1, &cookie(3_600_000, r#","a":1"#), read.clone());
    let writes = sessions.store.writes_of(1);
    let touched = sessions
        .store
        .touch_known("ann", later(), read.unwrap(), Some(writes), AMPLE);
    let (saved, touched) = tokio::join!(saved, touched);
    assert_eq!(written(saved), cookie(60_000, r#","a":1"#));
    assert_eq!(touched, Ok(Touched::Kept(None)));
    sessions.remove().await;
}
