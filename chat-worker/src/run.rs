//! Start and shutdown of the chat worker.

use std::time::Instant;

use bus::{Bus, Call, Connection, Store, User, store};
use protocol::chat::Posted;
use protocol::{Reply, subject};
use serde::de::DeserializeOwned;
use service::{BoxError, Context, unix_ms};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::chat_service::ChatService;
use crate::limits::DRAIN_TIMEOUT;
use crate::metrics;
use crate::options::Options;

/// What the worker writes to.
const STORES: [Store; 2] = [store::CHAT, store::PRESENCE];

/// Runs the worker until shutdown.
///
/// # Errors
/// When the bus is missing.
pub async fn run(options: Options, mut context: Context) -> Result<(), BoxError> {
    let bus = Bus::connect(Connection {
        url: options.service.nats.clone(),
        name: User::ChatWorker.to_string(),
        user: User::ChatWorker,
        seed: options.service.nats_seed.clone(),
        ca: options.service.nats_ca.clone(),
    })
    .await?;
    let _keeper = bus.keep(&STORES).await?;
    let presence = bus.bucket(&store::PRESENCE).await?;
    let needs = bus.clone();
    context.health().check(move || needs.problems());
    let chat_service = ChatService {
        bus: bus.clone(),
        presence,
    };

    let service = bus
        .service(
            "chat-worker",
            "checks and orders what is said",
            subject::CHAT_WORKERS,
        )
        .await?;
    let mut say = service.endpoint(subject::CHAT_SAY).await?;
    let mut join = service.endpoint(subject::CHAT_JOIN).await?;
    let mut leave = service.endpoint(subject::CHAT_LEAVE).await?;
    info!("chat worker");
    context.serving(&[])?;

    let calls = TaskTracker::new();
    let answer_say = |call| {
        let chat_service = chat_service.clone();
        let answer = async move |request| chat_service.say(request, unix_ms()).await;
        calls.spawn(serve("say", call, answer));
    };
    let answer_join = |call| {
        let chat_service = chat_service.clone();
        let answer = async move |request| chat_service.join(request, unix_ms()).await;
        calls.spawn(serve("join", call, answer));
    };
    let answer_leave = |call| {
        let chat_service = chat_service.clone();
        let answer = async move |request| chat_service.leave(request, unix_ms()).await;
        calls.spawn(serve("leave", call, answer));
    };
    loop {
        tokio::select! {
            () = context.shutdown.wait() => break,
            Some(call) = say.next() => answer_say(call),
            Some(call) = join.next() => answer_join(call),
            Some(call) = leave.next() => answer_leave(call),
        }
    }

    // Leave the queue group first; requests received before are answered here.
    context.health().set_serving(false);
    service.stop().await;
    let leftovers = async {
        while let Some(call) = say.next().await {
            answer_say(call);
        }
        while let Some(call) = join.next().await {
            answer_join(call);
        }
        while let Some(call) = leave.next().await {
            answer_leave(call);
        }
        calls.close();
        calls.wait().await;
    };
    if tokio::time::timeout(DRAIN_TIMEOUT, leftovers)
        .await
        .is_err()
    {
        warn!("some requests were not answered");
    }
    bus.drain().await;
    Ok(())
}

async fn serve<R, F, A>(what: &'static str, call: Call, answer: F)
where
    R: DeserializeOwned,
    F: FnOnce(R) -> A,
    A: Future<Output = Reply<Posted>>,
{
    let begun = Instant::now();
    let reply = match call.read() {
        Ok(request) => answer(request).await,
        Err(rejection) => Err(rejection),
    };
    if reply.is_err() {
        metrics::refused(what);
    }
    metrics::served(what, begun.elapsed());
    call.answer(&reply).await;
}
