//! The codecs of a store, its encryption keys from JavaScript, and its hashed ids.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use zeroize::Zeroizing;

use super::failure::{Outcome, wrap};
use super::store::NativeStore;
use crate::core::codec::compress::Compression;
use crate::core::codec::{Codecs, Encryption, KeyRing};
use crate::core::error::{Error, InvalidOption, Result};
use crate::core::hashed_ids::{HashedIds, PlainIds};
use crate::core::options::count;

/// The form in which a store writes sessions. Without any of these settings, it is the replaced package's.
#[napi(object, object_to_js = false)]
pub struct CodecOptions {
    /// Sessions with at least this many bytes of JSON are compressed. Not set: none are.
    pub compress_threshold: Option<f64>,
    pub encryption: Option<EncryptionOptions>,
}

#[napi(object, object_to_js = false)]
pub struct EncryptionOptions {
    /// The first key encrypts, and each decrypts. Not set: `setKeys` brings the keys.
    pub keys: Option<Vec<Buffer>>,
    /// `true`: sessions that are not encrypted are refused.
    pub refuse_plaintext: bool,
    /// `true`: sessions are written as without encryption, and encrypted sessions are read.
    pub read_only: bool,
}

impl CodecOptions {
    /// The codecs for these options.
    pub fn codecs(options: Option<Self>) -> Result<Codecs, InvalidOption> {
        let Some(options) = options else {
            return Ok(Codecs::default());
        };
        let compression = options.compress_threshold.map(|threshold| {
            let threshold = count("compress.threshold", threshold, "bytes")?;
            Ok(Compression { threshold })
        });
        let encryption = options.encryption.map(|encryption| {
            let ring = encryption.keys.as_deref().map(key_ring).transpose()?;
            let new = Encryption::new(ring, encryption.refuse_plaintext);
            Ok(if encryption.read_only {
                new.read_only()
            } else {
                new
            })
        });
        Ok(Codecs {
            compression: compression.transpose()?,
            encryption: encryption.transpose()?,
        })
    }
}

/// The ids that stand in the table.
#[napi(object, object_to_js = false)]
pub struct HashIdsOptions {
    /// Hashes by the first secret are written, those by the others are found.
    pub secrets: Vec<Buffer>,
    /// The use of ids that are not hashed: sessions under them are not found, are found, or are written.
    #[napi(ts_type = "'ignore' | 'find' | 'write'")]
    pub plain: String,
}

impl HashIdsOptions {
    /// The hashes for these options.
    pub fn hashed_ids(&self) -> Result<HashedIds, InvalidOption> {
        let plain = match self.plain.as_str() {
            "find" => PlainIds::Found,
            "write" => PlainIds::Written,
            "ignore" => PlainIds::Ignored,
            _ => return Err(InvalidOption::new("hashIds.plain", "is not known")),
        };
        HashedIds::new(copied(&self.secrets), plain)
    }
}

fn copied(keys: &[Buffer]) -> Vec<Zeroizing<Vec<u8>>> {
    keys.iter()
        .map(|key| Zeroizing::new(key.to_vec()))
        .collect()
}

fn key_ring(keys: &[Buffer]) -> Result<KeyRing, InvalidOption> {
    KeyRing::new(copied(keys))
}

#[napi]
impl NativeStore {
    /// Replaces the encryption keys: the first encrypts, and each decrypts. Only for a store with
    /// `encryption`.
    #[napi]
    pub fn set_keys(&self, keys: Vec<Buffer>) -> Outcome<()> {
        let set = || {
            let backend = self.backend()?;
            let operation = "encryption";
            let encryption = backend.codecs.encryption.as_ref();
            let encryption = encryption.ok_or(Error::Format { operation })?;
            encryption.set_ring(key_ring(&keys)?);
            Ok::<_, Error>(())
        };
        wrap(set())
    }
}
