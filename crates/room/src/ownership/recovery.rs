//! What a room's owner asks the gateways: what happened before it, or while it was
//! paused, and who is there.

use std::time::Instant;

use protocol::SessionNonce;
use protocol::catch_up::CatchUpRequest;
use protocol::{GatewayId, RaceId, Tick};
use tracing::info;

use super::{Command, Moment, OwnerCore, OwnerState};
use crate::catch_up::{CatchUp, News};
use crate::limits::{PRESENCE_INTERVAL, TICK_INTERVAL};
use crate::metrics;
use crate::room::presence::ExpectedPresence;

/// What is collected before a room goes on.
#[derive(Debug)]
pub(super) struct Recovery {
    began: Instant,
    answers: CatchUp,
    have_ended: bool,
    /// The last tick before this owner paused, and when it was due: it knows
    /// that better than any gateway.
    own: Option<(Tick, Instant)>,
    /// Inputs that came to the new owner itself, since before its
    /// compare-and-set. They are newer than what the gateways answer.
    heard: News,
}

impl Recovery {
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
        let recovery = Recovery::new(race, awaited, own, now);
        self.state = OwnerState::Recovering(Box::new(recovery));
        self.commands.push(Command::AskGateways(CatchUpRequest {
            race,
            epoch: self.lease.epoch(),
        }));
    }

    /// Continues after a pause, when the next tick was `due`, as a new owner
    /// would: clients have driven on meanwhile. What they sent is here or, if NATS
    /// was away, with their gateways.
    pub(super) fn catch_up_from(&mut self, due: Instant, now: Instant) {
        let gateways = self.room.gateways();
        let last = due.checked_sub(TICK_INTERVAL);
        let own = last.map(|last| (self.room.tick_number(), last));
        self.ask_gateways(&gateways, own, now);
    }

    pub(super) fn caught(&mut self, answer: &[u8], now: Instant) {
        if let OwnerState::Recovering(recovery) = &mut self.state {
            recovery.answers.answer(answer, now);
        }
    }

    pub(super) fn catch_up_ended(&mut self) {
        if let OwnerState::Recovering(recovery) = &mut self.state {
            recovery.have_ended = true;
        }
    }

    /// Brings the room from its checkpoint to the present once all that is to
    /// be known is known.
    pub(super) fn catch_up_if_complete(&mut self, moment: Moment) {
        let Moment { now, unix_ms, .. } = moment;
        let is_complete = |it: &Recovery| it.have_ended || it.answers.is_complete(now);
        if !matches!(&self.state, OwnerState::Recovering(it) if is_complete(it)) {
            return;
        }
        let state = std::mem::replace(&mut self.state, OwnerState::Running);
        let OwnerState::Recovering(recovery) = state else {
            return;
        };
        let unknown = recovery.answers.unknown_version();
        self.commands
            .extend(unknown.map(Command::ReportUnknownVersion));
        let (mut news, unreadable) = recovery.answers.finish();
        news.frames.extend(recovery.heard.frames);
        news.newest = recovery.own.or(news.newest);
        metrics::inputs(0, unreadable.into());
        let caught_up = self.room.catch_up(&news, now, unix_ms);
        self.due = caught_up.due;
        let took = now.saturating_duration_since(recovery.began);
        metrics::caught_up(took, caught_up.repeated, caught_up.advanced);
        if caught_up.has_diverged {
            metrics::diverged();
        }
        info!(room = %self.id, ?caught_up, "caught up");
    }

    /// Asks the gateways of all players which of them are present.
    pub(super) fn check_presence(&mut self, moment: Moment) {
        self.presence_due = moment.now + PRESENCE_INTERVAL;
        if self.is_checking_presence || self.must_pause(moment) {
            return;
        }
        self.is_checking_presence = true;
        self.commands
            .push(Command::CheckPresence(self.room.expected_presence()));
    }

    pub(super) fn counted(
        &mut self,
        presence: &[(ExpectedPresence, Option<Vec<SessionNonce>>)],
        moment: Moment,
    ) {
        self.is_checking_presence = false;
        if !self.is_running() || self.must_pause(moment) {
            return;
        }
        for (expected, present) in presence {
            if let Some(present) = present {
                self.room.correct(expected, present, moment.now);
            }
        }
    }
}
