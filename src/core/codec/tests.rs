use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;

const PLACE: Place<'_> = Place {
    layout: "connect",
    table: "sessions",
    key: "sess:ann",
};

fn ring(keys: &[u8]) -> KeyRing {
    let keys = keys.iter().map(|key| Zeroizing::new(vec![*key; 32]));
    KeyRing::new(keys.collect()).unwrap()
}

fn codecs(threshold: Option<usize>, keys: Option<&[u8]>) -> Codecs {
    Codecs {
        compression: threshold.map(|threshold| Compression { threshold }),
        encryption: keys.map(|keys| Encryption::new(Some(ring(keys)), false)),
    }
}

fn long() -> String {
    let entries = (0..100).map(|number| format!(r#"{{"sku":"SKU-{number}","quantity":1}}"#));
    format!("[{}]", entries.collect::<Vec<_>>().join(","))
}

/// A session as bytes.
fn encoded(codecs: &Codecs, json: &str) -> Vec<u8> {
    codecs.encode(json, PLACE).unwrap().unwrap()
}

#[test]
fn a_session_that_would_not_get_smaller_stays_json() {
    let codecs = codecs(Some(1), None);
    for json in ["{}", r#"{"a":"Zq3_xY8-Lk2"}"#] {
        assert_eq!(codecs.encode(json, PLACE), Ok(None));
    }
    let json = long();
    let bytes = encoded(&codecs, &json);
    assert!(bytes.len() * 4 < json.len());
    assert_eq!(codecs.decode(&bytes, PLACE), Ok(json));
}

#[test]
fn the_threshold_counts_bytes_of_json() {
    let json = long();
    let at = |threshold| codecs(Some(threshold), None).encode(&json, PLACE).unwrap();
    assert!(at(json.len()).is_some());
    assert!(at(json.len() + 1).is_none());
}

#[test]
fn what_is_compressed_is_encrypted_after_that() {
    let both = encoded(&codecs(Some(1), Some(b"a")), &long());
    let compressed = encoded(&codecs(Some(1), None), &long());
    let encrypted = encoded(&codecs(None, Some(b"a")), &long());
    // Key id, nonce and tag.
    assert_eq!(both.len(), compressed.len() + 1 + 8 + 12 + 16);
    assert_eq!(encrypted.len(), 1 + long().len() + 1 + 8 + 12 + 16);
    for bytes in [both, encrypted] {
        assert_eq!(codecs(None, Some(b"ba")).decode(&bytes, PLACE), Ok(long()));
    }
}

#[test]
fn the_first_key_encrypts_and_each_decrypts() {
    let old = encoded(&codecs(None, Some(b"a")), "{}");
    let rotated = codecs(None, Some(b"ba"));
    let new = encoded(&rotated, "{}");
    assert_eq!(rotated.decode(&old, PLACE), Ok("{}".to_owned()));
    assert_eq!(rotated.decode(&new, PLACE), Ok("{}".to_owned()));
    let error = codecs(None, Some(b"a")).decode(&new, PLACE).unwrap_err();
    let id = new[1..9].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(error, Unopened::UnknownKey { id }.into());
    assert_eq!(error.code(), "ERR_SESSION_DECRYPT");
    assert!(!error.retryable());
    let without = codecs(None, None).decode(&new, PLACE);
    assert_eq!(without, Err(Unopened::NoKeys.into()));
}

#[test]
fn an_encrypted_session_opens_in_its_place_only() {
    let codecs = codecs(None, Some(b"a"));
    let bytes = encoded(&codecs, "{}");
    for place in [
        Place {
            key: "sess:bob",
            ..PLACE
        },
        Place {
            table: "others",
            ..PLACE
        },
        Place {
            layout: "koa",
            ..PLACE
        },
    ] {
        let opened = codecs.decode(&bytes, place);
        assert_eq!(opened, Err(Unopened::Altered.into()));
    }
}

#[test]
fn the_same_session_is_never_encrypted_to_the_same_bytes() {
    let codecs = codecs(None, Some(b"a"));
    assert_ne!(encoded(&codecs, "{}"), encoded(&codecs, "{}"));
}

#[test]
fn no_byte_that_is_changed_changes_the_session() {
    for (codecs, json) in [
        (codecs(None, Some(b"a")), "{}".to_owned()),
        (codecs(Some(1), Some(b"a")), long()),
        (codecs(Some(1), None), long()),
    ] {
        let bytes = encoded(&codecs, &json);
        for index in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[index] ^= flip;
                let decoded = codecs.decode(&changed, PLACE);
                // The last byte of zlib's data has bits that mean nothing.
                let is_the_same = codecs.encryption.is_none() && decoded.as_ref() == Ok(&json);
                assert!(
                    decoded.is_err() || is_the_same,
                    "byte {index} of {}",
                    bytes.len()
                );
            }
        }
        for length in 0..bytes.len() {
            assert!(codecs.decode(&bytes[..length], PLACE).is_err(), "{length}");
        }
    }
}

#[test]
fn a_bomb_is_not_opened() {
    let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b' '; 50_000_000], 9);
    let of = |size: u32| [&[1], &size.to_le_bytes()[..], &bomb].concat();
    let codecs = Codecs::default();
    for size in [0, 100, 4 << 20, (4 << 20) + 1, 50_000_000, u32::MAX] {
        let opened = codecs.decode(&of(size), PLACE);
        assert!(matches!(opened, Err(Error::Decode { .. })), "{size}");
    }
    let large = format!("{{{}}}", " ".repeat(5_000_000));
    assert_eq!(codecs_that_compress().encode(&large, PLACE), Ok(None));
}

fn codecs_that_compress() -> Codecs {
    codecs(Some(1), None)
}

#[test]
fn plaintext_is_refused_where_it_has_to_be() {
    let compressed = encoded(&codecs_that_compress(), &long());
    let strict = Codecs {
        encryption: Some(Encryption::new(Some(ring(b"a")), true)),
        ..Codecs::default()
    };
    let refused = Err(Unopened::Plaintext.into());
    assert_eq!(strict.decode(&compressed, PLACE), refused);
    assert_eq!(strict.accept_plaintext(), Err(Unopened::Plaintext.into()));
    assert_eq!(codecs(None, Some(b"a")).accept_plaintext(), Ok(()));
}

#[test]
fn a_format_that_is_not_known_is_an_error() {
    for bytes in [&[][..], &[0], b"\0{}", &[3, 1, 2], &[255], b"{}"] {
        let decoded = codecs(None, Some(b"a")).decode(bytes, PLACE);
        assert!(matches!(decoded, Err(Error::Decode { .. })), "{bytes:?}");
    }
}

#[test]
fn keys_are_checked_and_never_printed() {
    let made = |keys: Vec<Vec<u8>>| KeyRing::new(keys.into_iter().map(Zeroizing::new).collect());
    assert_eq!(made(vec![]).unwrap_err().option, "encryption.keys");
    let error = made(vec![vec![1; 32], b"hunter2".to_vec()]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "option \"encryption.keys[1]\" must have 32 bytes"
    );
    assert_eq!(format!("{:?}", ring(b"a")), "KeyRing { .. }");
}

#[test]
fn keys_can_come_later() {
    let later = Codecs {
        encryption: Some(Encryption::new(None, false)),
        ..Codecs::default()
    };
    assert_eq!(later.encode("{}", PLACE), Err(Unopened::NoKeys.into()));
    let encryption = later.encryption.as_ref().unwrap();
    encryption.set_ring(ring(b"a"));
    let bytes = encoded(&later, "{}");
    assert_eq!(
        codecs(None, Some(b"a")).decode(&bytes, PLACE),
        Ok("{}".to_owned())
    );
}

proptest! {
    /// Whatever is written by one choice of options is read by every other that has the keys.
    #[test]
    fn any_text_survives_any_change_of_options(
        json in "\\PC{0,300}|[{}\":,a-c]{0,2000}",
        threshold in prop::option::of(0usize..400),
        keys in prop::option::of(prop::collection::vec(0u8..4, 1..3)),
        other_threshold in prop::option::of(0usize..400),
        key in "\\PC{0,40}",
    ) {
        let place = Place { key: &key, ..PLACE };
        let written = codecs(threshold, keys.as_deref()).encode(&json, place).unwrap();
        prop_assert_eq!(written.is_some() || keys.is_none(), true);
        if let Some(bytes) = written {
            prop_assert!(keys.is_some() || bytes.len() < json.len());
            let reader = codecs(other_threshold, Some(&[3, 2, 1, 0]));
            prop_assert_eq!(reader.decode(&bytes, place), Ok(json));
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), first in 0u8..4) {
        let codecs = codecs(None, Some(b"a"));
        let _ = codecs.decode(&bytes, PLACE);
        let _ = codecs.decode(&[&[first], &bytes[..]].concat(), PLACE);
    }
}
