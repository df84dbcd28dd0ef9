//! Assumes roles at STS, with credentials or with the token of a web identity.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider;
use aws_credential_types::provider::error::CredentialsError;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_xml::decode::{Document, try_data};
use url::form_urlencoded;

use super::super::environment::{Environment, Service};
use super::given::time;
use super::requests::{Answer, Request, Requests};
use super::service::Reach;

/// The version of STS's interface.
const VERSION: &str = "2011-06-15";

/// The codes of errors that may pass.
const TRANSIENT: [&str; 6] = [
    "IDPCommunicationError",
    "InternalFailure",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
];

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub arn: String,
    pub session_name: Option<String>,
    pub external_id: Option<String>,
    /// The life of the credentials, in seconds.
    pub duration: Option<u32>,
}

/// Assumes `role` with `credentials`, and returns the role's credentials.
///
/// # Errors
///
/// The request could not be signed or was not answered, or STS refused it.
pub async fn assume(
    role: &Role,
    credentials: &Credentials,
    environment: &Environment,
    (requests, reach): (&Requests, &Reach),
) -> provider::Result {
    let action = "AssumeRole";
    let external = ("ExternalId", role.external_id.as_deref());
    let body = form(action, role, external);
    let address = reach.address(Service::Sts, &reach.region, environment)?;
    let identity: Identity = credentials.clone().into();
    // Signing fails if a header cannot hold a key: then no request is sent.
    let signed = || signed(&address, &body, &identity, &reach.region);
    signed()?;
    let request = || signed().unwrap_or_default();
    let answer = requests.send(&reach.policy, request, is_transient).await?;
    read(&answer, action)
}

/// Assumes `role` with the token in `token_file`, and returns the role's credentials.
///
/// # Errors
///
/// The file cannot be read, the request was not answered, or STS refused it.
pub async fn assume_with_token(
    role: &Role,
    token_file: &str,
    environment: &Environment,
    (requests, reach): (&Requests, &Reach),
) -> provider::Result {
    let token = std::fs::read_to_string(token_file).map_err(|error| {
        let kind = error.kind();
        CredentialsError::provider_error(format!(
            "the web identity token file cannot be read: {kind}"
        ))
    })?;
    let action = "AssumeRoleWithWebIdentity";
    let body = form(action, role, ("WebIdentityToken", Some(&token)));
    let address = reach.address(Service::Sts, &reach.region, environment)?;
    let request = || unsigned(&address, &body);
    let answer = requests.send(&reach.policy, request, is_transient).await?;
    read(&answer, action)
}

/// The parameters of a request, as the body of a form. `own` is the parameter that only this action has.
fn form(action: &str, role: &Role, own: (&str, Option<&str>)) -> String {
    let name = role.session_name.clone().unwrap_or_else(new_session_name);
    let duration = role.duration.map(|seconds| seconds.to_string());
    let parameters = [
        ("Action", Some(action)),
        ("Version", Some(VERSION)),
        ("RoleArn", Some(&role.arn)),
        ("RoleSessionName", Some(&name)),
        ("DurationSeconds", duration.as_deref()),
        own,
    ];
    let set = parameters.into_iter();
    let set = set.filter_map(|(name, value)| Some((name, value?)));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(set)
        .finish()
}

fn new_session_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let milliseconds = now.map_or(0, |now| now.as_millis());
    format!("dynamo-session-store-{milliseconds}")
}

fn unsigned(address: &str, body: &str) -> Request {
    let form = "application/x-www-form-urlencoded".to_owned();
    Request {
        method: "POST",
        url: format!("{address}/"),
        headers: vec![("content-type", form)],
        body: body.to_owned(),
    }
}

fn signed(
    address: &str,
    body: &str,
    identity: &Identity,
    region: &str,
) -> Result<Request, CredentialsError> {
    let unusable =
        |_| CredentialsError::invalid_configuration("the request to STS cannot be signed");
    let mut request = unsigned(address, body);
    let parameters = SigningParams::builder()
        .identity(identity)
        .region(region)
        .name("sts")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    let headers = request.headers.iter();
    let headers = headers.map(|(name, value)| (*name, value.as_str()));
    let signable = SignableBody::Bytes(body.as_bytes());
    let signable = SignableRequest::new(request.method, &request.url, headers, signable);
    let signable = signable.map_err(|error| unusable(error.to_string()))?;
    let signed = sign(signable, &parameters.into());
    let signed = signed.map_err(|error| unusable(error.to_string()))?;
    let (instructions, _signature) = signed.into_parts();
    for (name, value) in instructions.headers() {
        let name = NAMES.into_iter().find(|known| *known == name);
        request
            .headers
            .extend(name.map(|name| (name, value.to_owned())));
    }
    Ok(request)
}

/// The headers that signing adds.
const NAMES: [&str; 3] = ["authorization", "x-amz-date", "x-amz-security-token"];

fn is_transient(answer: &Answer) -> bool {
    answer.is_transient()
        || text(&answer.body, "Code").is_some_and(|code| TRANSIENT.contains(&code.as_str()))
}

fn read(answer: &Answer, action: &str) -> provider::Result {
    let failed = |reason: String| CredentialsError::provider_error(reason);
    if !answer.is_success() {
        let code = text(&answer.body, "Code").unwrap_or_else(|| answer.status.to_string());
        return Err(failed(format!("STS has refused {action}: {code}")));
    }
    given(&answer.body)
        .ok_or_else(|| failed(format!("the answer of STS to {action} has no credentials")))
}

fn given(body: &str) -> Option<Credentials> {
    let mut credentials = Credentials::builder()
        .access_key_id(text(body, "AccessKeyId")?)
        .secret_access_key(text(body, "SecretAccessKey")?)
        .provider_name("STS");
    credentials.set_session_token(text(body, "SessionToken"));
    credentials.set_expiry(text(body, "Expiration").as_deref().and_then(time));
    // `arn:aws:sts::123456789012:assumed-role/…`
    let arn = text(body, "Arn");
    let account = arn.as_deref().and_then(|arn| arn.split(':').nth(4));
    let account = account.filter(|account| !account.is_empty());
    credentials.set_account_id(account.map(Into::into));
    Some(credentials.build())
}

/// The text of the first element `name`, at any depth. No answer has two such elements.
fn text(body: &str, name: &str) -> Option<String> {
    let mut document = Document::new(body);
    while let Some(element) = document.next_start_element() {
        if element.matches(name) {
            let text = try_data(&mut document.scoped_to(element)).ok()?;
            return Some(text.into_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            token_lifetime: None,
            body: body.to_owned(),
        }
    }

    #[test]
    fn the_credentials_of_a_role_with_their_account() {
        let body = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
            <AssumeRoleResult><AssumedRoleUser>
                <Arn>arn:aws:sts::123456789012:assumed-role/shop/session</Arn>
            </AssumedRoleUser><Credentials>
                <AccessKeyId>ID</AccessKeyId><SecretAccessKey>a&amp;b</SecretAccessKey>
                <SessionToken>TOKEN</SessionToken><Expiration>2026-11-28T12:00:00Z</Expiration>
            </Credentials></AssumeRoleResult></AssumeRoleResponse>";
        let given = read(&answer(200, body), "AssumeRole").unwrap();
        assert_eq!(given.access_key_id(), "ID");
        assert_eq!(given.secret_access_key(), "a&b");
        assert_eq!(given.session_token(), Some("TOKEN"));
        let end = UNIX_EPOCH + Duration::from_secs(1_795_867_200);
        assert_eq!(given.expiry(), Some(end));
        let account = given.account_id().map(|account| account.as_str());
        assert_eq!(account, Some("123456789012"));
    }

    #[test]
    fn a_refusal_says_its_code_and_may_pass() {
        let refusal =
            |code| format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
        let denied = answer(403, &refusal("AccessDenied"));
        let error = read(&denied, "AssumeRole").unwrap_err();
        let reason = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(reason, "STS has refused AssumeRole: AccessDenied");
        assert!(!is_transient(&denied));
        assert!(is_transient(&answer(400, &refusal("Throttling"))));
        assert!(is_transient(&answer(503, "")));
        assert!(read(&answer(200, "<nothing/>"), "AssumeRole").is_err());
    }

    #[test]
    fn a_request_is_signed_for_sts() {
        let credentials = Credentials::new("ID", "secret", Some("TOKEN".into()), None, "test");
        let request = signed(
            "https://sts.example",
            "a=1",
            &credentials.into(),
            "eu-west-1",
        )
        .unwrap();
        let header = |name: &str| {
            let found = request.headers.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        assert!(header("authorization").contains("/eu-west-1/sts/aws4_request"));
        assert_eq!(header("x-amz-security-token"), "TOKEN");
        assert_eq!(request.url, "https://sts.example/");
    }
}
