//! Tells why DynamoDB refused a batch.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::core::error::{Error, REPLICATED_WRITE_CONFLICT, TRANSACTION_CONFLICT};
use crate::core::lock::locked;

/// After DynamoDB denied a batch, operations are sent one by one for this time. The policy may get the
/// permission in the meantime.
const DENIED_FOR: Duration = Duration::from_secs(300);

/// Whether DynamoDB takes batches of one kind, as far as is known: the IAM policy may not allow them.
#[derive(Default)]
pub struct Permission {
    /// Whether `denied` is set, to read it without the lock.
    is_denied: AtomicBool,
    denied: Mutex<Option<Instant>>,
}

impl Permission {
    /// Whether a batch may be sent now: no batch was denied within [`DENIED_FOR`].
    pub fn holds(&self) -> bool {
        if !self.is_denied.load(Ordering::Relaxed) {
            return true;
        }
        let denied = *locked(&self.denied);
        denied.is_none_or(|denied| denied.elapsed() >= DENIED_FOR)
    }

    /// Notes that DynamoDB just denied a batch.
    pub fn deny(&self) {
        let mut denied = locked(&self.denied);
        *denied = Some(Instant::now());
        self.is_denied.store(true, Ordering::Relaxed);
    }
}

/// Whether batches may be unavailable: the IAM policy does not allow them, or a server other than DynamoDB does
/// not know them.
pub fn is_denial(error: &Error) -> bool {
    error.is_service("AccessDeniedException") || error.is_service("UnknownOperationException")
}

/// Whether an error passes by itself and concerns only some items of a batch: another Region or a transaction
/// writes them.
pub fn is_of_an_item(error: &Error) -> bool {
    error.is_service(REPLICATED_WRITE_CONFLICT) || error.is_service(TRANSACTION_CONFLICT)
}
