//! The properties of errors, such as their codes.

use super::*;

impl Error {
    /// An attempt did not reach DynamoDB. Another attempt may succeed.
    pub fn unreachable(causes: Vec<String>) -> Self {
        Self::Unreachable {
            causes,
            attempts: 1,
            retryable: true,
        }
    }

    /// An attempt did not reach DynamoDB, and no retry can succeed. The last of `causes` says what to
    /// change.
    pub fn lasting(causes: Vec<String>) -> Self {
        Self::Unreachable {
            causes,
            attempts: 1,
            retryable: false,
        }
    }

    /// The stable code in JavaScript.
    pub fn code(&self) -> &str {
        match self {
            Self::Service { code, .. } => code,
            Self::Timeout { .. } | Self::AttemptsTimedOut { .. } => "ERR_SESSION_TIMEOUT",
            Self::Unreachable { .. } => "ERR_SESSION_UNREACHABLE",
            Self::Outage { reason } => reason.code(),
            Self::Client { kind, .. } => match kind {
                ClientFailure::Unreachable => "ERR_SESSION_UNREACHABLE",
                ClientFailure::Credentials => "ERR_SESSION_CREDENTIALS",
                ClientFailure::Other => "ERR_SESSION_CLIENT",
            },
            Self::Credentials { .. } => "ERR_SESSION_CREDENTIALS",
            Self::Settings { .. } => "ERR_SESSION_SETTINGS",
            Self::TableKey { .. } | Self::TableKeyRefused { .. } => "ERR_SESSION_TABLE_KEY",
            Self::NoRegion { .. } => "ERR_SESSION_REGION",
            Self::TableStatus { .. } => "ERR_SESSION_TABLE_STATUS",
            Self::TableIndex { .. } | Self::TableIndexProjection { .. } => {
                "ERR_SESSION_TABLE_INDEX"
            }
            Self::IndexValue { .. } => "ERR_SESSION_INDEX_VALUE",
            Self::SpecialKey { .. } => "ERR_SESSION_SPECIAL_KEY",
            Self::Value { .. } | Self::Unreadable => "ERR_SESSION_VALUE",
            Self::Decrypt(_) => "ERR_SESSION_DECRYPT",
            Self::Decode { .. } => "ERR_SESSION_DECODE",
            Self::TooLarge { .. } => "ERR_SESSION_TOO_LARGE",
            Self::Option(_) => "ERR_INVALID_ARG_VALUE",
            Self::Closed => "ERR_SESSION_CLOSED",
            Self::ConditionFailed { .. } => CONDITION_FAILED,
            Self::Conflict => "ERR_SESSION_CONFLICT",
            Self::Internal { .. } => "ERR_SESSION_INTERNAL",
            Self::Format { .. } => "ERR_SESSION_FORMAT",
        }
    }

    /// Whether the same call may succeed a little later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Service { retryable, .. } | Self::Unreachable { retryable, .. } => *retryable,
            Self::Timeout { .. } | Self::AttemptsTimedOut { .. } => true,
            Self::Outage { reason } => reason.retryable(),
            Self::Client { kind, .. } => *kind == ClientFailure::Unreachable,
            Self::Credentials { retryable, .. } => *retryable,
            Self::Settings { .. }
            | Self::TableKey { .. }
            | Self::TableKeyRefused { .. }
            | Self::NoRegion { .. }
            | Self::TableStatus { .. }
            | Self::TableIndex { .. }
            | Self::TableIndexProjection { .. }
            | Self::IndexValue { .. }
            | Self::SpecialKey { .. }
            | Self::Value { .. }
            | Self::Unreadable
            | Self::Decrypt(_)
            | Self::Decode { .. }
            | Self::TooLarge { .. }
            | Self::Option(_)
            | Self::Closed
            | Self::ConditionFailed { .. }
            | Self::Conflict
            | Self::Internal { .. }
            | Self::Format { .. } => false,
        }
    }

    /// The causes of the error, from the outermost to the innermost.
    pub fn causes(&self) -> &[String] {
        match self {
            Self::Unreachable { causes, .. }
            | Self::Client { causes, .. }
            | Self::Credentials { causes, .. }
            | Self::Settings { causes } => causes,
            Self::Outage { reason } => reason.causes(),
            _ => &[],
        }
    }

    /// Whether the deadline of a call has passed.
    pub fn is_deadline(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Whether DynamoDB answered with the error of this name.
    pub fn is_service(&self, name: &str) -> bool {
        matches!(self, Self::Service { code, .. } if code == name)
    }
}
