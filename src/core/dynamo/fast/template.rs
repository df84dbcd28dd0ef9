//! A template of requests, made from a request that the SDK has signed. It signs the next requests.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_runtime::auth::sigv4::SigV4AuthScheme;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{ConfigBag, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sigv4::sign::v4::generate_signing_key;
use aws_smithy_runtime_api::client::auth::{
    AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::identity::{Identity, SharedIdentityResolver};
use aws_smithy_runtime_api::client::runtime_components::GetIdentityResolver;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use ring::{digest, hmac};

use super::SharedTemplate;
use crate::core::dynamo::answers;
use crate::core::dynamo::refused::{Refusal, parse_date};
use crate::core::dynamo::trace;

/// A template's life. After this time, the SDK signs a request again, so that all its changes take effect.
const FRESH: Duration = Duration::from_secs(60);

/// The prefix of the operation's name in `x-amz-target`.
const TARGET: &str = "DynamoDB_20120810.";

/// Makes signed requests. See the [module](self).
pub struct Template {
    /// The request without its body and without the per-request headers.
    request: HttpRequest,
    connector: SharedHttpConnector,
    /// The canonical request without the hash of the body.
    canonical: Vec<Part>,
    /// The scope of the signing key, such as `20261121/us-east-1/dynamodb/aws4_request`.
    scope: String,
    /// The value of `authorization` without the signature.
    authorization: String,
    key: hmac::Key,
    /// The key was derived from these credentials.
    credentials: Credentials,
    /// How many seconds DynamoDB's clock is ahead of this machine's, as the SDK sees it.
    skew: i64,
    fresh: Fresh,
}

/// The time in which a template may be used, by two clocks: the monotonic clock stops while a laptop sleeps,
/// and the wall clock can be set back.
struct Fresh {
    until: Instant,
    between: (SystemTime, SystemTime),
}

impl Fresh {
    fn new(instant: Instant, time: SystemTime, span: Duration) -> Self {
        Self {
            until: instant + span,
            between: (time, time + span),
        }
    }

    fn holds(&self, instant: Instant, time: SystemTime) -> bool {
        let (from, to) = self.between;
        instant < self.until && (from..to).contains(&time)
    }
}

/// A piece of a canonical request.
enum Part {
    Text(String),
    Length,
    Date,
    Target,
}

impl Template {
    /// Makes a template from a request that was just signed for `identity`. `None` if the request has any
    /// unexpected part: then the SDK sends all requests.
    fn learn(
        signed: &mut HttpRequest,
        identity: &Identity,
        connector: SharedHttpConnector,
    ) -> Option<Self> {
        let credentials = identity.data::<Credentials>()?;
        let now = SystemTime::now();
        let path = signed.uri_mut().path().to_owned();
        let headers = signed.headers();
        let (authorization, signature) = headers.get("authorization")?.split_once("Signature=")?;
        let authorization = format!("{authorization}Signature=");
        let (_, credential) = authorization.split_once("Credential=")?;
        let (_access_key, scope) = credential.split_once(", ")?.0.split_once('/')?;
        let [_date, region, service, _] = scope.split('/').collect::<Vec<_>>()[..] else {
            return None;
        };
        let (_, names) = authorization.split_once("SignedHeaders=")?;
        let (names, _) = names.split_once(", ")?;
        let date = headers.get("x-amz-date")?;
        let target = headers.get("x-amz-target")?;

        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_method("POST").ok()?;
        request.set_uri(signed.uri()).ok()?;
        let mut keep = |name: &'static str| {
            let value = headers.get(name)?.to_owned();
            request.headers_mut().insert(name, value.clone());
            Some(value)
        };
        // This header is not signed.
        keep("user-agent")?;
        let mut canonical = vec![Part::Text(format!("POST\n{path}\n\n"))];
        for name in names.split(';') {
            canonical.push(Part::Text(format!("{name}:")));
            canonical.push(match name {
                // The HTTP client adds these two headers.
                "content-length" => Part::Length,
                "host" => Part::Text(authority(signed.uri())?.to_owned()),
                "content-type" => Part::Text(keep("content-type")?),
                "x-amz-date" => Part::Date,
                "x-amz-security-token" => Part::Text(keep("x-amz-security-token")?),
                "x-amz-target" => Part::Target,
                "x-amz-user-agent" => Part::Text(keep("x-amz-user-agent")?),
                _ => return None,
            });
            canonical.push(Part::Text("\n".to_owned()));
        }
        canonical.push(Part::Text(format!("\n{names}\n")));

        let secret = credentials.secret_access_key();
        let key = generate_signing_key(secret, parse_date(date)?, region, service);
        let template = Self {
            request,
            connector,
            canonical,
            scope: scope.to_owned(),
            key: hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()),
            credentials: credentials.clone(),
            skew: seconds(parse_date(date)?) - seconds(now),
            fresh: Fresh::new(Instant::now(), now, FRESH),
            authorization,
        };
        // If a new version of the SDK signs in another way, the two signatures differ.
        let is_right = template.sign(date, target, signed.body().bytes()?) == signature;
        is_right.then_some(template)
    }

    /// Whether the template may still be used.
    pub fn is_fresh(&self) -> bool {
        self.fresh.holds(Instant::now(), SystemTime::now())
    }

    /// Whether the template signs with these credentials.
    pub fn signs_with(&self, credentials: &Credentials) -> bool {
        self.credentials == *credentials
    }

    /// Whether DynamoDB refused a request of this template because of its date.
    pub fn is_dated_wrong(&self, answer: &HttpResponse) -> bool {
        answers::error_code(answer).is_some_and(|code| {
            let date = amz_date(seconds(SystemTime::now()) + self.skew);
            Refusal::of(Some(&code), Some(answer), date.as_deref()) == Some(Refusal::Date)
        })
    }

    /// A signed request for an operation. `None` if the SDK has to send it.
    pub fn request(&self, operation: &str, body: Vec<u8>) -> Option<HttpRequest> {
        let date = amz_date(seconds(SystemTime::now()) + self.skew)?;
        // The signing key is valid for one day only.
        if !self.scope.starts_with(date.get(..8)?) {
            return None;
        }
        let target = format!("{TARGET}{operation}");
        let mut authorization = self.authorization.clone();
        authorization.push_str(&self.sign(&date, &target, &body));
        let mut request = self.request.try_clone()?;
        let headers = request.headers_mut();
        headers.insert("authorization", authorization);
        headers.insert("x-amz-date", date);
        headers.insert("x-amz-target", target);
        trace::add(headers);
        *request.body_mut() = SdkBody::from(body);
        Some(request)
    }

    /// The connector that sends the template's requests.
    pub fn connector(&self) -> &SharedHttpConnector {
        &self.connector
    }

    /// The signature, by AWS Signature Version 4. `aws-sigv4` would take 7 µs longer each time, because it
    /// derives the key again.
    fn sign(&self, date: &str, target: &str, body: &[u8]) -> String {
        let length = body.len().to_string();
        let mut context = digest::Context::new(&digest::SHA256);
        for part in &self.canonical {
            let part = match part {
                Part::Text(text) => text,
                Part::Length => &length,
                Part::Date => date,
                Part::Target => target,
            };
            context.update(part.as_bytes());
        }
        let body = digest::digest(&digest::SHA256, body);
        context.update(hex::encode(body).as_bytes());
        let canonical = hex::encode(context.finish());
        let scope = &self.scope;
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{canonical}");
        hex::encode(hmac::sign(&self.key, to_sign.as_bytes()))
    }
}

/// Returns `example.com:8000` for `http://example.com:8000/`.
fn authority(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    rest.split('/').next()
}

fn seconds(time: SystemTime) -> i64 {
    DateTime::from(time).secs()
}

/// A time in seconds since 1970, as `20261121T105438Z`.
fn amz_date(seconds: i64) -> Option<String> {
    let mut date = DateTime::from_secs(seconds).fmt(Format::DateTime).ok()?;
    date.retain(|letter| !matches!(letter, '-' | ':'));
    Some(date)
}

/// Signs as the SDK does, and makes a [`Template`] from each signed request.
#[derive(Debug)]
pub struct RecordingSigner {
    scheme: SigV4AuthScheme,
    http: SharedHttpClient,
    settings: HttpConnectorSettings,
    template: SharedTemplate,
}

impl RecordingSigner {
    /// Stores the templates in `template`. They send their requests by `http`.
    pub fn new(
        http: SharedHttpClient,
        settings: HttpConnectorSettings,
        template: SharedTemplate,
    ) -> Self {
        Self {
            scheme: SigV4AuthScheme::new(),
            http,
            settings,
            template,
        }
    }
}

impl AuthScheme for RecordingSigner {
    fn scheme_id(&self) -> AuthSchemeId {
        self.scheme.scheme_id()
    }

    fn identity_resolver(
        &self,
        resolvers: &dyn GetIdentityResolver,
    ) -> Option<SharedIdentityResolver> {
        self.scheme.identity_resolver(resolvers)
    }

    fn signer(&self) -> &dyn Sign {
        self
    }
}

impl Sign for RecordingSigner {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        bag: &ConfigBag,
    ) -> Result<(), BoxError> {
        let signer = self.scheme.signer();
        signer.sign_http_request(request, identity, endpoint, components, bag)?;
        let connector = self.http.http_connector(&self.settings, components);
        let template = Template::learn(request, identity, connector).map(Arc::new);
        *self
            .template
            .write()
            .unwrap_or_else(PoisonError::into_inner) = template;
        Ok(())
    }
}

impl fmt::Debug for Template {
    /// By hand: the template holds credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_fresh_while_both_clocks_say_so() {
        let (instant, time) = (Instant::now(), SystemTime::now());
        let fresh = Fresh::new(instant, time, FRESH);
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        assert!(fresh.holds(instant, time));
        assert!(fresh.holds(instant + FRESH - second, time + FRESH - second));
        assert!(!fresh.holds(instant + FRESH, time), "a minute has passed");
        assert!(
            !fresh.holds(instant + second, time + hour),
            "the machine was asleep"
        );
        assert!(
            !fresh.holds(instant + second, time - hour),
            "the clock was set back"
        );
    }
}
