//! Changes to the SDK's requests.

use aws_runtime::auth::PayloadSigningOverride;
use aws_runtime::user_agent::{ApiMetadata, AwsUserAgent, FrameworkMetadata};
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{AppName, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_types::os_shim_internal::Env;
use ring::digest;

use super::trace;
use super::variables::Variables;

type Result = std::result::Result<(), BoxError>;

/// Keeps the SDK from reading the environment of the process with each request. The SDK would read it for the
/// `user-agent` and for the header [`trace::HEADER`].
#[derive(Debug)]
pub struct KeepFromEnvironment {
    env: Env,
    app: Option<AppName>,
}

impl KeepFromEnvironment {
    /// Takes the variables for the `user-agent`, and the name of the application in it.
    pub fn new(variables: &Variables, app: Option<&str>) -> Self {
        Self {
            env: variables.env(),
            app: app.and_then(|app| AppName::new(as_app_name(app)).ok()),
        }
    }
}

/// Replaces each character that a `user-agent` cannot hold by a dash, as the AWS SDK for JavaScript v3 does.
fn as_app_name(name: &str) -> String {
    let is_allowed =
        |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
    let letters = name.chars();
    letters
        .map(|letter| if is_allowed(letter) { letter } else { '-' })
        .collect()
}

impl Intercept for KeepFromEnvironment {
    fn name(&self) -> &'static str {
        "KeepFromEnvironment"
    }

    fn modify_before_serialization(
        &self,
        _context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result {
        // If there is no `user-agent` yet, the SDK would make one from the environment of the process.
        if let Some(api) = bag.load::<ApiMetadata>().cloned() {
            let mut agent = AwsUserAgent::new_from_environment(self.env.clone(), api);
            let version = Some(env!("CARGO_PKG_VERSION"));
            if let Ok(package) = FrameworkMetadata::new(env!("CARGO_PKG_NAME"), version) {
                agent.add_framework_metadata(package);
            }
            if let Some(app) = self.app.clone() {
                agent.set_app_name(app);
            }
            bag.interceptor_state().store_put(agent);
        }
        Ok(())
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result {
        // If the header is missing, the SDK would read it from the environment of the process.
        let headers = context.request_mut().headers_mut();
        headers.insert(trace::HEADER, "none");
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result {
        // The signature does not cover this header, so it can change after signing.
        let headers = context.request_mut().headers_mut();
        headers.remove(trace::HEADER);
        trace::add(headers);
        Ok(())
    }
}

/// Hashes the body for the signature. The signer would do so in portable code: on a processor without instructions
/// for SHA-256, this took a sixth of the CPU time of a write.
#[derive(Debug)]
pub struct HashBody;

impl Intercept for HashBody {
    fn name(&self) -> &'static str {
        "HashBody"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result {
        if let Some(body) = context.request().body().bytes() {
            let hash = digest::digest(&digest::SHA256, body);
            let hash = PayloadSigningOverride::Precomputed(hex::encode(hash));
            bag.interceptor_state().store_put(hash);
        }
        Ok(())
    }
}

/// Appends a text to the `user-agent`.
#[derive(Debug)]
pub struct UserAgent(pub String);

impl Intercept for UserAgent {
    fn name(&self) -> &'static str {
        "UserAgent"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result {
        let headers = context.request_mut().headers_mut();
        let own = headers.get("user-agent").unwrap_or_default();
        let all = format!("{own} {}", self.0);
        headers.try_insert("user-agent", all)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_application_has_no_letter_that_a_header_cannot_have() {
        assert_eq!(as_app_name("shop_1.2~beta"), "shop_1.2~beta");
        assert_eq!(as_app_name("my shop/\u{e9}\r\n"), "my-shop----");
        assert!(AppName::new(as_app_name("a b(c)")).is_ok());
    }
}
