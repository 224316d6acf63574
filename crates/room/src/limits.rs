//! Every interval, bound and timeout of a room's cores, with its reason.

use std::time::Duration;

use domain::TICK_RATE_HZ;
use protocol::limits::RACE_TIME_MAX_MS;

/// From the last seat taken to the start: time to look at the track, and for
/// every client to learn what time it is.
pub const COUNTDOWN_SECONDS: u32 = 4;

pub use protocol::limits::TICK_INTERVAL;

/// How often a room without a race looks at the clock.
pub const IDLE_INTERVAL: Duration = Duration::from_millis(100);

/// Snapshots of a race between two checkpoints, 100 ms: what a new owner has to
/// compute again. Rooms that tick together write together, in as few wake-ups.
pub const CHECKPOINT_SNAPSHOTS: u128 = 3;

/// A race whose last checkpoint is younger than this skips one.
pub const CHECKPOINT_INTERVAL_MIN: Duration = Duration::from_millis(50);

/// A race whose last checkpoint is older than this writes one at once.
pub const CHECKPOINT_INTERVAL_MAX: Duration = Duration::from_millis(125);

/// Between two checkpoints of a room without a race: its heartbeat.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);

/// An owner of a race whose last checkpoint is older than this stops: by then
/// another may own the room.
pub const LEASE_RACING: Duration = Duration::from_millis(250);

/// The same for a room without a race, with its slower heartbeat.
pub const LEASE_IDLE: Duration = Duration::from_millis(1_000);

/// A room without connections closes after this long.
pub const ABANDONED_AFTER: Duration = Duration::from_secs(60);

/// A driver whose car does not drive a metre for so long leaves the race: longer
/// than any spin, and short enough that a race of one ends.
pub const IDLE_DRIVER_AFTER: Duration = Duration::from_secs(60);

/// A car has not been driven while it stays so near: it may be pushed, or roll.
pub const PARKED_WITHIN_M: f64 = 1.0;

/// A host who does nothing in a waiting room that nobody joins leaves after so
/// long: time enough to wait for friends.
pub const IDLE_HOST_AFTER: Duration = Duration::from_secs(300);

/// A connection that is lost while a room waits gives its seat up after so long: a
/// client that lives is back within seconds, and the race must not start without it.
pub const WAITING_SEAT_AFTER: Duration = Duration::from_secs(15);

/// Between two looks at who is idle: a warning may be so late.
pub const ATTENDANCE_INTERVAL: Duration = Duration::from_millis(250);

/// A longer time between two looks is a pause of the owner, in which nobody could
/// show any life.
pub const ATTENDANCE_STEP_MAX: Duration = Duration::from_secs(1);

/// Between two rows of a driver for the database: what a player sees of the last
/// race may be so old after a crash of everything.
pub const ROWS_INTERVAL_TICKS: u32 = 2 * TICK_RATE_HZ;

/// Records that wait for the database: sixteen drivers joining, losing and
/// finishing at once are under a hundred.
pub const WRITE_QUEUE_MAX: usize = 512;

/// The first pause before a write that failed is tried again; each failure doubles
/// it.
pub const RETRY_DELAY: Duration = Duration::from_millis(100);

/// The longest pause: hundreds of rooms try, and a stream that has space again is
/// noticed soon.
pub const RETRY_DELAY_MAX: Duration = Duration::from_secs(2);

/// Records that are refused for so long are given up, one with each attempt: they
/// must not grow. A result never is.
pub const RECORDS_GIVE_UP_AFTER: Duration = Duration::from_secs(60);

/// Attempts to hand a room over before it is left to a sweep.
pub const HAND_OVER_ATTEMPTS: u32 = 10;

/// How long a new owner waits for what the gateways know: longer would be seen
/// by players.
pub const CATCH_UP_TIMEOUT: Duration = Duration::from_millis(20);

/// Latest tick of a room, as many days after its countdown as a race is remembered by its
/// replay: counts of ticks stay far from their ends.
pub const TICKS_MAX: u32 = (RACE_TIME_MAX_MS / 1_000) as u32 * TICK_RATE_HZ;

/// Most events of one tick and records of one room in a checkpoint: counts of either stay
/// far from their ends.
pub const COUNT_MAX: u32 = i32::MAX as u32;

/// Most ticks that a new owner computes again because gateways have seen them, ten
/// seconds: an owner is silent a quarter of a second after its last checkpoint. A
/// snapshot that is further ahead is nothing to catch up with.
pub const REPEAT_TICKS_MAX: u32 = 10 * TICK_RATE_HZ;

/// Most ticks that a room is moved on by whose owner is new or was paused, one
/// second: more than it takes to notice a slow owner. A longer absence
/// counts as a pause, for cars without a driver would be anywhere.
pub const ADVANCE_TICKS_MAX: u32 = TICK_RATE_HZ;

/// A checkpoint that is the same for so long has no owner: four heartbeats.
pub const ORPHAN_AFTER: Duration = Duration::from_secs(2);

/// At every such sweep a worker also looks for what is left in the lobby of
/// rooms that are over. That is rare, and disturbs nobody for some seconds.
pub const LOBBY_SWEEP: u32 = 3;

/// Between two presence checks of an owner with the gateways of its players. A
/// gateway that died is noticed after this; a room that it leaves empty closes a
/// minute later, so that more haste would serve nobody.
pub const PRESENCE_INTERVAL: Duration = Duration::from_secs(3);

/// Answers that wait for a checkpoint: sixteen drivers coming, going and
/// choosing cars within a tenth of a second are under a hundred.
pub const REPLIES_MAX: usize = 256;

/// First wait after a hand-over that nobody took; each failure doubles it.
pub const HAND_OVER_BACKOFF_MIN: Duration = Duration::from_millis(10);

/// Most players in one message of rows, so that it stays well below the megabyte that
/// NATS carries: a row is 300 bytes.
pub const ROWS_MAX: usize = 1_000;
