//! Batches of which DynamoDB leaves a part, and reads that are joined beside writes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use dynamo_session_store::core::error::Result;
use dynamo_session_store::core::store::{Conflict, Known, Saved, SessionStore};
use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::support::canned::Canned;
use crate::support::fake::{Fake, Reads};
use crate::support::memory::{Memory, batch};
use crate::support::merged::{NOW, data, layout, record, store};
use crate::support::{AMPLE, json, new_name, schedule};

/// Leaves everything unprocessed, and notes when it was asked.
#[derive(Default)]
struct LeavesAll(Mutex<Vec<Instant>>);

impl LeavesAll {
    fn note(&self) {
        self.0.lock().unwrap().push(Instant::now());
    }

    /// How long it was between the times that it was asked.
    fn pauses(&self) -> Vec<Duration> {
        let asked = self.0.lock().unwrap();
        asked.windows(2).map(|two| two[1] - two[0]).collect()
    }
}

impl Reads for LeavesAll {
    fn get_item(&self, _: GetItemInputBuilder) -> Result<GetItemOutput> {
        self.note();
        Ok(GetItemOutput::builder().build())
    }

    fn batch_get_item(&self, request: BatchGetItemInputBuilder) -> Result<BatchGetItemOutput> {
        self.note();
        let left = request.get_request_items().clone();
        let output = BatchGetItemOutput::builder().set_unprocessed_keys(left);
        Ok(output.build())
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_asked_for_again_after_pauses_of_any_length_up_to_a_bound() {
    let bounds = [50, 100, 200, 400].map(Duration::from_millis);
    let mut runs = Vec::new();
    for _ in 0..40 {
        let leaves_all = Arc::new(LeavesAll::default());
        let schedule = schedule(Fake(Arc::clone(&leaves_all)), &new_name(), Some(1));
        let read = schedule.get_many(["a".to_owned(), "b".to_owned()], true);
        assert_eq!(join_all(read).await, [Ok(None), Ok(None)]);
        // The two are asked for alone in the end, at the same time.
        let pauses = leaves_all.pauses();
        assert_eq!(pauses.len(), bounds.len() + 1);
        runs.push(pauses);
    }
    for (round, bound) in bounds.into_iter().enumerate() {
        let mut pauses: Vec<_> = runs.iter().map(|pauses| pauses[round]).collect();
        pauses.sort();
        assert!(
            pauses[pauses.len() - 1] <= bound,
            "round {round}: {pauses:?}"
        );
        // Those who wait must not all come back at once.
        assert!(pauses[0] < bound / 2, "round {round}: {pauses:?}");
        assert!(
            pauses[pauses.len() - 1] > bound / 2,
            "round {round}: {pauses:?}"
        );
        pauses.dedup();
        assert!(pauses.len() > 10, "round {round}: {pauses:?}");
    }
}

#[tokio::test]
async fn deletions_that_are_left_are_asked_for_again() {
    let memory = Memory::default();
    let server = Canned::start(move |request| match request.operation.as_str() {
        "BatchWriteItem" if batch(request).1.len() == 5 => memory.answer_but(request, &[1, 3]),
        _ => memory.answer(request),
    })
    .await;
    let store = store(server.dynamo(), &new_name(), 1);
    let sids: Vec<_> = (0..5).map(|number| format!("sid{number}")).collect();
    for sid in &sids {
        store.save(record(sid, &data(0)), AMPLE).await.unwrap();
    }
    assert_eq!(store.destroy_many(&sids, AMPLE).await, Ok(()));
    let requests = server.requests().into_iter();
    let batches = requests.filter(|request| request.operation == "BatchWriteItem");
    let sizes: Vec<_> = batches.map(|request| batch(&request).1.len()).collect();
    assert_eq!(sizes, [5, 2]);
    let loads = sids.iter().map(|sid| json(store.load(sid, NOW, AMPLE)));
    assert_eq!(join_all(loads).await, vec![Ok(None); 5]);
}

#[tokio::test]
async fn a_read_joins_none_that_was_sent_before_a_versioned_save() {
    let (memory, gate) = (Memory::default(), Arc::new(Semaphore::new(0)));
    let answering = Arc::clone(&gate);
    let server = Canned::start(move |request| memory.answer(request).behind(&answering)).await;
    let schedule = schedule(server.dynamo(), &new_name(), Some(16));
    // Reads that need not be consistent are joined.
    let store = SessionStore::new(schedule, layout(), false);
    let before = tokio::spawn(json(store.load("ann", NOW, AMPLE)));
    server.has_seen(1).await;
    let known = Known {
        version: Some("read".to_owned()),
        base: Some("{}".to_owned()),
        stored: None,
        conflict: Conflict::Merge,
        failed: vec![],
    };
    let save = store.save_version(
        record("ann", &data(1)),
        "mine".into(),
        Some(known),
        None,
        AMPLE,
    );
    let save = tokio::spawn(save);
    let after = tokio::spawn(json(store.load("ann", NOW, AMPLE)));
    gate.add_permits(1);
    assert_eq!(before.await.unwrap(), Ok(None));
    assert_eq!(save.await.unwrap(), Ok(Saved::AsGiven));
    assert_eq!(after.await.unwrap(), Ok(Some(data(1))));
    assert_eq!(server.operations(), ["GetItem", "PutItem", "GetItem"]);
}
