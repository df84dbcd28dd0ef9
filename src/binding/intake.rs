//! The calls of all stores of the process, on their way from JavaScript to the runtime.
//!
//! The event loop only puts a call into a queue, which is cheap. A task of the runtime begins the calls one after
//! the other, in the order in which they were made. A call that begins queues its operations behind all earlier
//! operations on its session. Only one such task runs at a time, so no call overtakes another one, not even one of
//! another store.
//!
//! In an application, each call comes in a callback of its own, and each might find the runtime asleep. Waking a
//! thread takes the event loop 20 µs and more on a virtual machine, longer than all the rest of a call. So before
//! the task ends, it looks for further calls for a moment.

use std::future::Future;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::task::yield_now;

use super::runtime::spawn;
use crate::core::context::{self, CallContext};
use crate::core::handoff::turns::{Turn, Turns};

/// Begins a call. The returned future ends with the call. It has no output: the call itself reports its outcome.
pub type Begin = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// The time for which the task looks for further calls. In pages of Express, 20 µs make requests cheaper and
/// faster, and take no more CPU time than without. 100 µs take CPU time. See `bench/README.md`.
const LOOKING: Duration = Duration::from_micros(20);

/// The number of calls in one task. With a task for each, a call takes more CPU time.
///
/// A task of Tokio does at most 128 operations before it yields. A waiting call does two of them: it checks its
/// answer and its deadline. If a task had more calls, it would poll the rest of them in vain each time.
const CALLS_OF_A_TASK: usize = 64;

static INTAKE: LazyLock<Turns<Begin>> = LazyLock::new(Turns::default);

/// Adds a call behind all calls that were made before it. The call begins and continues in `context`.
pub fn enqueue(context: Option<CallContext>, begin: Begin) {
    let begin = match context {
        Some(context) => Box::new(move || context::begin(context, begin).boxed()),
        None => begin,
    };
    INTAKE.push(begin);
}

/// Begins all queued calls, in one go: so the runtime is woken once, and operations that may be merged are queued
/// together.
pub fn begin_all() {
    // If a task has the turn, it also begins the new calls, and no thread has to be woken.
    if let Some(turn) = INTAKE.begin() {
        spawn(begin_until_idle(turn));
    }
}

/// Begins calls until none was made for [`LOOKING`].
async fn begin_until_idle(turn: Turn<'static, Begin>) {
    let mut next = Some(turn);
    while let Some(turn) = next {
        begin_while_looking(&turn).await;
        next = turn.end();
    }
}

async fn begin_while_looking(turn: &Turn<'static, Begin>) {
    let mut last = Instant::now();
    loop {
        let made = turn.take();
        if !made.is_empty() {
            begin_each(made);
            last = Instant::now();
        } else if last.elapsed() >= LOOKING {
            return;
        }
        // Requests and answers go on in between.
        yield_now().await;
    }
}

fn begin_each(made: Vec<Begin>) {
    for task in tasks(made) {
        spawn(task);
    }
}

/// Begins calls. Returns the tasks in which they continue.
fn tasks(made: Vec<Begin>) -> impl Iterator<Item = impl Future<Output = ()> + Send> {
    let mut made = made.into_iter();
    iter::from_fn(move || {
        if made.len() == 0 {
            return None;
        }
        // If the beginning of a call panics, the call's own guard reports this. The other calls go on.
        let begun = made
            .by_ref()
            .take(CALLS_OF_A_TASK)
            .filter_map(|begin| catch_unwind(AssertUnwindSafe(begin)).ok())
            .collect::<FuturesUnordered<_>>();
        Some(begun.collect::<()>())
    })
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::oneshot;

    use super::*;
    use crate::core::deadline::within;
    use crate::core::error::Error;

    const CALLS: usize = 10_000;

    #[tokio::test]
    async fn ten_thousand_calls_that_wait_are_polled_twice_each() {
        let polls = Arc::new(AtomicUsize::new(0));
        let mut answers = Vec::new();
        let made = (0..CALLS).map(|_| {
            let (answer, answered) = oneshot::channel::<()>();
            answers.push(answer);
            let polls = Arc::clone(&polls);
            Box::new(move || {
                let mut waiting = Box::pin(within(Duration::from_secs(60), "a call", async {
                    answered.await.map_err(|_| Error::Closed)
                }));
                poll_fn(move |context| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    waiting.poll_unpin(context).map(|_| ())
                })
                .boxed()
            }) as Begin
        });
        let tasks = tasks(made.collect()).map(tokio::spawn).collect::<Vec<_>>();
        while polls.load(Ordering::Relaxed) < CALLS {
            yield_now().await;
        }
        for answer in answers {
            answer.send(()).expect("the call waits");
        }
        for task in tasks {
            task.await.expect("nothing panics");
        }
        assert_eq!(polls.load(Ordering::Relaxed), 2 * CALLS);
    }

    #[tokio::test]
    async fn a_call_that_panics_takes_no_other_with_it() {
        let begun = Arc::new(AtomicUsize::new(0));
        let made = (0..3 * CALLS_OF_A_TASK).map(|number| {
            let begun = Arc::clone(&begun);
            Box::new(move || {
                // All of one task, and one of the next.
                assert!(!(CALLS_OF_A_TASK..=2 * CALLS_OF_A_TASK).contains(&number));
                async move {
                    begun.fetch_add(1, Ordering::Relaxed);
                }
                .boxed()
            }) as Begin
        });
        for task in tasks(made.collect()) {
            task.await;
        }
        assert_eq!(begun.load(Ordering::Relaxed), 2 * CALLS_OF_A_TASK - 1);
    }
}
