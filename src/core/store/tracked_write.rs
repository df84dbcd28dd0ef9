//! The marks of one write of a session, see [`tracking`](super::tracking).

use std::sync::Arc;

use super::condition_held;
use super::expected::Expected;
use super::tracking::{Indexed, Replaces, Tracked, Tracking, Tracks};
use crate::core::dynamo::schedule::InTurn;
use crate::core::error::{CONDITION_FAILED, Error, FoundItem, Result};
use crate::core::layout::{Condition, ExpiringLayout, Item};

/// The marks of a write, and the rules of its store for them.
pub struct TrackedWrite {
    tracking: Arc<Tracking>,
    tracks: Tracks,
}

impl From<(Arc<Tracking>, Tracks)> for TrackedWrite {
    fn from((tracking, tracks): (Arc<Tracking>, Tracks)) -> Self {
        Self { tracking, tracks }
    }
}

impl TrackedWrite {
    pub fn has_indexes(&self) -> bool {
        self.tracking.has_indexes()
    }

    /// The places of the session in the indexes, as it was given.
    pub fn indexed(&self) -> Vec<Indexed> {
        self.tracks.indexed.clone()
    }

    /// The places of a merged session in the indexes.
    pub async fn merged(&self, data: &str) -> Result<Vec<Indexed>> {
        self.tracking.merged(&self.tracks, data).await
    }

    /// The marks of the session that was written.
    pub fn written(&self, indexed: Vec<Indexed>) -> Tracked {
        Tracked {
            created: Some(self.tracks.created),
            values: indexed.into_iter().map(|indexed| indexed.value).collect(),
            seen: Some(self.tracks.seen),
        }
    }

    /// Adds the marks to the item of a new session.
    pub fn add(&self, item: &mut Item) {
        self.tracking.add(&self.tracks, item);
    }

    /// The assignments that turn a stored session into `item`.
    pub fn change<L: ExpiringLayout + ?Sized>(
        &self,
        layout: &L,
        item: Item,
        indexed: &[Indexed],
        stored: Option<&Item>,
    ) -> Condition {
        self.tracking
            .change(layout, item, (&self.tracks, indexed), stored)
    }

    /// Replaces the stored session by `item`, and keeps its marks. Returns `false`, and writes nothing, if
    /// there is no session or it has ended.
    ///
    /// The first attempt expects that the session keeps its values in the indexes. If it does not, the
    /// refusal has the stored item, which tells the values that are new.
    pub async fn replace<L: ExpiringLayout + ?Sized>(
        &self,
        layout: &L,
        item: &Item,
        turn: &InTurn,
    ) -> Result<bool> {
        let expected =
            |replaces| Expected::Holds(self.tracking.replaces(layout, &self.tracks, replaces));
        let same = Tracks {
            indexed: { self.tracks.indexed.iter().cloned() }
                .map(|indexed| Indexed {
                    is_new: false,
                    ..indexed
                })
                .collect(),
            ..self.tracks.clone()
        };
        let marks = (&same, &*same.indexed);
        let change = self.tracking.change(layout, item.clone(), marks, None);
        let request = expected(Replaces::SameValues).update(change, layout);
        let found = match turn.update(request).await {
            Ok(()) => return Ok(true),
            Err(Error::ConditionFailed { found }) => found,
            // A called client reports a condition that does not hold as DynamoDB's error.
            Err(error) if error.is_service(CONDITION_FAILED) => None,
            Err(error) => return Err(error),
        };
        if !self.has_indexes() {
            return Ok(false);
        }
        // Some emulators of DynamoDB leave the item out of the error.
        let found = match found {
            Some(FoundItem(item)) => Some(*item),
            None => match turn.get().await {
                Err(Error::Unreadable) => None,
                found => found?,
            },
        };
        let Some(found) = found else {
            return Ok(false);
        };
        let change = self.change(layout, item.clone(), &self.tracks.indexed, Some(&found));
        let request = expected(Replaces::Alive).update(change, layout);
        condition_held(turn.update(request).await)
    }
}
