//! Sessions in DynamoDB Local: load, save, touch, destroy, list, clear, reap.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::{Blob, DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::AttributeValue;
use dynamo_session_store::core::dynamo::Items;
use dynamo_session_store::core::error::{Error, Result};
use dynamo_session_store::core::expiry::{Expires, UnixMillis};
use dynamo_session_store::core::layout::{ConnectLayout, Item, Record, SpecialValue, Stored};
use dynamo_session_store::core::options::{Billing, TableName};
use dynamo_session_store::core::store::SessionStore;
use dynamo_session_store::core::table::Table;
use futures_util::future::join_all;

use crate::support::hooked::{BeforeDelete, Hooked};
use crate::support::{AMPLE, client, dynamo, new_name, remove, schedule};

const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);
const HOUR: f64 = 3_600_000.0;
const DAY: f64 = 24.0 * HOUR;

const ANN: &str = r#"{"cookie":{"path":"/"},"user":"ann"}"#;

type Store = SessionStore<ConnectLayout>;

/// A table of its own with a store on it.
struct Sessions {
    table: TableName,
    store: Store,
    client: Client,
}

impl Sessions {
    /// The table has no time to live: DynamoDB Local would take expired items away.
    async fn new() -> Self {
        Self::with(layout("sess:", &[])).await
    }

    async fn with(layout: ConnectLayout) -> Self {
        let (table, dynamo) = (new_name(), dynamo());
        let creation = Table::new(
            Arc::new(dynamo.clone()),
            table.clone(),
            "id",
            Billing::OnDemand,
            None,
        );
        creation.create(AMPLE).await.unwrap();
        Self {
            store: SessionStore::new(schedule(dynamo, &table, None), layout, true),
            client: client(),
            table,
        }
    }

    /// Another store on the same table.
    fn store(&self, items: impl Items, prefix: &str) -> Store {
        SessionStore::new(
            schedule(items, &self.table, None),
            layout(prefix, &[]),
            true,
        )
    }

    /// Another store on the same table, with `hook` before each deletion.
    fn hooked<H: BeforeDelete>(&self, hook: &Arc<H>) -> Store {
        let hooked = Hooked {
            inner: dynamo(),
            hook: Arc::clone(hook),
        };
        self.store(hooked, "sess:")
    }

    async fn save(&self, sid: &str, end: UnixMillis) {
        self.store.save(record(sid, end), AMPLE).await.unwrap();
    }

    async fn load(&self, sid: &str, now: UnixMillis) -> Option<String> {
        self.store.load(sid, now, AMPLE).await.unwrap()
    }

    /// Writes an item past the core.
    async fn put(&self, item: Item) {
        let request = self.client.put_item().table_name(self.table.as_str());
        request.set_item(Some(item)).send().await.unwrap();
    }

    async fn put_all(&self, items: impl IntoIterator<Item = Item>) {
        join_all(items.into_iter().map(|item| self.put(item))).await;
    }

    /// Reads an item past the core.
    async fn item(&self, id: &str) -> Option<Item> {
        let request = self.client.get_item().table_name(self.table.as_str());
        let answer = request.key("id", s(id)).consistent_read(true).send().await;
        answer.unwrap().item
    }

    /// The key of every item of the table, in order.
    async fn ids(&self) -> Vec<String> {
        let request = self.client.scan().table_name(self.table.as_str());
        let pages = request.consistent_read(true).into_paginator().items();
        let items: Vec<Item> = pages.send().collect::<Result<_, _>>().await.unwrap();
        sorted(items.iter().map(|item| item["id"].as_s().unwrap().clone()))
    }

    /// The ids of the sessions that `list` gives, in order.
    async fn listed(&self) -> Vec<String> {
        let sessions = self.store.list(NOW, AMPLE).await.unwrap();
        sorted(sessions.into_iter().map(|stored| stored.sid))
    }

    async fn remove(self) {
        remove(&self.table).await;
    }
}

fn layout(prefix: &str, special: &[(&str, &str)]) -> ConnectLayout {
    let special: Vec<_> = special
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
        .collect();
    ConnectLayout::new("id", prefix, &special, false).unwrap()
}

fn record(sid: &str, end: UnixMillis) -> Record {
    Record {
        sid: sid.to_owned(),
        data: ANN.to_owned(),
        expires: Some(Expires::at(end)),
        special: Vec::new(),
    }
}

fn later(milliseconds: f64) -> UnixMillis {
    UnixMillis(NOW.0 + milliseconds)
}

fn sorted<T: Ord>(these: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut these: Vec<T> = these.into_iter().collect();
    these.sort();
    these
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: f64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn seconds(moment: UnixMillis) -> AttributeValue {
    n(moment.seconds().floor())
}

fn item<const N: usize>(pairs: [(&str, AttributeValue); N]) -> Item {
    pairs
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

/// A session as connect-dynamodb writes it.
fn row(id: &str, expires: AttributeValue, sess: &str) -> Item {
    item([
        ("id", s(id)),
        ("expires", expires),
        ("type", s("connect-session")),
        ("sess", s(sess)),
    ])
}

/// What `touch` of connect-dynamodb leaves of a session that is gone.
fn leftover(id: &str, expires: AttributeValue) -> Item {
    item([("id", s(id)), ("expires", expires)])
}

/// A session of `lifetime` milliseconds as connect-dynamodb 3.0.2 writes it.
fn row_of_3_0_2(id: &str, saved: UnixMillis, lifetime: f64) -> Item {
    let end = DateTime::from_millis((saved.0 + lifetime) as i64);
    let end = end.fmt(DateTimeFormat::DateTime).unwrap();
    let sess = format!(
        r#"{{"cookie":{{"originalMaxAge":{lifetime},"expires":"{end}","path":"/"}},"user":"ann"}}"#
    );
    row(id, n(saved.seconds().floor() + lifetime), &sess)
}

/// Items that are no session of a store with the prefix `sess:`, each long past its end.
fn foreign() -> Vec<Item> {
    let past = || seconds(later(-DAY));
    vec![
        row("other:session", past(), ANN),
        row("sess", past(), ANN),
        leftover("other:leftover", past()),
        item([
            ("id", s("sess:type")),
            ("expires", past()),
            ("type", s("invoice")),
            ("sess", s(ANN)),
        ]),
        item([
            ("id", s("sess:no-type")),
            ("expires", past()),
            ("sess", s(ANN)),
        ]),
        item([
            ("id", s("sess:format")),
            ("expires", past()),
            ("data", s("user|s:3:\"ann\"")),
        ]),
    ]
}

fn foreign_ids() -> Vec<String> {
    sorted(
        foreign()
            .iter()
            .map(|item| item["id"].as_s().unwrap().clone()),
    )
}

/// `count` sessions that one page of a scan cannot hold.
fn large_rows(count: usize, end: UnixMillis) -> Vec<Item> {
    let sess = format!(r#"{{"text":"{}"}}"#, "x".repeat(60_000));
    let row = |index| row(&format!("sess:{index:02}"), seconds(end), &sess);
    (0..count).map(row).collect()
}

#[tokio::test]
async fn a_saved_session_is_loaded_until_it_ends() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(HOUR)).await;
    assert_eq!(sessions.load("abc", NOW).await.as_deref(), Some(ANN));
    assert_eq!(sessions.load("abc", later(HOUR)).await, None);
    assert_eq!(sessions.load("other", NOW).await, None);
    let expected = row("sess:abc", seconds(later(HOUR)), ANN);
    assert_eq!(sessions.item("sess:abc").await, Some(expected));
    sessions.remove().await;
}

#[tokio::test]
async fn saving_replaces_the_session() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(-HOUR)).await;
    assert_eq!(sessions.load("abc", NOW).await, None);
    sessions.save("abc", later(HOUR)).await;
    assert_eq!(sessions.load("abc", NOW).await.as_deref(), Some(ANN));
    sessions.remove().await;
}

#[tokio::test]
async fn a_session_is_read_whether_or_not_the_read_is_consistent() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(HOUR)).await;
    let layout = layout("sess:", &[]);
    let store = SessionStore::new(schedule(dynamo(), &sessions.table, None), layout, false);
    let loaded = store.load("abc", NOW, AMPLE).await;
    assert_eq!(loaded, Ok(Some(ANN.to_owned())));
    assert_eq!(store.list(NOW, AMPLE).await.unwrap().len(), 1);
    sessions.remove().await;
}

#[tokio::test]
async fn special_keys_are_attributes_of_their_own() {
    let keys = [
        ("s", "S"),
        ("b", "B"),
        ("n", "N"),
        ("t1", "N"),
        ("t2", "N"),
        ("t3", "N"),
    ];
    let sessions = Sessions::with(layout("sess:", &keys)).await;
    let text = |text: &str| SpecialValue::Text(text.to_owned());
    let special = vec![
        text("ann"),
        SpecialValue::Bytes(vec![0, 255]),
        SpecialValue::Number(1e21),
        text(" +5"),
        text(".5"),
        text("5.E1"),
    ];
    let record = Record {
        special,
        ..record("abc", later(HOUR))
    };
    sessions.store.save(record, AMPLE).await.unwrap();
    let item = sessions.item("sess:abc").await.unwrap();
    assert_eq!(item["s"], s("ann"));
    assert_eq!(item["b"], AttributeValue::B(Blob::new([0, 255])));
    let number = |name| item[name].as_n().unwrap().parse();
    assert_eq!(
        ["n", "t1", "t2", "t3"].map(number),
        [Ok(1e21), Ok(5.0), Ok(0.5), Ok(50.0)]
    );
    assert_eq!(sessions.load("abc", NOW).await.as_deref(), Some(ANN));
    sessions.remove().await;
}

#[tokio::test]
async fn a_session_larger_than_an_item_is_refused_without_its_data_in_the_error() {
    let sessions = Sessions::new().await;
    let record = Record {
        data: "hunter2".repeat(60_000),
        ..record("abc", later(HOUR))
    };
    let error = sessions.store.save(record, AMPLE).await.unwrap_err();
    assert!(error.is_service("ValidationException"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    sessions.remove().await;
}

#[tokio::test]
async fn touching_moves_the_end_and_nothing_else() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(HOUR)).await;
    let touched = sessions.store.touch("abc", Expires::at(later(DAY)), AMPLE);
    assert_eq!(touched.await, Ok(true));
    let expected = row("sess:abc", seconds(later(DAY)), ANN);
    assert_eq!(sessions.item("sess:abc").await, Some(expected));
    sessions.remove().await;
}

#[tokio::test]
async fn touching_a_session_that_is_gone_writes_nothing() {
    let sessions = Sessions::new().await;
    let touched = sessions.store.touch("abc", Expires::at(later(DAY)), AMPLE);
    assert_eq!(touched.await, Ok(false));
    assert!(sessions.ids().await.is_empty());
    sessions.remove().await;
}

#[tokio::test]
async fn touching_a_leftover_is_refused_and_leaves_it() {
    let sessions = Sessions::new().await;
    let left = leftover("sess:abc", seconds(later(HOUR)));
    sessions.put(left.clone()).await;
    let touched = sessions.store.touch("abc", Expires::at(later(DAY)), AMPLE);
    assert_eq!(touched.await, Ok(false));
    assert_eq!(sessions.item("sess:abc").await, Some(left));
    assert_eq!(sessions.load("abc", NOW).await, None);
    sessions.remove().await;
}

#[tokio::test]
async fn a_destroyed_session_is_gone_and_destroying_it_again_is_no_error() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(HOUR)).await;
    sessions.save("def", later(HOUR)).await;
    for _ in 0..2 {
        assert_eq!(sessions.store.destroy("abc", AMPLE).await, Ok(()));
        assert_eq!(sessions.ids().await, ["sess:def"]);
    }
    sessions.remove().await;
}

#[tokio::test]
async fn a_session_without_an_end_never_ends() {
    let sessions = Sessions::new().await;
    let mut forever = row("sess:abc", n(0.0), ANN);
    forever.remove("expires");
    sessions.put(forever).await;
    let much_later = later(10_000.0 * DAY);
    assert_eq!(sessions.load("abc", much_later).await.as_deref(), Some(ANN));
    assert_eq!(sessions.store.reap(much_later, AMPLE).await, Ok(0));
    let listed = sessions.store.list(much_later, AMPLE).await.unwrap();
    let expected = Stored {
        sid: "abc".to_owned(),
        data: ANN.to_owned(),
        expires: None,
    };
    assert_eq!(listed, [expected]);
    sessions.remove().await;
}

#[tokio::test]
async fn a_session_ends_when_its_row_says_in_whatever_unit() {
    let sessions = Sessions::new().await;
    let end = later(HOUR);
    sessions
        .put_all([
            row("sess:seconds", seconds(end), ANN),
            row("sess:fraction", n(end.seconds()), ANN),
            row("sess:milliseconds", n(end.0), ANN),
        ])
        .await;
    for sid in ["seconds", "fraction", "milliseconds"] {
        assert!(sessions.load(sid, NOW).await.is_some(), "{sid}");
        assert_eq!(sessions.load(sid, end).await, None, "{sid}");
    }
    sessions.remove().await;
}

#[tokio::test]
async fn a_row_of_3_0_2_ends_when_its_cookie_does() {
    let sessions = Sessions::new().await;
    sessions
        .put_all([
            row_of_3_0_2("sess:day", NOW, DAY),
            row_of_3_0_2("sess:hour", NOW, HOUR),
        ])
        .await;
    for (sid, lifetime) in [("day", DAY), ("hour", HOUR)] {
        let within = later(lifetime - 2_000.0);
        assert!(sessions.load(sid, within).await.is_some(), "{sid}");
        let over = later(lifetime + 2_000.0);
        assert_eq!(sessions.load(sid, over).await, None, "{sid}");
    }
    sessions.remove().await;
}

#[tokio::test]
async fn rows_of_3_0_2_are_reaped_when_they_are_over() {
    let sessions = Sessions::new().await;
    sessions
        .put_all([
            row_of_3_0_2("sess:over", later(-2.0 * DAY), DAY),
            row_of_3_0_2("sess:live", NOW, DAY),
        ])
        .await;
    assert_eq!(sessions.listed().await, ["live"]);
    assert_eq!(sessions.store.reap(NOW, AMPLE).await, Ok(1));
    assert_eq!(sessions.ids().await, ["sess:live"]);
    sessions.remove().await;
}

#[tokio::test]
async fn listing_gives_live_sessions_of_this_store_alone() {
    let sessions = Sessions::new().await;
    sessions.put_all(foreign()).await;
    sessions
        .put_all([
            row("other:live", seconds(later(HOUR)), ANN),
            row("sess:live", seconds(later(HOUR)), ANN),
            row("sess:over", seconds(later(-HOUR)), ANN),
            // In the second that is now: past the scan's filter, which knows whole seconds.
            row("sess:just-over", n(NOW.seconds() - 0.001), ANN),
            leftover("sess:leftover", seconds(later(HOUR))),
        ])
        .await;
    let expected = Stored {
        sid: "live".to_owned(),
        data: ANN.to_owned(),
        expires: Some(UnixMillis(later(HOUR).seconds().floor() * 1000.0)),
    };
    assert_eq!(sessions.store.list(NOW, AMPLE).await, Ok(vec![expected]));
    sessions.remove().await;
}

#[tokio::test]
async fn a_store_without_a_prefix_lists_every_session() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(HOUR)).await;
    let stored = sessions.store(dynamo(), "").list(NOW, AMPLE).await.unwrap();
    assert_eq!(
        sorted(stored.into_iter().map(|stored| stored.sid)),
        ["sess:abc"]
    );
    sessions.remove().await;
}

#[tokio::test]
async fn every_page_is_listed_and_cleared() {
    let sessions = Sessions::new().await;
    let rows = large_rows(30, later(HOUR));
    sessions.put_all(rows).await;
    sessions.put_all(foreign()).await;
    let scan = sessions.client.scan().table_name(sessions.table.as_str());
    let first_page = scan.send().await.unwrap();
    assert!(first_page.last_evaluated_key.is_some());

    let listed = sessions.listed().await;
    let all: Vec<String> = (0..30).map(|index| format!("{index:02}")).collect();
    assert_eq!(listed, all);
    assert_eq!(sessions.store.clear(NOW, AMPLE).await, Ok(()));
    assert_eq!(sessions.ids().await, foreign_ids());
    sessions.remove().await;
}

#[tokio::test]
async fn every_page_is_reaped() {
    let sessions = Sessions::new().await;
    sessions.put_all(large_rows(30, later(-HOUR))).await;
    sessions.save("live", later(HOUR)).await;
    assert_eq!(sessions.store.reap(NOW, AMPLE).await, Ok(30));
    assert_eq!(sessions.ids().await, ["sess:live"]);
    sessions.remove().await;
}

#[tokio::test]
async fn reaping_takes_what_is_over_and_nothing_else() {
    let sessions = Sessions::new().await;
    let mut forever = row("sess:forever", n(0.0), ANN);
    forever.remove("expires");
    sessions.put_all(foreign()).await;
    sessions
        .put_all([
            forever,
            row("sess:live", seconds(later(HOUR)), ANN),
            row("sess:live-ms", n(later(HOUR).0), ANN),
            leftover("sess:live-leftover", seconds(later(HOUR))),
            row("sess:over", seconds(later(-HOUR)), ANN),
            row("sess:over-ms", n(later(-HOUR).0), ANN),
            row("sess:over-fraction", n(later(-HOUR).seconds()), ANN),
            leftover("sess:over-leftover", seconds(later(-HOUR))),
            leftover("sess:over-leftover-ms", n(later(-HOUR).0)),
        ])
        .await;
    assert_eq!(sessions.store.reap(NOW, AMPLE).await, Ok(5));
    let live = ["forever", "live", "live-ms", "live-leftover"];
    let live = live.iter().map(|sid| format!("sess:{sid}"));
    assert_eq!(
        sessions.ids().await,
        sorted(live.chain(foreign_ids())),
        "after reaping"
    );
    assert_eq!(sessions.store.reap(NOW, AMPLE).await, Ok(0));
    sessions.remove().await;
}

/// Touches each session that is about to be deleted.
struct TouchFirst(Store);

#[async_trait]
impl BeforeDelete for TouchFirst {
    async fn before_delete(&self, key: &str) -> Result<()> {
        let sid = key.strip_prefix("sess:").unwrap();
        let touched = self.0.touch(sid, Expires::at(later(DAY)), AMPLE).await?;
        assert!(touched);
        Ok(())
    }
}

#[tokio::test]
async fn a_session_that_is_touched_while_it_is_reaped_stays() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(-HOUR)).await;
    let hook = Arc::new(TouchFirst(sessions.store(dynamo(), "sess:")));
    assert_eq!(sessions.hooked(&hook).reap(NOW, AMPLE).await, Ok(0));
    assert_eq!(sessions.load("abc", NOW).await.as_deref(), Some(ANN));
    sessions.remove().await;
}

/// Fails the deletion of some sessions, and remembers all that were to be deleted.
#[derive(Default)]
struct Refuse {
    tried: Mutex<Vec<String>>,
}

const REFUSED: [&str; 2] = ["sess:03", "sess:17"];

#[async_trait]
impl BeforeDelete for Refuse {
    async fn before_delete(&self, key: &str) -> Result<()> {
        self.tried.lock().unwrap().push(key.to_owned());
        if REFUSED.contains(&key) {
            return Err(refusal(key));
        }
        Ok(())
    }
}

fn refusal(key: &str) -> Error {
    Error::Unreachable {
        causes: vec![key.to_owned()],
    }
}

/// Asserts that all of 40 were tried, the two that were refused are there, and the first refusal
/// is reported.
async fn assert_all_were_tried(sessions: Sessions, hook: &Refuse, error: Error) {
    let tried = hook.tried.lock().unwrap().clone();
    let all: Vec<String> = (0..40).map(|index| format!("sess:{index:02}")).collect();
    assert_eq!(sorted(tried.clone()), all);
    assert_eq!(sessions.ids().await, REFUSED);
    let first = tried.iter().find(|key| REFUSED.contains(&key.as_str()));
    assert_eq!(error, refusal(first.unwrap()));
    sessions.remove().await;
}

async fn forty_sessions(end: UnixMillis) -> Sessions {
    let sessions = Sessions::new().await;
    let row = |index| row(&format!("sess:{index:02}"), seconds(end), ANN);
    sessions.put_all((0..40).map(row)).await;
    sessions
}

#[tokio::test]
async fn reaping_reports_the_first_failure_after_it_tried_the_others() {
    let sessions = forty_sessions(later(-HOUR)).await;
    let hook = Arc::new(Refuse::default());
    let outcome = sessions.hooked(&hook).reap(NOW, AMPLE).await;
    assert_all_were_tried(sessions, &hook, outcome.unwrap_err()).await;
}

#[tokio::test]
async fn clearing_reports_the_first_failure_after_it_tried_the_others() {
    let sessions = forty_sessions(later(HOUR)).await;
    let hook = Arc::new(Refuse::default());
    let outcome = sessions.hooked(&hook).clear(NOW, AMPLE).await;
    assert_all_were_tried(sessions, &hook, outcome.unwrap_err()).await;
}
