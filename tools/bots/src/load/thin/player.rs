//! One thin player, without I/O: it reads only the headers of snapshots, and sends
//! recorded inputs.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use bytes::Bytes;
use client_core::link::Traffic;
use client_core::netcode::TickClock;
use client_core::protocol::RaceId;
use client_core::protocol::client::{ClientMessage, Hello, ServerMessage};
use client_core::protocol::frame::{self, FrameKind};
use client_core::protocol::input::InputFrame;
use client_core::protocol::limits::{INPUT_TICKS_MAX, TICKS_PER_SNAPSHOT};
use client_core::protocol::snapshot::RelayedHeader;
use client_core::{LinkEvent, RaceClientState};

use super::frames::Frames;
use super::recording::Recording;
use crate::driver::Bot;
use crate::hooks::Outcome;
use crate::load::load_hooks::LoadHooks;

/// Updates between two pings, five seconds: a player that waits for a race must not
/// become idle for the gateway.
const PING_UPDATES: u32 = 150;

/// A player.
pub(crate) struct Player {
    bot: Bot<LoadHooks>,
    recording: Arc<Recording>,
    frames: Frames,
    traffic: Traffic,
    inputs: Option<Inputs>,
    /// Updates until the next ping.
    ping_in: u32,
    /// The reason of a goodbye after which connecting again is useless.
    dismissed: Option<String>,
}

/// The inputs of a player, once a snapshot has come.
struct Inputs {
    race: RaceId,
    clock: TickClock,
    /// The newest tick that the room has acknowledged; 0 when there is none.
    acknowledged: u32,
    /// The first and the newest tick sent on this connection.
    sent: Option<(u32, u32)>,
}

impl Player {
    pub(crate) fn new(bot: Bot<LoadHooks>, recording: Arc<Recording>) -> Self {
        Self {
            bot,
            recording,
            frames: Frames::default(),
            traffic: Traffic::default(),
            inputs: None,
            ping_in: PING_UPDATES,
            dismissed: None,
        }
    }

    /// The connection is open; appends the frames to send to `out`.
    pub(crate) fn connected(&mut self, now: Instant, out: &mut Vec<u8>) -> Result<()> {
        self.frames.clear();
        let hello = Hello {
            client: "bots".to_owned(),
        };
        frame::append(&frame::hello(&hello), out);
        self.bot.event(LinkEvent::Connected, self.traffic, now)?;
        self.flush(now, out);
        Ok(())
    }

    /// Whether the gateway has welcomed it on this connection.
    pub(crate) fn is_logged_in(&self) -> bool {
        match self.bot.client().state() {
            RaceClientState::Lobby | RaceClientState::Room(_) | RaceClientState::Result(_) => true,
            RaceClientState::Offline(_)
            | RaceClientState::Unauthenticated
            | RaceClientState::Ended(_) => false,
        }
    }

    /// The connection is lost.
    pub(crate) fn lost(&mut self, reason: String, now: Instant) -> Result<()> {
        let event = match self.dismissed.take() {
            Some(reason) => LinkEvent::Ended { reason },
            None => LinkEvent::Lost { reason },
        };
        if let Some(inputs) = &mut self.inputs {
            inputs.sent = None;
        }
        self.bot.event(event, self.traffic, now)
    }

    /// Bytes have come.
    pub(crate) fn received(&mut self, bytes: &[u8], now: Instant) -> Result<()> {
        self.traffic.bytes_down += bytes.len() as u64;
        let mut frames = std::mem::take(&mut self.frames);
        let read = frames.read(bytes, |frame| self.frame(frame, now));
        self.frames = frames;
        read
    }

    fn frame(&mut self, frame: &[u8], now: Instant) -> Result<()> {
        if let Some((&kind, body)) = frame.split_first()
            && kind == FrameKind::Snapshot as u8
        {
            self.snapshot(body, now);
            return Ok(());
        }
        let Some(event) = LinkEvent::read(&Bytes::copy_from_slice(frame)) else {
            return Ok(());
        };
        if let LinkEvent::Message(ServerMessage::Goodbye {
            reason,
            retry: false,
            ..
        }) = &event
        {
            self.dismissed = Some(reason.clone());
        }
        self.bot.event(event, self.traffic, now)
    }

    fn snapshot(&mut self, body: &[u8], now: Instant) {
        let (Some(room), Ok((header, _body))) =
            (self.bot.client().room(), RelayedHeader::split(body))
        else {
            return;
        };
        let race = room.view().race;
        if header.race != race.tag() {
            return;
        }
        let seat = room.seat();
        let ack = seat.and_then(|seat| header.acks.get(usize::from(seat)));
        let ack = ack.copied().filter(|ack| ack.tick > 0);
        let inputs = match &mut self.inputs {
            Some(inputs) if inputs.race == race => inputs,
            other => other.insert(Inputs {
                race,
                clock: TickClock::new(header.tick, room.netcode().round_trip(), now),
                acknowledged: 0,
                sent: None,
            }),
        };
        inputs.clock.snapshot(header.tick, ack, now);
        if let Some(ack) = ack {
            inputs.acknowledged = inputs.acknowledged.max(ack.tick);
        }
        self.bot.hooks().snapshot(&header, seat, now);
    }

    /// Acts, thirty times a second; appends the frames to send to `out`. Breaks when
    /// the player has ended.
    pub(crate) fn update(
        &mut self,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<ControlFlow<Option<Outcome>>> {
        let flow = self.bot.update(true, now)?;
        self.ping_in -= 1;
        if self.ping_in == 0 {
            self.ping_in = PING_UPDATES;
            // Before the welcome a gateway takes a dozen messages.
            if self.is_logged_in() {
                frame::append(&frame::from_client(&ClientMessage::Ping { nonce: 0 }), out);
            }
        }
        if flow.is_continue() {
            self.drive(now, out);
        }
        self.flush(now, out);
        Ok(flow)
    }

    /// When the next inputs are due; `None` before the first snapshot.
    pub(crate) fn send_due(&self) -> Option<Instant> {
        self.inputs.as_ref().map(|inputs| inputs.clock.send_due())
    }

    fn drive(&mut self, now: Instant, out: &mut Vec<u8>) {
        let Some(room) = self.bot.client().room() else {
            return;
        };
        let (Some(seat), race) = (room.seat(), room.view().race) else {
            return;
        };
        let start_tick = room.view().start_tick;
        let inputs = self.inputs.as_mut().filter(|inputs| inputs.race == race);
        let Some(input) =
            inputs.and_then(|inputs| inputs.next(seat, start_tick, &self.recording, now))
        else {
            return;
        };
        self.bot.hooks().input(&input, now);
        // Encoded in the output buffer; the length is filled in afterwards.
        let start = out.len();
        out.extend_from_slice(&[0, 0, FrameKind::Input as u8]);
        *out = input.encode_into(std::mem::take(out));
        let length = (out.len() - start - frame::LENGTH_BYTES) as u16;
        out[start..start + frame::LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
    }

    fn flush(&mut self, now: Instant, out: &mut Vec<u8>) {
        for frame in self.bot.take_outgoing(now) {
            frame::append(&frame, out);
        }
        self.traffic.bytes_up += out.len() as u64;
        self.bot.call_hooks(self.traffic, now);
    }
}

impl Inputs {
    /// The input frame that is due: the new ticks, and all unacknowledged ones.
    fn next(
        &mut self,
        seat: u8,
        start_tick: Option<u32>,
        recording: &Recording,
        now: Instant,
    ) -> Option<InputFrame> {
        let newest = self.clock.advance(now) as u32;
        let since = match self.sent {
            Some((_, before)) if newest == before => return None,
            Some((since, before)) if newest > before => since,
            // After the clock has jumped back, these ticks have not been sent.
            Some(_) | None => (newest + 1).saturating_sub(TICKS_PER_SNAPSHOT),
        };
        self.sent = Some((since, newest));
        self.clock.sent(newest, now);
        // An acknowledgement may be from before the jump.
        let known = Some(self.acknowledged).filter(|known| *known < newest);
        let first = since
            .max(known.map_or(0, |known| known + 1))
            .max((newest + 1).saturating_sub(INPUT_TICKS_MAX as u32));
        let controls = |tick: u32| match start_tick {
            Some(start) if tick >= start => recording.controls(seat, tick - start),
            Some(_) | None => Default::default(),
        };
        Some(InputFrame {
            first_tick: first,
            controls: (first..=newest).map(controls).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use client_core::protocol::snapshot::InputAck;
    use domain::CarClass;
    use simulation::Track;

    use super::*;

    const INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / 30);

    fn inputs(tick: u32, now: Instant) -> Inputs {
        Inputs {
            race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            clock: TickClock::new(tick, Some(Duration::ZERO), now),
            acknowledged: 0,
            sent: None,
        }
    }

    fn recording() -> Recording {
        Recording::new(Track::names()[0], 3, 1, CarClass::default(), 2).unwrap()
    }

    #[test]
    fn sends_all_unacknowledged_inputs() {
        let (recording, mut now) = (recording(), Instant::now());
        let mut inputs = inputs(100, now);
        let first = inputs.next(0, Some(0), &recording, now).unwrap();
        assert_eq!(first.controls.len(), 2);
        assert_eq!(inputs.next(0, Some(0), &recording, now), None);
        now += INTERVAL;
        let second = inputs.next(0, Some(0), &recording, now).unwrap();
        assert_eq!(second.first_tick, first.first_tick);
        inputs.acknowledged = first.first_tick + 1;
        now += INTERVAL;
        let third = inputs.next(0, Some(0), &recording, now).unwrap();
        assert_eq!(third.first_tick, first.first_tick + 2);
        let newest = third.first_tick + third.controls.len() as u32 - 1;
        let expected = recording.controls(0, newest);
        assert_eq!(third.controls.last(), Some(&expected));
    }

    #[test]
    fn continues_to_send_when_its_clock_was_far_ahead() {
        let (recording, mut now) = (recording(), Instant::now());
        let mut inputs = inputs(1_000, now);
        let ahead = inputs.next(0, Some(0), &recording, now).unwrap();
        // The room was paused: its ticks are 600 behind for a second.
        let (mut sent, mut tick) = (Vec::new(), 400);
        for _ in 0..30 {
            (now, tick) = (now + INTERVAL, tick + 2);
            inputs.clock.snapshot(tick, None::<InputAck>, now);
            sent.extend(inputs.next(0, Some(0), &recording, now));
        }
        let last = sent.last().unwrap();
        assert!(last.first_tick < ahead.first_tick, "{last:?}");
        let newest = last.first_tick + last.controls.len() as u32 - 1;
        assert!((tick..tick + 12).contains(&newest), "{newest} at {tick}");
    }
}
