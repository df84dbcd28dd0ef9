//! Which certificate authorities are trusted: those that Node has compiled in, or those of the system
//! where the user asks for them, or those of a CA bundle in their place; and what
//! `NODE_EXTRA_CA_CERTS` adds.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::core::error::{Error, Result};

/// Whom to trust.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trust {
    /// The authorities of Mozilla, as Node does: they are compiled in.
    #[default]
    Mozilla,
    /// Those of the system beside them, as Node does with `--use-system-ca`.
    System,
}

/// A file of certificate authorities that is to be trusted in place of all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Where it is.
    pub path: PathBuf,
    /// What names it, such as `AWS_CA_BUNDLE`.
    pub named_by: &'static str,
}

/// The authorities that may have signed the certificate of a server.
///
/// Those of a `bundle` take the place of all others, as in the AWS CLI. `NODE_EXTRA_CA_CERTS` adds to
/// either. The system's are trusted too where `SSL_CERT_FILE` or `SSL_CERT_DIR` name them.
///
/// # Errors
///
/// [`Error::Settings`] where the file of the `bundle` cannot be used.
pub fn authorities(trust: Trust, bundle: Option<&Bundle>) -> Result<RootCertStore> {
    let mut trusted = match bundle {
        Some(Bundle { path, named_by }) => read(path, named_by)?,
        None => trust.authorities(),
    };
    let extra = env::var_os("NODE_EXTRA_CA_CERTS").filter(|path| !path.is_empty());
    // Node has warned already of a file that it could not use, and goes on without.
    let extra = extra.and_then(|path| read(Path::new(&path), "NODE_EXTRA_CA_CERTS").ok());
    trusted
        .roots
        .extend(extra.into_iter().flat_map(|extra| extra.roots));
    Ok(trusted)
}

impl Trust {
    fn authorities(self) -> RootCertStore {
        let mut trusted = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let is_named = |name| env::var_os(name).is_some_and(|path| !path.is_empty());
        if self == Self::System || is_named("SSL_CERT_FILE") || is_named("SSL_CERT_DIR") {
            let system = rustls_native_certs::load_native_certs().certs;
            trusted.add_parsable_certificates(system);
        }
        trusted
    }
}

/// The certificates in a file, which `named_by` names.
fn read(path: &Path, named_by: &str) -> Result<RootCertStore> {
    let bytes = fs::read(path).map_err(|error| {
        settings(format!(
            "the file that {named_by} names cannot be read: {}",
            error.kind()
        ))
    })?;
    if bytes.is_empty() {
        return Err(settings(format!("the file that {named_by} names is empty")));
    }
    parse(&bytes).ok_or_else(|| {
        settings(format!(
            "the file that {named_by} names does not hold PEM certificates"
        ))
    })
}

/// The certificates in `pem`; `None` where it cannot be read or holds none.
fn parse(pem: &[u8]) -> Option<RootCertStore> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.ok()?);
    (!store.is_empty()).then_some(store)
}

fn settings(reason: String) -> Error {
    Error::Settings {
        causes: vec![reason],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_not_trusted() {
        assert!(parse(b"no certificate").is_none());
        let junk = b"-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n";
        assert!(parse(junk).is_none());
    }

    #[test]
    fn what_is_one_is_trusted() {
        let authority = include_bytes!("../../../__test__/support/tls/ca.pem");
        assert_eq!(parse(authority).map(|trusted| trusted.len()), Some(1));
    }
}
