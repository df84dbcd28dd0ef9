//! The environment of the process, which only JavaScript may read: its variables, and the programs that
//! run in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use aws_credential_types::provider;
use aws_credential_types::provider::error::CredentialsError;
use napi::Status;
use napi::bindgen_prelude::Promise;
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;

use super::credentials::{CredentialsAnswer, credentials};
use super::store::NativeStore;
use crate::core::dynamo::trace;
use crate::core::dynamo::variables::{Copies, NAMES, Nothing, Surroundings, Variables};

/// Reads the variables. A weak reference; the function never throws.
type AskVariables = ThreadsafeFunction<(), Values, (), Status, false, true>;

/// Runs a program. A weak reference; the promise never rejects.
type RunProgram =
    ThreadsafeFunction<String, Promise<CredentialsAnswer>, String, Status, false, true>;

/// The values of variables, in the order of `variableNames`.
type Values = Vec<Option<String>>;

/// The environment that the store was opened in: a process, a worker thread or a test's sandbox.
#[napi(object, object_to_js = false)]
pub struct EnvironmentCallbacks {
    /// Identifies the environment in this process, see `newEnvironment`.
    pub number: u32,
    /// Returns the values of the variables, in the order of `variableNames`.
    #[napi(ts_type = "() => Array<string | undefined>")]
    pub variables: AskVariables,
    /// Runs the program of a `credential_process`, and returns the credentials that it prints.
    #[napi(ts_type = "(command: string) => Promise<CredentialsAnswer>")]
    pub run: RunProgram,
}

/// The names of all environment variables that the addon uses.
#[napi]
pub fn variable_names() -> Vec<&'static str> {
    NAMES.to_vec()
}

/// A number that identifies an environment. Each call gives another one, in all threads and sandboxes of
/// the process.
#[napi]
pub fn new_environment() -> u32 {
    static LAST: AtomicU32 = AtomicU32::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// Sets the value of AWS's tracing header for all requests that are made from now on. Lambda gives each
/// invocation of a function such a value. Without a value, requests have no such header.
#[napi]
pub fn use_trace(value: Option<String>) {
    trace::set(value.as_deref());
}

/// The copies of an environment's variables. Without callbacks, all variables count as not set.
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
    /// Gives the values of the variables before the first use of the store, in the order of
    /// `variableNames`. Later values are asked for with `EnvironmentCallbacks.variables`.
    #[napi]
    pub fn use_variables(&self, values: Vec<Option<String>>) {
        if let Ok(backend) = self.backend() {
            backend.environment.give(Variables::new(values));
        }
    }
}
