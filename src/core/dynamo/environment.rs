//! Settings in the AWS environment, for all that the options leave open: variables, and profiles in files.
//! `docs/CREDENTIALS.md` compares each source with the AWS SDK for JavaScript v3.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use aws_config::profile::{Profile, ProfileSet};
use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use super::settings::Settings;
use super::trust::Bundle;
use super::variables::Variables;
use crate::core::error::{Error, InvalidOption, Result};
use crate::core::options::{self, Endpoint};

const IGNORE: (&str, &str) = (
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "ignore_configured_endpoint_urls",
);

/// An AWS service that the core sends requests to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    DynamoDb,
    Sts,
    Sso,
    SsoOidc,
}

impl Service {
    /// The name of the service in the `services` section of a profile.
    fn id(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::Sts => "STS",
            Self::Sso => "SSO",
            Self::SsoOidc => "SSO OIDC",
        }
    }

    /// The variable that sets the endpoint of the service.
    fn variable(self) -> &'static str {
        match self {
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::Sts => "AWS_ENDPOINT_URL_STS",
            Self::Sso => "AWS_ENDPOINT_URL_SSO",
            Self::SsoOidc => "AWS_ENDPOINT_URL_SSO_OIDC",
        }
    }
}

/// The variables and the profiles. The selected profile is that of the options, or of `AWS_PROFILE`, or `default`.
pub struct Environment {
    variables: Variables,
    /// If the profiles cannot be read, the reason. It is an error only once credentials are looked for in them.
    profiles: Result<ProfileSet, String>,
}

impl Environment {
    /// Reads the files with profiles. `profile` is that of the options.
    pub async fn load(profile: Option<&str>, variables: Variables) -> Self {
        let selected = profile.or_else(|| selected_profile(&variables));
        let selected = selected.map(|name| Cow::Owned(name.to_owned()));
        let (env, files) = (variables.env(), EnvConfigFiles::default());
        let loaded = aws_config::profile::load(&Fs::real(), &env, &files, selected).await;
        let profiles = loaded.map_err(|error| error.to_string());
        Self {
            variables,
            profiles,
        }
    }

    /// The variables.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// All profiles.
    ///
    /// # Errors
    ///
    /// The reason why the profiles cannot be read.
    pub fn profiles(&self) -> Result<&ProfileSet, &str> {
        self.profiles.as_ref().map_err(String::as_str)
    }

    /// The selected profile, if it exists.
    pub fn profile(&self) -> Option<&Profile> {
        let profiles = self.profiles.as_ref().ok()?;
        profiles.get_profile(profiles.selected_profile())
    }

    /// The endpoint that is configured for `service` or for all services.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if the value is not the URL of an endpoint.
    pub fn endpoint(&self, service: Service) -> Result<Option<Endpoint>> {
        let (variable, key) = IGNORE;
        if self.flag(variable, key) == Some(true) {
            return Ok(None);
        }
        if let Some((variable, url)) = self.endpoint_variable(service) {
            return parse(variable, url).map(Some);
        }
        let url = self.profiles.as_ref().ok().and_then(|profiles| {
            // With an empty environment, the SDK reads only the profile and its `services` section.
            let nothing = Env::from_slice(&[]);
            let value = EnvConfigValue::new()
                .profile("endpoint_url")
                .service_id(service.id());
            let (url, _source) = value.load(&nothing, Some(profiles))?;
            Some(url.into_owned())
        });
        let url = url.filter(|url| !url.is_empty());
        url.map(|url| parse("endpoint_url of the profile", &url))
            .transpose()
    }

    /// The variable that sets the endpoint for `service`, and its value.
    pub fn endpoint_variable(&self, service: Service) -> Option<(&'static str, &str)> {
        let mut variables = [service.variable(), "AWS_ENDPOINT_URL"].into_iter();
        variables.find_map(|variable| Some((variable, self.variables.get(variable)?)))
    }

    /// Completes `settings` from the environment: attempts and retry mode, the variant of AWS's endpoints, and the
    /// application's name. Values that are already set stay.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if `AWS_MAX_ATTEMPTS` or `max_attempts` is not a valid number.
    pub fn complete(&self, settings: &Settings) -> Result<Settings> {
        let mut settings = settings.clone();
        let attempts = self.find("AWS_MAX_ATTEMPTS", "max_attempts");
        // If the environment sets attempts, the client has read them too: then its value is not a default.
        settings.default_attempts &= attempts.is_none();
        if let (None, Some(attempts)) = (settings.max_attempts, attempts) {
            let count = attempts.parse().unwrap_or(f64::NAN);
            let count = options::attempts("AWS_MAX_ATTEMPTS", count).map_err(unusable)?;
            settings.max_attempts = Some(count);
        }
        // All other modes count as the standard mode.
        let mode = self.find("AWS_RETRY_MODE", "retry_mode");
        settings.adaptive_retries = settings
            .adaptive_retries
            .or_else(|| mode.map(|mode| mode == "adaptive"));
        settings.use_fips = settings
            .use_fips
            .or_else(|| self.flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"));
        settings.use_dual_stack = settings
            .use_dual_stack
            .or_else(|| self.flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"));
        let mode = self.find("AWS_ACCOUNT_ID_ENDPOINT_MODE", "account_id_endpoint_mode");
        settings.account_id_endpoint_mode = settings
            .account_id_endpoint_mode
            .or_else(|| mode?.parse().ok());
        let app_id = self.find("AWS_SDK_UA_APP_ID", "sdk_ua_app_id");
        settings.app_id = settings.app_id.or_else(|| app_id.map(str::to_owned));
        Ok(settings)
    }

    /// Whether requests must be dated by this machine's clock, even if it is wrong.
    pub fn disables_clock_correction(&self) -> bool {
        let (variable, key) = (
            "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
            "disable_clock_skew_correction",
        );
        self.flag(variable, key) == Some(true)
    }

    /// The file of certificate authorities that a variable or the profile names, as in the AWS CLI.
    pub fn ca_bundle(&self) -> Option<Bundle> {
        let named = |path: &str, by: &'static str| Bundle {
            path: path.into(),
            named_by: by,
        };
        let variable = "AWS_CA_BUNDLE";
        let of_profile = || Some(named(self.get("ca_bundle")?, "ca_bundle of the profile"));
        let of_variable = self.variables.get(variable);
        of_variable
            .map(|path| named(path, variable))
            .or_else(of_profile)
    }

    /// The region of the selected profile, or of the profiles that it takes its credentials from.
    pub fn region(&self) -> Option<&str> {
        let profiles = self.profiles.as_ref().ok()?;
        let mut name = profiles.selected_profile();
        let mut seen = Vec::new();
        while !seen.contains(&name) {
            let profile = profiles.get_profile(name)?;
            if let Some(region) = profile.get("region") {
                return Some(region);
            }
            seen.push(name);
            name = profile.get("source_profile")?;
        }
        None
    }

    /// The value of a variable, or else of a key of the selected profile. Empty values count as not set.
    pub fn find(&self, variable: &str, key: &str) -> Option<&str> {
        self.variables.get(variable).or_else(|| self.get(key))
    }

    fn get(&self, key: &str) -> Option<&str> {
        let value = self.profile()?.get(key)?;
        (!value.is_empty()).then_some(value)
    }

    /// The same for `true` and `false`. All other values count as not set.
    fn flag(&self, variable: &str, key: &str) -> Option<bool> {
        self.find(variable, key)?.to_ascii_lowercase().parse().ok()
    }
}

/// The profile that `AWS_PROFILE` names.
pub fn selected_profile(variables: &Variables) -> Option<&str> {
    variables.get("AWS_PROFILE")
}

/// Parses an endpoint. If it has no scheme, it gets one by the same rule as in the options: see
/// `lib/aws/endpoint.js`.
fn parse(name: &str, url: &str) -> Result<Endpoint> {
    let endpoint = if url.contains("://") {
        Endpoint::new(name, url)
    } else {
        let address = url.strip_prefix("//").unwrap_or(url);
        let scheme = if is_own_machine(address) {
            "http"
        } else {
            "https"
        };
        Endpoint::new(name, &format!("{scheme}://{address}"))
    };
    endpoint.map_err(unusable)
}

/// Whether an address, such as `localhost:8000/path`, is on this machine.
fn is_own_machine(address: &str) -> bool {
    let address = address.split('/').next().unwrap_or_default();
    if address.starts_with('[') {
        return ["[::1]", "[::]"]
            .iter()
            .any(|own| address.strip_prefix(own).is_some_and(is_port));
    }
    let host = address.split(':').next().unwrap_or_default();
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let number = host.parse::<Ipv4Addr>();
    name == "localhost"
        || name.ends_with(".localhost")
        || number.is_ok_and(|number| number.is_loopback() || number.is_unspecified())
}

fn is_port(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(':')
}

fn unusable(InvalidOption { option, rule }: InvalidOption) -> Error {
    Error::Settings {
        causes: vec![format!("{option} {rule}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_scheme_is_plain_on_the_own_machine() {
        let url = |address| parse("AWS_ENDPOINT_URL", address).map(|url| url.as_str().to_owned());
        for own in [
            "localhost:8000",
            "db.localhost",
            "127.0.0.1:1",
            "[::1]:8000",
            "//0.0.0.0:8",
        ] {
            let expected = format!("http://{}", own.trim_start_matches('/'));
            assert!(url(own).unwrap().starts_with(&expected), "{own}");
        }
        for other in [
            "dynamodb.example.com",
            "10.0.0.1:8000",
            "localhost.example.com",
        ] {
            assert!(url(other).unwrap().starts_with("https://"), "{other}");
        }
        assert!(url("no url").is_err());
    }
}
