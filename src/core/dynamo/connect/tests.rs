use std::cell::RefCell;
use std::net::TcpListener as StdListener;

use proptest::prelude::*;
use socket2::{Domain, Socket, Type};
use tokio::time::Instant;

use super::*;

/// A name with these addresses.
pub struct Several(pub Mutex<Vec<SocketAddr>>);

impl Several {
    pub fn new(addresses: &[SocketAddr]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(addresses.to_vec())))
    }
}

#[async_trait]
impl Resolve for Several {
    async fn resolve(&self, _host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(self.0.lock().unwrap().clone())
    }
}

/// An address whose host drops each attempt to connect: the queue of its listener is full.
pub struct Dead {
    pub address: SocketAddr,
    _listener: Socket,
    _queued: Vec<std::net::TcpStream>,
}

impl Dead {
    pub fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let mut queued = Vec::new();
        let patience = Duration::from_millis(200);
        while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, patience) {
            queued.push(stream);
        }
        Self {
            address,
            _listener: listener,
            _queued: queued,
        }
    }
}

/// An address that refuses connections.
pub fn refusing() -> SocketAddr {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn v4(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 443))
}

fn v6(last: u16) -> SocketAddr {
    SocketAddr::from(([0xfd00, 0, 0, 0, 0, 0, 0, last], 443))
}

#[test]
fn both_families_take_turns_beginning_with_the_first() {
    let found = [v6(1), v6(2), v4(1), v4(2), v4(3), v6(1)];
    let order = [v6(1), v4(1), v6(2), v4(2), v4(3)];
    assert_eq!(Addresses::default().order(&found), order);
    let found = [v4(1), v4(2), v6(1)];
    assert_eq!(Addresses::default().order(&found), [v4(1), v6(1), v4(2)]);
}

#[test]
fn the_address_that_answered_comes_first_and_those_that_failed_come_last() {
    let found = [v4(1), v4(2), v4(3), v4(4)];
    let mut addresses = Addresses::default();
    addresses.answered(v4(3).ip());
    assert_eq!(addresses.order(&found), [v4(3), v4(1), v4(2), v4(4)]);
    addresses.failed(v4(3).ip());
    assert_eq!(addresses.order(&found), [v4(1), v4(2), v4(4), v4(3)]);
    addresses.failed(v4(1).ip());
    assert_eq!(addresses.order(&found), [v4(2), v4(4), v4(3), v4(1)]);
    addresses.answered(v4(1).ip());
    assert_eq!(addresses.order(&found), [v4(1), v4(2), v4(4), v4(3)]);
}

#[test]
fn an_address_that_the_name_has_no_more_is_forgotten() {
    let mut addresses = Addresses::default();
    addresses.answered(v4(1).ip());
    addresses.failed(v4(2).ip());
    assert_eq!(addresses.order(&[v4(3)]), [v4(3)]);
    assert_eq!(addresses.order(&[v4(2), v4(1)]), [v4(2), v4(1)]);
}

proptest! {
    #[test]
    fn each_address_is_in_the_order_once(
        found in prop::collection::vec(0_u8..8, 1..20),
        events in prop::collection::vec((any::<bool>(), 0_u8..8), 0..20),
    ) {
        let address = |number: u8| if number.is_multiple_of(2) { v4(number) } else { v6(number.into()) };
        let found: Vec<_> = found.into_iter().map(address).collect();
        let mut addresses = Addresses::default();
        for (has_answered, number) in events {
            match has_answered {
                true => addresses.answered(address(number).ip()),
                false => addresses.failed(address(number).ip()),
            }
        }
        let mut order = addresses.order(&found);
        order.sort();
        let mut once = found;
        once.sort();
        once.dedup();
        prop_assert_eq!(order, once);
    }
}

#[test]
fn with_little_time_addresses_follow_one_another_faster() {
    let second = Some(Duration::from_secs(1));
    assert_eq!(stagger(3, second), STAGGER);
    assert_eq!(stagger(9, second), Duration::from_millis(100));
    assert_eq!(stagger(1000, second), SHORTEST_STAGGER);
    assert_eq!(stagger(1000, None), STAGGER);
}

/// The behaviour of an address.
#[derive(Clone, Copy)]
enum Does {
    Hang,
    Refuse,
    Answer(Duration),
}

/// Dials addresses with this behaviour. Returns the outcome, the failed addresses and the time.
async fn dial(hosts: &[Does]) -> (Result<u8, u8>, Vec<u8>, Duration) {
    let number = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => ip.octets()[3],
        IpAddr::V6(_) => unreachable!(),
    };
    let connect = |address: SocketAddr| {
        let does = hosts[usize::from(number(address))];
        async move {
            match does {
                Does::Hang => std::future::pending().await,
                Does::Refuse => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
                Does::Answer(after) => {
                    tokio::time::sleep(after).await;
                    Ok(())
                }
            }
        }
    };
    let refused = RefCell::new(Vec::new());
    let addresses = (0..u8::try_from(hosts.len()).unwrap()).map(v4).collect();
    let started = Instant::now();
    let note = |address| refused.borrow_mut().push(number(address));
    let outcome = race(addresses, STAGGER, connect, note).await;
    let outcome = match outcome {
        Ok((address, ())) => Ok(number(address)),
        Err((address, _)) => Err(number(address)),
    };
    (outcome, refused.into_inner(), started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn the_next_address_is_dialled_after_a_while_or_at_once_if_one_refuses() {
    use Does::{Answer, Hang, Refuse};
    let at_once = Answer(Duration::ZERO);
    let slowly = Answer(Duration::from_millis(400));
    let after = |millis| Duration::from_millis(millis);
    for (hosts, expected) in [
        (vec![at_once, Hang], (Ok(0), vec![], after(0))),
        (vec![Hang, at_once], (Ok(1), vec![], after(250))),
        (vec![Hang, Hang, at_once], (Ok(2), vec![], after(500))),
        (vec![Refuse, at_once], (Ok(1), vec![0], after(0))),
        (vec![Hang, Refuse, at_once], (Ok(2), vec![1], after(250))),
        // Although dialled earlier, the first may still be the faster one.
        (vec![slowly, slowly], (Ok(0), vec![], after(400))),
        (vec![slowly, Refuse], (Ok(0), vec![1], after(400))),
        (vec![Refuse, Refuse], (Err(0), vec![0, 1], after(0))),
    ] {
        assert_eq!(dial(&hosts).await, expected);
    }
}

#[tokio::test]
async fn an_address_that_hangs_is_followed_by_the_next_which_is_the_first_from_then_on() {
    let (dead, well) = (Dead::new(), StdListener::bind("127.0.0.2:0").unwrap());
    let found = [refusing(), dead.address, well.local_addr().unwrap()];
    let dialer = Dialer::new(Several::new(&found));
    let (stream, trial) = dialer.dial("db", 1, None).await.ok().unwrap();
    assert_eq!(stream.peer_addr().unwrap(), found[2]);
    trial.pass();
    let next = |dialer: &Dialer| dialer.locked().get_mut("db").unwrap().order(&found)[0];
    assert_eq!(next(&dialer), found[2]);
    // The connection turns out to be of no use.
    let (_stream, trial) = dialer.dial("db", 1, None).await.ok().unwrap();
    drop(trial);
    assert_ne!(next(&dialer), found[2]);
}

#[tokio::test]
async fn errors_name_the_host_or_the_address() {
    let nowhere = Dialer::new(Several::new(&[]));
    let failed = nowhere.dial("db.example", 1, None).await.err().unwrap();
    let shown = "no address was found for db.example: ";
    assert!(failed.to_string().starts_with(shown), "{failed}");
    let address = refusing();
    let refused = Dialer::new(Several::new(&[address]));
    let failed = refused.dial("db.example", 1, None).await.err().unwrap();
    let shown = format!("no connection to {address}: ");
    assert!(failed.to_string().starts_with(&shown), "{failed}");
}

#[tokio::test]
async fn the_operating_system_watches_connections() {
    let server = StdListener::bind("127.0.0.1:0").unwrap();
    let dialer = Dialer::new(Several::new(&[server.local_addr().unwrap()]));
    let (stream, _trial) = dialer.dial("db", 1, None).await.ok().unwrap();
    let socket = SockRef::from(&stream);
    assert!(stream.nodelay().unwrap());
    assert!(socket.keepalive().unwrap());
    #[cfg(target_os = "linux")]
    {
        assert_eq!(socket.tcp_keepalive_time().unwrap(), KEEP_ALIVE.0);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED));
    }
}
