//! A panic, which is a defect of this package: it fails those calls that it happens in, at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use dynamo_session_store::core::deadline::within;
use dynamo_session_store::core::dynamo::schedule::Schedule;
use dynamo_session_store::core::error::Result;
use futures_util::future::join_all;

use crate::support::fake::{Fake, Reads};
use crate::support::{AMPLE, new_name, schedule};

/// A way to DynamoDB on which a step panics while `is_broken`.
#[derive(Default)]
struct Broken {
    prepare: AtomicBool,
    send: AtomicBool,
}

fn panic_if(is_broken: &AtomicBool) {
    assert!(
        !is_broken.load(Ordering::Relaxed),
        "a defect that a test wants"
    );
}

impl Reads for Broken {
    fn prepare(&self) -> Result<()> {
        panic_if(&self.prepare);
        Ok(())
    }

    fn get_item(&self, _: GetItemInputBuilder) -> Result<GetItemOutput> {
        panic_if(&self.send);
        Ok(GetItemOutput::builder().build())
    }

    fn batch_get_item(&self, _: BatchGetItemInputBuilder) -> Result<BatchGetItemOutput> {
        panic_if(&self.send);
        Ok(BatchGetItemOutput::builder().build())
    }
}

fn broken(prepare: bool, send: bool) -> (Arc<Broken>, Schedule) {
    let broken = Arc::new(Broken {
        prepare: prepare.into(),
        send: send.into(),
    });
    let schedule = schedule(Fake(Arc::clone(&broken)), &new_name(), Some(1));
    (broken, schedule)
}

/// The code that each of `count` reads at a time ends with, nothing for a success.
async fn read(schedule: &Schedule, count: usize) -> Vec<String> {
    let reads = (0..count).map(|number| {
        let read = schedule.get(format!("sid{number}"), true);
        within(AMPLE, "get", read)
    });
    let outcomes = join_all(reads).await.into_iter();
    let codes = outcomes.map(|outcome| match outcome {
        Ok(_) => String::new(),
        Err(error) => error.code().to_owned(),
    });
    codes.collect()
}

#[tokio::test(start_paused = true)]
async fn where_it_is_found_out_how_requests_go_the_calls_go_on() {
    let (_broken, schedule) = broken(true, false);
    assert_eq!(read(&schedule, 1).await, [""]);
    assert_eq!(read(&schedule, 5).await, [""; 5]);
}

#[tokio::test(start_paused = true)]
async fn each_call_fails_at_once_and_the_next_goes_on() {
    let (broken, schedule) = broken(true, true);
    for count in [1, 5, 1] {
        let codes = read(&schedule, count).await;
        assert!(
            codes.iter().all(|code| code == "ERR_SESSION_INTERNAL"),
            "{codes:?}"
        );
    }
    broken.send.store(false, Ordering::Relaxed);
    assert_eq!(read(&schedule, 5).await, [""; 5]);
}
