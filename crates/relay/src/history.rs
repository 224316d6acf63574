//! The recent past of a race, kept for its next owner as opaque bytes.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;
use protocol::catch_up::{CatchUpAnswer, SeenSnapshot};
use protocol::input::InputFrame;
use protocol::{GatewayId, RaceId, Seat, Tick};

use crate::limits::{HISTORY_FRAMES_MAX, HISTORY_SNAPSHOTS_MAX};

/// The last snapshots of a race, and the inputs that may not be in them.
#[derive(Debug, Default)]
pub struct History {
    snapshots: VecDeque<(Bytes, Instant)>,
    frames: BTreeMap<Seat, VecDeque<(Tick, Vec<u8>)>>,
}

impl History {
    /// Forgets everything, for another race.
    pub fn clear(&mut self) {
        self.snapshots.clear();
        self.frames.clear();
    }

    /// Keeps a snapshot that was passed on.
    pub fn snapshot(&mut self, payload: Bytes, now: Instant) {
        if self.snapshots.len() == HISTORY_SNAPSHOTS_MAX {
            self.snapshots.pop_front();
        }
        self.snapshots.push_back((payload, now));
    }

    /// Keeps a client's input frame.
    ///
    /// A frame holds all inputs that are not acknowledged; one that begins no
    /// later than another therefore replaces it. Those that begin earlier hold
    /// what the owner has acknowledged but perhaps not applied: while nobody
    /// acknowledges anything, they stay.
    pub fn frame(&mut self, seat: Seat, frame: &[u8]) {
        let Some(first_tick) = InputFrame::first_tick_of(frame) else {
            return;
        };
        let frames = self.frames.entry(seat).or_default();
        // Its memory is used again.
        let mut buffer = Vec::new();
        while let Some((_, replaced)) = frames.pop_back_if(|(tick, _)| *tick >= first_tick) {
            buffer = replaced;
        }
        if frames.len() == HISTORY_FRAMES_MAX
            && let Some((_, oldest)) = frames.pop_front()
        {
            buffer = oldest;
        }
        buffer.clear();
        buffer.extend_from_slice(frame);
        frames.push_back((first_tick, buffer));
    }

    /// The input frames by seat, oldest first.
    pub fn frames(&self) -> impl Iterator<Item = (Seat, &[u8])> {
        self.frames.iter().flat_map(of_seat)
    }

    /// The answer to a new owner's request to catch up.
    #[must_use]
    pub fn answer(&self, race: RaceId, gateway: GatewayId, now: Instant) -> Vec<u8> {
        let seen = |(bytes, at): &(Bytes, Instant)| {
            let age = now.saturating_duration_since(*at).as_micros();
            (u32::try_from(age).unwrap_or(u32::MAX), bytes.clone())
        };
        let snapshots: Vec<(u32, Bytes)> = self.snapshots.iter().map(seen).collect();
        CatchUpAnswer {
            race,
            gateway,
            snapshots: snapshots
                .iter()
                .map(|(age_us, bytes)| SeenSnapshot {
                    age_us: *age_us,
                    bytes,
                })
                .collect(),
            inputs: self.frames().collect(),
        }
        .encode()
    }
}

fn of_seat<'a>(
    (seat, frames): (&'a Seat, &'a VecDeque<(Tick, Vec<u8>)>),
) -> impl Iterator<Item = (Seat, &'a [u8])> {
    frames.iter().map(|(_, frame)| (*seat, &frame[..]))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::Controls;

    use super::*;

    const GATEWAY: GatewayId = GatewayId::new(1);

    fn race() -> RaceId {
        "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
    }

    fn frame(first_tick: Tick, ticks: usize) -> Vec<u8> {
        let frame = InputFrame {
            first_tick,
            controls: std::iter::repeat_n(Controls::default(), ticks).collect(),
        };
        frame.encode_into(Vec::new())
    }

    /// First tick and length of each frame.
    fn frames(history: &History) -> Vec<(Seat, Tick, usize)> {
        let bytes = history.answer(race(), GATEWAY, Instant::now());
        let answer = CatchUpAnswer::decode(&bytes).unwrap();
        let read = |(seat, frame): &(Seat, &[u8])| {
            let frame = InputFrame::decode(frame).unwrap();
            (*seat, frame.first_tick, frame.controls.len())
        };
        answer.inputs.iter().map(read).collect()
    }

    #[test]
    fn keeps_the_last_snapshots_with_their_ages() {
        let mut history = History::default();
        let start = Instant::now();
        for step in 0..20_u8 {
            let at = start + Duration::from_millis(u64::from(step));
            history.snapshot(Bytes::copy_from_slice(&[step]), at);
        }
        let bytes = history.answer(race(), GATEWAY, start + Duration::from_millis(20));
        let answer = CatchUpAnswer::decode(&bytes).unwrap();
        assert_eq!(answer.snapshots.len(), HISTORY_SNAPSHOTS_MAX);
        assert_eq!(answer.snapshots[0].bytes, [4]);
        let last = answer.snapshots.last().unwrap();
        assert_eq!((last.bytes, last.age_us), (&[19][..], 1_000));
    }

    #[test]
    fn keeps_what_is_acknowledged_but_perhaps_not_applied() {
        let mut history = History::default();
        history.frame(0, &frame(10, 2));
        history.frame(0, &frame(12, 2));
        history.frame(1, &frame(9, 4));
        assert_eq!(frames(&history), [(0, 10, 2), (0, 12, 2), (1, 9, 4)]);
        // Without acknowledgements the frames grow, and replace each other.
        for ticks in 3..60 {
            history.frame(0, &frame(12, ticks));
        }
        assert_eq!(frames(&history)[..2], [(0, 10, 2), (0, 12, 59)]);
    }

    #[test]
    fn is_bounded() {
        let mut history = History::default();
        (0..1_000).for_each(|step| history.frame(0, &frame(2 * step, 2)));
        assert_eq!(frames(&history).len(), HISTORY_FRAMES_MAX);
        history.frame(0, &[]);
        assert_eq!(frames(&history).len(), HISTORY_FRAMES_MAX);
        history.clear();
        assert!(frames(&history).is_empty());
    }
}
