//! What it means that DynamoDB refuses a batch.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::core::error::{Error, REPLICATED_WRITE_CONFLICT};
use crate::core::lock::locked;

/// How long operations are sent one by one after DynamoDB has denied a batch. A policy may get the
/// permission meanwhile.
const DENIED_FOR: Duration = Duration::from_secs(300);

/// Whether DynamoDB takes batches of one kind, as far as is known: the IAM policy may have none.
#[derive(Default)]
pub struct Permission {
    /// A copy of whether there is a denial, which costs no lock.
    is_denied: AtomicBool,
    denied: Mutex<Option<Instant>>,
}

impl Permission {
    /// Whether a batch may be sent now: none was denied within [`DENIED_FOR`].
    pub fn holds(&self) -> bool {
        if !self.is_denied.load(Ordering::Relaxed) {
            return true;
        }
        let denied = *locked(&self.denied);
        denied.is_none_or(|denied| denied.elapsed() >= DENIED_FOR)
    }

    /// Notes that a batch was denied now.
    pub fn deny(&self) {
        let mut denied = locked(&self.denied);
        *denied = Some(Instant::now());
        self.is_denied.store(true, Ordering::Relaxed);
    }
}

/// Whether there may be no batches: the IAM policy, or a DynamoDB of someone else's making, has none.
pub fn is_denial(error: &Error) -> bool {
    error.is_service("AccessDeniedException") || error.is_service("UnknownOperationException")
}

/// Whether an error is about some of the items of a batch and not about the others, although it passes
/// by itself: another Region writes them.
pub fn is_of_an_item(error: &Error) -> bool {
    error.is_service(REPLICATED_WRITE_CONFLICT)
}
