//! The command line.

use std::error::Error;
use std::time::Duration;

use crate::format::Format;

/// What the server was told.
#[derive(Debug)]
pub struct Args {
    /// `--latency-ms`: how long each answer is held back.
    pub latency: Duration,
    /// `--session-bytes`: the length of a session as JSON.
    pub session_bytes: usize,
    /// `--fail-every`: which data operations fail; 0 for none.
    pub fail_every: u64,
    /// `--format`: the store whose items are in the answers.
    pub format: Format,
}

impl Args {
    /// Reads the arguments after the name of the program: options, each with a value.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut parsed = Self {
            latency: Duration::ZERO,
            session_bytes: 1024,
            fail_every: 0,
            format: Format::Connect,
        };
        while let Some(name) = args.next() {
            let value = args.next().ok_or(format!("{name} needs a value"))?;
            let wrong = || format!("{name} cannot be {value:?}");
            match name.as_str() {
                "--latency-ms" => {
                    parsed.latency = Duration::from_millis(value.parse().map_err(|_| wrong())?);
                }
                "--session-bytes" => parsed.session_bytes = value.parse().map_err(|_| wrong())?,
                "--fail-every" => parsed.fail_every = value.parse().map_err(|_| wrong())?,
                "--format" => parsed.format = Format::named(&value).ok_or_else(wrong)?,
                _ => return Err(format!("unknown option {name}").into()),
            }
        }
        Ok(parsed)
    }
}
