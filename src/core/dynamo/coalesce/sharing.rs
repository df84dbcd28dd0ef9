//! One request for all who ask for the same item while it is under way.
//!
//! Only for reads that need not be strongly consistent: what a write of another process changed
//! after the request was sent would be missing for those who joined it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::queue::Key;
use crate::core::error::Result;

/// A read that any number of callers can wait for. It goes on while one of them does.
pub type Joined = Shared<Reading>;

type Reading = BoxFuture<'static, Result<GetItemOutput>>;

/// The reads that are under way.
#[derive(Default)]
pub struct Sharing {
    reads: Mutex<Reads>,
}

#[derive(Default)]
struct Reads {
    started: u64,
    /// With a number, so that a read that ends does not take its successor away.
    by_key: HashMap<Key, (u64, WeakShared<Reading>)>,
}

impl Sharing {
    /// The read of `key` that is under way, or else `read`.
    pub fn join(
        self: &Arc<Self>,
        key: Key,
        read: impl Future<Output = Result<GetItemOutput>> + Send + 'static,
    ) -> Joined {
        let mut reads = self.reads();
        let known = reads.by_key.get(&key).and_then(|(_, read)| read.upgrade());
        if let Some(known) = known {
            return known;
        }
        reads.started += 1;
        let entry = Entry {
            sharing: Arc::clone(self),
            key: key.clone(),
            number: reads.started,
        };
        let number = entry.number;
        let joined = async move {
            let _entry = entry;
            read.await
        }
        .boxed()
        .shared();
        if let Some(weak) = joined.downgrade() {
            reads.by_key.insert(key, (number, weak));
        }
        joined
    }

    /// Whoever asks for `key` from now on has to see what is about to be written to it.
    pub fn forget(&self, key: &str) {
        self.reads().by_key.remove(key);
    }

    fn reads(&self) -> MutexGuard<'_, Reads> {
        // Nothing in there can panic half way.
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read among those under way, until this is dropped: when it has ended, or nobody waits for it
/// any more.
struct Entry {
    sharing: Arc<Sharing>,
    key: Key,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut reads = self.sharing.reads();
        let is_ours = |(number, _): &(u64, _)| *number == self.number;
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

    /// A read that ends when it is told to, and counts itself.
    fn read(
        sent: &Arc<AtomicU32>,
    ) -> (
        oneshot::Sender<()>,
        impl Future<Output = Result<GetItemOutput>> + Send + 'static,
    ) {
        let (end, ended) = oneshot::channel();
        let sent = Arc::clone(sent);
        let read = async move {
            sent.fetch_add(1, Ordering::Relaxed);
            let _ = ended.await;
            Ok(GetItemOutput::builder().build())
        };
        (end, read)
    }

    #[tokio::test]
    async fn who_asks_while_a_read_is_under_way_waits_for_the_same() {
        let sharing = Arc::new(Sharing::default());
        let sent = Arc::new(AtomicU32::new(0));
        let (end, first) = read(&sent);
        let (_unused, second) = read(&sent);
        let first = sharing.join("a".into(), first);
        let second = sharing.join("a".into(), second);
        end.send(()).expect("it is there");
        let both = futures_util::future::join(first, second).await;
        assert!(both.0.is_ok() && both.1.is_ok());
        assert_eq!(sent.load(Ordering::Relaxed), 1);
        assert!(sharing.reads().by_key.is_empty());
    }

    #[tokio::test]
    async fn after_a_write_or_the_end_of_a_read_another_is_sent() {
        let sharing = Arc::new(Sharing::default());
        let sent = Arc::new(AtomicU32::new(0));
        let (end, first) = read(&sent);
        let (end_second, second) = read(&sent);
        let (end_third, third) = read(&sent);
        let first = sharing.join("a".into(), first);
        sharing.forget("a");
        let second = sharing.join("a".into(), second);
        // The end of the first does not take the second away.
        end.send(()).expect("it is there");
        assert!(first.await.is_ok());
        assert_eq!(sharing.reads().by_key.len(), 1);
        end_second.send(()).expect("it is there");
        assert!(second.await.is_ok());
        let third = sharing.join("a".into(), third);
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
        let first = sharing.join("a".into(), first);
        let second = sharing.join("a".into(), second);
        drop(first);
        end.send(()).expect("it is there");
        assert!(second.await.is_ok());
        let (_end, given_up) = read(&sent);
        drop(sharing.join("a".into(), given_up));
        assert!(sharing.reads().by_key.is_empty());
    }
}
