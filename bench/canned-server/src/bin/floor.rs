//! The floor of one request an operation: GetItem requests that look signed, sent as fast as hyper
//! can, whose answers are read and thrown away.
//!
//! ```sh
//! floor --endpoint http://127.0.0.1:8000 --in-flight 64 --seconds 2
//! ```
//!
//! Prints one line of JSON: operations per second, and CPU microseconds for each (Linux only, null
//! elsewhere).

#![forbid(unsafe_code)]

use std::error::Error;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// What a real signature is as long as.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
    SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
    Signature=0000000000000000000000000000000000000000000000000000000000000000";

const BODY: &str = r#"{"TableName":"sessions","Key":{"id":{"S":"sess:0"}},"ConsistentRead":true}"#;

/// How many times a second Linux counts the CPU time of a process, on every platform.
const TICKS_PER_SECOND: f64 = 100.0;

struct Args {
    endpoint: String,
    in_flight: usize,
    seconds: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = parse(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    println!("{}", runtime.block_on(measure(args))?);
    Ok(())
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Args, Box<dyn Error>> {
    let mut parsed = Args {
        endpoint: String::new(),
        in_flight: 64,
        seconds: 2.0,
    };
    while let Some(name) = args.next() {
        let value = args.next().ok_or(format!("{name} needs a value"))?;
        match name.as_str() {
            "--endpoint" => parsed.endpoint = value,
            "--in-flight" => parsed.in_flight = value.parse()?,
            "--seconds" => parsed.seconds = value.parse()?,
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    if parsed.endpoint.is_empty() {
        return Err("--endpoint is missing".into());
    }
    Ok(parsed)
}

async fn measure(args: Args) -> Result<Value, Box<dyn Error>> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let warm_up = Duration::from_secs_f64(args.seconds / 4.0);
    run(&client, &args, warm_up).await?;
    let cpu = cpu_seconds();
    let started = Instant::now();
    let operations = run(&client, &args, Duration::from_secs_f64(args.seconds)).await?;
    let elapsed = started.elapsed().as_secs_f64();
    let cpu = cpu_seconds().zip(cpu).map(|(after, before)| after - before);
    let count = operations as f64;
    Ok(json!({
        "operations": operations,
        "opsPerSecond": count / elapsed,
        "cpu": cpu.map(|seconds| seconds * 1e6 / count),
    }))
}

/// Keeps `in_flight` requests going for a time; how many there were.
async fn run(client: &HttpClient, args: &Args, time: Duration) -> Result<u64, Box<dyn Error>> {
    let end = Instant::now() + time;
    let tasks: Vec<_> = (0..args.in_flight)
        .map(|_| tokio::spawn(repeat(client.clone(), args.endpoint.clone(), end)))
        .collect();
    let mut operations = 0;
    for task in tasks {
        operations += task.await?.map_err(|error| error.to_string())?;
    }
    Ok(operations)
}

async fn repeat(
    client: HttpClient,
    endpoint: String,
    end: Instant,
) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let mut operations = 0;
    while Instant::now() < end {
        let response = client.request(request(&endpoint)?).await?;
        let status = response.status();
        response.into_body().collect().await?;
        if !status.is_success() {
            return Err(format!("the server answered with {status}").into());
        }
        operations += 1;
    }
    Ok(operations)
}

fn request(endpoint: &str) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    Request::builder()
        .method(Method::POST)
        .uri(endpoint)
        .header(CONTENT_TYPE, "application/x-amz-json-1.0")
        .header("x-amz-target", "DynamoDB_20120810.GetItem")
        .header("x-amz-date", "20260101T000000Z")
        .header(AUTHORIZATION, SIGNATURE)
        .body(Full::new(Bytes::from_static(BODY.as_bytes())))
}

/// CPU time of this process, user and system; nothing where there is no `/proc`.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name before it is in parentheses, and may have spaces. Then it is fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}
