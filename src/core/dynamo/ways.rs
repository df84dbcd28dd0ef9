//! The ways of a store's requests, for its diagnosis: where the settings of its connection come from.

use std::time::SystemTime;

use super::credentials::asking::Asking;
use super::settings::CredentialSource;
use crate::core::error::Error;

/// Where the settings of a connection come from.
#[derive(Debug, Default)]
pub struct Origins {
    /// Names the source of the region.
    pub region: &'static str,
    /// Names the source of the endpoint.
    pub endpoint: &'static str,
    /// The source of the credentials.
    pub credentials: CredentialsOrigin,
}

/// The source of credentials.
#[derive(Debug, Default)]
pub enum CredentialsOrigin {
    /// Fixed ones in the options.
    #[default]
    Options,
    /// A provider in the options.
    Provider,
    /// The environment. After an answer, this names the part of it which has given them.
    Environment(Asking),
}

impl CredentialsOrigin {
    /// The source of the credentials in `given`, or else of those in the environment, which `asking` names.
    pub fn of(given: Option<&CredentialSource>, asking: &Asking) -> Self {
        match given {
            Some(CredentialSource::Fixed(_)) => Self::Options,
            Some(CredentialSource::Provided { .. }) => Self::Provider,
            None => Self::Environment(asking.clone()),
        }
    }

    /// The name of the source.
    fn name(&self) -> String {
        match self {
            Self::Options => "options".to_owned(),
            Self::Provider => "provider".to_owned(),
            Self::Environment(asking) => asking.what(),
        }
    }
}

/// The ways of requests that a store sends to DynamoDB itself. No part shows a credential.
#[derive(Debug)]
pub struct Ways {
    /// The region that requests are signed for.
    pub region: Option<String>,
    /// Names the source of the region: `options`, `AWS_REGION`, `profile`, `AWS_DEFAULT_REGION`, `instance` or
    /// `default`.
    pub region_from: &'static str,
    /// The endpoint in the settings, or the address of the first request. `None` before the first request to AWS's own
    /// endpoint.
    pub endpoint: Option<String>,
    /// Names the source of the endpoint: `options`, a variable, `profile`, or `region` for AWS's own.
    pub endpoint_from: &'static str,
    /// The credentials.
    pub credentials: CredentialFacts,
}

/// The facts on credentials that may be shown.
#[derive(Debug)]
pub struct CredentialFacts {
    /// The source: `options`, `provider`, or a part of the environment, such as `profile "shop"`.
    pub from: String,
    /// When they end, if they were given; otherwise the reason why not.
    pub given: Result<Option<SystemTime>, Error>,
}

impl Origins {
    /// The facts on the credentials whose source has given an end or an error.
    pub(super) fn credentials(&self, given: Result<Option<SystemTime>, Error>) -> CredentialFacts {
        CredentialFacts {
            from: self.credentials.name(),
            given,
        }
    }
}
