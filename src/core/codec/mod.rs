//! Codecs: what stands between a session's JSON and its attribute. They do no I/O and know no item format.
//!
//! A session is compressed, then encrypted. An encoded session is bytes, in an attribute of type B. The
//! first byte names the format and its version:
//!
//! | first byte | the rest |
//! |---|---|
//! | `0` | the session as JSON; only inside an encrypted session |
//! | `1` | see [`compress`] |
//! | `2` | see [`encrypt`] |
//!
//! A session is decoded by these bytes alone, whatever the options say, so that each option can be turned
//! on and off while sessions live.

pub mod compress;
pub mod encrypt;

use std::sync::Arc;

pub use encrypt::{Encryption, KeyRing};

use self::compress::Compression;
use super::error::{Error, Result, Unopened};

/// The first byte of an encoded session.
mod format {
    pub const JSON: u8 = 0;
    pub const COMPRESSED: u8 = 1;
    pub const ENCRYPTED: u8 = 2;
}

/// The place of a session. An encrypted session opens only there.
#[derive(Clone, Copy)]
pub struct Place<'p> {
    /// The name of the item format.
    pub layout: &'p str,
    /// The table's name, not its ARN.
    pub table: &'p str,
    /// The key of the session's item.
    pub key: &'p str,
}

/// The codecs of a store, by its options. The default writes JSON.
#[derive(Default)]
pub struct Codecs {
    /// If set, sessions are compressed.
    pub compression: Option<Compression>,
    /// If set, sessions are encrypted.
    pub encryption: Option<Encryption>,
}

impl Codecs {
    /// A session as bytes; `None` if it is stored as JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Decrypt`] if the store encrypts, and has no key yet.
    pub fn encode(&self, json: &str, place: Place<'_>) -> Result<Option<Vec<u8>>> {
        let compressed = self
            .compression
            .and_then(|compression| compression.encode(json));
        let Some(encryption) = self.encryption.as_ref().filter(|it| it.writes) else {
            return Ok(compressed);
        };
        let content = compressed.unwrap_or_else(|| [&[format::JSON], json.as_bytes()].concat());
        encryption.seal(content, place).map(Some)
    }

    /// The JSON of a session that is stored as bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Decrypt`] if the session is encrypted and does not open, or if it is not encrypted and has
    /// to be; [`Error::Decode`] if the bytes are damaged, or in a format that this version does not know.
    pub fn decode(&self, bytes: &[u8], place: Place<'_>) -> Result<String> {
        match bytes.split_first() {
            Some((&format::ENCRYPTED, sealed)) => {
                let content = self.ring()?.open(sealed, place)?;
                match content.split_first() {
                    Some((&format::JSON, json)) => text(json.to_vec()),
                    Some((&format::COMPRESSED, packed)) => text(compress::unpack(packed)?),
                    _ => Err(UNKNOWN),
                }
            }
            Some((&format::COMPRESSED, packed)) => {
                self.accept_plaintext()?;
                text(compress::unpack(packed)?)
            }
            _ => Err(UNKNOWN),
        }
    }

    /// The bytes of an encoded session for another place; `None` if they are the same in all places.
    ///
    /// # Errors
    ///
    /// [`Error::Decrypt`] if the session is encrypted and does not open.
    pub fn moved(&self, bytes: &[u8], from: Place<'_>, to: Place<'_>) -> Result<Option<Vec<u8>>> {
        match bytes.split_first() {
            Some((&format::ENCRYPTED, sealed)) => {
                let ring = self.ring()?;
                ring.seal(ring.open(sealed, from)?, to).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn ring(&self) -> Result<Arc<KeyRing>> {
        let ring = self.encryption.as_ref().and_then(Encryption::ring);
        Ok(ring.ok_or(Unopened::NoKeys)?)
    }

    /// # Errors
    ///
    /// [`Error::Decrypt`] if the store refuses sessions that are not encrypted.
    pub fn accept_plaintext(&self) -> Result<()> {
        match &self.encryption {
            Some(encryption) if encryption.refuses_plaintext => Err(Unopened::Plaintext.into()),
            _ => Ok(()),
        }
    }

    /// Whether a session is probably stored as bytes, by its JSON. Compression leaves a session as it is if
    /// it would not get smaller.
    pub fn likely_encodes(&self, json: Option<&str>) -> bool {
        let compresses =
            |compression: Compression| json.is_some_and(|json| json.len() >= compression.threshold);
        self.encryption.as_ref().is_some_and(|it| it.writes)
            || self.compression.is_some_and(compresses)
    }
}

const UNKNOWN: Error = Error::Decode {
    reason: "it is in a format that this version of dynamo-session-store does not know",
};

fn text(json: Vec<u8>) -> Result<String> {
    String::from_utf8(json).map_err(|_| Error::Decode {
        reason: "it is damaged",
    })
}

#[cfg(test)]
mod tests;
