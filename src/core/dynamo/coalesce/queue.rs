//! Whose turn it is: what waits, in which order, and what may be sent together. No I/O.
//!
//! Operations on one key take turns in the order in which they were asked for. A turn is over when
//! it is answered, and the next begins. Only reads begin while others are under way.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::oneshot;

/// An item's key: the value of its only key attribute.
pub type Key = Arc<str>;

/// What waits for its turn on one key.
enum Waiting<R, W> {
    Reads(Vec<R>),
    /// All but the last are overtaken by it: they are answered with it.
    Writes(Vec<W>),
    /// Reads that were sent and are not answered, as so many requests. First, where there are any.
    Reading(usize),
    /// A write or a lone operation that was sent and is not answered. First, where there is one.
    Running,
    /// To be told that it may begin.
    Alone(oneshot::Sender<()>),
}

/// Operations of one kind that may be sent together.
pub enum Batch<R, W> {
    /// Each key once, with everybody who wants to read it.
    Reads(Vec<(Key, Vec<R>)>),
    /// Each key once, with its writes, of which the last is the one to send.
    Writes(Vec<(Key, Vec<W>)>),
}

impl<R, W> Batch<R, W> {
    /// How many operations it has: one for each key.
    pub fn len(&self) -> usize {
        match self {
            Self::Reads(reads) => reads.len(),
            Self::Writes(writes) => writes.len(),
        }
    }
}

/// How many operations may go into a batch.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Of reads.
    pub reads: usize,
    /// Of writes.
    pub writes: usize,
}

/// See the [module](self). `R` and `W` are reads and writes that wait.
pub struct Queue<R, W> {
    /// How many operations there may be before any are merged, and how many requests under way
    /// before all wait.
    threshold: usize,
    /// How many requests are under way.
    requests: usize,
    /// How many operations these carry.
    operations: usize,
    keys: HashMap<Key, VecDeque<Waiting<R, W>>>,
    /// The keys whose turn it is to be read, and when they came.
    reads: VecDeque<(u64, Key)>,
    /// The same for writes.
    writes: VecDeque<(u64, Key)>,
    arrivals: u64,
}

impl<R, W> Queue<R, W> {
    /// Each operation is sent alone and at once while there are no more than `threshold` of them in
    /// all. When there are more, those that wait go together: as soon as there are as many as
    /// requests under way, and fewer than `threshold` of these.
    pub fn new(threshold: usize) -> Self {
        Self {
            threshold: threshold.max(1),
            requests: 0,
            operations: 0,
            keys: HashMap::new(),
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            arrivals: 0,
        }
    }

    /// A read. It shares a request with others that wait for the same.
    pub fn add_read(&mut self, key: Key, read: R) {
        let turns = self.keys.entry(key.clone()).or_default();
        if let Some(Waiting::Reads(reads)) = turns.back_mut() {
            reads.push(read);
            return;
        }
        turns.push_back(Waiting::Reads(vec![read]));
        let is_next = match turns.front() {
            Some(Waiting::Reading(_)) => turns.len() == 2,
            _ => turns.len() == 1,
        };
        if is_next {
            self.is_ready(key, Kind::Reads);
        }
    }

    /// A write that may be merged.
    pub fn add_write(&mut self, key: Key, write: W) {
        let turns = self.keys.entry(key.clone()).or_default();
        if let Some(Waiting::Writes(writes)) = turns.back_mut() {
            writes.push(write);
            return;
        }
        turns.push_back(Waiting::Writes(vec![write]));
        if turns.len() == 1 {
            self.is_ready(key, Kind::Writes);
        }
    }

    /// Whether an operation on `key` that is never merged may begin at once: then [`Queue::done`]
    /// has to follow. [`Queue::add_alone`] where it may not.
    pub fn may_run_alone(&mut self, key: &Key) -> bool {
        let may = !self.keys.contains_key(key);
        if may {
            let turns = VecDeque::from([Waiting::Running]);
            self.keys.insert(Key::clone(key), turns);
        }
        may
    }

    /// An operation that is never merged and has to wait, until it is told to begin.
    /// [`Queue::done`] has to follow.
    pub fn add_alone(&mut self, key: Key) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let turns = self.keys.entry(key).or_default();
        turns.push_back(Waiting::Alone(sender));
        receiver
    }

    /// A request that was under way has ended, with as many operations.
    pub fn release(&mut self, operations: usize) {
        self.requests -= 1;
        self.operations -= operations;
    }

    /// What runs on `key` has ended, or one of its reads: the next may have its turn.
    pub fn done(&mut self, key: &Key) {
        let Some(turns) = self.keys.get_mut(key) else {
            return;
        };
        match turns.front_mut() {
            Some(Waiting::Reading(requests)) if *requests > 1 => *requests -= 1,
            Some(Waiting::Reading(_)) => {
                turns.pop_front();
                // Reads did not wait for them.
                if !matches!(turns.front(), Some(Waiting::Reads(_))) {
                    self.advance(key);
                }
            }
            Some(Waiting::Running) => {
                turns.pop_front();
                self.advance(key);
            }
            _ => {}
        }
    }

    /// What is to be sent next, where a request may be sent. [`Queue::release`] has to follow when
    /// that has ended, and [`Queue::done`] for each of its keys.
    pub fn next(&mut self, limits: Limits) -> Option<Batch<R, W>> {
        let all = self.operations + self.reads.len() + self.writes.len();
        // Under load, the more requests are under way, the more goes with the next.
        let (least, limits) = if all > self.threshold {
            (self.requests, limits)
        } else {
            (
                0,
                Limits {
                    reads: 1,
                    writes: 1,
                },
            )
        };
        let is_ready = |waiting: usize, limit: usize| {
            let enough = self.requests < self.threshold && waiting >= least.min(limit);
            // What cannot be merged has nothing to wait for.
            waiting > 0 && (enough || limit == 1)
        };
        let reads = is_ready(self.reads.len(), limits.reads);
        let writes = is_ready(self.writes.len(), limits.writes);
        let oldest = |queue: &VecDeque<(u64, Key)>| queue.front().map(|(arrival, _)| *arrival);
        let reads_are_older = oldest(&self.reads) < oldest(&self.writes);
        let batch = if reads && (reads_are_older || !writes) {
            Batch::Reads(self.take_reads(limits.reads))
        } else if writes {
            Batch::Writes(self.take_writes(limits.writes))
        } else {
            return None;
        };
        self.is_sent(batch.len());
        Some(batch)
    }

    /// A request with as many operations, if any, is on its way.
    fn is_sent(&mut self, operations: usize) {
        self.requests += operations.min(1);
        self.operations += operations;
    }

    fn take_reads(&mut self, most: usize) -> Vec<(Key, Vec<R>)> {
        let count = self.reads.len().min(most);
        let mut taken = Vec::with_capacity(count);
        for (_, key) in self.reads.drain(..count) {
            let Some(turns) = self.keys.get_mut(&key) else {
                continue;
            };
            let (under_way, reads) = match turns.pop_front() {
                Some(Waiting::Reading(requests)) => (requests, turns.pop_front()),
                reads => (0, reads),
            };
            turns.push_front(Waiting::Reading(under_way + 1));
            if let Some(Waiting::Reads(reads)) = reads {
                taken.push((key, reads));
            }
        }
        taken
    }

    fn take_writes(&mut self, most: usize) -> Vec<(Key, Vec<W>)> {
        let count = self.writes.len().min(most);
        let mut taken = Vec::with_capacity(count);
        for (_, key) in self.writes.drain(..count) {
            let front = self.keys.get_mut(&key).and_then(VecDeque::front_mut);
            if let Some(front) = front
                && let Waiting::Writes(writes) = std::mem::replace(front, Waiting::Running)
            {
                taken.push((key, writes));
            }
        }
        taken
    }

    /// Gives the turn on `key` to whatever is first there now.
    fn advance(&mut self, key: &Key) {
        let Some(turns) = self.keys.get_mut(key) else {
            return;
        };
        loop {
            match turns.pop_front() {
                Some(Waiting::Alone(start)) => {
                    if start.send(()).is_ok() {
                        turns.push_front(Waiting::Running);
                        return;
                    }
                    // Whoever asked for it has given up.
                }
                Some(reads @ Waiting::Reads(_)) => {
                    turns.push_front(reads);
                    return self.is_ready(Key::clone(key), Kind::Reads);
                }
                Some(writes) => {
                    turns.push_front(writes);
                    return self.is_ready(Key::clone(key), Kind::Writes);
                }
                None => {
                    self.keys.remove(key);
                    return;
                }
            }
        }
    }

    /// What comes next on `key` waits for nothing but a request to go with.
    fn is_ready(&mut self, key: Key, kind: Kind) {
        self.arrivals += 1;
        let ready = match kind {
            Kind::Reads => &mut self.reads,
            Kind::Writes => &mut self.writes,
        };
        ready.push_back((self.arrivals, key));
    }
}

/// What can be merged.
#[derive(Clone, Copy)]
enum Kind {
    Reads,
    Writes,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        reads: 100,
        writes: 25,
    };

    /// Keys, and the names of what waits on each.
    type Named = Vec<(Key, Vec<&'static str>)>;

    /// Reads and writes are told apart by a name.
    struct Model {
        queue: Queue<&'static str, &'static str>,
        alone: Vec<oneshot::Receiver<()>>,
    }

    impl Model {
        fn new(threshold: usize) -> Self {
            Self {
                queue: Queue::new(threshold),
                alone: Vec::new(),
            }
        }

        fn read(&mut self, key: &str, name: &'static str) {
            self.queue.add_read(key.into(), name);
        }

        fn write(&mut self, key: &str, name: &'static str) {
            self.queue.add_write(key.into(), name);
        }

        fn alone(&mut self, key: &str) -> bool {
            let may = self.queue.may_run_alone(&key.into());
            if !may {
                self.alone.push(self.queue.add_alone(key.into()));
            }
            may
        }

        fn next(&mut self) -> Option<(&'static str, Named)> {
            self.queue.next(LIMITS).map(|batch| match batch {
                Batch::Reads(reads) => ("reads", reads),
                Batch::Writes(writes) => ("writes", writes),
            })
        }
    }

    fn one(key: &str, names: &[&'static str]) -> Named {
        vec![(key.into(), names.to_vec())]
    }

    #[test]
    fn a_few_operations_go_alone() {
        let mut model = Model::new(4);
        model.read("a", "1");
        assert_eq!(model.next(), Some(("reads", one("a", &["1"]))));
        model.read("b", "2");
        model.write("c", "3");
        model.read("d", "4");
        assert_eq!(model.next(), Some(("reads", one("b", &["2"]))));
        assert_eq!(model.next(), Some(("writes", one("c", &["3"]))));
        assert_eq!(model.next(), Some(("reads", one("d", &["4"]))));
        assert!(model.next().is_none());
    }

    #[test]
    fn many_operations_of_one_moment_go_together() {
        let mut model = Model::new(2);
        model.read("a", "1");
        model.write("b", "2");
        model.read("c", "3");
        let reads = [one("a", &["1"]), one("c", &["3"])].concat();
        assert_eq!(model.next(), Some(("reads", reads)));
        assert_eq!(model.next(), Some(("writes", one("b", &["2"]))));
        assert!(model.next().is_none());
    }

    #[test]
    fn under_load_operations_wait_for_company_or_for_an_answer() {
        let mut model = Model::new(3);
        for key in ["a", "b", "c"] {
            model.read(key, "first");
            assert!(model.next().is_some());
        }
        model.read("d", "1");
        model.read("e", "2");
        assert!(model.next().is_none(), "three requests are under way");
        model.queue.release(1);
        let reads = [one("d", &["1"]), one("e", &["2"])].concat();
        assert_eq!(model.next(), Some(("reads", reads)), "two wait, two go on");
        model.queue.release(1);
        model.read("f", "3");
        assert!(model.next().is_none(), "one waits, two go on");
        model.queue.release(1);
        assert_eq!(model.next(), Some(("reads", one("f", &["3"]))));
    }

    #[test]
    fn reads_of_one_key_that_wait_share_a_request_and_those_on_their_way_do_not() {
        let mut model = Model::new(1);
        model.read("a", "1");
        model.read("a", "2");
        assert_eq!(model.next(), Some(("reads", one("a", &["1", "2"]))));
        model.read("a", "3");
        model.queue.release(1);
        assert_eq!(model.next(), Some(("reads", one("a", &["3"]))));
        for _request in 0..2 {
            model.queue.done(&"a".into());
        }
        assert!(model.queue.keys.is_empty());
    }

    #[test]
    fn reads_that_wait_are_not_lost_when_those_before_them_are_answered() {
        let mut model = Model::new(1);
        model.read("a", "1");
        assert!(model.next().is_some());
        model.read("a", "2");
        model.write("a", "3");
        model.queue.done(&"a".into());
        model.queue.release(1);
        assert_eq!(model.next(), Some(("reads", one("a", &["2"]))));
        model.queue.release(1);
        assert!(model.next().is_none());
        model.queue.done(&"a".into());
        assert_eq!(model.next(), Some(("writes", one("a", &["3"]))));
    }

    #[test]
    fn a_write_waits_for_all_reads_before_it() {
        let mut model = Model::new(4);
        for name in ["1", "2"] {
            model.read("a", name);
            assert!(model.next().is_some());
        }
        model.write("a", "3");
        model.read("a", "4");
        model.queue.done(&"a".into());
        assert!(model.next().is_none(), "one of the reads is under way");
        model.queue.done(&"a".into());
        assert_eq!(model.next(), Some(("writes", one("a", &["3"]))));
        assert!(model.next().is_none());
        model.queue.done(&"a".into());
        assert_eq!(model.next(), Some(("reads", one("a", &["4"]))));
    }

    #[test]
    fn a_write_waits_for_the_one_before_it_and_overtakes_those_that_wait() {
        let mut model = Model::new(4);
        model.write("a", "1");
        assert_eq!(model.next(), Some(("writes", one("a", &["1"]))));
        model.write("a", "2");
        model.write("a", "3");
        assert!(model.next().is_none());
        model.queue.release(1);
        model.queue.done(&"a".into());
        assert_eq!(model.next(), Some(("writes", one("a", &["2", "3"]))));
    }

    #[test]
    fn nothing_overtakes_what_was_asked_of_its_key_before() {
        let mut model = Model::new(1);
        model.read("a", "before");
        model.write("a", "write");
        assert!(!model.alone("a"));
        model.read("a", "after");
        assert_eq!(model.next(), Some(("reads", one("a", &["before"]))));
        model.queue.release(1);
        model.queue.done(&"a".into());
        assert_eq!(model.next(), Some(("writes", one("a", &["write"]))));
        model.queue.release(1);
        assert!(model.next().is_none());
        model.queue.done(&"a".into());
        // The lone operation runs now, and the read waits for it.
        assert_eq!(model.alone[0].try_recv(), Ok(()));
        assert!(model.next().is_none());
        model.queue.done(&"a".into());
        assert_eq!(model.next(), Some(("reads", one("a", &["after"]))));
        model.queue.done(&"a".into());
        assert!(model.queue.keys.is_empty());
    }

    #[test]
    fn a_lone_operation_that_was_given_up_holds_nobody() {
        let mut model = Model::new(4);
        model.write("a", "1");
        assert!(!model.alone("a"));
        model.read("a", "2");
        assert_eq!(model.next(), Some(("writes", one("a", &["1"]))));
        model.alone.clear();
        model.queue.release(1);
        model.queue.done(&"a".into());
        assert_eq!(model.next(), Some(("reads", one("a", &["2"]))));
    }

    #[test]
    fn what_came_first_goes_first() {
        let mut model = Model::new(1);
        model.write("a", "1");
        model.read("b", "2");
        model.write("c", "3");
        let writes = [one("a", &["1"]), one("c", &["3"])].concat();
        assert_eq!(model.next(), Some(("writes", writes)));
        model.queue.release(2);
        assert_eq!(model.next(), Some(("reads", one("b", &["2"]))));
    }

    #[test]
    fn what_may_not_be_merged_waits_for_nothing() {
        let mut model = Model::new(1);
        let limits = Limits { reads: 1, ..LIMITS };
        for key in ["a", "b", "c"] {
            model.read(key, "r");
            model.write(key, "w");
        }
        let mut sent = 0;
        while let Some(batch) = model.queue.next(limits) {
            assert!(matches!(batch, Batch::Reads(_)) && batch.len() == 1);
            sent += 1;
        }
        // The writes may be merged, and wait.
        assert_eq!(sent, 3);
    }

    #[test]
    fn a_batch_has_no_more_than_dynamodb_takes() {
        let mut model = Model::new(1);
        for index in 0..30 {
            model.write(&format!("key{index}"), "w");
        }
        for index in 0..121 {
            model.read(&format!("other{index}"), "r");
        }
        let mut sizes = Vec::new();
        while let Some((kind, batch)) = model.next() {
            model.queue.release(batch.len());
            sizes.push((kind, batch.len()));
        }
        let expected = [("writes", 25), ("writes", 5), ("reads", 100), ("reads", 21)];
        assert_eq!(sizes, expected);
    }
}
