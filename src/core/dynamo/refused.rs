//! Recognises requests that DynamoDB refused because of their signature. They may be sent once more, with other
//! credentials or with another date.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// If a date is wrong by more than this, the date is the reason of a refusal. DynamoDB tolerates five minutes.
const TOLERANCE: Duration = Duration::from_secs(4 * 60);

/// The reason why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The credentials: other credentials may help.
    Credentials,
    /// The date. The SDK has read DynamoDB's time in the answer, and signs the next request with it.
    Date,
}

impl Refusal {
    /// The reason of the error `code` in `answer`, to a request that was signed with `date`. `None` if
    /// neither other credentials nor another date can help.
    pub fn of(
        code: Option<&str>,
        answer: Option<&HttpResponse>,
        date: Option<&str>,
    ) -> Option<Self> {
        match code? {
            "ExpiredTokenException"
            | "ExpiredToken"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId" => Some(Self::Credentials),
            "InvalidSignatureException" | "SignatureDoesNotMatch" | "RequestTimeTooSkewed" => {
                let told = answer.and_then(|answer| answer.headers().get("date"));
                Some(if is_skewed(date?, told) {
                    Self::Date
                } else {
                    Self::Credentials
                })
            }
            _ => None,
        }
    }
}

/// Whether the date of a request differs from the time of its answer by more than [`TOLERANCE`].
fn is_skewed(date: &str, told: Option<&str>) -> bool {
    let told = told.and_then(|told| DateTime::from_str(told, Format::HttpDate).ok());
    let told = told.and_then(|told| SystemTime::try_from(told).ok());
    let (Some(date), Some(told)) = (parse_date(date), told) else {
        return false;
    };
    let skew = told.duration_since(date);
    skew.unwrap_or_else(|error| error.duration()) > TOLERANCE
}

/// Parses an `x-amz-date`, such as `20261128T120000Z`.
pub fn parse_date(date: &str) -> Option<SystemTime> {
    let part = |from: usize, to: usize| date.get(from..to);
    let (year, month, day_and_hour) = (part(0, 4)?, part(4, 6)?, part(6, 11)?);
    let (minute, second) = (part(11, 13)?, part(13, 16)?);
    let date = format!("{year}-{month}-{day_and_hour}:{minute}:{second}");
    let date = DateTime::from_str(&date, Format::DateTime).ok()?;
    SystemTime::try_from(date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_wrong_by_more_than_dynamodb_takes() {
        let told = Some("Sat, 28 Nov 2026 12:00:00 GMT");
        for (date, skewed) in [
            ("20261128T120000Z", false),
            ("20261128T115700Z", false),
            ("20261128T120300Z", false),
            ("20261128T115500Z", true),
            ("20261128T121000Z", true),
            ("no date", false),
        ] {
            assert_eq!(is_skewed(date, told), skewed, "{date}");
        }
        assert!(!is_skewed("20261128T115500Z", None));
    }

    #[test]
    fn only_what_a_signature_can_mend_is_sent_once_more() {
        let of = |code| Refusal::of(Some(code), None, Some("20261128T120000Z"));
        assert_eq!(of("ExpiredTokenException"), Some(Refusal::Credentials));
        assert_eq!(of("InvalidSignatureException"), Some(Refusal::Credentials));
        assert_eq!(of("AccessDeniedException"), None);
        assert_eq!(of("ValidationException"), None);
        assert_eq!(Refusal::of(None, None, None), None);
    }
}
