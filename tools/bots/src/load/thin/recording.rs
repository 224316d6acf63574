//! The inputs of AI drivers in a race, to be repeated by players that do not predict.

use anyhow::{Context, Result};
use domain::{CarClass, Controls, Drive, SEATS_MAX, Skill, TICK_RATE_HZ};
use simulation::{AiDriver, Events, RaceState, Rules, Track, step};

/// The longest recording, which is computed in a few seconds; then it repeats.
const SECONDS_MAX: u32 = 600;

/// The controls of each seat from the start of a race on.
///
/// The room computes the same race as long as every input arrives in time; otherwise
/// cars leave their lines and scrape along walls.
#[derive(Debug)]
pub(crate) struct Recording {
    seats: usize,
    /// By tick, and in each tick by seat.
    controls: Vec<Controls>,
}

impl Recording {
    /// The first `seconds` of a race of `seats` club drivers, all in cars of
    /// `class`, on a track.
    ///
    /// # Errors
    /// When there is no such track.
    pub(crate) fn new(
        track: &str,
        laps: u16,
        seats: u8,
        class: CarClass,
        seconds: u32,
    ) -> Result<Self> {
        let track = Track::by_name(track).with_context(|| format!("there is no track {track}"))?;
        let rules = Rules::circuit(&track, laps, 0);
        let seats = usize::from(seats).clamp(1, SEATS_MAX);
        let mut state = RaceState::new(&track, &rules, &vec![class; seats]);
        let mut drivers: Vec<AiDriver> = (0..seats as u64)
            .map(|seed| AiDriver::with_class(&track, class, seed, Skill::Club))
            .collect();
        let ticks = seconds.clamp(1, SECONDS_MAX) * TICK_RATE_HZ;
        let mut controls = Vec::with_capacity(ticks as usize * seats);
        let mut events = Events::new();
        let mut drives = vec![Drive::Absent; seats];
        for _ in 0..ticks {
            for (seat, driver) in drivers.iter_mut().enumerate() {
                let input = driver.drive(&track, &rules, &state, seat);
                controls.push(input);
                drives[seat] = Drive::Driven(input);
            }
            step(&track, &rules, &mut state, &drives, &mut events);
        }
        Ok(Self { seats, controls })
    }

    /// The controls of a seat at a tick after the start.
    pub(crate) fn controls(&self, seat: u8, tick: u32) -> Controls {
        let ticks = self.controls.len() / self.seats;
        let seat = usize::from(seat) % self.seats;
        self.controls[tick as usize % ticks * self.seats + seat]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_inputs_lead_to_the_same_race() {
        let name = Track::names()[0];
        let recording = Recording::new(name, 3, 2, CarClass::default(), 30).unwrap();
        let track = Track::by_name(name).unwrap();
        // The ticks of a recording count from the start of the race.
        let start_tick = 180;
        let rules = Rules::circuit(&track, 3, start_tick);
        let mut state = RaceState::new(&track, &rules, &[CarClass::default(); 2]);
        let mut events = Events::new();
        while state.tick < start_tick + 30 * TICK_RATE_HZ {
            let tick = state.tick.saturating_sub(start_tick);
            let drives = [0, 1].map(|seat| Drive::Driven(recording.controls(seat, tick)));
            step(&track, &rules, &mut state, &drives, &mut events);
        }
        // No car gets that far along walls.
        for seat in 0..2 {
            assert!(state.score(seat) > 600, "{}", state.score(seat));
        }
    }

    #[test]
    fn repeats_after_its_end() {
        let name = Track::names()[0];
        let recording = Recording::new(name, 3, 1, CarClass::default(), 1).unwrap();
        assert_eq!(recording.controls(0, 7), recording.controls(0, 67));
        assert!(Recording::new("moon", 1, 1, CarClass::default(), 1).is_err());
    }
}
