//! Every bound and timeout of a relay's cores, with its reason.

use std::time::Duration;

use domain::TICK_RATE_HZ;
use protocol::Tick;

/// Events kept for a client whose seat is being arranged.
pub const JOINING_EVENTS_MAX: usize = 64;

/// How long a request to a room, or for a new one, may take: a room may just be
/// moving from one worker to another.
pub const ROOM_TIMEOUT: Duration = Duration::from_millis(2_000);

/// A race of which nothing was heard for so long, one and a half intervals
/// between snapshots, is asked after.
pub const SNAPSHOT_SUSPECT_AFTER: Duration = Duration::from_millis(50);

/// A waiting room of which nothing was heard for so long is asked after: three
/// heartbeats, and a little for their way.
pub const HEARTBEAT_SUSPECT_AFTER: Duration = Duration::from_millis(1_600);

/// A race whose owner does not answer is claimed when its last snapshot is so
/// old: a hung worker costs its players no more than a blink.
pub const CLAIM_AFTER_NO_PONG: Duration = Duration::from_millis(150);

/// A race whose owner answers is claimed when its last snapshot is so old: a
/// worker that is only slow keeps its rooms.
pub const CLAIM_AFTER_PONG: Duration = Duration::from_millis(600);

/// How long an owner that answers has at least to be heard.
pub const PONG_GRACE: Duration = Duration::from_millis(450);

/// After NATS was away a room has so much longer to be heard: workers reconnect
/// within a tenth of a second, and their first checkpoint takes as long again.
pub const RECONNECT_GRACE: Duration = Duration::from_millis(500);

/// Bound of the first random waits after a failed claim; later ones double it.
pub const CLAIM_BACKOFF_MIN: Duration = Duration::from_millis(5);

/// Claims that may fail before the waits grow: among three workers a hung one is
/// met six times in a row by one room in seven hundred.
pub const CLAIMS_WITHOUT_BACKOFF: u32 = 6;

/// Longest bound of the wait between two claims of a room.
pub const CLAIM_BACKOFF_MAX: Duration = Duration::from_millis(500);

/// Snapshots kept for a new owner: half a second, five times what a checkpoint
/// can be behind.
pub const HISTORY_SNAPSHOTS_MAX: usize = 16;

/// Input frames of one driver kept for a new owner, as many as snapshots.
pub const HISTORY_FRAMES_MAX: usize = 16;

/// How far the tick of a snapshot may be above the last one's: ten seconds. An owner moves
/// a room on by a second at most, and one that was silent for longer than
/// [`TICK_BELIEVED_AFTER`] is believed whatever it says.
pub const TICKS_AHEAD_MAX: Tick = 10 * TICK_RATE_HZ;

/// After so long without a snapshot any tick is believed: this gateway may have been cut
/// off. A forged tick does not outlast the owner's own snapshots, thirty a second.
pub const TICK_BELIEVED_AFTER: Duration = Duration::from_secs(5);

/// Events remembered, so that those of ticks that are computed again are not
/// sent twice: more than happen in a second.
pub const EVENTS_REMEMBERED_MAX: usize = 256;

/// One attempt to ask a room's owner, which answers within a tick and the time
/// of a checkpoint; one that has just died never does.
pub const ROOM_ATTEMPT_TIMEOUT: Duration = Duration::from_millis(400);

/// How long a request to a room without an owner waits before it is repeated:
/// a takeover takes about as long.
pub const ROOM_RETRY_DELAY: Duration = Duration::from_millis(50);
