//! The methods of `NativeStore` that are about the table.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::failure::{Failure, Outcome};
use super::options::capacity;
use super::store::{NativeStore, time};
use crate::core::table::Description;

/// How a table is paid for now, and what it lacks.
#[napi(object, object_from_js = false)]
pub struct TableState {
    /// Whether it is on demand; then the capacities are 0.
    pub on_demand: bool,
    pub read_capacity_units: f64,
    pub write_capacity_units: f64,
    /// What is wrong with the store's index.
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

/// What came of creating a table.
#[napi(object, object_from_js = false)]
pub struct CreationResult {
    /// `false` where another process was faster.
    pub created: bool,
    /// Why the table has no time to live, although it was asked for.
    pub time_to_live_failure: Option<Failure>,
    /// What is wrong with the store's index, in a table that another process has created.
    pub index_failure: Option<Failure>,
}

/// A table's time to live.
#[napi(object, object_from_js = false)]
pub struct TimeToLiveState {
    /// DynamoDB's name for its status, such as `ENABLED`.
    pub status: String,
    pub attribute: Option<String>,
}

/// What a store has to do for the time to live that it wants.
#[napi(object, object_from_js = false)]
pub struct TimeToLivePlan {
    /// The attribute that the end of a session is written to from now on.
    pub attribute: String,
    /// Whether to turn it on or off; nothing to leave it.
    pub change: Option<bool>,
}

#[napi]
impl NativeStore {
    /// Waits until the table can be used.
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

    /// Turns on point-in-time recovery of a table that was just created, as the options say.
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

    /// Gives a provisioned table the capacity units that are named. Whether it had others.
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

    /// Looks at the table's time to live, and says what is left to do where it is to be on
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

    /// In Koa's format, writes the end of sessions to `attribute` from now on.
    #[napi]
    pub fn write_expires_to(&self, attribute: String) {
        if let Ok(backend) = self.backend()
            && let Some(layout) = &backend.koa
        {
            layout.write_expires_to(&attribute);
        }
    }

    /// Turns the table's time to live on `attribute` on or off.
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
