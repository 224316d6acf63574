//! What must be true whatever happens (ADR 010).

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use domain::{Controls, Drive};
use netcode::TrackCourse;
use netcode::wire::{self, DecodedSnapshot};
use protocol::limits::TICKS_PER_SNAPSHOT;
use protocol::record::ResultRecord;
use protocol::snapshot::SnapshotHeader;
use protocol::{Epoch, PlayerName, Seat, Tick, WorkerId};
use room::Room;
use simulation::{Events, RaceState, Rules, Track, step};

use crate::message::Pid;
use crate::message::RoomIndex;

/// Knows what everybody has seen.
#[derive(Debug)]
pub(crate) struct Oracle {
    track: Arc<Track>,
    course: TrackCourse,
    rooms: Vec<RoomHistory>,
}

/// The past of one room.
#[derive(Debug)]
struct RoomHistory {
    rules: Rules,
    owners: BTreeMap<Epoch, WorkerId>,
    /// The newest epoch that has caught up.
    epoch: Epoch,
    /// The race as a client has seen it last, and the hash of each tick.
    newest: Option<RaceState>,
    hashes: BTreeMap<Tick, u64>,
    /// Inputs that the owner of that epoch knew in time.
    due: BTreeMap<(Tick, Seat), (Epoch, Controls)>,
    gateways: BTreeMap<Pid, Heard>,
    /// The ticks of snapshots that came to no gateway.
    lost: BTreeSet<Tick>,
    seats: BTreeMap<PlayerName, Seat>,
    finished: Option<ResultRecord>,
    results: u32,
    is_closed: bool,
}

/// What one gateway has of a room.
#[derive(Debug, Default)]
struct Heard {
    /// The epoch of the last owner that it answered.
    answered: Epoch,
    passed: Option<Tick>,
    /// The ticks of snapshots that were lost on their way here.
    lost: BTreeSet<Tick>,
    /// The owner of that epoch has not heard this gateway, and does not know
    /// where its clients are.
    missed_at: Option<Epoch>,
}

impl Oracle {
    pub(crate) fn new(track: Arc<Track>) -> Self {
        Self {
            course: TrackCourse::shared(&track),
            track,
            rooms: Vec::new(),
        }
    }

    pub(crate) fn add_room(&mut self, rules: Rules) {
        self.rooms.push(RoomHistory {
            rules,
            owners: BTreeMap::new(),
            epoch: Epoch::FIRST,
            newest: None,
            hashes: BTreeMap::new(),
            due: BTreeMap::new(),
            gateways: BTreeMap::new(),
            lost: BTreeSet::new(),
            seats: BTreeMap::new(),
            finished: None,
            results: 0,
            is_closed: false,
        });
    }

    /// A worker has become the owner.
    pub(crate) fn owned(
        &mut self,
        room: RoomIndex,
        epoch: Epoch,
        owner: WorkerId,
    ) -> Result<(), String> {
        match self.rooms[room].owners.insert(epoch, owner) {
            None => Ok(()),
            Some(other) => Err(format!(
                "room {room} has two owners under epoch {epoch}: {other} and {owner}"
            )),
        }
    }

    /// A player got a seat.
    pub(crate) fn seated(
        &mut self,
        room: RoomIndex,
        player: &PlayerName,
        seat: Option<Seat>,
    ) -> Result<(), String> {
        let Some(seat) = seat else { return Ok(()) };
        match self.rooms[room].seats.insert(player.clone(), seat) {
            Some(before) if before != seat => Err(format!(
                "{player} had seat {before} of room {room} and was given {seat}"
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// A player that got a seat has it under every owner.
    pub(crate) fn seats_survive(&self, index: RoomIndex, room: &Room) -> Result<(), String> {
        for (player, seat) in &self.rooms[index].seats {
            let occupant = room.seats().get(*seat);
            if occupant.is_none_or(|it| it.player != *player) {
                return Err(format!("{player} has lost seat {seat} of room {index}"));
            }
        }
        Ok(())
    }

    /// An owner has caught up. It could know all ticks up to `known`; `answered`
    /// are the gateways that it heard.
    pub(crate) fn taken_over(
        &mut self,
        room: RoomIndex,
        epoch: Epoch,
        known: Tick,
        answered: &[(Pid, Option<Tick>)],
    ) {
        let room = &mut self.rooms[room];
        room.epoch = room.epoch.max(epoch);
        room.due.clear();
        // Seen by the clients of a gateway that is dead or was not heard: nobody
        // can know it, and it is computed anew.
        if room.newest.as_ref().is_some_and(|it| it.tick > known) {
            room.newest = None;
            room.hashes.split_off(&(known + 1));
        }
        for (pid, heard) in &mut room.gateways {
            if !answered.iter().any(|(it, _)| it == pid) {
                heard.missed_at = Some(epoch);
            }
        }
    }

    /// A gateway answers a new owner: nothing of another may pass from now on.
    pub(crate) fn answered(&mut self, room: RoomIndex, gateway: Pid, epoch: Epoch) {
        let heard = self.rooms[room].gateways.entry(gateway).or_default();
        heard.answered = heard.answered.max(epoch);
    }

    /// A snapshot will not come to a gateway, or to none.
    pub(crate) fn lost(&mut self, room: RoomIndex, to: Option<Pid>, bytes: &[u8]) {
        let Ok((header, _)) = SnapshotHeader::split(bytes) else {
            return;
        };
        let room = &mut self.rooms[room];
        match to {
            Some(pid) => {
                let heard = room.gateways.entry(pid).or_default();
                heard.lost.insert(header.tick);
            }
            None => {
                room.lost.insert(header.tick);
            }
        }
    }

    /// Who drives from where may have changed: what a seat does is not known
    /// for a moment.
    pub(crate) fn reseated(&mut self, room: RoomIndex) {
        self.rooms[room].due.clear();
    }

    /// The owner of that epoch knows an input before the tick that it is for.
    pub(crate) fn input_due(
        &mut self,
        room: RoomIndex,
        epoch: Epoch,
        seat: Seat,
        tick: Tick,
        controls: Controls,
    ) {
        self.rooms[room].due.insert((tick, seat), (epoch, controls));
    }

    /// A gateway passes a snapshot on; the one before it was `before`.
    pub(crate) fn see(
        &mut self,
        index: RoomIndex,
        gateway: Pid,
        before: Option<Tick>,
        header: &SnapshotHeader,
        body: &[u8],
    ) -> Result<(), String> {
        let (epoch, tick) = (header.epoch, header.tick);
        let room = &mut self.rooms[index];
        if room.owners.get(&epoch) != Some(&header.owner) {
            let owner = header.owner;
            return Err(format!(
                "room {index}: {owner} passed as its owner under epoch {epoch}"
            ));
        }
        let heard = room.gateways.entry(gateway).or_default();
        heard.passed = Some(tick);
        if epoch < heard.answered {
            let answered = heard.answered;
            return Err(format!(
                "room {index}: gateway {gateway} passed tick {tick} of epoch {epoch} on after it \
                 had answered epoch {answered}"
            ));
        }
        let is_missed = heard.missed_at.take_if(|it| epoch >= *it).is_some();
        let is_lost = |tick: Tick| heard.lost.contains(&tick) || room.lost.contains(&tick);
        let is_next = before.is_none_or(|before| {
            let mut skipped = (before + 1..tick).filter(|it| it.is_multiple_of(TICKS_PER_SNAPSHOT));
            skipped.all(is_lost)
        });
        if !is_next && !is_missed {
            return Err(format!(
                "room {index}: gateway {gateway} passed tick {tick} on after {before:?}"
            ));
        }
        if epoch < room.epoch {
            // A gateway that the new owner has not heard: its clients see their
            // old owner until they hear of the new one.
            return Ok(());
        }
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let hash = hasher.finish();
        match room.hashes.get(&tick) {
            Some(seen) if *seen == hash => return Ok(()),
            Some(_) => return Err(format!("room {index}: tick {tick} has two pasts")),
            None => {}
        }
        let snapshot = wire::decode(body, tick, &self.course)
            .map_err(|error| format!("room {index}: tick {tick}: {error}"))?;
        room.hashes.insert(tick, hash);
        let continues = room.continues(&self.track, &snapshot);
        let applied = room.inputs_are_applied(epoch, &snapshot);
        room.newest = Some(snapshot.state);
        let named = |why| format!("room {index}, tick {tick} of epoch {epoch}: {why}");
        continues.and(applied).map_err(named)
    }

    /// A checkpoint says that the race has ended so.
    pub(crate) fn finished(&mut self, room: RoomIndex, result: ResultRecord) {
        self.rooms[room].finished.get_or_insert(result);
    }

    /// A result has arrived at the stream.
    pub(crate) fn announced(&self, index: RoomIndex, result: &ResultRecord) -> Result<(), String> {
        let room = &self.rooms[index];
        match &room.finished {
            Some(finished) if finished == result => Ok(()),
            Some(_) => Err(format!(
                "room {index}: a result under epoch {} that no checkpoint has",
                result.epoch
            )),
            None => Err(format!("room {index}: a result before the checkpoint")),
        }
    }

    /// A result was taken into the stream, and is no repeat.
    pub(crate) fn published(&mut self, index: RoomIndex) -> Result<(), String> {
        let room = &mut self.rooms[index];
        room.results += 1;
        if room.results > 1 {
            return Err(format!("room {index} has {} results", room.results));
        }
        Ok(())
    }

    pub(crate) fn closed(&mut self, room: RoomIndex) {
        self.rooms[room].is_closed = true;
    }

    pub(crate) fn results(&self, room: RoomIndex) -> u32 {
        self.rooms[room].results
    }

    /// How many owners rooms have had.
    pub(crate) fn takeovers(&self) -> u32 {
        let owners = self.rooms.iter().map(|room| room.owners.len() as u32);
        owners.sum::<u32>() - self.rooms.len() as u32
    }
}

impl RoomHistory {
    /// The race as it was, and what was applied, lead to the race as it is.
    fn continues(&mut self, track: &Track, snapshot: &DecodedSnapshot) -> Result<(), String> {
        let Some(mut state) = self.newest.take() else {
            return Ok(());
        };
        if snapshot.state.tick != state.tick + TICKS_PER_SNAPSHOT {
            return Ok(());
        }
        let mut events = Events::new();
        for tick in 0..TICKS_PER_SNAPSHOT as usize {
            let drives: Vec<Drive> = snapshot.applied.iter().map(|it| it[tick]).collect();
            step(track, &self.rules, &mut state, &drives, &mut events);
        }
        if state == snapshot.state {
            Ok(())
        } else {
            Err("what was applied does not lead to this".to_owned())
        }
    }

    fn inputs_are_applied(
        &mut self,
        epoch: Epoch,
        snapshot: &DecodedSnapshot,
    ) -> Result<(), String> {
        let first = snapshot.state.tick - TICKS_PER_SNAPSHOT;
        let later = self.due.split_off(&(snapshot.state.tick, 0));
        let due = std::mem::replace(&mut self.due, later);
        for ((tick, seat), (known_to, controls)) in due {
            let applied = snapshot.applied.get(usize::from(seat));
            let drive = tick
                .checked_sub(first)
                .and_then(|index| Some(applied?[index as usize]));
            if let Some(drive) = drive
                && known_to == epoch
                && drive != Drive::Driven(controls)
            {
                return Err(format!(
                    "seat {seat} did {drive:?} in tick {tick}, but {controls:?} was known"
                ));
            }
        }
        Ok(())
    }
}
