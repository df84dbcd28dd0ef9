//! The trusted certificate authorities: Mozilla's, as in Node, and if the user asks for them, those of the
//! system. A CA bundle replaces both. `NODE_EXTRA_CA_CERTS` adds to either.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::variables::Variables;
use crate::core::error::{Error, Result};

/// The authorities to trust if there is no CA bundle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trust {
    /// Mozilla's authorities, which are compiled in, as in Node.
    #[default]
    Mozilla,
    /// Those of the system too, as in Node with `--use-system-ca`.
    System,
}

/// A file of certificate authorities that replaces all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The path of the file.
    pub path: PathBuf,
    /// The variable or key that names the file, such as `AWS_CA_BUNDLE`.
    pub named_by: &'static str,
}

/// The authorities that may sign the certificate of a server.
///
/// The authorities of a `bundle` replace all others, as in the AWS CLI. `NODE_EXTRA_CA_CERTS` adds to either. If
/// `SSL_CERT_FILE` or `SSL_CERT_DIR` is set and there is no bundle, the authorities there are trusted too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    trust: Trust,
    bundle: Option<Bundle>,
    extra: Option<PathBuf>,
    system: System,
}

/// The places of the system's authorities that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct System {
    file: Option<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Authorities {
    /// The authorities of the options (`trust`), of the profile or a variable (`bundle`), and of other variables.
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
    /// [`Error::Settings`] if the file of the bundle cannot be used.
    pub fn read(&self) -> Result<RootCertStore> {
        let mut trusted = match &self.bundle {
            Some(Bundle { path, named_by }) => read(path, named_by)?,
            None => self.without_bundle(),
        };
        // If Node cannot use the file, it warns at its start and goes on without. Do the same, without a warning.
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

/// Reads the authorities of the system from the first of these files that exists. The function of the crate would
/// read variables in the environment of the process.
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

/// Reads the authorities of the keychain or the certificate store. On these systems another thread may read the
/// environment.
#[cfg(not(target_os = "linux"))]
fn certificates_of_system() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// Reads the certificates in a file. Errors name the file by `named_by`.
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

/// The certificates in `pem`. `None` if it cannot be parsed or has no certificates.
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
