//! A DynamoDB that does nothing but answer: a benchmark that uses it measures the client.
//!
//! The first line of its standard input is its configuration (`config`). The server then listens on a
//! free port of the loopback interface and prints its endpoint. For each further line it prints the
//! number of open connections and their highest number since the line before, as
//! `{"open":3,"most":50}`. It ends when its standard input does, and so with the process that started it.
//!
//! # Layout
//!
//! - `config`: the configuration, and TLS
//! - `answers`: the answer to each operation
//! - `bin/load.rs`: the visitors of an app, and the cheapest client possible, for scale

#![forbid(unsafe_code)]

mod answers;
mod config;

use std::error::Error;
use std::io::stdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpSocket;

use crate::answers::Answers;
use crate::config::Config;

/// As long as DynamoDB's own.
const REQUEST_ID: HeaderValue =
    HeaderValue::from_static("CANNED0000000000000000000000000000000000000000000000");

/// More threads would take the cores from the client that is measured.
const WORKERS: usize = 2;

/// How many connections may wait to be accepted; the system may have a lower limit. If that queue is
/// full, the system drops further connections, and their clients try again after a second.
const BACKLOG: u32 = 16_384;

/// How long the server waits after it could not accept a connection.
const PAUSE: Duration = Duration::from_millis(10);

fn main() -> Result<(), Box<dyn Error>> {
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    let config = serde_json::from_str(&line)?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()?
        .block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    let tls = config
        .tls
        .as_ref()
        .map(|files| files.acceptor())
        .transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    println!("{scheme}://{}", listener.local_addr()?);
    let latency = Duration::from_millis(config.latency_ms);
    let answers = Arc::new(Answers::new(config));
    let connections = Arc::new(Connections::default());
    let counts = Arc::clone(&connections);
    std::thread::spawn(move || print_counts(&counts));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Most likely the process has no file descriptor left, until a connection is closed.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        if stream.set_nodelay(true).is_err() {
            continue; // The client has closed it already.
        }
        let open = Connections::add(&connections);
        let answers = Arc::clone(&answers);
        match tls.clone() {
            None => tokio::spawn(serve_connection(stream, open, answers, latency)),
            Some(tls) => tokio::spawn(async move {
                // A client that refuses the certificate reports that itself.
                if let Ok(stream) = tls.accept(stream).await {
                    serve_connection(stream, open, answers, latency).await;
                }
            }),
        };
    }
}

async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    _open: Connection,
    answers: Arc<Answers>,
    latency: Duration,
) {
    let service = service_fn(|request| respond(request, &answers, latency));
    // The client may close the connection at any time.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    request: Request<Incoming>,
    answers: &Answers,
    latency: Duration,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    // If the body were not read to its end, hyper would close the connection.
    let body = body.collect().await?.to_bytes();
    let target = head.headers.get("x-amz-target");
    let operation = target
        .and_then(|value| value.to_str().ok()?.rsplit('.').next())
        .unwrap_or_default();
    let answer = answers.to(operation, &body);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.reserve(3);
    let json = HeaderValue::from_static("application/x-amz-json-1.0");
    headers.insert(CONTENT_TYPE, json);
    headers.insert("x-amzn-requestid", REQUEST_ID);
    headers.insert("x-amz-crc32", HeaderValue::from(answer.crc32));
    Ok(response)
}

/// How many connections are open, and the highest number since the counts were last printed.
#[derive(Default)]
struct Connections {
    open: AtomicU64,
    most: AtomicU64,
}

impl Connections {
    /// Counts a connection until the result is dropped.
    fn add(this: &Arc<Self>) -> Connection {
        let open = this.open.fetch_add(1, Ordering::Relaxed) + 1;
        this.most.fetch_max(open, Ordering::Relaxed);
        Connection(Arc::clone(this))
    }
}

struct Connection(Arc<Connections>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Prints the counts for each line of the standard input, and ends the process at its end.
fn print_counts(connections: &Connections) {
    for _ in stdin().lines().map_while(Result::ok) {
        let open = connections.open.load(Ordering::Relaxed);
        let most = connections.most.swap(open, Ordering::Relaxed);
        println!(r#"{{"open":{open},"most":{most}}}"#);
    }
    std::process::exit(0);
}
