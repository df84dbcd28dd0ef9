use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::join_all;

use super::*;

/// The outcome of a simulation: operations come at a steady rate, and are sent again when throttled.
#[derive(Debug, Default)]
struct Run {
    sent: usize,
    done: usize,
    /// The number of operations that wait at the end.
    waiting: usize,
}

/// Simulates `demand` operations a second, for `lasts` milliseconds. `is_throttled` gets the time since the start,
/// in milliseconds.
fn run(rate: &mut Rate, demand: u64, lasts: u64, mut is_throttled: impl FnMut(u64) -> bool) -> Run {
    let began = Instant::now();
    let mut waiting = VecDeque::new();
    let mut run = Run::default();
    for time in 0..lasts {
        let now = began + Duration::from_millis(time);
        if (time * demand) % 1000 < demand {
            waiting.push_back(time);
        }
        while waiting.front().is_some_and(|turn| *turn <= time) && rate.take(now, 1).is_ok() {
            waiting.pop_front();
            run.sent += 1;
            if is_throttled(time) {
                rate.note(now, 0, 1);
                // Roughly the pause of a request that was throttled a few times.
                waiting.push_back(time + 200);
            } else {
                rate.note(now, 1, 0);
                run.done += 1;
            }
        }
    }
    run.waiting = waiting.len();
    run
}

#[test]
fn nothing_is_limited_unless_dynamodb_throttles() {
    let (mut rate, now) = (Rate::default(), Instant::now());
    for _ in 0..10_000 {
        assert_eq!(rate.take(now, 25), Ok(()));
        rate.note(now, 25, 0);
    }
    assert!(!rate.is_limited());
}

#[test]
fn throttling_at_random_does_not_bring_calls_to_a_halt() {
    let mut random = fastrand::Rng::with_seed(1);
    let run = run(&mut Rate::default(), 40, 20_000, |_| random.f64() < 0.3);
    assert!(run.waiting < 60, "{run:?}");
    assert!(run.done > 740, "{run:?}");
}

#[test]
fn a_table_that_takes_half_of_the_demand_gets_little_more() {
    let (mut saved, mut then) = (10.0, 0);
    let is_throttled = |time: u64| {
        saved = ((time - then) as f64 / 20.0 + saved).min(10.0);
        then = time;
        let is_throttled = saved < 1.0;
        if !is_throttled {
            saved -= 1.0;
        }
        is_throttled
    };
    let run = run(&mut Rate::default(), 100, 20_000, is_throttled);
    assert!(run.done > 900, "{run:?}");
    assert!(run.sent < run.done * 2, "{run:?}");
}

#[test]
fn a_table_that_throttles_everything_is_left_alone_and_taken_up_again() {
    let mut rate = Rate::default();
    let all = run(&mut rate, 200, 5000, |time| time >= 1000);
    // Enough requests are sent to notice the end of the throttling, and not many more.
    assert!((300..700).contains(&all.sent), "{all:?}");
    let mut rate = Rate::default();
    let after = run(&mut rate, 200, 10_000, |time| (1000..3000).contains(&time));
    assert!(after.waiting < 20, "{after:?}");
}

#[test]
fn after_a_calm_time_nothing_is_limited() {
    let (mut rate, began) = (Rate::default(), Instant::now());
    rate.note(began, 0, 1);
    assert!(rate.is_limited());
    assert!(rate.take(began, 1).is_err());
    rate.note(began + Duration::from_secs(4), 1, 0);
    assert!(rate.is_limited());
    rate.note(began + Duration::from_secs(6), 1, 0);
    assert!(!rate.is_limited());
}

#[test]
fn a_batch_counts_as_its_operations() {
    let (mut rate, began) = (Rate::default(), Instant::now());
    rate.note(began, 0, 1);
    let then = began + Duration::from_secs(1);
    assert_eq!(rate.take(then, 25), Ok(()));
    // The batch sent 24 more than may be sent at once, and the next operation needs one: 25 at 50 a second.
    assert_eq!(rate.take(then, 1), Err(Duration::from_millis(500)));
}

#[tokio::test(start_paused = true)]
async fn turns_come_in_the_order_in_which_they_were_asked_for() {
    let pace = Arc::new(Pace::default());
    pace.note(0, 1);
    let order = Mutex::new(Vec::new());
    let (pace, order) = (&pace, &order);
    let turns = (0..5).map(|number| async move {
        pace.turn(1).await;
        locked(order).push(number);
    });
    let began = Instant::now();
    join_all(turns).await;
    assert_eq!(*locked(order), [0, 1, 2, 3, 4]);
    // At 50 a second.
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(95) && took < Duration::from_millis(150),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_is_given_up_is_not_waited_for() {
    let pace = Pace::default();
    pace.note(0, 1);
    let first = pace.turn(1000);
    first.await;
    // The next turn is in 20 seconds.
    let given_up = tokio::time::timeout(Duration::from_secs(1), pace.turn(1)).await;
    assert!(given_up.is_err());
    pace.turn(1).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_error_is_known_for_those_who_began_before_it() {
    let limits = Limits::default();
    let began = Instant::now();
    assert_eq!(limits.throttled_since(began), None);
    let code = "ThrottlingException".to_owned();
    let error = Error::service(code, None, Some(400), None, None);
    limits.note(&error);
    let noted = Instant::now();
    assert_eq!(limits.throttled_since(began), Some((error.clone(), noted)));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(limits.throttled_since(Instant::now()), None);
    // While requests wait, the table throttles.
    let waiting = limits.wait(&limits.reads);
    tokio::time::advance(Duration::from_secs(1)).await;
    let now = Instant::now();
    assert_eq!(limits.throttled_since(now), Some((error.clone(), now)));
    drop(waiting);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(limits.throttled_since(began), Some((error, now)));
}

#[test]
fn a_pause_is_random_up_to_a_bound_that_doubles() {
    for (times, most) in [(1, 50), (2, 100), (5, 800), (6, 1000), (40, 1000)] {
        let most = Duration::from_millis(most);
        let pauses: Vec<_> = (0..200).map(|_| pause(times)).collect();
        assert!(pauses.iter().all(|pause| *pause <= most), "{times}");
        assert!(pauses.iter().any(|pause| *pause > most / 2), "{times}");
        assert!(pauses.iter().any(|pause| *pause < most / 2), "{times}");
    }
}
