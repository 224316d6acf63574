//! The runs of a chunk as bytes.
//!
//! First the heads of all runs, seat by seat: the length, shifted left by five
//! bits that say whether somebody drives, pulls the handbrake, and which of the
//! three other controls differ from the seat's last. Then control by control
//! what those differ by, a byte each. Things of one kind in a row are what
//! deflate packs well.

use arrayvec::ArrayVec;
use domain::{Controls, Drive, SEATS_MAX};

use super::bytes::{Reader, out_of_range, write};
use super::{ReplayError, Run};

/// Bits of a run's head below its length.
const DRIVEN: u64 = 1;
const HANDBRAKE: u64 = 2;
const THROTTLE: u64 = 4;
const BRAKE: u64 = 8;
const STEER: u64 = 16;
const LENGTH_SHIFT: u32 = 5;
const FLAGS: u64 = (1 << LENGTH_SHIFT) - 1;

/// The controls that have a byte, in their order.
const CONTROLS: [u64; 3] = [THROTTLE, BRAKE, STEER];

fn control(input: &Controls, bit: u64) -> u8 {
    match bit {
        THROTTLE => input.throttle,
        BRAKE => input.brake,
        _ => input.steer as u8,
    }
}

fn set_control(input: &mut Controls, bit: u64, value: u8) {
    match bit {
        THROTTLE => input.throttle = value,
        BRAKE => input.brake = value,
        _ => input.steer = value as i8,
    }
}

/// Appends the runs of all seats.
pub(super) fn write_seats(bytes: &mut Vec<u8>, seats: &[Vec<Run>]) {
    for runs in seats {
        let mut last = Controls::default();
        for run in runs {
            write(bytes, head(*run, &last));
            if let Drive::Driven(input) = run.drive {
                last = input;
            }
        }
    }
    for bit in CONTROLS {
        for runs in seats {
            let mut last = 0;
            for run in runs {
                let Drive::Driven(input) = &run.drive else {
                    continue;
                };
                let value = control(input, bit);
                if value != last {
                    bytes.push(value.wrapping_sub(last));
                    last = value;
                }
            }
        }
    }
}

fn head(run: Run, last: &Controls) -> u64 {
    let length = u64::from(run.ticks) << LENGTH_SHIFT;
    let Drive::Driven(input) = &run.drive else {
        return length;
    };
    let handbrake = if input.handbrake { HANDBRAKE } else { 0 };
    let differing = CONTROLS
        .iter()
        .filter(|&&bit| control(input, bit) != control(last, bit));
    length | DRIVEN | handbrake | differing.sum::<u64>()
}

/// The runs of so many seats, of `ticks` each.
pub(super) fn read_seats(
    reader: &mut Reader<'_>,
    seats: usize,
    ticks: u32,
) -> Result<ArrayVec<Vec<Run>, SEATS_MAX>, ReplayError> {
    let heads = (0..seats)
        .map(|_| read_heads(reader, ticks))
        .collect::<Result<ArrayVec<_, SEATS_MAX>, _>>()?;
    let mut seats: ArrayVec<Vec<Run>, SEATS_MAX> = heads
        .iter()
        .map(|heads| heads.iter().map(|&head| bare_run(head)).collect())
        .collect();
    for bit in CONTROLS {
        for (runs, heads) in seats.iter_mut().zip(&heads) {
            let mut last = 0_u8;
            for (run, head) in runs.iter_mut().zip(heads) {
                let Drive::Driven(input) = &mut run.drive else {
                    continue;
                };
                if head & bit != 0 {
                    let [difference] = reader.array()?;
                    last = last.wrapping_add(difference);
                }
                set_control(input, bit, last);
            }
        }
    }
    Ok(seats)
}

/// The heads of one seat, whose lengths make `ticks` together: at most as many
/// as there are ticks.
fn read_heads(reader: &mut Reader<'_>, ticks: u32) -> Result<Vec<u64>, ReplayError> {
    let (mut heads, mut left) = (Vec::new(), u64::from(ticks));
    while left > 0 {
        let head = reader.number()?;
        let length = head >> LENGTH_SHIFT;
        if length == 0 || length > left {
            return Err(out_of_range("the length of a run"));
        }
        if head & DRIVEN == 0 && head & FLAGS != 0 {
            return Err(out_of_range("what nobody does"));
        }
        left -= length;
        heads.push(head);
    }
    Ok(heads)
}

/// A run before its controls are known.
fn bare_run(head: u64) -> Run {
    let drive = if head & DRIVEN == 0 {
        Drive::Absent
    } else {
        Drive::Driven(Controls {
            handbrake: head & HANDBRAKE != 0,
            ..Controls::default()
        })
    };
    Run {
        drive,
        ticks: (head >> LENGTH_SHIFT) as u32,
    }
}
