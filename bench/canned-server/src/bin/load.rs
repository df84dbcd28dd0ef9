//! Clients that each send one request, wait for its answer, and send the request again: the visitors
//! of an app, or the floor of one request an operation, neither signed nor parsed.
//!
//! ```sh
//! load '{"endpoint":"127.0.0.1:3000","seconds":2,"threads":1,
//!        "clients":[{"method":"GET","headers":{"cookie":"connect.sid=…"},"body":""}]}'
//! ```
//!
//! A client has a connection of its own. Every answer must equal the client's first one: an app that
//! has lost a session would be measured as a fast one.
//!
//! Prints one line of JSON: the number of `answers`, how many there were `perSecond`, how long they took
//! in milliseconds (`p50`, `p99`), and the CPU time of this process in microseconds for each (`cpu`; null
//! without `/proc`).

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many times a second Linux counts the CPU time of a process, on every platform.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Deserialize)]
struct Task {
    endpoint: String,
    seconds: f64,
    threads: usize,
    clients: Vec<Client>,
}

#[derive(Deserialize)]
struct Client {
    method: String,
    headers: HashMap<String, String>,
    body: String,
}

fn main() -> Result<(), Failure> {
    let task = std::env::args().nth(1).ok_or("the task is missing")?;
    let task: Task = serde_json::from_str(&task)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(task.threads)
        .enable_all()
        .build()?;
    println!("{}", runtime.block_on(run(task))?);
    Ok(())
}

async fn run(task: Task) -> Result<Value, Failure> {
    let (cpu, started) = (cpu_seconds(), Instant::now());
    let end = started + Duration::from_secs_f64(task.seconds);
    let clients = task.clients.into_iter();
    let loops: Vec<_> = clients
        .map(|client| tokio::spawn(repeat(task.endpoint.clone(), client, end)))
        .collect();
    let mut times = Vec::new();
    for each in loops {
        times.extend(each.await??);
    }
    let (elapsed, count) = (started.elapsed().as_secs_f64(), times.len() as f64);
    let cpu = cpu_seconds().zip(cpu).map(|(after, before)| after - before);
    times.sort_unstable();
    Ok(json!({
        "answers": count,
        "perSecond": count / elapsed,
        "p50": percentile(&times, 50),
        "p99": percentile(&times, 99),
        "cpu": cpu.map(|seconds| seconds * 1e6 / count),
    }))
}

/// How long each answer took.
async fn repeat(host: String, client: Client, end: Instant) -> Result<Vec<Duration>, Failure> {
    let stream = TcpStream::connect(&host).await?;
    stream.set_nodelay(true)?;
    let (mut connection, driver) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(driver);
    let first = send(&mut connection, &host, &client).await?;
    let mut times = Vec::new();
    let mut began = Instant::now();
    while began < end {
        if send(&mut connection, &host, &client).await? != first {
            return Err("an answer differs from the first one of its client".into());
        }
        let now = Instant::now();
        times.push(now - began);
        began = now;
    }
    Ok(times)
}

async fn send(
    connection: &mut SendRequest<Full<Bytes>>,
    host: &str,
    client: &Client,
) -> Result<Bytes, Failure> {
    let mut request = Request::builder().method(client.method.as_str()).uri("/");
    for (name, value) in &client.headers {
        request = request.header(name, value);
    }
    let request = request.header(HOST, host);
    connection.ready().await?;
    let body = Full::from(client.body.clone());
    let response = connection.send_request(request.body(body)?).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if status.is_success() {
        return Ok(body);
    }
    Err(format!("the server answered with {status}").into())
}

/// Of sorted times, in milliseconds; `None` without times.
fn percentile(times: &[Duration], percent: usize) -> Option<f64> {
    let index = (times.len() * percent / 100).min(times.len().checked_sub(1)?);
    Some(times.get(index)?.as_secs_f64() * 1e3)
}

/// CPU time of this process, user and system; `None` without `/proc`.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name before it is in parentheses, and may have spaces. Then it is fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}
