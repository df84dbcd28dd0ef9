use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(9);

/// For the `n`th request to a source: the pause before it answers, and the life of its credentials. It fails if
/// there is no life.
type Script = fn(u32) -> (Duration, Option<Duration>);

#[derive(Clone)]
struct Source {
    script: Script,
    asked: Arc<AtomicU32>,
    /// The wall clock, which follows tokio's.
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

impl ProvideCredentials for Source {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let count = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let (pause, life) = (self.script)(count);
        future::ProvideCredentials::new(async move {
            tokio::time::sleep(pause).await;
            let life = life.ok_or_else(|| CredentialsError::provider_error("the vault is shut"))?;
            let end = (life < Duration::MAX).then(|| (self.clock)() + life);
            let id = format!("KEY{count}");
            Ok(Credentials::new(id, "secret", None, end, "test"))
        })
    }
}

fn cache(script: Script) -> (Cache, Source) {
    let (start, begun) = (SystemTime::now(), Instant::now());
    let clock: Arc<dyn Fn() -> SystemTime + Send + Sync> =
        Arc::new(move || start + begun.elapsed());
    let source = Source {
        script,
        asked: Arc::default(),
        clock: Arc::clone(&clock),
    };
    let provider = SharedCredentialsProvider::new(source.clone());
    let cache = Cache(Arc::new(Inner {
        source: provider,
        asking: Asking::new("the vault"),
        outage: None,
        clock: Box::new(move || clock()),
        state: Mutex::default(),
        audience: Audience::default(),
    }));
    (cache, source)
}

impl Source {
    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

async fn key(cache: &Cache) -> Result<String> {
    let credentials = cache.get(LIMIT).await?;
    Ok(credentials.access_key_id().to_owned())
}

/// Moves the clock and lets all tasks run.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn credentials_are_due_some_time_before_they_end() {
    let now = SystemTime::now();
    let due = |seconds: u64, jitter: f64| {
        let life = Life::new(
            Some(now + SECOND * u32::try_from(seconds).unwrap()),
            now,
            jitter,
        );
        life.due.unwrap().duration_since(now).unwrap().as_secs()
    };
    assert_eq!([due(3600, 0.0), due(3600, 1.0)], [3300, 3360]);
    assert_eq!([due(100, 0.0), due(100, 1.0)], [50, 60]);
    let given_late = Life::new(Some(now - SECOND), now, 0.5);
    assert!(given_late.has_ended(now) && given_late.is_due(now));
    let lasting = Life::new(None, now, 0.5);
    let for_ever = now + SECOND * 1_000_000;
    assert!(!lasting.has_ended(for_ever) && !lasting.is_due(for_ever));
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_is_asked_once_and_goes_on_when_its_callers_have_given_up() {
    let (cache, source) = cache(|_| (SECOND * 12, Some(Duration::MAX)));
    let calls = (0..50).map(|_| {
        let cache = cache.clone();
        tokio::spawn(async move { key(&cache).await })
    });
    for call in calls.collect::<Vec<_>>() {
        let error = call.await.unwrap().unwrap_err();
        let shown = "no AWS credentials could be loaded: the vault has not answered within 9000 ms";
        assert_eq!(error.to_string(), shown);
    }
    // A call that comes now fails at once.
    let begun = Instant::now();
    key(&cache).await.unwrap_err();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    pass(SECOND * 4).await;
    assert_eq!(key(&cache).await.unwrap(), "KEY1");
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_given_up_by_a_call_that_is_dropped_goes_on() {
    let (cache, source) = cache(|_| (SECOND * 4, Some(Duration::MAX)));
    timeout(SECOND, key(&cache)).await.unwrap_err();
    let missing = cache.missing().unwrap().to_string();
    assert!(
        missing.ends_with("the vault has not answered within 1000 ms"),
        "{missing}"
    );
    assert_eq!(key(&cache).await.unwrap(), "KEY1");
    assert_eq!(cache.missing(), None);
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_is_asked_again() {
    let (cache, source) = cache(|count| match count {
        1 => (SECOND * 100_000, None),
        _ => (Duration::ZERO, Some(Duration::MAX)),
    });
    key(&cache).await.unwrap_err();
    pass(LONGEST).await;
    assert_eq!(key(&cache).await.unwrap(), "KEY2");
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn credentials_are_used_to_their_end_while_renewals_fail() {
    let (cache, source) = cache(|count| match count {
        1 => (Duration::ZERO, Some(SECOND * 25)),
        _ => (Duration::ZERO, None),
    });
    for _ in 0..249 {
        assert_eq!(key(&cache).await.unwrap(), "KEY1");
        pass(Duration::from_millis(100)).await;
    }
    // With pauses of 1, 2, 4 and 8 seconds, less the jitter.
    assert!((3..=8).contains(&source.asked()), "{}", source.asked());
    pass(SECOND).await;
    let error = key(&cache).await.unwrap_err();
    assert!(error.to_string().ends_with("the vault is shut"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn renewals_are_in_the_background_and_one_at_a_time() {
    let (cache, source) = cache(|count| match count {
        1 => (Duration::ZERO, Some(SECOND * 3600)),
        _ => (SECOND * 10, Some(SECOND * 3600)),
    });
    assert_eq!(key(&cache).await.unwrap(), "KEY1");
    pass(SECOND * 3299).await;
    assert_eq!(key(&cache).await.unwrap(), "KEY1");
    assert_eq!(source.asked(), 1, "five minutes before the end");
    pass(SECOND * 62).await;
    for _ in 0..9 {
        assert_eq!(key(&cache).await.unwrap(), "KEY1");
        pass(SECOND).await;
    }
    pass(SECOND * 2).await;
    assert_eq!(key(&cache).await.unwrap(), "KEY2");
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_refused_are_replaced_once() {
    let (cache, source) = cache(|_| (SECOND, Some(Duration::MAX)));
    let refused = cache.get(LIMIT).await.unwrap();
    let others = (0..20).map(|_| {
        let (cache, refused) = (cache.clone(), refused.clone());
        tokio::spawn(async move { cache.others(&refused, LIMIT).await })
    });
    for other in others.collect::<Vec<_>>() {
        assert_eq!(other.await.unwrap().unwrap().access_key_id(), "KEY2");
    }
    assert_eq!(key(&cache).await.unwrap(), "KEY2");
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_source_without_others_is_left_alone_for_a_while() {
    let (cache, source) = cache(|count| match count {
        1 => (Duration::ZERO, Some(Duration::MAX)),
        _ => (Duration::ZERO, None),
    });
    let refused = cache.get(LIMIT).await.unwrap();
    for _ in 0..10 {
        assert_eq!(cache.others(&refused, LIMIT).await, None);
    }
    assert_eq!(source.asked(), 2);
    pass(ALIKE).await;
    assert_eq!(cache.others(&refused, LIMIT).await, None);
    assert_eq!(source.asked(), 3);
    assert_eq!(key(&cache).await.unwrap(), "KEY1");
}

#[tokio::test(start_paused = true)]
async fn credentials_that_have_ended_are_used_by_those_who_asked_for_them() {
    let (cache, source) = cache(|_| (Duration::ZERO, Some(Duration::ZERO)));
    assert_eq!(key(&cache).await.unwrap(), "KEY1");
    assert_eq!(key(&cache).await.unwrap(), "KEY2");
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_sdk_gets_the_credentials_of_the_request() {
    let (cache, source) = cache(|_| (Duration::ZERO, Some(Duration::ZERO)));
    let given = cache.get(LIMIT).await.unwrap();
    let signing = async { cache.provide_credentials().await };
    let (signing, _attempts) = attempts::sending(Some(given.clone()), None, signing).await;
    assert_eq!(signing.unwrap(), given);
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_is_asked_again() {
    let (cache, source) = cache(|count| match count {
        1 | 3 => panic!("a defect of the source"),
        _ => (Duration::ZERO, Some(SECOND * 100)),
    });
    key(&cache).await.unwrap_err();
    assert_eq!(cache.missing(), None);
    assert_eq!(key(&cache).await.unwrap(), "KEY2");
    pass(SECOND * 61).await;
    // The renewal panics, and the next one begins before the credentials end.
    for _ in 0..2 {
        assert_eq!(key(&cache).await.unwrap(), "KEY2");
        pass(SECOND).await;
    }
    assert_eq!(key(&cache).await.unwrap(), "KEY4");
    assert_eq!(source.asked(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_under_way_does_not_keep_refused_credentials_from_being_replaced() {
    let (cache, source) = cache(|count| match count {
        1 => (Duration::ZERO, Some(SECOND * 100)),
        2 => (SECOND, None),
        _ => (Duration::ZERO, Some(SECOND * 100)),
    });
    let refused = cache.get(LIMIT).await.unwrap();
    pass(SECOND * 61).await;
    assert_eq!(key(&cache).await.unwrap(), "KEY1");
    assert_eq!(cache.others(&refused, LIMIT).await, None);
    assert_eq!(source.asked(), 2);
    let other = cache.others(&refused, LIMIT).await.unwrap();
    assert_eq!(other.access_key_id(), "KEY3");
}
