//! Sessions, as they cross between Rust and JavaScript.

use napi::bindgen_prelude::{Buffer, Either4};
use napi_derive::napi;

use super::completions::{Json, json};
use super::tracking;
use crate::core::expiry::{Expires, UnixMillis};
use crate::core::layout::{Record, SpecialValue, Stored, connect};
use crate::core::store::{self, Conflict, Known, Loaded};

/// The value of a special key: not set, a text, a number, bytes, or a value of another type.
#[napi]
pub type SpecialArgument = Either4<String, f64, Buffer, OtherValue>;

/// A value of a type that special keys cannot store.
#[napi(object, object_to_js = false)]
pub struct OtherValue {
    pub type_name: String,
}

/// A session and its id, as it stands in the table.
#[napi(object, object_from_js = false)]
pub struct SessionEntry {
    pub sid: String,
    /// The session as JSON.
    pub data: String,
}

impl From<Stored> for SessionEntry {
    fn from(Stored { sid, data, .. }: Stored) -> Self {
        Self { sid, data }
    }
}

/// The knowledge of a web request about the session that it saves or touches.
#[napi(object, object_to_js = false)]
pub struct KnownSession {
    /// The version that the request has read or written. Not set if a replaced package has written the
    /// session.
    pub version: Option<String>,
    /// The session as JSON to which the request's changes are compared. Not set for a new session.
    pub base: Option<String>,
    /// The session as JSON that the request expects in the table. Not set if it equals `base`.
    pub stored: Option<String>,
    /// Saves of the request that have failed since then.
    pub failed: Option<Vec<FailedSave>>,
    #[napi(ts_type = "'overwrite' | 'merge' | 'error'")]
    pub conflict: String,
    /// The number of the request. Set if JavaScript has not taken the outcomes of all its saves, or if
    /// this call is a save.
    pub request: Option<u32>,
}

/// A save that has failed. DynamoDB may have carried it out.
#[napi(object, object_to_js = false)]
pub struct FailedSave {
    pub version: String,
    /// The session of the save, as JSON.
    pub data: String,
}

impl From<KnownSession> for Known {
    fn from(known: KnownSession) -> Self {
        let failed = known.failed.unwrap_or_default().into_iter();
        let failed = failed.map(|FailedSave { version, data }| store::FailedSave { version, data });
        Self {
            version: known.version,
            base: known.base,
            stored: known.stored,
            failed: failed.collect(),
            conflict: match known.conflict.as_str() {
                "overwrite" => Conflict::Overwrite,
                "error" => Conflict::Fail,
                _ => Conflict::Merge,
            },
        }
    }
}

/// A session in the text form that `NativeStore.load` documents.
pub fn loaded(session: Loaded) -> Json {
    let Loaded {
        data,
        expires,
        marks,
        tracked,
    } = session;
    let number = |number: Option<UnixMillis>| number.map(|UnixMillis(number)| number);
    let seconds = number(expires).map(|end| (end / 1000.0).floor());
    let end = number(marks.end);
    let mut text = String::with_capacity(data.len() + 48);
    if let Some(tracked) = &tracked {
        text += &tracking::line(tracked);
    }
    for number in [end, seconds] {
        if let Some(number) = number {
            text += &number.to_string();
        }
        text.push(';');
    }
    // The version has a length before it, because other writers to the table may have used `;` in it.
    if let Some(version) = marks.version {
        text += &version.encode_utf16().count().to_string();
        text.push(';');
        text += &version;
    } else {
        text.push(';');
    }
    text += &data;
    json(text)
}

/// A session to write. `expires` is in seconds since the Unix epoch.
pub fn record(
    sid: String,
    data: String,
    expires: Option<f64>,
    special: Vec<Option<SpecialArgument>>,
) -> Record {
    Record {
        sid,
        data,
        expires: expires.map(seconds),
        special: special.into_iter().map(special_value).collect(),
    }
}

/// An end that is given in seconds since the Unix epoch.
pub fn seconds(expires: f64) -> Expires {
    Expires::at(UnixMillis(expires * 1000.0))
}

fn special_value(value: Option<SpecialArgument>) -> SpecialValue {
    match value {
        None => SpecialValue::Missing,
        Some(Either4::A(text)) => SpecialValue::Text(text),
        Some(Either4::B(number)) => SpecialValue::Number(number),
        Some(Either4::C(bytes)) => SpecialValue::Bytes(bytes.to_vec()),
        Some(Either4::D(other)) => SpecialValue::Other(other.type_name),
    }
}

/// The `expires` attribute of a session that ends at `end`.
///
/// `end` is in milliseconds since the Unix epoch, the result in whole seconds.
#[napi]
pub fn expires_at(end: f64) -> i64 {
    Expires::at(UnixMillis(end)).seconds()
}

/// Reads the session in the `sess` and `expires` attributes of an item in connect-dynamodb's format.
/// `null` if the item holds no session, or if the session has ended. `now` is in milliseconds since the
/// Unix epoch.
#[napi]
pub fn session_of(sess: Option<String>, expires: Option<String>, now: f64) -> Option<String> {
    connect::session(sess, expires.as_deref(), UnixMillis(now))
}
