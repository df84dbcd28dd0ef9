//! What the AWS environment says where the options say nothing: its variables, and its files with
//! profiles. `docs/CREDENTIALS.md` compares each source with the AWS SDK for JavaScript v3.

use std::borrow::Cow;
use std::env;
use std::net::Ipv4Addr;

use aws_config::profile::{Profile, ProfileSet};
use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use super::settings::Settings;
use super::trust::Bundle;
use crate::core::error::{Error, InvalidOption, Result};
use crate::core::options::{self, Endpoint};

const IGNORE: (&str, &str) = (
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "ignore_configured_endpoint_urls",
);

/// The profiles, one of which is selected: the one in the options, else that of `AWS_PROFILE`, else
/// `default`.
pub struct Environment {
    /// `None` where a file cannot be read as profiles. Credentials that are looked for there fail.
    profiles: Option<ProfileSet>,
}

impl Environment {
    /// Reads the files with profiles.
    pub async fn load(profile: Option<&str>) -> Self {
        let selected = profile.map(str::to_owned).or_else(selected_profile);
        let (fs, env, files) = (Fs::real(), Env::real(), EnvConfigFiles::default());
        let loaded = aws_config::profile::load(&fs, &env, &files, selected.map(Cow::Owned)).await;
        Self {
            profiles: loaded.ok(),
        }
    }

    /// The selected profile; `None` where there is no such profile.
    pub fn profile(&self) -> Option<&Profile> {
        let profiles = self.profiles.as_ref()?;
        profiles.get_profile(profiles.selected_profile())
    }

    /// The endpoint that is configured for DynamoDB, or for every service.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] where the endpoint is no URL of one.
    pub fn endpoint(&self) -> Result<Option<Endpoint>> {
        let (variable, key) = IGNORE;
        let ignore = set(variable).or_else(|| self.get(key));
        if ignore.is_some_and(|ignore| ignore.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        for variable in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"] {
            if let Some(url) = set(variable) {
                return parse(variable, &url).map(Some);
            }
        }
        let url = self.profiles.as_ref().and_then(|profiles| {
            // An empty environment: only the profile and its `services` section are left.
            let nothing = Env::from_slice(&[]);
            let value = EnvConfigValue::new()
                .profile("endpoint_url")
                .service_id("DynamoDB");
            let (url, _source) = value.load(&nothing, Some(profiles))?;
            Some(url.into_owned())
        });
        let url = url.filter(|url| !url.is_empty());
        url.map(|url| parse("endpoint_url of the profile", &url))
            .transpose()
    }

    /// `settings` with how often and how requests are sent again, where only the environment says so.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] where that makes no sense.
    pub fn complete(&self, settings: &Settings) -> Result<Settings> {
        let find = |variable: &str, key: &str| set(variable).or_else(|| self.get(key));
        let attempts = find("AWS_MAX_ATTEMPTS", "max_attempts");
        let mode = find("AWS_RETRY_MODE", "retry_mode");
        let mut settings = settings.clone();
        if let (None, Some(attempts)) = (settings.max_attempts, attempts) {
            let count = attempts.parse().unwrap_or(f64::NAN);
            let count = options::attempts("AWS_MAX_ATTEMPTS", count).map_err(unusable)?;
            settings.max_attempts = Some(count);
        }
        // Any other mode than this one is the standard one.
        settings.adaptive_retries = settings
            .adaptive_retries
            .or_else(|| mode.map(|mode| mode == "adaptive"));
        Ok(settings)
    }

    /// The file of certificate authorities that the environment names, as in the AWS CLI.
    pub fn ca_bundle(&self) -> Option<Bundle> {
        let named = |path: String, by: &'static str| Bundle {
            path: path.into(),
            named_by: by,
        };
        let variable = "AWS_CA_BUNDLE";
        let of_profile = || Some(named(self.get("ca_bundle")?, "ca_bundle of the profile"));
        set(variable)
            .map(|path| named(path, variable))
            .or_else(of_profile)
    }

    fn get(&self, key: &str) -> Option<String> {
        let value = self.profile()?.get(key)?;
        (!value.is_empty()).then(|| value.to_owned())
    }
}

/// The profile that `AWS_PROFILE` names.
pub fn selected_profile() -> Option<String> {
    set("AWS_PROFILE")
}

/// The value of an environment variable. An empty one is none.
pub fn set(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

/// An address without a scheme is reached as one in the options: see `lib/aws/endpoint.js`.
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

/// Whether an address (`localhost:8000/path`) is one of the machine itself.
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
