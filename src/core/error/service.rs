//! Errors that DynamoDB answers with.

use super::{CONDITION_FAILED, Error, ThrottlingReason};

/// DynamoDB's name for the error of a table or index that does not exist.
pub const NO_SUCH_TABLE: &str = "ResourceNotFoundException";

/// The error of a write to a replica of a global table, if another Region is writing the item at the
/// same time.
pub const REPLICATED_WRITE_CONFLICT: &str = "ReplicatedWriteConflictException";

/// The code of an answer without a usable name.
const UNKNOWN: &str = "UnknownError";

/// The HTTP status of a server that has given up waiting for a request.
pub const REQUEST_TIMEOUT: u16 = 408;

/// The HTTP status of throttling.
pub const TOO_MANY_REQUESTS: u16 = 429;

impl Error {
    /// The error for an error answer of DynamoDB. `message` is DynamoDB's; parts of a signature that it
    /// quotes are removed. `code` and `status` decide whether the same call may succeed later.
    pub fn service(
        code: String,
        message: Option<&str>,
        status: Option<u16>,
        request_id: Option<String>,
        metadata: Option<String>,
    ) -> Self {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._".contains(&byte);
        // A proxy's answer may have any text in the place of the name.
        let is_unknown = code.is_empty() || code == UNKNOWN || !code.bytes().all(is_name);
        let code = match status {
            Some(TOO_MANY_REQUESTS) if is_unknown => "ThrottlingException".to_owned(),
            _ if is_unknown => UNKNOWN.to_owned(),
            _ if code == TRANSACTION_CANCELED => reason_to_cancel(message).unwrap_or(code),
            _ => code,
        };
        Self::Service {
            message: shown_message(&code, message, status),
            retryable: status.is_some_and(|status| status >= 500 || status == REQUEST_TIMEOUT)
                || passes(&code, status)
                || code == LIMIT_EXCEEDED,
            repeated: passes(&code, status).then(Box::default),
            code,
            request_id,
            status,
            metadata,
        }
    }

    /// The error of an operation that DynamoDB left unprocessed in a batch, because of throttling.
    pub fn unprocessed() -> Self {
        let message =
            "DynamoDB has throttled the operation: it was unprocessed in each batch that was sent";
        Self::service(
            "ThrottlingException".to_owned(),
            Some(message),
            None,
            None,
            None,
        )
    }

    /// Adds the reasons that DynamoDB gave for throttling.
    pub fn because_of(mut self, reasons: Vec<ThrottlingReason>) -> Self {
        if let Self::Service {
            repeated: Some(repeated),
            ..
        } = &mut self
        {
            repeated.reasons = reasons;
        }
        self
    }

    /// Whether DynamoDB has refused the request because of too many requests.
    pub fn is_throttling(&self) -> bool {
        match self {
            Self::Service { code, status, .. } => is_throttling(code, *status),
            _ => false,
        }
    }

    /// Whether the table itself has capacity left, and only single partitions or reads of an index are
    /// throttled.
    pub fn is_of_a_part(&self) -> bool {
        let reasons = self.throttling_reasons();
        let is_of_a_part = |ThrottlingReason { reason, .. }: &ThrottlingReason| {
            reason.ends_with("KeyRangeThroughputExceeded") || reason.starts_with("IndexRead")
        };
        !reasons.is_empty() && reasons.iter().all(is_of_a_part)
    }

    /// Whether DynamoDB has processed the request, so that this error is its answer and not throttling.
    pub fn is_answer(&self) -> bool {
        match self {
            Self::Service { status, .. } => {
                !self.is_throttling() && status.is_none_or(|status| status < 500)
            }
            Self::ConditionFailed { .. } | Self::TableKeyRefused { .. } | Self::Unreadable => true,
            _ => false,
        }
    }

    /// The reasons that DynamoDB gave for throttling, if any.
    pub fn throttling_reasons(&self) -> &[ThrottlingReason] {
        match self {
            Self::Service {
                repeated: Some(repeated),
                ..
            } => &repeated.reasons,
            _ => &[],
        }
    }

    /// The number of attempts, for an error after which a request is sent again until the deadline.
    /// `None` for other errors.
    pub fn attempts(&self) -> Option<u32> {
        match self {
            Self::Service { repeated, .. } => Some(repeated.as_ref()?.attempts),
            _ => None,
        }
    }

    /// Sets [`Self::attempts`].
    pub fn set_attempts(&mut self, attempts: u32) {
        if let Self::Service {
            repeated: Some(repeated),
            ..
        } = self
        {
            repeated.attempts = attempts;
        }
    }
}

/// The attempts of a request that was sent again until the deadline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Repeated {
    /// The number of attempts; 0 if it is not known.
    pub attempts: u32,
    /// The reasons that DynamoDB gave for throttling the last attempt, if any.
    pub reasons: Vec<ThrottlingReason>,
}

impl Error {
    /// Explains an error of an operation on an item of `table`, whose only key should be `key`: a
    /// refused key becomes [`Error::TableKeyRefused`], and a missing table gets a longer message.
    pub fn of_an_item(mut self, table: &str, key: &str) -> Self {
        let Self::Service { code, message, .. } = &mut self else {
            return self;
        };
        if code == "ValidationException" && is_about_key(message) {
            return Self::TableKeyRefused {
                table: table.to_owned(),
                expected: key.to_owned(),
                reason: std::mem::take(message),
            };
        }
        if code == NO_SUCH_TABLE {
            let said = message.trim_end_matches('.').len();
            message.truncate(said);
            message.push_str(": the table does not exist, or is still being created");
        }
        self
    }
}

/// Whether DynamoDB's message says that the key of an item differs from the key of its table.
fn is_about_key(message: &str) -> bool {
    [
        // For a write: the item lacks the table's key, or its key has another type.
        "Missing the key ",
        "Type mismatch for key",
        // For all other operations.
        "The provided key element does not match the schema",
        "The number of conditions on the keys is invalid",
        // DynamoDB Local.
        "One of the required keys was not given a value",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// DynamoDB's message without the parts of a signature that it quotes: the canonical string contains the
/// session token, the header contains the access key.
fn shown_message(code: &str, message: Option<&str>, status: Option<u16>) -> String {
    match (message, status) {
        _ if code == "IncompleteSignatureException" => {
            "the signature of the request is incomplete".to_owned()
        }
        (Some(message), _) => match message.find("The Canonical String") {
            Some(end) => message[..end].trim_end().to_owned(),
            None => message.to_owned(),
        },
        (None, Some(status @ (REQUEST_TIMEOUT | TOO_MANY_REQUESTS))) => {
            format!("the answer has HTTP status {status}, but no error of DynamoDB")
        }
        (None, Some(status @ ..500)) => format!(
            "the answer has HTTP status {status}, but no error of DynamoDB. Check the endpoint"
        ),
        (None, Some(status)) => format!("DynamoDB answered with HTTP status {status}"),
        (None, None) => "DynamoDB answered with an error".to_owned(),
    }
}

/// DynamoDB's error for a repeated transaction that it has not finished yet.
pub const TRANSACTION_IN_PROGRESS: &str = "TransactionInProgressException";

/// An error that disappears after a while, and that the SDK retries like any other.
const LIMIT_EXCEEDED: &str = "LimitExceededException";

/// DynamoDB's error for a transaction that it has not carried out.
const TRANSACTION_CANCELED: &str = "TransactionCanceledException";

/// DynamoDB's error for a write while a transaction is writing the item.
pub const TRANSACTION_CONFLICT: &str = "TransactionConflictException";

/// The error of a single write that has the same reason as a cancelled transaction. DynamoDB's message lists the
/// reason of each write: `[ConditionalCheckFailed, None]`.
fn reason_to_cancel(message: Option<&str>) -> Option<String> {
    let reasons = message?.rsplit_once('[')?.1;
    let code = [
        ("TransactionConflict", TRANSACTION_CONFLICT),
        ("ThrottlingError", "ThrottlingException"),
        (
            "ProvisionedThroughputExceeded",
            "ProvisionedThroughputExceededException",
        ),
        ("ConditionalCheckFailed", CONDITION_FAILED),
    ]
    .into_iter()
    .find_map(|(reason, code)| reasons.contains(reason).then_some(code))?;
    Some(code.to_owned())
}

/// Whether a request is sent again until the deadline of its call after this error: DynamoDB has
/// throttled it, or another Region or a transaction is writing the item.
pub fn passes(code: &str, status: Option<u16>) -> bool {
    is_throttling(code, status)
        || [
            REPLICATED_WRITE_CONFLICT,
            TRANSACTION_CONFLICT,
            TRANSACTION_IN_PROGRESS,
        ]
        .contains(&code)
}

/// Whether DynamoDB, or a proxy before it, has throttled the request. If the status is 500 or more,
/// DynamoDB itself has failed, whatever the name of the error is.
fn is_throttling(code: &str, status: Option<u16>) -> bool {
    let is_name = matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "TooManyRequestsException"
    );
    status == Some(TOO_MANY_REQUESTS) || (is_name && status.is_none_or(|status| status < 500))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(code: &str, message: Option<&str>, status: u16) -> String {
        Error::service(code.to_owned(), message, Some(status), None, None).to_string()
    }

    #[test]
    fn a_signature_error_does_not_show_what_was_signed() {
        let message = "The request signature we calculated does not match.\n\nThe Canonical String \
            for this request should have been\n'POST\n/\nx-amz-security-token:SECRET'";
        assert_eq!(
            explained("InvalidSignatureException", Some(message), 400),
            "The request signature we calculated does not match."
        );
        let message = "'AKIDEXAMPLE' not a valid key=value pair in Authorization header";
        let shown = explained("IncompleteSignatureException", Some(message), 400);
        assert!(!shown.contains("AKIDEXAMPLE"), "{shown}");
        assert_eq!(
            explained("UnknownError", None, 502),
            "DynamoDB answered with HTTP status 502"
        );
    }

    #[test]
    fn what_passes_by_itself_is_retryable() {
        let retryable = |code: &str, status| {
            Error::service(code.to_owned(), None, status, None, None).retryable()
        };
        assert!(retryable("InternalServerError", Some(500)));
        assert!(retryable("ThrottlingException", Some(400)));
        assert!(retryable("ThrottlingException", None));
        assert!(retryable("ReplicatedWriteConflictException", Some(400)));
        assert!(retryable("LimitExceededException", Some(400)));
        assert!(retryable("UnknownError", Some(429)));
        assert!(retryable("UnknownError", Some(408)));
        assert!(!retryable("ValidationException", Some(400)));
        assert!(!retryable("ValidationException", None));
    }

    #[test]
    fn a_cancelled_transaction_has_the_error_of_a_single_write() {
        let code = |reasons: &str| {
            let message = format!(
                "Transaction cancelled, please refer cancellation reasons for specific reasons {reasons}"
            );
            let code = TRANSACTION_CANCELED.to_owned();
            match Error::service(code, Some(&message), Some(400), None, None) {
                Error::Service { code, .. } => code,
                error => error.code().to_owned(),
            }
        };
        assert_eq!(code("[None, ConditionalCheckFailed]"), CONDITION_FAILED);
        assert_eq!(
            code("[ConditionalCheckFailed, TransactionConflict]"),
            TRANSACTION_CONFLICT
        );
        assert_eq!(code("[ThrottlingError, None]"), "ThrottlingException");
        assert_eq!(code("[ValidationError, None]"), TRANSACTION_CANCELED);
        assert_eq!(code(""), TRANSACTION_CANCELED);
        assert!(passes(TRANSACTION_CONFLICT, Some(400)));
    }

    #[test]
    fn what_is_throttled_is_known_by_name_or_status() {
        let is_throttling = |code: &str, status| {
            let error = Error::service(code.to_owned(), None, Some(status), None, None);
            error.is_throttling()
        };
        assert!(is_throttling("ThrottlingException", 400));
        assert!(is_throttling("RequestLimitExceeded", 400));
        assert!(is_throttling("UnknownError", 429));
        assert!(!is_throttling("ThrottlingException", 503));
        assert!(!is_throttling("ReplicatedWriteConflictException", 400));
        assert!(!is_throttling("ValidationException", 400));
        // The limit of table operations is no throttling of a request.
        assert!(!is_throttling("LimitExceededException", 400));
    }
}
