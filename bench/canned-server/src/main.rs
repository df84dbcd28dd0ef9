//! A DynamoDB that does nothing but answer: what a benchmark measures against it is the client.
//!
//! It listens on a free port of the loopback interface, prints its endpoint as the first line, and
//! ends when its standard input does, so that it never outlives whoever started it.
//!
//! # Layout
//!
//! - `args`: the command line
//! - `session`: the session that is in every answer
//! - `format`: how each kind of store keeps a session in an item
//! - `answers`: the body of the answer to each operation, most of them made beforehand
//! - `bin/floor.rs`: the cheapest client there can be, for scale

#![forbid(unsafe_code)]

mod answers;
mod args;
mod format;
mod session;

use std::error::Error;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::answers::{Answer, Answers};
use crate::args::Args;

/// As long as DynamoDB's own; nothing reads it.
const REQUEST_ID: HeaderValue =
    HeaderValue::from_static("CANNED0000000000000000000000000000000000000000000000");

/// More would take the cores from the client that is measured.
const WORKERS: usize = 2;

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
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    let latency = args.latency;
    let answers = Arc::new(Answers::new(&args));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream, Arc::clone(&answers), latency));
    }
}

async fn connection(stream: TcpStream, answers: Arc<Answers>, latency: Duration) {
    let service = service_fn(|request| respond(request, &answers, latency));
    // A client that goes away in the middle is none of our business.
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
    // To its end in any case: what is left of it would close the connection.
    let body = body.collect().await?.to_bytes();
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
