//! The metadata service of an EC2 instance. It gives the credentials of the instance's role, and the region.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider;
use aws_credential_types::provider::error::CredentialsError;

use super::super::environment::Environment;
use super::given;
use super::innermost;
use super::requests::{Answer, Request, Requests, RetryPolicy, TOKEN_LIFETIME, Unanswered};
use crate::core::lock::locked;

/// The requested lifetime of a token: the longest that the service allows.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);

/// A token is renewed this long before it ends.
const MARGIN: Duration = Duration::from_secs(120);

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// Outside of EC2 nothing answers, and finding that out should be quick: a request without an answer is not
/// repeated. `attempt` is longer than `connect`, so that a service which accepts the connection and does not
/// answer differs from a missing service.
const POLICY: RetryPolicy = RetryPolicy {
    connect: Duration::from_secs(1),
    attempt: Duration::from_secs(2),
    attempts: 4,
    repeats_unanswered: false,
};

/// Asks the metadata service of this machine, which may not be an instance.
#[derive(Debug)]
pub struct Instance {
    requests: Requests,
    /// The address of the service, and its token.
    token: Mutex<Option<(String, Token)>>,
    /// The last credentials that the service gave.
    last: Mutex<Option<Credentials>>,
}

#[derive(Clone)]
struct Token {
    /// `None` if the service gives no tokens: then requests are sent without one.
    value: Option<String>,
    until: Instant,
}

/// By hand: the value is a secret.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// Why the metadata service gave no answer, or not the requested one.
enum Refusal {
    /// The service cannot be reached: this machine is not an instance.
    Absent(Unanswered),
    /// The service exists, but the answer with its token does not arrive.
    Distant,
    /// The service answered with this error status.
    Status(u16),
    /// The service gave a token and did not answer the request.
    Unanswered(Unanswered),
}

impl Instance {
    /// Sends its requests by `requests`.
    pub fn new(requests: Requests) -> Self {
        Self {
            requests,
            token: Mutex::default(),
            last: Mutex::default(),
        }
    }

    /// The credentials of the instance's role. If the service fails, returns its last credentials: the service
    /// is sometimes late with new credentials, and AWS accepts the old ones in the meantime.
    ///
    /// # Errors
    ///
    /// "Not loaded" if this machine is not an instance, or if the instance has no role.
    pub async fn credentials(&self, environment: &Environment) -> provider::Result {
        let given = self.ask_for_credentials(environment).await;
        let mut last = locked(&self.last);
        match given {
            Ok(credentials) => {
                *last = Some(credentials.clone());
                Ok(credentials)
            }
            Err(error) => last.clone().map(extended).ok_or(error),
        }
    }

    /// The region of the instance.
    pub async fn region(&self, environment: &Environment) -> Option<String> {
        let base = address(environment).ok()?;
        self.ask(&base, "/latest/meta-data/placement/region", environment)
            .await
            .ok()
    }

    async fn ask_for_credentials(&self, environment: &Environment) -> provider::Result {
        let base = address(environment)?;
        let role = match self.ask(&base, ROLES, environment).await {
            Ok(role) => role,
            Err(Refusal::Absent(reason)) => {
                let reason = innermost(&reason);
                let reason = format!("the metadata service cannot be reached: {reason}");
                return Err(CredentialsError::not_loaded(reason));
            }
            Err(Refusal::Status(404)) => {
                return Err(CredentialsError::not_loaded("the instance has no role"));
            }
            Err(refusal) => return Err(refusal.into()),
        };
        let path = format!("{ROLES}{}", role.trim());
        let given = given::read(&self.ask(&base, &path, environment).await?, "EC2 instance")?;
        Ok(extended(given))
    }

    /// The answer to a request, with a token if the service gives one.
    async fn ask(
        &self,
        base: &str,
        path: &str,
        environment: &Environment,
    ) -> Result<String, Refusal> {
        // If the service has forgotten the token (401), the second round uses a new one.
        for is_last in [false, true] {
            let token = self.token(base, environment).await?;
            let header = |token| ("x-aws-ec2-metadata-token", token);
            let request = || Request {
                method: "GET",
                url: format!("{base}{path}"),
                headers: token.clone().map(header).into_iter().collect(),
                ..Request::default()
            };
            let answer = self.requests.send(&POLICY, request, Answer::is_transient);
            let answer = answer.await.map_err(|reason| match token {
                Some(_) => Refusal::Unanswered(reason),
                None => Refusal::Absent(reason),
            });
            if token.is_none() && answer.is_err() {
                self.keep(None);
            }
            match answer? {
                Answer { status: 401, .. } if token.is_none() => {
                    self.keep(None);
                    return Err(Refusal::Distant);
                }
                Answer { status: 401, .. } if !is_last => self.keep(None),
                answer if answer.is_success() => return Ok(answer.body),
                answer => return Err(Refusal::Status(answer.status)),
            }
        }
        Err(Refusal::Status(401))
    }

    /// A token, or `None` if requests are sent without one. In a container, the hop limit may let through all
    /// answers except the one with the token.
    async fn token(
        &self,
        base: &str,
        environment: &Environment,
    ) -> Result<Option<String>, Refusal> {
        if let Some(token) = self.kept(base) {
            return Ok(token);
        }
        let request = || Request {
            method: "PUT",
            url: format!("{base}/latest/api/token"),
            headers: vec![(TOKEN_LIFETIME, LONGEST.as_secs().to_string())],
            ..Request::default()
        };
        let asked = Instant::now();
        let answer = self.requests.send(&POLICY, request, Answer::is_transient);
        let needs_token = needs_token(environment);
        let token = match answer.await {
            Ok(answer) if answer.is_success() => {
                let lifetime = answer.token_lifetime.as_deref().unwrap_or_default();
                let lifetime = Duration::from_secs(lifetime.parse().unwrap_or(0)).min(LONGEST);
                Token {
                    value: Some(answer.body),
                    until: asked + lifetime.saturating_sub(MARGIN),
                }
            }
            // The service gives no tokens, or the answer with the token does not arrive: try without.
            Ok(Answer {
                status: 403..=405, ..
            })
            | Err(Unanswered::Timeout(_))
                if !needs_token =>
            {
                Token {
                    value: None,
                    until: asked + LONGEST,
                }
            }
            Ok(answer) => return Err(Refusal::Status(answer.status)),
            Err(Unanswered::Timeout(_)) => return Err(Refusal::Distant),
            Err(reason) => return Err(Refusal::Absent(reason)),
        };
        self.keep(Some((base.to_owned(), token.clone())));
        Ok(token.value)
    }

    fn kept(&self, base: &str) -> Option<Option<String>> {
        let kept = locked(&self.token);
        let (address, token) = kept.as_ref()?;
        let is_good = address == base && Instant::now() < token.until;
        is_good.then(|| token.value.clone())
    }

    fn keep(&self, token: Option<(String, Token)>) {
        *locked(&self.token) = token;
    }
}

/// The address of the service.
///
/// # Errors
///
/// "Not loaded" if the environment disables the service.
fn address(environment: &Environment) -> Result<String, CredentialsError> {
    let disabled = environment.variables().get("AWS_EC2_METADATA_DISABLED");
    if disabled.is_some_and(|disabled| disabled.eq_ignore_ascii_case("true")) {
        let reason = "AWS_EC2_METADATA_DISABLED is set";
        return Err(CredentialsError::not_loaded(reason));
    }
    let endpoint = environment.find(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "ec2_metadata_service_endpoint",
    );
    let mode = environment.find(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        "ec2_metadata_service_endpoint_mode",
    );
    let address = match (endpoint, mode) {
        (Some(endpoint), _) => endpoint.trim_end_matches('/'),
        (None, Some(mode)) if mode.eq_ignore_ascii_case("ipv6") => "http://[fd00:ec2::254]",
        (None, _) => "http://169.254.169.254",
    };
    Ok(address.to_owned())
}

/// Whether the environment forbids requests without a token.
fn needs_token(environment: &Environment) -> bool {
    let (variable, key) = ("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled");
    environment
        .find(variable, key)
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// If the credentials have ended, extends them: AWS still accepts them while the service has no newer ones. The
/// new end makes the cache ask the service again after 10 to 15 minutes.
fn extended(given: Credentials) -> Credentials {
    let now = SystemTime::now();
    if given.expiry().is_none_or(|expiry| now < expiry) {
        return given;
    }
    let mut given = given;
    *given.expiry_mut() = Some(now + Duration::from_secs(600 + fastrand::u64(..300)));
    given
}

impl From<Refusal> for CredentialsError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Absent(reason) | Refusal::Unanswered(reason) => reason.into(),
            Refusal::Distant => Self::provider_error(
                "the token from the instance's metadata service does not arrive: in a container, the instance \
                needs an HttpPutResponseHopLimit of at least 2",
            ),
            Refusal::Status(status) => Self::provider_error(format!(
                "the metadata service of the instance answered with status {status}"
            )),
        }
    }
}
