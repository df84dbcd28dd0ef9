//! The visitors of an app: each asks for a page, waits for it, and asks for the next one.
//!
//! ```sh
//! load --endpoint http://127.0.0.1:3000 --seconds 2 < cookies
//! ```
//!
//! Standard input has the Cookie header of each visitor, a line each. A visitor has a connection of
//! their own, and asks for `/`. Every page has to be the first that the visitor got: an app that has
//! lost a session would be measured as a fast one.
//!
//! Prints one line of JSON: how many pages there were, how many in a second, and how long they took,
//! in milliseconds.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{COOKIE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

type Failure = Box<dyn Error + Send + Sync>;

struct Args {
    endpoint: Uri,
    seconds: f64,
}

fn main() -> Result<(), Failure> {
    let args = parse(std::env::args().skip(1))?;
    let cookies: Vec<String> = io::stdin().lines().collect::<Result<_, _>>()?;
    // One thread: the app has the other processors.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    println!("{}", runtime.block_on(visit(&args, cookies))?);
    Ok(())
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Args, Failure> {
    let mut parsed = Args {
        endpoint: Uri::default(),
        seconds: 2.0,
    };
    while let Some(name) = args.next() {
        let value = args.next().ok_or(format!("{name} needs a value"))?;
        match name.as_str() {
            "--endpoint" => parsed.endpoint = value.parse()?,
            "--seconds" => parsed.seconds = value.parse()?,
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(parsed)
}

async fn visit(args: &Args, cookies: Vec<String>) -> Result<Value, Failure> {
    let authority = args.endpoint.authority().ok_or("--endpoint is missing")?;
    let started = Instant::now();
    let end = started + Duration::from_secs_f64(args.seconds);
    let visitors: Vec<_> = cookies
        .into_iter()
        .map(|cookie| tokio::spawn(visitor(authority.to_string(), cookie, end)))
        .collect();
    let mut times = Vec::new();
    for visitor in visitors {
        times.extend(visitor.await??);
    }
    let elapsed = started.elapsed().as_secs_f64();
    times.sort_unstable();
    Ok(json!({
        "pages": times.len(),
        "pagesPerSecond": times.len() as f64 / elapsed,
        "p50": percentile(&times, 50),
        "p99": percentile(&times, 99),
    }))
}

/// How long each page of one visitor took.
async fn visitor(host: String, cookie: String, end: Instant) -> Result<Vec<Duration>, Failure> {
    let stream = TcpStream::connect(&host).await?;
    stream.set_nodelay(true)?;
    let (mut connection, driver) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(driver);
    let first = page(&mut connection, &host, &cookie).await?;
    let mut times = Vec::new();
    let mut began = Instant::now();
    while began < end {
        if page(&mut connection, &host, &cookie).await? != first {
            return Err("a page differs from the first one of its visitor".into());
        }
        let now = Instant::now();
        times.push(now - began);
        began = now;
    }
    Ok(times)
}

async fn page(
    connection: &mut SendRequest<Empty<Bytes>>,
    host: &str,
    cookie: &str,
) -> Result<Bytes, Failure> {
    let request = Request::get("/")
        .header(HOST, host)
        .header(COOKIE, cookie)
        .body(Empty::new())?;
    connection.ready().await?;
    let response = connection.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if status.is_success() {
        return Ok(body);
    }
    Err(format!("a page got {status}").into())
}

/// Of times in order, in milliseconds; nothing where there are none.
fn percentile(times: &[Duration], percent: usize) -> Option<f64> {
    let index = (times.len() * percent / 100).min(times.len().checked_sub(1)?);
    Some(times.get(index)?.as_secs_f64() * 1e3)
}
