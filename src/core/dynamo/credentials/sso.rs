//! IAM Identity Center (SSO): gets a role's credentials for the token that `aws sso login` wrote to a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider;
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::fs_util::{Os, home_dir};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use ring::digest;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::super::environment::{Environment, Service};
use super::given::time;
use super::requests::{Answer, Request, Requests};
use super::service::Reach;
use crate::core::lock::locked;

/// A token is renewed this long before it ends.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// The shortest pause between two attempts to renew a token.
const PAUSE: Duration = Duration::from_secs(30);

/// A login, as a profile describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The name of the `sso-session`. Without a session, the token cannot be renewed.
    pub session: Option<String>,
    pub start_url: String,
    pub region: String,
    pub account: String,
    pub role: String,
}

/// Gives credentials for logins.
#[derive(Debug, Default)]
pub struct Sso {
    /// When the last attempt to renew a token began.
    renewed: Mutex<Option<Instant>>,
}

/// A token with all other entries of its file.
struct Token(Map<String, Value>);

impl Sso {
    /// The credentials of the role.
    ///
    /// # Errors
    ///
    /// "Provider error" if the file has no valid token, so that the user must log in, or if SSO gave no
    /// credentials.
    pub async fn credentials(
        &self,
        login: &Login,
        environment: &Environment,
        (requests, reach): (&Requests, &Reach),
    ) -> provider::Result {
        let token = self
            .token(login, environment, (requests, reach))
            .await
            .map_err(CredentialsError::provider_error)?;
        let address = reach.address(Service::Sso, &login.region, environment)?;
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("role_name", &login.role)
            .append_pair("account_id", &login.account)
            .finish();
        let request = || Request {
            method: "GET",
            url: format!("{address}/federation/credentials?{query}"),
            headers: vec![("x-amz-sso_bearer_token", token.clone())],
            ..Request::default()
        };
        let answer = requests.send(&reach.policy, request, Answer::is_transient);
        let answer = answer.await?;
        if !answer.is_success() {
            let status = answer.status;
            let reason = format!("SSO answered with status {status}");
            return Err(CredentialsError::provider_error(reason));
        }
        given(&answer.body, login)
            .ok_or_else(|| CredentialsError::provider_error("the answer of SSO has no credentials"))
    }

    /// The access token of the login. If a renewal is due and possible, the token is renewed first.
    async fn token(
        &self,
        login: &Login,
        environment: &Environment,
        (requests, reach): (&Requests, &Reach),
    ) -> Result<String, String> {
        let file = file_of(login, environment)?;
        let token = Token::read(&file)?;
        let now = SystemTime::now();
        let is_due = token.ends() <= now + MARGIN;
        if is_due && token.can_be_renewed(login, now) && self.may_renew() {
            let renewed = renew(&token, login, environment, (requests, reach)).await;
            if let Some(renewed) = renewed {
                // If writing fails, the next process renews the token again.
                let _ = renewed.write(&file);
                return renewed.access();
            }
        }
        if token.ends() <= now {
            return Err("the SSO token has expired: run aws sso login".to_owned());
        }
        token.access()
    }

    /// Whether the last attempt was long enough ago. If so, notes that an attempt begins now.
    fn may_renew(&self) -> bool {
        let mut renewed = locked(&self.renewed);
        let may = renewed.is_none_or(|last| last.elapsed() >= PAUSE);
        if may {
            *renewed = Some(Instant::now());
        }
        may
    }
}

/// Where `aws sso login` leaves the token.
fn file_of(login: &Login, environment: &Environment) -> Result<PathBuf, String> {
    let home = home_dir(&environment.variables().env(), Os::real());
    let home = home.ok_or("no variable names the home folder, so the SSO token cannot be found")?;
    let name = login.session.as_ref().unwrap_or(&login.start_url);
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, name.as_bytes());
    let folder = Path::new(&home).join(".aws").join("sso").join("cache");
    Ok(folder.join(format!("{}.json", hex::encode(hash))))
}

impl Token {
    fn read(file: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(file).map_err(|error| {
            let kind = error.kind();
            format!("the SSO token cannot be read ({kind}): run aws sso login")
        })?;
        match serde_json::from_str(&text) {
            Ok(Value::Object(token)) => Ok(Self(token)),
            _ => Err("the SSO token file is damaged: run aws sso login".to_owned()),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    fn access(&self) -> Result<String, String> {
        let access = self.text("accessToken");
        let access = access.ok_or("the SSO token file has no accessToken: run aws sso login")?;
        Ok(access.to_owned())
    }

    fn ends(&self) -> SystemTime {
        let ends = self.text("expiresAt").and_then(time);
        ends.unwrap_or(UNIX_EPOCH)
    }

    fn can_be_renewed(&self, login: &Login, now: SystemTime) -> bool {
        let registered = self.text("registrationExpiresAt").and_then(time);
        let names = ["clientId", "clientSecret", "refreshToken"];
        login.session.is_some()
            && registered.is_some_and(|ends| ends > now)
            && names.iter().all(|name| self.text(name).is_some())
    }

    /// The token with the new values in `answer`. `None` if the answer has no token.
    fn renewed(&self, answer: &str) -> Option<Self> {
        let answer: Value = serde_json::from_str(answer).ok()?;
        let access = answer.get("accessToken")?.as_str()?;
        let seconds = answer.get("expiresIn")?.as_u64()?;
        let ends = DateTime::from(SystemTime::now() + Duration::from_secs(seconds));
        let mut token = self.0.clone();
        token.insert("accessToken".to_owned(), json!(access));
        let ends = ends.fmt(Format::DateTime).ok()?;
        token.insert("expiresAt".to_owned(), json!(ends));
        if let Some(refresh) = answer.get("refreshToken").and_then(Value::as_str) {
            token.insert("refreshToken".to_owned(), json!(refresh));
        }
        Some(Self(token))
    }

    /// Writes the file. On Unix, only its owner may read it.
    fn write(&self, file: &Path) -> std::io::Result<()> {
        fs::write(file, Value::Object(self.0.clone()).to_string())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
        }
        Ok(())
    }
}

/// Asks for a new token. If this fails, returns `None` instead of an error: the old token may still be valid.
async fn renew(
    token: &Token,
    login: &Login,
    environment: &Environment,
    (requests, reach): (&Requests, &Reach),
) -> Option<Token> {
    let address = reach.address(Service::SsoOidc, &login.region, environment);
    let address = address.ok()?;
    let body = json!({
        "clientId": token.text("clientId"),
        "clientSecret": token.text("clientSecret"),
        "refreshToken": token.text("refreshToken"),
        "grantType": "refresh_token",
    });
    let request = || Request {
        method: "POST",
        url: format!("{address}/token"),
        headers: vec![("content-type", "application/json".to_owned())],
        body: body.to_string(),
    };
    let answer = requests.send(&reach.policy, request, Answer::is_transient);
    let answer = answer.await.ok()?;
    answer.is_success().then(|| token.renewed(&answer.body))?
}

fn given(body: &str, login: &Login) -> Option<Credentials> {
    let answer: Value = serde_json::from_str(body).ok()?;
    let given = answer.get("roleCredentials")?;
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let mut credentials = Credentials::builder()
        .access_key_id(text("accessKeyId")?)
        .secret_access_key(text("secretAccessKey")?)
        .account_id(login.account.as_str())
        .provider_name("SSO");
    credentials.set_session_token(text("sessionToken").map(str::to_owned));
    let milliseconds = given.get("expiration")?.as_u64()?;
    credentials.set_expiry(Some(UNIX_EPOCH + Duration::from_millis(milliseconds)));
    Some(credentials.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(names: &[(&str, &str)]) -> Token {
        let entries = names.iter();
        Token(
            entries
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect(),
        )
    }

    #[test]
    fn a_renewed_token_keeps_the_registration() {
        let old = token(&[("clientId", "CLIENT"), ("refreshToken", "OLD")]);
        let answer = r#"{"accessToken":"ACCESS","expiresIn":3600,"refreshToken":"NEW"}"#;
        let renewed = old.renewed(answer).unwrap();
        assert_eq!(renewed.access().unwrap(), "ACCESS");
        assert_eq!(renewed.text("clientId"), Some("CLIENT"));
        assert_eq!(renewed.text("refreshToken"), Some("NEW"));
        let left = renewed.ends().duration_since(SystemTime::now()).unwrap();
        assert!((3590..=3600).contains(&left.as_secs()), "{left:?}");
        assert!(old.renewed(r#"{"error":"invalid_grant"}"#).is_none());
    }

    #[test]
    fn only_a_token_of_a_session_can_be_renewed() {
        let whole = token(&[
            ("clientId", "CLIENT"),
            ("clientSecret", "SECRET"),
            ("refreshToken", "REFRESH"),
            ("registrationExpiresAt", "2100-01-01T00:00:00Z"),
        ]);
        let login = |session: Option<&str>| Login {
            session: session.map(str::to_owned),
            start_url: "https://shop.awsapps.com/start".to_owned(),
            region: "eu-west-1".to_owned(),
            account: "123456789012".to_owned(),
            role: "shop".to_owned(),
        };
        let now = SystemTime::now();
        assert!(whole.can_be_renewed(&login(Some("corp")), now));
        assert!(!whole.can_be_renewed(&login(None), now));
        let decades = Duration::from_secs(100 * 365 * 24 * 3600);
        assert!(!whole.can_be_renewed(&login(Some("corp")), now + decades));
        assert!(!token(&[("clientId", "C")]).can_be_renewed(&login(Some("corp")), now));
    }
}
