//! A replica of a global table that refuses to write items which another Region writes.

use std::time::Duration;

use dynamo_session_store::core::error::Result;
use futures_util::future::join_all;

use crate::support::canned::{Answer, Canned, Request};
use crate::support::memory::{Memory, batch};
use crate::support::merged::{NOW, data, record, store};
use crate::support::{AMPLE, json, new_name};

/// Long enough for several attempts.
const SHORT: Duration = Duration::from_secs(2);

const CONFLICT: &str = "ReplicatedWriteConflictException";

/// Three sessions that are saved at the same time, of which another Region writes `sid1`: its first
/// `refused` writes alone are refused, and so is every batch with it.
async fn save_beside_another_region(refused: usize) -> (Vec<Result<()>>, Vec<Option<String>>) {
    let memory = Memory::default();
    let mut left = refused;
    let server = Canned::start(move |request| {
        let conflict = Answer::error(400, CONFLICT, "modified by a request in another Region");
        match request.operation.as_str() {
            "BatchWriteItem" if has_sid1(request) => conflict,
            "PutItem" if request.body["Item"]["id"]["S"] == "sid1" && left > 0 => {
                left -= 1;
                conflict
            }
            _ => memory.answer(request),
        }
    })
    .await;
    let store = store(server.dynamo(), &new_name(), 1);
    let sids = ["sid0", "sid1", "sid2"];
    let saves = (0..).zip(sids);
    let saves = saves.map(|(number, sid)| {
        // A write that is always refused is tried again until its deadline.
        let is_hopeless = sid == "sid1" && refused == usize::MAX;
        let limit = if is_hopeless { SHORT } else { AMPLE };
        store.save(record(sid, &data(number)), limit)
    });
    let saved = join_all(saves).await;
    let loads = sids.map(|sid| json(store.load(sid, NOW, AMPLE)));
    let loaded = join_all(loads).await.into_iter();
    (saved, loaded.map(|loaded| loaded.unwrap()).collect())
}

fn has_sid1(request: &Request) -> bool {
    let (_table, parts) = batch(request);
    let mut items = parts.iter().map(|part| &part["PutRequest"]["Item"]);
    items.any(|item| item["id"]["S"] == "sid1")
}

#[tokio::test]
async fn an_item_that_another_region_writes_holds_up_no_other_of_its_batch() {
    let (saved, loaded) = save_beside_another_region(usize::MAX).await;
    assert_eq!((&saved[0], &saved[2]), (&Ok(()), &Ok(())));
    let error = saved[1].as_ref().unwrap_err();
    assert!(error.is_service(CONFLICT), "{error:?}");
    assert!(error.retryable());
    assert_eq!(loaded, [Some(data(0)), None, Some(data(2))]);
}

#[tokio::test]
async fn an_item_of_a_batch_is_written_once_the_other_region_is_done() {
    let (saved, loaded) = save_beside_another_region(2).await;
    assert_eq!(saved, vec![Ok(()); 3]);
    assert_eq!(loaded, [Some(data(0)), Some(data(1)), Some(data(2))]);
}
