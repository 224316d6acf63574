//! What a room's owner asks the gateways: what happened before it, or while it stood
//! still, and who is there.

use std::time::Instant;

use protocol::SessionNonce;
use protocol::catch_up::CatchUpRequest;
use protocol::{GatewayId, RaceId, Tick};
use tracing::info;

use super::{Command, Moment, OwnerCore, Stage};
use crate::catch_up::{CatchUp, News};
use crate::limits::{PRESENCE_INTERVAL, TICK_INTERVAL};
use crate::metrics;
use crate::room::presence::Belief;

/// What is collected before a room goes on.
#[derive(Debug)]
pub(super) struct Inheritance {
    began: Instant,
    answers: CatchUp,
    have_ended: bool,
    /// The last tick before this owner stood still, and when it was due: it knows
    /// that better than any gateway.
    own: Option<(Tick, Instant)>,
    /// Inputs that came to the new owner itself, since before its
    /// compare-and-set. They are newer than what the gateways answer.
    heard: News,
}

impl Inheritance {
    fn new(
        race: RaceId,
        awaited: &[GatewayId],
        own: Option<(Tick, Instant)>,
        now: Instant,
    ) -> Self {
        Self {
            began: now,
            answers: CatchUp::new(race, awaited, now),
            have_ended: false,
            own,
            heard: News::default(),
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.answers.deadline()
    }

    pub(super) fn heard(&mut self, payload: &[u8]) {
        self.heard.batch(payload);
    }
}

impl OwnerCore {
    /// Raises the floor of every gateway, and waits for what they know. `own` is the
    /// last tick that this owner computed itself, and when it was due.
    pub(super) fn ask_gateways(
        &mut self,
        gateways: &[GatewayId],
        own: Option<(Tick, Instant)>,
        now: Instant,
    ) {
        let race = self.room.identity().race;
        // Of a room that does not move there is nothing to know.
        let awaited = if self.room.is_moving() { gateways } else { &[] };
        let inheritance = Inheritance::new(race, awaited, own, now);
        self.stage = Stage::Inheriting(Box::new(inheritance));
        self.commands.push(Command::AskGateways(CatchUpRequest {
            race,
            epoch: self.chain.epoch(),
        }));
    }

    /// Goes on after standing still, when the next tick was `due`, as a new owner
    /// would: clients have driven on meanwhile. What they sent is here or, if NATS
    /// was away, with their gateways.
    pub(super) fn catch_up_from(&mut self, due: Instant, now: Instant) {
        let gateways = self.room.gateways();
        let last = due.checked_sub(TICK_INTERVAL);
        let own = last.map(|last| (self.room.tick_number(), last));
        self.ask_gateways(&gateways, own, now);
    }

    pub(super) fn caught(&mut self, answer: &[u8], now: Instant) {
        if let Stage::Inheriting(inheritance) = &mut self.stage {
            inheritance.answers.answer(answer, now);
        }
    }

    pub(super) fn catch_up_ended(&mut self) {
        if let Stage::Inheriting(inheritance) = &mut self.stage {
            inheritance.have_ended = true;
        }
    }

    /// Brings the room from its checkpoint to the present once all that is to
    /// be known is known.
    pub(super) fn catch_up_if_complete(&mut self, moment: Moment) {
        let Moment { now, unix_ms, .. } = moment;
        let is_complete = |it: &Inheritance| it.have_ended || it.answers.is_complete(now);
        if !matches!(&self.stage, Stage::Inheriting(it) if is_complete(it)) {
            return;
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Running);
        let Stage::Inheriting(inheritance) = stage else {
            return;
        };
        let (mut news, unreadable) = inheritance.answers.finish();
        news.frames.extend(inheritance.heard.frames);
        news.newest = inheritance.own.or(news.newest);
        metrics::inputs(0, unreadable.into());
        let caught_up = self.room.catch_up(&news, now, unix_ms);
        self.due = caught_up.due;
        let took = now.saturating_duration_since(inheritance.began);
        metrics::caught_up(took, caught_up.repeated, caught_up.advanced);
        if caught_up.has_diverged {
            metrics::diverged();
        }
        info!(room = %self.id, ?caught_up, "caught up");
    }

    /// Asks the gateways of all players which of them are present.
    pub(super) fn check_presence(&mut self, moment: Moment) {
        self.presence_due = moment.now + PRESENCE_INTERVAL;
        if self.is_checking_presence || self.must_stand_still(moment) {
            return;
        }
        self.is_checking_presence = true;
        self.commands.push(Command::Count(self.room.beliefs()));
    }

    pub(super) fn counted(
        &mut self,
        census: &[(Belief, Option<Vec<SessionNonce>>)],
        moment: Moment,
    ) {
        self.is_checking_presence = false;
        if !self.is_running() || self.must_stand_still(moment) {
            return;
        }
        for (belief, present) in census {
            if let Some(present) = present {
                self.room.correct(belief, present, moment.now);
            }
        }
    }
}
