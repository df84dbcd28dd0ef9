use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_types::byte_stream::ByteStream;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Barrier;

use super::super::connect::tests::{Dead, Several, refusing};
use super::*;

/// More than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// A server that answers each request with an empty object.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

/// Starts it. It answers requests for `/pair` two at a time.
async fn serve() -> Server {
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (connections, pair) = (Arc::<AtomicUsize>::default(), Arc::new(Barrier::new(2)));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let pair = Arc::clone(&pair);
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                    if bytes[..count].starts_with(b"GET /pair") {
                        pair.wait().await;
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
