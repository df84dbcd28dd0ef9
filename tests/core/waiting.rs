//! Operations that wait: they are small, and an item is made when it is sent.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use dynamo_session_store::core::error::{Error, Result};
use dynamo_session_store::core::store::{Conflict, Known, new_version};
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use crate::support::canned::Canned;
use crate::support::memory::{Memory, batch};
use crate::support::merged::{NOW, data, end, record, store};
use crate::support::{AMPLE, new_name, schedule};

type Item = HashMap<String, AttributeValue>;

/// An item with a session.
fn item(sid: &str, number: usize) -> Item {
    [("id", sid), ("sess", &data(number))]
        .map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())))
        .into()
}

#[tokio::test]
async fn an_item_is_made_when_it_is_sent() {
    let (memory, gate) = (Memory::default(), Arc::new(Semaphore::new(0)));
    let answering = Arc::clone(&gate);
    let server = Canned::start(move |request| memory.answer(request).behind(&answering)).await;
    let schedule = schedule(server.dynamo(), &new_name(), Some(1));
    let made = Arc::new(AtomicUsize::new(0));
    let put = |number| {
        let made = Arc::clone(&made);
        tokio::spawn(schedule.put("ann".to_owned(), 0, move || {
            made.fetch_add(1, Ordering::Relaxed);
            Ok(item("ann", number))
        }))
    };
    let first = put(0);
    server.has_seen(1).await;
    let others = [put(1), put(2)];
    tokio::task::yield_now().await;
    assert_eq!(made.load(Ordering::Relaxed), 1);
    gate.add_permits(2);
    for put in [first].into_iter().chain(others) {
        assert_eq!(put.await.unwrap(), Ok(()));
    }
    // The last one overtakes the one before it, whose item nobody needs.
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_item_that_cannot_be_made_fails_its_own_write_only() {
    let memory = Memory::default();
    let server = Canned::start(move |request| memory.answer(request)).await;
    let store = store(server.dynamo(), &new_name(), 1);
    let schedule = schedule(server.dynamo(), &new_name(), Some(1));
    let put = |sid: &'static str, make: fn(&str) -> Result<Item>| {
        schedule.put(sid.to_owned(), 0, move || make(sid))
    };
    let outcomes = join_all([
        put("ann", |sid| Ok(item(sid, 1))),
        put("bob", |sid| Ok(item(sid, 2))),
        put("bob", |_| Err(Error::Conflict)),
        put("cat", |_| panic!("in a layout")),
        put("dan", |sid| {
            let text = AttributeValue::S("x".repeat(420_000));
            Ok([(sid.to_owned(), text)].into())
        }),
        put("eve", |sid| Ok(item(sid, 3))),
    ])
    .await;
    let codes = outcomes.iter().map(|outcome| match outcome {
        Ok(()) => "",
        Err(error) => error.code(),
    });
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [
            "",
            "",
            "ERR_SESSION_CONFLICT",
            "ERR_SESSION_INTERNAL",
            "ERR_SESSION_TOO_LARGE",
            ""
        ]
    );
    let [request] = server.requests().try_into().expect("one batch");
    assert_eq!(batch(&request).1.len(), 3);
    let bob = store.load("bob", NOW, AMPLE).await.unwrap();
    assert_eq!(bob.map(|loaded| loaded.data), Some(data(2)));
}

/// A future that takes another one as an argument of an `async fn` is twice as large, and a few of them
/// in each other take kilobytes.
#[tokio::test]
async fn a_call_that_waits_takes_some_hundred_bytes() {
    let server = Canned::start(|_| unreachable!("nothing is polled")).await;
    let store = store(server.dynamo(), &new_name(), 1);
    let record = || record("ann", &data(1));
    let known = |base: Option<String>| {
        Some(Known {
            version: base.as_ref().map(|_| new_version()),
            base,
            stored: None,
            conflict: Conflict::Merge,
            failed: vec![],
        })
    };
    let save = |known| {
        let writes = Some(store.writes_of(1));
        store.save_version(record(), new_version(), known, writes, AMPLE)
    };
    let sizes = [
        ("load", size_of_val(&store.load("ann", NOW, AMPLE))),
        ("save", size_of_val(&store.save(record(), AMPLE))),
        ("touch", size_of_val(&store.touch("ann", end(), AMPLE))),
        ("destroy", size_of_val(&store.destroy("ann", AMPLE))),
        ("save of a new session", size_of_val(&save(known(None)))),
        (
            "save of a known one",
            size_of_val(&save(known(Some(data(0))))),
        ),
    ];
    for (call, size) in sizes {
        assert!(size <= 400, "{call} takes {size} bytes");
    }
}
