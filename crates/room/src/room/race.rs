//! The ticks of a race.

use std::time::Instant;

use arrayvec::ArrayVec;
use domain::{CarClass, Drive, Mode, SEATS_MAX, TICK_RATE_HZ, UnknownVersion};
use netcode::wire;
use protocol::input::{InputBatch, InputFrame};
use protocol::limits::TICKS_PER_SNAPSHOT;
use protocol::lobby::Phase;
use protocol::record::ResultRecord;
use protocol::room::{CloseReason, RoomEventBody, Standing};
use protocol::snapshot::SnapshotHeader;
use protocol::{Seat, UnixMillis};
use simulation::{Event, RaceState, Track, step};

use super::seats::Occupant;
use super::{Identity, Output, Race, Room, ai};
use crate::limits::{COUNTDOWN_SECONDS, ROWS_INTERVAL_TICKS};

/// What came of a batch of inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Input frames for seats of this race.
    pub frames: u64,
    /// Frames or batches that could not be read, or are of another race.
    pub unreadable: u64,
    /// The version of a batch that this worker does not read.
    pub unknown_version: Option<UnknownVersion>,
}

impl Room {
    /// Takes the inputs that a gateway sent.
    pub fn inputs(&mut self, payload: &[u8]) -> Received {
        let mut received = Received::default();
        let batch = match InputBatch::decode(payload) {
            Ok(batch) => batch,
            Err(error) => {
                received.unreadable += 1;
                received.unknown_version = error.unknown_version();
                return received;
            }
        };
        let Some(race) = self
            .race
            .as_mut()
            .filter(|_| batch.race == self.identity.race)
        else {
            received.unreadable += 1;
            return received;
        };
        let tick = race.state.tick;
        for (seat, bytes) in batch.frames {
            let is_theirs = self.seats.is_driven_from(seat, batch.gateway);
            match (
                race.inputs.get_mut(usize::from(seat)).filter(|_| is_theirs),
                InputFrame::decode(bytes),
            ) {
                (Some(inputs), Ok(frame)) => {
                    inputs.receive(&frame, tick);
                    received.frames += 1;
                }
                (_, _) => received.unreadable += 1,
            }
        }
        received
    }

    /// Computes one tick. `now_ms` is the wall clock, for the result's date.
    pub fn tick(&mut self, now: Instant, now_ms: UnixMillis) {
        self.poll(now);
        if !self.is_moving() {
            return;
        }
        if let Some(race) = &mut self.race {
            let drives = race.drives(&self.track);
            self.compute(&drives, now_ms);
        }
    }

    /// Computes the next tick, in which every seat does what `drives` says.
    pub(super) fn compute(&mut self, drives: &[Drive], now_ms: UnixMillis) {
        let Some(mut race) = self.race.take() else {
            return;
        };
        let tick = race.state.tick;
        step(
            &self.track,
            &race.rules,
            &mut race.state,
            drives,
            &mut race.events,
        );
        for (applied, drive) in race.applied.iter_mut().zip(drives) {
            applied.rotate_left(1);
            applied[applied.len() - 1] = *drive;
        }
        let is_chunk_full = race.log.record(drives);
        let is_over = race.state.is_over(&race.rules) || self.is_nobody_left_to_finish(&race);
        let starts = tick + 1 == race.rules.start_tick;
        self.race = Some(race);

        if starts {
            self.phase = Phase::Racing;
            self.event(RoomEventBody::Started);
            self.changed();
        }
        if is_chunk_full {
            self.send_full_chunk();
        }
        // By index: the events of a tick may be many, and need not be moved for that.
        let mut next = 0;
        while let Some(event) = self.event_of_tick(next) {
            self.emit(event);
            next += 1;
        }
        self.snapshot();
        if tick.is_multiple_of(ROWS_INTERVAL_TICKS) {
            self.share_players();
        }
        if is_over {
            self.finish(now_ms);
        }
    }

    pub(super) fn start_countdown(&mut self) {
        let start_tick = COUNTDOWN_SECONDS * TICK_RATE_HZ;
        let Identity { race, settings, .. } = &self.identity;
        let rules = netcode::rules(settings, *race, &self.track, start_tick);
        let mut classes = vec![CarClass::default(); self.seats.len()];
        for (seat, occupant) in self.seats.taken() {
            classes[usize::from(seat)] = occupant.class;
        }
        let state = RaceState::new(&self.track, &rules, &classes);
        let ai = ai::drivers(&self.track, *race, &self.seats);
        self.race = Some(Box::new(Race::new(&self.track, rules, state, ai)));
        self.phase = Phase::Countdown;
        self.event(RoomEventBody::Countdown {
            seconds: COUNTDOWN_SECONDS,
            start_tick,
        });
        self.changed();
    }

    /// The driver of a seat has another connection, or none.
    pub(super) fn forget_inputs(&mut self, seat: Seat) {
        let inputs = self
            .race
            .as_mut()
            .and_then(|race| race.inputs.get_mut(usize::from(seat)));
        if let Some(inputs) = inputs {
            inputs.clear();
        }
    }

    fn event_of_tick(&self, index: usize) -> Option<Event> {
        self.race.as_ref()?.events.get(index).copied()
    }

    fn emit(&mut self, event: Event) {
        match event {
            Event::Lap {
                seat, lap, ticks, ..
            } => {
                if let Some(player) = self.player(seat) {
                    self.event(RoomEventBody::Lap {
                        player,
                        seat,
                        lap,
                        time_ms: ms(ticks),
                    });
                }
            }
            Event::Finished { seat, place, ticks } => {
                if let Some(player) = self.player(seat) {
                    let time_ms = ms(ticks);
                    self.event(RoomEventBody::Finished {
                        player,
                        seat,
                        place,
                        time_ms,
                    });
                    self.record_player(seat);
                }
            }
            Event::Winner { seat } => {
                let score = self
                    .race
                    .as_ref()
                    .map_or(0, |race| race.state.score(seat.into()));
                if let Some(player) = self.player(seat) {
                    self.event(RoomEventBody::Winner {
                        player,
                        seat,
                        score,
                    });
                    self.outputs.push(Output::Checkpoint);
                }
            }
            Event::Penalty {
                seat,
                metres,
                reason,
            } => {
                if let Some(player) = self.player(seat) {
                    self.event(RoomEventBody::Penalty {
                        player,
                        seat,
                        metres,
                        reason,
                    });
                }
            }
            // Clients compute these themselves.
            Event::WrongWay { .. }
            | Event::OffRoad { .. }
            | Event::Contact { .. }
            | Event::Traffic { .. }
            | Event::Wall { .. } => {}
        }
    }

    fn player(&self, seat: Seat) -> Option<protocol::PlayerName> {
        self.seats.get(seat).map(|occupant| occupant.player.clone())
    }

    pub(super) fn snapshot(&mut self) {
        let Some(race) = &self.race else { return };
        if !race.state.tick.is_multiple_of(TICKS_PER_SNAPSHOT) {
            return;
        }
        let header = SnapshotHeader {
            race: self.identity.race,
            owner: self.ownership.owner,
            epoch: self.ownership.epoch,
            tick: race.state.tick,
            acks: race.inputs.iter().map(netcode::SeatInputs::ack).collect(),
        };
        let bytes = wire::snapshot(&header, &race.state, &race.applied, &race.course);
        self.outputs.push(Output::Snapshot(bytes));
    }

    /// Whether a driver has won and all that have not left have finished, or
    /// nobody is left to see AI drivers finish.
    fn is_nobody_left_to_finish(&self, race: &Race) -> bool {
        let is_done = |(seat, occupant): (Seat, &Occupant)| {
            let car = race.state.cars.get(usize::from(seat));
            occupant.has_left() || car.is_some_and(|car| car.finish.is_some())
        };
        race.state.winner.is_some() && (self.seats.is_deserted() || self.seats.taken().all(is_done))
    }

    fn finish(&mut self, now_ms: UnixMillis) {
        let result = self.result(now_ms);
        self.record_players();
        self.end(CloseReason::Finished, result);
    }

    /// The result of the race as it is.
    pub(crate) fn result(&self, now_ms: UnixMillis) -> Option<ResultRecord> {
        let race = self.race.as_ref()?;
        let settings = &self.identity.settings;
        Some(ResultRecord {
            race: self.identity.race,
            room: self.identity.name.clone(),
            mode: settings.mode,
            track: settings.track.clone(),
            laps: match settings.mode {
                Mode::Circuit => settings.laps,
                Mode::Highway => 0,
            },
            target_metres: match settings.mode {
                Mode::Circuit => None,
                Mode::Highway => Some(race.rules.target_metres),
            },
            ended_at: now_ms,
            epoch: self.ownership.epoch,
            tick: race.state.tick,
            standings: standings(race, self),
        })
    }
}

impl Race {
    /// What every seat does in the tick that is computed next.
    pub(super) fn drives(&mut self, track: &Track) -> ArrayVec<Drive, SEATS_MAX> {
        let tick = self.state.tick;
        let inputs = self.inputs.iter();
        let mut drives: ArrayVec<Drive, SEATS_MAX> =
            inputs.map(|inputs| inputs.drive(tick)).collect();
        for ai in &mut self.ai {
            let input = ai.drive(track, &self.rules, &self.state);
            if let Some(drive) = drives.get_mut(ai.seat()) {
                *drive = Drive::Driven(input);
            }
        }
        drives
    }
}

/// The order of a race, with names.
pub(super) fn standings(race: &Race, room: &Room) -> Vec<Standing> {
    let standing = |(index, &seat): (usize, &usize)| {
        let occupant = room.seats.get(seat as Seat)?;
        let car = &race.state.cars[seat];
        let since_start = |tick: u32| ms(tick.saturating_sub(race.rules.start_tick));
        Some(Standing {
            place: index as u8 + 1,
            player: occupant.player.clone(),
            seat: seat as Seat,
            score: race.state.score(seat),
            laps: room.track.laps_completed(car),
            time_ms: car.finish.map(|finish| since_start(finish.tick)),
            best_lap_ms: (car.best_lap_ticks > 0).then(|| ms(car.best_lap_ticks)),
            ai: occupant.is_ai(),
        })
    };
    race.state
        .leaderboard()
        .iter()
        .enumerate()
        .filter_map(standing)
        .collect()
}

fn ms(ticks: u32) -> u64 {
    u64::from(ticks) * 1_000 / u64::from(TICK_RATE_HZ)
}
