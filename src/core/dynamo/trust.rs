//! Which certificate authorities are trusted: those that Node has compiled in, or those of the system
//! where the user asks for them, and what `NODE_EXTRA_CA_CERTS` and `AWS_CA_BUNDLE` add.

use std::env;
use std::fs;

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

impl Trust {
    /// The authorities that may have signed the certificate of a server.
    ///
    /// The system's are trusted too where `SSL_CERT_FILE` or `SSL_CERT_DIR` name them.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] where `AWS_CA_BUNDLE` names a file that cannot be used.
    pub fn authorities(self) -> Result<RootCertStore> {
        let mut trusted = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let is_named = |name| env::var_os(name).is_some_and(|path| !path.is_empty());
        if self == Self::System || is_named("SSL_CERT_FILE") || is_named("SSL_CERT_DIR") {
            let system = rustls_native_certs::load_native_certs().certs;
            trusted.add_parsable_certificates(system);
        }
        // Node has warned already of a file that it could not use, and goes on without.
        let extra = read("NODE_EXTRA_CA_CERTS").unwrap_or_default();
        for more in [extra, read("AWS_CA_BUNDLE")?] {
            trusted
                .roots
                .extend(more.into_iter().flat_map(|more| more.roots));
        }
        Ok(trusted)
    }
}

/// The certificates in the file that the environment variable names; `None` where it names none.
fn read(variable: &str) -> Result<Option<RootCertStore>> {
    let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let bytes = fs::read(path).map_err(|error| {
        settings(format!(
            "the file that {variable} names cannot be read: {}",
            error.kind()
        ))
    })?;
    let found = parse(&bytes).ok_or_else(|| {
        settings(format!(
            "the file that {variable} names does not hold PEM certificates"
        ))
    })?;
    Ok(Some(found))
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
