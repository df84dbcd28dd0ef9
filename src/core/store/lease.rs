//! Locks on sessions. A lock is a lease: if its holder does not renew it, it ends by itself.
//!
//! The lease is an item of its own beside the session's item, so neither a save of the session nor a
//! replaced package removes it.
//!
//! | attribute | type | holds |
//! |---|---|---|
//! | the hash key | S | the key of a session with the id `<session id>#lock` |
//! | `_lock` | S | the version of the lease, `<holder>.<renewal>`; missing if the lock is free |
//! | `_token` | N | the fencing token of the last holder |
//! | `_lease` | N | the length of the lease in milliseconds |
//! | `_until` | N | the end of the lease by the holder's clock, in milliseconds since the Unix epoch |
//! | the attribute of the end | N | a day after the end of the lease, for DynamoDB's time to live and `reap` |
//!
//! The clocks of two servers differ, so a lease of another holder is not compared with this clock. It has ended if
//! its version has not changed for the length of the lease, see [`Claim::ended`]; or if it has ended so long ago
//! that no clock explains it, because DynamoDB refuses requests of a clock that is off by more than `CLOCK_SKEW`.

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
const UNTIL: &str = "_until";

/// The attribute that only items of locks have.
pub(super) const TOKEN: &str = "_token";

/// The largest difference between the clocks of two servers, in milliseconds: AWS refuses requests with a
/// signature that is 5 minutes old.
const CLOCK_SKEW: f64 = 300_000.0;

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
            async move { claim_in_turn(&expires, &claim, now, &turn).await }.boxed()
        };
        let deadline = Deadline::new(limit, "withLock");
        let claimed = deadline.ask(|| self.schedule.in_turn(self.lock_key(sid), work));
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
        let make = move || {
            let change = lease_of(&expires, &lease, now, "SET");
            held_by(&lease.holder, change)
        };
        let deadline = Deadline::new(limit, "withLock");
        let renewed = deadline.ask(|| self.schedule.update(self.lock_key(sid), make));
        deadline.bound(renewed).map(condition_held)
    }

    /// Releases a lock. Returns `false` if `holder` does not hold it.
    pub fn release_lock(
        &self,
        sid: &str,
        holder: String,
        limit: Duration,
    ) -> impl Future<Output = Result<bool>> + Send + use<L> {
        let make = move || {
            let change = UpdateItemInputBuilder::default()
                .update_expression("REMOVE #lock")
                .expression_attribute_names("#lock", LOCK);
            held_by(&holder, change)
        };
        let deadline = Deadline::new(limit, "withLock");
        let released = deadline.ask(|| self.schedule.update(self.lock_key(sid), make));
        deadline.bound(released).map(condition_held)
    }

    fn lock_key(&self, sid: &str) -> String {
        self.layout.key(&format!("{sid}#lock"))
    }
}

/// Adds the condition that `holder` holds the lock.
fn held_by(holder: &str, request: UpdateItemInputBuilder) -> UpdateItemInputBuilder {
    request
        .condition_expression("begins_with(#lock, :holder)")
        .expression_attribute_values(":holder", AttributeValue::S(versions_of(holder)))
}

async fn claim_in_turn(
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
        Ok(updated) => return Ok(Claimed::Held(token_in(&updated, now))),
        Err(Error::ConditionFailed {
            found: Some(FoundItem(item)),
        }) => *item,
        // Some emulators of DynamoDB leave the item out of the error, and so do called clients.
        Err(error) if is_refused(&error) => turn.get().await?.unwrap_or_default(),
        Err(error) => return Err(error),
    };
    let Some(version) = version_in(&found) else {
        // The other caller has just released the lock.
        return Ok(busy(None, None));
    };
    // An earlier attempt, whose answer was lost, has been carried out.
    if *version == lease.version() {
        return Ok(Claimed::Held(token_in(&found, now)));
    }
    let is_old = number_in(&found, UNTIL).is_none_or(|until| until + CLOCK_SKEW < now.0);
    if !is_old && claim.ended.as_ref() != Some(version) {
        return Ok(busy(Some(version.clone()), number_in(&found, LEASE)));
    }
    let ended = lease_of(expires, lease, now, TAKE)
        .condition_expression("#lock = :version")
        .expression_attribute_values(":version", AttributeValue::S(version.clone()));
    match turn.update_returning(taking(ended, now)).await {
        Ok(updated) => Ok(Claimed::Held(token_in(&updated, now))),
        Err(error) if is_refused(&error) => {
            let found = turn.get().await?.unwrap_or_default();
            Ok(match version_in(&found) {
                Some(version) if *version == lease.version() => {
                    Claimed::Held(token_in(&found, now))
                }
                Some(version) => busy(Some(version.clone()), number_in(&found, LEASE)),
                None => busy(None, None),
            })
        }
        Err(error) => Err(error),
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

fn version_in(item: &Item) -> Option<&String> {
    item.get(LOCK)?.as_s().ok()
}

fn token_in(item: &Item, now: UnixMillis) -> f64 {
    number_in(item, TOKEN).unwrap_or(now.0)
}

fn number_in(item: &Item, name: &str) -> Option<f64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

fn busy(version: Option<String>, lease: Option<f64>) -> Claimed {
    let lease = Duration::from_millis(lease.unwrap_or(0.0) as u64);
    Claimed::Busy { version, lease }
}

/// The assignments of a new or renewed lease, after `start`.
fn lease_of(expires: &str, lease: &Lease, now: UnixMillis, start: &str) -> UpdateItemInputBuilder {
    let length = lease.length.as_millis() as f64;
    let until = now.0 + length;
    let kept = Expires::at(UnixMillis(until + KEPT));
    UpdateItemInputBuilder::default()
        .update_expression(format!(
            "{start} #lock = :lock, #lease = :lease, #until = :until, #expires = :expires"
        ))
        .expression_attribute_names("#lock", LOCK)
        .expression_attribute_names("#lease", LEASE)
        .expression_attribute_names("#until", UNTIL)
        .expression_attribute_names("#expires", expires)
        .expression_attribute_values(":lock", AttributeValue::S(lease.version()))
        .expression_attribute_values(":lease", number(length))
        .expression_attribute_values(":until", number(until.floor()))
        .expression_attribute_values(":expires", AttributeValue::N(kept.to_string()))
}

fn number(number: f64) -> AttributeValue {
    AttributeValue::N(format!("{number:.0}"))
}
