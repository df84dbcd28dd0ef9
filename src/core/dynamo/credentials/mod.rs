//! The credential sources if the options give no credentials: the environment, a profile, the container,
//! the instance.
//!
//! * [`profile`]: the source that a profile names.
//! * [`container`], [`instance`]: the services of a container and of an instance.
//! * [`sts`]: roles; [`sso`]: logins; [`service`]: the addresses of STS and SSO.
//! * [`requests`]: requests to all of them; [`given`]: parses the credentials in their answers.
//! * [`cache`]: the credentials that requests are signed with; [`asking`]: the source that is asked now.
//!
//! The sources are asked in the order of the AWS SDK for JavaScript v3. The SDK for Rust has sources too,
//! but they read the environment of the process each time, see [`super::variables`].

pub mod asking;
pub mod cache;
mod container;
mod given;
pub mod instance;
mod profile;
pub mod requests;
mod service;
mod sso;
mod sts;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use futures_util::FutureExt;

use self::asking::Asking;
use self::instance::Instance;
use self::profile::{Base, Chain};
use self::requests::Requests;
use self::service::Reach;
use self::sso::Sso;
use self::sts::Role;
use super::environment::{Environment, selected_profile};
use super::redact::Secrets;
use super::settings::Settings;
use super::variables::{Copies, Variables};
use crate::core::error::sources;

/// The credential chain of the environment. Each call reads the environment anew.
///
/// If the options name a profile, only this profile is asked. If `AWS_PROFILE` names a profile without
/// credentials, the web identity, the container and the instance are asked too. Keys in the environment
/// count only if no profile is named.
pub struct OfEnvironment {
    copies: Copies,
    /// The profile in the options.
    profile: Option<String>,
    requests: Requests,
    reach: Reach,
    instance: Arc<Instance>,
    sso: Sso,
    asking: Asking,
}

/// By hand: the fields would print at length.
impl fmt::Debug for OfEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfEnvironment").finish_non_exhaustive()
    }
}

impl ProvideCredentials for OfEnvironment {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

impl OfEnvironment {
    /// The chain of an application in `region`, with these settings.
    pub fn new(
        copies: Copies,
        settings: &Settings,
        region: &str,
        requests: Requests,
        instance: Arc<Instance>,
        asking: Asking,
    ) -> Self {
        Self {
            copies,
            profile: settings.profile.clone(),
            requests,
            reach: Reach::new(region, settings),
            instance,
            sso: Sso::default(),
            asking,
        }
    }

    async fn credentials(&self) -> provider::Result {
        self.asking.set("the environment");
        let variables = self.copies.variables().await;
        let given = self.profile.as_deref();
        let selected = given.or_else(|| selected_profile(&variables));
        if selected.is_none()
            && let Some(keys) = keys(&variables)
        {
            return Ok(keys);
        }
        let environment = Environment::load(given, variables.clone()).await;
        let name = selected.unwrap_or("default");
        let of_profile = self.of_profile(name, &environment).await;
        if given.is_some() || has_said(&of_profile) {
            return of_profile;
        }
        let of_web_identity = self.of_web_identity(&environment).await;
        if has_said(&of_web_identity) {
            return of_web_identity;
        }
        let of_container = self.of_container(&environment).await;
        if has_said(&of_container) {
            return of_container;
        }
        let of_instance = self.of_instance(&environment).await;
        if has_said(&of_instance) {
            return of_instance;
        }
        // If a profile was named, its fault is probably the cause.
        if selected.is_some() {
            return of_profile;
        }
        let looked = [
            ("the profile", of_profile),
            ("a web identity", of_web_identity),
            ("the container", of_container),
            ("the instance", of_instance),
        ];
        let looked = looked.map(|(place, outcome)| {
            let reason = outcome.err().map(|error| innermost(&error));
            let reason = reason.unwrap_or_default();
            format!("{place} ({reason})")
        });
        Err(CredentialsError::not_loaded(format!(
            "the store looked in the options (none), the environment ({}), {}. Set AWS_ACCESS_KEY_ID and \
            AWS_SECRET_ACCESS_KEY; DynamoDB Local takes any value",
            missing_keys(&variables),
            looked.join(", ")
        )))
    }

    async fn of_container(&self, environment: &Environment) -> provider::Result {
        self.asking.set("the credentials service of the container");
        container::credentials(environment.variables(), &self.requests).await
    }

    async fn of_instance(&self, environment: &Environment) -> provider::Result {
        self.asking.set("the metadata service of the instance");
        self.instance.credentials(environment).await
    }

    /// The credentials of the profile `name`. Errors contain this name.
    async fn of_profile(&self, name: &str, environment: &Environment) -> provider::Result {
        let profiles = environment.profiles();
        let profiles = profiles.map_err(|reason| {
            CredentialsError::invalid_configuration(format!("profile \"{name}\": {reason}"))
        })?;
        let Chain { base, roles } = Chain::of(profiles, name).map_err(|fault| fault.of(name))?;
        let found = async {
            let mut credentials = self.of_base(base, name, environment).await?;
            for role in &roles {
                self.asking
                    .set(format!("STS, asked for a role of profile \"{name}\","));
                // If a header cannot hold the credentials, the signer panics.
                let base = usable(credentials)?;
                let with = (&self.requests, &self.reach);
                credentials = sts::assume(role, &base, environment, with).await?;
            }
            Ok(credentials)
        };
        found.await.map_err(|error| named(name, &error))
    }

    /// The credentials at the start of the chain of the profile `name`, before any role.
    async fn of_base(&self, base: Base, name: &str, environment: &Environment) -> provider::Result {
        let with = (&self.requests, &self.reach);
        match base {
            Base::Keys(keys) => {
                self.asking.set(format!("profile \"{name}\""));
                Ok(keys)
            }
            Base::Environment => keys(environment.variables()).ok_or_else(|| {
                CredentialsError::not_loaded(
                    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set",
                )
            }),
            Base::Container => self.of_container(environment).await,
            Base::Instance => self.of_instance(environment).await,
            Base::WebIdentity(role, file) => {
                self.asking
                    .set(format!("STS, asked for a role of profile \"{name}\","));
                sts::assume_with_token(&role, &file, environment, with).await
            }
            Base::Sso(login) => {
                self.asking
                    .set(format!("SSO, asked for profile \"{name}\","));
                self.sso.credentials(&login, environment, with).await
            }
            Base::Process { command, account } => {
                self.asking
                    .set(format!("credential_process of profile \"{name}\""));
                let given = self.copies.surroundings().run(&command).await?;
                let account = account.filter(|_| given.account_id().is_none());
                Ok(account.map_or_else(|| given.clone(), |account| of_account(&given, account)))
            }
        }
    }

    async fn of_web_identity(&self, environment: &Environment) -> provider::Result {
        let variables = environment.variables();
        let get = |name| variables.get(name);
        let (Some(file), Some(arn)) = (get("AWS_WEB_IDENTITY_TOKEN_FILE"), get("AWS_ROLE_ARN"))
        else {
            return Err(CredentialsError::not_loaded(
                "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are not both set",
            ));
        };
        let role = Role {
            arn: arn.to_owned(),
            session_name: get("AWS_ROLE_SESSION_NAME").map(str::to_owned),
            external_id: None,
            duration: None,
        };
        let with = (&self.requests, &self.reach);
        self.asking.set("STS, asked for the role of AWS_ROLE_ARN,");
        sts::assume_with_token(&role, file, environment, with).await
    }
}

/// Whether a source gave credentials, or an error that must reach the caller instead of the next source's.
fn has_said(outcome: &provider::Result) -> bool {
    !matches!(outcome, Err(CredentialsError::CredentialsNotLoaded(_)))
}

/// The keys in the environment. As in the AWS SDK for JavaScript, `AWS_CREDENTIAL_EXPIRATION` sets when they
/// end.
fn keys(variables: &Variables) -> Option<Credentials> {
    let get = |name| variables.get(name);
    let mut keys = Credentials::builder()
        .access_key_id(get("AWS_ACCESS_KEY_ID")?)
        .secret_access_key(get("AWS_SECRET_ACCESS_KEY")?)
        .provider_name("environment");
    keys.set_session_token(get("AWS_SESSION_TOKEN").map(str::to_owned));
    keys.set_account_id(get("AWS_ACCOUNT_ID").map(Into::into));
    keys.set_expiry(get("AWS_CREDENTIAL_EXPIRATION").and_then(given::time));
    Some(keys.build())
}

/// The same credentials with the account id that the profile names.
fn of_account(credentials: &Credentials, account: String) -> Credentials {
    let mut builder = Credentials::builder()
        .access_key_id(credentials.access_key_id())
        .secret_access_key(credentials.secret_access_key())
        .account_id(account)
        .provider_name("process");
    builder.set_session_token(credentials.session_token().map(str::to_owned));
    builder.set_expiry(credentials.expiry());
    builder.build()
}

/// Names the keys that are missing in the environment, as a clause for an error message.
fn missing_keys(variables: &Variables) -> &'static str {
    let has = |name| variables.get(name).is_some();
    match (has("AWS_ACCESS_KEY_ID"), has("AWS_SECRET_ACCESS_KEY")) {
        (true, _) => "AWS_SECRET_ACCESS_KEY is not set",
        (_, true) => "AWS_ACCESS_KEY_ID is not set",
        _ => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
    }
}

/// The innermost reason of an error that has a text.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let reasons = sources(error).map(ToString::to_string);
    let last = reasons.filter(|reason| !reason.trim().is_empty()).last();
    last.unwrap_or_else(|| error.to_string())
}

/// An error of the same kind with the name of the profile and the innermost reason.
fn named(name: &str, error: &CredentialsError) -> CredentialsError {
    let text = format!("profile \"{name}\": {}", innermost(error));
    match error {
        CredentialsError::CredentialsNotLoaded(_) => CredentialsError::not_loaded(text),
        _ => CredentialsError::invalid_configuration(text),
    }
}

/// Checks the credentials of any source before a request is signed with them. If a header cannot hold the
/// credentials (for example, if a secret file ends in a newline), the SDK would panic.
///
/// Each source's credentials are registered with [`Secrets`], so that no error quotes them.
#[derive(Debug)]
pub struct Checked {
    source: SharedCredentialsProvider,
    secrets: Secrets,
}

impl Checked {
    /// Checks the credentials of `source`, and registers them with `secrets`.
    pub fn new(source: SharedCredentialsProvider, secrets: Secrets) -> Self {
        Self { source, secrets }
    }
}

impl ProvideCredentials for Checked {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            // If a source signs a request of its own with unusable credentials, the source panics.
            let given = AssertUnwindSafe(self.source.provide_credentials()).catch_unwind();
            let credentials = given.await.unwrap_or_else(|_panic| Err(unusable()))?;
            self.secrets.learn(&credentials);
            usable(credentials)
        })
    }
}

/// `credentials`, if a request can be signed with them.
fn usable(credentials: Credentials) -> provider::Result {
    let parts = [
        Some(credentials.access_key_id()),
        Some(credentials.secret_access_key()),
        credentials.session_token(),
    ];
    let is_usable = |part: &str| part.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if parts.into_iter().flatten().all(is_usable) {
        Ok(credentials)
    } else {
        Err(unusable())
    }
}

fn unusable() -> CredentialsError {
    CredentialsError::invalid_configuration(
        "the credentials contain a line break, or another character that an HTTP header cannot have",
    )
}
