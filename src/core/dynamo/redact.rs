//! Removes secrets from error texts. A service may quote parts of the request in its errors: keys, a session token,
//! a session id.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use serde_json::Value;

use crate::core::lock::locked;

/// The replacement of a secret.
const HIDDEN: &str = "[hidden]";

/// Shorter credentials are not secrets but names, such as `local` for DynamoDB Local.
const SHORTEST: usize = 8;

/// A word with at least this many characters, of all kinds, counts as a key or a token, even if it is not known.
const LONG: usize = 40;

/// The number of parts of credentials to remember: three rotations.
const REMEMBERED: usize = 9;

/// The credentials with which requests were recently signed. Clones share them.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<VecDeque<String>>>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Remembers credentials that are about to be used.
    pub fn learn(&self, credentials: &Credentials) {
        let parts = [
            Some(credentials.access_key_id()),
            Some(credentials.secret_access_key()),
            credentials.session_token(),
        ];
        let mut known = locked(&self.0);
        for part in parts.into_iter().flatten() {
            if part.len() >= SHORTEST && !known.iter().any(|each| each == part) {
                known.push_back(part.to_owned());
            }
        }
        while known.len() > REMEMBERED {
            known.pop_front();
        }
    }

    /// `text` without credentials, and without the values of items in the request `body`.
    pub fn hide(&self, text: &str, body: Option<&[u8]>) -> String {
        let mut text = text.to_owned();
        let body = body.and_then(|body| serde_json::from_slice(body).ok());
        let mut values = Vec::new();
        if let Some(body) = &body {
            collect(body, &mut values);
        }
        for value in values {
            text = text.replace(value, HIDDEN);
            // The service may quote the JSON of the request.
            let escaped = Value::from(value).to_string();
            text = text.replace(escaped.trim_matches('"'), HIDDEN);
        }
        let known = locked(&self.0);
        by_word(&text, |word| {
            looks_secret(word)
                || known
                    .iter()
                    .any(|secret| secret.contains(word) || word.contains(secret))
        })
    }
}

/// Hides the words of `text` that are long enough for a secret and for which `is_secret` holds.
fn by_word(text: &str, is_secret: impl Fn(&str) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+/=_%-".contains(letter);
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (between, from) = rest.split_at(start);
        let end = from.find(|letter| !is_part(letter)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        shown.push_str(between);
        let hide = word.len() >= SHORTEST && is_secret(word);
        shown.push_str(if hide { HIDDEN } else { word });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Whether a word looks like the id of an access key, or is as long and mixed as a secret key or a token.
fn looks_secret(word: &str) -> bool {
    // Resource names are long too, and the user needs them to mend the problem.
    let is_resource = ["table/", "user/", "role/", "assumed-role/"]
        .iter()
        .any(|kind| word.starts_with(kind));
    let is_key_id = ["AKIA", "ASIA"].iter().any(|kind| word.contains(kind))
        && word.bytes().filter(u8::is_ascii_uppercase).count() >= 12;
    let has = |kind: fn(&u8) -> bool| word.bytes().any(|byte| kind(&byte));
    let is_mixed =
        has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    !is_resource && (is_key_id || (word.len() >= LONG && is_mixed))
}

/// Collects the values of attributes in a request: strings, numbers and bytes.
fn collect<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if matches!(name.as_str(), "S" | "N" | "B") => {
                        if text.len() >= SHORTEST {
                            found.push(text);
                        }
                    }
                    member => collect(member, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let secrets = Secrets::default();
        let token = Some("FwoGZXIvYXdzEBYaDH+token/hunter2==".to_owned());
        secrets.learn(&Credentials::new(
            "AKIDHUNTER2EXAMPLE",
            "secret/hunter2",
            token,
            None,
            "test",
        ));
        secrets
    }

    #[test]
    fn known_credentials_are_hidden_whole_in_part_and_inside_a_word() {
        for (said, shown) in [
            (
                "token FwoGZXIvYXdzEBYaDH+token/hunter2== expired",
                "token [hidden] expired",
            ),
            ("token FwoGZXIvYXdz... expired", "token [hidden]... expired"),
            ("Credential=AKIDHUNTER2EXAMPLE/20261121/x", "[hidden]"),
            ("the key secret/hunter2.", "the key [hidden]."),
            (
                "nothing of it, and no örtlichkeit",
                "nothing of it, and no örtlichkeit",
            ),
        ] {
            assert_eq!(secrets().hide(said, None), shown);
        }
    }

    #[test]
    fn names_that_are_short_are_no_secrets() {
        let secrets = Secrets::default();
        secrets.learn(&Credentials::new("local", "local", None, None, "test"));
        assert_eq!(secrets.hide("the local table", None), "the local table");
    }

    #[test]
    fn what_looks_like_a_key_is_hidden_whoever_has_it() {
        let hide = |text: &str| Secrets::default().hide(text, None);
        assert_eq!(
            hide("key AKIAIOSFODNN7EXAMPLE is not"),
            "key [hidden] is not"
        );
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY0";
        assert_eq!(hide(&format!("'{secret}'")), "'[hidden]'");
        let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/MySessions-of-2026-in-a-long-name";
        assert_eq!(hide(arn), arn);
    }

    #[test]
    fn values_of_items_are_hidden_and_names_are_not() {
        let body = br#"{"TableName":"sessions-table","Item":{"id":{"S":"sess:abcdefgh"},"n":{"N":"123456789"}}}"#;
        assert_eq!(
            secrets().hide("sess:abcdefgh in sessions-table: 123456789", Some(body)),
            "[hidden] in sessions-table: [hidden]"
        );
    }

    #[test]
    fn old_credentials_are_forgotten() {
        let secrets = Secrets::default();
        for number in 0..20 {
            let key = format!("KEYOFROTATION{number:04}");
            secrets.learn(&Credentials::new(key, "secret-key", None, None, "test"));
        }
        assert_eq!(secrets.0.lock().unwrap().len(), REMEMBERED);
    }
}
