//! What the gateways know of a race that its new owner does not: collected
//! without I/O.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::UnknownVersion;
use protocol::catch_up::CatchUpAnswer;
use protocol::input::{InputBatch, InputFrame};
use protocol::snapshot::SnapshotHeader;
use protocol::{Epoch, GatewayId, RaceId, ReadError, Seat, Tick};

use crate::limits::{CATCH_UP_TIMEOUT, TICK_INTERVAL};

/// All that was answered, for [`crate::room::Room::catch_up`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Snapshots by tick. Where two owners sent the same tick, the later one is
    /// right.
    pub snapshots: BTreeMap<Tick, Vec<u8>>,
    /// Input frames in the order in which each gateway got them.
    pub frames: Vec<(GatewayId, Seat, InputFrame)>,
    /// The newest snapshot, and when it was due, by the snapshot that was seen soonest
    /// after its tick: NATS may have kept the newest back.
    pub newest: Option<(Tick, Instant)>,
}

impl News {
    /// Adds a batch of inputs that came to the new owner itself.
    pub fn batch(&mut self, payload: &[u8]) {
        let Ok(batch) = InputBatch::decode(payload) else {
            return;
        };
        for (seat, frame) in batch.frames {
            if let Ok(frame) = InputFrame::decode(frame) {
                self.frames.push((batch.gateway, seat, frame));
            }
        }
    }
}

/// The answers to one request to catch up.
#[derive(Clone, Debug)]
pub struct CatchUp {
    race: RaceId,
    /// Gateways with players whose answer is awaited.
    missing: Vec<GatewayId>,
    deadline: Instant,
    epochs: BTreeMap<Tick, Epoch>,
    news: News,
    unreadable: u32,
    unknown_version: Option<UnknownVersion>,
}

impl CatchUp {
    /// Of a race with players at `gateways`; asked at `now`.
    #[must_use]
    pub fn new(race: RaceId, gateways: &[GatewayId], now: Instant) -> Self {
        Self {
            race,
            missing: gateways.to_vec(),
            deadline: now + CATCH_UP_TIMEOUT,
            epochs: BTreeMap::new(),
            news: News::default(),
            unreadable: 0,
            unknown_version: None,
        }
    }

    /// When to stop waiting.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether all have answered who were to, or the time is up.
    #[must_use]
    pub fn is_complete(&self, now: Instant) -> bool {
        self.missing.is_empty() || now >= self.deadline
    }

    /// Takes an answer that came at `now`; one that cannot be read is counted.
    pub fn answer(&mut self, bytes: &[u8], now: Instant) {
        let answer = match CatchUpAnswer::decode(bytes) {
            Ok(answer) => answer,
            Err(error) => return self.could_not_read(&error),
        };
        if answer.race != self.race {
            return;
        }
        self.missing.retain(|gateway| *gateway != answer.gateway);
        for seen in &answer.snapshots {
            let age = Duration::from_micros(seen.age_us.into());
            let at = now.checked_sub(age).unwrap_or(now);
            match SnapshotHeader::split(seen.bytes) {
                Ok((header, _)) if header.race == self.race => {
                    self.snapshot(header.tick, header.epoch, seen.bytes, at);
                }
                Ok(_) => self.unreadable += 1,
                Err(error) => self.could_not_read(&error),
            }
        }
        for (seat, frame) in answer.inputs {
            match InputFrame::decode(frame) {
                Ok(frame) => self.news.frames.push((answer.gateway, seat, frame)),
                Err(_) => self.unreadable += 1,
            }
        }
    }

    fn could_not_read(&mut self, error: &ReadError) {
        self.unreadable += 1;
        self.unknown_version = self.unknown_version.or(error.unknown_version());
    }

    /// The first version among the answers that this worker does not read.
    #[must_use]
    pub fn unknown_version(&self) -> Option<UnknownVersion> {
        self.unknown_version
    }

    /// All that came, and how much of it could not be read.
    #[must_use]
    pub fn finish(self) -> (News, u32) {
        (self.news, self.unreadable)
    }

    fn snapshot(&mut self, tick: Tick, epoch: Epoch, bytes: &[u8], at: Instant) {
        let known = self.epochs.get(&tick);
        if known.is_none_or(|known| epoch > *known) {
            self.epochs.insert(tick, epoch);
            self.news.snapshots.insert(tick, bytes.to_vec());
        }
        let (newest, due) = self.news.newest.unwrap_or((tick, at));
        let last = tick.max(newest);
        let due = due + TICK_INTERVAL * (last - newest);
        let due = due.min(at + TICK_INTERVAL * (last - tick));
        self.news.newest = Some((last, due));
    }
}

#[cfg(test)]
mod tests {
    use arrayvec::ArrayVec;
    use protocol::WorkerId;
    use protocol::catch_up::SeenSnapshot;

    use super::*;

    const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    const GATEWAYS: [GatewayId; 2] = [GatewayId::new(1), GatewayId::new(2)];

    fn snapshot(epoch: u32, tick: Tick) -> Vec<u8> {
        let header = SnapshotHeader {
            race: RACE.parse().unwrap(),
            owner: WorkerId::new(1),
            epoch: Epoch(epoch),
            tick,
            acks: ArrayVec::new(),
        };
        header.encode_into(Vec::new())
    }

    fn answer(gateway: GatewayId, snapshots: &[(u32, &[u8])]) -> Vec<u8> {
        let seen = snapshots.iter().map(|&(age_ms, bytes)| SeenSnapshot {
            age_us: age_ms * 1_000,
            bytes,
        });
        CatchUpAnswer {
            race: RACE.parse().unwrap(),
            gateway,
            snapshots: seen.collect(),
            inputs: vec![(0, b"nonsense")],
        }
        .encode()
    }

    #[test]
    fn waits_for_every_gateway_with_players_or_until_the_time_is_up() {
        let now = Instant::now();
        let mut catch_up = CatchUp::new(RACE.parse().unwrap(), &GATEWAYS, now);
        catch_up.answer(&answer(GATEWAYS[1], &[]), now);
        catch_up.answer(&answer(GatewayId::new(9), &[]), now);
        catch_up.answer(b"", now);
        assert!(!catch_up.is_complete(now));
        assert!(catch_up.is_complete(now + CATCH_UP_TIMEOUT));
        catch_up.answer(&answer(GATEWAYS[0], &[]), now);
        assert!(catch_up.is_complete(now));
        assert_eq!(catch_up.finish().1, 4, "what could not be read is counted");
    }

    #[test]
    fn the_later_owner_is_right_and_the_soonest_sight_tells_when_the_newest_was_due() {
        let now = Instant::now();
        let at = |ms| now - Duration::from_millis(ms);
        let mut catch_up = CatchUp::new(RACE.parse().unwrap(), &GATEWAYS, now);
        let old = [snapshot(1, 10), snapshot(1, 12)];
        let new = [snapshot(2, 12), snapshot(2, 14)];
        catch_up.answer(&answer(GATEWAYS[0], &[(40, &new[0]), (7, &new[1])]), now);
        catch_up.answer(&answer(GATEWAYS[1], &[(90, &old[0]), (50, &old[1])]), now);
        let again = answer(GATEWAYS[1], &[(9, &new[1])]);
        catch_up.answer(&again, now);
        let (news, _) = catch_up.finish();
        assert_eq!(news.newest, Some((14, at(90) + TICK_INTERVAL * 4)));
        let ticks: Vec<Tick> = news.snapshots.keys().copied().collect();
        assert_eq!(ticks, [10, 12, 14]);
        assert_eq!(news.snapshots[&12], new[0]);
    }
}
