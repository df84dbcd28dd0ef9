//! Operations that are queued while requests end, as in `src/core/dynamo/schedule/table.rs`.
//!
//! Defects that were planted in `pump.rs`, and found: `run` clears the flag after the work, or not at all;
//! `soon` starts a task only if one is due; `now` works only if a task is due.
//!
//! loom also refuses a `run` that clears the flag with a store instead of a swap. This is too strict: a swap always
//! directly follows the value that it has read, so the store comes after each swap of `soon` that relied on the
//! task. loom does not know this rule, and lets `now` read the older value.

use loom::sync::{Arc, Mutex};
use loom::thread::{self, JoinHandle};

use crate::pump::Pump;

/// The moment at which a task clears the flag of the pump.
#[derive(Clone, Copy, PartialEq)]
enum Clears {
    /// By [`Pump::run`].
    BeforeItSends,
    /// The defect.
    AfterItHasSent,
}

/// The queue: how many operations wait, how many requests may be sent, and how many were sent.
struct Queue {
    waiting: usize,
    free: usize,
    sent: usize,
}

struct Table {
    queue: Mutex<Queue>,
    pump: Pump,
    clears: Clears,
}

impl Table {
    fn new(free: usize, clears: Clears) -> Self {
        let queue = Queue {
            waiting: 0,
            free,
            sent: 0,
        };
        Self {
            queue: Mutex::new(queue),
            pump: Pump::default(),
            clears,
        }
    }

    /// Sends all operations that may be sent now. As in the addon, the queue is locked for each request anew.
    fn send(&self) {
        while self.next() {}
    }

    fn next(&self) -> bool {
        let mut queue = self.queue.lock().unwrap();
        let may_send = queue.waiting > 0 && queue.free > 0;
        if may_send {
            queue.waiting -= 1;
            queue.free -= 1;
            queue.sent += 1;
        }
        may_send
    }

    /// The task that `pump_soon` starts.
    fn run(&self) {
        match self.clears {
            Clears::BeforeItSends => self.pump.run(|| self.send()),
            Clears::AfterItHasSent => {
                self.send();
                self.pump.run(|| ());
            }
        }
    }
}

/// Queues an operation. If this starts a task, returns the task.
fn add(table: &Arc<Table>) -> Option<JoinHandle<()>> {
    table.queue.lock().unwrap().waiting += 1;
    let mut task = None;
    table.pump.soon(|| {
        let table = Arc::clone(table);
        task = Some(thread::spawn(move || table.run()));
    });
    task
}

/// Ends a request, so that another one may be sent.
fn release(table: &Table) {
    table.queue.lock().unwrap().free += 1;
    table.pump.now(|| table.send());
}

/// Two threads queue operations, and one of them ends a request. In the end, all operations are sent.
fn model(clears: Clears) {
    crate::check(move || {
        let table = Arc::new(Table::new(1, clears));
        let other = thread::spawn({
            let table = Arc::clone(&table);
            move || {
                let task = add(&table);
                release(&table);
                task
            }
        });
        let own = add(&table);
        for task in [own, other.join().unwrap()].into_iter().flatten() {
            task.join().unwrap();
        }
        let queue = table.queue.lock().unwrap();
        assert_eq!(queue.sent, 2, "operations are left");
    });
}

/// A thread queues an operation, while another one ends the request that was in its way.
#[test]
fn a_single_operation_is_sent() {
    crate::check(|| {
        let table = Arc::new(Table::new(0, Clears::BeforeItSends));
        let other = thread::spawn({
            let table = Arc::clone(&table);
            move || release(&table)
        });
        if let Some(task) = add(&table) {
            task.join().unwrap();
        }
        other.join().unwrap();
        assert_eq!(table.queue.lock().unwrap().sent, 1);
    });
}

#[test]
fn all_operations_that_may_be_sent_are_sent() {
    model(Clears::BeforeItSends);
}

#[test]
#[should_panic(expected = "operations are left")]
fn a_flag_that_is_cleared_after_sending_leaves_an_operation() {
    model(Clears::AfterItHasSent);
}
