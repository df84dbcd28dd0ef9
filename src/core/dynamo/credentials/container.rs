//! The service that gives a container its credentials, on ECS, on EKS, or on this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use aws_credential_types::provider;
use aws_credential_types::provider::error::CredentialsError;
use http::Uri;
use http::uri::Scheme;

use super::super::variables::Variables;
use super::given;
use super::requests::{Answer, Request, Requests, RetryPolicy};

/// The origin of `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`.
const ECS: &str = "http://169.254.170.2";

/// The addresses of the services of ECS and EKS.
const ADDRESSES: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x23)),
];

const POLICY: RetryPolicy = RetryPolicy {
    connect: Duration::from_secs(2),
    attempt: Duration::from_secs(5),
    attempts: 3,
    repeats_unanswered: true,
};

/// The credentials of the container.
///
/// # Errors
///
/// "Not loaded" if no variable names the service.
pub async fn credentials(variables: &Variables, requests: &Requests) -> provider::Result {
    let Some(url) = address(variables).await? else {
        return Err(CredentialsError::not_loaded(
            "no variable names its credentials service",
        ));
    };
    let mut headers = vec![("accept", "application/json".to_owned())];
    headers.extend(token(variables)?.map(|token| ("authorization", token)));
    let request = || Request {
        method: "GET",
        url: url.clone(),
        headers: headers.clone(),
        ..Request::default()
    };
    let answer = requests.send(&POLICY, request, Answer::is_transient);
    let answer = answer.await?;
    if answer.is_success() {
        return given::read(&answer.body, "container");
    }
    let status = answer.status;
    Err(CredentialsError::provider_error(format!(
        "the credentials service of the container answered with status {status}"
    )))
}

async fn address(variables: &Variables) -> Result<Option<String>, CredentialsError> {
    if let Some(path) = variables.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
        let path = path.trim_start_matches('/');
        return Ok(Some(format!("{ECS}/{path}")));
    }
    let Some(url) = variables.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") else {
        return Ok(None);
    };
    let refuse = |reason: &str| {
        CredentialsError::invalid_configuration(format!(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI {reason}"
        ))
    };
    let uri: Uri = url.parse().map_err(|_| refuse("is not a URL"))?;
    let host = uri.host().ok_or_else(|| refuse("has no host"))?;
    // With plain HTTP, other machines could read the token in the request and the credentials in the answer.
    if uri.scheme() != Some(&Scheme::HTTPS) && !is_local(host).await {
        return Err(refuse(
            "must begin with https:, unless the host is this machine or a service of ECS or EKS",
        ));
    }
    Ok(Some(url.to_owned()))
}

/// Whether a host is this machine or a service of ECS or EKS. A name counts if all its addresses do.
async fn is_local(host: &str) -> bool {
    let is_allowed = |address: IpAddr| address.is_loopback() || ADDRESSES.contains(&address);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse() {
        return is_allowed(address);
    }
    match tokio::net::lookup_host((host, 0)).await {
        Ok(addresses) => {
            let mut addresses = addresses.map(|address| address.ip()).peekable();
            addresses.peek().is_some() && addresses.all(is_allowed)
        }
        Err(_) => false,
    }
}

/// The token of the request. If it is in a file, the file is read each time: EKS replaces the token.
fn token(variables: &Variables) -> Result<Option<String>, CredentialsError> {
    match variables.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(file) => {
            let token = std::fs::read_to_string(file).map_err(|error| {
                CredentialsError::provider_error(format!(
                    "the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names cannot be read: {}",
                    error.kind()
                ))
            })?;
            Ok(Some(token))
        }
        None => Ok(variables
            .get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
            .map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn address_of(name: &'static str, value: &str) -> Result<Option<String>, String> {
        let variables = Variables::from_iter([(name, value.to_owned())]);
        let found = address(&variables).await;
        found.map_err(|error| std::error::Error::source(&error).unwrap().to_string())
    }

    #[tokio::test]
    async fn a_path_is_one_of_ecs() {
        let name = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
        let expected = Ok(Some("http://169.254.170.2/v2/credentials?id=1".to_owned()));
        assert_eq!(address_of(name, "/v2/credentials?id=1").await, expected);
    }

    #[tokio::test]
    async fn plain_http_goes_no_further_than_this_machine() {
        let name = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
        for url in [
            "http://127.0.0.1:1/",
            "http://[::1]/c",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://localhost:8000/c",
            "https://192.0.2.1/c",
        ] {
            let expected = Ok(Some(url.to_owned()));
            assert_eq!(address_of(name, url).await, expected);
        }
        for url in ["http://192.0.2.1/c", "/path", "no url"] {
            assert!(address_of(name, url).await.is_err(), "{url}");
        }
    }
}
