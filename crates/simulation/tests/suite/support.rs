//! Helpers shared by the tests.

use domain::{CarClass, Controls, Drive, Skill};
use simulation::{AiDriver, Event, Events, RaceState, Rules, Track, step};

pub(crate) fn harbour_ring() -> Track {
    Track::by_name("harbour-ring").unwrap()
}

/// One class per seat, cycling through all classes.
pub(crate) fn mixed_classes(seats: usize) -> Vec<CarClass> {
    CarClass::ALL.into_iter().cycle().take(seats).collect()
}

/// A race with a driver in every seat.
pub(crate) struct Race<'a> {
    pub(crate) track: &'a Track,
    pub(crate) rules: Rules,
    pub(crate) state: RaceState,
    pub(crate) drivers: Vec<AiDriver>,
    pub(crate) events: Events,
}

impl<'a> Race<'a> {
    pub(crate) fn new(track: &'a Track, laps: u16, cars: usize, skill: Skill, seed: u64) -> Self {
        Self::with_rules(track, Rules::circuit(track, laps, 0), cars, skill, seed)
    }

    pub(crate) fn with_rules(
        track: &'a Track,
        rules: Rules,
        cars: usize,
        skill: Skill,
        seed: u64,
    ) -> Self {
        Self {
            track,
            rules,
            state: RaceState::new(track, &rules, &mixed_classes(cars)),
            drivers: (seed..)
                .zip(mixed_classes(cars))
                .map(|(seed, class)| AiDriver::with_class(track, class, seed, skill))
                .collect(),
            events: Events::new(),
        }
    }

    pub(crate) fn drives(&mut self) -> Vec<Drive> {
        let state = &self.state;
        self.drivers
            .iter_mut()
            .enumerate()
            .map(|(seat, driver)| Drive::Driven(driver.drive(self.track, &self.rules, state, seat)))
            .collect()
    }

    pub(crate) fn step(&mut self) {
        let drives = self.drives();
        self.step_with(&drives);
    }

    pub(crate) fn step_with(&mut self, drives: &[Drive]) {
        step(
            self.track,
            &self.rules,
            &mut self.state,
            drives,
            &mut self.events,
        );
    }

    /// Runs to the end or for `ticks_max` ticks; returns all events.
    pub(crate) fn run(&mut self, ticks_max: u32) -> Vec<Event> {
        let mut events = Vec::new();
        while !self.state.is_over(&self.rules) && self.state.tick < ticks_max {
            self.step();
            events.extend(self.events.iter().copied());
        }
        events
    }
}

/// Splitmix64: a failing test can be repeated with its seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Uniform enough in `0..limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(crate) fn input(&mut self) -> Controls {
        let bits = self.next();
        Controls {
            throttle: bits as u8,
            brake: if bits & 0x300 == 0 {
                (bits >> 16) as u8
            } else {
                0
            },
            steer: (bits >> 24) as i8,
            handbrake: bits & 0xf00_0000_0000 == 0,
        }
    }
}
