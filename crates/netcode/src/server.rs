//! The inputs of one seat, as the owner of a room keeps them.
//!
//! The room never waits: when an input is missing, the last one is held for
//! 250 ms, then the seat is without a driver. A late input changes no tick that
//! is over; it only updates the input that is held.

use domain::{Controls, Drive, TICK_RATE_HZ};
use protocol::input::InputFrame;
use protocol::limits::INPUT_TICKS_MAX;
use protocol::snapshot::InputAck;
use serde::{Deserialize, Serialize};

/// How long a missing input is replaced by the last one.
pub const HOLD_TICKS: u32 = TICK_RATE_HZ / 4;

/// How far ahead of the room an input may be stamped. Beyond it the sender's
/// clock is wrong; the limit bounds memory.
pub const AHEAD_TICKS_MAX: u32 = 2 * INPUT_TICKS_MAX as u32;

/// Received inputs of one seat by tick, and the one to hold when one is missing.
#[derive(Clone, Debug)]
pub struct SeatInputs {
    /// A ring buffer: entry `tick % len` belongs to `tick` if its stamp says so.
    entries: [StampedControls; AHEAD_TICKS_MAX as usize],
    newest: Option<(u32, Controls)>,
    ack: InputAck,
}

/// The inputs of one seat in a checkpoint: all that a new owner needs to
/// continue as the old one would have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedInputs {
    newest: Option<(u32, Controls)>,
    margin_ticks: i8,
    /// Inputs for ticks that are not computed yet, in order.
    pending: Vec<(u32, Controls)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct StampedControls {
    stamp: Option<u32>,
    controls: Controls,
}

impl Default for SeatInputs {
    fn default() -> Self {
        Self {
            entries: [StampedControls::default(); AHEAD_TICKS_MAX as usize],
            newest: None,
            ack: InputAck::default(),
        }
    }
}

impl SeatInputs {
    /// Receives a client's input frame while `tick` is computed next. Returns how
    /// many of its inputs are new and in time to be applied.
    pub fn receive(&mut self, frame: &InputFrame, tick: u32) -> usize {
        let newest = self.newest;
        let used = self.recall(frame, tick);
        if self.newest != newest {
            self.ack.margin_ticks = margin(self.ack.tick, tick);
        }
        used
    }

    /// Like [`SeatInputs::receive`], for a frame that was received some time ago,
    /// perhaps by another owner: its margin is unknown and stays as it was.
    pub fn recall(&mut self, frame: &InputFrame, tick: u32) -> usize {
        let in_time = |stamp: &u32| *stamp < tick.saturating_add(AHEAD_TICKS_MAX);
        let inputs = frame.ticks().filter(|(stamp, _)| in_time(stamp));
        inputs
            .map(|(stamp, controls)| usize::from(self.keep(stamp, controls, tick)))
            .sum()
    }

    /// Saves what a new owner needs, while `tick` is computed next.
    #[must_use]
    pub fn save(&self, tick: u32) -> SavedInputs {
        let mut pending: Vec<(u32, Controls)> = self
            .entries
            .iter()
            .filter_map(|entry| Some((entry.stamp?, entry.controls)))
            .filter(|(stamp, _)| *stamp >= tick)
            .collect();
        pending.sort_unstable_by_key(|(stamp, _)| *stamp);
        SavedInputs {
            newest: self.newest,
            margin_ticks: self.ack.margin_ticks,
            pending,
        }
    }

    /// Restores the inputs that were saved while `tick` was computed next.
    #[must_use]
    pub fn restore(saved: &SavedInputs, tick: u32) -> Self {
        let mut inputs = Self::default();
        for (stamp, controls) in saved.newest.iter().chain(&saved.pending) {
            inputs.keep(*stamp, *controls, tick);
        }
        inputs.ack.margin_ticks = saved.margin_ticks;
        inputs
    }

    /// Keeps an input; returns whether it is new and will be applied.
    fn keep(&mut self, stamp: u32, controls: Controls, tick: u32) -> bool {
        if self.newest.is_none_or(|(newest, _)| stamp > newest) {
            self.newest = Some((stamp, controls));
            self.ack.tick = stamp;
        }
        let entry = &mut self.entries[stamp as usize % AHEAD_TICKS_MAX as usize];
        let is_new = stamp >= tick && entry.stamp != Some(stamp);
        if is_new {
            *entry = StampedControls {
                stamp: Some(stamp),
                controls,
            };
        }
        is_new
    }

    /// Returns what the seat does in `tick`.
    #[must_use]
    pub fn drive(&self, tick: u32) -> Drive {
        let entry = self.entries[tick as usize % AHEAD_TICKS_MAX as usize];
        if entry.stamp == Some(tick) {
            return Drive::Driven(entry.controls);
        }
        match self.newest {
            Some((newest, controls)) if tick.saturating_sub(newest) <= HOLD_TICKS => {
                Drive::Driven(controls)
            }
            Some(_) | None => Drive::Absent,
        }
    }

    /// The acknowledgement for the next snapshot.
    #[must_use]
    pub fn ack(&self) -> InputAck {
        self.ack
    }

    /// Forgets all inputs: the driver has a new connection or has left.
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
        // The client sends them again to the new owner, with two more.
        assert_eq!(restored.recall(&frame(10, &[1, 2, 3, 4, 5, 6]), 12), 2);
        let ack = InputAck {
            tick: 15,
            margin_ticks: inputs.ack().margin_ticks,
        };
        assert_eq!(restored.ack(), ack);
        let empty = SeatInputs::restore(&SavedInputs::default(), 12);
        assert_eq!(throttle(empty.drive(12)), None);
    }

    #[test]
    fn ignores_ticks_far_from_the_present() {
        let mut inputs = SeatInputs::default();
        assert_eq!(inputs.receive(&frame(u32::MAX - 1, &[1, 2, 3]), 10), 0);
        assert_eq!(inputs.receive(&frame(10 + AHEAD_TICKS_MAX, &[1]), 10), 0);
        assert_eq!(throttle(inputs.drive(10)), None);
        inputs.receive(&frame(0, &[1]), u32::MAX);
        assert_eq!(throttle(inputs.drive(u32::MAX)), None);
    }
}
