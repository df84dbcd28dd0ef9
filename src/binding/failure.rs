//! Errors as plain data.
//!
//! An error made here would be of no class that JavaScript can test for, so a failure crosses as
//! an object and `lib/errors.js` makes the `Error` of it.

use napi::Either;
use napi_derive::napi;

use crate::core::dynamo::sdk::Locator;
use crate::core::error::{self, Error, InvalidOption, Place};

/// An error on its way to `lib/errors.js`.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// Always `true`: by it a failure is told from a result.
    #[napi(ts_type = "true")]
    pub failed: bool,
    /// Stable: DynamoDB's own name for the error, or one that begins with `ERR_`.
    pub code: String,
    /// The name of the error.
    pub name: String,
    pub message: String,
    /// The id by which AWS support finds the request.
    pub request_id: Option<String>,
    /// The HTTP status of DynamoDB's answer.
    pub status_code: Option<u16>,
    /// What the user's client says of the exchange (`$metadata`), as JSON.
    pub metadata: Option<String>,
    /// Whether the same call may succeed a little later.
    pub retryable: bool,
    /// How often the request was sent, where it is sent again until the deadline.
    pub attempts: Option<u32>,
    /// Why DynamoDB has throttled the request, where it says so.
    pub throttling_reasons: Option<Vec<ThrottlingReason>>,
    /// What led to it, from the outermost reason to the innermost.
    pub causes: Vec<String>,
}

/// Why DynamoDB has throttled a request.
#[napi(object, object_from_js = false)]
pub struct ThrottlingReason {
    pub reason: String,
    /// The ARN of the table or the index.
    pub resource: String,
}

impl From<&error::ThrottlingReason> for ThrottlingReason {
    fn from(reason: &error::ThrottlingReason) -> Self {
        Self {
            reason: reason.reason.clone(),
            resource: reason.resource.clone(),
        }
    }
}

impl Failure {
    /// The failure of a store's call, with where it happened as far as that is known by now.
    pub fn of(error: &Error, locator: &Locator) -> Self {
        let missing = locator.missing_credentials(error);
        Self::at(missing.as_ref().unwrap_or(error), &locator.place())
    }

    /// The failure of a request that went to `place`.
    pub fn at(error: &Error, place: &Place) -> Self {
        let what = match error {
            Error::Outage { reason } => reason,
            other => other,
        };
        let (name, request_id, status_code, metadata) = match what {
            Error::Service {
                code,
                request_id,
                status,
                metadata,
                ..
            } => (code.as_str(), request_id.clone(), *status, metadata.clone()),
            Error::Client { name, metadata, .. } => (name.as_str(), None, None, metadata.clone()),
            Error::Option(_) => ("TypeError", None, None, None),
            _ => ("SessionStoreError", None, None, None),
        };
        Self {
            failed: true,
            code: error.code().to_owned(),
            name: name.to_owned(),
            message: error.message(place),
            request_id,
            status_code,
            metadata,
            retryable: error.retryable(),
            // A client has told of its attempts in its metadata.
            attempts: error.attempts().filter(|attempts| *attempts > 0),
            throttling_reasons: match error.throttling_reasons() {
                [] => None,
                reasons => Some(reasons.iter().map(Into::into).collect()),
            },
            causes: error.causes().to_vec(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::at(&error, &Place::default())
    }
}

impl From<InvalidOption> for Failure {
    fn from(error: InvalidOption) -> Self {
        Error::from(error).into()
    }
}

/// What a method hands back: its result or a failure, never an exception.
pub type Outcome<T> = Either<T, Failure>;

/// Wraps a result for the way to JavaScript.
pub fn wrap<T>(result: Result<T, impl Into<Failure>>) -> Outcome<T> {
    match result {
        Ok(value) => Either::A(value),
        Err(error) => Either::B(error.into()),
    }
}
