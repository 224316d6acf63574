//! Every limit of the wire, with its reason.

use std::time::Duration;

use domain::TICK_RATE_HZ;

/// Longest player name: it must fit the leaderboard's column.
pub const PLAYER_NAME_CHARS_MAX: usize = 16;

/// Longest room name: it is a subject token and a key, and must fit the lobby.
pub const ROOM_NAME_CHARS_MAX: usize = 24;

/// Shortest password that sign-up accepts.
pub const PASSWORD_CHARS_MIN: usize = 6;

/// Longest password: hashing cost must not depend on what a client sends.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// How much the clocks of two hosts may differ: those that follow a time server are
/// milliseconds apart.
pub const CLOCK_DIFFERENCE_MAX: Duration = Duration::from_secs(1);

/// How long a request about an account that states no deadline is waited for, and the
/// most that is believed of one that does: as long as gateways wait.
pub const DEADLINE_DEFAULT: Duration = Duration::from_secs(5);

/// Seats of a room when its creator says nothing.
pub const SEATS_DEFAULT: u8 = 2;

/// Most laps of a race, so that a forgotten room ends some day.
pub const LAPS_MAX: u16 = 99;

/// Laps of a race when its creator says nothing.
pub const LAPS_DEFAULT: u16 = 3;

/// Longest chat message in characters.
pub const CHAT_TEXT_CHARS_MAX: usize = 500;

/// Longest sentence with which something is refused. It may quote what is refused, and
/// control characters of a name are written in many characters: without a limit the
/// answer to a frame is up to seven times its size.
pub const SENTENCE_CHARS_MAX: usize = 300;

/// Largest frame a client may send: 64 input ticks are 350 bytes, 500
/// characters of chat at most 3,000 in JSON.
pub const CLIENT_FRAME_BYTES_MAX: usize = 4 * 1024;

/// Largest frame a gateway may send: what its length can say.
pub const SERVER_FRAME_BYTES_MAX: usize = 64 * 1024 - 1;

/// Largest page of a list: half of what may wait for one client, so that a page and the
/// events around it have room.
pub const LIST_FRAME_BYTES_MAX: usize = 32 * 1024;

/// Most ticks of input in one message: about one second, after which a late
/// input changes nothing that anybody could still feel.
pub const INPUT_TICKS_MAX: usize = 64;

/// Most rooms on a page of the lobby: with the longest names in all seats 31 KB, with
/// four players each 14 KB.
pub const LOBBY_PAGE_ROOMS_MAX: usize = 48;

/// Most names on a page of who is in the chat: the longest, quoted and with a comma,
/// are 19 KB.
pub const PRESENT_PAGE_NAMES_MAX: usize = 1_000;

/// Largest chunk of a replay: five seconds of noise in every seat are 19 KB.
pub const REPLAY_CHUNK_BYTES_MAX: usize = 20 * 1024;

/// Largest header of a replay: a name, a few numbers, a byte for each seat.
pub const REPLAY_HEADER_BYTES_MAX: usize = 256;

/// Most chunks of a replay in one answer, so that the largest stay below the
/// megabyte that NATS carries.
pub const REPLAY_PAGE_CHUNKS_MAX: usize = 24;

/// Most players on a page of the leaderboard, as many as its window shows.
pub const LEADERBOARD_PLAYERS_MAX: u64 = 20;

/// Largest score of a race in either direction, metres: a thousand times what 99 laps
/// of the longest track are. A sum of nine billion such scores fits 64 bits.
pub const SCORE_ABS_MAX: i64 = 1_000_000_000;

/// Largest coordinate of a car in either direction, metres: no drive is longer than
/// its score.
pub const POSITION_ABS_MAX_M: f64 = 1e9;

/// Longest time of a race or lap, milliseconds: as many days as a race is remembered
/// by its replay.
pub const RACE_TIME_MAX_MS: u64 = 30 * 24 * 3600 * 1000;

/// Latest point in time: the time in a race's id has 48 bits.
pub const UNIX_MILLIS_MAX: u64 = (1 << 48) - 1;

/// Highest epoch: a row's version is a signed number of 64 bits, of which the epoch
/// has the upper half.
pub const EPOCH_MAX: u32 = i32::MAX as u32;

/// How long a session lasts from its log-in, whatever is resumed: a week of evenings.
pub const SESSION_LIFETIME_MS: u64 = 7 * 24 * 3600 * 1000;

/// How long a session at the race port may wait for the one at the chat port that it
/// has given a ticket for: the chat program is started at once.
pub const TICKET_LIFETIME_MS: u64 = 60 * 1000;

/// Ticks between two snapshots: 30 snapshots a second.
pub const TICKS_PER_SNAPSHOT: u32 = 2;

/// From one tick to the next.
pub const TICK_INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / TICK_RATE_HZ as u64);

/// From one snapshot of a room to the next.
pub const SNAPSHOT_INTERVAL: Duration = TICK_INTERVAL.saturating_mul(TICKS_PER_SNAPSHOT);
