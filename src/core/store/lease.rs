//! Locks on sessions. A lock is a lease: if its holder does not renew it, it ends by itself.
//!
//! The lease is an item of its own beside the session's item, so neither a save of the session nor a
//! replaced package removes it.
//!
//! | attribute | type | holds |
//! |---|---|---|
//! | the hash key | S | the key of the session's item, then `#lock` |
//! | `_lock` | S | the version of the lease, `<holder>.<renewal>`; missing if the lock is free |
//! | `_token` | N | the fencing token of the last holder |
//! | `_lease` | N | the length of the lease in milliseconds |
//! | the attribute of the end | N | a day after the end of the lease, for DynamoDB's time to live and `reap` |
//!
//! The clocks of two servers differ, so no time in the item says whether a lease has ended. It has ended if a
//! waiting caller has seen the same version for the length of the lease, see [`Claim::ended`].
//!
//! All requests are conditional, so they do not wait for each other: a renewal must not wait for another caller's
//! attempt that hangs.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use futures_util::FutureExt;

use super::{SessionStore, condition_held, is_refused};
use crate::core::deadline::Deadline;
use crate::core::dynamo::schedule::InTurn;
use crate::core::error::{Error, FoundItem, Result};
use crate::core::expiry::{Expires, UnixMillis};
use crate::core::layout::{ExpiringLayout, Item};

const LOCK: &str = "_lock";
const LEASE: &str = "_lease";

const TOKEN: &str = "_token";

/// The time for which the item of a lock is kept, in milliseconds. Fencing tokens begin with the time, so
/// they rise even if the item was deleted.
const KEPT: f64 = 86_400_000.0;

/// An attempt to get a lock.
pub struct Claim {
    /// The lease if the attempt succeeds.
    pub lease: Lease,
    /// The version of another holder's lease which has not changed for as long as that lease.
    pub ended: Option<String>,
}

/// A lease that is to be written.
pub struct Lease {
    /// Identifies the holder. No other holder of any lock has the same text. It contains no dot.
    pub holder: String,
    /// The number of renewals of the lease so far.
    pub renewal: u32,
    /// The length of the lease.
    pub length: Duration,
}

impl Lease {
    fn version(&self) -> String {
        format!("{}.{}", self.holder, self.renewal)
    }
}

/// The start of all versions of a holder's lease.
fn versions_of(holder: &str) -> String {
    format!("{holder}.")
}

/// The result of a [`Claim`].
#[derive(Debug, PartialEq)]
pub enum Claimed {
    /// The caller holds the lock, with this fencing token: it is larger than those of all earlier holders.
    Held(f64),
    /// Another caller holds the lock.
    Busy {
        /// The version of its lease; `None` if the lock changes hands at this moment.
        version: Option<String>,
        /// The length of its lease.
        lease: Duration,
    },
}

/// Whether an item is the lease of a lock.
pub(super) fn is_lease(item: &Item) -> bool {
    // The two, the key, the end, and the version of a lock that is held.
    item.len() <= 5 && [TOKEN, LEASE].iter().all(|name| item.contains_key(*name))
}

impl<L: ExpiringLayout + ?Sized> SessionStore<L> {
    /// Tries to get the lock of a session. The session need not exist.
    pub fn claim_lock(
        &self,
        sid: &str,
        claim: Claim,
        now: UnixMillis,
        limit: Duration,
    ) -> impl Future<Output = Result<Claimed>> + Send + use<L> {
        let expires = self.layout.expires_attribute();
        let work = move |turn: InTurn| {
            async move { claim_now(&expires, &claim, now, &turn).await }.boxed()
        };
        let deadline = Deadline::new(limit, "withLock");
        let claimed = deadline.ask(|| self.schedule.out_of_turn(self.lock_key(sid), work));
        deadline.bound(claimed)
    }

    /// Renews a lease. Returns `false` if its holder does not hold the lock any more.
    pub fn renew_lock(
        &self,
        sid: &str,
        lease: Lease,
        now: UnixMillis,
        limit: Duration,
    ) -> impl Future<Output = Result<bool>> + Send + use<L> {
        let expires = self.layout.expires_attribute();
        let change = lease_of(&expires, &lease, now, "SET")
            .condition_expression("begins_with(#lock, :holder)")
            .expression_attribute_values(":holder", text(versions_of(&lease.holder)));
        self.change_lock(sid, change, limit)
    }

    /// Releases a lock that `holder` has got with this fencing token. Returns `false` if `holder` does not hold it.
    pub fn release_lock(
        &self,
        sid: &str,
        holder: &str,
        token: f64,
        limit: Duration,
    ) -> impl Future<Output = Result<bool>> + Send + use<L> {
        let change = UpdateItemInputBuilder::default()
            .update_expression("REMOVE #lock")
            // The second part holds if an earlier attempt, whose answer was lost, has been carried out.
            .condition_expression(
                "begins_with(#lock, :holder) OR (attribute_not_exists(#lock) AND #token = :token)",
            )
            .expression_attribute_names("#lock", LOCK)
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_values(":holder", text(versions_of(holder)))
            .expression_attribute_values(":token", number(token));
        self.change_lock(sid, change, limit)
    }

    /// Releases a lock that `holder` may have got, if the answer to its claim was lost.
    pub fn release_claim(
        &self,
        sid: &str,
        holder: &str,
        limit: Duration,
    ) -> impl Future<Output = Result<bool>> + Send + use<L> {
        // No holder has this token.
        self.release_lock(sid, holder, 0.0, limit)
    }

    /// Changes the item of a lock. Returns `false` if the condition does not hold.
    fn change_lock(
        &self,
        sid: &str,
        change: UpdateItemInputBuilder,
        limit: Duration,
    ) -> impl Future<Output = Result<bool>> + Send + use<L> {
        let work = move |turn: InTurn| async move { turn.update(change).await }.boxed();
        let deadline = Deadline::new(limit, "withLock");
        let changed = deadline.ask(|| self.schedule.out_of_turn(self.lock_key(sid), work));
        deadline.bound(changed).map(condition_held)
    }

    fn lock_key(&self, sid: &str) -> String {
        self.key(sid) + "#lock"
    }
}

async fn claim_now(
    expires: &str,
    claim: &Claim,
    now: UnixMillis,
    turn: &InTurn,
) -> Result<Claimed> {
    let lease = &claim.lease;
    let free = lease_of(expires, lease, now, TAKE);
    let free = taking(
        free.condition_expression("attribute_not_exists(#lock)"),
        now,
    )
    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let found = match turn.update_returning(free).await {
        Ok(updated) => return held(&updated, lease, turn).await,
        Err(Error::ConditionFailed {
            found: Some(FoundItem(item)),
        }) => *item,
        // Some emulators of DynamoDB leave the item out of the error, and so do called clients.
        Err(error) if is_refused(&error) => turn.get().await?.unwrap_or_default(),
        Err(error) => return Err(error),
    };
    let ended = match claimed_by(&found, lease) {
        Claimed::Busy {
            version: Some(version),
            ..
        } if claim.ended.as_ref() == Some(&version) => version,
        claimed => return Ok(claimed),
    };
    let take = lease_of(expires, lease, now, TAKE)
        .condition_expression("#lock = :version")
        .expression_attribute_values(":version", text(ended));
    match turn.update_returning(taking(take, now)).await {
        Ok(updated) => held(&updated, lease, turn).await,
        Err(error) if is_refused(&error) => {
            let found = turn.get().await?.unwrap_or_default();
            Ok(claimed_by(&found, lease))
        }
        Err(error) => Err(error),
    }
}

/// The result of a claim that was carried out. `updated` are the attributes in the answer, which a called client
/// may leave out.
async fn held(updated: &Item, lease: &Lease, turn: &InTurn) -> Result<Claimed> {
    if let Some(token) = number_in(updated, TOKEN) {
        return Ok(Claimed::Held(token));
    }
    let found = turn.get().await?.unwrap_or_default();
    Ok(claimed_by(&found, lease))
}

/// The state of a lock, by its item, for a caller that may have got it with `lease`.
fn claimed_by(item: &Item, lease: &Lease) -> Claimed {
    let version = item.get(LOCK).and_then(|lock| lock.as_s().ok());
    match (version, number_in(item, TOKEN)) {
        // An attempt whose answer was lost has been carried out.
        (Some(version), Some(token)) if *version == lease.version() => Claimed::Held(token),
        // Without a length, the lease of the other holder does not end.
        (Some(version), _) => Claimed::Busy {
            version: Some(version.clone()),
            lease: number_in(item, LEASE)
                .map_or(Duration::MAX, |length| Duration::from_millis(length as u64)),
        },
        // The other caller has just released the lock.
        (None, _) => Claimed::Busy {
            version: None,
            lease: Duration::MAX,
        },
    }
}

/// The assignment of the next fencing token. The first one is the time, so tokens also rise if the item was deleted.
const TAKE: &str = "SET #token = if_not_exists(#token, :now) + :one,";

/// Adds the names and values of [`TAKE`], and asks for the token in the answer.
fn taking(request: UpdateItemInputBuilder, now: UnixMillis) -> UpdateItemInputBuilder {
    request
        .expression_attribute_names("#token", TOKEN)
        .expression_attribute_values(":now", number(now.0.floor()))
        .expression_attribute_values(":one", number(1.0))
        .return_values(ReturnValue::UpdatedNew)
}

fn number_in(item: &Item, name: &str) -> Option<f64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// The assignments of a new or renewed lease, after `start`.
fn lease_of(expires: &str, lease: &Lease, now: UnixMillis, start: &str) -> UpdateItemInputBuilder {
    let length = lease.length.as_millis() as f64;
    let kept = Expires::at(UnixMillis(now.0 + length + KEPT));
    UpdateItemInputBuilder::default()
        .update_expression(format!(
            "{start} #lock = :lock, #lease = :lease, #expires = :expires"
        ))
        .expression_attribute_names("#lock", LOCK)
        .expression_attribute_names("#lease", LEASE)
        .expression_attribute_names("#expires", expires)
        .expression_attribute_values(":lock", text(lease.version()))
        .expression_attribute_values(":lease", number(length))
        .expression_attribute_values(":expires", AttributeValue::N(kept.to_string()))
}

fn text(text: String) -> AttributeValue {
    AttributeValue::S(text)
}

fn number(number: f64) -> AttributeValue {
    AttributeValue::N(format!("{number:.0}"))
}
