//! Mends text with half a surrogate pair. JavaScript and DynamoDB can hold such text and Rust cannot, so the SDK
//! would refuse the answer.

use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_types::body::SdkBody;

/// Makes the SDK read half a surrogate pair as U+FFFD. JavaScript does the same when it writes UTF-8.
///
/// The fast path leaves answers that it cannot read to the SDK, so they come through here too.
#[derive(Debug)]
pub struct WellFormed;

impl Intercept for WellFormed {
    fn name(&self) -> &'static str {
        "WellFormed"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // `answers` has read the whole body.
        let body = context.response_mut().body_mut();
        if let Some(json) = body.bytes().and_then(well_formed) {
            *body = SdkBody::from(json);
        }
        Ok(())
    }
}

/// Replaces each unpaired surrogate in `json` by U+FFFD. `None` if there is none.
pub fn well_formed(json: &[u8]) -> Option<Vec<u8>> {
    let mut changed: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(escape) = next_escape(json, at) {
        at = match code_unit(json, escape) {
            None => escape + ONE_CHARACTER,
            Some(0xD800..=0xDBFF) if is_low(json, escape + CODE_UNIT) => escape + 2 * CODE_UNIT,
            Some(0xD800..=0xDFFF) => {
                let changed = changed.get_or_insert_with(|| json.to_vec());
                let unit = escape..escape + CODE_UNIT;
                changed.get_mut(unit)?.copy_from_slice(b"\\ufffd");
                escape + CODE_UNIT
            }
            Some(_) => escape + CODE_UNIT,
        };
    }
    changed
}

/// The lengths of `\n` and of `\ud83d`.
const ONE_CHARACTER: usize = 2;
const CODE_UNIT: usize = 6;

/// The position of the next `\` from `at` on. In JSON, it always begins an escape.
fn next_escape(json: &[u8], at: usize) -> Option<usize> {
    let rest = json.get(at..)?;
    Some(at + rest.iter().position(|byte| *byte == b'\\')?)
}

/// The UTF-16 code unit of the escape at `at`, such as `\ud83d`. `None` for another escape.
fn code_unit(json: &[u8], at: usize) -> Option<u32> {
    let digits = json.get(at..at + CODE_UNIT)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| {
        Some(unit * 16 + char::from(*digit).to_digit(16)?)
    })
}

fn is_low(json: &[u8], at: usize) -> bool {
    matches!(code_unit(json, at), Some(0xDC00..=0xDFFF))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Option<String> {
        let json = well_formed(json.as_bytes())?;
        Some(String::from_utf8(json).unwrap())
    }

    #[test]
    fn half_a_pair_is_replaced() {
        for (json, expected) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00""#, r#""\ufffd""#),
            (r#""a\uD83Db""#, r#""a\ufffdb""#),
            // The halves the wrong way round, and a half before a pair.
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\n\ude00""#, r#""\ufffd\n\ufffd""#),
            (r#"{"\ud83d":"\\\ud83d"}"#, r#"{"\ufffd":"\\\ufffd"}"#),
        ] {
            assert_eq!(read(json).as_deref(), Some(expected), "{json}");
        }
    }

    #[test]
    fn everything_else_stays() {
        for json in [
            "",
            "{}",
            r#""\ud83d\ude00\u00e9\n\"""#,
            // A session's JSON inside a string: the backslash itself is escaped.
            r#""{\"name\":\"\\ud83d\"}""#,
            // Not JSON.
            r#""\"#,
            r#""\ud83"#,
            r#""\u+d83d""#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    proptest! {
        /// Any JavaScript string is read as JavaScript would convert it to UTF-8.
        #[test]
        fn any_text_is_read_as_javascript_has_it_in_utf_8(
            units in prop::collection::vec(prop_oneof![0xD7FE..0xE002_u16, any::<u16>()], 0..12)
        ) {
            let escapes = units.iter().map(|unit| format!("\\u{unit:04x}"));
            let json = format!("\"{}\"", escapes.collect::<String>());
            let json = read(&json).unwrap_or(json);
            let text: String = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(text, String::from_utf16_lossy(&units));
        }

        #[test]
        fn any_bytes_can_be_looked_at(json in prop::collection::vec(prop_oneof![Just(b'\\'), Just(b'u'), Just(b'd'), any::<u8>()], 0..40)) {
            let length = json.len();
            prop_assert!(well_formed(&json).is_none_or(|changed| changed.len() == length));
        }
    }
}
