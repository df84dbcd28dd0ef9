//! Compressed sessions.
//!
//! After the first byte follow the size of the JSON in bytes, as 4 bytes from the lowest to the highest, and
//! the JSON in zlib's format (RFC 1950), whose checksum tells damage. Decision 0085 has the figures by which
//! this algorithm was chosen.

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::format;
use crate::core::error::{Error, Result};

/// The largest session that is compressed, and opened, in bytes of JSON. A few hundred kilobytes of zlib's
/// format can stand for hundreds of megabytes, so a reader needs a bound.
const LARGEST: usize = 4 * 1024 * 1024;

/// zlib's level, from 1 to 10.
const LEVEL: u8 = 1;

/// The option `compress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compression {
    /// A session with fewer bytes of JSON is not compressed.
    pub threshold: usize,
}

impl Compression {
    /// The session, compressed; `None` if it is below the threshold, or if it would not get smaller.
    pub(super) fn encode(self, json: &str) -> Option<Vec<u8>> {
        if json.len() < self.threshold || json.len() > LARGEST {
            return None;
        }
        let size = u32::try_from(json.len()).ok()?;
        let packed = compress_to_vec_zlib(json.as_bytes(), LEVEL);
        let encoded = [&[format::COMPRESSED], &size.to_le_bytes()[..], &packed].concat();
        (encoded.len() < json.len()).then_some(encoded)
    }
}

/// The JSON in what follows the first byte of a compressed session.
///
/// # Errors
///
/// [`Error::Decode`] if the bytes are damaged, or stand for a session above the limit.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    let damaged = Error::Decode {
        reason: "its compressed data are damaged",
    };
    let Some((size, packed)) = packed.split_first_chunk() else {
        return Err(damaged);
    };
    let size = u32::from_le_bytes(*size) as usize;
    if size > LARGEST {
        return Err(Error::Decode {
            reason: "it has more than 4 MiB when it is decompressed",
        });
    }
    match decompress_to_vec_zlib_with_limit(packed, size) {
        Ok(json) if json.len() == size => Ok(json),
        _ => Err(damaged),
    }
}
