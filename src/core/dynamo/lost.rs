//! Recovers from a table that is lost while the process runs: the table was deleted, or an in-memory DynamoDB Local
//! was restarted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

/// Makes sure that a table exists.
pub trait KeepTable: Send + Sync + 'static {
    /// Looks for the table, and creates it if it is missing. Returns whether the table exists now.
    fn ensure(&self) -> BoxFuture<'static, bool>;
}

/// Looks for a lost table, once for all requests that miss it.
pub struct LostTable {
    keeper: Arc<dyn KeepTable>,
    /// The number of searches that have ended.
    searches: AtomicU64,
    /// The outcome of the last search. Locked during a search.
    is_back: Mutex<bool>,
}

impl LostTable {
    /// Looks for the table by `keeper`.
    pub fn new(keeper: Arc<dyn KeepTable>) -> Self {
        Self {
            keeper,
            searches: AtomicU64::new(0),
            is_back: Mutex::new(false),
        }
    }

    /// The number of searches so far. A request notes it before it is sent.
    pub fn searches(&self) -> u64 {
        self.searches.load(Ordering::Acquire)
    }

    /// Looks for the table after a request missed it. `searches` is the number that the request noted. Returns
    /// whether the request can be sent again.
    pub async fn is_back(&self, searches: u64) -> bool {
        let mut is_back = self.is_back.lock().await;
        // Since the request was sent, another request may have looked for the table.
        if self.searches() == searches {
            *is_back = self.keeper.ensure().await;
            self.searches.store(searches + 1, Ordering::Release);
        }
        *is_back
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;
    use std::sync::atomic::AtomicBool;

    use futures_util::FutureExt;
    use futures_util::future::join_all;

    use super::*;

    struct Counting(Arc<AtomicU64>);

    impl KeepTable for Counting {
        fn ensure(&self) -> BoxFuture<'static, bool> {
            let count = Arc::clone(&self.0);
            async move {
                tokio::task::yield_now().await;
                count.fetch_add(1, Ordering::Relaxed) > 0
            }
            .boxed()
        }
    }

    #[tokio::test]
    async fn it_is_looked_for_once_for_all_that_have_missed_it() {
        let count = Arc::new(AtomicU64::new(0));
        let lost = LostTable::new(Arc::new(Counting(Arc::clone(&count))));
        let before = lost.searches();
        let found = join_all((0..5).map(|_| lost.is_back(before))).await;
        assert_eq!(found, [false; 5]);
        assert_eq!(count.load(Ordering::Relaxed), 1);
        // A later request misses the table again.
        assert!(lost.is_back(lost.searches()).await);
        assert!(lost.is_back(before).await);
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    /// Panics the first time.
    struct Panicking(AtomicBool);

    impl KeepTable for Panicking {
        fn ensure(&self) -> BoxFuture<'static, bool> {
            let panics = self.0.swap(false, Ordering::Relaxed);
            async move {
                assert!(!panics, "a defect that a test wants");
                true
            }
            .boxed()
        }
    }

    #[tokio::test]
    async fn a_panic_is_the_failure_of_one_and_the_next_has_it_looked_for() {
        let lost = LostTable::new(Arc::new(Panicking(AtomicBool::new(true))));
        let before = lost.searches();
        let first = AssertUnwindSafe(lost.is_back(before)).catch_unwind();
        assert!(first.await.is_err());
        assert!(lost.is_back(before).await);
    }
}
