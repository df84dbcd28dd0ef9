//! Batches that DynamoDB denies: for as long as the role lacks the permission, and no longer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dynamo_session_store::core::error::Result;
use futures_util::future::join_all;

use crate::support::canned::{Answer, Canned, Request};
use crate::support::memory::Memory;
use crate::support::merged::{NOW, Store, data, record, store};
use crate::support::{AMPLE, json, new_name};

const DENIED: &str = "AccessDeniedException";

/// Fewer than a batch of writes takes.
const SESSIONS: usize = 5;

/// A store on a server that denies what `is_denied` says while the switch is on.
async fn denying(
    is_denied: impl Fn(&Request) -> bool + Send + 'static,
) -> (Store, Canned, Arc<AtomicBool>) {
    let (memory, switch) = (Memory::default(), Arc::new(AtomicBool::new(true)));
    let is_on = Arc::clone(&switch);
    let server = Canned::start(move |request| {
        if is_on.load(Ordering::Relaxed) && is_denied(request) {
            return Answer::error(400, DENIED, "not authorized to perform it");
        }
        memory.answer(request)
    })
    .await;
    (store(server.dynamo(), &new_name(), 1), server, switch)
}

fn is_batch(request: &Request) -> bool {
    request.operation.starts_with("Batch")
}

/// Writes and reads sessions, each at the same time. The operations that this took, and the outcomes.
async fn use_sessions(store: &Store, server: &Canned) -> (Vec<String>, Vec<Result<()>>) {
    let before = server.operations().len();
    let sids: Vec<_> = (0..SESSIONS).map(|number| format!("sid{number}")).collect();
    let saves = sids.iter().enumerate();
    let saves = saves.map(|(number, sid)| store.save(record(sid, &data(number)), AMPLE));
    let mut outcomes = join_all(saves).await;
    let loads = sids.iter().map(|sid| json(store.load(sid, NOW, AMPLE)));
    let loads = join_all(loads).await.into_iter();
    outcomes.extend(loads.map(|loaded| loaded.map(|_| ())));
    (server.operations().split_off(before), outcomes)
}

/// What [`use_sessions`] sends where it merges, and where it does not.
fn merged() -> Vec<&'static str> {
    vec!["BatchWriteItem", "BatchGetItem"]
}

fn singles() -> Vec<&'static str> {
    [["PutItem"; SESSIONS], ["GetItem"; SESSIONS]].concat()
}

/// The same where batches are tried and denied.
fn tried() -> Vec<&'static str> {
    let put = [vec!["BatchWriteItem"], vec!["PutItem"; SESSIONS]];
    let get = [vec!["BatchGetItem"], vec!["GetItem"; SESSIONS]];
    [put.concat(), get.concat()].concat()
}

/// Moves the clock of the runtime.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_denial_of_everything_says_nothing_of_batches() {
    let (store, server, denies) = denying(|_| true).await;
    let (operations, outcomes) = use_sessions(&store, &server).await;
    assert_eq!(operations, tried());
    let is_denied = |outcome: &Result<()>| outcome.as_ref().is_err_and(|e| e.is_service(DENIED));
    assert!(outcomes.iter().all(is_denied), "{outcomes:?}");
    denies.store(false, Ordering::Relaxed);
    let (operations, outcomes) = use_sessions(&store, &server).await;
    assert_eq!(operations, merged());
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

#[tokio::test]
async fn a_role_that_may_not_use_batches_is_asked_again_after_five_minutes() {
    let (store, server, denies) = denying(is_batch).await;
    let operations = async || {
        let (operations, outcomes) = use_sessions(&store, &server).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        operations
    };
    for _ in 0..2 {
        assert_eq!(operations().await, tried());
        assert_eq!(operations().await, singles());
        pass(Duration::from_secs(290)).await;
        assert_eq!(operations().await, singles());
        pass(Duration::from_secs(10)).await;
    }
    // Somebody has given the role the permission.
    denies.store(false, Ordering::Relaxed);
    assert_eq!(operations().await, merged());
    assert_eq!(operations().await, merged());
}
