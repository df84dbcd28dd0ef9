//! An HTTP server that answers as a test tells it to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::Credentials;
use dynamo_session_store::core::dynamo::sdk::SdkDynamo;
use dynamo_session_store::core::dynamo::settings::{CredentialSource, Settings};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub struct Request {
    /// DynamoDB's operation, such as `PutItem`.
    pub operation: String,
    /// The headers, their names in small letters.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

/// What the server does about a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Answers.
    Reply(Reply),
    /// Answers with a body that ends before its `content-length`.
    Torn(Reply),
    /// Answers when the gate is open.
    Gated(Reply, Arc<Semaphore>),
    /// Never answers.
    Hang,
    /// Closes the connection.
    Close,
}

/// An HTTP response.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

impl Answer {
    /// A success with this JSON.
    pub fn ok(body: Value) -> Self {
        Self::text(200, &body.to_string())
    }

    /// DynamoDB's error of this name.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
        Self::text(
            status,
            &json!({ "__type": kind, "message": message }).to_string(),
        )
    }

    /// Any status and body.
    pub fn text(status: u16, body: &str) -> Self {
        Self::Reply(Reply {
            status,
            headers: vec![("content-type", "application/x-amz-json-1.0")],
            body: body.to_owned(),
        })
    }

    /// With one header more.
    pub fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        if let Self::Reply(reply) | Self::Torn(reply) | Self::Gated(reply, _) = &mut self {
            reply.headers.push((name, value));
        }
        self
    }

    /// With a body that ends before its `content-length`.
    pub fn torn(self) -> Self {
        match self {
            Self::Reply(reply) => Self::Torn(reply),
            other => other,
        }
    }

    /// When `gate` has a permit, which is left there.
    pub fn behind(self, gate: &Arc<Semaphore>) -> Self {
        match self {
            Self::Reply(reply) => Self::Gated(reply, Arc::clone(gate)),
            other => other,
        }
    }

    /// The table with this status.
    pub fn table(status: &str) -> Self {
        Self::ok(json!({ "Table": {
            "TableStatus": status,
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        }}))
    }
}

/// Gives `answers` one after the other, and the last of them from then on.
pub fn in_turn<const N: usize>(answers: [Answer; N]) -> impl FnMut(&Request) -> Answer {
    let mut asked = 0;
    move |_| {
        let answer = answers[asked.min(N - 1)].clone();
        asked += 1;
        answer
    }
}

/// A server on a port of its own, which ends with the test's runtime.
pub struct Canned {
    endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
}

impl Canned {
    /// Answers each request as `answer` says.
    pub async fn start(answer: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(answer));
        let connections = Arc::new(AtomicUsize::new(0));
        let (seen, opened) = (Arc::clone(&requests), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::Relaxed);
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                tokio::spawn(serve(stream, move |request| {
                    let answer = (answer.lock().unwrap())(&request);
                    seen.lock().unwrap().push(request);
                    answer
                }));
            }
        });
        Self {
            endpoint,
            requests,
            connections,
        }
    }

    /// Where the server is.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The core's way to the server.
    pub fn dynamo(&self) -> SdkDynamo {
        SdkDynamo::new(self.settings())
    }

    /// The settings of that way.
    pub fn settings(&self) -> Settings {
        let credentials = Credentials::new("AKIDCANNED", "canned", None, None, "test");
        Settings {
            credentials: Some(CredentialSource::Fixed(credentials)),
            ..super::settings(&self.endpoint)
        }
    }

    /// How many connections were opened until now.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// What was asked until now.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until this many requests have come.
    pub async fn has_seen(&self, count: usize) {
        while self.requests.lock().unwrap().len() < count {
            tokio::task::yield_now().await;
        }
    }

    /// The operations that were asked for until now.
    pub fn operations(&self) -> Vec<String> {
        let requests = self.requests().into_iter();
        requests.map(|request| request.operation).collect()
    }
}

/// Serves one connection until either side closes it.
async fn serve(stream: TcpStream, mut answer: impl FnMut(Request) -> Answer) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        match answer(request) {
            Answer::Reply(reply) => {
                if write(&mut stream, &reply, reply.body.len()).await.is_err() {
                    return;
                }
            }
            Answer::Gated(reply, gate) => {
                drop(gate.acquire().await);
                if write(&mut stream, &reply, reply.body.len()).await.is_err() {
                    return;
                }
            }
            Answer::Torn(reply) => {
                let _ = write(&mut stream, &reply, reply.body.len() + 1).await;
                return;
            }
            Answer::Hang => std::future::pending().await,
            Answer::Close => return,
        }
    }
}

/// The next request; `None` at the end of the connection.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line == "\r\n" {
                break;
            }
            continue; // "POST / HTTP/1.1"
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let target = headers.get("x-amz-target").map_or("", String::as_str);
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let length = headers.get("content-length")?.parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request {
        operation,
        headers,
        body: serde_json::from_slice(&body).unwrap(),
        bytes: body,
    })
}

async fn write(
    stream: &mut BufReader<TcpStream>,
    reply: &Reply,
    length: usize,
) -> std::io::Result<()> {
    let Reply {
        status,
        headers,
        body,
    } = reply;
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let response =
        format!("HTTP/1.1 {status} Canned\r\n{headers}content-length: {length}\r\n\r\n{body}");
    stream.write_all(response.as_bytes()).await?;
    stream.flush().await
}
