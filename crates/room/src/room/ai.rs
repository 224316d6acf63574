//! AI drivers in the seats that nobody took.

use domain::{CarClass, Controls, SEATS_MAX, Skill};
use protocol::lobby::Phase;
use protocol::{PlayerName, RaceId, Rejection, RejectionCode, Reply, Seat, SessionNonce};
use simulation::{AiDriver, RaceState, Rules, Track};

use super::Room;
use super::seats::{Driver, Seats};

/// One for every seat. Nobody can sign up with a name like these.
const NAMES: [&str; SEATS_MAX] = [
    "AI-Ada",
    "AI-Alan",
    "AI-Barbara",
    "AI-Claude",
    "AI-Donald",
    "AI-Edsger",
    "AI-Frances",
    "AI-Grace",
    "AI-Hedy",
    "AI-John",
    "AI-Karen",
    "AI-Leslie",
    "AI-Margaret",
    "AI-Niklaus",
    "AI-Radia",
    "AI-Tony",
];

/// Sets the seeds of neighbouring seats far apart (the golden ratio in 64 bits).
const SEED_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// An AI driver in its seat.
#[derive(Debug)]
pub(super) struct AiSeat {
    seat: usize,
    driver: AiDriver,
}

impl AiSeat {
    pub(super) fn seat(&self) -> usize {
        self.seat
    }

    /// What it does in the tick that `state` computes next.
    pub(super) fn drive(&mut self, track: &Track, rules: &Rules, state: &RaceState) -> Controls {
        self.driver.drive(track, rules, state, self.seat)
    }
}

/// The drivers of all AI seats. Their characters follow from race and seat, so
/// that a new owner goes on with the same ones.
pub(super) fn drivers(track: &Track, race: RaceId, seats: &Seats) -> Vec<AiSeat> {
    let ai = seats.taken().filter_map(|(seat, occupant)| {
        let Driver::Ai(skill) = occupant.driver else {
            return None;
        };
        let seed = race.seed() ^ SEED_STEP.wrapping_mul(u64::from(seat) + 1);
        Some(AiSeat {
            seat: usize::from(seat),
            driver: AiDriver::with_class(track, occupant.class, seed, skill),
        })
    });
    ai.collect()
}

/// Another race has its drivers in other seats.
fn name(race: RaceId, seat: Seat) -> PlayerName {
    let first = (race.seed() % SEATS_MAX as u64) as usize;
    let name = NAMES[(first + usize::from(seat)) % SEATS_MAX];
    PlayerName::parse(name).expect("a test has parsed every name")
}

impl Room {
    /// Puts AI drivers into all free seats, which starts the countdown.
    pub(super) fn fill_seats(
        &mut self,
        player: &PlayerName,
        session: SessionNonce,
        skill: Skill,
    ) -> Reply<Seat> {
        let seat = self.seat_of(player, session)?;
        let name_of_room = &self.identity.name;
        if self.phase != Phase::Waiting {
            let message = format!("every seat of room {name_of_room} is taken already");
            return Err(Rejection::new(RejectionCode::RaceStarted, message));
        }
        let host = self.host();
        if host.as_ref().map(PlayerName::id) != Some(player.id()) {
            let host = host.map_or_else(|| "its host".to_owned(), |host| host.to_string());
            let message =
                format!("only {host} may fill room {name_of_room} with AI drivers, ask there");
            return Err(Rejection::new(RejectionCode::NotHost, message));
        }
        let race = self.identity.race;
        while let Some(free) = self.seats.first_free() {
            // All classes, so that there is something to see.
            let class = CarClass::ALL[usize::from(free) % CarClass::ALL.len()];
            let name = name(race, free);
            self.seats.take(free, name, class, Driver::Ai(skill));
            self.tell_joined(free);
        }
        self.start_countdown();
        Ok(seat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seat_has_a_reserved_name_of_its_own() {
        let race: RaceId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let names: std::collections::BTreeSet<_> = (0..SEATS_MAX as Seat)
            .map(|seat| name(race, seat))
            .inspect(|name| assert!(name.expect_person().is_err(), "{name}"))
            .collect();
        assert_eq!(names.len(), SEATS_MAX);
    }
}
