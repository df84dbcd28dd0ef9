//! Errors as plain data.
//!
//! JavaScript could not test the class of an error that the addon makes. So an error crosses as a plain
//! object, and `lib/errors.js` makes the `Error` of it.

use napi::Either;
use napi_derive::napi;

use crate::core::dynamo::sdk::Locator;
use crate::core::error::{self, Error, InvalidOption, Place, Unopened};

/// An error, of which `lib/errors.js` makes an `Error`.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// Always `true`. Distinguishes a failure from a result.
    #[napi(ts_type = "true")]
    pub failed: bool,
    /// The stable code: DynamoDB's name for the error, or a code that begins with `ERR_`.
    pub code: String,
    /// The `name` of the `Error`.
    pub name: String,
    pub message: String,
    /// The id of the request, for AWS support.
    pub request_id: Option<String>,
    /// The HTTP status of DynamoDB's answer.
    pub status_code: Option<u16>,
    /// If the user's client sent the request: the `$metadata` of its error, as JSON.
    pub metadata: Option<String>,
    /// `true`: the same call may succeed a little later.
    pub retryable: bool,
    /// How often the request was sent. Set only for errors after which a request is sent again until the
    /// deadline, such as throttling.
    pub attempts: Option<u32>,
    /// The reasons that DynamoDB gave for throttling the request, if any.
    pub throttling_reasons: Option<Vec<ThrottlingReason>>,
    /// The id of the key that decrypts the session, if the store does not have this key.
    pub key_id: Option<String>,
    /// The causes of the error, from the outermost to the innermost.
    pub causes: Vec<String>,
}

/// DynamoDB's reason for throttling a request.
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
    /// The failure for the error of a store's call. It names table, endpoint and region, as far as they are known.
    pub fn of(error: &Error, locator: &Locator) -> Self {
        let missing = locator.missing_credentials(error);
        Self::at(missing.as_ref().unwrap_or(error), &locator.place())
    }

    /// The failure for the error of a request that went to `place`.
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
            // If a client sent the request, the number of attempts is in the client's metadata.
            attempts: error.attempts().filter(|attempts| *attempts > 0),
            throttling_reasons: match error.throttling_reasons() {
                [] => None,
                reasons => Some(reasons.iter().map(Into::into).collect()),
            },
            key_id: match error {
                Error::Decrypt(Unopened::UnknownKey { id }) => Some(id.clone()),
                _ => None,
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

/// The return value of a method: its result or a failure. A method never throws.
pub type Outcome<T> = Either<T, Failure>;

/// Converts a result for JavaScript.
pub fn wrap<T>(result: Result<T, impl Into<Failure>>) -> Outcome<T> {
    match result {
        Ok(value) => Either::A(value),
        Err(error) => Either::B(error.into()),
    }
}
