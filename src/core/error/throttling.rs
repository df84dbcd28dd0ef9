//! DynamoDB's reasons for throttling.

use serde::Deserialize;

/// DynamoDB's reason for throttling a request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ThrottlingReason {
    /// A name such as `TableWriteProvisionedThroughputExceeded`.
    #[serde(default)]
    pub reason: String,
    /// The ARN of the table or the index.
    #[serde(default)]
    pub resource: String,
}

impl ThrottlingReason {
    /// Whether reason and resource look like DynamoDB's: a word and an ARN. Other text may be a proxy's.
    fn is_plausible(&self) -> bool {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric();
        let is_of_arn = |byte: u8| byte.is_ascii_alphanumeric() || b":/._-*".contains(&byte);
        self.reason.bytes().all(is_word) && self.resource.bytes().all(is_of_arn)
    }
}

/// The reasons in the body of DynamoDB's answer, or in the error of a client.
pub fn throttling_reasons(body: &[u8]) -> Vec<ThrottlingReason> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "ThrottlingReasons", alias = "throttlingReasons", default)]
        reasons: Vec<ThrottlingReason>,
    }
    // Most errors have no reasons, and a proxy's error page is not JSON.
    let mut reasons =
        serde_json::from_slice::<Body>(body).map_or_else(|_| Vec::new(), |body| body.reasons);
    reasons.retain(ThrottlingReason::is_plausible);
    reasons
}

#[cfg(test)]
mod tests {
    use super::super::Error;
    use super::*;

    #[test]
    fn reasons_are_read_as_either_error_of_dynamodb_has_them() {
        let arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/sessions";
        let expected = [ThrottlingReason {
            reason: "TableWriteKeyRangeThroughputExceeded".to_owned(),
            resource: arn.to_owned(),
        }];
        for name in ["ThrottlingReasons", "throttlingReasons"] {
            let reason = &expected[0];
            let body = format!(
                r#"{{"__type":"a#b","{name}":[{{"reason":"{}","resource":"{arn}"}}]}}"#,
                reason.reason
            );
            let reasons = throttling_reasons(body.as_bytes());
            assert_eq!(reasons, expected);
            let code = "ThrottlingException".to_owned();
            let error = Error::service(code, None, Some(400), None, None).because_of(reasons);
            assert!(error.is_of_a_part());
        }
        for body in ["", "<html>", "{}", r#"{"ThrottlingReasons":null}"#] {
            assert!(throttling_reasons(body.as_bytes()).is_empty(), "{body}");
        }
        let made_up = br#"{"ThrottlingReasons":[{"reason":"a secret","resource":"key=value"}]}"#;
        assert!(throttling_reasons(made_up).is_empty());
    }
}
