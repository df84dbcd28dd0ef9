//! Credentials as JavaScript gives them: those of a provider, and those that a program has printed.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider;
use aws_credential_types::provider::error::CredentialsError;
use napi_derive::napi;

/// Credentials, or the reason why none could be loaded.
#[napi(object, object_to_js = false)]
pub struct CredentialsAnswer {
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub session_token: Option<String>,
    /// The time at which they expire, in milliseconds since the Unix epoch.
    pub expiration: Option<f64>,
    pub account_id: Option<String>,
    pub failure: Option<String>,
}

/// Converts the credentials that JavaScript has provided.
pub(super) fn credentials(answer: CredentialsAnswer) -> provider::Result {
    if let Some(reason) = answer.failure {
        return Err(CredentialsError::provider_error(reason));
    }
    match (answer.access_key_id, answer.secret_access_key) {
        (Some(id), Some(secret)) => {
            let mut credentials = Credentials::builder()
                .access_key_id(id)
                .secret_access_key(secret)
                .provider_name("JavaScript");
            credentials.set_session_token(answer.session_token);
            credentials.set_expiry(answer.expiration.map(|milliseconds| {
                // The cast turns NaN and times before 1970 into 1970, so such credentials count as
                // expired.
                UNIX_EPOCH + Duration::from_millis(milliseconds as u64)
            }));
            credentials.set_account_id(answer.account_id.map(Into::into));
            Ok(credentials.build())
        }
        _ => Err(CredentialsError::provider_error(
            "the credential provider gave no accessKeyId and secretAccessKey",
        )),
    }
}
