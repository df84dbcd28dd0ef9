//! The asynchronous context of a call, as an opaque number. It travels with the operations of the call,
//! and reaches the user's client with each request.
//!
//! The task that sends a request belongs to no call. So each operation stores the context of its call
//! when it is queued.

use std::future::Future;

use tokio::task_local;

/// The number by which JavaScript finds the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallContext(pub u32);

task_local! {
    static CURRENT: CallContext;
}

/// The context of the call that the current task works for, if any.
pub fn current() -> Option<CallContext> {
    CURRENT.try_with(|context| *context).ok()
}

/// Calls `ask` at once, in `context`. The returned future runs the future of `ask` in the same context.
pub fn begin<F: Future>(
    context: CallContext,
    ask: impl FnOnce() -> F,
) -> impl Future<Output = F::Output> {
    let work = CURRENT.sync_scope(context, ask);
    CURRENT.scope(context, work)
}

/// Runs `work` in `context`, if there is one.
pub async fn within<F: Future>(context: Option<CallContext>, work: F) -> F::Output {
    match context {
        Some(context) => CURRENT.scope(context, work).await,
        None => work.await,
    }
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
        assert_eq!(within(None, async { current() }).await, None);
        assert_eq!(within(Some(own), async { current() }).await, Some(own));
    }
}
