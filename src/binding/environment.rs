//! The environment of the program, which JavaScript knows: the variables, and programs that run in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use aws_credential_types::provider;
use aws_credential_types::provider::error::CredentialsError;
use napi::Status;
use napi::bindgen_prelude::Promise;
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;

use super::callbacks::{CredentialsAnswer, credentials};
use super::store::NativeStore;
use crate::core::dynamo::trace;
use crate::core::dynamo::variables::{Copies, NAMES, Nothing, Surroundings, Variables};

/// Gives the values of the variables. Weak, and it never throws.
type AskVariables = ThreadsafeFunction<(), Values, (), Status, false, true>;

/// Runs a program. Weak, and its promise never rejects.
type RunProgram =
    ThreadsafeFunction<String, Promise<CredentialsAnswer>, String, Status, false, true>;

/// The values of variables, in the order of `variableNames`.
type Values = Vec<Option<String>>;

/// The environment as JavaScript sees it.
#[napi(object, object_to_js = false)]
pub struct EnvironmentCallbacks {
    /// By what number the process knows it, see `newEnvironment`.
    pub number: u32,
    /// The values of the variables, in the order of `variableNames`.
    #[napi(ts_type = "() => Array<string | undefined>")]
    pub variables: AskVariables,
    /// The credentials that the program of a `credential_process` prints.
    #[napi(ts_type = "(command: string) => Promise<CredentialsAnswer>")]
    pub run: RunProgram,
}

/// The names of the environment variables that matter.
#[napi]
pub fn variable_names() -> Vec<&'static str> {
    NAMES.to_vec()
}

/// A number for an environment. No other has it in this process, of whatever thread or sandbox.
#[napi]
pub fn new_environment() -> u32 {
    static LAST: AtomicU32 = AtomicU32::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// The value that Lambda gives the invocation of a function for tracing: requests that are made from now on
/// have it in a header. Without one, there is no such header.
#[napi]
pub fn use_trace(value: Option<String>) {
    trace::set(value.as_deref());
}

/// The copies of an environment. Without callbacks, there are no variables.
pub fn copies(callbacks: Option<EnvironmentCallbacks>) -> Arc<Copies> {
    let surroundings: Arc<dyn Surroundings> = match callbacks {
        Some(callbacks) => Arc::new(JsSurroundings(callbacks)),
        None => Arc::new(Nothing),
    };
    Arc::new(Copies::new(surroundings))
}

struct JsSurroundings(EnvironmentCallbacks);

#[async_trait]
impl Surroundings for JsSurroundings {
    async fn variables(&self) -> Option<Variables> {
        let values = self.0.variables.call_async_catch(()).await;
        values.ok().map(Variables::new)
    }

    async fn run(&self, command: &str) -> provider::Result {
        let answer = async {
            let asked = self.0.run.call_async_catch(command.to_owned());
            asked.await?.await
        };
        let answer: napi::Result<_> = answer.await;
        credentials(answer.map_err(|error| CredentialsError::provider_error(error.reason.clone()))?)
    }

    fn number(&self) -> u32 {
        self.0.number
    }
}

#[napi]
impl NativeStore {
    /// The values of the variables when the store is first used, in the order of `variableNames`. Later
    /// ones are asked for.
    #[napi]
    pub fn use_variables(&self, values: Vec<Option<String>>) {
        if let Ok(backend) = self.backend() {
            backend.environment.give(Variables::new(values));
        }
    }
}
