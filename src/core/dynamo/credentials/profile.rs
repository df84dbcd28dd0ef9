//! The credential source that a profile names in the AWS files.

use aws_config::profile::{Profile, ProfileSet};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;

use super::sso::Login;
use super::sts::Role;

/// The credentials at the start of a chain.
#[derive(Debug, PartialEq)]
pub enum Base {
    /// Keys in the profile.
    Keys(Credentials),
    /// The keys in the environment.
    Environment,
    /// The credentials service of the container.
    Container,
    /// The metadata service of the instance.
    Instance,
    /// A role, and the path of a file with the token of a web identity.
    WebIdentity(Role, String),
    /// A login by IAM Identity Center.
    Sso(Login),
    /// The output of a program. If it has no account id, `account` is used.
    Process {
        command: String,
        account: Option<String>,
    },
}

/// The base credentials, and the roles to assume with them, one after the other.
#[derive(Debug, PartialEq)]
pub struct Chain {
    pub base: Base,
    pub roles: Vec<Role>,
}

/// A fault of a profile.
#[derive(Debug)]
pub struct Fault {
    /// The predicate of a sentence about the profile.
    says: String,
    /// Whether the profile only has no credentials: then the next source is asked.
    is_absence: bool,
}

impl Fault {
    /// The error about the profile `name`.
    pub fn of(self, name: &str) -> CredentialsError {
        let reason = format!("profile \"{name}\" {}", self.says);
        if self.is_absence {
            CredentialsError::not_loaded(reason)
        } else {
            CredentialsError::invalid_configuration(reason)
        }
    }
}

type Found<T> = Result<T, Fault>;

impl Chain {
    /// The chain of the profile `name`.
    ///
    /// # Errors
    ///
    /// The profile is wrong or has no credentials.
    pub fn of(profiles: &ProfileSet, name: &str) -> Found<Self> {
        let mut seen = vec![name];
        let mut roles = Vec::new();
        let mut profile = profiles
            .get_profile(name)
            .ok_or_else(|| absent("is not in the AWS files \"config\" and \"credentials\""))?;
        loop {
            let get = |key| get(profile, key);
            // If another profile names this one as its source and this one has keys, its role is ignored.
            if let (true, Some(keys)) = (seen.len() > 1, keys(profile)) {
                return Ok(Self::new(Base::Keys(keys), roles));
            }
            let (role, source) = (role(profile), get("source_profile"));
            match (role, source, get("credential_source")) {
                (Some(_), Some(_), Some(_)) => {
                    return Err(wrong(
                        "has a source_profile and a credential_source: remove one of them",
                    ));
                }
                (Some(role), None, Some(source)) => {
                    roles.push(role);
                    return Ok(Self::new(named(source)?, roles));
                }
                (Some(role), Some(source), None) => {
                    roles.push(role);
                    if source == profile.name() {
                        return Ok(Self::new(base(profiles, profile)?, roles));
                    }
                    if seen.contains(&source) {
                        return Err(wrong(&format!(
                            "has a source_profile \"{source}\" that leads back to the same profile"
                        )));
                    }
                    seen.push(source);
                    profile = profiles.get_profile(source).ok_or_else(|| {
                        wrong(&format!(
                            "has a source_profile \"{source}\" that does not exist"
                        ))
                    })?;
                }
                (_, _, _) => return Ok(Self::new(base(profiles, profile)?, roles)),
            }
        }
    }

    /// Takes `roles` in the order of the profiles. The role found last is assumed first.
    fn new(base: Base, mut roles: Vec<Role>) -> Self {
        roles.reverse();
        Self { base, roles }
    }
}

/// The value of a key. An empty one counts as not set.
fn get<'p>(profile: &'p Profile, key: &str) -> Option<&'p str> {
    profile.get(key).filter(|value| !value.is_empty())
}

/// The role that a profile assumes with other credentials. `None` if a web identity assumes it.
fn role(profile: &Profile) -> Option<Role> {
    let get = |key| get(profile, key);
    if get("web_identity_token_file").is_some() {
        return None;
    }
    Some(Role {
        arn: get("role_arn")?.to_owned(),
        session_name: get("role_session_name").map(str::to_owned),
        external_id: get("external_id").map(str::to_owned),
        duration: get("duration_seconds").and_then(|seconds| seconds.parse().ok()),
    })
}

fn named(source: &str) -> Found<Base> {
    match source.to_ascii_lowercase().as_str() {
        "environment" => Ok(Base::Environment),
        "ecscontainer" => Ok(Base::Container),
        "ec2instancemetadata" => Ok(Base::Instance),
        _ => Err(wrong(
            "needs a credential_source that is Environment, EcsContainer or Ec2InstanceMetadata",
        )),
    }
}

/// The base credentials of a profile, looked for in the order of the AWS SDK for JavaScript v3.
fn base(profiles: &ProfileSet, profile: &Profile) -> Found<Base> {
    let get = |key| get(profile, key);
    if let Some(keys) = keys(profile) {
        return Ok(Base::Keys(keys));
    }
    if let Some(source) = get("credential_source") {
        return named(source);
    }
    match (get("web_identity_token_file"), get("role_arn")) {
        (Some(file), Some(arn)) => {
            let role = Role {
                arn: arn.to_owned(),
                session_name: get("role_session_name").map(str::to_owned),
                external_id: None,
                duration: None,
            };
            return Ok(Base::WebIdentity(role, file.to_owned()));
        }
        (Some(_), None) => return Err(wrong("has a web_identity_token_file and no role_arn")),
        (None, _) => {}
    }
    if let Some(command) = get("credential_process") {
        return Ok(Base::Process {
            command: command.to_owned(),
            account: get("aws_account_id").map(str::to_owned),
        });
    }
    if let Some(login) = login(profiles, profile)? {
        return Ok(Base::Sso(login));
    }
    if get("role_arn").is_some() {
        return Err(wrong(
            "has a role_arn and no source_profile or credential_source",
        ));
    }
    Err(
        match (get("aws_access_key_id"), get("aws_secret_access_key")) {
            (Some(_), None) => wrong("has no aws_secret_access_key"),
            (None, Some(_)) => wrong("has no aws_access_key_id"),
            _ => absent("has no credentials"),
        },
    )
}

/// The keys in a profile.
fn keys(profile: &Profile) -> Option<Credentials> {
    let get = |key| get(profile, key);
    let mut keys = Credentials::builder()
        .access_key_id(get("aws_access_key_id")?)
        .secret_access_key(get("aws_secret_access_key")?)
        .provider_name("profile");
    keys.set_session_token(get("aws_session_token").map(str::to_owned));
    keys.set_account_id(get("aws_account_id").map(Into::into));
    Some(keys.build())
}

/// The login in a profile, or in the `sso-session` that the profile names.
fn login(profiles: &ProfileSet, profile: &Profile) -> Found<Option<Login>> {
    let get = |key| get(profile, key);
    let session = get("sso_session");
    let names = [
        "sso_start_url",
        "sso_region",
        "sso_account_id",
        "sso_role_name",
    ];
    if session.is_none() && names.iter().all(|name| get(name).is_none()) {
        return Ok(None);
    }
    let section = match session {
        Some(name) => Some(profiles.sso_session(name).ok_or_else(|| {
            wrong(&format!(
                "has an sso_session \"{name}\" that does not exist"
            ))
        })?),
        None => None,
    };
    // If the profile and its session both set a key, the values must be equal.
    let of_session = |key| match (get(key), section.and_then(|section| section.get(key))) {
        (Some(own), Some(other)) if own != other => Err(wrong(&format!(
            "has a different {key} than its sso_session"
        ))),
        (own, other) => own.or(other).map(str::to_owned).ok_or_else(|| missing(key)),
    };
    let needed = |key| get(key).map(str::to_owned).ok_or_else(|| missing(key));
    Ok(Some(Login {
        session: session.map(str::to_owned),
        start_url: of_session("sso_start_url")?,
        region: of_session("sso_region")?,
        account: needed("sso_account_id")?,
        role: needed("sso_role_name")?,
    }))
}

fn missing(key: &str) -> Fault {
    wrong(&format!("has no {key}"))
}

fn wrong(says: &str) -> Fault {
    Fault {
        says: says.to_owned(),
        is_absence: false,
    }
}

fn absent(says: &str) -> Fault {
    Fault {
        is_absence: true,
        ..wrong(says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::dynamo::environment::Environment;
    use crate::core::dynamo::variables::Variables;

    /// The chain of the profile `shop` in a file with this text, or its fault.
    async fn chain(name: &str, config: &str) -> Result<Chain, String> {
        let file = std::env::temp_dir().join(format!(
            "dynamo-session-store-{name}-{}",
            std::process::id()
        ));
        std::fs::write(&file, config).unwrap();
        let path = file.to_str().unwrap().to_owned();
        let variables = Variables::from_iter([
            ("AWS_CONFIG_FILE", path),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere".to_owned()),
        ]);
        let environment = Environment::load(Some("shop"), variables).await;
        std::fs::remove_file(&file).unwrap();
        Chain::of(environment.profiles().unwrap(), "shop").map_err(|fault| fault.says)
    }

    fn arns(chain: &Chain) -> Vec<&str> {
        chain.roles.iter().map(|role| role.arn.as_str()).collect()
    }

    #[tokio::test]
    async fn the_last_role_is_assumed_first() {
        let config = "[profile shop]\nrole_arn = one\nsource_profile = middle\n\
            [profile middle]\nrole_arn = two\nduration_seconds = 900\nsource_profile = base\n\
            [profile base]\nrole_arn = none\naws_access_key_id = ID\naws_secret_access_key = s\n";
        let chain = chain("roles", config).await.unwrap();
        assert_eq!(arns(&chain), ["two", "one"]);
        assert_eq!(chain.roles[0].duration, Some(900));
        assert!(matches!(&chain.base, Base::Keys(keys) if keys.access_key_id() == "ID"));
    }

    #[tokio::test]
    async fn a_profile_may_name_itself() {
        let config = "[profile shop]\nrole_arn = one\nsource_profile = shop\n\
            aws_access_key_id = ID\naws_secret_access_key = s\n";
        let chain = chain("itself", config).await.unwrap();
        assert_eq!(arns(&chain), ["one"]);
        assert!(matches!(chain.base, Base::Keys(_)));
    }

    #[tokio::test]
    async fn what_is_wrong_is_said() {
        for (name, config, says) in [
            (
                "circle",
                "role_arn = a\nsource_profile = b\n[profile b]\nrole_arn = b\nsource_profile = shop",
                "that leads back",
            ),
            (
                "nobody",
                "role_arn = a\nsource_profile = b",
                "\"b\" that does not exist",
            ),
            ("sourceless", "role_arn = a", "no source_profile"),
            (
                "both",
                "role_arn = a\nsource_profile = b\ncredential_source = Environment",
                "and a",
            ),
            ("unknown", "credential_source = Moon", "that is Environment"),
            (
                "secretless",
                "aws_access_key_id = a",
                "no aws_secret_access_key",
            ),
            ("tokenless", "web_identity_token_file = a", "no role_arn"),
            (
                "sessionless",
                "sso_session = corp",
                "\"corp\" that does not exist",
            ),
            (
                "accountless",
                "sso_start_url = a\nsso_region = b",
                "no sso_account_id",
            ),
            ("empty", "region = eu-west-1", "no credentials"),
        ] {
            let said = chain(name, &format!("[profile shop]\n{config}\n"))
                .await
                .unwrap_err();
            assert!(said.contains(says), "{name}: {said}");
        }
    }
}
