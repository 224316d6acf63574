//! The link against real sockets: addresses that do not answer, and gateways
//! that do not let it in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use client_core::protocol::account::Password;
use client_core::protocol::client::{ClientMessage, GoodbyeCode, ServerMessage};
use client_core::protocol::frame;
use client_core::protocol::{PlayerName, Rejection, RejectionCode};
use client_core::{GatewayAddress, Link, LinkEvent, Security};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;

/// The longest wait for something that should happen at once.
const TIMEOUT: Duration = Duration::from_secs(10);
/// One connection attempt delay of RFC 8305, a round trip, and two busy cores.
const SECOND_ADDRESS_MAX: Duration = Duration::from_millis(450);

/// A port that swallows packets: its queue of connections is full, so that the
/// kernel drops whatever asks for another one.
struct Silent {
    address: String,
    _queued: Vec<TcpStream>,
    _listener: TcpListener,
}

impl Silent {
    async fn bind(address: &str) -> std::io::Result<Self> {
        let address = address.parse().expect("an address");
        let socket = match address {
            std::net::SocketAddr::V4(_) => TcpSocket::new_v4()?,
            std::net::SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.bind(address)?;
        let listener = socket.listen(1)?;
        let address = listener.local_addr()?;
        let mut queued = Vec::new();
        let answer = Duration::from_millis(100);
        while let Ok(connected) = tokio::time::timeout(answer, TcpStream::connect(address)).await {
            queued.push(connected?);
        }
        Ok(Self {
            address: address.to_string(),
            _queued: queued,
            _listener: listener,
        })
    }
}

fn open(addresses: &[&str]) -> Link {
    let gateways: Vec<_> = addresses
        .iter()
        .map(|address| GatewayAddress::parse(address).expect("an address"))
        .collect();
    Link::open(&Handle::current(), &gateways, &Security::Plain, "test")
}

async fn next(link: &mut Link) -> LinkEvent {
    let event = tokio::time::timeout(TIMEOUT, link.next()).await;
    event.expect("an event in time").expect("the link lives")
}

async fn expect_connected(link: &mut Link) -> Duration {
    let begun = Instant::now();
    assert_eq!(next(link).await, LinkEvent::Connected);
    begun.elapsed()
}

async fn listener(address: &str) -> (TcpListener, String) {
    let listener = TcpListener::bind(address).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    (listener, address)
}

async fn say(stream: &mut TcpStream, message: &ServerMessage) {
    let mut bytes = Vec::new();
    frame::append(&frame::from_server(message), &mut bytes);
    // The client may be gone.
    let _ = stream.write_all(&bytes).await;
}

#[tokio::test]
async fn a_first_gateway_that_swallows_packets_costs_one_attempt_delay() {
    let silent = Silent::bind("127.0.0.1:0").await.unwrap();
    let (_listener, good) = listener("127.0.0.1:0").await;
    let took = expect_connected(&mut open(&[&silent.address, &good])).await;
    assert!(took <= SECOND_ADDRESS_MAX, "{took:?}");
}

#[tokio::test]
async fn a_family_that_swallows_packets_costs_one_attempt_delay() {
    let Ok(silent) = Silent::bind("[::1]:0").await else {
        eprintln!("this machine has no IPv6");
        return;
    };
    let (_listener, good) = listener("127.0.0.1:0").await;
    // More silent addresses of the family, as of gateways behind one router.
    let gateways = [&silent.address, &silent.address, good.as_str()];
    let took = expect_connected(&mut open(&gateways)).await;
    assert!(took <= SECOND_ADDRESS_MAX, "{took:?}");
}

#[tokio::test]
async fn a_gateway_that_refuses_costs_nothing() {
    let (gone, refused) = listener("127.0.0.1:0").await;
    drop(gone);
    let (_listener, good) = listener("127.0.0.1:0").await;
    let gateways = [&refused, "no-such-host.invalid:1", &good];
    let took = expect_connected(&mut open(&gateways)).await;
    assert!(took <= SECOND_ADDRESS_MAX, "{took:?}");
}

#[tokio::test]
async fn names_the_gateways_when_none_answers() {
    let (gone, refused) = listener("127.0.0.1:0").await;
    drop(gone);
    let mut link = open(&[&refused]);
    let LinkEvent::Lost { reason } = next(&mut link).await else {
        panic!("it connected")
    };
    assert!(reason.contains(&refused), "{reason}");
    assert!(reason.contains("refused"), "{reason}");
}

#[tokio::test]
async fn goes_to_the_next_gateway_after_a_break_and_back_when_that_is_gone() {
    let (first, first_address) = listener("127.0.0.1:0").await;
    let (second, second_address) = listener("127.0.0.1:0").await;
    let mut link = open(&[&first_address, &second_address]);
    let (stream, _) = first.accept().await.unwrap();
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
    drop(stream);
    assert!(matches!(next(&mut link).await, LinkEvent::Lost { .. }));
    let (stream, _) = second.accept().await.unwrap();
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
    drop((stream, second));
    let (_stream, _) = first.accept().await.unwrap();
}

/// The connections that a gateway of this kind gets from one client between 5 and
/// 10 seconds after the first.
async fn late_connections(said: &'static [ServerMessage]) -> usize {
    let (listener, address) = listener("127.0.0.1:0").await;
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let gateway = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            for message in said {
                say(&mut stream, message).await;
            }
        }
    });
    let mut link = open(&[&address]);
    let client = tokio::spawn(async move { while link.next().await.is_some() {} });
    tokio::time::sleep(Duration::from_secs(5)).await;
    let early = connections.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let late = connections.load(Ordering::Relaxed) - early;
    gateway.abort();
    client.abort();
    late
}

#[tokio::test]
async fn a_gateway_that_lets_nobody_in_is_asked_ever_less_often() {
    let too_many = vec![ServerMessage::goodbye(GoodbyeCode::TooMany, "too many")];
    let welcome = vec![ServerMessage::Welcome {
        player: PlayerName::parse("Ada").unwrap(),
        token: "t".to_owned(),
        last_race: None,
    }];
    let (dismissed, closed, short) = tokio::join!(
        late_connections(too_many.leak()),
        late_connections(&[]),
        late_connections(welcome.leak()),
    );
    for late in [dismissed, closed, short] {
        assert!(late < 10, "{dismissed}, {closed} and {short} in 5 s");
    }
}

#[tokio::test]
async fn a_refused_log_in_keeps_the_link_away_as_long_as_the_gateway_says() {
    let (listener, address) = listener("127.0.0.1:0").await;
    let mut link = open(&[&address]);
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
    let wait = Duration::from_millis(700);
    let often = Rejection::new(RejectionCode::TooFast, "too many log-ins");
    let often = ServerMessage::Rejected(often.with_retry_after(wait));
    let said_at = Instant::now();
    say(&mut stream, &often).await;
    assert_eq!(next(&mut link).await, LinkEvent::Message(often));
    drop(stream);
    listener.accept().await.unwrap();
    assert!(said_at.elapsed() >= wait, "{:?}", said_at.elapsed());
}

#[tokio::test]
async fn a_gateway_that_had_let_it_in_is_asked_again_at_once() {
    let (listener, address) = listener("127.0.0.1:0").await;
    let mut link = open(&[&address]);
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
    let welcome = ServerMessage::Welcome {
        player: PlayerName::parse("Ada").unwrap(),
        token: "t".to_owned(),
        last_race: None,
    };
    say(&mut stream, &welcome).await;
    assert_eq!(next(&mut link).await, LinkEvent::Message(welcome));
    drop(stream);
    let broken_at = Instant::now();
    listener.accept().await.unwrap();
    let away = broken_at.elapsed();
    assert!(away <= Duration::from_millis(300), "{away:?}");
}

fn log_in() -> ClientMessage {
    ClientMessage::LogIn {
        name: "Ada".to_owned(),
        password: Password::new("secret1"),
    }
}

#[tokio::test]
async fn a_connection_that_nobody_uses_ends_and_comes_back_once_it_is_needed() {
    let (listener, address) = listener("127.0.0.1:0").await;
    let mut link = open(&[&address]);
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
    let goodbye = ServerMessage::goodbye(GoodbyeCode::Idle, "nobody has logged in");
    say(&mut stream, &goodbye).await;
    drop(stream);
    assert_eq!(next(&mut link).await, LinkEvent::Message(goodbye));
    // Nobody is told, and the gateway is left alone.
    let quiet = Duration::from_millis(500);
    assert!(tokio::time::timeout(quiet, link.next()).await.is_err());
    assert!(
        tokio::time::timeout(quiet, listener.accept())
            .await
            .is_err()
    );
    link.send(frame::from_client(&log_in()));
    listener.accept().await.unwrap();
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
}

#[tokio::test]
async fn a_log_in_that_crosses_with_the_goodbye_is_not_forgotten() {
    let (listener, address) = listener("127.0.0.1:0").await;
    let mut link = open(&[&address]);
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
    link.send(frame::from_client(&log_in()));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let goodbye = ServerMessage::goodbye(GoodbyeCode::Idle, "nobody has logged in");
    say(&mut stream, &goodbye).await;
    drop(stream);
    assert_eq!(next(&mut link).await, LinkEvent::Message(goodbye));
    assert!(matches!(next(&mut link).await, LinkEvent::Lost { .. }));
    listener.accept().await.unwrap();
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
}

#[tokio::test]
async fn says_nothing_but_hello_before_there_is_something_to_say() {
    let (listener, address) = listener("127.0.0.1:0").await;
    let mut link = open(&[&address]);
    let (stream, _) = listener.accept().await.unwrap();
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut bytes = [0; 1024];
    let read = stream.try_read(&mut bytes).unwrap();
    let (_hello, rest) = frame::next(&bytes[..read]).unwrap();
    assert!(rest.is_empty(), "a stranger has a dozen messages");
}
