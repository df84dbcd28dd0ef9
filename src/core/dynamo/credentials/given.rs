//! Parses the JSON in which the services of containers and instances answer with credentials.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::Value;

/// The credentials in an answer of the container's or the instance's service.
///
/// # Errors
///
/// The error names the missing part. It quotes nothing from the answer except its error code.
pub fn read(answer: &str, provider: &'static str) -> provider::Result {
    let given: Value = serde_json::from_str(answer).map_err(|_| unusable("is not JSON"))?;
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let (Some(id), Some(secret)) = (text("AccessKeyId"), text("SecretAccessKey")) else {
        return Err(match text("Code").or_else(|| text("code")) {
            Some(code) => unusable(&format!("is the error {code}")),
            None => unusable("has no keys"),
        });
    };
    let mut credentials = Credentials::builder()
        .access_key_id(id)
        .secret_access_key(secret)
        .provider_name(provider);
    credentials.set_session_token(text("Token").map(str::to_owned));
    credentials.set_account_id(text("AccountId").map(Into::into));
    if let Some(expiration) = text("Expiration") {
        let time =
            time(expiration).ok_or_else(|| unusable("has an expiration that is not a time"))?;
        credentials.set_expiry(Some(time));
    }
    Ok(credentials.build())
}

/// Parses a time such as `2026-11-28T12:00:00Z`, or one with an offset. `None` if `text` is not a time.
pub fn time(text: &str) -> Option<SystemTime> {
    let time = DateTime::from_str(text, Format::DateTimeWithOffset).ok()?;
    time.try_into().ok()
}

fn unusable(what: &str) -> CredentialsError {
    CredentialsError::provider_error(format!("the answer {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn keys_with_an_end() {
        let answer = r#"{"Code":"Success","AccessKeyId":"ID","SecretAccessKey":"SECRET",
            "Token":"TOKEN","Expiration":"2026-11-28T13:00:00+01:00"}"#;
        let given = read(answer, "test").unwrap();
        let end = UNIX_EPOCH + Duration::from_secs(1_795_867_200);
        assert_eq!((given.access_key_id(), given.expiry()), ("ID", Some(end)));
        assert_eq!(given.session_token(), Some("TOKEN"));
    }

    #[test]
    fn what_is_missing_is_said_and_nothing_quoted() {
        for (answer, says) in [
            (r#"{"AccessKeyId":"SECRET"}"#, "has no keys"),
            (
                r#"{"code":"NoRole","message":"SECRET"}"#,
                "is the error NoRole",
            ),
            ("SECRET", "is not JSON"),
            (
                r#"{"AccessKeyId":"SECRET","SecretAccessKey":"SECRET","Expiration":"SECRET"}"#,
                "not a time",
            ),
        ] {
            let error = read(answer, "test").unwrap_err();
            let reason = std::error::Error::source(&error).unwrap().to_string();
            assert!(reason.contains(says), "{reason}");
            assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
        }
    }
}
