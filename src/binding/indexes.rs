//! The methods of `NativeStore` for the indexes of sessions.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::backend::Backend;
use super::failure::{Failure, Outcome};
use super::store::{NativeStore, time};
use super::tracking::IndexEntry;
use crate::core::error::{Error, Result};
use crate::core::table::{IndexState, TableIndex};

/// The result of deleting many sessions. If it has a failure, some sessions may have been deleted.
#[napi(object, object_from_js = false)]
pub struct Deletions {
    /// The number of deleted sessions.
    pub count: f64,
    /// The keys of the deleted items.
    pub keys: Vec<String>,
    pub failure: Option<Failure>,
}

impl Backend {
    /// The index with this number, as the table has to have it at present.
    fn table_index(&self, number: u32) -> Result<TableIndex> {
        let operation = "finding sessions by an index";
        let index = self.session_indexes.get(number as usize);
        let index = index.ok_or(Error::Format { operation })?;
        Ok(self.expiring(operation)?.table_index(index))
    }
}

#[napi]
impl NativeStore {
    /// The keys of the items under which a session is found, the present one first. Empty if the store is closed, or
    /// its format has no indexes.
    #[napi]
    pub fn keys_of(&self, sid: String) -> Vec<String> {
        let Ok(backend) = self.backend() else {
            return Vec::new();
        };
        let sessions = backend.expiring.as_ref();
        sessions.map_or_else(Vec::new, |sessions| sessions.keys_of(&sid))
    }

    /// The sessions with `value` in the index with this number, also ended ones.
    #[napi]
    pub fn sessions_of<'env>(
        &self,
        env: &'env Env,
        index: u32,
        value: String,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<Vec<IndexEntry>>>> {
        self.start(env, move |backend| async move {
            let sessions = backend.expiring("finding sessions by an index")?;
            let found = sessions.with_value(index as usize, &value, time(limit));
            Ok(found.await?.into_iter().map(IndexEntry::from).collect())
        })
    }

    /// Deletes the sessions under `keys` that still have `value` in the index with this number. The result has the
    /// keys of the deleted items.
    #[napi]
    pub fn destroy_of<'env>(
        &self,
        env: &'env Env,
        index: u32,
        value: String,
        keys: Vec<String>,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<Deletions>>> {
        let failure_of = self.failures();
        self.start(env, move |backend| async move {
            let sessions = backend.expiring("destroying sessions by an index")?;
            let mut deleted = Vec::new();
            let (index, limit) = (index as usize, time(limit));
            let destroyed = sessions.destroy_with_value(index, &value, keys, &mut deleted, limit);
            let failure = destroyed.await.err().map(|error| failure_of(&error));
            Ok(Deletions {
                count: deleted.len() as f64,
                keys: deleted,
                failure,
            })
        })
    }

    /// The state of the index with this number in the table.
    #[napi(ts_return_type = "Promise<Outcome<'missing' | 'creating' | 'active' | 'deleting'>>")]
    pub fn index_state<'env>(
        &self,
        env: &'env Env,
        index: u32,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<String>>> {
        self.start(env, move |backend| async move {
            let index = backend.table_index(index)?;
            let state = backend.table.index_state(&index, time(limit)).await?;
            Ok(match state {
                IndexState::Missing => "missing",
                IndexState::Creating => "creating",
                IndexState::Active => "active",
                IndexState::Deleting => "deleting",
            }
            .to_owned())
        })
    }

    /// Begins to create the index with this number. Returns `false` if it exists meanwhile, or if
    /// DynamoDB can create it only later.
    #[napi]
    pub fn create_index<'env>(
        &self,
        env: &'env Env,
        index: u32,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<bool>>> {
        self.start(env, move |backend| async move {
            let index = backend.table_index(index)?;
            backend.table.create_index(&index, time(limit)).await
        })
    }
}
