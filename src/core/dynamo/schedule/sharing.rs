//! Shares reads: calls for the same item join a read that is already in flight.
//!
//! Only eventually consistent reads are shared. A call that joins a read may miss a write that another process
//! made after the read was sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};

use super::Item;
use super::queue::{Key, LaneId};
use crate::core::dynamo::ResultFuture;
use crate::core::lock::locked;

/// A read that any number of calls can wait for. If all of them give up, the read ends.
pub type Joined = Shared<Reading>;

type Reading = ResultFuture<Option<Item>>;

/// The reads that are in flight in all lanes of a table.
#[derive(Default)]
pub struct Sharing {
    reads: Mutex<Reads>,
}

#[derive(Default)]
struct Reads {
    started: u64,
    by_key: HashMap<Key, InFlight>,
}

struct InFlight {
    /// The lane of the read. Calls in other lanes do not join it: they may belong to another account.
    lane: LaneId,
    /// Tells a read from its successor, so that the end of a read removes only its own entry.
    number: u64,
    read: WeakShared<Reading>,
}

impl Sharing {
    /// Joins the read of `key` in flight in `lane`. If there is none, begins a read by `ask`.
    pub fn join(self: &Arc<Self>, lane: LaneId, key: Key, ask: impl FnOnce() -> Reading) -> Joined {
        let mut reads = self.reads();
        let known = reads.by_key.get(&key).filter(|known| known.lane == lane);
        if let Some(known) = known.and_then(|known| known.read.upgrade()) {
            return known;
        }
        reads.started += 1;
        let number = reads.started;
        let entry = Entry {
            sharing: Arc::clone(self),
            key: Arc::clone(&key),
            number,
        };
        let read = ask();
        let joined = async move {
            let _entry = entry;
            read.await
        }
        .boxed()
        .shared();
        if let Some(read) = joined.downgrade() {
            reads.by_key.insert(key, InFlight { lane, number, read });
        }
        joined
    }

    /// Lets no more calls join the read of `key`. Called before a write, which later reads must see.
    pub fn forget(&self, key: &str) {
        self.reads().by_key.remove(key);
    }

    fn reads(&self) -> MutexGuard<'_, Reads> {
        // No panic can leave the map half changed.
        locked(&self.reads)
    }
}

/// Removes a read from the map when dropped: when the read has ended, or when all its calls have given up.
struct Entry {
    sharing: Arc<Sharing>,
    key: Key,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut reads = self.sharing.reads();
        let is_ours = |read: &InFlight| read.number == self.number;
        if reads.by_key.get(&self.key).is_some_and(is_ours) {
            reads.by_key.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    /// A read that ends when the sender is used, and counts how often it is sent.
    fn read(sent: &Arc<AtomicU32>) -> (oneshot::Sender<()>, impl FnOnce() -> Reading + use<>) {
        let (end, ended) = oneshot::channel();
        let sent = Arc::clone(sent);
        let read = move || {
            sent.fetch_add(1, Ordering::Relaxed);
            async move {
                let _ = ended.await;
                Ok(None)
            }
            .boxed()
        };
        (end, read)
    }

    #[tokio::test]
    async fn who_asks_while_a_read_is_in_flight_waits_for_the_same() {
        let sharing = Arc::new(Sharing::default());
        let sent = Arc::new(AtomicU32::new(0));
        let (end, first) = read(&sent);
        let (_unused, second) = read(&sent);
        let first = sharing.join(1, "a".into(), first);
        let second = sharing.join(1, "a".into(), second);
        end.send(()).expect("it is there");
        let both = futures_util::future::join(first, second).await;
        assert!(both.0.is_ok() && both.1.is_ok());
        assert_eq!(sent.load(Ordering::Relaxed), 1);
        assert!(sharing.reads().by_key.is_empty());
    }

    #[tokio::test]
    async fn a_read_that_goes_another_way_is_another_read() {
        let sharing = Arc::new(Sharing::default());
        let sent = Arc::new(AtomicU32::new(0));
        let (_end, first) = read(&sent);
        let (_end_second, second) = read(&sent);
        let _first = sharing.join(1, "a".into(), first);
        let _second = sharing.join(2, "a".into(), second);
        assert_eq!(sent.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn after_a_write_or_the_end_of_a_read_another_is_sent() {
        let sharing = Arc::new(Sharing::default());
        let sent = Arc::new(AtomicU32::new(0));
        let (end, first) = read(&sent);
        let (end_second, second) = read(&sent);
        let (end_third, third) = read(&sent);
        let first = sharing.join(1, "a".into(), first);
        sharing.forget("a");
        let second = sharing.join(1, "a".into(), second);
        // The end of the first read does not remove the entry of the second.
        end.send(()).expect("it is there");
        assert!(first.await.is_ok());
        assert_eq!(sharing.reads().by_key.len(), 1);
        end_second.send(()).expect("it is there");
        assert!(second.await.is_ok());
        let third = sharing.join(1, "a".into(), third);
        end_third.send(()).expect("it is there");
        assert!(third.await.is_ok());
        assert_eq!(sent.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_read_outlives_the_one_who_asked_first_and_ends_with_the_last() {
        let sharing = Arc::new(Sharing::default());
        let sent = Arc::new(AtomicU32::new(0));
        let (end, first) = read(&sent);
        let (_unused, second) = read(&sent);
        let first = sharing.join(1, "a".into(), first);
        let second = sharing.join(1, "a".into(), second);
        drop(first);
        end.send(()).expect("it is there");
        assert!(second.await.is_ok());
        let (_end, given_up) = read(&sent);
        drop(sharing.join(1, "a".into(), given_up));
        assert!(sharing.reads().by_key.is_empty());
    }
}
