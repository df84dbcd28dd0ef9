//! Outcomes of calls on their way to JavaScript, as in `src/binding/completions.rs`.
//!
//! Defects that were planted in `outbox.rs`, and found: `add` sets the flag and adds under another lock;
//! `take` does not clear the flag, or clears it after it has taken the values, under another lock.

use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::outbox::Outbox;

type Outcome = (&'static str, u32);

/// The order in which JavaScript handles its notifications.
#[derive(Clone, Copy, PartialEq)]
enum Handles {
    /// One after the other, and takes outcomes after each.
    EachOne,
    /// The defect: it takes outcomes, and then discards the notifications that have come.
    AllAtOnce,
}

/// A store: its outbox, and the number of notifications that wait in the event loop.
#[derive(Default)]
struct Store {
    outbox: Outbox<Vec<Outcome>>,
    notifications: Mutex<usize>,
}

impl Store {
    fn complete(&self, outcome: Outcome) {
        if self.outbox.add(|outcomes| outcomes.push(outcome)) {
            *self.notifications.lock().unwrap() += 1;
        }
    }

    /// Handles a notification. Returns the outcomes that JavaScript takes, or `None` if no notification waits.
    fn handle(&self, handles: Handles) -> Option<Vec<Outcome>> {
        {
            let mut notifications = self.notifications.lock().unwrap();
            *notifications = notifications.checked_sub(1)?;
        }
        let taken = self.outbox.take();
        if handles == Handles::AllAtOnce {
            *self.notifications.lock().unwrap() = 0;
        }
        Some(taken)
    }
}

/// Two threads complete calls, while JavaScript handles notifications. In the end, it has taken all outcomes.
fn model(handles: Handles) {
    crate::check(move || {
        let store = Arc::new(Store::default());
        let threads = [("a", 2), ("b", 1)].map(|(name, calls)| {
            let store = Arc::clone(&store);
            thread::spawn(move || (0..calls).for_each(|number| store.complete((name, number))))
        });
        let mut taken = store.handle(handles).unwrap_or_default();
        for thread in threads {
            thread.join().unwrap();
        }
        // A late notification may find nothing to take.
        while let Some(outcomes) = store.handle(handles) {
            taken.extend(outcomes);
        }
        assert_eq!(taken.len(), 3, "outcomes were taken: {taken:?}");
        let of_a = taken.iter().filter(|(name, _)| *name == "a");
        let of_a: Vec<_> = of_a.map(|(_, number)| *number).collect();
        assert_eq!(of_a, [0, 1]);
    });
}

#[test]
fn each_outcome_is_taken_once_and_in_order() {
    model(Handles::EachOne);
}

#[test]
#[should_panic(expected = "outcomes were taken")]
fn a_notification_that_is_discarded_leaves_an_outcome() {
    model(Handles::AllAtOnce);
}
