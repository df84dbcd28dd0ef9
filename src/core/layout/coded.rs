//! Any item format, with sessions that may be encoded: compressed or encrypted.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Condition, ExpiringLayout, Form, Item, Layout, Marks, Outline, Record, Stored};
use crate::core::codec::{Codecs, Place};
use crate::core::error::Result;
use crate::core::expiry::{self, UnixMillis};
use crate::core::merge::Clock;

/// A layout whose sessions go through [`Codecs`]. It reads encoded sessions whatever its codecs are, and
/// writes as the inner layout does unless they encode.
#[derive(Clone)]
pub struct Coded<L> {
    inner: L,
    codecs: Arc<Codecs>,
    /// The table's name, not its ARN.
    table: String,
}

impl<L: Layout> Coded<L> {
    /// `inner` with `codecs`, for the sessions in `table`.
    pub fn new(inner: L, codecs: Arc<Codecs>, table: &str) -> Self {
        Self {
            inner,
            codecs,
            table: table.to_owned(),
        }
    }

    fn place<'p>(&'p self, key: &'p str) -> Place<'p> {
        Place {
            layout: self.inner.name(),
            table: &self.table,
            key,
        }
    }

    /// The bytes of an encoded session, and the key of its item. `None` if the session is not encoded.
    fn coded<'i>(&self, item: &'i Item) -> Option<(&'i [u8], &'i str)> {
        let AttributeValue::B(bytes) = item.get(self.inner.coded_attribute())? else {
            return None;
        };
        let key = item.get(self.inner.hash_key())?.as_s().ok()?;
        Some((bytes.as_ref(), key))
    }
}

impl<L: Layout> Layout for Coded<L> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn hash_key(&self) -> &str {
        self.inner.hash_key()
    }

    fn key(&self, sid: &str) -> String {
        self.inner.key(sid)
    }

    fn owns_key(&self, key: &str) -> bool {
        self.inner.owns_key(key)
    }

    fn coded_attribute(&self) -> &str {
        self.inner.coded_attribute()
    }

    fn to_item(&self, record: Record) -> Result<Item> {
        let key = self.inner.key(&record.sid);
        let coded = self.codecs.encode(&record.data, self.place(&key))?;
        let mut item = self.inner.to_item(record)?;
        if let Some(bytes) = coded {
            self.inner.insert_coded(&mut item, bytes);
        }
        Ok(item)
    }

    fn insert_coded(&self, item: &mut Item, bytes: Vec<u8>) {
        self.inner.insert_coded(item, bytes);
    }

    /// An encrypted session opens only under its key, so it is encrypted anew.
    fn rekeyed(&self, item: Item, key: &str) -> Result<Item> {
        let moved = match self.coded(&item) {
            Some((bytes, former)) => {
                (self.codecs).moved(bytes, self.place(former), self.place(key))?
            }
            None => None,
        };
        let mut item = self.inner.rekeyed(item, key)?;
        if let Some(bytes) = moved {
            self.inner.insert_coded(&mut item, bytes);
        }
        Ok(item)
    }

    fn marks(&self, item: &Item) -> Marks {
        self.inner.marks(item)
    }

    fn end(&self, item: &Item) -> Option<UnixMillis> {
        self.inner.end(item)
    }

    /// A session that has ended is not decoded: its key may be gone by then.
    fn read(&self, item: Item, now: UnixMillis) -> Result<Option<Stored>> {
        let Some((bytes, key)) = self.coded(&item) else {
            let stored = self.inner.read(item, now)?;
            let is_alive = |stored: &Stored| !expiry::has_passed(stored.expires, now);
            if stored.as_ref().is_some_and(is_alive) {
                self.codecs.accept_plaintext()?;
            }
            return Ok(stored);
        };
        if expiry::has_passed(self.inner.end(&item), now) {
            return Ok(None);
        }
        let data = self.codecs.decode(bytes, self.place(key))?;
        Ok(self.inner.read_decoded(item, data))
    }

    fn read_decoded(&self, item: Item, data: String) -> Option<Stored> {
        self.inner.read_decoded(item, data)
    }

    fn outline(&self, item: Item, now: UnixMillis) -> Option<Outline> {
        if self.coded(&item).is_none() {
            return self.inner.outline(item, now);
        }
        let Stored { sid, expires, .. } = self.inner.read_decoded(item, String::new())?;
        Some(Outline {
            sid,
            expires,
            is_readable: true,
        })
    }

    fn end_attribute(&self) -> Option<Arc<str>> {
        self.inner.end_attribute()
    }

    fn ours(&self) -> Condition {
        self.inner.ours()
    }
}

impl<L: ExpiringLayout> ExpiringLayout for Coded<L> {
    fn expires_attribute(&self) -> Arc<str> {
        self.inner.expires_attribute()
    }

    fn clock(&self) -> &'static Clock {
        self.inner.clock()
    }

    fn copied_keys(&self) -> Vec<&str> {
        self.inner.copied_keys()
    }

    fn data(&self, json: &str) -> Result<AttributeValue> {
        self.inner.data(json)
    }

    fn touch(&self, end: UnixMillis, lifetime: f64, form: Form) -> Condition {
        self.inner.touch(end, lifetime, form)
    }

    fn likely_form(&self, json: Option<&str>) -> Form {
        match self.codecs.likely_encodes(json) {
            true => Form::Coded,
            false => Form::Plain,
        }
    }

    fn form_condition(&self, form: Form) -> Option<Condition> {
        self.inner.form_condition(form)
    }
}

#[cfg(test)]
mod tests;
