//! What the server is told: the first line of its standard input, as JSON.

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// How long each answer is held back.
    pub latency_ms: u64,
    /// Every so many requests for items, one is throttled; 0: none is.
    pub fail_every: u64,
    /// The body of the answer to each operation, by the operation's name in DynamoDB's API.
    pub answers: HashMap<String, Box<RawValue>>,
    /// The attributes of an item without its key: BatchGetItem answers with the keys that it is asked for.
    pub attributes: Box<RawValue>,
    /// With these files the server speaks HTTPS, without them HTTP.
    pub tls: Option<TlsFiles>,
}

/// Files in PEM.
#[derive(Deserialize)]
pub struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
}

impl TlsFiles {
    /// Speaks TLS 1.2 and 1.3 with the certificate.
    pub fn acceptor(&self) -> Result<TlsAcceptor, Box<dyn Error>> {
        let certificates = CertificateDer::pem_file_iter(&self.certificate)?;
        let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(&self.key)?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates, key)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
