//! Garbage for the tests: bytes that no reader of this crate may panic on, hang on, or grow without
//! bound on.
//!
//! Each module that reads something from outside has a `garbage_tests.rs` beside it with its
//! [`Kind`]s: what to feed it with, and how to eat it. To eat means to read and then to *use* what
//! was read, since a number that is only taken in has not overflowed yet.
//!
//! Three sorts of garbage: random bytes; good documents with something wrong in them ([`mutate`]);
//! and a few that are huge ([`attacks`]), which a process of its own eats, with little memory. What
//! was found once stays in `tests/data/garbage/<kind>/` and is eaten each time ([`corpus`]).
//!
//! It knows nothing of the crate that it is in.

pub mod attacks;
pub mod corpus;
pub mod mutate;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

/// A reader that takes longer for one small document hangs. Not a measure of speed: a busy machine
/// may take seconds.
const HANGS: Duration = Duration::from_secs(20);
/// So many cases of each sort, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 256;

/// One kind of input.
pub struct Kind {
    /// The name of its folder in the corpus.
    pub name: &'static str,
    /// Good documents, or nearly.
    pub seeds: fn() -> Vec<String>,
    /// Reads it, and uses what was read. Panics on nothing but a mistake of ours.
    pub eat: fn(&[u8]),
}

/// Eats the corpus, random bytes and broken documents.
pub fn survives(kind: &Kind) {
    let seeds: Vec<Vec<u8>> = (kind.seeds)().into_iter().map(String::into_bytes).collect();
    assert!(!seeds.is_empty(), "{} has no good document", kind.name);
    watched(kind.name, |eating| {
        for seed in &seeds {
            eating.one(kind, seed);
        }
        for (_, bytes) in corpus::of(kind.name) {
            eating.one(kind, &bytes);
        }
        let random = proptest::collection::vec(any::<u8>(), 0..300);
        run(kind, eating, &random, |bytes| bytes.clone());
        let broken = mutate::mutations(seeds.len());
        run(kind, eating, &broken, |broken| broken.applied(&seeds));
    });
}

/// Feeds cases of a strategy; what the reader does not survive, made as small as it gets, is put
/// into the corpus.
fn run<S: Strategy>(
    kind: &Kind,
    eating: &Eating,
    strategy: &S,
    bytes: impl Fn(&S::Value) -> Vec<u8>,
) {
    let said = Config::default();
    let chosen = std::env::var_os("PROPTEST_CASES").is_some();
    let config = Config {
        cases: if chosen { said.cases } else { CASES },
        failure_persistence: None,
        ..said
    };
    let found = TestRunner::new(config).run(strategy, |case| {
        eating.one(kind, &bytes(&case));
        Ok::<_, TestCaseError>(())
    });
    if let Err(error) = found {
        let TestError::Fail(why, case) = error else {
            panic!("{}: {error}", kind.name);
        };
        let bytes = bytes(&case);
        let kept = corpus::keep(kind.name, &bytes);
        let shown = String::from_utf8_lossy(&bytes);
        let shown: String = shown.chars().take(2_000).collect();
        panic!("{}: {why}\nkept as {kept}:\n{shown}", kind.name);
    }
}

/// What is eaten at the moment, for a watcher.
pub struct Eating {
    now: Arc<Mutex<Vec<u8>>>,
    done: std::sync::mpsc::Sender<()>,
}

impl Eating {
    fn one(&self, kind: &Kind, bytes: &[u8]) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        (kind.eat)(bytes);
        let _ = self.done.send(());
    }
}

/// Runs `eat` and ends the process if one document takes too long: there is no other way out of a
/// loop.
fn watched(name: &str, eat: impl FnOnce(&Eating)) {
    let (done, dones) = channel();
    let now = Arc::new(Mutex::new(Vec::new()));
    let (shown, name) = (Arc::clone(&now), name.to_owned());
    let watcher = thread::spawn(move || {
        loop {
            match dones.recv_timeout(HANGS) {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let bytes = shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    let kept = corpus::keep(&name, &bytes);
                    eprintln!("{name}: hangs for {HANGS:?}, kept as {kept}");
                    std::process::abort();
                }
            }
        }
    });
    let eating = Eating { now, done };
    eat(&eating);
    drop(eating);
    watcher.join().expect("the watcher does not panic");
}

/// The text of any bytes, as a reader that takes text gets it.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a future that never has to wait.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(done) => done,
        std::task::Poll::Pending => panic!("it waits"),
    }
}
