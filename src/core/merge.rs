//! Merging two changes of one session, key by key.
//!
//! Two requests have read a session and both have changed it. The second to save takes from its own
//! session the keys that it has changed, added or removed, and all others from the table. Values are
//! taken whole, as the JSON text that they are: nothing inside them is merged.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// The keys of a session with their values as JSON text, in their order.
struct Entries<'j>(Vec<(String, &'j RawValue)>);

/// Merges what `ours` has changed since `base` into `theirs`. All three are sessions as JSON.
///
/// Keys for which `is_ours` holds are always taken from `ours`: a cookie belongs to the request that
/// saves it. `None` where one of the three is no JSON object: then there is nothing to merge.
///
/// ```
/// use dynamo_session_store::core::merge::merge;
///
/// let base = r#"{"cart":1,"user":"ann"}"#;
/// let ours = r#"{"cart":2,"user":"ann"}"#;
/// let theirs = r#"{"cart":1,"token":"x"}"#;
/// let merged = merge(base, ours, theirs, |key| key == "cookie");
/// assert_eq!(merged.as_deref(), Some(r#"{"cart":2,"token":"x"}"#));
/// ```
pub fn merge(
    base: &str,
    ours: &str,
    theirs: &str,
    is_ours: impl Fn(&str) -> bool,
) -> Option<String> {
    let base: Entries<'_> = serde_json::from_str(base).ok()?;
    let ours: Entries<'_> = serde_json::from_str(ours).ok()?;
    let theirs: Entries<'_> = serde_json::from_str(theirs).ok()?;
    let changed = |key: &str| is_ours(key) || !is_same(base.get(key), ours.get(key));
    let mut merged = Vec::with_capacity(theirs.0.len());
    for (key, value) in &theirs.0 {
        let value = if changed(key) {
            ours.get(key)
        } else {
            Some(*value)
        };
        merged.extend(value.map(|value| (key.clone(), value)));
    }
    for (key, value) in &ours.0 {
        if theirs.get(key).is_none() && changed(key) {
            merged.push((key.clone(), value));
        }
    }
    serde_json::to_string(&Entries(merged)).ok()
}

/// Whether `ours` has the same value under `key` as `base`, or neither has one.
pub fn is_unchanged(base: &str, ours: &str, key: &str) -> bool {
    let base: Option<Entries<'_>> = serde_json::from_str(base).ok();
    let ours: Option<Entries<'_>> = serde_json::from_str(ours).ok();
    let (Some(base), Some(ours)) = (base, ours) else {
        return false;
    };
    is_same(base.get(key), ours.get(key))
}

impl<'j> Entries<'j> {
    fn get(&self, key: &str) -> Option<&'j RawValue> {
        // The last one counts, as in JavaScript.
        let found = self.0.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| *value)
    }
}

/// Whether two values are the same as JSON, however they are written.
fn is_same(one: Option<&RawValue>, other: Option<&RawValue>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            one.get() == other.get() || {
                let value = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok();
                let (one, other) = (value(one), value(other));
                one.is_some() && one == other
            }
        }
        _ => false,
    }
}

impl<'de: 'j, 'j> Deserialize<'de> for Entries<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a session")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_map(Object).map(Self)
    }
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn merged(base: &str, ours: &str, theirs: &str) -> String {
        merge(base, ours, theirs, |key| key == "cookie").unwrap()
    }

    #[test]
    fn each_keeps_what_it_has_changed() {
        let cases = [
            // Both have changed another key.
            (
                r#"{"a":1,"b":1}"#,
                r#"{"a":2,"b":1}"#,
                r#"{"a":1,"b":2}"#,
                r#"{"a":2,"b":2}"#,
            ),
            // The same key: the one who saves last.
            (r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#, r#"{"a":2}"#),
            // One has removed a key, the other has changed another one.
            (
                r#"{"a":1,"b":1}"#,
                r#"{"b":1}"#,
                r#"{"a":1,"b":2}"#,
                r#"{"b":2}"#,
            ),
            (
                r#"{"a":1,"b":1}"#,
                r#"{"a":1,"b":2}"#,
                r#"{"b":1}"#,
                r#"{"b":2}"#,
            ),
            // Both have added one.
            ("{}", r#"{"a":1}"#, r#"{"b":1}"#, r#"{"b":1,"a":1}"#),
            // One has removed what the other has changed.
            (r#"{"a":1}"#, "{}", r#"{"a":2}"#, "{}"),
            (r#"{"a":1}"#, r#"{"a":2}"#, "{}", r#"{"a":2}"#),
            // The cookie is that of the one who saves.
            (
                r#"{"cookie":1}"#,
                r#"{"cookie":1}"#,
                r#"{"cookie":2}"#,
                r#"{"cookie":1}"#,
            ),
        ];
        for (base, ours, theirs, expected) in cases {
            assert_eq!(
                merged(base, ours, theirs),
                expected,
                "{base} {ours} {theirs}"
            );
        }
    }

    #[test]
    fn values_are_compared_as_json_and_taken_as_they_are_written() {
        let base = r#"{"a":{"x":1,"y":"é"},"n":1e21}"#;
        let ours = r#"{"a":{"y":"\u00e9","x":1},"n":1E+21,"b":2}"#;
        let theirs = r#"{"a":{"x":2,"y":"é"},"n":[1, 2]}"#;
        let expected = r#"{"a":{"x":2,"y":"é"},"n":[1, 2],"b":2}"#;
        assert_eq!(merged(base, ours, theirs), expected);
    }

    #[test]
    fn what_is_no_object_cannot_be_merged() {
        for bad in ["", "[]", "1", "{"] {
            assert_eq!(merge(bad, "{}", "{}", |_| false), None, "{bad}");
            assert_eq!(merge("{}", bad, "{}", |_| false), None, "{bad}");
            assert_eq!(merge("{}", "{}", bad, |_| false), None, "{bad}");
        }
    }

    type Session = BTreeMap<String, u8>;

    fn session() -> impl Strategy<Value = Session> {
        prop::collection::btree_map("[a-f]", 0..4u8, 0..6)
    }

    fn json(session: &Session) -> String {
        serde_json::to_string(session).unwrap()
    }

    proptest! {
        #[test]
        fn a_merge_is_both_changes(base in session(), ours in session(), theirs in session()) {
            let merged = merge(&json(&base), &json(&ours), &json(&theirs), |_| false).unwrap();
            let merged: Session = serde_json::from_str(&merged).unwrap();
            for key in ["a", "b", "c", "d", "e", "f"] {
                let is_ours = base.get(key) != ours.get(key);
                let expected = if is_ours { ours.get(key) } else { theirs.get(key) };
                prop_assert_eq!(merged.get(key), expected, "{}", key);
            }
        }
    }
}
