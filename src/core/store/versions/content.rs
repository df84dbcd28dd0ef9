//! The content that a save writes: the session as it was given, or with the changes of other requests.

use super::Write;
use crate::core::layout::ExpiringLayout;
use crate::core::merge::{End, Merged, Rules, merge};
use crate::core::store::Known;

/// The content that an attempt writes.
pub(super) struct Content {
    pub(super) data: String,
    pub(super) end: End,
    /// Whether the content has changes of other requests.
    pub(super) is_merged: bool,
}

impl<L: ExpiringLayout + ?Sized> Write<L> {
    /// The session as it was given.
    pub(super) fn ours(&self) -> Content {
        Content {
            data: self.record.data.clone(),
            end: End::Ours,
            is_merged: false,
        }
    }

    /// The session with the changes of other requests. If the sessions cannot be merged, the session as
    /// it was given. `None` if another user has logged in, so that nothing may be written.
    pub(super) fn merged(&self, known: &Known, theirs: &str) -> Option<Content> {
        let rules = Rules {
            clock: self.layout.clock(),
            identity: &self.identity,
        };
        match merge(&known.bases(), &self.record.data, theirs, rules) {
            Some(Merged::Session(data, end)) => Some(Content {
                data,
                end,
                is_merged: true,
            }),
            Some(Merged::Ours) | None => Some(self.ours()),
            Some(Merged::Theirs) => None,
        }
    }
}
