//! Sessions on their way across the bridge.

use napi::bindgen_prelude::{Buffer, Either4};
use napi_derive::napi;

use super::completions::{Json, json};
use crate::core::expiry::UnixMillis;
use crate::core::layout::{Marks, SpecialValue, Stored};
use crate::core::store::{self, Conflict, Known, Loaded};

/// A value under a special key: nothing, a text, a number, bytes, or something else.
#[napi]
pub type SpecialArgument = Either4<String, f64, Buffer, OtherValue>;

/// A value that no special key takes.
#[napi(object, object_to_js = false)]
pub struct OtherValue {
    pub type_name: String,
}

/// A session and its id.
#[napi(object, object_from_js = false)]
pub struct SessionEntry {
    pub sid: String,
    /// The session as JSON.
    pub data: String,
    /// Its exact end in milliseconds since the Unix epoch, where a touch has moved it.
    pub end: Option<f64>,
}

impl From<Stored> for SessionEntry {
    fn from(stored: Stored) -> Self {
        (stored, Marks::default()).into()
    }
}

impl From<(Stored, Marks)> for SessionEntry {
    fn from((Stored { sid, data, .. }, marks): (Stored, Marks)) -> Self {
        let end = marks.end.map(|UnixMillis(end)| end);
        Self { sid, data, end }
    }
}

/// What a request knows of the session that it saves or touches.
#[napi(object, object_to_js = false)]
pub struct KnownSession {
    /// The version that it has read or written; nothing where a replaced package has written the
    /// session.
    pub version: Option<String>,
    /// The session as JSON that its changes count from; nothing for a new session.
    pub base: Option<String>,
    /// What is in the table as far as it knows, where that is not `base`.
    pub stored: Option<String>,
    /// Its saves that have failed since then.
    pub failed: Option<Vec<FailedSave>>,
    #[napi(ts_type = "'overwrite' | 'merge' | 'error'")]
    pub conflict: String,
    /// The number of the request, where it has saves whose outcomes were not taken yet, or is making one.
    pub request: Option<u32>,
}

/// A save that has failed, and may have been carried out.
#[napi(object, object_to_js = false)]
pub struct FailedSave {
    pub version: String,
    /// The session that was to be saved, as JSON.
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

/// A session as `load` gives it, and `save` where it has written another than it was given.
pub fn loaded(session: Loaded) -> Json {
    let Loaded {
        data,
        expires,
        marks,
    } = session;
    let number = |number: Option<UnixMillis>| number.map(|UnixMillis(number)| number);
    let seconds = number(expires).map(|end| (end / 1000.0).floor());
    let end = number(marks.end);
    let mut text = String::with_capacity(data.len() + 48);
    for number in [end, seconds] {
        if let Some(number) = number {
            text += &number.to_string();
        }
        text.push(';');
    }
    // Its length in JavaScript before it: whoever else writes to the table may have put a `;` in it.
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

pub fn special_value(value: Option<SpecialArgument>) -> SpecialValue {
    match value {
        None => SpecialValue::Missing,
        Some(Either4::A(text)) => SpecialValue::Text(text),
        Some(Either4::B(number)) => SpecialValue::Number(number),
        Some(Either4::C(bytes)) => SpecialValue::Bytes(bytes.to_vec()),
        Some(Either4::D(other)) => SpecialValue::Other(other.type_name),
    }
}
