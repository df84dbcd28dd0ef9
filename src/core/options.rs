//! A user's options, parsed once into types that cannot hold an invalid value.
//!
//! Each constructor takes the option's name as the user wrote it, and names it in its error.

use std::time::Duration;

use aws_sdk_dynamodb::types::ScalarAttributeType;
use url::Url;

use super::error::InvalidOption;

type Result<T> = std::result::Result<T, InvalidOption>;

/// The longest time of any option in milliseconds, 24.8 days. It is the limit of `setTimeout`.
const LONGEST: f64 = 2_147_483_647.0;

/// A table's name, or its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName(String);

impl TableName {
    /// Accepts 3 to 255 letters, digits, `_`, `-` and `.`, or an ARN.
    pub fn new(option: &str, name: &str) -> Result<Self> {
        let plain = is_plain(name);
        let arn = name.starts_with("arn:") && name.len() <= 1024;
        if plain || arn {
            Ok(Self(name.to_owned()))
        } else {
            let rule = "must be a table's name (3 to 255 letters, digits, \"_\", \"-\" or \".\") or its ARN";
            Err(InvalidOption::new(
                option,
                format!("{rule}, but is {}", shown(name)),
            ))
        }
    }

    /// The name or the ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The table's name, even if an ARN was given.
    pub fn base(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

/// The longest text that an error shows, in characters.
const SHOWN: usize = 40;

/// The text of a name in an error.
fn shown(name: &str) -> String {
    match name.chars().count() {
        ..=SHOWN => format!("{name:?}"),
        length => format!("a text of {length} characters"),
    }
}

/// An index's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexName(String);

impl IndexName {
    /// Accepts 3 to 255 letters, digits, `_`, `-` and `.`.
    pub fn new(option: &str, name: &str) -> Result<Self> {
        if is_plain(name) {
            Ok(Self(name.to_owned()))
        } else {
            let rule = "must be an index's name: 3 to 255 letters, digits, \"_\", \"-\" or \".\"";
            Err(InvalidOption::new(
                option,
                format!("{rule}, but is {}", shown(name)),
            ))
        }
    }
}

impl From<IndexName> for String {
    fn from(name: IndexName) -> Self {
        name.0
    }
}

/// Whether DynamoDB accepts the name for a table or an index.
fn is_plain(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    (3..=255).contains(&name.len()) && name.bytes().all(allowed)
}

/// The name of a key attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeName(String);

impl AttributeName {
    /// Accepts 1 to 255 bytes.
    pub fn new(option: &str, name: &str) -> Result<Self> {
        if (1..=255).contains(&name.len()) {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidOption::new(
                option,
                "must be an attribute's name of 1 to 255 bytes",
            ))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The billing mode of a table that the store creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing {
    /// `PAY_PER_REQUEST`.
    OnDemand,
    /// Provisioned capacity, at least one unit of each kind.
    Provisioned {
        /// Read capacity units: strongly consistent reads of 4 KB a second.
        read: i64,
        /// Write capacity units: writes of 1 KB a second.
        write: i64,
    },
}

impl Billing {
    /// Accepts whole numbers of capacity units, at least 1.
    pub fn provisioned(
        (option_r, read): (&str, f64),
        (option_w, write): (&str, f64),
    ) -> Result<Self> {
        Ok(Self::Provisioned {
            read: capacity_units(option_r, read)?,
            write: capacity_units(option_w, write)?,
        })
    }
}

/// Accepts a whole number of capacity units, at least 1.
pub fn capacity_units(option: &str, units: f64) -> Result<i64> {
    if units.fract() == 0.0 && (1.0..=9_007_199_254_740_991.0).contains(&units) {
        Ok(units as i64)
    } else {
        Err(InvalidOption::new(
            option,
            format!("must be a whole number of capacity units, at least 1, but is {units}"),
        ))
    }
}

/// Accepts a whole number of `things`, such as operations, at least 1.
pub fn count(option: &str, count: f64, things: &str) -> Result<usize> {
    if count.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&count) {
        Ok(count as usize)
    } else {
        let rule = format!("must be a whole number of {things}, at least 1, but is {count}");
        Err(InvalidOption::new(option, rule))
    }
}

/// A session key whose value is also stored in an attribute of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialKey {
    /// The name of the key, and of the attribute.
    pub name: String,
    /// The attribute's type.
    pub kind: ScalarAttributeType,
}

impl SpecialKey {
    /// Accepts the types `S`, `N` and `B`, and names that are not in `taken`, the attributes of the item
    /// format.
    pub fn new(option: &str, name: &str, kind: &str, taken: &[&str]) -> Result<Self> {
        if name.is_empty() {
            return Err(InvalidOption::new(
                format!("{option}.name"),
                "must not be empty",
            ));
        }
        if taken.contains(&name) {
            return Err(InvalidOption::new(
                format!("{option}.name"),
                format!("must not be \"{name}\", an attribute that every session has"),
            ));
        }
        match ScalarAttributeType::from(kind) {
            ScalarAttributeType::B | ScalarAttributeType::N | ScalarAttributeType::S => Ok(Self {
                name: name.to_owned(),
                kind: kind.into(),
            }),
            _ => Err(InvalidOption::new(
                format!("{option}.type"),
                "must be \"S\", \"N\" or \"B\"",
            )),
        }
    }
}

/// A custom endpoint: an `http` or `https` URL without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// Whether requests to the endpoint use no TLS.
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http:")
    }

    /// Accepts an `http` or `https` URL without user, password, query and fragment.
    pub fn new(option: &str, endpoint: &str) -> Result<Self> {
        let rule = "must be an http or https URL such as \"http://localhost:8000\"";
        let url = Url::parse(endpoint).map_err(|_| InvalidOption::new(option, rule))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(InvalidOption::new(option, rule));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidOption::new(
                option,
                "must not have a user name or password in the URL",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidOption::new(
                option,
                "must not have a query or a fragment in the URL",
            ));
        }
        Ok(Self(url.into()))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Accepts a time in milliseconds, more than 0.
pub fn duration(option: &str, milliseconds: f64) -> Result<Duration> {
    if milliseconds > 0.0 && milliseconds <= LONGEST {
        // Rounded up, because a fraction of a millisecond must not become 0.
        Ok(Duration::from_millis(milliseconds.ceil() as u64))
    } else {
        Err(InvalidOption::new(
            option,
            format!(
                "must be a number of milliseconds, more than 0 and at most 2147483647, but is \
                 {milliseconds}"
            ),
        ))
    }
}

/// Accepts a whole number of attempts, at least 1.
pub fn attempts(option: &str, count: f64) -> Result<u32> {
    if count.fract() == 0.0 && (1.0..=1_000_000.0).contains(&count) {
        Ok(count as u32)
    } else {
        Err(InvalidOption::new(
            option,
            format!("must be a whole number of attempts, at least 1, but is {count}"),
        ))
    }
}

/// Accepts a part of credentials: visible ASCII characters, because it goes into a header. The most
/// frequent mistake is a line break at the end of a file.
pub fn credential(option: &str, value: String) -> Result<String> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(value)
    } else {
        let rule = "must be letters, digits and signs without spaces or line breaks";
        Err(InvalidOption::new(option, rule))
    }
}

/// Accepts a text that is not blank, such as a region or a profile.
pub fn text(option: &str, value: String) -> Result<String> {
    if value.trim().is_empty() {
        Err(InvalidOption::new(option, "must not be empty"))
    } else {
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_names() {
        for good in ["sessions", "a.b", "my_app-sessions", &"x".repeat(255)] {
            assert_eq!(TableName::new("table", good).unwrap().as_str(), good);
        }
        let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/sessions";
        assert_eq!(TableName::new("table", arn).unwrap().base(), "sessions");
        assert_eq!(
            TableName::new("table", "sessions").unwrap().base(),
            "sessions"
        );
        for bad in ["", "ab", "has space", "naïve", &"x".repeat(256)] {
            let error = TableName::new("table", bad).unwrap_err();
            assert!(error.to_string().starts_with("option \"table\" must be"));
        }
    }

    #[test]
    fn capacity_units_are_whole_and_at_least_one() {
        let of = |read, write| {
            Billing::provisioned(("readCapacityUnits", read), ("writeCapacityUnits", write))
        };
        assert_eq!(of(5.0, 1.0), Ok(Billing::Provisioned { read: 5, write: 1 }));
        for bad in [0.0, -1.0, 1.5, f64::NAN, f64::INFINITY] {
            assert_eq!(of(bad, 5.0).unwrap_err().option, "readCapacityUnits");
            assert_eq!(of(5.0, bad).unwrap_err().option, "writeCapacityUnits");
        }
    }

    #[test]
    fn endpoints() {
        for (given, sent) in [
            ("http://localhost:8000", "http://localhost:8000/"),
            (
                "https://dynamodb.eu-west-1.amazonaws.com",
                "https://dynamodb.eu-west-1.amazonaws.com/",
            ),
            ("http://[::1]:8000/db", "http://[::1]:8000/db"),
        ] {
            assert_eq!(Endpoint::new("endpoint", given).unwrap().as_str(), sent);
        }
        for bad in [
            "",
            "http://",
            "ftp://x",
            "localhost:8000",
            "//localhost:8000",
            "http://x:port",
            "http://user:hunter2@x",
            "http://x?y",
            "not a url",
        ] {
            let error = Endpoint::new("dynamoConfig.endpoint", bad).unwrap_err();
            assert_eq!(error.option, "dynamoConfig.endpoint", "{bad}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn special_keys() {
        let of = |name, kind| SpecialKey::new("specialKeys[0]", name, kind, &["id", "expires"]);
        assert_eq!(of("userId", "N").unwrap().kind, ScalarAttributeType::N);
        assert_eq!(
            of("userId", "SS").unwrap_err().option,
            "specialKeys[0].type"
        );
        assert_eq!(of("", "S").unwrap_err().option, "specialKeys[0].name");
        assert_eq!(
            of("expires", "N").unwrap_err().option,
            "specialKeys[0].name"
        );
    }

    #[test]
    fn durations_and_attempts() {
        assert_eq!(duration("t", 0.2), Ok(Duration::from_millis(1)));
        assert_eq!(duration("t", 10_000.0), Ok(Duration::from_secs(10)));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e12] {
            assert!(duration("t", bad).is_err(), "{bad}");
        }
        assert_eq!(attempts("maxAttempts", 1.0), Ok(1));
        for bad in [0.0, 1.5, -3.0, f64::NAN] {
            assert!(attempts("maxAttempts", bad).is_err(), "{bad}");
        }
        assert!(text("region", " ".to_owned()).is_err());
        assert!(credential("accessKeyId", "AKIDEXAMPLE/+=".to_owned()).is_ok());
        for bad in ["", "AKIDEXAMPLE\n", " AKID", "AK ID", "schlüssel"] {
            let error = credential("accessKeyId", bad.to_owned()).unwrap_err();
            assert_eq!(error.option, "accessKeyId");
            assert!(bad.is_empty() || !error.to_string().contains(bad));
        }
    }
}
