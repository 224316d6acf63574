//! Checkpoints that no room has written.

use super::*;

#[test]
fn numbers_that_no_room_has_are_damage() {
    let spoils: [fn(&mut Room); 7] = [
        |room| room.revision = u32::MAX,
        |room| room.events_emitted = (0, u32::MAX),
        |room| room.events_emitted = (u32::MAX, 0),
        |room| room.race.as_mut().unwrap().state.tick = u32::MAX,
        |room| room.race.as_mut().unwrap().rules.start_tick = u32::MAX,
        |room| room.identity.settings.laps = 0,
        |room| room.race = None,
    ];
    for (number, spoil) in spoils.iter().enumerate() {
        let mut racing = room(2, 1);
        join(&mut racing, "Ada", 1).unwrap();
        join(&mut racing, "Bob", 2).unwrap();
        spoil(&mut racing);
        let ownership = Ownership {
            owner: WorkerId::new(2),
            epoch: Epoch(2),
        };
        let track = Arc::clone(&racing.track);
        let restored = Room::restore(
            &racing.checkpoint(),
            ownership,
            |_| Some(track),
            Instant::now(),
        );
        assert!(restored.is_err_and(|error| error.is_damage()), "{number}");
    }
}
