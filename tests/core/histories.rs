//! Merged requests, everything at once, against a model: nobody can tell that they are merged.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use dynamo_session_store::core::dynamo::sdk::SdkDynamo;
use dynamo_session_store::core::error::Result;
use dynamo_session_store::core::options::TableName;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::task::JoinHandle;

use crate::support::canned::{Answer, Canned};
use crate::support::memory::Memory;
use crate::support::merged::{NOW, Store, create, data, end, record, store};
use crate::support::{AMPLE, dynamo, json, new_name, remove};

/// What is asked of one session.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Get,
    Set,
    Touch,
    Destroy,
}

/// A step of a history: what is asked of which session, and whether everybody else runs first.
type Step = (Asked, usize, bool);

fn history(sessions: usize) -> impl Strategy<Value = (usize, Vec<Step>)> {
    let asked = prop_oneof![
        4 => Just(Asked::Get),
        3 => Just(Asked::Set),
        2 => Just(Asked::Touch),
        1 => Just(Asked::Destroy),
    ];
    let step = (asked, 0..sessions, prop::bool::weighted(0.1));
    (1..20usize, prop::collection::vec(step, 1..250))
}

/// What came of a step.
#[derive(Debug)]
enum Outcome {
    Got(Option<String>),
    Touched(bool),
    Done,
}

/// Asks for all steps, in order and without waiting for an answer, and compares what each gets with
/// what it would have got had each waited for the one before.
async fn check(store: &Arc<Store>, run: &str, steps: &[Step]) -> Result<(), TestCaseError> {
    // Of each session: every state that it is given, in order.
    let mut lives: HashMap<usize, Vec<Option<String>>> = HashMap::new();
    let mut asked = Vec::new();
    for (number, &(what, session, pause)) in steps.iter().enumerate() {
        let life = lives.entry(session).or_insert_with(|| vec![None]);
        asked.push((
            session,
            life.len() - 1,
            ask(store, run, what, session, number),
        ));
        match what {
            Asked::Set => life.push(Some(data(number))),
            Asked::Destroy => life.push(None),
            Asked::Get | Asked::Touch => {}
        }
        if pause {
            tokio::task::yield_now().await;
        }
    }
    for (session, at, outcome) in asked {
        let life = &lives[&session];
        match outcome.await.unwrap() {
            Ok(Outcome::Got(found)) => prop_assert_eq!(found, life[at].clone()),
            Ok(Outcome::Touched(found)) => prop_assert_eq!(found, life[at].is_some()),
            Ok(Outcome::Done) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
    for (session, life) in &lives {
        let found = json(store.load(&sid(run, *session), NOW, AMPLE)).await;
        prop_assert_eq!(found.as_ref().ok(), life.last(), "at the end");
    }
    Ok(())
}

fn sid(run: &str, session: usize) -> String {
    format!("{run}-{session}")
}

fn ask(
    store: &Arc<Store>,
    run: &str,
    what: Asked,
    session: usize,
    number: usize,
) -> JoinHandle<Result<Outcome>> {
    let (store, sid) = (Arc::clone(store), sid(run, session));
    tokio::spawn(async move {
        Ok(match what {
            Asked::Get => Outcome::Got(json(store.load(&sid, NOW, AMPLE)).await?),
            Asked::Touch => Outcome::Touched(store.touch(&sid, end(), AMPLE).await?),
            Asked::Set => {
                store.save(record(&sid, &data(number)), AMPLE).await?;
                Outcome::Done
            }
            Asked::Destroy => {
                store.destroy(&sid, AMPLE).await?;
                Outcome::Done
            }
        })
    })
}

/// Checks many histories of few sessions and of many.
fn check_histories(dynamo: impl AsyncFn() -> (SdkDynamo, TableName)) -> TableName {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let (dynamo, table) = runtime.block_on(dynamo());
    let runs = Cell::new(0);
    for sessions in [3, 60] {
        let config = Config {
            cases: 32,
            failure_persistence: None,
            ..Config::default()
        };
        let checked = TestRunner::new(config).run(&history(sessions), |(threshold, steps)| {
            runs.set(runs.get() + 1);
            let store = Arc::new(store(dynamo.clone(), &table, threshold));
            runtime.block_on(check(&store, &format!("run{}", runs.get()), &steps))
        });
        checked.unwrap_or_else(|failure| panic!("{failure}"));
    }
    table
}

#[test]
fn nobody_can_tell_that_requests_are_merged() {
    let table = check_histories(async || {
        let table = new_name();
        create(&table).await;
        (dynamo(), table)
    });
    let runtime = tokio::runtime::Builder::new_current_thread();
    { runtime }
        .enable_all()
        .build()
        .unwrap()
        .block_on(remove(&table));
}

#[test]
fn nobody_can_tell_it_either_where_dynamodb_misbehaves() {
    check_histories(async || {
        let memory = Memory::default();
        let mut seen = HashMap::new();
        let mut number = 0;
        let server = Canned::start(move |request| {
            number += 1;
            // Each request at most once, and not too many: the SDK gives up after three failures, and
            // stops trying again where too much fails.
            let text = format!("{} {}", request.operation, request.body);
            if seen.insert(text, ()).is_some() {
                return memory.answer(request);
            }
            let is_batch = request.operation.starts_with("Batch");
            match number % 40 {
                0 if is_batch => memory.answer_but(request, &[0, 2]),
                1 if is_batch => Answer::error(400, "ValidationException", "No"),
                2 => Answer::error(400, "ThrottlingException", "Later"),
                3 => Answer::error(500, "InternalServerError", "Later"),
                4 => memory.answer(request).torn(),
                5 => {
                    memory.answer(request);
                    Answer::Close
                }
                _ => memory.answer(request),
            }
        })
        .await;
        (server.dynamo(), new_name())
    });
}
