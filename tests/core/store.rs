//! Sessions in DynamoDB Local, one at a time: load, save, touch, destroy.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use dynamo_session_store::core::expiry::Expires;
use dynamo_session_store::core::layout::{Marks, Record, SpecialValue, Stored};
use dynamo_session_store::core::store::SessionStore;

use crate::support::sessions::{
    ANN, DAY, HOUR, NOW, Sessions, later, layout, leftover, n, record, row, row_of_3_0_2, s,
    seconds,
};
use crate::support::sweeps::Sweeps;
use crate::support::{AMPLE, dynamo, json, schedule};

#[tokio::test]
async fn a_saved_session_is_loaded_until_it_ends() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(HOUR)).await;
    assert_eq!(sessions.load("abc", NOW).await.as_deref(), Some(ANN));
    assert_eq!(sessions.load("abc", later(HOUR)).await, None);
    assert_eq!(sessions.load("other", NOW).await, None);
    let expected = row("sess:abc", seconds(later(HOUR)), ANN);
    assert_eq!(sessions.item("sess:abc").await, Some(expected));
    sessions.remove().await;
}

#[tokio::test]
async fn saving_replaces_the_session() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(-HOUR)).await;
    assert_eq!(sessions.load("abc", NOW).await, None);
    sessions.save("abc", later(HOUR)).await;
    assert_eq!(sessions.load("abc", NOW).await.as_deref(), Some(ANN));
    sessions.remove().await;
}

#[tokio::test]
async fn a_session_is_read_whether_or_not_the_read_is_consistent() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(HOUR)).await;
    let layout = layout("sess:", &[]);
    let store = SessionStore::new(schedule(dynamo(), &sessions.table, None), layout, false);
    let loaded = json(store.load("abc", NOW, AMPLE)).await;
    assert_eq!(loaded, Ok(Some(ANN.to_owned())));
    assert_eq!(store.list(NOW, AMPLE).await.unwrap().len(), 1);
    sessions.remove().await;
}

#[tokio::test]
async fn special_keys_are_attributes_of_their_own() {
    let keys = [
        ("s", "S"),
        ("b", "B"),
        ("n", "N"),
        ("t1", "N"),
        ("t2", "N"),
        ("t3", "N"),
    ];
    let sessions = Sessions::with(layout("sess:", &keys)).await;
    let text = |text: &str| SpecialValue::Text(text.to_owned());
    let special = vec![
        text("ann"),
        SpecialValue::Bytes(vec![0, 255]),
        SpecialValue::Number(1e21),
        text(" +5"),
        text(".5"),
        text("5.E1"),
    ];
    let record = Record {
        special,
        ..record("abc", later(HOUR))
    };
    sessions.store.save(record, AMPLE).await.unwrap();
    let item = sessions.item("sess:abc").await.unwrap();
    assert_eq!(item["s"], s("ann"));
    assert_eq!(item["b"], AttributeValue::B(Blob::new([0, 255])));
    let number = |name| item[name].as_n().unwrap().parse();
    assert_eq!(
        ["n", "t1", "t2", "t3"].map(number),
        [Ok(1e21), Ok(5.0), Ok(0.5), Ok(50.0)]
    );
    assert_eq!(sessions.load("abc", NOW).await.as_deref(), Some(ANN));
    sessions.remove().await;
}

#[tokio::test]
async fn a_session_larger_than_an_item_is_refused_without_its_data_in_the_error() {
    let sessions = Sessions::new().await;
    let record = Record {
        data: "hunter2".repeat(60_000),
        ..record("abc", later(HOUR))
    };
    let error = sessions.store.save(record, AMPLE).await.unwrap_err();
    assert_eq!(error.code(), "ERR_SESSION_TOO_LARGE");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    sessions.remove().await;
}

#[tokio::test]
async fn touching_moves_the_end_and_nothing_else() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(HOUR)).await;
    let touched = sessions.store.touch("abc", Expires::at(later(DAY)), AMPLE);
    assert_eq!(touched.await, Ok(true));
    let expected = row("sess:abc", seconds(later(DAY)), ANN);
    assert_eq!(sessions.item("sess:abc").await, Some(expected));
    sessions.remove().await;
}

#[tokio::test]
async fn touching_a_session_that_is_gone_writes_nothing() {
    let sessions = Sessions::new().await;
    let touched = sessions.store.touch("abc", Expires::at(later(DAY)), AMPLE);
    assert_eq!(touched.await, Ok(false));
    assert!(sessions.ids().await.is_empty());
    sessions.remove().await;
}

#[tokio::test]
async fn touching_a_leftover_is_refused_and_leaves_it() {
    let sessions = Sessions::new().await;
    let left = leftover("sess:abc", seconds(later(HOUR)));
    sessions.put(left.clone()).await;
    let touched = sessions.store.touch("abc", Expires::at(later(DAY)), AMPLE);
    assert_eq!(touched.await, Ok(false));
    assert_eq!(sessions.item("sess:abc").await, Some(left));
    assert_eq!(sessions.load("abc", NOW).await, None);
    sessions.remove().await;
}

#[tokio::test]
async fn a_destroyed_session_is_gone_and_destroying_it_again_is_no_error() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(HOUR)).await;
    sessions.save("def", later(HOUR)).await;
    for _ in 0..2 {
        assert_eq!(sessions.store.destroy("abc", AMPLE).await, Ok(()));
        assert_eq!(sessions.ids().await, ["sess:def"]);
    }
    sessions.remove().await;
}

#[tokio::test]
async fn a_session_without_an_end_never_ends() {
    let sessions = Sessions::new().await;
    let mut forever = row("sess:abc", n(0.0), ANN);
    forever.remove("expires");
    sessions.put(forever).await;
    let much_later = later(10_000.0 * DAY);
    assert_eq!(sessions.load("abc", much_later).await.as_deref(), Some(ANN));
    assert_eq!(sessions.store.reap(much_later, AMPLE).await, Ok(0));
    let listed = sessions.store.list(much_later, AMPLE).await.unwrap();
    let expected = Stored {
        sid: "abc".to_owned(),
        data: ANN.to_owned(),
        expires: None,
    };
    assert_eq!(listed, [(expected, Marks::default())]);
    sessions.remove().await;
}

#[tokio::test]
async fn a_session_ends_when_its_row_says_in_whatever_unit() {
    let sessions = Sessions::new().await;
    let end = later(HOUR);
    sessions
        .put_all([
            row("sess:seconds", seconds(end), ANN),
            row("sess:fraction", n(end.seconds()), ANN),
            row("sess:milliseconds", n(end.0), ANN),
        ])
        .await;
    for sid in ["seconds", "fraction", "milliseconds"] {
        assert!(sessions.load(sid, NOW).await.is_some(), "{sid}");
        assert_eq!(sessions.load(sid, end).await, None, "{sid}");
    }
    sessions.remove().await;
}

#[tokio::test]
async fn a_row_of_3_0_2_ends_when_its_cookie_does() {
    let sessions = Sessions::new().await;
    sessions
        .put_all([
            row_of_3_0_2("sess:day", NOW, DAY),
            row_of_3_0_2("sess:hour", NOW, HOUR),
        ])
        .await;
    for (sid, lifetime) in [("day", DAY), ("hour", HOUR)] {
        let within = later(lifetime - 2_000.0);
        assert!(sessions.load(sid, within).await.is_some(), "{sid}");
        let over = later(lifetime + 2_000.0);
        assert_eq!(sessions.load(sid, over).await, None, "{sid}");
    }
    sessions.remove().await;
}
