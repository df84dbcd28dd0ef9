//! Sweeps to their end, page by page. In the package, `lib/scan.js` does this.

use std::time::Duration;

use dynamo_session_store::core::error::{Error, Result};
use dynamo_session_store::core::expiry::UnixMillis;
use dynamo_session_store::core::layout::{ExpiringLayout, Marks, Stored};
use dynamo_session_store::core::store::{PageAt, SessionStore, Sweep, SweptPage};

/// Sweeps of all segments, one after the other.
#[allow(async_fn_in_trait, reason = "only tests of this binary use it")]
pub trait Sweeps {
    /// All pages of a sweep, each as large as `at` says.
    async fn pages(
        &self,
        sweep: Sweep,
        at: PageAt,
        now: UnixMillis,
        limit: Duration,
    ) -> Result<Vec<SweptPage>>;

    /// The pages of a sweep in one segment.
    async fn sweep(
        &self,
        sweep: Sweep,
        now: UnixMillis,
        limit: Duration,
    ) -> Result<Vec<SweptPage>> {
        self.pages(sweep, PageAt::FIRST, now, limit).await
    }

    async fn list(&self, now: UnixMillis, limit: Duration) -> Result<Vec<(Stored, Marks)>> {
        let pages = self.sweep(Sweep::List, now, limit).await?;
        let listed = pages.into_iter().flat_map(|page| page.listed);
        Ok(listed.map(|listed| (listed.stored, listed.marks)).collect())
    }

    async fn list_ids(&self, now: UnixMillis, limit: Duration) -> Result<Vec<String>> {
        let pages = self.sweep(Sweep::Ids, now, limit).await?;
        Ok(pages.into_iter().flat_map(|page| page.ids).collect())
    }

    async fn count(&self, now: UnixMillis, limit: Duration) -> Result<usize> {
        let pages = self.sweep(Sweep::Count, now, limit).await?;
        Ok(pages.iter().map(|page| page.sessions).sum())
    }

    /// Fails with the first error of a deletion.
    async fn clear(&self, now: UnixMillis, limit: Duration) -> Result<()> {
        let pages = self.sweep(Sweep::Clear, now, limit).await?;
        deleted(pages).map(|_| ())
    }

    /// The number of deleted items, or the first error of a deletion.
    async fn reap(&self, now: UnixMillis, limit: Duration) -> Result<usize> {
        deleted(self.sweep(Sweep::Reap, now, limit).await?)
    }
}

fn deleted(pages: Vec<SweptPage>) -> Result<usize> {
    let mut count = 0;
    let mut failure: Option<Error> = None;
    for page in pages {
        count += page.deleted.len();
        failure = failure.or(page.failure);
    }
    failure.map_or(Ok(count), Err)
}

impl<L: ExpiringLayout + ?Sized> Sweeps for SessionStore<L> {
    async fn pages(
        &self,
        sweep: Sweep,
        at: PageAt,
        now: UnixMillis,
        limit: Duration,
    ) -> Result<Vec<SweptPage>> {
        let mut pages = Vec::new();
        for segment in 0..at.segments {
            let mut start = None;
            loop {
                let at = PageAt {
                    segment,
                    start,
                    ..at.clone()
                };
                let page = self.sweep_page(sweep, at, now, limit).await?;
                start = page.next.clone();
                pages.push(page);
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(pages)
    }
}
