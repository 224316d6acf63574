//! The hooks of one bot under load.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use client_core::link::Traffic;
use client_core::protocol::frame::{self, FrameKind};
use client_core::protocol::input::InputFrame;
use client_core::protocol::lobby::Phase;
use client_core::protocol::snapshot::RelayedHeader;
use client_core::protocol::{RaceId, Seat};
use client_core::race::room::RoomClient;
use client_core::{LinkEvent, RaceClient};
use domain::Mode;
use tokio::sync::watch;

use super::observer::Observer;
use super::record::Record;
use crate::driver::Driver;
use crate::hooks::{Hooks, Next, Outcome};

/// The record that all bots of a process write to.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<Record>>);

impl Shared {
    pub(crate) fn new(record: Record) -> Self {
        Self(Arc::new(Mutex::new(record)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far a bot is before the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Before its first race.
    Joining,
    /// It has been in a race that had started.
    Racing,
}

/// What all bots are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orders {
    /// Race again and again in the first `rooms` rooms; the bots of the others wait.
    Race { rooms: u16 },
    /// End the present race, and begin no other.
    Finish,
    /// Leave the room.
    Leave,
}

/// Records the measurements of one bot.
#[derive(Debug)]
pub(crate) struct LoadHooks {
    bot: String,
    /// The number of its room.
    room: u16,
    record: Shared,
    observer: Observer,
    progress: watch::Sender<Progress>,
    orders: watch::Receiver<Orders>,
    traffic: Traffic,
    /// Whether its token is recorded.
    is_logged_in: bool,
}

impl LoadHooks {
    pub(crate) fn new(
        driver: &Driver,
        room: u16,
        record: Shared,
        progress: watch::Sender<Progress>,
        orders: watch::Receiver<Orders>,
    ) -> Self {
        Self {
            bot: driver.name.clone(),
            room,
            record,
            observer: Observer::new(&driver.name, driver.room.as_str()),
            progress,
            orders,
            traffic: Traffic::default(),
            is_logged_in: false,
        }
    }

    /// A snapshot has come for a seat in the room.
    pub(crate) fn snapshot(&mut self, header: &RelayedHeader, seat: Option<Seat>, now: Instant) {
        let record = &mut self.record.lock();
        self.observer.snapshot(header, seat, now, record);
    }

    /// An input frame is sent.
    pub(crate) fn input(&mut self, input: &InputFrame, now: Instant) {
        self.observer.sent(input, now, &mut self.record.lock());
    }
}

impl Hooks for LoadHooks {
    fn received(&mut self, event: &LinkEvent, client: &RaceClient, now: Instant) {
        match event {
            LinkEvent::Snapshot(bytes) => {
                let (Some(room), Ok((header, _))) = (client.room(), RelayedHeader::split(bytes))
                else {
                    return;
                };
                if header.race == room.view().race.tag() {
                    self.snapshot(&header, room.seat(), now);
                }
            }
            LinkEvent::Lost { .. } | LinkEvent::Ended { .. } if client.room().is_some() => {
                self.observer.lost(now, &mut self.record.lock());
            }
            LinkEvent::Lost { .. }
            | LinkEvent::Ended { .. }
            | LinkEvent::Connected
            | LinkEvent::Message(_)
            | LinkEvent::Event(_)
            | LinkEvent::Chat(_) => {}
        }
    }

    fn handled(&mut self, client: &RaceClient, traffic: Traffic, now: Instant) {
        let before = std::mem::replace(&mut self.traffic, traffic);
        let record = &mut self.record.lock();
        record.volume.bytes_down += traffic.bytes_down - before.bytes_down;
        record.volume.bytes_up += traffic.bytes_up - before.bytes_up;
        if !self.is_logged_in
            && let (Some(token), Some(_)) = (client.token(), client.player())
        {
            self.is_logged_in = true;
            let before = record.tokens.insert(self.bot.clone(), token.to_owned());
            record.logged_in += usize::from(before.is_none());
        }
        let Some(room) = client.room() else {
            return;
        };
        self.observer.seated(now, record);
        let (netcode, seat) = (room.netcode(), room.seat());
        // Penalties take metres off on the highway; on a circuit nothing does.
        let is_circuit = room.view().settings.mode == Mode::Circuit;
        let score = netcode
            .confirmed()
            .zip(seat)
            .filter(|_| is_circuit)
            .map_or(0, |(state, seat)| state.score(seat.into()));
        self.observer
            .counted(netcode.counters(), netcode.correction_m(), score, record);
    }

    fn sent(&mut self, frame: &Bytes, now: Instant) {
        if let Ok((FrameKind::Input, body)) = frame::split(frame)
            && let Ok(input) = InputFrame::decode(body)
        {
            self.input(&input, now);
        }
    }

    fn frame_begins(&mut self, late: Duration) {
        self.record.lock().lateness.add(late);
    }

    fn drives(&mut self, room: &RoomClient, now: Instant) {
        if room.view().phase == Phase::Racing && *self.progress.borrow() == Progress::Joining {
            self.progress.send_replace(Progress::Racing);
        }
        self.observer.update(now, &mut self.record.lock());
    }

    fn seat_lost(&mut self, race: RaceId, now: Instant) {
        let record = &mut self.record.lock();
        record.seats_lost.insert(race);
        self.observer.end(now, record);
        self.observer.over(record);
    }

    fn waits(&self) -> bool {
        matches!(*self.orders.borrow(), Orders::Race { rooms } if self.room >= rooms)
    }

    fn wants_race(&self) -> bool {
        matches!(*self.orders.borrow(), Orders::Race { .. })
    }

    fn leaves(&self) -> bool {
        *self.orders.borrow() == Orders::Leave
    }

    fn ended(&mut self, outcome: &Outcome) -> Next {
        {
            let record = &mut self.record.lock();
            record.race_ended(outcome.race, &outcome.result);
            self.observer.over(record);
        }
        if self.wants_race() {
            Next::Again
        } else {
            Next::Enough
        }
    }
}

impl Drop for LoadHooks {
    fn drop(&mut self) {
        self.observer.end(Instant::now(), &mut self.record.lock());
    }
}

#[cfg(test)]
mod tests {
    use client_core::Security;
    use domain::{CarClass, Skill};

    use super::*;

    #[test]
    fn bots_wait_until_their_room_is_to_race() {
        let driver = Driver {
            gateways: Vec::new(),
            security: Security::Plain,
            name: "load-8".to_owned(),
            skill: Skill::Club,
            class: CarClass::Grip,
            room: "load-2".parse().unwrap(),
            create: None,
            persists: true,
            fill: None,
            token: None,
        };
        let (orders, received) = watch::channel(Orders::Race { rooms: 2 });
        let record = Shared::new(Record::new(Instant::now(), false));
        let progress = watch::channel(Progress::Joining).0;
        let hooks = LoadHooks::new(&driver, 2, record, progress, received);
        assert!(hooks.waits() && hooks.wants_race());
        orders.send_replace(Orders::Race { rooms: 3 });
        assert!(!hooks.waits());
        orders.send_replace(Orders::Leave);
        assert!(!hooks.waits() && hooks.leaves());
    }
}
