//! The region that requests are signed for.

use aws_sdk_dynamodb::config::Region;

use super::credentials::instance::Instance;
use super::environment::Environment;
use super::settings::Settings;
use crate::core::error::{Error, Result};

/// The region if no source names one, as in connect-dynamodb 2.x.
pub const DEFAULT_REGION: &str = "us-east-1";

/// The source of [`DEFAULT_REGION`].
const NO_SOURCE: &str = "default";

/// The region that was found.
pub struct Found {
    /// The region, without `fips`.
    pub region: Region,
    /// Whether the name asked for FIPS endpoints, such as `fips-us-east-1`.
    pub is_fips: bool,
    /// Names the source: `options`, `AWS_REGION`, `profile`, `AWS_DEFAULT_REGION`, `instance`, or [`NO_SOURCE`].
    pub source: &'static str,
}

/// Finds the region that requests are signed for.
///
/// The first of these that is set decides: the options, `AWS_REGION`, the profile (as in the AWS SDK for
/// JavaScript v3), `AWS_DEFAULT_REGION` (as in the AWS CLI), the instance.
///
/// # Errors
///
/// [`Error::Settings`] if the value is not the name of a region.
pub async fn find(
    settings: &Settings,
    environment: &Environment,
    instance: &Instance,
) -> Result<Found> {
    // If the variable is set but empty, the user gets an error instead of another source's region.
    let of_environment = || {
        let region = environment.variables().even_empty("AWS_REGION");
        region.map(|region| (region.to_owned(), "AWS_REGION"))
    };
    let of_options = settings.region.clone().map(|region| (region, "options"));
    let found = match of_options.or_else(of_environment) {
        Some(found) => Some(found),
        None => otherwise(settings, environment, instance).await,
    };
    let default = || (DEFAULT_REGION.to_owned(), NO_SOURCE);
    let (named, source) = found.unwrap_or_else(default);
    let real = named
        .strip_prefix("fips-")
        .or_else(|| named.strip_suffix("-fips"));
    let region = match real {
        Some("aws" | "aws-global") => DEFAULT_REGION,
        Some(real) => real,
        None => &named,
    };
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !(1..=63).contains(&region.len()) || !region.bytes().all(is_letter) {
        return Err(Error::Settings {
            causes: vec![format!(
                "the region must be the name of a region such as \"us-east-1\", but is {named:?}"
            )],
        });
    }
    Ok(Found {
        region: Region::new(region.to_owned()),
        is_fips: real.is_some(),
        source,
    })
}

impl Found {
    /// Whether no source names a region.
    pub fn is_default(&self) -> bool {
        self.source == NO_SOURCE
    }
}

/// The region if neither the options nor `AWS_REGION` name one, with the name of its source.
async fn otherwise(
    settings: &Settings,
    environment: &Environment,
    instance: &Instance,
) -> Option<(String, &'static str)> {
    let variable = "AWS_DEFAULT_REGION";
    let of_profile = environment.region().map(|region| (region, "profile"));
    let of_variable = || Some((environment.variables().get(variable)?, variable));
    if let Some((region, source)) = of_profile.or_else(of_variable) {
        return Some((region.to_owned(), source));
    }
    // If an endpoint is set, any region will do. Asking the metadata service takes seconds outside of EC2.
    match settings.endpoint {
        Some(_) => None,
        None => {
            let region = instance.region(environment).await;
            region.map(|region| (region, "instance"))
        }
    }
}
