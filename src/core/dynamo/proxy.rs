//! Proxies: chooses the proxy of a request, and opens tunnels.
//!
//! As in Node, requests with TLS go through a tunnel (`CONNECT`). The proxy forwards other requests: they are
//! sent to the proxy with the whole URL in the first line.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use aws_sdk_dynamodb::error::BoxError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use http::uri::Scheme;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

use super::socket::Stream;
use super::variables::Variables;
use crate::core::error::{Error, Result};

/// The rule for the URL of a proxy.
const RULE: &str = "must be the URL of a proxy, such as http://proxy.example.com:3128 or \
                    https://user:password@proxy.example.com";

/// The largest size of the head of a proxy's answer, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;

/// The IPv6 addresses of the credentials service of EKS and of the metadata service of EC2.
const METADATA: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254),
];

/// A proxy and its credentials. It prints without the credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Arc<Server>);

#[derive(PartialEq, Eq)]
struct Server {
    is_secure: bool,
    /// The host name, or an address. IPv6 addresses are in brackets.
    host: String,
    port: u16,
    /// The value of the header `proxy-authorization`.
    authorization: Option<String>,
}

impl Proxy {
    /// The proxy at `url`.
    ///
    /// # Errors
    ///
    /// The rule for the URL. It does not quote the URL, which may contain a password.
    pub fn new(url: &str) -> Result<Self, &'static str> {
        let url = Url::parse(url).map_err(|_| RULE)?;
        let is_secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(RULE),
        };
        let has_more = !matches!(url.path(), "" | "/") || url.query().is_some();
        let host = url.host_str().filter(|host| !host.is_empty() && !has_more);
        let (user, password) = (url.username(), url.password());
        let credentials = (!user.is_empty() || password.is_some()).then(|| {
            let mut credentials: Vec<u8> = percent_decode_str(user).collect();
            credentials.push(b':');
            credentials.extend(percent_decode_str(password.unwrap_or_default()));
            format!("Basic {}", STANDARD.encode(credentials))
        });
        Ok(Self(Arc::new(Server {
            is_secure,
            host: host.ok_or(RULE)?.to_owned(),
            port: url.port_or_known_default().ok_or(RULE)?,
            authorization: credentials,
        })))
    }

    /// Whether the connection to the proxy itself uses TLS.
    pub fn is_secure(&self) -> bool {
        self.0.is_secure
    }

    /// The host, in brackets if it is an IPv6 address.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Host and port, such as `proxy.example.com:3128`.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.0.host, self.0.port)
    }

    /// The value of the header `proxy-authorization`, if the proxy has credentials.
    pub fn authorization(&self) -> Option<&str> {
        self.0.authorization.as_deref()
    }

    /// The error if the proxy answers with status 407.
    pub fn unauthorized(&self) -> Error {
        let reason = match self.0.authorization {
            Some(_) => "does not accept the credentials in its URL (407)",
            None => {
                "asks for credentials (407): write them into its URL, as in \
                 http://user:password@proxy.example.com"
            }
        };
        Error::lasting(vec![format!("the proxy {self} {reason}")])
    }

    /// Asks the proxy to connect `stream` to `target`, a host with a port.
    ///
    /// # Errors
    ///
    /// The proxy refuses or fails. If another attempt cannot help, the error is an [`Error`].
    pub async fn tunnel(&self, mut stream: Stream, target: &str) -> Result<Stream, BoxError> {
        let authorization = self.authorization().map_or_else(String::new, |value| {
            format!("proxy-authorization: {value}\r\n")
        });
        let head = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n{authorization}\r\n");
        stream.write_all(head.as_bytes()).await?;
        stream.flush().await?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") && answer.len() < LONGEST_HEAD {
            // Byte by byte, because the bytes after the head belong to the tunnel. The head is short.
            match stream.read_u8().await {
                Ok(byte) => answer.push(byte),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error.into()),
            }
        }
        let is_whole = answer.ends_with(b"\r\n\r\n");
        let is_cut = !is_whole && answer.len() < LONGEST_HEAD;
        match status(&answer) {
            Some(200..300) if is_whole => Ok(stream),
            Some(407) => Err(self.unauthorized().into()),
            Some(status @ 400..500) if status != 429 => {
                let reason = format!("the proxy {self} refuses to connect to {target} ({status})");
                Err(Error::lasting(vec![reason]).into())
            }
            Some(status) if status >= 300 => {
                let reason = format!("the proxy {self} cannot connect to {target} ({status})");
                Err(io::Error::other(reason).into())
            }
            _ if answer.is_empty() || (is_cut && status(&answer).is_some()) => {
                let reason = format!("the proxy {self} has closed the connection");
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason).into())
            }
            _ => {
                let reason = format!("{self} does not answer like a proxy: check the proxy's URL");
                Err(Error::lasting(vec![reason]).into())
            }
        }
    }
}

/// The status in the head of an HTTP/1 answer.
fn status(head: &[u8]) -> Option<u16> {
    let digits = head.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Prints the URL without the credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.0.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.0.host, self.0.port)
    }
}

/// Prints the URL without the credentials.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The proxies of all requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// The proxy of requests with TLS.
    https: Option<Proxy>,
    /// The proxy of requests without TLS.
    http: Option<Proxy>,
    /// The hosts without a proxy: the entries of `NO_PROXY`, in lower case.
    spared: Arc<[String]>,
}

impl From<Proxy> for Proxies {
    fn from(proxy: Proxy) -> Self {
        Self {
            https: Some(proxy.clone()),
            http: Some(proxy),
            spared: Arc::default(),
        }
    }
}

impl Proxies {
    /// The proxies in the environment. Variables in lower case take precedence. As in Node, proxies of another kind
    /// (`socks5://…`) are ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if a variable is not the URL of a proxy.
    pub fn of_variables(variables: &Variables) -> Result<Self> {
        let proxy = |names: [&str; 2]| {
            let found = names
                .iter()
                .find_map(|name| Some((name, variables.get(name)?)));
            let found = found.filter(|(_, url)| {
                ["http://", "https://"]
                    .iter()
                    .any(|begin| url.starts_with(begin))
            });
            let proxy = found.map(|(name, url)| {
                Proxy::new(url).map_err(|rule| Error::Settings {
                    causes: vec![format!("{name} {rule}")],
                })
            });
            proxy.transpose()
        };
        let spared = variables.get("no_proxy").or(variables.get("NO_PROXY"));
        let spared = spared.unwrap_or_default().to_lowercase();
        let entries = spared.split([',', ' ', '\t', '\n']);
        Ok(Self {
            https: proxy(["https_proxy", "HTTPS_PROXY"])?,
            http: proxy(["http_proxy", "HTTP_PROXY"])?,
            spared: entries
                .filter(|entry| !entry.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }

    /// The proxy of a request to `uri`. The services that give instances and containers their credentials
    /// have link-local addresses that no proxy can reach, so requests to them use none. If `spares_own` is
    /// set, requests to this machine use none either.
    pub fn of(&self, uri: &Uri, spares_own: bool) -> Option<&Proxy> {
        let is_secure = uri.scheme() == Some(&Scheme::HTTPS);
        let proxy = if is_secure { &self.https } else { &self.http };
        let proxy = proxy.as_ref()?;
        let host = uri.host()?.to_lowercase();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let is_direct = is_metadata(host)
            || (spares_own && is_own_machine(host))
            || self.spared.iter().any(|entry| spares(entry, host, port));
        (!is_direct).then_some(proxy)
    }
}

/// Whether an entry of `NO_PROXY` names a host, by Node's rules.
fn spares(entry: &str, host: &str, port: u16) -> bool {
    if entry == "*" || entry == host {
        return true;
    }
    if let Some(domain) = entry.strip_prefix("*.") {
        return is_below(host, domain);
    }
    if let Some(domain) = entry.strip_prefix('.') {
        return host == domain || is_below(host, domain);
    }
    if let Ok(IpAddr::V4(host)) = host.parse()
        && let Some((first, last)) = entry.split_once('-')
        && let (Ok(IpAddr::V4(first)), Ok(IpAddr::V4(last))) = (first.parse(), last.parse())
    {
        return (first..=last).contains(&host);
    }
    let bare = |host: &str| {
        host.trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned()
    };
    bare(entry) == host
        || entry
            .rsplit_once(':')
            .is_some_and(|(name, number)| bare(name) == host && number.parse() == Ok(port))
}

/// Whether `host` is `<anything>.<domain>`.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
}

fn is_metadata(host: &str) -> bool {
    match host.parse() {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_unicast_link_local() || METADATA.contains(&address),
        Err(_) => false,
    }
}

fn is_own_machine(host: &str) -> bool {
    host == "localhost"
        || is_below(host, "localhost")
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests;
