//! A race simulated in this process, for pictures and measurements without
//! servers: the client is shown it through the same path as one from the network.

use anyhow::Context;
use client_core::protocol::client::ServerMessage;
use client_core::protocol::lobby::RoomSettings;
use client_core::protocol::snapshot::{SnapshotHeader, relay_into};
use client_core::protocol::{Epoch, WorkerId};
use client_core::simulation::{AiDriver, Events, RaceState, Rules, Track, step};
use domain::{CarClass, Controls, Drive, Skill};
use netcode::{TrackCourse, wire};
use serde_json::{Value, json};

/// The id of the race.
pub const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Returns the class of the car of a seat: a third of the cars each.
#[must_use]
pub fn class_of(seat: usize) -> CarClass {
    CarClass::ALL[seat % CarClass::ALL.len()]
}

/// Makes the gateway's message to a client that has entered a room in seat 0.
///
/// # Errors
/// Returns an error if the phase is unknown.
pub fn entered(
    phase: &str,
    players: &[&str],
    settings: &RoomSettings,
    start_tick: u32,
) -> anyhow::Result<ServerMessage> {
    let seat = |(seat, player): (usize, &&str)| {
        json!({"seat": seat, "player": player, "connected": true,
            "class": class_of(seat).name()})
    };
    let seats: Vec<Value> = players.iter().enumerate().map(seat).collect();
    let is_on = phase != "waiting";
    let message = json!({"type": "entered", "seat": 0, "room": {"race": RACE,
        "name": "friday-night", "phase": phase, "start_tick": is_on.then_some(start_tick),
        "seats": seats, "host": players.first(), "settings": settings}});
    serde_json::from_value(message).context("the message is not understood")
}

/// A race without a server, in which the computer drives every car.
pub struct LocalRace {
    track: Track,
    rules: Rules,
    state: RaceState,
    drivers: Vec<AiDriver>,
    events: Events,
    /// A seat whose driver has lost the connection.
    pub lost: Option<usize>,
    /// Whether the player's own car swerves wildly.
    pub is_wild: bool,
}

impl LocalRace {
    /// Puts `players` cars on the grid.
    ///
    /// # Errors
    /// Returns an error if there is no such track.
    pub fn new(settings: &RoomSettings, players: usize, start_tick: u32) -> anyhow::Result<Self> {
        let track = Track::by_name(&settings.track).context("there is no track")?;
        let rules = netcode::rules(settings, RACE.parse()?, &track, start_tick);
        let classes: Vec<CarClass> = (0..players).map(class_of).collect();
        let state = RaceState::new(&track, &rules, &classes);
        let driver = |seat: usize| {
            let skill = Skill::ALL[seat % 3];
            AiDriver::with_class(&track, classes[seat], seat as u64, skill)
        };
        let drivers = (0..players).map(driver).collect();
        let events = Events::new();
        Ok(Self {
            track,
            rules,
            state,
            drivers,
            events,
            lost: None,
            is_wild: false,
        })
    }

    /// Returns the state of the race.
    #[must_use]
    pub fn state(&self) -> &RaceState {
        &self.state
    }

    /// Advances to the next snapshot and returns it as a gateway relays it.
    ///
    /// # Errors
    /// Returns an error if the snapshot cannot be relayed.
    pub fn advance(&mut self) -> anyhow::Result<Vec<u8>> {
        let drives = [self.tick(), self.tick()];
        let applied: Vec<[Drive; 2]> = drives[0]
            .iter()
            .zip(&drives[1])
            .map(|(first, second)| [*first, *second])
            .collect();
        let header = SnapshotHeader {
            race: RACE.parse().context("the race has no id")?,
            owner: WorkerId::new(1),
            epoch: Epoch::FIRST,
            tick: self.state.tick,
            acks: std::iter::empty().collect(),
        };
        let course = TrackCourse::shared(&self.track);
        let bytes = wire::snapshot(&header, &self.state, &applied, &course);
        relay_into(&bytes, Vec::new()).context("a snapshot cannot be relayed")
    }

    /// Advances by a tick and returns the applied inputs.
    fn tick(&mut self) -> Vec<Drive> {
        let mut drives = Vec::new();
        for (seat, driver) in self.drivers.iter_mut().enumerate() {
            let mut input = driver.drive(&self.track, &self.rules, &self.state, seat);
            if self.is_wild && seat == 0 {
                let phase = self.state.tick / 35;
                let steer = if phase.is_multiple_of(2) { 127 } else { -127 };
                let handbrake = phase.is_multiple_of(3);
                input = Controls {
                    throttle: 255,
                    brake: 0,
                    steer,
                    handbrake,
                };
            }
            let is_lost = self.lost == Some(seat);
            drives.push(if is_lost {
                Drive::Absent
            } else {
                Drive::Driven(input)
            });
        }
        step(
            &self.track,
            &self.rules,
            &mut self.state,
            &drives,
            &mut self.events,
        );
        drives
    }
}
