//! A DynamoDB that does nothing but answer: what a benchmark measures against it is the client.
//!
//! It listens on a free port of the loopback interface, prints its endpoint as the first line, and
//! ends when its standard input does, so that it never outlives whoever started it.
//!
//! `GET /stats` answers with the number of open connections, and the most that were open at a time,
//! as JSON: `{"connections":3,"mostConnections":50}`. `POST /stats/reset` answers the same, after
//! it has started a new maximum. Neither answer is held back, and the connection that asks is not
//! counted (see `connections`).
//!
//! # Layout
//!
//! - `args`: the command line
//! - `session`: the session that is in every answer
//! - `format`: how each kind of store keeps a session in an item
//! - `answers`: the body of the answer to each operation, most of them made beforehand
//! - `connections`: counts the open connections
//! - `tls`: TLS, where it is asked for
//! - `bin/floor.rs`: the cheapest client there can be, for scale
//! - `bin/load.rs`: the visitors of an app

#![forbid(unsafe_code)]

mod answers;
mod args;
mod connections;
mod format;
mod session;
mod tls;

use std::error::Error;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpSocket;

use crate::answers::{Answer, Answers};
use crate::args::Args;
use crate::connections::{Connection, Connections};

/// As long as DynamoDB's own; nothing reads it.
const REQUEST_ID: HeaderValue =
    HeaderValue::from_static("CANNED0000000000000000000000000000000000000000000000");

/// More would take the cores from the client that is measured.
const WORKERS: usize = 2;

/// How many connections may wait to be accepted; the system may have a lower limit. When that queue
/// is full, the system drops further connections, and their clients try again after a second.
const BACKLOG: u32 = 16_384;

/// How long the server waits after it could not accept a connection.
const PAUSE: Duration = Duration::from_millis(10);

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse(std::env::args().skip(1))?;
    std::thread::spawn(end_with_stdin);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()?
        .block_on(serve(args))
}

fn end_with_stdin() {
    // Whether it ends or cannot be read: nobody is there any more.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(0);
}

async fn serve(args: Args) -> Result<(), Box<dyn Error>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    let tls = args.tls.as_ref().map(tls::acceptor).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    println!("{scheme}://{}", listener.local_addr()?);
    let latency = args.latency;
    let answers = Arc::new(Answers::new(&args));
    let connections = Arc::new(Connections::default());
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Most likely the process has no file descriptor left, until a connection is closed.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        if stream.set_nodelay(true).is_err() {
            continue; // The client has closed it already.
        }
        let counted = connections.add();
        let answers = Arc::clone(&answers);
        match tls.clone() {
            None => tokio::spawn(serve_connection(stream, counted, answers, latency)),
            Some(tls) => tokio::spawn(async move {
                // A client that refuses the certificate says so itself.
                if let Ok(stream) = tls.accept(stream).await {
                    serve_connection(stream, counted, answers, latency).await;
                }
            }),
        };
    }
}

async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    counted: Connection,
    answers: Arc<Answers>,
    latency: Duration,
) {
    let service = service_fn(|request| respond(request, &counted, &answers, latency));
    // A client that goes away in the middle is none of our business.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    request: Request<Incoming>,
    counted: &Connection,
    answers: &Answers,
    latency: Duration,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    // To its end in any case: what is left of it would close the connection.
    let body = body.collect().await?.to_bytes();
    if let Some(stats) = stats(&head.method, head.uri.path(), counted) {
        return Ok(Response::new(Full::new(Bytes::from(stats))));
    }
    let target = head.headers.get("x-amz-target");
    let operation = target
        .and_then(|value| value.to_str().ok()?.rsplit('.').next())
        .unwrap_or_default();
    let answer = answers.to(operation, &body);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    Ok(http(answer))
}

/// The answer to a question for the number of connections; nothing for every other request.
fn stats(method: &Method, path: &str, counted: &Connection) -> Option<String> {
    let reset = match (method, path) {
        (&Method::GET, "/stats") => false,
        (&Method::POST, "/stats/reset") => true,
        _ => return None,
    };
    let connections = counted.uncounted();
    if reset {
        connections.reset();
    }
    Some(connections.stats().to_string())
}

fn http(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.reserve(3);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    headers.insert("x-amzn-requestid", REQUEST_ID);
    headers.insert("x-amz-crc32", HeaderValue::from(answer.crc32));
    response
}
