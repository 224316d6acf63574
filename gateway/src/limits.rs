//! Every queue, rate and timeout of the gateway, with its reason.

use std::time::Duration;

/// Frames that must arrive, waiting for one client. A client that is this far
/// behind in events and chat will not catch up.
pub const OUTBOX_FRAMES_MAX: usize = 256;

/// A client says hello at once; whoever does not is no client.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// Time for a person to type a name and a password.
pub const LOG_IN_TIMEOUT: Duration = Duration::from_secs(300);

/// Clients ping every 15 s; this long a silence is a dead connection.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long one write may take before the client counts as gone.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the goodbyes of a draining gateway may take.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Control messages of one client a second, and how many may come at once.
pub const CONTROL_RATE: (f64, f64) = (20.0, 40.0);

/// Input frames of one client a second: twice what a client sends, and a
/// burst after a stall of the network.
pub const INPUT_RATE: (f64, f64) = (60.0, 120.0);

/// Chat messages of one client a second, and how many may come at once.
pub const CHAT_RATE: (f64, f64) = (2.0, 8.0);

/// Wrong passwords from one address a second, and how many may come at once.
pub const WRONG_PASSWORD_RATE: (f64, f64) = (0.2, 20.0);

/// Inputs of a room wait this long for each other, so that sixteen drivers
/// cost one message.
pub const INPUT_COALESCE: Duration = Duration::from_millis(2);

/// Commands waiting for a room's relay: sixteen drivers at 30 a second leave
/// a wide margin.
pub const RELAY_QUEUE_MAX: usize = 1024;

/// Events kept for a client whose seat is being arranged.
pub const JOINING_EVENTS_MAX: usize = 64;

/// Accounts may wait for a password hash, which is slow on purpose.
pub const ACCOUNT_TIMEOUT: Duration = Duration::from_secs(5);

/// A room's owner answers within a tick.
pub const ROOM_TIMEOUT: Duration = Duration::from_millis(1_000);

/// A chat worker answers once the stream has the message.
pub const CHAT_TIMEOUT: Duration = Duration::from_millis(2_000);

/// Chat messages kept, so that who joins misses nothing between the own
/// notice and the moment of delivery.
pub const CHAT_RING_MAX: usize = 1_024;

/// How often presence is renewed; it expires after three missed renewals.
pub const PRESENCE_RENEWAL: Duration = Duration::from_secs(10);

/// How long a race token is good: a long evening.
pub const RACE_TOKEN_SECONDS: u64 = 12 * 3600;

/// How long a chat token is good: it is handed over at once, but a chat window
/// may reconnect all evening.
pub const CHAT_TOKEN_SECONDS: u64 = 12 * 3600;

/// Waits before a broken watch or stream is opened again.
pub const REOPEN_DELAY: Duration = Duration::from_millis(100);
