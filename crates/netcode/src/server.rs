//! The inputs of one seat, as the owner of a room keeps them.
//!
//! The room never waits: a missing input is held for 250 ms, then nobody is
//! driving. A late input changes no tick that is over; it only updates what is
//! held.

use protocol::input::{Controls, InputFrame};
use protocol::limits::INPUT_TICKS_MAX;
use protocol::snapshot::InputAck;
use simulation::{Drive, TICK_RATE_HZ};

use crate::wire;

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
        let mut used = 0;
        for (stamp, controls) in frame.ticks() {
            if stamp >= tick.saturating_add(AHEAD_TICKS_MAX) {
                continue;
            }
            if self.newest.is_none_or(|(newest, _)| stamp > newest) {
                self.newest = Some((stamp, controls));
                self.ack.tick = stamp;
                self.ack.margin_ticks = margin(stamp, tick);
            }
            let slot = &mut self.slots[stamp as usize % AHEAD_TICKS_MAX as usize];
            if stamp >= tick && slot.stamp != Some(stamp) {
                *slot = Slot {
                    stamp: Some(stamp),
                    controls,
                };
                used += 1;
            }
        }
        used
    }

    /// What the seat does in `tick`.
    #[must_use]
    pub fn drive(&self, tick: u32) -> Drive {
        let slot = self.slots[tick as usize % AHEAD_TICKS_MAX as usize];
        if slot.stamp == Some(tick) {
            return Drive::Driven(wire::input(slot.controls));
        }
        match self.newest {
            Some((newest, controls)) if tick.saturating_sub(newest) <= HOLD_TICKS => {
                Drive::Driven(wire::input(controls))
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
    fn ticks_of_another_world_are_ignored() {
        let mut inputs = SeatInputs::default();
        assert_eq!(inputs.receive(&frame(u32::MAX - 1, &[1, 2, 3]), 10), 0);
        assert_eq!(inputs.receive(&frame(10 + AHEAD_TICKS_MAX, &[1]), 10), 0);
        assert_eq!(throttle(inputs.drive(10)), None);
        inputs.receive(&frame(0, &[1]), u32::MAX);
        assert_eq!(throttle(inputs.drive(u32::MAX)), None);
    }
}
