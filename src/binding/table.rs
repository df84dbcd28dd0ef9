//! The methods of `NativeStore` for the table.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::failure::{Failure, Outcome};
use super::options::capacity;
use super::store::{NativeStore, time};
use crate::core::table::Description;

/// The billing mode of a table, and a problem of its index.
#[napi(object, object_from_js = false)]
pub struct TableState {
    /// `true`: the table is on demand, and its capacities are 0.
    pub on_demand: bool,
    pub read_capacity_units: f64,
    pub write_capacity_units: f64,
    /// If the store needs an index: the problem with this index, if any.
    pub index_failure: Option<Failure>,
}

impl From<Description> for TableState {
    fn from(table: Description) -> Self {
        Self {
            on_demand: table.on_demand,
            read_capacity_units: table.read as f64,
            write_capacity_units: table.write as f64,
            index_failure: table.index_failure.map(Failure::from),
        }
    }
}

/// The result of creating a table.
#[napi(object, object_from_js = false)]
pub struct CreationResult {
    /// `false` if another process has created the table first.
    pub created: bool,
    /// The reason why turning on time to live has failed, if it has.
    pub time_to_live_failure: Option<Failure>,
    /// If another process has created the table: the problem with the store's index, if any.
    pub index_failure: Option<Failure>,
}

/// A table's time to live.
#[napi(object, object_from_js = false)]
pub struct TimeToLiveState {
    /// DynamoDB's name for its status, such as `ENABLED`.
    pub status: String,
    pub attribute: Option<String>,
}

/// The steps from a table's present time to live to the one that a store wants.
#[napi(object, object_from_js = false)]
pub struct TimeToLivePlan {
    /// The attribute to which the store has to write the end of a session from now on.
    pub attribute: String,
    /// `true`: turn time to live on; `false`: turn it off. Not set: leave it.
    pub change: Option<bool>,
}

#[napi]
impl NativeStore {
    /// Describes the table, and waits until it can be used.
    #[napi]
    pub fn describe_table<'env>(
        &self,
        env: &'env Env,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<TableState>>> {
        self.start(env, move |backend| async move {
            backend
                .table
                .describe(time(limit))
                .await
                .map(TableState::from)
        })
    }

    /// Creates the table and waits until it can be used.
    #[napi]
    pub fn create_table<'env>(
        &self,
        env: &'env Env,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<CreationResult>>> {
        self.start(env, move |backend| async move {
            let creation = backend.table.create(time(limit)).await?;
            Ok(CreationResult {
                created: creation.created,
                time_to_live_failure: creation.time_to_live_failure.map(Failure::from),
                index_failure: creation.index_failure.map(Failure::from),
            })
        })
    }

    /// Turns on point-in-time recovery of a new table, if the options say so.
    #[napi]
    pub fn enable_recovery<'env>(
        &self,
        env: &'env Env,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<()>>> {
        self.start(env, move |backend| async move {
            backend.table.enable_recovery(time(limit)).await
        })
    }

    /// Sets the capacity units of a provisioned table; a missing number is left as it is. Returns
    /// whether the table had other capacity units.
    #[napi]
    pub fn set_capacity<'env>(
        &self,
        env: &'env Env,
        read: Option<f64>,
        write: Option<f64>,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<bool>>> {
        self.start(env, move |backend| async move {
            let read = capacity("table.readCapacityUnits", read)?;
            let write = capacity("table.writeCapacityUnits", write)?;
            backend.table.set_capacity(read, write, time(limit)).await
        })
    }

    /// The table's time to live.
    #[napi]
    pub fn time_to_live<'env>(
        &self,
        env: &'env Env,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<TimeToLiveState>>> {
        self.start(env, move |backend| async move {
            let found = backend.table.time_to_live(time(limit)).await?;
            Ok(TimeToLiveState {
                status: found.status,
                attribute: found.attribute,
            })
        })
    }

    /// Reads the table's time to live, and returns the steps that are left to turn it on for
    /// `attribute`, or off, as `wanted` says.
    #[napi]
    pub fn plan_time_to_live<'env>(
        &self,
        env: &'env Env,
        attribute: String,
        wanted: bool,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<TimeToLivePlan>>> {
        self.start(env, move |backend| async move {
            let found = backend.table.time_to_live(time(limit)).await?;
            let plan = found.plan(&attribute, wanted);
            Ok(TimeToLivePlan {
                attribute: plan.attribute,
                change: plan.change,
            })
        })
    }

    /// In Koa's format: from now on, write the end of sessions to `attribute`.
    #[napi]
    pub fn write_expires_to(&self, attribute: String) {
        if let Ok(backend) = self.backend()
            && let Some(layout) = &backend.koa
        {
            layout.write_expires_to(&attribute);
        }
    }

    /// Turns time to live on `attribute` on or off.
    #[napi]
    pub fn set_time_to_live<'env>(
        &self,
        env: &'env Env,
        attribute: String,
        enabled: bool,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<()>>> {
        self.start(env, move |backend| async move {
            let limit = time(limit);
            backend
                .table
                .set_time_to_live(&attribute, enabled, limit)
                .await
        })
    }
}
