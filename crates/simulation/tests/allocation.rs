//! A tick allocates nothing. A test binary of its own, since the counter is global.

// Clippy lets tests unwrap, but not the helpers beside them.
#![allow(clippy::unwrap_used)]

use domain::{CarClass, Drive, SEATS_MAX, Skill};
use simulation::{AiDriver, Events, RaceState, Rules, Track, step};

const TICKS: usize = 10_000;

fn allocations(track: &Track, rules: &Rules) -> u64 {
    let mut state = RaceState::new(track, rules, &[CarClass::Power; SEATS_MAX]);
    let mut drivers: Vec<AiDriver> = (0..SEATS_MAX as u64)
        .map(|seat| AiDriver::new(track, seat, Skill::Novice))
        .collect();
    let mut events = Events::new();
    let counted = allocation_counter::measure(|| {
        for tick in 0..TICKS {
            let mut drives = [Drive::Absent; SEATS_MAX];
            for (seat, driver) in drivers.iter_mut().enumerate() {
                // One driver is always absent, so that there are ghosts, too.
                if (tick / 100) % SEATS_MAX != seat {
                    drives[seat] = Drive::Driven(driver.drive(track, rules, &state, seat));
                }
            }
            step(track, rules, &mut state, &drives, &mut events);
            std::hint::black_box(state.hash());
        }
    });
    assert_eq!(state.tick as usize, TICKS);
    counted.count_total
}

#[test]
fn ten_thousand_ticks_and_their_drivers_allocate_nothing() {
    let circuit = Track::by_name(Track::names()[0]).unwrap();
    let rules = Rules::circuit(&circuit, 3, 60);
    assert_eq!(allocations(&circuit, &rules), 0);
    let rules = Rules::highway(3, 20_000, 60);
    assert_eq!(allocations(&Track::highway(), &rules), 0);
}
