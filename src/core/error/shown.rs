//! The text of errors: the place of a request, and the removal of secrets.

use std::fmt;

use super::{ClientFailure, Error, NO_SUCH_TABLE};

/// "3 attempts", "1 of 3 attempts"
pub(super) fn count(some: u32, all: u32) -> String {
    match (some, all) {
        (1, 1) => "1 attempt".to_owned(),
        _ if some == all => format!("{all} attempts"),
        _ => format!("{some} of {all} attempts"),
    }
}

/// " in 3 attempts", if there were several
pub(super) fn tried(attempts: u32) -> String {
    match attempts {
        0 | 1 => String::new(),
        _ => format!(" in {attempts} attempts"),
    }
}

/// The reason why no request is sent during an outage.
pub(super) fn why_not_sent(reason: &Error) -> &'static str {
    match reason.code() {
        "ERR_SESSION_CREDENTIALS" => "no credentials have been found for some time",
        _ => "DynamoDB has not answered for some time",
    }
}

/// The table, endpoint and region of a request, as far as they are known, for errors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The table, by name or ARN.
    pub table: Option<String>,
    /// The URL of the endpoint.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self
            .table
            .as_ref()
            .map(|table| format!("table \"{table}\""));
        let endpoint = self.endpoint.as_ref().map(|url| format!("endpoint {url}"));
        let region = self.region.as_ref().map(|name| format!("region {name}"));
        let known: Vec<_> = [table, endpoint, region].into_iter().flatten().collect();
        f.write_str(&known.join(", "))
    }
}

impl Error {
    /// Replaces each text that DynamoDB, a client or the system has written by the result of `hide`.
    pub fn hiding(mut self, hide: impl Fn(&str) -> String) -> Self {
        match &mut self {
            Self::Service {
                message,
                request_id,
                metadata,
                ..
            } => {
                *message = hide(message);
                *request_id = request_id.as_deref().map(&hide);
                *metadata = metadata.as_deref().map(&hide);
            }
            Self::Client {
                message,
                metadata,
                causes,
                ..
            } => {
                *message = hide(message);
                *metadata = metadata.as_deref().map(&hide);
                *causes = causes.iter().map(|cause| hide(cause)).collect();
            }
            Self::Unreachable { causes, .. }
            | Self::Credentials { causes, .. }
            | Self::Settings { causes } => {
                *causes = causes.iter().map(|cause| hide(cause)).collect();
            }
            Self::TableKeyRefused { reason, .. } => *reason = hide(reason),
            Self::Outage { reason } => {
                let shown = reason
                    .as_ref()
                    .clone()
                    .hiding(&hide as &dyn Fn(&str) -> String);
                **reason = shown;
            }
            _ => {}
        }
        self
    }

    /// The error's message. If the error may depend on the place, the message names `place`.
    pub fn message(&self, place: &Place) -> String {
        let place = place.to_string();
        if self.depends_on_place() && !place.is_empty() {
            format!("{self} ({place})")
        } else {
            self.to_string()
        }
    }

    fn depends_on_place(&self) -> bool {
        match self {
            // The keys may be those of another account or region, and the table may be in another
            // region.
            Self::Service { code, .. } => {
                code == NO_SUCH_TABLE || code == "UnrecognizedClientException"
            }
            Self::NoRegion { .. }
            | Self::Timeout { .. }
            | Self::AttemptsTimedOut { .. }
            | Self::Unreachable { .. }
            | Self::Client {
                kind: ClientFailure::Unreachable,
                ..
            } => true,
            Self::Outage { reason } => reason.depends_on_place(),
            _ => false,
        }
    }
}
