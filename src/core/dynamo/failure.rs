//! Translates the SDK's errors.

use std::error::Error as StdError;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;

use super::attempts::Attempts;
use crate::core::error::{Error, causes, sources, throttling_reasons};

/// Translates the SDK's error into one for the caller. `hide` removes secrets from quoted text.
pub fn translate<E>(
    error: SdkError<E, HttpResponse>,
    request_timeout: Duration,
    attempts: &Attempts,
    hide: impl Fn(&str) -> String,
) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    // If the SDK cannot parse a successful answer, it also reports a `ServiceError`. DynamoDB gave no error then.
    if let SdkError::ServiceError(answer) = &error
        && !answer.raw().status().is_success()
    {
        let status = answer.raw().status().as_u16();
        // If the name contains a secret, it is not a name.
        let code = answer.err().code().filter(|code| hide(code) == *code);
        let mut service = Error::service(
            code.unwrap_or("UnknownError").to_owned(),
            answer.err().message(),
            Some(status),
            error.request_id().map(str::to_owned),
            None,
        );
        if service.is_throttling() {
            let body = answer.raw().body().bytes().unwrap_or_default();
            service = service.because_of(throttling_reasons(body));
        }
        service.set_attempts(attempts.sent());
        return service.hiding(hide);
    }
    let causes: Vec<String> = causes(&error).iter().map(|cause| hide(cause)).collect();
    let causes: Vec<String> = causes
        .into_iter()
        .filter(|cause| !cause.trim().is_empty())
        .collect();
    let timed_out = Error::AttemptsTimedOut {
        timed_out: attempts.timed_out(),
        attempts: attempts.sent(),
        each: request_timeout,
    };
    let known = sources(&error).find_map(|source| source.downcast_ref::<Error>());
    if is_about_credentials(&error) {
        // If credentials come over TLS and the CA bundle cannot be used, the settings are wrong, not the
        // credentials.
        return match known {
            Some(error @ (Error::Settings { .. } | Error::Credentials { .. })) => error.clone(),
            _ => Error::Credentials {
                causes,
                retryable: false,
            },
        };
    }
    match known {
        // The first attempt, made by the fast path, took too long.
        Some(Error::Timeout { .. }) => return timed_out,
        Some(known) => return known.clone().hiding(hide),
        None => {}
    }
    match error {
        SdkError::TimeoutError(_) => timed_out,
        SdkError::ConstructionFailure(_) => Error::Settings { causes },
        SdkError::DispatchFailure(failure) if failure.is_user() => Error::Settings { causes },
        // The SDK found no address to send the request to.
        _ if attempts.sent() == 0 => Error::Settings { causes },
        _ => Error::Unreachable {
            causes,
            attempts: attempts.sent(),
            retryable: true,
        },
    }
}

fn is_about_credentials(error: &(dyn StdError + 'static)) -> bool {
    sources(error).any(|source| source.is::<CredentialsError>())
}
