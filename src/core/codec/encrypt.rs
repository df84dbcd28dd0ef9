//! Encrypted sessions: AES-256-GCM.
//!
//! After the first byte follow the id of the key (8 bytes), the nonce (12 random bytes), the ciphertext, and
//! the tag (16 bytes). The plaintext is an encoded session: its first byte names a format.
//!
//! Each session has a key of its own, derived by HKDF-SHA256 from a key of the ring and the session's
//! [`Place`]. So random nonces can meet only among the writes of one session. The first 9 bytes and the place
//! are authenticated too. `docs/ENCRYPTION.md` describes the construction for users.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::{Place, format};
use crate::core::error::{Error, InvalidOption, Result, Unopened};

/// The bytes of a key.
pub const KEY_LEN: usize = 32;

const ID_LEN: usize = 8;

/// The salt of HKDF, and the beginning of each place.
const NAME: &[u8] = b"dynamo-session-store";

/// Begin HKDF's `info`, and say what is derived.
const FOR_ID: &[u8] = b"key id";
const FOR_SESSION: &[u8] = b"session\0";

/// The option `encryption`. All clones of a store's layout share it.
pub struct Encryption {
    ring: RwLock<Option<Arc<KeyRing>>>,
    /// Whether a session that is not encrypted is refused.
    pub refuses_plaintext: bool,
    /// Whether sessions are encrypted when they are written. Otherwise encrypted sessions are only read.
    pub writes: bool,
}

impl Encryption {
    /// With the keys of `ring`, or without a key until [`set_ring`](Self::set_ring).
    pub fn new(ring: Option<KeyRing>, refuses_plaintext: bool) -> Self {
        Self {
            ring: RwLock::new(ring.map(Arc::new)),
            refuses_plaintext,
            writes: true,
        }
    }

    /// Only reads encrypted sessions.
    pub fn read_only(self) -> Self {
        Self {
            writes: false,
            ..self
        }
    }

    /// Replaces the keys.
    pub fn set_ring(&self, ring: KeyRing) {
        let ring = Some(Arc::new(ring));
        let old = std::mem::replace(
            &mut *self.ring.write().unwrap_or_else(PoisonError::into_inner),
            ring,
        );
        // Zeroise after unlocking.
        drop(old);
    }

    pub(super) fn ring(&self) -> Option<Arc<KeyRing>> {
        self.ring
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// An encrypted session with this content.
    ///
    /// # Errors
    ///
    /// [`Error::Decrypt`] if there is no key.
    pub(super) fn seal(&self, content: Vec<u8>, place: Place<'_>) -> Result<Vec<u8>> {
        let ring = self.ring().ok_or(Unopened::NoKeys)?;
        ring.seal(content, place)
    }
}

/// Keys: the first encrypts, and each opens.
pub struct KeyRing {
    first: Key,
    others: Vec<Key>,
}

/// Written by hand, because the type holds keys.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").finish_non_exhaustive()
    }
}

impl KeyRing {
    /// A ring of these keys.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`] if there is no key, or if a key does not have 32 bytes.
    pub fn new(keys: Vec<Zeroizing<Vec<u8>>>) -> Result<Self, InvalidOption> {
        let mut checked = Vec::with_capacity(keys.len());
        for (index, key) in keys.iter().enumerate() {
            let Ok(bytes) = <[u8; KEY_LEN]>::try_from(key.as_slice()) else {
                let rule = format!("must have {KEY_LEN} bytes");
                let option = format!("encryption.keys[{index}]");
                return Err(InvalidOption::new(option, rule));
            };
            checked.push(Key::new(Zeroizing::new(bytes)));
        }
        let mut checked = checked.into_iter();
        let first = checked
            .next()
            .ok_or_else(|| InvalidOption::new("encryption.keys", "must have at least one key"))?;
        Ok(Self {
            first,
            others: checked.collect(),
        })
    }

    /// An encrypted session with this content.
    pub(super) fn seal(&self, content: Vec<u8>, place: Place<'_>) -> Result<Vec<u8>> {
        self.first.seal(content, place)
    }

    /// The content of an encrypted session, from what follows the first byte.
    ///
    /// # Errors
    ///
    /// [`Error::Decrypt`] if the ring does not have the key, or if the session was changed or belongs to
    /// another place.
    pub(super) fn open(&self, sealed: &[u8], place: Place<'_>) -> Result<Vec<u8>> {
        let parts = sealed.split_first_chunk::<ID_LEN>();
        let parts = parts.and_then(|(id, rest)| Some((id, rest.split_first_chunk::<NONCE_LEN>()?)));
        let Some((id, (nonce, ciphertext))) = parts else {
            return Err(Unopened::Altered.into());
        };
        let mut keys = std::iter::once(&self.first).chain(&self.others);
        let key = keys.find(|key| key.id == *id);
        let key = key.ok_or_else(|| Unopened::UnknownKey {
            id: hex::encode(id),
        })?;
        key.open(*nonce, ciphertext, place)
    }
}

/// A key of a ring. The bytes are zeroised when it is dropped.
struct Key {
    bytes: Zeroizing<[u8; KEY_LEN]>,
    /// Names the key in items. It is derived from the key, and says nothing about the key.
    id: [u8; ID_LEN],
}

impl Key {
    fn new(bytes: Zeroizing<[u8; KEY_LEN]>) -> Self {
        let mut key = Self {
            bytes,
            id: [0; ID_LEN],
        };
        let mut id = key.id;
        // This fails only for lengths that HKDF does not have.
        let filled = key
            .master()
            .expand(&[FOR_ID], Length(ID_LEN))
            .and_then(|derived| derived.fill(&mut id));
        debug_assert!(filled.is_ok());
        key.id = id;
        key
    }

    fn master(&self) -> Prk {
        Salt::new(HKDF_SHA256, NAME).extract(&*self.bytes)
    }

    /// The key of one session, and the data that are authenticated with it.
    fn of_session(&self, place: Place<'_>) -> Result<(LessSafeKey, Aad<Vec<u8>>)> {
        // Only the key, which comes last, can have a zero byte.
        let parts = [
            NAME,
            place.layout.as_bytes(),
            place.table.as_bytes(),
            place.key.as_bytes(),
        ];
        let place = parts.join(&0);
        let master = self.master();
        let info = [FOR_SESSION, &place];
        let derived = master.expand(&info, &AES_256_GCM).map_err(|_| DEFECT)?;
        let key = UnboundKey::from(derived);
        let header = [&[format::ENCRYPTED], &self.id[..]].concat();
        Ok((LessSafeKey::new(key), Aad::from([header, place].concat())))
    }

    fn seal(&self, mut content: Vec<u8>, place: Place<'_>) -> Result<Vec<u8>> {
        let (key, authenticated) = self.of_session(place)?;
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| DEFECT)?;
        let header = [&[format::ENCRYPTED], &self.id[..], &nonce].concat();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            authenticated,
            &mut content,
        )
        .map_err(|_| DEFECT)?;
        Ok([header, content].concat())
    }

    fn open(&self, nonce: [u8; NONCE_LEN], sealed: &[u8], place: Place<'_>) -> Result<Vec<u8>> {
        let (key, authenticated) = self.of_session(place)?;
        let mut content = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = key.open_in_place(nonce, authenticated, &mut content);
        let size = opened.map_err(|_| Unopened::Altered)?.len();
        content.truncate(size);
        Ok(content)
    }
}

/// A number of derived bytes.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The system has no random bytes, or a length is wrong.
const DEFECT: Error = Error::Internal {
    operation: "encrypting a session",
};
