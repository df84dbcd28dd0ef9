//! Which certificate authorities are trusted: those of the system, Node's own where the system has
//! none (slim container images), and what `NODE_EXTRA_CA_CERTS` and `AWS_CA_BUNDLE` add.

use std::env;
use std::fs;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::connection::ProvideSettings;
use crate::core::error::{Error, Result};

/// What the certificates of a server are checked against.
pub async fn tls_context(source: &dyn ProvideSettings) -> Result<TlsContext> {
    let mut trusted = system();
    if trusted.is_empty() {
        trusted = parse(&source.root_certificates().await).unwrap_or_default();
    }
    // Node has warned already of a file that it could not use, and goes on without.
    if let Ok(more) = read("NODE_EXTRA_CA_CERTS") {
        trusted.extend(more);
    }
    trusted.extend(read("AWS_CA_BUNDLE")?);
    let mut store = TrustStore::empty();
    for certificate in trusted {
        store.add_pem_certificate(pem(&certificate));
    }
    TlsContext::builder()
        .with_trust_store(store)
        .build()
        .map_err(|error| settings(error.to_string()))
}

fn system() -> Vec<CertificateDer<'static>> {
    let mut found = rustls_native_certs::load_native_certs().certs;
    found.retain(is_usable);
    found
}

/// The certificates in the file that the environment variable names.
fn read(variable: &str) -> Result<Vec<CertificateDer<'static>>> {
    let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) else {
        return Ok(Vec::new());
    };
    let bytes = fs::read(path).map_err(|error| {
        settings(format!(
            "the file that {variable} names cannot be read: {}",
            error.kind()
        ))
    })?;
    parse(&bytes).ok_or_else(|| {
        settings(format!(
            "the file that {variable} names does not hold PEM certificates"
        ))
    })
}

/// The certificates in `pem`; `None` where it cannot be read or holds none.
fn parse(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let mut found = found.ok()?;
    found.retain(is_usable);
    (!found.is_empty()).then_some(found)
}

/// The HTTP client takes only PEM, and panics on a certificate that is none.
fn is_usable(certificate: &CertificateDer<'_>) -> bool {
    webpki::anchor_from_trusted_cert(certificate).is_ok()
}

fn pem(certificate: &CertificateDer<'_>) -> Vec<u8> {
    let text = STANDARD.encode(certificate);
    let mut pem = String::with_capacity(text.len() + text.len() / 64 + 64);
    pem.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem.into_bytes()
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
    fn a_certificate_survives_the_way_through_pem() {
        let system = system();
        for certificate in &system {
            assert_eq!(
                parse(&pem(certificate)).as_deref(),
                Some(&[certificate.clone()][..])
            );
        }
    }

    #[test]
    fn what_is_no_certificate_is_not_trusted() {
        assert_eq!(parse(b"no certificate"), None);
        let junk = CertificateDer::from(b"junk".to_vec());
        assert_eq!(parse(&pem(&junk)), None);
    }
}
