//! Calls of several threads on their way to the runtime, as in `src/binding/intake.rs`.
//!
//! Defects that were planted in `turns.rs`, and found: `begin` ignores `is_taken`; `end` does not begin
//! again; `end` looks for values before it gives the turn back, under another lock; `take` takes the last
//! value first; the turn is not free again when it is dropped.

use loom::sync::Arc;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread::{self, JoinHandle};

use crate::turns::{Turn, Turns};

type Call = (&'static str, u32);

/// The way in which a task ends its turn.
#[derive(Clone, Copy, PartialEq)]
enum Ends {
    /// By [`Turn::end`].
    WithALastLook,
    /// The defect: it drops the turn, and does not look for the calls that were made after its last look.
    Blindly,
}

/// The process: its intake, and the calls that its tasks have begun.
struct Process {
    intake: &'static Turns<Call>,
    begun: Mutex<Vec<Call>>,
    is_beginning: AtomicBool,
    ends: Ends,
}

impl Process {
    fn new(ends: Ends) -> Arc<Self> {
        Arc::new(Self {
            // As in the addon, the intake lasts as long as the process.
            intake: Box::leak(Box::default()),
            begun: Mutex::new(Vec::new()),
            is_beginning: AtomicBool::new(false),
            ends,
        })
    }

    fn begin_until_idle(&self, turn: Turn<'static, Call>) {
        let mut next = Some(turn);
        while let Some(turn) = next {
            let made = turn.take();
            let others = self.is_beginning.swap(true, Ordering::Relaxed);
            assert!(!others, "two tasks begin calls at a time");
            self.begun.lock().unwrap().extend(made);
            self.is_beginning.store(false, Ordering::Relaxed);
            next = match self.ends {
                Ends::WithALastLook => turn.end(),
                Ends::Blindly => None,
            };
        }
    }
}

/// Makes a call. If this starts a task, returns the task.
fn call(process: &Arc<Process>, call: Call) -> Option<JoinHandle<()>> {
    process.intake.push(call);
    let turn = process.intake.begin()?;
    let process = Arc::clone(process);
    Some(thread::spawn(move || process.begin_until_idle(turn)))
}

/// Two threads make calls. All calls begin, in the order in which each thread has made them.
fn model(ends: Ends) {
    crate::check(move || {
        let process = Process::new(ends);
        let worker = thread::spawn({
            let process = Arc::clone(&process);
            move || [1, 2].map(|number| call(&process, ("worker", number)))
        });
        let main = call(&process, ("main", 1));
        let tasks = worker.join().unwrap().into_iter().chain([main]);
        for task in tasks.flatten() {
            task.join().unwrap();
        }
        let begun = process.begun.lock().unwrap();
        assert_eq!(begun.len(), 3, "calls have begun: {begun:?}");
        let of_worker = begun.iter().filter(|(thread, _)| *thread == "worker");
        let of_worker: Vec<_> = of_worker.map(|(_, number)| *number).collect();
        assert_eq!(of_worker, [1, 2]);
    });
}

#[test]
fn each_call_begins_once_and_in_order() {
    model(Ends::WithALastLook);
}

#[test]
#[should_panic(expected = "calls have begun")]
fn a_task_that_ends_blindly_loses_a_call() {
    model(Ends::Blindly);
}

/// A runtime ends before it has run a task, while another thread makes a call. The intake is not blocked: the calls
/// begin, or can be taken.
#[test]
fn a_runtime_that_ends_leaves_the_turn_to_the_next() {
    crate::check(|| {
        let process = Process::new(Ends::WithALastLook);
        let worker = thread::spawn({
            let process = Arc::clone(&process);
            move || {
                process.intake.push(("worker", 1));
                drop(process.intake.begin());
            }
        });
        let task = call(&process, ("main", 1));
        worker.join().unwrap();
        if let Some(task) = task {
            task.join().unwrap();
        }
        let left = process.intake.begin().map_or(0, |turn| turn.take().len());
        assert_eq!(process.begun.lock().unwrap().len() + left, 2);
    });
}
