//! The rules of a race from the settings of its room: the same for its owner
//! and for every client.

use domain::Mode;
use protocol::lobby::RoomSettings;
use protocol::{RaceId, Tick};
use simulation::{Rules, Track};

/// Returns the rules of a race on `track` whose cars are released at
/// `start_tick`. The highway's traffic is derived from the race's own seed, so
/// that no message has to carry it.
#[must_use]
pub fn rules(settings: &RoomSettings, race: RaceId, track: &Track, start_tick: Tick) -> Rules {
    match settings.mode {
        Mode::Circuit => Rules::circuit(track, settings.laps, start_tick),
        Mode::Highway => Rules::highway(race.seed(), settings.target_metres, start_tick),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highway_has_the_target_of_the_room_and_the_traffic_of_its_race() {
        let race: RaceId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let settings = RoomSettings {
            mode: Mode::Highway,
            target_metres: 1_500,
            ..RoomSettings::default()
        };
        let rules = rules(&settings, race, &Track::highway(), 240);
        assert_eq!(rules.target_metres, 1_500);
        assert_eq!(rules.start_tick, 240);
        let seed = race.seed();
        assert_eq!(rules.mode, simulation::ModeRules::Highway { seed });
    }

    #[test]
    fn a_circuit_has_the_laps_of_the_room() {
        let race: RaceId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let track = Track::by_name(Track::names()[0]).unwrap();
        let settings = RoomSettings {
            laps: 4,
            ..RoomSettings::default()
        };
        let rules = rules(&settings, race, &track, 240);
        assert_eq!(rules.target_metres, 4 * track.length_m());
    }
}
