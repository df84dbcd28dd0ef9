//! The addresses of STS and of IAM Identity Center (SSO).

use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;

use super::super::environment::{Environment, Service};
use super::super::settings::Settings;
use super::requests::RetryPolicy;

/// The AWS partitions: the prefix of their region names, the suffix of their hosts, and the suffix of their
/// dual-stack (IPv4 and IPv6) hosts. The first matching prefix counts.
const PARTITIONS: [(&str, &str, &str); 8] = [
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-gov-", "amazonaws.com", "api.aws"),
    ("", "amazonaws.com", "api.aws"),
];

/// The shortest time limit for a request to one of these services.
const PATIENCE: Duration = Duration::from_secs(10);

/// How requests to these services are sent.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The region that roles are assumed in.
    pub region: String,
    pub use_fips: bool,
    pub use_dual_stack: bool,
    pub policy: RetryPolicy,
}

impl Reach {
    /// The same as for requests to DynamoDB, but with a longer time limit for each attempt.
    pub fn new(region: &str, settings: &Settings) -> Self {
        Self {
            region: region.to_owned(),
            use_fips: settings.use_fips == Some(true),
            use_dual_stack: settings.use_dual_stack == Some(true),
            policy: RetryPolicy {
                connect: settings.connect_timeout,
                // These services can take seconds.
                attempt: settings.request_timeout.max(PATIENCE),
                attempts: settings.max_attempts.unwrap_or(3),
                repeats_unanswered: true,
            },
        }
    }

    /// The address of a service in `region`, without a slash at its end.
    ///
    /// # Errors
    ///
    /// The environment sets an endpoint for the service that is not a URL.
    pub fn address(
        &self,
        service: Service,
        region: &str,
        environment: &Environment,
    ) -> Result<String, CredentialsError> {
        let configured = environment.endpoint(service);
        match configured.map_err(CredentialsError::invalid_configuration)? {
            Some(endpoint) => Ok(endpoint.as_str().trim_end_matches('/').to_owned()),
            None => Ok(self.host(service, region)),
        }
    }

    fn host(&self, service: Service, region: &str) -> String {
        let name = match service {
            Service::DynamoDb => "dynamodb",
            Service::Sts => "sts",
            Service::Sso => "portal.sso",
            Service::SsoOidc => "oidc",
        };
        let fitting = PARTITIONS
            .iter()
            .find(|(begin, ..)| region.starts_with(begin));
        let (begin, one, both) = fitting.copied().unwrap_or(("", "amazonaws.com", "api.aws"));
        let end = if self.use_dual_stack { both } else { one };
        // All endpoints in GovCloud are FIPS endpoints, and only the dual-stack hosts have "fips" in their name.
        let is_named = self.use_fips && (begin != "us-gov-" || self.use_dual_stack);
        let fips = if is_named { "-fips" } else { "" };
        format!("https://{name}{fips}.{region}.{end}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_each_partition_and_kind() {
        let reach = |use_fips, use_dual_stack| {
            let settings = Settings {
                use_fips: Some(use_fips),
                use_dual_stack: Some(use_dual_stack),
                ..Settings::default()
            };
            Reach::new("us-east-1", &settings)
        };
        for (service, region, fips, dual, expected) in [
            (
                Service::Sts,
                "eu-west-1",
                false,
                false,
                "sts.eu-west-1.amazonaws.com",
            ),
            (
                Service::Sts,
                "cn-north-1",
                false,
                false,
                "sts.cn-north-1.amazonaws.com.cn",
            ),
            (
                Service::Sts,
                "us-isob-east-1",
                false,
                false,
                "sts.us-isob-east-1.sc2s.sgov.gov",
            ),
            (
                Service::Sts,
                "us-iso-east-1",
                false,
                false,
                "sts.us-iso-east-1.c2s.ic.gov",
            ),
            (
                Service::Sts,
                "us-east-1",
                true,
                false,
                "sts-fips.us-east-1.amazonaws.com",
            ),
            (
                Service::Sts,
                "us-gov-west-1",
                true,
                false,
                "sts.us-gov-west-1.amazonaws.com",
            ),
            (
                Service::Sts,
                "us-east-1",
                true,
                true,
                "sts-fips.us-east-1.api.aws",
            ),
            (
                Service::Sso,
                "eu-west-1",
                false,
                false,
                "portal.sso.eu-west-1.amazonaws.com",
            ),
            (
                Service::SsoOidc,
                "eu-west-1",
                false,
                true,
                "oidc.eu-west-1.api.aws",
            ),
        ] {
            let host = reach(fips, dual).host(service, region);
            assert_eq!(host, format!("https://{expected}"));
        }
    }
}
