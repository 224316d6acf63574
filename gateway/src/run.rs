//! Setting the gateway up, and ending it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bus::{Bus, Connection, Store, Subscription, User, store};
use futures::StreamExt;
use protocol::room::{Present, PresentRequest};
use protocol::{GatewayId, Reply, subject};
use relay::flush_schedule::FlushOptions;
use service::{BoxError, Context, Shutdown};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::accept::ClientPort;
use crate::addresses::Addresses;
use crate::backend::Backend;
use crate::chat::ChatHub;
use crate::limiter::Limiter;
use crate::limits::{
    CONGESTION_CONTROL, DRAIN_TIMEOUT, LISTEN_BACKLOG, RECEIVE_BUFFER_BYTES, SESSION_KEYS_INTERVAL,
    UNSENT_BYTES_MAX,
};
use crate::lobby::Lobby;
use crate::metrics;
use crate::options::Options;
use crate::presence;
use crate::proxy_header::ProxyProtocol;
use crate::relays::Relays;
use crate::seats::SeatRegister;
use crate::sessions::{SessionRegister, Sessions};
use crate::tls::{self, CertificateFiles, Tls};
use crate::token::{Port, Signer};

/// What the gateway follows and writes.
const STORES: [Store; 5] = [
    store::ROOMS,
    store::SEATS,
    store::SESSIONS,
    store::PRESENCE,
    store::CHAT,
];

/// Runs the gateway until shutdown.
///
/// # Errors
/// When a port is taken, the key or the certificate cannot be read, or the bus is missing.
pub async fn run(options: Options, mut context: Context) -> Result<(), BoxError> {
    let race = listen("--race-listen", options.race_listen)?;
    let chat = listen("--chat-listen", options.chat_listen)?;
    let key = &options.session_key_file;
    let signer = Signer::from_file(key)
        .map_err(|error| format!("cannot use --session-key-file {}: {error}", key.display()))?;

    let certificate = options.tls_certificate.zip(options.tls_key);
    let tls =
        certificate.map(|(certificate, key)| Tls::load(CertificateFiles { certificate, key }));
    let tls = tls.transpose()?.map(Arc::new);
    let hangups = signal(SignalKind::hangup())?;

    let gateway = GatewayId::new(rand::random());
    let bus = Bus::connect(Connection {
        url: options.service.nats.clone(),
        name: format!("gateway-{gateway}"),
        user: User::Gateway,
        seed: options.service.nats_seed.clone(),
        ca: options.service.nats_ca.clone(),
    })
    .await?;
    let _keeper = bus.keep(&STORES).await?;
    let presence = bus.bucket(&store::PRESENCE).await?;
    let needs = bus.clone();
    context.health().check(move || needs.problems());
    info!(%gateway, "gateway");

    let flush = FlushOptions {
        lead: Duration::from_millis(options.flush_lead_ms),
        grid: Duration::from_millis(options.flush_grid_ms),
        origin: Instant::now(),
    };
    metrics::flush(flush);
    let tasks = TaskTracker::new();
    let backend = Arc::new(Backend {
        gateway,
        bus: bus.clone(),
        sessions: Sessions::default(),
        session_register: SessionRegister::new(bus.bucket(&store::SESSIONS).await?, gateway),
        relays: Arc::new(Relays::new(
            bus.clone(),
            gateway,
            flush,
            context.timers.clone(),
            tasks.clone(),
        )),
        lobby: Lobby::default(),
        seats: SeatRegister::new(bus.bucket(&store::SEATS).await?),
        chat: ChatHub::new(rand::random()),
        presence,
        signer,
        limiter: Arc::new(Limiter::new(options.limits)),
    });

    let shutdown = context.shutdown.clone();
    let followers = TaskTracker::new();
    let follow = |follower: Follower| {
        let (backend, bus) = (Arc::clone(&backend), bus.clone());
        let shutdown = shutdown.clone();
        followers.spawn(async move {
            match follower {
                Follower::Lobby => {
                    let rooms = bus.follow_bucket(&store::ROOMS);
                    backend.lobby.follow(rooms, &shutdown).await;
                }
                Follower::ChatStream => {
                    let stream = bus.follow_stream(&store::CHAT);
                    backend.chat.follow_stream(stream, &shutdown).await;
                }
                Follower::Presence => {
                    let bucket = bus.follow_bucket(&store::PRESENCE);
                    backend.chat.follow_presence(bucket, &shutdown).await;
                }
                Follower::Sessions => {
                    let bucket = bus.follow_bucket(&store::SESSIONS);
                    let register = &backend.session_register;
                    backend.sessions.follow(bucket, register, &shutdown).await;
                }
                Follower::SessionKeys => refresh_keys(&backend, &shutdown).await,
                Follower::Renewal => presence::renew(&backend, &shutdown).await,
                Follower::Repair => presence::repair(&backend, &shutdown).await,
            }
        });
    };
    [
        Follower::Lobby,
        Follower::ChatStream,
        Follower::Presence,
        Follower::Sessions,
        Follower::SessionKeys,
        Follower::Renewal,
        Follower::Repair,
    ]
    .into_iter()
    .for_each(follow);

    let pings = bus.subscribe(subject::gateway_ping(gateway)).await?;
    followers.spawn(answer_pings(Arc::clone(&backend), pings, shutdown.clone()));

    followers.spawn(tls::reload_on_hangup(
        tls.clone(),
        hangups,
        shutdown.clone(),
    ));

    let proxy = ProxyProtocol::new(options.proxy);
    let addresses = Addresses::new(Arc::clone(&backend.limiter), proxy);
    context.serving(&[("race", race.local_addr()?), ("chat", chat.local_addr()?)])?;
    for (listener, port) in [(race, Port::Race), (chat, Port::Chat)] {
        let client_port = ClientPort {
            port,
            backend: Arc::clone(&backend),
            addresses: Arc::clone(&addresses),
            tls: tls.clone(),
            shutdown: shutdown.clone(),
        };
        followers.spawn(client_port.accept(listener, tasks.clone()));
    }

    shutdown.wait().await;
    context.health().set_serving(false);
    followers.close();
    followers.wait().await;
    tasks.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, tasks.wait())
        .await
        .is_err()
    {
        warn!("some clients did not take their goodbye");
    }
    bus.drain().await;
    Ok(())
}

/// What runs beside the connections.
enum Follower {
    Lobby,
    ChatStream,
    Presence,
    Sessions,
    SessionKeys,
    Renewal,
    Repair,
}

/// Looks whether the session keys have changed, until shutdown.
async fn refresh_keys(backend: &Backend, shutdown: &Shutdown) {
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(SESSION_KEYS_INTERVAL) => backend.signer.refresh(),
        }
    }
}

/// Answers owners of rooms which of their players are here.
async fn answer_pings(backend: Arc<Backend>, mut pings: Subscription, shutdown: Shutdown) {
    loop {
        let message = tokio::select! {
            Some(message) = pings.next() => message,
            () = shutdown.wait() => return,
        };
        let request = serde_json::from_slice::<PresentRequest>(&message.payload);
        let (Ok(request), Some(reply_to)) = (request, message.reply) else {
            tracing::debug!("a presence check that cannot be read");
            continue;
        };
        if let Some(sessions) = backend.relays.present(&request.room).await {
            let answer: Reply<Present> = Ok(Present { sessions });
            backend.bus.publish_json(reply_to, &answer);
        }
    }
}

fn listen(flag: &str, address: SocketAddr) -> Result<TcpListener, String> {
    let listening = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // Ports of a gateway that has just ended can be had at once.
        socket.set_reuseaddr(true)?;
        // Connections inherit it. A kernel without it has its own default.
        #[cfg(target_os = "linux")]
        let _ = rustix::net::sockopt::set_tcp_congestion(&socket, CONGESTION_CONTROL);
        #[cfg(target_os = "linux")]
        socket2::SockRef::from(&socket).set_tcp_notsent_lowat(UNSENT_BYTES_MAX)?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        socket.bind(address)?;
        socket.listen(LISTEN_BACKLOG)
    };
    listening()
        .map_err(|error: std::io::Error| format!("cannot listen on {flag} {address}: {error}"))
}
