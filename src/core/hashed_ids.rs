//! Hashed ids: in the table stands an HMAC of each session's id, so that nobody who reads the table can use
//! its sessions.
//!
//! A hashed id is `h1:` and HMAC-SHA-256 in base64url, 46 characters. The message of the HMAC is
//! `dynamo-session-store id`, a line feed and the session's id. `docs/HASHED-IDS.md` describes it for users.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac::{HMAC_SHA256, Key, sign};
use zeroize::Zeroizing;

use super::error::InvalidOption;

/// The bytes that a secret must have at least.
pub const LEAST_BYTES: usize = 32;

/// Begins each hashed id.
const MARK: &str = "h1:";

/// The length of a hashed id.
const LENGTH: usize = MARK.len() + 43;

/// Begins the message of the HMAC, so that the hash differs from a cookie's signature with the same secret.
const NAME: &str = "dynamo-session-store id\n";

/// The use of ids that are not hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainIds {
    /// Such sessions are not found.
    Ignored,
    /// Such sessions are found, and move to their hashed ids.
    Found,
    /// Sessions are written under plain ids. Sessions under hashed ids are found, and move to their plain ids.
    Written,
}

/// The option `hashIds`.
pub struct HashedIds {
    /// Hashes by the first secret are written, those by the others are found.
    first: Secret,
    others: Vec<Secret>,
    plain: PlainIds,
}

/// Written by hand, because the type holds secrets.
impl fmt::Debug for HashedIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashedIds").finish_non_exhaustive()
    }
}

impl HashedIds {
    /// Hashes with these secrets.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`] if there is no secret, or if a secret has less than [`LEAST_BYTES`].
    pub fn new(secrets: Vec<Zeroizing<Vec<u8>>>, plain: PlainIds) -> Result<Self, InvalidOption> {
        if let Some(index) = { secrets.iter() }.position(|secret| secret.len() < LEAST_BYTES) {
            let rule = format!("must have at least {LEAST_BYTES} bytes");
            return Err(InvalidOption::new(format!("hashIds.secret[{index}]"), rule));
        }
        let mut secrets = secrets.into_iter().map(Secret);
        let first = secrets.next();
        let first = first
            .ok_or_else(|| InvalidOption::new("hashIds.secret", "must have at least one secret"))?;
        Ok(Self {
            first,
            others: secrets.collect(),
            plain,
        })
    }

    /// The id under which a session is written.
    pub fn present(&self, sid: &str) -> String {
        match self.plain {
            PlainIds::Written if !is_hashed(sid) => sid.to_owned(),
            _ => self.first.hashed(sid),
        }
    }

    /// The other ids under which a session is found.
    pub fn former(&self, sid: &str) -> Vec<String> {
        // With a hashed id from a copy of the table, nobody may find the session: so it is no plain id.
        let (first, plain) = match self.plain {
            _ if is_hashed(sid) => (None, None),
            PlainIds::Ignored => (None, None),
            PlainIds::Found => (None, Some(sid.to_owned())),
            PlainIds::Written => (Some(self.first.hashed(sid)), None),
        };
        let others = self.others.iter().map(|secret| secret.hashed(sid));
        let mut ids = first.into_iter().chain(others).chain(plain).peekable();
        let mut former: Vec<String> = Vec::new();
        if ids.peek().is_none() {
            return former;
        }
        let present = self.present(sid);
        for id in ids {
            // A secret may be given twice.
            if id != present && !former.contains(&id) {
                former.push(id);
            }
        }
        former
    }
}

/// A secret. It is zeroised when it is dropped.
struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    fn hashed(&self, sid: &str) -> String {
        let key = Key::new(HMAC_SHA256, &self.0);
        let tag = sign(&key, [NAME, sid].concat().as_bytes());
        format!("{MARK}{}", URL_SAFE_NO_PAD.encode(tag))
    }
}

/// Whether an id has the form of a hashed id. No session is found by such an id.
pub fn is_hashed(id: &str) -> bool {
    id.len() == LENGTH && id.starts_with(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(secrets: &[&str], plain: PlainIds) -> HashedIds {
        let secrets: Vec<_> = secrets
            .iter()
            .map(|secret| Zeroizing::new(secret.repeat(LEAST_BYTES).into_bytes()))
            .collect();
        HashedIds::new(secrets, plain).unwrap()
    }

    #[test]
    fn the_hash_is_the_one_that_the_documentation_describes() {
        // createHmac('sha256', 's'.repeat(32)).update('dynamo-session-store id\nsid').digest('base64url')
        assert_eq!(
            ids(&["s"], PlainIds::Ignored).present("sid"),
            "h1:PphBwhsPK9FCBghGfiylTyQSJZRIQWauAq8H-2Uvsqw"
        );
    }

    #[test]
    fn the_first_secret_writes_and_each_finds() {
        let (old, new) = (
            ids(&["a"], PlainIds::Ignored),
            ids(&["b", "a"], PlainIds::Found),
        );
        assert_eq!(old.former("sid"), [""; 0]);
        assert_eq!(
            new.present("sid"),
            ids(&["b"], PlainIds::Ignored).present("sid")
        );
        assert_eq!(new.former("sid"), [old.present("sid"), "sid".to_owned()]);
    }

    #[test]
    fn a_secret_that_is_given_twice_counts_once() {
        let twice = ids(&["a", "a", "b", "b"], PlainIds::Ignored);
        assert_eq!(
            twice.former("sid"),
            [ids(&["b"], PlainIds::Ignored).present("sid")]
        );
    }

    #[test]
    fn plain_ids_are_written_while_the_option_is_being_turned_off() {
        let off = ids(&["b", "a"], PlainIds::Written);
        assert_eq!(off.present("sid"), "sid");
        let hashed = ["b", "a"].map(|secret| ids(&[secret], PlainIds::Ignored).present("sid"));
        assert_eq!(off.former("sid"), hashed);
    }

    #[test]
    fn a_hashed_id_finds_no_session() {
        let stolen = ids(&["a"], PlainIds::Ignored).present("sid");
        for plain in [PlainIds::Ignored, PlainIds::Found, PlainIds::Written] {
            let ids = ids(&["a"], plain);
            assert_ne!(ids.present(&stolen), stolen);
            assert!(!ids.former(&stolen).contains(&stolen));
        }
    }

    #[test]
    fn a_short_secret_is_refused_and_never_printed() {
        let secrets = [vec![b'a'; 32], b"hunter2".to_vec()];
        let secrets = secrets.map(Zeroizing::new).to_vec();
        let error = HashedIds::new(secrets, PlainIds::Ignored).unwrap_err();
        assert!(error.to_string().contains("hashIds.secret[1]"), "{error}");
        let printed = format!("{error:?}{:?}", ids(&["hunter2"], PlainIds::Found));
        assert!(!printed.contains("hunter2"), "{printed}");
        assert!(HashedIds::new(Vec::new(), PlainIds::Ignored).is_err());
    }
}
