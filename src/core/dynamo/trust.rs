//! Which certificate authorities are trusted: those that Node has compiled in, or those of the system
//! where the user asks for them, or those of a CA bundle in their place; and what
//! `NODE_EXTRA_CA_CERTS` adds.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::variables::Variables;
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

/// Which authorities may have signed the certificate of a server.
///
/// Those of a `bundle` take the place of all others, as in the AWS CLI. `NODE_EXTRA_CA_CERTS` adds to
/// either. The system's are trusted too where `SSL_CERT_FILE` or `SSL_CERT_DIR` name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    trust: Trust,
    bundle: Option<Bundle>,
    extra: Option<PathBuf>,
    system: System,
}

/// Where the system's authorities are, if variables say so: `SSL_CERT_FILE` and `SSL_CERT_DIR`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct System {
    file: Option<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Authorities {
    /// Those that the options, the profile (by way of `bundle`) and the variables name.
    pub fn new(trust: Trust, bundle: Option<Bundle>, variables: &Variables) -> Self {
        let path = |name| variables.get(name).map(PathBuf::from);
        let folders = variables.get("SSL_CERT_DIR").map(std::env::split_paths);
        Self {
            trust,
            bundle,
            extra: path("NODE_EXTRA_CA_CERTS"),
            system: System {
                file: path("SSL_CERT_FILE"),
                folders: folders.into_iter().flatten().collect(),
            },
        }
    }

    /// Reads the certificates of the authorities.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] where the file of the bundle cannot be used.
    pub fn read(&self) -> Result<RootCertStore> {
        let mut trusted = match &self.bundle {
            Some(Bundle { path, named_by }) => read(path, named_by)?,
            None => self.without_bundle(),
        };
        // Node has warned already of a file that it could not use, and goes on without.
        let extra = self.extra.as_deref();
        let extra = extra.and_then(|path| read(path, "NODE_EXTRA_CA_CERTS").ok());
        trusted
            .roots
            .extend(extra.into_iter().flat_map(|extra| extra.roots));
        Ok(trusted)
    }

    fn without_bundle(&self) -> RootCertStore {
        let mut trusted = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        if self.trust == Trust::System || self.system != System::default() {
            trusted.add_parsable_certificates(self.system.certificates());
        }
        trusted
    }
}

impl System {
    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        let Self { file, folders } = self;
        if *self == Self::default() {
            return certificates_of_system();
        }
        let file = file.as_deref();
        let folders = folders.iter().map(PathBuf::as_path);
        let found = file.map(|file| (Some(file), None)).into_iter();
        let found = found.chain(folders.map(|folder| (None, Some(folder))));
        found
            .flat_map(|(file, folder)| {
                rustls_native_certs::load_certs_from_paths(file, folder).certs
            })
            .collect()
    }
}

/// Where Linux has the authorities of the system, the first of these that is there. The crate for that
/// would look for variables in the environment of the process.
#[cfg(target_os = "linux")]
fn certificates_of_system() -> Vec<CertificateDer<'static>> {
    const FILES: [&str; 5] = [
        // Debian, Ubuntu, Alpine, Arch
        "/etc/ssl/certs/ca-certificates.crt",
        // Fedora, RHEL, Amazon Linux
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        // SUSE
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    let found = FILES.map(Path::new).into_iter().find(|file| file.exists());
    let folder = found.is_none().then_some(Path::new("/etc/ssl/certs"));
    rustls_native_certs::load_certs_from_paths(found, folder).certs
}

/// Those of the keychain, or of the certificate store. There the system itself keeps the environment
/// from being moved while another thread reads it.
#[cfg(not(target_os = "linux"))]
fn certificates_of_system() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
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
