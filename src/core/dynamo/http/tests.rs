use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_smithy_types::byte_stream::ByteStream;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Barrier;

use super::super::connect::tests::{Dead, Several, refusing};
use super::*;

/// Longer than any request here takes.
const LONG: Duration = Duration::from_secs(20);

/// A server that answers each request with an empty object.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// Whether the server accepts connections and requests, but does not answer.
    is_frozen: Arc<AtomicBool>,
}

/// Starts a server. It answers requests for `/pair` two at a time.
async fn serve() -> Server {
    serve_at("127.0.0.2").await
}

async fn serve_at(host: &str) -> Server {
    let listener = TcpListener::bind((host, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (connections, pair) = (Arc::<AtomicUsize>::default(), Arc::new(Barrier::new(2)));
    let counted = Arc::clone(&connections);
    let is_frozen = Arc::<AtomicBool>::default();
    let freezes = Arc::clone(&is_frozen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let (pair, freezes) = (Arc::clone(&pair), Arc::clone(&freezes));
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                    if bytes[..count].starts_with(b"GET /pair") {
                        pair.wait().await;
                    }
                    if freezes.load(Ordering::Relaxed) {
                        std::future::pending().await
                    }
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                    stream.write_all(answer).await.unwrap();
                }
            });
        }
    });
    Server {
        address,
        connections,
        is_frozen,
    }
}

async fn get(http: &Http, path: &str, limit: Duration) -> Result<(), ConnectorError> {
    let mut request = HttpRequest::new(SdkBody::empty());
    request
        .set_uri(format!("http://dynamodb.test{path}"))
        .unwrap();
    let mut answer = http.connector(Some(limit)).call(request).await?;
    ByteStream::new(answer.take_body()).collect().await.unwrap();
    Ok(())
}

#[tokio::test]
async fn dead_addresses_of_a_name_keep_no_request_from_the_one_that_is_well() {
    let (dead, other) = (Dead::new(), Dead::new());
    let found = [
        dead.address,
        other.address,
        refusing(),
        serve().await.address,
    ];
    let http = Http::with_resolver(
        Several::new(&found),
        8,
        Authorities::default(),
        Proxies::default(),
    );
    for _ in 0..3 {
        get(&http, "/", LONG).await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_that_takes_too_long_is_a_timeout() {
    let dead = Dead::new();
    let resolver = Several::new(&[dead.address]);
    let http = Http::with_resolver(resolver, 8, Authorities::default(), Proxies::default());
    let error = get(&http, "/", Duration::from_millis(50))
        .await
        .unwrap_err();
    assert!(error.is_timeout());
}

#[tokio::test]
async fn only_connections_that_were_silent_are_closed() {
    let server = serve().await;
    let opened = || server.connections.load(Ordering::Relaxed);
    let resolver = Several::new(&[server.address]);
    let http = Http::with_resolver(resolver, 8, Authorities::default(), Proxies::default());
    let pair = || async {
        let (one, other) = tokio::join!(get(&http, "/pair", LONG), get(&http, "/pair", LONG));
        one.unwrap();
        other.unwrap();
    };
    pair().await;
    pair().await;
    assert_eq!(opened(), 2);
    let since = Instant::now();
    get(&http, "/", LONG).await.unwrap();
    let uri = Uri::from_static("http://dynamodb.test/");
    http.0
        .connector
        .host(&uri)
        .sockets
        .close_silent_since(since);
    get(&http, "/", LONG).await.unwrap();
    assert_eq!(opened(), 2);
    pair().await;
    assert_eq!(opened(), 3);
}

/// Sends a request to a host that does not answer, and gives it up.
async fn give_up(http: &Http) {
    let attempt = get(http, "/", LONG);
    let answer = tokio::time::timeout(PATIENCE * 2, attempt).await;
    assert!(answer.is_err());
}

#[tokio::test]
async fn a_name_that_moves_is_followed_when_its_old_address_does_not_answer() {
    let (old, new) = (serve().await, serve().await);
    let resolver = Several::new(&[old.address]);
    let resolves = Arc::clone(&resolver) as Arc<dyn Resolve>;
    let http = Http::with_resolver(resolves, 8, Authorities::default(), Proxies::default());
    get(&http, "/", LONG).await.unwrap();
    old.is_frozen.store(true, Ordering::Relaxed);
    *resolver.0.lock().unwrap() = vec![new.address];
    give_up(&http).await;
    get(&http, "/", LONG).await.unwrap();
    assert_eq!(new.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_address_that_takes_requests_and_does_not_answer_is_avoided() {
    let (frozen, well) = (serve_at("127.0.0.2").await, serve_at("127.0.0.3").await);
    frozen.is_frozen.store(true, Ordering::Relaxed);
    let resolver = Several::new(&[frozen.address, well.address]);
    let http = Http::with_resolver(resolver, 8, Authorities::default(), Proxies::default());
    give_up(&http).await;
    get(&http, "/", LONG).await.unwrap();
    assert_eq!(frozen.connections.load(Ordering::Relaxed), 1);
    assert_eq!(well.connections.load(Ordering::Relaxed), 1);
}
