//! The inputs of one seat, as the owner of a room keeps them.
//!
//! The room never waits: a missing input is held for 250 ms, then nobody is
//! driving. A late input changes no tick that is over; it only updates what is
//! held.

use domain::{Controls, Drive, TICK_RATE_HZ};
use protocol::input::InputFrame;
use protocol::limits::INPUT_TICKS_MAX;
use protocol::snapshot::InputAck;
use serde::{Deserialize, Serialize};

/// How long a missing input is replaced by the last one.
pub const HOLD_TICKS: u32 = TICK_RATE_HZ / 4;

/// How far ahead of the room an input may be stamped. Beyond it a clock is
/// wrong, and memory is bounded.
pub const AHEAD_TICKS_MAX: u32 = 2 * INPUT_TICKS_MAX as u32;

/// Received inputs of one seat by tick, and what to do without one.
#[derive(Clone, Debug)]
pub struct SeatInputs {
    /// Slot `tick % len` belongs to `tick` when it carries its number.
    slots: [Slot; AHEAD_TICKS_MAX as usize],
    newest: Option<(u32, Controls)>,
    ack: InputAck,
}

/// The inputs of one seat in a checkpoint: what a new owner needs to go on as
/// the old one would have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedInputs {
    newest: Option<(u32, Controls)>,
    margin_ticks: i8,
    /// For ticks that are not computed yet, in their order.
    pending: Vec<(u32, Controls)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    stamp: Option<u32>,
    controls: Controls,
}

impl Default for SeatInputs {
    fn default() -> Self {
        Self {
            slots: [Slot::default(); AHEAD_TICKS_MAX as usize],
            newest: None,
            ack: InputAck::default(),
        }
    }
}

impl SeatInputs {
    /// Takes a client's input frame while `tick` is computed next. Returns how
    /// many of its inputs were used now or will be: those not known before.
    pub fn receive(&mut self, frame: &InputFrame, tick: u32) -> usize {
        let newest = self.newest;
        let used = self.recall(frame, tick);
        if self.newest != newest {
            self.ack.margin_ticks = margin(self.ack.tick, tick);
        }
        used
    }

    /// As [`SeatInputs::receive`], of a frame that came some time ago, perhaps
    /// to another owner: how much too early or late it was is not known.
    pub fn recall(&mut self, frame: &InputFrame, tick: u32) -> usize {
        let in_time = |stamp: &u32| *stamp < tick.saturating_add(AHEAD_TICKS_MAX);
        let inputs = frame.ticks().filter(|(stamp, _)| in_time(stamp));
        inputs
            .map(|(stamp, controls)| usize::from(self.keep(stamp, controls, tick)))
            .sum()
    }

    /// What a new owner needs, while `tick` is computed next.
    #[must_use]
    pub fn save(&self, tick: u32) -> SavedInputs {
        let mut pending: Vec<(u32, Controls)> = self
            .slots
            .iter()
            .filter_map(|slot| Some((slot.stamp?, slot.controls)))
            .filter(|(stamp, _)| *stamp >= tick)
            .collect();
        pending.sort_unstable_by_key(|(stamp, _)| *stamp);
        SavedInputs {
            newest: self.newest,
            margin_ticks: self.ack.margin_ticks,
            pending,
        }
    }

    /// Goes on from what was saved while `tick` was computed next.
    #[must_use]
    pub fn restore(saved: &SavedInputs, tick: u32) -> Self {
        let mut inputs = Self::default();
        for (stamp, controls) in saved.newest.iter().chain(&saved.pending) {
            inputs.keep(*stamp, *controls, tick);
        }
        inputs.ack.margin_ticks = saved.margin_ticks;
        inputs
    }

    /// Whether the input will be used, and was not known.
    fn keep(&mut self, stamp: u32, controls: Controls, tick: u32) -> bool {
        if self.newest.is_none_or(|(newest, _)| stamp > newest) {
            self.newest = Some((stamp, controls));
            self.ack.tick = stamp;
        }
        let slot = &mut self.slots[stamp as usize % AHEAD_TICKS_MAX as usize];
        let is_new = stamp >= tick && slot.stamp != Some(stamp);
        if is_new {
            *slot = Slot {
                stamp: Some(stamp),
                controls,
            };
        }
        is_new
    }

    /// What the seat does in `tick`.
    #[must_use]
    pub fn drive(&self, tick: u32) -> Drive {
        let slot = self.slots[tick as usize % AHEAD_TICKS_MAX as usize];
        if slot.stamp == Some(tick) {
            return Drive::Driven(slot.controls);
        }
        match self.newest {
            Some((newest, controls)) if tick.saturating_sub(newest) <= HOLD_TICKS => {
                Drive::Driven(controls)
            }
            Some(_) | None => Drive::Absent,
        }
    }

    /// What the driver is told in the next snapshot.
    #[must_use]
    pub fn ack(&self) -> InputAck {
        self.ack
    }

    /// Forgets everything: the driver has a new connection or is gone.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

fn margin(stamp: u32, tick: u32) -> i8 {
    let margin = i64::from(stamp) - i64::from(tick);
    margin.clamp(i64::from(i8::MIN), i64::from(i8::MAX)) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first_tick: u32, throttles: &[u8]) -> InputFrame {
        let controls = throttles.iter().map(|&throttle| Controls {
            throttle,
            ..Default::default()
        });
        InputFrame {
            first_tick,
            controls: controls.collect(),
        }
    }

    fn throttle(drive: Drive) -> Option<u8> {
        match drive {
            Drive::Driven(input) => Some(input.throttle),
            Drive::Absent => None,
        }
    }

    #[test]
    fn applies_each_input_in_its_tick() {
        let mut inputs = SeatInputs::default();
        assert_eq!(inputs.receive(&frame(10, &[1, 2, 3]), 10), 3);
        let driven: Vec<_> = (10..13).map(|tick| throttle(inputs.drive(tick))).collect();
        assert_eq!(driven, [Some(1), Some(2), Some(3)]);
        assert_eq!(
            inputs.ack(),
            InputAck {
                tick: 12,
                margin_ticks: 2
            }
        );
    }

    #[test]
    fn repeats_count_once() {
        let mut inputs = SeatInputs::default();
        assert_eq!(inputs.receive(&frame(10, &[1, 2]), 10), 2);
        assert_eq!(inputs.receive(&frame(10, &[1, 2, 3]), 11), 1);
    }

    #[test]
    fn holds_a_missing_input_and_then_lets_go() {
        let mut inputs = SeatInputs::default();
        assert_eq!(throttle(inputs.drive(5)), None);
        inputs.receive(&frame(10, &[9]), 10);
        assert_eq!(throttle(inputs.drive(10 + HOLD_TICKS)), Some(9));
        assert_eq!(throttle(inputs.drive(11 + HOLD_TICKS)), None);
    }

    #[test]
    fn a_late_input_updates_what_is_held() {
        let mut inputs = SeatInputs::default();
        assert_eq!(inputs.receive(&frame(10, &[1, 7]), 20), 0);
        assert_eq!(throttle(inputs.drive(20)), Some(7));
        assert_eq!(inputs.ack().margin_ticks, -9);
    }

    #[test]
    fn a_new_owner_goes_on_as_the_old_one_would_have() {
        let mut inputs = SeatInputs::default();
        inputs.receive(&frame(10, &[1, 2, 3, 4]), 11);
        let mut restored = SeatInputs::restore(&inputs.save(12), 12);
        assert_eq!(restored.ack(), inputs.ack());
        for tick in 12..14 + 2 * HOLD_TICKS {
            assert_eq!(restored.drive(tick), inputs.drive(tick), "{tick}");
        }
        assert_eq!(inputs.save(12).pending.len(), 2, "only what is to come");
        // Sent again to the new owner, six ticks later, and two more.
        assert_eq!(restored.recall(&frame(10, &[1, 2, 3, 4, 5, 6]), 12), 2);
        let ack = InputAck {
            tick: 15,
            margin_ticks: inputs.ack().margin_ticks,
        };
        assert_eq!(restored.ack(), ack);
        let nobody = SeatInputs::restore(&SavedInputs::default(), 12);
        assert_eq!(throttle(nobody.drive(12)), None);
    }

    #[test]
    fn ticks_of_another_world_are_ignored() {
        let mut inputs = SeatInputs::default();
        assert_eq!(inputs.receive(&frame(u32::MAX - 1, &[1, 2, 3]), 10), 0);
        assert_eq!(inputs.receive(&frame(10 + AHEAD_TICKS_MAX, &[1]), 10), 0);
        assert_eq!(throttle(inputs.drive(10)), None);
        inputs.receive(&frame(0, &[1]), u32::MAX);
        assert_eq!(throttle(inputs.drive(u32::MAX)), None);
    }
}
