//! Where credentials come from if the options give none: the environment, a profile, the container,
//! the instance.
//!
//! * [`profile`]: what a profile says.
//! * [`container`], [`instance`]: the services of a container and of an instance.
//! * [`sts`]: roles; [`sso`]: logins; [`service`]: where these are.
//! * [`requests`]: requests to all of them; [`given`]: credentials in their answers.
//! * [`cache`]: the credentials that requests are signed with; [`asking`]: what is waited for.
//!
//! The order is that of the AWS SDK for JavaScript v3. The SDK for Rust has sources too, but they read
//! the environment of the process whenever they are asked, see [`super::variables`].

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

/// The credentials of the environment, which is looked at whenever they are asked for.
///
/// A profile in the options gives credentials or an error. One that `AWS_PROFILE` names may have none:
/// then containers and instances are asked. Keys in the environment count where no profile is named.
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

/// By hand: what it holds is long.
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
    /// Asks with these settings, for an application in this region.
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
        // If a profile was named, the error says what is wrong with it.
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

    /// The credentials of a profile, whose name is in its errors.
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
                // The signer panics where they fit into no header.
                let base = usable(credentials)?;
                let with = (&self.requests, &self.reach);
                credentials = sts::assume(role, &base, environment, with).await?;
            }
            Ok(credentials)
        };
        found.await.map_err(|error| named(name, &error))
    }

    /// The credentials that those of the profile `name` begin with.
    async fn of_base(&self, base: Base, name: &str, environment: &Environment) -> provider::Result {
        let with = (&self.requests, &self.reach);
        match base {
            Base::Keys(keys) => Ok(keys),
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

/// Whether a source has given credentials, or an error that the next source must not hide.
fn has_said(outcome: &provider::Result) -> bool {
    !matches!(outcome, Err(CredentialsError::CredentialsNotLoaded(_)))
}

/// The keys in the environment. `AWS_CREDENTIAL_EXPIRATION` says when they end, as for the AWS SDK for
/// JavaScript.
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

/// The same credentials, of the account that the profile names.
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

/// Which of the two keys is not in the environment.
fn missing_keys(variables: &Variables) -> &'static str {
    let has = |name| variables.get(name).is_some();
    match (has("AWS_ACCESS_KEY_ID"), has("AWS_SECRET_ACCESS_KEY")) {
        (true, _) => "AWS_SECRET_ACCESS_KEY is not set",
        (_, true) => "AWS_ACCESS_KEY_ID is not set",
        _ => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
    }
}

/// The innermost reason.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let reasons = sources(error).map(ToString::to_string);
    let last = reasons.filter(|reason| !reason.trim().is_empty()).last();
    last.unwrap_or_else(|| error.to_string())
}

/// The error with the name of the profile, and the innermost reason.
fn named(name: &str, error: &CredentialsError) -> CredentialsError {
    let text = format!("profile \"{name}\": {}", innermost(error));
    match error {
        CredentialsError::CredentialsNotLoaded(_) => CredentialsError::not_loaded(text),
        _ => CredentialsError::invalid_configuration(text),
    }
}

/// Credentials from any source, looked at before a request is signed with them: the SDK panics where
/// they fit into no header, such as those of a secret file that ends in a newline.
/// No error quotes them from then on.
#[derive(Debug)]
pub struct Checked {
    source: SharedCredentialsProvider,
    secrets: Secrets,
}

impl Checked {
    /// Checks what `source` gives, and tells `secrets` of it.
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
            // A source that signs a request of its own panics there.
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
