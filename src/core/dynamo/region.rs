//! The region that requests are signed for.

use aws_sdk_dynamodb::config::Region;

use super::credentials::instance::Instance;
use super::environment::Environment;
use super::settings::Settings;
use crate::core::error::{Error, Result};

/// The region where nothing names one, as in connect-dynamodb 2.x.
pub const DEFAULT_REGION: &str = "us-east-1";

/// A region that was found.
pub struct Found {
    /// The region.
    pub region: Region,
    /// Whether it was named as one with FIPS (`fips-us-east-1`).
    pub is_fips: bool,
    /// Whether nothing names one.
    pub is_default: bool,
}

/// The region that requests are signed for.
///
/// As in the AWS SDK for JavaScript v3: the options, `AWS_REGION`, the profile. It stops there; here
/// `AWS_DEFAULT_REGION` follows, as for the AWS CLI, and the instance.
pub async fn find(
    settings: &Settings,
    environment: &Environment,
    instance: &Instance,
) -> Result<Found> {
    // An empty variable is no region, but it is somebody's answer.
    let of_environment = || {
        let region = environment.variables().even_empty("AWS_REGION");
        region.map(str::to_owned)
    };
    let named = match settings.region.clone().or_else(of_environment) {
        Some(region) => Some(region),
        None => otherwise(settings, environment, instance).await,
    };
    let is_default = named.is_none();
    let named = named.unwrap_or_else(|| DEFAULT_REGION.to_owned());
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
        is_default,
    })
}

/// The region that neither the options nor `AWS_REGION` name.
async fn otherwise(
    settings: &Settings,
    environment: &Environment,
    instance: &Instance,
) -> Option<String> {
    let default = || environment.variables().get("AWS_DEFAULT_REGION");
    if let Some(region) = environment.region().or_else(default) {
        return Some(region.to_owned());
    }
    // For a DynamoDB of one's own, the instance metadata service would be asked in vain, and on a
    // machine without one that takes seconds.
    match settings.endpoint {
        Some(_) => None,
        None => instance.region(environment).await,
    }
}
