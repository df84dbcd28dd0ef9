//! The asynchronous context of a call, as an opaque number. It travels with the operations of the call,
//! and reaches the user's client with each request.
//!
//! The task that sends a request belongs to no call. So each operation stores the context of its call
//! when it is queued.

use std::future::Future;
use std::sync::Arc;

use tokio::task_local;

/// The number by which JavaScript finds the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallContext(pub u32);

task_local! {
    static CURRENT: Contexts;
}

/// The contexts of the calls that a task works for. There is at least one.
#[derive(Clone)]
enum Contexts {
    One(CallContext),
    Many(Arc<[CallContext]>),
}

impl Contexts {
    fn all(&self) -> &[CallContext] {
        match self {
            Self::One(context) => std::slice::from_ref(context),
            Self::Many(contexts) => contexts,
        }
    }
}

/// The context of the call that the current task works for, if any. If the task works for several calls, that of
/// the first.
pub fn current() -> Option<CallContext> {
    let first = CURRENT.try_with(|contexts| contexts.all().first().copied());
    first.ok().flatten()
}

/// The contexts of all calls that the current task works for.
pub fn all() -> Vec<CallContext> {
    let all = CURRENT.try_with(|contexts| contexts.all().to_vec());
    all.unwrap_or_default()
}

/// Calls `ask` at once, in `context`. The returned future runs the future of `ask` in the same context.
pub fn begin<F: Future>(
    context: CallContext,
    ask: impl FnOnce() -> F,
) -> impl Future<Output = F::Output> {
    let work = CURRENT.sync_scope(Contexts::One(context), ask);
    CURRENT.scope(Contexts::One(context), work)
}

/// Runs `work`, which sends a request for the calls of `contexts`, in the context of the first, if there is one.
pub async fn among<F: Future>(contexts: Vec<CallContext>, work: F) -> F::Output {
    let contexts = match contexts.as_slice() {
        [] => return work.await,
        [only] => Contexts::One(*only),
        _ => Contexts::Many(contexts.into()),
    };
    CURRENT.scope(contexts, work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_begins_and_goes_on_in_its_context() {
        let own = CallContext(7);
        let begun = begin(own, || {
            let begun_in = current();
            async move {
                tokio::task::yield_now().await;
                (begun_in, current())
            }
        });
        assert_eq!(current(), None);
        assert_eq!(begun.await, (Some(own), Some(own)));
    }

    #[tokio::test]
    async fn a_request_is_sent_in_the_context_of_its_first_call() {
        let contexts = [7, 9].map(CallContext);
        let seen = || async { (current(), all()) };
        assert_eq!(among(vec![], seen()).await, (None, vec![]));
        let first = (Some(contexts[0]), contexts[..1].to_vec());
        assert_eq!(among(contexts[..1].to_vec(), seen()).await, first);
        let both = (Some(contexts[0]), contexts.to_vec());
        assert_eq!(among(contexts.to_vec(), seen()).await, both);
    }
}
