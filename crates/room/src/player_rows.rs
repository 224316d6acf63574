//! The rows of all players of a worker, on their way to the database: a state machine
//! without I/O.
//!
//! A row is worth something until the next one: of each room the newest rows are
//! kept, and older ones are never queued behind them.

use std::collections::BTreeMap;

use protocol::RaceId;
use protocol::record::PlayerRecord;

use crate::limits::ROWS_MAX;

/// The newest rows of each room that are not written.
#[derive(Debug, Default)]
pub struct PlayerRows {
    /// `None` while they are being written.
    rooms: BTreeMap<RaceId, Option<Vec<PlayerRecord>>>,
}

/// Rows that are written together: those of whole rooms.
#[derive(Debug, PartialEq)]
pub struct Chunk(Vec<Vec<PlayerRecord>>);

impl Chunk {
    /// The rows.
    #[must_use]
    pub fn players(&self) -> Vec<PlayerRecord> {
        self.0.concat()
    }
}

impl PlayerRows {
    /// Keeps the rows of one room in the place of its older ones.
    pub fn keep(&mut self, rows: Vec<PlayerRecord>) {
        if let Some(first) = rows.first() {
            self.rooms.insert(first.race, Some(rows));
        }
    }

    /// Drops the rows of a room that is not this worker's.
    pub fn forget(&mut self, race: RaceId) {
        self.rooms.remove(&race);
    }

    /// What is to be written, in chunks; then [`PlayerRows::written`] for each.
    pub fn take(&mut self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let (mut chunk, mut players) = (Vec::new(), 0);
        for rows in self.rooms.values_mut().filter_map(Option::take) {
            if players + rows.len() > ROWS_MAX {
                chunks.push(Chunk(std::mem::take(&mut chunk)));
                players = 0;
            }
            players += rows.len();
            chunk.push(rows);
        }
        if !chunk.is_empty() {
            chunks.push(Chunk(chunk));
        }
        chunks
    }

    /// A chunk was written, or refused: then its rows are kept, unless there are
    /// newer ones or the room is gone.
    pub fn written(&mut self, chunk: Chunk, is_done: bool) {
        for rows in chunk.0 {
            let Some(race) = rows.first().map(|row| row.race) else {
                continue;
            };
            if let Some(kept @ None) = self.rooms.get_mut(&race) {
                if is_done {
                    self.rooms.remove(&race);
                } else {
                    *kept = Some(rows);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Epoch, PlayerName, RoomName};

    use super::*;

    fn race(number: u64) -> RaceId {
        RaceId::first_of(number)
    }

    fn rows(number: u64, players: u8, revision: u32) -> Vec<PlayerRecord> {
        let row = |seat| PlayerRecord {
            race: race(number),
            room: RoomName::parse("duel").unwrap(),
            player: PlayerName::parse("Ada").unwrap(),
            seat,
            x_m: 0.0,
            y_m: 0.0,
            heading_rad: 0.0,
            lap: 0,
            score: 0,
            connected: true,
            epoch: Epoch::FIRST,
            revision,
        };
        (0..players).map(row).collect()
    }

    fn one(player_rows: &mut PlayerRows) -> Chunk {
        let mut chunks = player_rows.take();
        assert_eq!(chunks.len(), 1);
        chunks.remove(0)
    }

    #[test]
    fn rows_of_all_rooms_are_written_together_in_chunks() {
        let mut player_rows = PlayerRows::default();
        (0..130).for_each(|room| player_rows.keep(rows(room, 16, 1)));
        let chunks = player_rows.take();
        let sizes: Vec<_> = chunks.iter().map(|it| it.players().len()).collect();
        assert_eq!(sizes, [992, 992, 96]);
        assert!(player_rows.take().is_empty(), "they are being written");
        for chunk in chunks {
            player_rows.written(chunk, true);
        }
        assert!(player_rows.take().is_empty());
        assert!(player_rows.rooms.is_empty());
    }

    #[test]
    fn rows_that_are_refused_are_replaced_by_newer_ones_and_do_not_grow() {
        let mut player_rows = PlayerRows::default();
        for revision in 1..1_000 {
            player_rows.keep(rows(1, 2, revision));
            let chunk = one(&mut player_rows);
            player_rows.written(chunk, false);
        }
        let chunk = one(&mut player_rows);
        assert_eq!(chunk.players(), rows(1, 2, 999));
        // Newer ones came while it was under way.
        player_rows.keep(rows(1, 2, 1_000));
        player_rows.written(chunk, false);
        assert_eq!(one(&mut player_rows).players(), rows(1, 2, 1_000));
    }

    #[test]
    fn rows_of_a_room_that_is_gone_do_not_come_back() {
        let mut player_rows = PlayerRows::default();
        player_rows.keep(rows(1, 2, 1));
        let chunk = one(&mut player_rows);
        player_rows.forget(race(1));
        player_rows.written(chunk, false);
        assert!(player_rows.take().is_empty());
    }
}
