//! The applied inputs of a snapshot as bits.

use domain::{Controls, Drive};

use super::super::Applied;
use super::super::bits::{BitReader, BitWriter};

/// The first tick whole, the others only if they differ from the one before.
#[inline]
pub(super) fn put_applied(writer: &mut BitWriter<'_>, applied: &Applied) {
    put_drive(writer, applied[0]);
    for pair in applied.windows(2) {
        let is_same = pair[0] == pair[1];
        writer.put(is_same.into(), 1);
        if !is_same {
            put_drive(writer, pair[1]);
        }
    }
}

#[inline]
pub(super) fn take_applied(reader: &mut BitReader<'_>) -> Applied {
    let mut applied = [take_drive(reader); _];
    for index in 1..applied.len() {
        applied[index] = if reader.take(1) == 1 {
            applied[index - 1]
        } else {
            take_drive(reader)
        };
    }
    applied
}

/// Pedals have a code of two bits: nothing, one pedal floored, one pedal at one
/// of the levels of an AI's foot, anything. The last three are followed by what
/// they need.
const PEDALS_NONE: u64 = 0;
const PEDAL_FLOORED: u64 = 1;
const PEDAL_LEVEL: u64 = 2;
const PEDALS_ANY: u64 = 3;
/// An AI's foot knows 16 positions (`simulation::ai`): multiples of this.
const LEVEL: u8 = 17;
/// The wheel has a code of two bits, too: straight, full lock, one of the
/// positions of an AI's wheel, anything.
const WHEEL_STRAIGHT: u64 = 0;
const WHEEL_LOCKED: u64 = 1;
const WHEEL_STEP: u64 = 2;
const WHEEL_ANY: u64 = 3;
/// An AI turns the wheel in multiples of this.
const STEP: i8 = 4;

#[inline]
fn put_drive(writer: &mut BitWriter<'_>, drive: Drive) {
    let Drive::Driven(controls) = drive else {
        return writer.put(0, 1);
    };
    let (pedals, pedal_bits) = pedals_code(controls.throttle, controls.brake);
    let (wheel, wheel_bits) = wheel_code(controls.steer);
    let flags = 1 | u64::from(controls.handbrake) << 1;
    let bits = flags | pedals << 2 | wheel << (2 + pedal_bits);
    writer.put(bits, 2 + pedal_bits + wheel_bits);
}

#[inline]
fn pedals_code(throttle: u8, brake: u8) -> (u64, u32) {
    // Which of them it is, when it is one.
    let (pressed, is_brake) = (throttle | brake, u64::from(brake != 0));
    let is_one = throttle == 0 || brake == 0;
    match pressed {
        0 => (PEDALS_NONE, 2),
        255 if is_one => (PEDAL_FLOORED | is_brake << 2, 3),
        _ if is_one && pressed.is_multiple_of(LEVEL) => {
            let level = u64::from(pressed / LEVEL);
            (PEDAL_LEVEL | is_brake << 2 | level << 3, 7)
        }
        _ => {
            let both = u64::from(throttle) | u64::from(brake) << 8;
            (PEDALS_ANY | both << 2, 18)
        }
    }
}

#[inline]
fn wheel_code(steer: i8) -> (u64, u32) {
    match steer {
        0 => (WHEEL_STRAIGHT, 2),
        127 => (WHEEL_LOCKED, 3),
        -127 => (WHEEL_LOCKED | 4, 3),
        _ if steer % STEP == 0 => (WHEEL_STEP | u64::from((steer / STEP) as u8 & 0x3f) << 2, 8),
        _ => (WHEEL_ANY | u64::from(steer as u8) << 2, 10),
    }
}

#[inline]
fn take_drive(reader: &mut BitReader<'_>) -> Drive {
    if reader.take(1) == 0 {
        return Drive::Absent;
    }
    let handbrake = reader.take(1) == 1;
    let one = |pressed: u8, is_brake: u64| {
        if is_brake == 1 {
            (0, pressed)
        } else {
            (pressed, 0)
        }
    };
    let (throttle, brake) = match reader.take(2) {
        PEDALS_NONE => (0, 0),
        PEDAL_FLOORED => one(255, reader.take(1)),
        PEDAL_LEVEL => {
            let coded = reader.take(5);
            one((coded >> 1) as u8 * LEVEL, coded & 1)
        }
        _ => {
            let both = reader.take(16);
            (both as u8, (both >> 8) as u8)
        }
    };
    let steer = match reader.take(2) {
        WHEEL_STRAIGHT => 0,
        WHEEL_LOCKED if reader.take(1) == 0 => 127,
        WHEEL_LOCKED => -127,
        // Six bits with a sign.
        WHEEL_STEP => ((reader.take(6) << 2) as u8 as i8) >> 2 << 2,
        _ => reader.take(8) as u8 as i8,
    };
    Drive::Driven(Controls {
        throttle,
        brake,
        steer,
        handbrake,
    })
}
