//! The command line.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use crate::format::Format;

/// 2100, in seconds since the epoch.
const NEVER: i64 = 4_102_444_800;

/// What the server was told.
#[derive(Debug)]
pub struct Args {
    /// `--latency-ms`: how long each answer is held back.
    pub latency: Duration,
    /// `--session-bytes`: the length of a session as JSON.
    pub session_bytes: usize,
    /// `--expires`, in seconds since the epoch: when the sessions end.
    pub expires: OffsetDateTime,
    /// `--fail-every`: which data operations fail; 0 for none.
    pub fail_every: u64,
    /// `--certificate` and `--key`, files in PEM: it speaks TLS with them, and else plain HTTP.
    pub tls: Option<TlsFiles>,
    /// `--format`: the store whose items are in the answers.
    pub format: Format,
}

/// What a server needs for TLS.
#[derive(Debug)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Args {
    /// Reads the arguments after the name of the program: options, each with a value.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut parsed = Self {
            expires: OffsetDateTime::from_unix_timestamp(NEVER)?,
            latency: Duration::ZERO,
            session_bytes: 1024,
            fail_every: 0,
            tls: None,
            format: Format::Connect,
        };
        let mut certificate = None;
        let mut key = None;
        while let Some(name) = args.next() {
            let value = args.next().ok_or(format!("{name} needs a value"))?;
            let wrong = || format!("{name} cannot be {value:?}");
            match name.as_str() {
                "--latency-ms" => {
                    parsed.latency = Duration::from_millis(value.parse().map_err(|_| wrong())?);
                }
                "--session-bytes" => parsed.session_bytes = value.parse().map_err(|_| wrong())?,
                "--expires" => {
                    let seconds = value.parse().map_err(|_| wrong())?;
                    parsed.expires =
                        OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| wrong())?;
                }
                "--certificate" => certificate = Some(value.into()),
                "--key" => key = Some(value.into()),
                "--fail-every" => parsed.fail_every = value.parse().map_err(|_| wrong())?,
                "--format" => parsed.format = Format::named(&value).ok_or_else(wrong)?,
                _ => return Err(format!("unknown option {name}").into()),
            }
        }
        parsed.tls = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            _ => return Err("--certificate and --key need each other".into()),
        };
        Ok(parsed)
    }
}
