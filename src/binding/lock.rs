//! The methods of `NativeStore` for locks on sessions. `lib/lock.js` waits for locks and renews their leases.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::failure::Outcome;
use super::store::{NativeStore, time};
use crate::core::expiry::UnixMillis;
use crate::core::store::{Claim, Claimed, Lease};

/// The lease of a lock.
#[napi(object, object_to_js = false)]
pub struct LeaseArgument {
    /// Identifies the holder: a text without a dot, which no other holder has.
    pub holder: String,
    /// The number of renewals so far.
    pub renewal: u32,
    /// The length of the lease in milliseconds.
    pub length: f64,
}

impl From<LeaseArgument> for Lease {
    fn from(lease: LeaseArgument) -> Self {
        Self {
            holder: lease.holder,
            renewal: lease.renewal,
            length: time(lease.length),
        }
    }
}

/// The result of an attempt to get a lock.
#[napi(object, object_from_js = false)]
pub struct LockState {
    /// The fencing token. Not set if another caller holds the lock.
    pub token: Option<f64>,
    /// The version of the other holder's lease. Not set if the caller has the lock, or if the lock changes hands at
    /// this moment.
    pub version: Option<String>,
    /// The length of the other holder's lease, in milliseconds.
    pub lease: Option<f64>,
}

#[napi]
impl NativeStore {
    /// Tries to get the lock of a session. `ended` is the version of another holder's lease that has not
    /// changed for as long as this lease.
    #[napi]
    pub fn claim_lock<'env>(
        &self,
        env: &'env Env,
        sid: String,
        lease: LeaseArgument,
        ended: Option<String>,
        now: f64,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<LockState>>> {
        self.start(env, move |backend| async move {
            let claim = Claim {
                lease: lease.into(),
                ended,
            };
            let sessions = backend.expiring("withLock")?;
            let claimed = sessions.claim_lock(&sid, claim, UnixMillis(now), time(limit));
            Ok(match claimed.await? {
                Claimed::Held(token) => LockState {
                    token: Some(token),
                    version: None,
                    lease: None,
                },
                Claimed::Busy { version, lease } => LockState {
                    token: None,
                    version,
                    lease: Some(lease.as_millis() as f64),
                },
            })
        })
    }

    /// Renews a lease. The result is `false` if its holder does not hold the lock any more.
    #[napi]
    pub fn renew_lock<'env>(
        &self,
        env: &'env Env,
        sid: String,
        lease: LeaseArgument,
        now: f64,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<bool>>> {
        self.start(env, move |backend| async move {
            let sessions = backend.expiring("withLock")?;
            sessions
                .renew_lock(&sid, lease.into(), UnixMillis(now), time(limit))
                .await
        })
    }

    /// Releases a lock. `token` is its fencing token; without it, the lock is released if the holder may have got it
    /// by a claim whose answer was lost. The result is `false` if `holder` does not hold the lock.
    #[napi]
    pub fn release_lock<'env>(
        &self,
        env: &'env Env,
        sid: String,
        holder: String,
        token: Option<f64>,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<bool>>> {
        self.start(env, move |backend| async move {
            let sessions = backend.expiring("withLock")?;
            let limit = time(limit);
            match token {
                Some(token) => sessions.release_lock(&sid, &holder, token, limit).await,
                None => sessions.release_claim(&sid, &holder, limit).await,
            }
        })
    }
}
