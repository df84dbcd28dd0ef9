//! Sweeps of a table in DynamoDB Local: list, clear, reap.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use dynamo_session_store::core::error::{Error, Result};
use dynamo_session_store::core::expiry::{Expires, UnixMillis};
use dynamo_session_store::core::layout::{Item, Marks, Stored};
use dynamo_session_store::core::store::{PageAt, Sweep, SweptPage};
use serde_json::json;

use crate::support::canned::{Answer, Canned, in_turn};
use crate::support::hooked::BeforeDelete;
use crate::support::sessions::{
    ANN, DAY, HOUR, NOW, Sessions, Store, item, later, leftover, n, row, row_of_3_0_2, s, seconds,
    sorted,
};
use crate::support::sweeps::Sweeps;
use crate::support::{AMPLE, dynamo, merged, new_name};

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
    let listed = sessions.store.list(NOW, AMPLE).await;
    assert_eq!(listed, Ok(vec![(expected, Marks::default())]));
    sessions.remove().await;
}

#[tokio::test]
async fn a_store_without_a_prefix_lists_every_session() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(HOUR)).await;
    let stored = sessions.store(dynamo(), "").list(NOW, AMPLE).await.unwrap();
    assert_eq!(
        sorted(stored.into_iter().map(|(stored, _)| stored.sid)),
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

#[tokio::test]
async fn reaping_scans_at_half_the_price_of_listing() {
    let page = Answer::ok(json!({ "Items": [], "Count": 0 }));
    let server = Canned::start(in_turn([page])).await;
    let store = merged::store(server.dynamo(), &new_name(), 16);
    store.reap(NOW, AMPLE).await.unwrap();
    store.count(NOW, AMPLE).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].body["ConsistentRead"], json!(false));
    assert_eq!(requests[1].body["ConsistentRead"], json!(true));
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
    Error::unreachable(vec![key.to_owned()])
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

fn listed_in(pages: &[SweptPage]) -> Vec<String> {
    let listed = pages.iter().flat_map(|page| &page.listed);
    sorted(listed.map(|listed| listed.stored.sid.clone()))
}

#[tokio::test]
async fn segments_and_small_pages_give_the_same_sessions() {
    let sessions = forty_sessions(later(HOUR)).await;
    sessions.put_all(foreign()).await;
    let all: Vec<String> = (0..40).map(|index| format!("{index:02}")).collect();
    for (segments, most) in [(1, Some(3)), (7, None), (7, Some(1)), (100, Some(2))] {
        let at = PageAt {
            segments,
            most,
            ..PageAt::FIRST
        };
        let pages = sessions.store.pages(Sweep::List, at.clone(), NOW, AMPLE);
        let pages = pages.await.unwrap();
        assert_eq!(listed_in(&pages), all, "{segments} segments");
        let read: usize = pages.iter().map(|page| page.read).sum();
        assert_eq!(read, all.len() + foreign().len(), "{segments} segments");
        let most = most.map_or(usize::MAX, |most| most as usize);
        assert!(pages.iter().all(|page| page.read <= most));
    }
    sessions.remove().await;
}

#[tokio::test]
async fn capacity_units_are_counted_if_they_are_asked_for() {
    for (sweep, end) in [(Sweep::Clear, later(HOUR)), (Sweep::Reap, later(-HOUR))] {
        let sessions = forty_sessions(end).await;
        let uncounted = sessions.store.sweep(Sweep::Count, NOW, AMPLE).await;
        assert_eq!(uncounted.unwrap()[0].read_units, None);
        let at = PageAt {
            counts_units: true,
            ..PageAt::FIRST
        };
        let pages = sessions.store.pages(sweep, at, NOW, AMPLE).await.unwrap();
        // Each item has less than a kilobyte, so its deletion takes one unit.
        assert_eq!(pages[0].deleted.len(), 40);
        assert_eq!(pages[0].write_units, Some(40.0));
        assert!(pages[0].read_units.unwrap() > 0.0);
        assert!(sessions.ids().await.is_empty());
        sessions.remove().await;
    }
}

#[tokio::test]
async fn what_reap_deletes_is_counted_without_decoding_it() {
    let sessions = Sessions::new().await;
    let past = || seconds(later(-HOUR));
    sessions.put_all(foreign()).await;
    sessions
        .put_all([
            row("sess:live", seconds(later(HOUR)), ANN),
            row("sess:over", past(), ANN),
            row("sess:no-json", past(), "no JSON"),
            leftover("sess:leftover", past()),
        ])
        .await;
    let pages = sessions.store.sweep(Sweep::CountEnded, NOW, AMPLE).await;
    assert_eq!(pages.unwrap()[0].sessions, 3);
    assert_eq!(sessions.ids().await.len(), 4 + foreign().len());
    assert_eq!(sessions.store.reap(NOW, AMPLE).await.unwrap(), 3);
    sessions.remove().await;
}

#[tokio::test]
async fn a_refused_deletion_counts_for_a_unit() {
    let sessions = Sessions::new().await;
    sessions.save("abc", later(-HOUR)).await;
    let hook = Arc::new(TouchFirst(sessions.store(dynamo(), "sess:")));
    let at = PageAt {
        counts_units: true,
        ..PageAt::FIRST
    };
    let store = sessions.hooked(&hook);
    let pages = store.pages(Sweep::Reap, at, NOW, AMPLE).await.unwrap();
    assert_eq!((pages[0].sessions, pages[0].deleted.len()), (1, 0));
    assert_eq!(pages[0].write_units, Some(1.0));
    sessions.remove().await;
}

#[tokio::test]
async fn a_list_of_all_has_the_ended_sessions_too() {
    let sessions = Sessions::new().await;
    sessions.put_all(foreign()).await;
    sessions
        .put_all([
            row("sess:live", seconds(later(HOUR)), ANN),
            row("sess:over", seconds(later(-HOUR)), ANN),
            leftover("sess:leftover", seconds(later(-HOUR))),
            row("sess:no-json", seconds(later(-HOUR)), "no JSON"),
        ])
        .await;
    let pages = sessions.store.sweep(Sweep::ListAll, NOW, AMPLE).await;
    let pages = pages.unwrap();
    assert_eq!(listed_in(&pages), ["live", "over"]);
    let over = pages[0].listed.iter();
    let over = over.clone().find(|listed| listed.stored.sid == "over");
    let end = UnixMillis(later(-HOUR).seconds().floor() * 1000.0);
    assert_eq!(over.unwrap().expires, Some(end));
    assert_eq!(sessions.listed().await, ["live"]);
    sessions.remove().await;
}
