//! Every NATS subject, stream and bucket. Nothing else builds one.
//!
//! Tokens come from [`RoomId`], [`WorkerId`] and the like, whose alphabet
//! cannot hold `.`, `*`, `>` or white space.

use crate::ids::{GatewayId, RaceId, SessionNonce, Tick, WorkerId, process_number};
use crate::names::{PlayerId, RoomId};
use crate::session::Port;

/// Service endpoint: create a room. Queue group [`RACE_WORKERS`].
pub const RACE_CREATE: &str = "race.create";
/// Service endpoint: take over a room. Queue group [`RACE_WORKERS`].
pub const RACE_CLAIM: &str = "race.claim";
/// The queue group of the race workers.
pub const RACE_WORKERS: &str = "race-workers";

/// Service endpoint: say something. Queue group [`CHAT_WORKERS`].
pub const CHAT_SAY: &str = "chat.say";
/// Service endpoint: come into the chat. Queue group [`CHAT_WORKERS`].
pub const CHAT_JOIN: &str = "chat.join";
/// Service endpoint: leave the chat. Queue group [`CHAT_WORKERS`].
pub const CHAT_LEAVE: &str = "chat.leave";
/// The queue group of the chat workers.
pub const CHAT_WORKERS: &str = "chat-workers";

/// Service endpoint: make an account. Queue group [`PERSISTENCE`].
pub const ACCOUNT_SIGNUP: &str = "account.signup";
/// Service endpoint: check a password. Queue group [`PERSISTENCE`].
pub const ACCOUNT_LOGIN: &str = "account.login";
/// Service endpoint: replace a password. Queue group [`PERSISTENCE`].
pub const ACCOUNT_CHANGE_PASSWORD: &str = "account.change_password";
/// Service endpoint: delete an account. Queue group [`PERSISTENCE`].
pub const ACCOUNT_DELETE: &str = "account.delete";
/// Service endpoint: a player's record. Queue group [`PERSISTENCE`].
pub const ACCOUNT_PROFILE: &str = "account.profile";
/// Service endpoint: the best players. Queue group [`PERSISTENCE`].
pub const ACCOUNT_LEADERBOARD: &str = "account.leaderboard";
/// Service endpoint: how a player's last race went. Queue group [`PERSISTENCE`].
pub const ACCOUNT_LAST_RACE: &str = "account.last_race";
/// Service endpoint: what was done in a race. Queue group [`PERSISTENCE`].
pub const RESULT_REPLAY: &str = "result.replay";
/// The queue group of the persistence processes.
pub const PERSISTENCE: &str = "persistence";

/// The one channel that everybody is in.
pub const CHAT_CHANNEL_GLOBAL: &str = "chat.channel.global";
/// A channel that no program reads: a message there shows whether the stream CHAT takes
/// messages.
pub const CHAT_PROBE: &str = "chat.channel.probe";
/// What the stream CHAT keeps.
pub const CHAT_CHANNELS: &str = "chat.channel.>";

/// The stream of chat messages.
pub const STREAM_CHAT: &str = "CHAT";
/// The work queue of results.
pub const STREAM_RESULTS: &str = "RESULTS";
/// The work queue of rooms and of players in them, the latest of each.
pub const STREAM_RECORDS: &str = "RECORDS";
/// The work queue of replays.
pub const STREAM_REPLAYS: &str = "REPLAYS";
/// What [`STREAM_RESULTS`] keeps.
pub const RECORD_RESULTS: &str = "record.result.*";
/// What [`STREAM_RECORDS`] keeps of rooms.
pub const RECORD_ROOMS: &str = "record.room.*";
/// What [`STREAM_RECORDS`] keeps of players.
pub const RECORD_PLAYERS: &str = "record.players.>";
/// What [`STREAM_REPLAYS`] keeps.
pub const RECORD_REPLAYS: &str = "record.replay.*.*";
/// Players of no race: an empty list, which nothing sends.
pub const RECORD_NO_PLAYERS: &str = "record.players.none";
/// The durable consumer of each of these streams that all persistence processes
/// share.
pub const CONSUMER_PERSISTENCE: &str = "persistence";

/// The lobby, in JSON.
pub const BUCKET_ROOMS: &str = "rooms";
/// The chain of ownership, binary.
pub const BUCKET_CHECKPOINTS: &str = "checkpoints";
/// In which rooms a player has a seat, by player, in JSON.
pub const BUCKET_SEATS: &str = "seats";
/// The log-ins of players, by player and port, in JSON.
pub const BUCKET_SESSIONS: &str = "sessions";
/// Results whose race is over and that their stream has not taken, by race, in JSON.
pub const BUCKET_RESULTS: &str = "results";
/// What could not be read or stored, with the reason, in JSON.
pub const BUCKET_QUARANTINE: &str = "quarantine";
/// Who is in the chat, in JSON.
pub const BUCKET_PRESENCE: &str = "presence";

/// Asks a worker whether it lives.
#[must_use]
pub fn worker_ping(worker: WorkerId) -> String {
    format!("race.worker.{worker}.ping")
}

/// Asks a worker to hand its rooms over and end.
#[must_use]
pub fn worker_drain(worker: WorkerId) -> String {
    format!("race.worker.{worker}.drain")
}

/// Asks a gateway which connections it has in a room.
#[must_use]
pub fn gateway_ping(gateway: GatewayId) -> String {
    format!("gateway.{gateway}.ping")
}

/// Requests to the owner of a room: join, leave, lost, back, spectate.
#[must_use]
pub fn room_ctl(room: &RoomId) -> String {
    format!("race.room.{room}.ctl")
}

/// Inputs of a room's players.
#[must_use]
pub fn room_input(room: &RoomId) -> String {
    format!("race.room.{room}.in")
}

/// Snapshots of a room.
#[must_use]
pub fn room_snapshot(room: &RoomId) -> String {
    format!("race.room.{room}.snapshot")
}

/// Signs of life of a room that sends no snapshots.
#[must_use]
pub fn room_heartbeat(room: &RoomId) -> String {
    format!("race.room.{room}.heartbeat")
}

/// What a room's new owner asks all gateways with players in it.
#[must_use]
pub fn room_catch_up(room: &RoomId) -> String {
    format!("race.room.{room}.catchup")
}

/// Events of a room.
#[must_use]
pub fn room_event(room: &RoomId) -> String {
    format!("race.room.{room}.event")
}

/// The result of a race.
#[must_use]
pub fn record_result(race: RaceId) -> String {
    format!("record.result.{race}")
}

/// The room of a race: what it is, and that it is gone. The later supersedes the
/// earlier.
#[must_use]
pub fn record_room(race: RaceId) -> String {
    format!("record.room.{race}")
}

/// Players of one race, written at once.
#[must_use]
pub fn record_players(race: RaceId) -> String {
    format!("record.players.{race}")
}

/// Players of all rooms of a worker, in numbered messages: each supersedes the one
/// of the same number.
#[must_use]
pub fn record_players_of(worker: WorkerId, number: usize) -> String {
    format!("record.players.worker.{worker}.{number}")
}

/// Inputs of a race from a tick on.
#[must_use]
pub fn record_replay(race: RaceId, first_tick: Tick) -> String {
    format!("record.replay.{race}.{first_tick}")
}

/// The header of a race's replay.
#[must_use]
pub fn record_replay_end(race: RaceId) -> String {
    format!("record.replay.{race}.end")
}

/// The key of a room in [`BUCKET_ROOMS`] and [`BUCKET_CHECKPOINTS`].
#[must_use]
pub fn room_key(room: &RoomId) -> &str {
    room.as_str()
}

/// The key of a player in [`BUCKET_SEATS`].
#[must_use]
pub fn seats_key(player: &PlayerId) -> &str {
    player.as_str()
}

/// The key of a player's session at a port in [`BUCKET_SESSIONS`].
#[must_use]
pub fn session_key(player: &PlayerId, port: Port) -> String {
    format!("{player}.{port}")
}

/// The player and the port of a key in [`BUCKET_SESSIONS`]; `None` for a key of another
/// form.
#[must_use]
pub fn session_of(key: &str) -> Option<(PlayerId, Port)> {
    let (player, port) = key.split_once('.')?;
    let port = Port::ALL.into_iter().find(|known| known.name() == port)?;
    Some((PlayerId::parse(player).ok()?, port))
}

/// The key of a player's connection to the chat in [`BUCKET_PRESENCE`].
#[must_use]
pub fn presence_key(player: &PlayerId, session: SessionNonce) -> String {
    format!("{player}.{session}")
}

/// All keys that a player has or had in [`BUCKET_PRESENCE`].
#[must_use]
pub fn presence_keys(player: &PlayerId) -> String {
    format!("{player}.*")
}

/// The connection of a key in [`BUCKET_PRESENCE`]; `None` for a key of another form.
#[must_use]
pub fn presence_session(key: &str) -> Option<SessionNonce> {
    let (_player, session) = key.split_once('.')?;
    process_number(session).map(SessionNonce::new)
}

/// What a message on a subject is, for tools that look at traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A [`crate::snapshot::Snapshot`].
    Snapshot,
    /// A [`crate::input::InputBatch`].
    Inputs,
    /// A [`crate::catch_up::CatchUpRequest`].
    CatchUp,
    /// JSON, or text.
    Text,
}

/// What a message on `subject` is.
#[must_use]
pub fn payload_of(subject: &str) -> Payload {
    let is_room = subject.starts_with("race.room.");
    match subject.rsplit('.').next() {
        Some("snapshot") if is_room => Payload::Snapshot,
        Some("in") if is_room => Payload::Inputs,
        Some("catchup") if is_room => Payload::CatchUp,
        Some(_) | None => Payload::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_one_token_for_a_room() {
        let room = RoomId::parse("Friday-Night").unwrap();
        assert_eq!(room_snapshot(&room), "race.room.friday-night.snapshot");
        assert_eq!(payload_of(&room_snapshot(&room)), Payload::Snapshot);
        assert_eq!(payload_of(&room_input(&room)), Payload::Inputs);
        assert_eq!(payload_of(&room_catch_up(&room)), Payload::CatchUp);
        assert_eq!(payload_of(&room_event(&room)), Payload::Text);
        assert_eq!(payload_of(&room_heartbeat(&room)), Payload::Text);
    }

    #[test]
    fn a_session_key_names_player_and_port() {
        let player = PlayerId::parse("Ada").unwrap();
        let key = session_key(&player, Port::Chat);
        assert_eq!(key, "ada.chat");
        assert_eq!(session_of(&key), Some((player, Port::Chat)));
        for other in ["ada", "ada.x", "_probe", ".race", "a b.race"] {
            assert_eq!(session_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_presence_key_names_player_and_session() {
        let player = PlayerId::parse("Ada").unwrap();
        let session = SessionNonce::new(0xabc);
        let key = presence_key(&player, session);
        assert_eq!(key, "ada.00000abc");
        assert_eq!(presence_session(&key), Some(session));
        assert_eq!(presence_keys(&player), "ada.*");
        for other in ["ada", "ada.x", "ada.+0000abc", "ada.abc", "_probe"] {
            assert_eq!(presence_session(other), None, "{other}");
        }
    }
}
