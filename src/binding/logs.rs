//! The log of the core and of the AWS SDK, for `NODE_DEBUG`.
//!
//! A log may quote a request. So only the messages are shown, without the values beside them, only up to the level
//! `debug`, and only those of crates that write no request into them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use napi::Status;
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::set_global_default;
use tracing::{Event, Level, Metadata, Subscriber};

/// Takes a line: level, source and message. A weak reference, which keeps no process alive.
type Print = ThreadsafeFunction<FnArgs<Line>, (), FnArgs<Line>, Status, false, true>;

type Line = (String, String, String);

/// The crates whose log is shown.
const SHOWN: [&str; 6] = [
    "aws_config",
    "aws_runtime",
    "aws_smithy_runtime",
    "dynamo_session_store",
    "hyper_util",
    "rustls",
];

/// The message of an event is under this name.
const MESSAGE: &str = "message";

/// The functions of the threads that have asked, the first one first. A process has one log, which the first of these
/// threads that still runs prints.
static PRINTS: Mutex<Vec<Print>> = Mutex::new(Vec::new());

static IS_SET: AtomicBool = AtomicBool::new(false);

/// Passes the log to `print`, from `level` on: `error`, `warn`, `info` or `debug`. Returns `false` if the level is
/// another one. The level of the first call counts for the process.
#[napi]
pub fn print_log(
    level: String,
    #[napi(ts_arg_type = "(level: string, source: string, message: string) => void")] print: Print,
) -> bool {
    let level = match level.as_str() {
        "error" => Level::ERROR,
        "warn" => Level::WARN,
        "info" => Level::INFO,
        "debug" => Level::DEBUG,
        _ => return false,
    };
    prints().push(print);
    if !IS_SET.swap(true, Ordering::Relaxed) {
        // Refused only if there is one already, which this is.
        let _ = set_global_default(Log { level });
    }
    true
}

fn prints() -> MutexGuard<'static, Vec<Print>> {
    PRINTS.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Log {
    level: Level,
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let of = metadata.target().split("::").next().unwrap_or_default();
        metadata.is_event() && *metadata.level() <= self.level && SHOWN.contains(&of)
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(self.level.into())
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let metadata = event.metadata();
        let line = (
            metadata.level().as_str().to_lowercase(),
            metadata.target().to_owned(),
            message.0,
        );
        let mut prints = prints();
        while let Some(print) = prints.first() {
            let printed = print.call(line.clone().into(), ThreadsafeFunctionCallMode::NonBlocking);
            if printed == Status::Ok {
                return;
            }
            // Its thread has ended.
            prints.remove(0);
        }
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// The message of an event, without its other values.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == MESSAGE {
            self.0 = format!("{value:?}");
        }
    }
}
