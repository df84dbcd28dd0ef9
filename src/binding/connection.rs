//! Converts plain connection options into the settings of the core. `lib/` has already checked their JavaScript types.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_types::endpoint_config::AccountIdEndpointMode;
use napi_derive::napi;

use crate::core::dynamo::proxy::Proxy;
use crate::core::dynamo::settings::{CREDENTIALS_TIMEOUT, CredentialSource, Settings};
use crate::core::dynamo::trust::Trust;
use crate::core::error::InvalidOption;
use crate::core::options::{Endpoint, attempts, count, credential, duration, text};

/// How to reach DynamoDB. If a setting is missing, the AWS environment decides it.
#[napi(object, object_to_js = false)]
pub struct ConnectionOptions {
    /// The option that these settings were read from, for error messages: `dynamoConfig`, `client`, …
    pub origin: String,
    pub region: Option<String>,
    pub endpoint: Option<String>,
    /// `true`: ignore endpoints in environment variables and AWS's configuration files.
    pub ignore_configured_endpoint_urls: Option<bool>,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub session_token: Option<String>,
    /// The AWS account of the access key.
    pub account_id: Option<String>,
    /// Identifies the object that provides the credentials, if JavaScript provides them. Stores with the
    /// same object share connections.
    pub credentials_from: Option<String>,
    pub profile: Option<String>,
    pub max_attempts: Option<f64>,
    /// `true`: `maxAttempts` is the default of a client, and was not chosen by the user.
    pub default_attempts: Option<bool>,
    /// Milliseconds that one attempt may take.
    pub request_timeout: Option<f64>,
    /// Milliseconds that opening a connection may take.
    pub connect_timeout: Option<f64>,
    /// The largest number of open connections. If requests go through the user's client, the largest
    /// number of its calls in flight.
    pub max_sockets: Option<f64>,
    pub use_dualstack_endpoint: Option<bool>,
    pub use_fips_endpoint: Option<bool>,
    /// `standard` or `adaptive`.
    pub retry_mode: Option<String>,
    /// `preferred`, `required` or `disabled`.
    pub account_id_endpoint_mode: Option<String>,
    /// A text that is added to the `user-agent` of each request.
    pub user_agent: Option<String>,
    /// The application's name, which becomes `app/<name>` in the `user-agent`.
    pub user_agent_app_id: Option<String>,
    /// `true`: trust the certificate authorities of the system, too.
    pub use_system_ca: Option<bool>,
    /// The URL of a proxy for all requests.
    pub proxy: Option<String>,
    /// `true`: Node uses the proxies that environment variables name, so the addon does, too.
    pub use_env_proxy: Option<bool>,
    /// `true`: calls fail at once during an outage.
    pub breaker: Option<bool>,
    /// Milliseconds that a call waits for credentials before it fails.
    pub credentials_timeout: Option<f64>,
}

impl ConnectionOptions {
    /// The largest number of open connections, if it was set.
    pub fn max_sockets(&self) -> Result<Option<usize>, InvalidOption> {
        let number = |sockets| count("maxSockets", sockets, "connections");
        self.max_sockets.map(number).transpose()
    }

    /// How long a call waits for credentials before it fails.
    pub fn credentials_timeout(&self) -> Result<Duration, InvalidOption> {
        let timeout = self
            .credentials_timeout
            .map(|timeout| duration("credentialsTimeout", timeout));
        timeout.unwrap_or(Ok(CREDENTIALS_TIMEOUT))
    }

    pub fn settings(self) -> Result<Settings, InvalidOption> {
        let max_sockets = self.max_sockets()?;
        let name = |option: &str| format!("{}.{option}", self.origin);
        let texts = |option: &str, value: Option<String>| {
            value.map(|value| text(&name(option), value)).transpose()
        };
        let keys = |option: &str, value: Option<String>| {
            value
                .map(|value| credential(&name(option), value))
                .transpose()
        };
        let durations = |option: &str, value: Option<f64>| {
            value
                .map(|value| duration(&name(option), value))
                .transpose()
        };
        let defaults = Settings::default();
        let credentials = match (
            keys("accessKeyId", self.access_key_id)?,
            keys("secretAccessKey", self.secret_access_key)?,
        ) {
            (Some(id), Some(secret)) => {
                let token = keys("sessionToken", self.session_token)?;
                let origin = "dynamo-session-store options";
                let mut credentials = Credentials::builder()
                    .access_key_id(id)
                    .secret_access_key(secret)
                    .provider_name(origin);
                credentials.set_session_token(token);
                let account = texts("accountId", self.account_id)?;
                credentials.set_account_id(account.map(Into::into));
                Some(CredentialSource::Fixed(credentials.build()))
            }
            (None, None) => None,
            (Some(_), None) => {
                return Err(missing(name("secretAccessKey"), "accessKeyId"));
            }
            (None, Some(_)) => {
                return Err(missing(name("accessKeyId"), "secretAccessKey"));
            }
        };
        Ok(Settings {
            credentials,
            region: texts("region", self.region)?,
            endpoint: self
                .endpoint
                .map(|endpoint| Endpoint::new(&name("endpoint"), &endpoint))
                .transpose()?,
            ignore_configured_endpoints: self
                .ignore_configured_endpoint_urls
                .unwrap_or(defaults.ignore_configured_endpoints),
            profile: texts("profile", self.profile)?,
            max_attempts: self
                .max_attempts
                .map(|count| attempts(&name("maxAttempts"), count))
                .transpose()?,
            default_attempts: self.default_attempts.unwrap_or(defaults.default_attempts),
            request_timeout: durations("requestTimeout", self.request_timeout)?
                .unwrap_or(defaults.request_timeout),
            connect_timeout: durations("connectTimeout", self.connect_timeout)?
                .unwrap_or(defaults.connect_timeout),
            max_sockets: max_sockets.unwrap_or(defaults.max_sockets),
            use_dual_stack: self.use_dualstack_endpoint,
            use_fips: self.use_fips_endpoint,
            adaptive_retries: self
                .retry_mode
                .map(|mode| is_adaptive(&name("retryMode"), &mode))
                .transpose()?,
            account_id_endpoint_mode: self
                .account_id_endpoint_mode
                .map(|mode| account_id_endpoint_mode(&name("accountIdEndpointMode"), &mode))
                .transpose()?,
            user_agent: texts("customUserAgent", self.user_agent)?,
            // An empty name turns off the name that the environment sets.
            app_id: self.user_agent_app_id,
            trust: match self.use_system_ca {
                Some(true) => Trust::System,
                _ => Trust::Mozilla,
            },
            proxy: self
                .proxy
                .map(|url| proxy(&name("proxy"), &url))
                .transpose()?,
            follows_proxy_variables: self
                .use_env_proxy
                .unwrap_or(defaults.follows_proxy_variables),
            breaker: self.breaker.unwrap_or(defaults.breaker),
        })
    }
}

fn is_adaptive(option: &str, mode: &str) -> Result<bool, InvalidOption> {
    match mode {
        "adaptive" => Ok(true),
        // `legacy` exists in aws-sdk v2 and in profile files.
        "standard" | "legacy" => Ok(false),
        _ => {
            let rule = "must be \"standard\" or \"adaptive\"";
            Err(InvalidOption::new(option, rule))
        }
    }
}

fn proxy(option: &str, url: &str) -> Result<Proxy, InvalidOption> {
    Proxy::new(url).map_err(|rule| InvalidOption::new(option, rule))
}

fn account_id_endpoint_mode(
    option: &str,
    mode: &str,
) -> Result<AccountIdEndpointMode, InvalidOption> {
    mode.parse().map_err(|_| {
        let rule = "must be \"preferred\", \"required\" or \"disabled\"";
        InvalidOption::new(option, rule)
    })
}

fn missing(option: String, other: &str) -> InvalidOption {
    InvalidOption::new(option, format!("is needed with {other}"))
}
