//! One thin player, without I/O: of a snapshot it reads the header, and what it
//! drives was recorded.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use bytes::Bytes;
use client_core::LinkEvent;
use client_core::link::Traffic;
use client_core::netcode::TickClock;
use client_core::protocol::RaceId;
use client_core::protocol::client::{ClientMessage, Hello, ServerMessage};
use client_core::protocol::frame::{self, FrameKind};
use client_core::protocol::input::InputFrame;
use client_core::protocol::limits::{INPUT_TICKS_MAX, TICKS_PER_SNAPSHOT};
use client_core::protocol::snapshot::RelayedHeader;

use super::frames::Frames;
use super::recording::Recording;
use crate::driver::Bot;
use crate::load::bot_observer::BotObserver;
use crate::watcher::Outcome;

/// Turns between two pings, five seconds: who waits for a race is not to be
/// taken for dead.
const PING_TURNS: u32 = 150;

/// A player.
pub(crate) struct Player {
    bot: Bot<BotObserver>,
    recording: Arc<Recording>,
    frames: Frames,
    traffic: Traffic,
    wheel: Option<Wheel>,
    /// Turns until the next ping.
    ping_in: u32,
    /// The gateway has said that coming back makes no sense; why.
    dismissed: Option<String>,
}

/// What a player drives by, once a snapshot has come.
struct Wheel {
    race: RaceId,
    clock: TickClock,
    /// The newest tick that the room has acknowledged; 0 when there is none.
    acknowledged: u32,
    /// The first and the newest tick sent on this connection.
    sent: Option<(u32, u32)>,
}

impl Player {
    pub(crate) fn new(bot: Bot<BotObserver>, recording: Arc<Recording>) -> Self {
        Self {
            bot,
            recording,
            frames: Frames::default(),
            traffic: Traffic::default(),
            wheel: None,
            ping_in: PING_TURNS,
            dismissed: None,
        }
    }

    /// The connection is there; `out` receives what is to be sent.
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

    /// The connection is gone.
    pub(crate) fn lost(&mut self, reason: String, now: Instant) -> Result<()> {
        let event = match self.dismissed.take() {
            Some(reason) => LinkEvent::Ended { reason },
            None => LinkEvent::Lost { reason },
        };
        if let Some(wheel) = &mut self.wheel {
            wheel.sent = None;
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
        let wheel = match &mut self.wheel {
            Some(wheel) if wheel.race == race => wheel,
            other => other.insert(Wheel {
                race,
                clock: TickClock::new(header.tick, room.netcode().round_trip(), now),
                acknowledged: 0,
                sent: None,
            }),
        };
        wheel.clock.snapshot(header.tick, ack, now);
        if let Some(ack) = ack {
            wheel.acknowledged = wheel.acknowledged.max(ack.tick);
        }
        self.bot.watcher().snapshot(&header, seat, now);
    }

    /// Thirty times a second: does what is to be done. `out` receives what is to
    /// be sent. Breaks when the player has raced enough.
    pub(crate) fn turn(
        &mut self,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<ControlFlow<Option<Outcome>>> {
        let turn = self.bot.turn(true, now)?;
        self.ping_in -= 1;
        if self.ping_in == 0 {
            self.ping_in = PING_TURNS;
            frame::append(&frame::from_client(&ClientMessage::Ping { nonce: 0 }), out);
        }
        if turn.is_continue() {
            self.drive(now, out);
        }
        self.flush(now, out);
        Ok(turn)
    }

    /// When the next turn should be; `None`: whenever the next would be.
    pub(crate) fn send_due(&self) -> Option<Instant> {
        self.wheel.as_ref().map(|wheel| wheel.clock.send_due())
    }

    fn drive(&mut self, now: Instant, out: &mut Vec<u8>) {
        let Some(room) = self.bot.client().room() else {
            return;
        };
        let (Some(seat), race) = (room.seat(), room.view().race) else {
            return;
        };
        let start_tick = room.view().start_tick;
        let wheel = self.wheel.as_mut().filter(|wheel| wheel.race == race);
        let Some(input) =
            wheel.and_then(|wheel| wheel.turn(seat, start_tick, &self.recording, now))
        else {
            return;
        };
        self.bot.watcher().input(&input, now);
        // Encoded where it is sent from; its length is known afterwards.
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
        self.bot.look_over(self.traffic, now);
    }
}

impl Wheel {
    /// The input frame that is due: what is new, and all that is not acknowledged.
    fn turn(
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
            // After a jump back of the clock the ticks are not new, but unsent.
            Some(_) | None => (newest + 1).saturating_sub(TICKS_PER_SNAPSHOT),
        };
        self.sent = Some((since, newest));
        self.clock.sent(newest, now);
        // What is acknowledged may be from before a jump back.
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

    const SLOT: Duration = Duration::from_nanos(1_000_000_000 / 30);

    fn wheel(tick: u32, now: Instant) -> Wheel {
        Wheel {
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
    fn sends_all_that_is_not_acknowledged() {
        let (recording, mut now) = (recording(), Instant::now());
        let mut wheel = wheel(100, now);
        let first = wheel.turn(0, Some(0), &recording, now).unwrap();
        assert_eq!(first.controls.len(), 2);
        assert_eq!(wheel.turn(0, Some(0), &recording, now), None);
        now += SLOT;
        let second = wheel.turn(0, Some(0), &recording, now).unwrap();
        assert_eq!(second.first_tick, first.first_tick);
        wheel.acknowledged = first.first_tick + 1;
        now += SLOT;
        let third = wheel.turn(0, Some(0), &recording, now).unwrap();
        assert_eq!(third.first_tick, first.first_tick + 2);
        let newest = third.first_tick + third.controls.len() as u32 - 1;
        let expected = recording.controls(0, newest);
        assert_eq!(third.controls.last(), Some(&expected));
    }

    #[test]
    fn goes_on_sending_when_its_clock_was_far_ahead() {
        let (recording, mut now) = (recording(), Instant::now());
        let mut wheel = wheel(1_000, now);
        let ahead = wheel.turn(0, Some(0), &recording, now).unwrap();
        // The room stood still: its ticks are 600 behind for a second.
        let (mut sent, mut tick) = (Vec::new(), 400);
        for _ in 0..30 {
            (now, tick) = (now + SLOT, tick + 2);
            wheel.clock.snapshot(tick, None::<InputAck>, now);
            sent.extend(wheel.turn(0, Some(0), &recording, now));
        }
        let last = sent.last().unwrap();
        assert!(last.first_tick < ahead.first_tick, "{last:?}");
        let newest = last.first_tick + last.controls.len() as u32 - 1;
        assert!((tick..tick + 12).contains(&newest), "{newest} at {tick}");
    }
}
