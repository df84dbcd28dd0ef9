//! Merged requests: each caller gets what it would have got alone, whatever DynamoDB does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dynamo_session_store::core::error::Result;
use futures_util::future::{join, join_all};
use tokio::sync::Semaphore;

use crate::support::canned::{Answer, Canned, Request};
use crate::support::memory::{Memory, batch};
use crate::support::merged::{NOW, Store, create, data, end, record, store};
use crate::support::{AMPLE, SHORT, dynamo, json, new_name, remove, schedule};

/// A store on a server of the test's own, that merges as soon as there are two operations.
async fn on(answer: impl FnMut(&Request) -> Answer + Send + 'static) -> (Store, Canned) {
    let server = Canned::start(answer).await;
    (store(server.dynamo(), &new_name(), 1), server)
}

fn sids(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("sid{number}")).collect()
}

/// Writes a session for each id, all at the same time.
async fn save_all(store: &Store, sids: &[String]) -> Vec<Result<()>> {
    let saves = sids.iter().enumerate();
    let saves = saves.map(|(number, sid)| store.save(record(sid, &data(number)), AMPLE));
    join_all(saves).await
}

/// Reads them, all at the same time.
async fn load_all(store: &Store, sids: &[String]) -> Vec<Result<Option<String>>> {
    join_all(sids.iter().map(|sid| json(store.load(sid, NOW, AMPLE)))).await
}

/// What [`load_all`] gives after [`save_all`].
fn all_there(sids: &[String]) -> Vec<Result<Option<String>>> {
    (0..sids.len())
        .map(|number| Ok(Some(data(number))))
        .collect()
}

fn count(operations: &[String], name: &str) -> usize {
    operations
        .iter()
        .filter(|operation| *operation == name)
        .count()
}

// What is merged.

#[tokio::test]
async fn operations_of_one_moment_are_one_request() {
    let memory = Memory::default();
    let (store, server) = on(move |request| memory.answer(request)).await;
    let sids = sids(25);
    assert_eq!(save_all(&store, &sids).await, vec![Ok(()); 25]);
    assert_eq!(load_all(&store, &sids).await, all_there(&sids));
    assert_eq!(server.operations(), ["BatchWriteItem", "BatchGetItem"]);
    let deletes = sids.iter().map(|sid| store.destroy(sid, AMPLE));
    assert_eq!(join_all(deletes).await, vec![Ok(()); 25]);
    assert_eq!(load_all(&store, &sids).await, vec![Ok(None); 25]);
}

/// The test asks from a thread that is none of the workers, which are free to send the first of many
/// while it still asks for the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_are_asked_for_together_are_full_batches() {
    let memory = Memory::default();
    let server = Canned::start(move |request| memory.answer(request)).await;
    let schedule = schedule(server.dynamo(), &new_name(), Some(1));
    for round in 1..=10 {
        // Keys of their own: an operation waits for those before it on its key.
        let keys =
            |kind: &'static str| (0..1000).map(move |number| format!("{kind}{round}-{number}"));
        let reads = schedule.get_many(keys("read"), true);
        assert_eq!(join_all(reads).await, vec![Ok(None); 1000]);
        let deletes = schedule.delete_many(keys("delete"));
        assert_eq!(join_all(deletes).await, vec![Ok(()); 1000]);
        let operations = server.operations();
        assert_eq!(count(&operations, "BatchGetItem"), 10 * round);
        assert_eq!(count(&operations, "BatchWriteItem"), 40 * round);
        assert_eq!(operations.len(), 50 * round);
    }
}

#[tokio::test]
async fn an_operation_alone_is_the_request_that_it_was() {
    let memory = Memory::default();
    let (store, server) = on(move |request| memory.answer(request)).await;
    store.save(record("ann", "{}"), AMPLE).await.unwrap();
    assert!(store.touch("ann", end(), AMPLE).await.unwrap());
    assert_eq!(
        json(store.load("ann", NOW, AMPLE)).await,
        Ok(Some("{}".into()))
    );
    store.destroy("ann", AMPLE).await.unwrap();
    assert!(!store.touch("ann", end(), AMPLE).await.unwrap());
    let expected = [
        "PutItem",
        "UpdateItem",
        "GetItem",
        "DeleteItem",
        "UpdateItem",
    ];
    assert_eq!(server.operations(), expected);
}

#[tokio::test]
async fn identical_reads_of_one_moment_are_one_read_and_the_last_write_of_it_counts() {
    let memory = Memory::default();
    let (store, server) = on(move |request| memory.answer(request)).await;
    let saves = (0..5).map(|number| store.save(record("ann", &data(number)), AMPLE));
    assert_eq!(join_all(saves).await, vec![Ok(()); 5]);
    let loads = (0..5).map(|_| json(store.load("ann", NOW, AMPLE)));
    assert_eq!(join_all(loads).await, vec![Ok(Some(data(4))); 5]);
    assert_eq!(server.operations(), ["PutItem", "GetItem"]);
}

#[tokio::test]
async fn reads_that_need_not_be_consistent_join_one_that_is_under_way() {
    let (memory, gate) = (Memory::default(), Arc::new(Semaphore::new(0)));
    let answering = Arc::clone(&gate);
    let server = Canned::start(move |request| memory.answer(request).behind(&answering)).await;
    let table = new_name();
    let schedule = schedule(server.dynamo(), &table, Some(16));
    let read = |consistent| tokio::spawn(schedule.get("ann".to_owned(), consistent));
    let first = read(false);
    server.has_seen(1).await;
    let joined = read(false);
    // What a login of another process wrote meanwhile would be missing for a strong one.
    let strong = read(true);
    server.has_seen(2).await;
    gate.add_permits(1);
    for read in [first, joined, strong] {
        assert!(read.await.unwrap().is_ok());
    }
    assert_eq!(server.operations(), ["GetItem", "GetItem"]);
    assert!(read(false).await.unwrap().is_ok(), "the first is over");
    assert_eq!(server.operations().len(), 3);
}

#[tokio::test]
async fn under_load_operations_wait_and_go_together() {
    let (memory, gate) = (Memory::default(), Arc::new(Semaphore::new(0)));
    let answering = Arc::clone(&gate);
    let server = Canned::start(move |request| memory.answer(request).behind(&answering)).await;
    let store = Arc::new(store(server.dynamo(), &new_name(), 2));
    let load = |sid: &'static str| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { json(store.load(sid, NOW, AMPLE)).await })
    };
    let mut loads = Vec::new();
    for (already, sid) in ["ann", "bob"].into_iter().enumerate() {
        loads.push(load(sid));
        server.has_seen(already + 1).await;
    }
    for sid in ["cat", "dan"] {
        loads.push(load(sid));
        tokio::task::yield_now().await;
    }
    // As many wait as are in flight.
    server.has_seen(3).await;
    loads.push(load("eve"));
    tokio::task::yield_now().await;
    let seen = ["GetItem", "GetItem", "BatchGetItem"];
    assert_eq!(server.operations(), seen);
    gate.add_permits(1);
    for load in loads {
        assert_eq!(load.await.unwrap(), Ok(None));
    }
    assert_eq!(server.operations()[3..], ["GetItem"]);
}

// What DynamoDB may do about a batch.

#[tokio::test]
async fn what_is_left_unprocessed_is_asked_for_again() {
    let memory = Memory::default();
    let (store, server) = on(move |request| match batch(request).1.len() {
        10 => memory.answer_but(request, &[0, 2, 3, 4, 5, 6, 7, 8]),
        8 => memory.answer_but(request, &[3]),
        _ => memory.answer(request),
    })
    .await;
    let sids = sids(10);
    assert_eq!(save_all(&store, &sids).await, vec![Ok(()); 10]);
    let sizes = server
        .requests()
        .into_iter()
        .map(|request| batch(&request).1.len());
    assert_eq!(sizes.collect::<Vec<_>>(), [10, 8, 1]);
    assert_eq!(load_all(&store, &sids).await, all_there(&sids));
    assert_eq!(server.operations().len(), 6);
}

#[tokio::test]
async fn what_is_left_unprocessed_again_and_again_gets_an_answer_of_its_own() {
    let memory = Memory::default();
    let throttled = "ProvisionedThroughputExceededException";
    let (store, _server) = on(move |request| match request.operation.as_str() {
        "BatchGetItem" | "BatchWriteItem" => memory.answer_but(request, &[0]),
        "GetItem" | "PutItem" => Answer::error(400, throttled, "Slow down"),
        _ => memory.answer(request),
    })
    .await;
    let sids = sids(3);
    // One of them is throttled until its deadline, whichever was the first of the batch.
    let saves = sids
        .iter()
        .map(|sid| store.save(record(sid, &data(0)), SHORT * 4));
    let saved = join_all(saves).await;
    let mut saved = codes(&saved);
    saved.sort();
    assert_eq!(saved, ["", "", throttled]);
    let loads = sids.iter().map(|sid| json(store.load(sid, NOW, SHORT * 4)));
    let loaded = join_all(loads).await;
    let mut loaded = codes(&loaded);
    loaded.sort();
    assert_eq!(loaded, ["", "", throttled]);
}

#[tokio::test]
async fn a_batch_that_is_refused_is_sent_one_by_one() {
    let memory = Memory::default();
    let (store, server) = on(move |request| match request.operation.as_str() {
        "BatchGetItem" | "BatchWriteItem" => {
            Answer::error(400, "ValidationException", "One of them is wrong")
        }
        "PutItem" if request.body["Item"]["id"]["S"] == "sid1" => {
            Answer::error(400, "ValidationException", "This one")
        }
        _ => memory.answer(request),
    })
    .await;
    let sids = sids(3);
    let saved = save_all(&store, &sids).await;
    assert_eq!(codes(&saved), ["", "ValidationException", ""]);
    let loaded = load_all(&store, &sids).await;
    assert_eq!(loaded, [Ok(Some(data(0))), Ok(None), Ok(Some(data(2)))]);
    let operations = server.operations();
    assert_eq!(count(&operations, "BatchWriteItem"), 1);
    assert_eq!(count(&operations, "PutItem"), 3);
    assert_eq!(count(&operations, "BatchGetItem"), 1);
    assert_eq!(count(&operations, "GetItem"), 3);
}

#[tokio::test]
async fn of_two_writes_to_a_key_the_first_is_done_where_the_second_is_refused() {
    let memory = Memory::default();
    let (store, _server) = on(move |request| {
        if request.operation == "PutItem" && request.body["Item"]["sess"]["S"] == data(1) {
            return Answer::error(400, "ValidationException", "This one");
        }
        memory.answer(request)
    })
    .await;
    let saves = (0..2).map(|number| store.save(record("ann", &data(number)), AMPLE));
    assert_eq!(codes(&join_all(saves).await), ["", "ValidationException"]);
    let found = json(store.load("ann", NOW, AMPLE)).await;
    assert_eq!(found, Ok(Some(data(0))));
}

#[tokio::test]
async fn a_role_that_may_not_use_batches_is_asked_once() {
    for code in ["AccessDeniedException", "UnknownOperationException"] {
        let memory = Memory::default();
        let (store, server) = on(move |request| match request.operation.as_str() {
            "BatchGetItem" | "BatchWriteItem" => Answer::error(400, code, "No batches"),
            _ => memory.answer(request),
        })
        .await;
        let sids = sids(30);
        for _ in 0..3 {
            assert_eq!(save_all(&store, &sids).await, vec![Ok(()); 30]);
            assert_eq!(load_all(&store, &sids).await, all_there(&sids));
        }
        let operations = server.operations();
        // A second batch of writes, with what was over, was on its way already.
        assert!(count(&operations, "BatchWriteItem") <= 2, "{operations:?}");
        assert_eq!(count(&operations, "BatchGetItem"), 1);
        assert_eq!(count(&operations, "PutItem"), 90);
        assert_eq!(count(&operations, "GetItem"), 90);
    }
}

#[tokio::test]
async fn a_failure_that_holds_for_all_reaches_each_of_them() {
    for code in ["ResourceNotFoundException", "ThrottlingException"] {
        let (store, server) = on(move |_| Answer::error(400, code, "No")).await;
        let sids = sids(3);
        let saves = sids
            .iter()
            .map(|sid| store.save(record(sid, &data(0)), SHORT));
        assert_eq!(codes(&join_all(saves).await), [code; 3]);
        let loads = sids.iter().map(|sid| json(store.load(sid, NOW, SHORT)));
        assert_eq!(codes(&join_all(loads).await), [code; 3]);
        let operations = server.operations();
        assert_eq!(
            count(&operations, "PutItem") + count(&operations, "GetItem"),
            0
        );
    }
}

#[tokio::test]
async fn a_torn_connection_costs_nobody_an_answer() {
    let memory = Memory::default();
    let mut seen = 0;
    let (store, _server) = on(move |request| {
        seen += 1;
        let answer = memory.answer(request);
        match seen % 3 {
            0 => answer.torn(),
            1 => Answer::Close,
            _ => answer,
        }
    })
    .await;
    let sids = sids(10);
    assert_eq!(save_all(&store, &sids).await, vec![Ok(()); 10]);
    assert_eq!(load_all(&store, &sids).await, all_there(&sids));
}

#[tokio::test]
async fn a_connection_that_is_always_torn_fails_them_all() {
    let (store, _server) = on(|_| Answer::Close).await;
    let sids = sids(3);
    assert_eq!(
        codes(&save_all(&store, &sids).await),
        ["ERR_SESSION_UNREACHABLE"; 3]
    );
    assert_eq!(
        codes(&load_all(&store, &sids).await),
        ["ERR_SESSION_UNREACHABLE"; 3]
    );
}

#[tokio::test]
async fn a_large_session_goes_alone_and_spoils_nothing() {
    let table = new_name();
    create(&table).await;
    let store = store(dynamo(), &table, 16);
    let sids = sids(25);
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(390_000));
    let too_large = format!(r#"{{"text":"{}"}}"#, "x".repeat(420_000));
    let saves = sids.iter().enumerate().map(|(number, sid)| {
        let data = match number {
            7 => large.clone(),
            8 => too_large.clone(),
            _ => data(number),
        };
        store.save(record(sid, &data), AMPLE)
    });
    let mut expected = vec![String::new(); 25];
    "ERR_SESSION_TOO_LARGE".clone_into(&mut expected[8]);
    assert_eq!(codes(&join_all(saves).await), expected);
    let mut there = all_there(&sids);
    there[7] = Ok(Some(large));
    there[8] = Ok(None);
    assert_eq!(load_all(&store, &sids).await, there);
    remove(&table).await;
}

// Deadlines.

#[tokio::test]
async fn a_deadline_passes_for_who_waits_and_the_next_have_their_turn() {
    let memory = Memory::default();
    let hangs = Arc::new(AtomicBool::new(true));
    let hanging = Arc::clone(&hangs);
    let server = Canned::start(move |request| {
        if hanging.load(Ordering::Relaxed) {
            return Answer::Hang;
        }
        memory.answer(request)
    })
    .await;
    // One request at a time: whoever comes after the first waits for it.
    let store = store(server.dynamo(), &new_name(), 1);
    let first = store.save(record("ann", "{}"), SHORT);
    let same = async {
        server.has_seen(1).await;
        store.destroy("ann", SHORT).await
    };
    let other = async {
        server.has_seen(1).await;
        json(store.load("bob", NOW, SHORT)).await
    };
    let (first, (same, other)) = join(first, join(same, other)).await;
    assert_eq!(codes(&[first]), ["ERR_SESSION_TIMEOUT"]);
    assert_eq!(codes(&[same]), ["ERR_SESSION_TIMEOUT"]);
    assert_eq!(codes(&[other]), ["ERR_SESSION_TIMEOUT"]);
    // The one that hung is given up, and holds nobody.
    hangs.store(false, Ordering::Relaxed);
    assert_eq!(json(store.load("ann", NOW, AMPLE)).await, Ok(None));
    assert_eq!(json(store.load("bob", NOW, AMPLE)).await, Ok(None));
}

#[tokio::test]
async fn a_batch_goes_on_for_those_who_still_wait() {
    let (memory, gate) = (Memory::default(), Arc::new(Semaphore::new(0)));
    let answering = Arc::clone(&gate);
    let (store, server) = on(move |request| memory.answer(request).behind(&answering)).await;
    let short = json(store.load("ann", NOW, SHORT));
    let long = json(store.load("bob", NOW, AMPLE));
    let open = async {
        let outcome = short.await;
        gate.add_permits(1);
        outcome
    };
    let (short, long) = join(open, long).await;
    assert_eq!(codes(&[short]), ["ERR_SESSION_TIMEOUT"]);
    assert_eq!(long, Ok(None));
    assert_eq!(server.operations(), ["BatchGetItem"]);
}

/// The `code` of each failure, nothing for a success.
fn codes<T>(outcomes: &[Result<T>]) -> Vec<&str> {
    let codes = outcomes.iter().map(|outcome| match outcome {
        Ok(_) => "",
        Err(error) => error.code(),
    });
    codes.collect()
}
