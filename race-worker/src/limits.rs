//! Every queue, rate and timeout of the race worker, with its reason.

use std::time::Duration;

use protocol::limits::TICK_RATE_HZ;

/// From the last seat taken to the start: time to look at the track, and for
/// every client to learn what time it is.
pub const COUNTDOWN_SECONDS: u32 = 4;

/// One step of the simulation.
pub const TICK_INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / TICK_RATE_HZ as u64);

/// How often a room without a race looks at the clock.
pub const IDLE_INTERVAL: Duration = Duration::from_millis(100);

/// Between two checkpoints of a race: what a new owner has to compute again.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(100);

/// Between two checkpoints of a room without a race: its heartbeat.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);

/// An owner of a race whose last checkpoint is older than this stops: by then
/// another may own the room.
pub const FENCE_RACING: Duration = Duration::from_millis(250);

/// The same for a room without a race, with its slower heartbeat.
pub const FENCE_IDLE: Duration = Duration::from_millis(1_000);

/// A room without connections closes after this long.
pub const ABANDONED_AFTER: Duration = Duration::from_secs(60);

/// Between two records of a driver's position in the database.
pub const RECORD_INTERVAL_TICKS: u32 = 5 * TICK_RATE_HZ;

/// Writes that wait for the lobby and the database: sixteen drivers joining,
/// losing and finishing at once are under a hundred.
pub const CLERK_QUEUE_MAX: usize = 512;

/// Between two attempts to write what must be written.
pub const RETRY_DELAY: Duration = Duration::from_millis(100);

/// Attempts to write a result or a record: some minutes without NATS.
pub const RETRIES_MAX: u32 = 600;

/// How long the server may take to let a worker out of its queue group.
pub const LEAVE_TIMEOUT: Duration = Duration::from_millis(500);

/// How long a worker that ends waits for others to take its rooms.
pub const HAND_OVER_TIMEOUT: Duration = Duration::from_millis(500);

/// Attempts to hand a room over before it is left to a sweep.
pub const HAND_OVER_ATTEMPTS: u32 = 10;

/// How long a worker that ends waits for its rooms in all.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
