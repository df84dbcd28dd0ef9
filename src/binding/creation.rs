//! The option `createTable`: settings of a table that the store creates. They have the names of AWS's
//! CreateTable request, or of UpdateContinuousBackups for point-in-time recovery. `lib/` has already
//! checked the names and the JavaScript types.

use aws_sdk_dynamodb::types::{
    OnDemandThroughput, PointInTimeRecoverySpecification, SseSpecification, SseType, TableClass,
    Tag, WarmThroughput,
};
use napi_derive::napi;

use crate::core::error::InvalidOption;
use crate::core::options::{Billing, count, text};
use crate::core::table::NewTable;

type Result<T> = std::result::Result<T, InvalidOption>;

/// The option `createTable`.
#[napi(object, object_to_js = false)]
#[derive(Default)]
pub struct CreateTableOptions {
    #[napi(js_name = "DeletionProtectionEnabled")]
    pub deletion_protection_enabled: Option<bool>,
    #[napi(js_name = "OnDemandThroughput")]
    pub on_demand_throughput: Option<OnDemandThroughputOptions>,
    #[napi(js_name = "PointInTimeRecoverySpecification")]
    pub point_in_time_recovery_specification: Option<RecoveryOptions>,
    #[napi(js_name = "SSESpecification")]
    pub sse_specification: Option<EncryptionOptions>,
    /// `STANDARD` or `STANDARD_INFREQUENT_ACCESS`.
    #[napi(js_name = "TableClass")]
    pub table_class: Option<String>,
    #[napi(js_name = "Tags")]
    pub tags: Option<Vec<TagOption>>,
    #[napi(js_name = "WarmThroughput")]
    pub warm_throughput: Option<WarmThroughputOptions>,
}

/// The largest number of request units a second, for a table on demand.
#[napi(object, object_to_js = false)]
pub struct OnDemandThroughputOptions {
    #[napi(js_name = "MaxReadRequestUnits")]
    pub max_read_request_units: Option<f64>,
    #[napi(js_name = "MaxWriteRequestUnits")]
    pub max_write_request_units: Option<f64>,
}

/// Point-in-time recovery of the table.
#[napi(object, object_to_js = false)]
pub struct RecoveryOptions {
    #[napi(js_name = "PointInTimeRecoveryEnabled")]
    pub point_in_time_recovery_enabled: Option<bool>,
    /// How many days back the table can be restored, 1 to 35. DynamoDB's default is 35.
    #[napi(js_name = "RecoveryPeriodInDays")]
    pub recovery_period_in_days: Option<f64>,
}

/// Encryption of the table at rest.
#[napi(object, object_to_js = false)]
pub struct EncryptionOptions {
    #[napi(js_name = "Enabled")]
    pub enabled: Option<bool>,
    #[napi(js_name = "KMSMasterKeyId")]
    pub kms_master_key_id: Option<String>,
    /// `KMS`, the only type that DynamoDB supports.
    #[napi(js_name = "SSEType")]
    pub sse_type: Option<String>,
}

/// A tag of a table.
#[napi(object, object_to_js = false)]
pub struct TagOption {
    #[napi(js_name = "Key")]
    pub key: String,
    #[napi(js_name = "Value")]
    pub value: String,
}

/// The number of request units a second that the table can serve from the beginning.
#[napi(object, object_to_js = false)]
pub struct WarmThroughputOptions {
    #[napi(js_name = "ReadUnitsPerSecond")]
    pub read_units_per_second: Option<f64>,
    #[napi(js_name = "WriteUnitsPerSecond")]
    pub write_units_per_second: Option<f64>,
}

impl CreateTableOptions {
    /// The settings of a table with the billing mode `billing`.
    pub fn new_table(&self, billing: Billing) -> Result<NewTable> {
        let on_demand_throughput = self.on_demand_throughput.as_ref();
        if on_demand_throughput.is_some() && billing != Billing::OnDemand {
            return Err(InvalidOption::new(
                "createTable.OnDemandThroughput",
                "must not be set for a table with capacity units, only for a table on demand",
            ));
        }
        Ok(NewTable {
            deletion_protection: self.deletion_protection_enabled,
            encryption: optional(self.sse_specification.as_ref(), EncryptionOptions::build)?,
            class: optional(self.table_class.as_deref(), table_class)?,
            tags: optional(self.tags.as_deref(), tags)?,
            warm_throughput: optional(self.warm_throughput.as_ref(), WarmThroughputOptions::build)?,
            on_demand_throughput: optional(on_demand_throughput, OnDemandThroughputOptions::build)?,
            recovery: optional(
                self.point_in_time_recovery_specification.as_ref(),
                RecoveryOptions::build,
            )?
            .flatten(),
        })
    }
}

impl OnDemandThroughputOptions {
    fn build(&self) -> Result<OnDemandThroughput> {
        const OPTION: &str = "createTable.OnDemandThroughput";
        let read = units(OPTION, "MaxReadRequestUnits", self.max_read_request_units)?;
        let write = units(OPTION, "MaxWriteRequestUnits", self.max_write_request_units)?;
        if read.is_none() && write.is_none() {
            let rule = "must have MaxReadRequestUnits, MaxWriteRequestUnits or both";
            return Err(InvalidOption::new(OPTION, rule));
        }
        Ok(OnDemandThroughput::builder()
            .set_max_read_request_units(read)
            .set_max_write_request_units(write)
            .build())
    }
}

impl WarmThroughputOptions {
    fn build(&self) -> Result<WarmThroughput> {
        const OPTION: &str = "createTable.WarmThroughput";
        let read = units(OPTION, "ReadUnitsPerSecond", self.read_units_per_second)?;
        let write = units(OPTION, "WriteUnitsPerSecond", self.write_units_per_second)?;
        if read.is_none() && write.is_none() {
            let rule = "must have ReadUnitsPerSecond, WriteUnitsPerSecond or both";
            return Err(InvalidOption::new(OPTION, rule));
        }
        Ok(WarmThroughput::builder()
            .set_read_units_per_second(read)
            .set_write_units_per_second(write)
            .build())
    }
}

impl RecoveryOptions {
    /// `None` if recovery is off, because it is off in every new table.
    fn build(&self) -> Result<Option<PointInTimeRecoverySpecification>> {
        const OPTION: &str = "createTable.PointInTimeRecoverySpecification";
        let Some(enabled) = self.point_in_time_recovery_enabled else {
            let option = format!("{OPTION}.PointInTimeRecoveryEnabled");
            return Err(InvalidOption::new(option, "is missing"));
        };
        let period = optional(self.recovery_period_in_days, |days| {
            let is_allowed = days.fract() == 0.0 && (1.0..=35.0).contains(&days);
            let option = || format!("{OPTION}.RecoveryPeriodInDays");
            let rule = "must be a whole number of days from 1 to 35";
            is_allowed
                .then_some(days as i32)
                .ok_or_else(|| InvalidOption::new(option(), rule))
        })?;
        let specification = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(enabled)
            .set_recovery_period_in_days(period)
            .build();
        Ok(specification.ok().filter(|_| enabled))
    }
}

impl EncryptionOptions {
    fn build(&self) -> Result<SseSpecification> {
        let key = optional(self.kms_master_key_id.clone(), |key| {
            text("createTable.SSESpecification.KMSMasterKeyId", key)
        })?;
        let kind = optional(self.sse_type.as_deref(), |kind| match kind {
            "KMS" => Ok(SseType::Kms),
            _ => {
                let option = "createTable.SSESpecification.SSEType";
                Err(InvalidOption::new(option, "must be \"KMS\""))
            }
        })?;
        Ok(SseSpecification::builder()
            .set_enabled(self.enabled)
            .set_kms_master_key_id(key)
            .set_sse_type(kind)
            .build())
    }
}

fn table_class(class: &str) -> Result<TableClass> {
    match TableClass::from(class) {
        class @ (TableClass::Standard | TableClass::StandardInfrequentAccess) => Ok(class),
        _ => {
            let rule = "must be \"STANDARD\" or \"STANDARD_INFREQUENT_ACCESS\"";
            Err(InvalidOption::new("createTable.TableClass", rule))
        }
    }
}

fn tags(tags: &[TagOption]) -> Result<Vec<Tag>> {
    let tags = tags.iter().enumerate().map(|(index, tag)| {
        let key = text(&format!("createTable.Tags[{index}].Key"), tag.key.clone())?;
        let tag = Tag::builder().key(key).value(&tag.value).build();
        tag.map_err(|error| InvalidOption::new("createTable.Tags", error.to_string()))
    });
    tags.collect()
}

/// Checks a number of request units a second.
fn units(option: &str, field: &str, units: Option<f64>) -> Result<Option<i64>> {
    let units = optional(units, |units| {
        count(&format!("{option}.{field}"), units, "units")
    })?;
    Ok(units.and_then(|units| i64::try_from(units).ok()))
}

fn optional<T, U>(value: Option<T>, read: impl FnOnce(T) -> Result<U>) -> Result<Option<U>> {
    value.map(read).transpose()
}
