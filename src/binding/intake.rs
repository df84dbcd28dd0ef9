//! The calls that JavaScript has made, of all stores of the process, on their way to the runtime.
//!
//! The event loop only puts a call into a queue, which is cheap. A task of the runtime has them begin
//! in the order in which they were made, one after the other: a call that begins takes its place
//! among the operations on its session. No two such tasks run at a time, and so no call overtakes
//! another one, be it of another store.
//!
//! In an application each call comes in a callback of its own, so that each might find the runtime
//! asleep. Waking a thread takes the event loop longer than all the rest of a call, 20 µs and more on
//! a virtual machine: the task looks for further calls for a moment before it ends.

use std::future::Future;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::task::yield_now;

use super::runtime::spawn;
use crate::core::context::{self, CallContext};

/// Has a call begin. The future that it gives ends with the call, and tells nobody: whoever made the
/// call has to be told by the call itself.
pub type Begin = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// How long the task looks for further calls. In pages of Express 20 µs make requests cheaper and
/// faster, and no CPU time more than without; 100 µs take CPU time. See `bench/README.md`.
const LOOKING: Duration = Duration::from_micros(20);

/// How many calls go on in one task: with one for each, a call takes more CPU time.
///
/// Tokio has a task do 128 things before it yields. A call that waits does two of them, it looks for its
/// answer and at its deadline. A task with more calls polls the rest of them in vain each time.
const CALLS_OF_A_TASK: usize = 64;

struct Intake {
    made: Vec<Begin>,
    /// Whether a task is having calls begin, or looks for some.
    is_busy: bool,
}

static INTAKE: Mutex<Intake> = Mutex::new(Intake {
    made: Vec::new(),
    is_busy: false,
});

fn intake() -> MutexGuard<'static, Intake> {
    // Nothing that is done under this lock can panic half way.
    INTAKE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a call behind all that were made before it. The call begins and goes on in `context`.
pub fn enqueue(context: Option<CallContext>, begin: Begin) {
    let begin = match context {
        Some(context) => Box::new(move || context::begin(context, begin).boxed()),
        None => begin,
    };
    intake().made.push(begin);
}

/// Has all calls begin that are in the queue. All in one go: the runtime is woken once, and
/// operations that may be merged are there together.
pub fn begin_all() {
    {
        let mut intake = intake();
        // A task that is busy sees to those that have come meanwhile: nobody has to be woken.
        if intake.is_busy || intake.made.is_empty() {
            return;
        }
        intake.is_busy = true;
    }
    let busy = Busy;
    spawn(async move {
        let mut last = Instant::now();
        loop {
            let made = std::mem::take(&mut intake().made);
            if !made.is_empty() {
                begin_each(made);
                last = Instant::now();
            } else if last.elapsed() >= LOOKING {
                break;
            }
            // Requests and answers go on meanwhile.
            yield_now().await;
        }
        drop(busy);
        // Those that were made after the last look.
        begin_all();
    });
}

fn begin_each(made: Vec<Begin>) {
    for task in tasks(made) {
        spawn(task);
    }
}

/// Has calls begin, and gives the tasks in which they go on.
fn tasks(made: Vec<Begin>) -> impl Iterator<Item = impl Future<Output = ()> + Send> {
    let mut made = made.into_iter();
    iter::from_fn(move || {
        if made.len() == 0 {
            return None;
        }
        // A call whose beginning panics has been told so by its own guard. The others go on.
        let begun = made
            .by_ref()
            .take(CALLS_OF_A_TASK)
            .filter_map(|begin| catch_unwind(AssertUnwindSafe(begin)).ok())
            .collect::<FuturesUnordered<_>>();
        Some(begun.collect::<()>())
    })
}

/// A task that has calls begin, until this is dropped: when all have, or the runtime ends before.
struct Busy;

impl Drop for Busy {
    fn drop(&mut self) {
        intake().is_busy = false;
    }
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
