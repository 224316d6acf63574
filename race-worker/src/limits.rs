//! Every queue, rate and timeout of the race worker, with its reason.

use std::time::Duration;

/// How long the server may take to let a worker out of its queue group.
pub const LEAVE_TIMEOUT: Duration = Duration::from_millis(500);

/// How long a worker that ends waits for another to take a room. Meanwhile it
/// writes no checkpoints, and must not come near the expiry.
pub const HAND_OVER_TIMEOUT: Duration = Duration::from_millis(100);

/// How long a worker that ends waits for its rooms in all.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a worker looks for rooms without an owner; as much again at
/// random, so that workers do not do it in step. Nobody waits for it: a gateway
/// with players notices by itself, and sooner.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(2);

/// How long a gateway may take to answer its owner's question.
pub const GATEWAY_CHECK_TIMEOUT: Duration = Duration::from_millis(500);

/// A gateway that nobody reaches twice, so far apart, is gone: one that lost its
/// connection to NATS is back within a fraction of it.
pub const GATEWAY_GONE_AFTER: Duration = Duration::from_secs(1);

/// Over so long ticks are counted to see whether a worker has too many rooms.
pub const ADMISSION_WINDOW: Duration = Duration::from_secs(1);

/// A worker with more late ticks than this, in percent, takes no new rooms. A
/// late tick began more than one interval after its time: a player may feel it.
pub const LATE_TICKS_PERCENT_MAX: u64 = 5;

/// Fewer late ticks than this in a window say nothing: a quarter of a second of
/// one room.
pub const LATE_TICKS_MIN: u32 = 15;

/// A worker that has kept its time for so long takes new rooms again.
pub const RECOVERED_AFTER: Duration = Duration::from_secs(5);

/// Rooms handed over at once: those who take them have races to run.
pub const HAND_OVERS_MAX: usize = 4;

/// Between two rooms that are handed over. One costs workers, NATS
/// and gateways about 2 ms of a core in all; a thousand are gone in 5 s.
pub const HAND_OVER_INTERVAL: Duration = Duration::from_millis(5);

/// Rooms without an owner that are adopted at once: there may be hundreds, and
/// the worker has races to run.
pub const ADOPTIONS_MAX: usize = 8;

/// Attempts to write the first checkpoint of a room: its name may become free in
/// between, as that of a room that ends or whose checkpoint is damaged.
pub const CREATE_ATTEMPTS: u32 = 3;

/// Results that a sweep moves into their stream: after an outage hundreds of races
/// may have ended, and the stream has others to serve.
pub const RESULTS_MOVED_MAX: usize = 64;

/// Between two messages with the rows of all players: as often as rooms have new ones.
pub const ROWS_INTERVAL: Duration = Duration::from_secs(2);
