//! Sets up TLS, and explains its errors so that the user can mend them.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError,
    OtherError, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::core::error::{Error, Result};

/// The first byte of a TLS alert. A TLS server answers a plain request with an alert.
pub const ALERT: u8 = 0x15;

/// The advice if an authority is not trusted.
const NAME_IT: &str =
    "name the file of the authority's certificate in AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS";

/// Settings for TLS 1.2 and 1.3, with server certificates that these authorities signed.
pub fn config(trusted: RootCertStore) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let refused = |error: &dyn StdError| Error::Settings {
        causes: vec![error.to_string()],
    };
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(trusted), Arc::clone(&provider))
            .build()
            .map_err(|error| refused(&error))?;
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&error))?;
    let verifier = Arc::new(Telling { verifier, provider });
    Ok(config
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// Verifies as rustls does, and tells a self-signed certificate from one with an unknown authority.
#[derive(Debug)]
struct Telling {
    verifier: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
}

/// The reason of a refusal: the certificate is signed by itself.
#[derive(Debug, thiserror::Error)]
#[error("self-signed certificate")]
struct SelfSigned;

impl Telling {
    fn is_self_signed(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
        let mut itself = RootCertStore::empty();
        if itself.add(certificate.clone().into_owned()).is_err() {
            return false;
        }
        let algorithms = self.provider.signature_verification_algorithms.all;
        ParsedCertificate::try_from(certificate).is_ok_and(|parsed| {
            verify_server_cert_signed_by_trust_anchor(&parsed, &itself, &[], now, algorithms)
                .is_ok()
        })
    }
}

impl ServerCertVerifier for Telling {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        let verified = self.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(TlsError::InvalidCertificate(CertificateError::UnknownIssuer))
                if self.is_self_signed(end_entity, now) =>
            {
                let reason = OtherError(Arc::new(SelfSigned));
                Err(CertificateError::Other(reason).into())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Explains why a handshake with `host` failed. `None` if another attempt may succeed.
pub fn explain(error: &(dyn StdError + 'static), host: &str) -> Option<Error> {
    let error = std::iter::successors(Some(error), |&error| {
        within(error).or_else(|| error.source())
    })
    .find_map(|error| error.downcast_ref::<TlsError>())?;
    let reason = match error {
        TlsError::InvalidCertificate(reason) => certificate(reason, host),
        TlsError::PeerIncompatible(_)
        | TlsError::AlertReceived(AlertDescription::ProtocolVersion) => {
            format!("{host} does not speak TLS 1.2 or 1.3: turn on one of them there")
        }
        TlsError::AlertReceived(AlertDescription::HandshakeFailure) => format!(
            "{host} refuses the handshake of TLS 1.2 and 1.3: turn on the usual cipher suites there, and \
             do not require a client certificate"
        ),
        TlsError::InvalidMessage(_) => {
            format!("{host} does not speak TLS: if it speaks plain HTTP, begin its URL with http:")
        }
        _ => return None,
    };
    Some(Error::lasting(vec![error.to_string(), reason]))
}

/// If a server wants a client certificate, explains it. With TLS 1.3 the server says so after the handshake, in
/// answer to the request. With TLS 1.2 the handshake fails, see [`explain`].
pub fn wants_certificate(error: &TlsError) -> Option<Error> {
    if *error != TlsError::AlertReceived(AlertDescription::CertificateRequired) {
        return None;
    }
    let reason = "the server requires a client certificate, but the store has none: use an endpoint that \
                  does not require one";
    Some(Error::lasting(vec![error.to_string(), reason.to_owned()]))
}

/// The error if a server answers a plain request with a TLS alert.
pub fn spoken_by(host: &str) -> Error {
    let reason = format!("{host} speaks TLS, not plain HTTP: begin its URL with https:");
    Error::lasting(vec![reason])
}

/// The error if a server closes a connection without TLS before it has sent anything. Another attempt may succeed,
/// because the server may only have been about to end.
pub fn silent(host: &str, kind: io::ErrorKind) -> io::Error {
    let reason = format!(
        "{host} has closed the connection without an answer: if it speaks TLS, begin its URL with \
         https:"
    );
    io::Error::new(kind, reason)
}

/// The error inside an [`io::Error`], which [`StdError::source`] skips.
pub fn within<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    let inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    Some(inner)
}

fn certificate(reason: &CertificateError, host: &str) -> String {
    let what = match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "has expired: renew it, or correct the clock of this machine"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet: correct the clock of this machine, or wait"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another host name: use an endpoint that the certificate names"
        }
        CertificateError::UnknownIssuer => {
            return format!(
                "the certificate of {host} is signed by an authority that is not trusted: {NAME_IT}"
            );
        }
        CertificateError::Other(OtherError(other)) if other.is::<SelfSigned>() => {
            return format!(
                "the certificate of {host} is self-signed: name its file in AWS_CA_BUNDLE or \
                 NODE_EXTRA_CA_CERTS"
            );
        }
        CertificateError::Other(_) => {
            return format!(
                "the certificate of {host} is refused ({reason}). If it is also the certificate of an \
                 authority, as self-signed certificates often are, a server cannot use it: make one \
                 without CA:TRUE"
            );
        }
        reason => return format!("the certificate of {host} is refused: {reason}"),
    };
    format!("the certificate of {host} {what}")
}
