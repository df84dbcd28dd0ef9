//! What is changed in the requests that the SDK makes.

use aws_runtime::auth::PayloadSigningOverride;
use aws_runtime::user_agent::{ApiMetadata, AwsUserAgent};
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{AppName, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_types::os_shim_internal::Env;
use ring::digest;

use super::variables::Variables;

type Result = std::result::Result<(), BoxError>;

/// The header by which Lambda finds functions that call each other for ever. DynamoDB does not use it.
const TRACE: &str = "x-amzn-trace-id";

/// Keeps the SDK from reading the environment of the process with each request: for its `user-agent`,
/// and for the header [`TRACE`].
#[derive(Debug)]
pub struct KeepFromEnvironment {
    env: Env,
    app: Option<AppName>,
}

impl KeepFromEnvironment {
    /// The `user-agent` will say what these variables say.
    pub fn new(variables: &Variables) -> Self {
        Self {
            env: variables.env(),
            app: AppName::new(env!("CARGO_PKG_NAME")).ok(),
        }
    }
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
        // The SDK makes one of its own where there is none yet.
        if let Some(api) = bag.load::<ApiMetadata>().cloned() {
            let mut agent = AwsUserAgent::new_from_environment(self.env.clone(), api);
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
        // The SDK reads the variables for it where there is none yet.
        let headers = context.request_mut().headers_mut();
        headers.insert(TRACE, "none");
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result {
        // It is no part of what is signed.
        context.request_mut().headers_mut().remove(TRACE);
        Ok(())
    }
}

/// Hashes the body for the signature. The signer would too, in portable code: where the processor
/// has no instructions for SHA-256, that was a sixth of the CPU time of a write.
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

/// Adds to the `user-agent`.
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
