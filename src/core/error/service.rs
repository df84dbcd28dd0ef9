//! Errors that DynamoDB has answered with.

use super::Error;

/// What DynamoDB answers where there is no such table.
pub const NO_SUCH_TABLE: &str = "ResourceNotFoundException";

/// DynamoDB's name for a write that a replica of a global table refuses, because another Region writes
/// the item at that moment.
pub const REPLICATED_WRITE_CONFLICT: &str = "ReplicatedWriteConflictException";

impl Error {
    /// DynamoDB's answer that is an error. `message` is DynamoDB's own, without what it quotes of a
    /// signature; whether the same call may succeed later follows from `code` and `status`.
    pub fn service(
        code: String,
        message: Option<&str>,
        status: Option<u16>,
        request_id: Option<String>,
        metadata: Option<String>,
    ) -> Self {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._".contains(&byte);
        // Whatever stands where a name should be.
        let code = if code.is_empty() || !code.bytes().all(is_name) {
            "UnknownError".to_owned()
        } else {
            code
        };
        Self::Service {
            message: explain(&code, message, status),
            retryable: status.is_some_and(|status| status >= 500)
                || is_throttling(&code)
                || code == REPLICATED_WRITE_CONFLICT,
            code,
            request_id,
            status,
            metadata,
        }
    }
}

impl Error {
    /// What an error that DynamoDB answers to an operation for an item says of the table `table`, which is
    /// to be keyed by `key` alone.
    pub fn of_an_item(self, table: &str, key: &str) -> Self {
        match self {
            Self::Service { code, message, .. }
                if code == "ValidationException" && is_about_key(&message) =>
            {
                Self::TableKeyRefused {
                    table: table.to_owned(),
                    expected: key.to_owned(),
                    reason: message,
                }
            }
            Self::Service {
                code,
                message,
                request_id,
                status,
                metadata,
                retryable,
            } if code == NO_SUCH_TABLE => Self::Service {
                code,
                message: format!(
                    "{}: the table does not exist, or is still being created",
                    message.trim_end_matches('.')
                ),
                request_id,
                status,
                metadata,
                retryable,
            },
            other => other,
        }
    }
}

/// Whether DynamoDB says that an item has another key than its table.
fn is_about_key(message: &str) -> bool {
    [
        // Of a write, without and with a key of another type.
        "Missing the key ",
        "Type mismatch for key",
        // Of all others.
        "The provided key element does not match the schema",
        "The number of conditions on the keys is invalid",
        // DynamoDB Local.
        "One of the required keys was not given a value",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// DynamoDB's words, without those parts of a signature that it quotes: what was signed has the
/// session token in it, the header the access key.
fn explain(code: &str, message: Option<&str>, status: Option<u16>) -> String {
    match (message, status) {
        _ if code == "IncompleteSignatureException" => {
            "the signature of the request is incomplete".to_owned()
        }
        (Some(message), _) => match message.find("The Canonical String") {
            Some(end) => message[..end].trim_end().to_owned(),
            None => message.to_owned(),
        },
        (None, Some(status @ ..500)) => format!(
            "the answer has HTTP status {status} and names no error of DynamoDB. Is the endpoint right?"
        ),
        (None, Some(status)) => format!("DynamoDB answered with HTTP status {status}"),
        (None, None) => "DynamoDB answered with an error".to_owned(),
    }
}

/// The errors of DynamoDB that pass by themselves and do not have a status of 500 or more.
fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "Throttling"
            | "TransactionInProgressException"
            | "LimitExceededException"
    )
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
        assert!(!retryable("ValidationException", Some(400)));
        assert!(!retryable("ValidationException", None));
    }
}
