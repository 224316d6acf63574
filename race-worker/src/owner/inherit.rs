//! What a room's owner asks the gateways: what happened before it, and who is
//! there.

use std::time::{Duration, Instant};

use bus::RequestError;
use futures::FutureExt;
use futures::future::join_all;
use protocol::catch_up::CatchUpRequest;
use protocol::room::{Present, PresentRequest};
use protocol::{GatewayId, SessionNonce, subject};
use tracing::{debug, info};

use super::{Owner, unix_ms};
use crate::catch_up::{CatchUp, News};
use crate::limits::{GATEWAY_CHECK_INTERVAL, GATEWAY_CHECK_TIMEOUT, GATEWAY_GONE_AFTER};
use crate::metrics;
use crate::room::presence::Belief;

/// What the gateways answered. `None`: it is not known.
pub(super) type Census = Vec<(Belief, Option<Vec<SessionNonce>>)>;

impl Owner {
    /// Brings the room from its checkpoint to the present.
    pub(super) async fn catch_up(&mut self, gateways: &[GatewayId]) {
        let began = Instant::now();
        let mut news = self.collect(gateways, began).await;
        // Heard since before the compare-and-set, and in time if it is now.
        while let Some(message) = self.ears.inputs.next_now() {
            news.batch(&message.payload);
        }
        let caught_up = self.room.catch_up(&news, Instant::now(), unix_ms());
        self.due = caught_up.due;
        metrics::caught_up(began.elapsed(), caught_up.repeated, caught_up.advanced);
        if caught_up.has_diverged {
            metrics::diverged();
        }
        info!(room = %self.id, ?caught_up, "caught up");
    }

    /// Raises the floor of every gateway, and waits for what they know.
    async fn collect(&mut self, gateways: &[GatewayId], now: Instant) -> News {
        let race = self.room.identity().race;
        // Of a room that does not move there is nothing to know.
        let awaited = if self.room.is_moving() { gateways } else { &[] };
        let mut catch_up = CatchUp::new(race, awaited, now);
        let request = CatchUpRequest {
            race,
            epoch: self.chain.epoch(),
        };
        let subject = subject::room_catch_up(&self.id);
        match self.worker.bus.ask_all(subject, request.encode()).await {
            Ok(mut answers) => {
                while !catch_up.is_complete(Instant::now()) {
                    let deadline = catch_up.deadline().into();
                    match tokio::time::timeout_at(deadline, answers.next()).await {
                        Ok(Some(bytes)) => catch_up.answer(&bytes, Instant::now()),
                        Ok(None) | Err(_) => break,
                    }
                }
            }
            Err(error) => debug!(%error, room = %self.id, "could not ask the gateways"),
        }
        let (news, unreadable) = catch_up.finish();
        metrics::inputs(0, unreadable.into());
        news
    }

    /// Asks the gateways of all players which of them are there.
    pub(super) fn count_the_present(&mut self) {
        self.census_due = Instant::now() + GATEWAY_CHECK_INTERVAL;
        if self.census.is_some() || self.must_stand_still(Instant::now()) {
            return;
        }
        let request = PresentRequest {
            room: self.id.clone(),
        };
        let ask = |belief: Belief| {
            let (bus, request) = (self.worker.bus.clone(), request.clone());
            async move {
                let subject = subject::gateway_ping(belief.gateway);
                for patience in [GATEWAY_GONE_AFTER, Duration::ZERO] {
                    let asked = bus.request(subject.clone(), &request, GATEWAY_CHECK_TIMEOUT);
                    match asked.await {
                        Ok(Present { sessions }) => return (belief, Some(sessions)),
                        // It may be on its way back to NATS.
                        Err(RequestError::NoResponders { .. }) => {
                            tokio::time::sleep(patience).await;
                        }
                        Err(error) => {
                            debug!(%error, gateway = %belief.gateway, "no answer");
                            return (belief, None);
                        }
                    }
                }
                (belief, Some(Vec::new()))
            }
        };
        let questions = self.room.beliefs().into_iter().map(ask);
        self.census = Some(join_all(questions).boxed());
    }

    pub(super) fn counted(&mut self, census: &Census) {
        self.census = None;
        let now = Instant::now();
        if self.must_stand_still(now) {
            return;
        }
        for (belief, present) in census {
            if let Some(present) = present {
                self.room.correct(belief, present, now);
            }
        }
    }
}
