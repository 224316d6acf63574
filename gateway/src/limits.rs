//! Every queue, rate and timeout of the gateway, with its reason.

use std::time::Duration;

/// What may wait for one client, with all that keeps it: hundreds of events and lines of
/// chat, or a page of a list and what happens meanwhile. A client that is this far behind
/// will not catch up.
pub const SEND_QUEUE_BYTES_MAX: usize = 64 * 1024;

/// While more than this waits for a client nothing is read of it: with a page of a list
/// behind it, room is left for events.
pub const SEND_QUEUE_RESUME_BYTES: usize = 16 * 1024;

/// What the kernel takes for one client without having sent it: some snapshots and
/// events. All else waits where the newest snapshot takes the place of an older one.
pub const UNSENT_BYTES_MAX: u32 = 16 * 1024;

/// What the kernel keeps of one client that is not read; it doubles this for its own use.
/// A second of inputs is 10 KB.
pub const RECEIVE_BUFFER_BYTES: u32 = 32 * 1024;

/// Connections that wait to be accepted: all players of a gateway that has just
/// ended come at once, and one that finds no room here tries again only after a
/// second.
pub const LISTEN_BACKLOG: u32 = 4_096;

/// The congestion control of clients' connections, which every Linux has. A
/// snapshot every 33 ms never fills a window; bbr, where it is the system's
/// choice, would arm a timer for each of them, 7 percent of a gateway's time.
pub const CONGESTION_CONTROL: &str = "reno";

/// A client says hello at once; a connection without hello is no client.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// From the beginning of a connection to its welcome. A client of a person who types for
/// longer connects again once there is something to send.
pub const LOG_IN_TIMEOUT: Duration = Duration::from_secs(60);

/// Frames of a connection before its welcome: the hello, and a person's attempts at a
/// password.
pub const STRANGER_FRAMES_MAX: u32 = 12;

/// Clients ping every 15 s; a connection idle for this long is dead.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How many refused connections of an address are told why, and in how many seconds so many
/// more: a household behind one address hears it, a flood does not.
pub const REFUSALS_OF_ADDRESS: (u32, u64) = (60, 10);

/// How long one write may take before the client counts as a slow reader.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client may take to read its goodbye: a laptop that was closed for a minute
/// still learns why, with time to read what came before.
pub const GOODBYE_TIMEOUT: Duration = Duration::from_secs(90);

/// How long the goodbyes of a draining gateway may take.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Frames that are read of one connection a second, and how many at once: three times
/// what a driver sends, and all that its link holds back while the network stalls.
pub const FRAME_RATE: (f64, f64) = (100.0, 256.0);

/// Bytes that are read of one connection a second, and how many at once: three times the
/// inputs of a driver who waits a second for each acknowledgement, and a hundred lines.
pub const READ_BYTES_RATE: (f64, f64) = (32_768.0, 131_072.0);

/// Frames of one connection that are handled before others have their turn: a tenth of a
/// millisecond.
pub const TURN_FRAMES: u32 = 16;

/// How long refusals are not answered after one that was.
pub const REFUSAL_SILENCE: Duration = Duration::from_secs(1);

/// Unreadable and untimely control messages that a client may send a second, and how
/// many at once, before it is shown the door.
pub const REFUSAL_RATE: (f64, f64) = (0.5, 32.0);

/// Control messages of a client that is not logged in, a second, and how many may come at
/// once.
pub const CONTROL_RATE: (f64, f64) = (20.0, 40.0);

/// Input frames of one client a second: twice what a client sends, and a
/// burst after a stall of the network.
pub const INPUT_RATE: (f64, f64) = (60.0, 120.0);

// The limits below are (so many at once, which are there again after so many seconds).

/// Control messages of one player: 20 a second, and twice as many at once after a stall of
/// the network.
pub const CONTROL: (u32, u64) = (40, 2);

/// Chat lines of one player: two a second for long is more than a person types.
pub const CHAT: (u32, u64) = (8, 4);

/// Log-ins and resumes of one player. A race and a chat window that come back over a bad
/// network five times in a row fit; each is a notice in the chat, or two events in a room.
pub const LOG_INS: (u32, u64) = (10, 60);

/// Seats that one player asks for: as many as a person looks for a race, and one for each
/// log-in that returns to its room.
pub const JOINS: (u32, u64) = (20, 60);

/// Rooms that one player asks to watch.
pub const SPECTATING: (u32, u64) = (20, 60);

/// Rooms that one player makes.
pub const ROOMS: (u32, u64) = (2, 60);

/// Rooms of one creator that live at a time: one that is raced in, and the next.
pub const ROOMS_PER_PLAYER: usize = 2;

/// Connections from one address: fifty players with a race and a chat window behind one
/// router.
pub const CONNECTIONS_PER_ADDRESS: usize = 100;

/// Connections from one address that have not said hello, which a client does in its
/// first packet.
pub const SILENT_PER_ADDRESS: usize = 20;

/// New connections from one address: all of fifty players at once after a restart, and ten
/// a second after that.
pub const CONNECTS: (u32, u64) = (100, 10);

/// Accounts made from one address: a class of pupils makes its accounts in a quarter of an
/// hour.
pub const SIGN_UPS: (u32, u64) = (20, 600);

/// Wrong passwords from one address: one in five seconds.
pub const GUESSES_OF_ADDRESS: (u32, u64) = (20, 100);

/// Wrong passwords for one name from all addresses: one in ten seconds. It is generous,
/// since it also slows the player down who comes from a new address meanwhile.
pub const GUESSES_OF_NAME: (u32, u64) = (30, 300);

/// Wrong passwords for one name from one address without a delay: those of a person who
/// has several.
pub const WRONG_PASSWORDS_FREE: u32 = 5;

/// The delay after that, which doubles with each wrong password.
pub const WRONG_PASSWORD_DELAY: Duration = Duration::from_secs(1);

/// The longest such delay: others behind the same router may share it.
pub const WRONG_PASSWORD_DELAY_MAX: Duration = Duration::from_secs(60);

/// Wrong passwords are forgotten after this time without an attempt.
pub const WRONG_PASSWORDS_FORGOTTEN: Duration = Duration::from_mins(15);

/// How long an address from which a name has logged in is known.
pub const KNOWN_ADDRESS_TIME: Duration = Duration::from_hours(24);

/// Bound on such names and addresses: some megabytes.
pub const KNOWN_ADDRESSES_MAX: usize = 65_536;

/// Players, names or addresses in a table of a limiter: several times what one gateway
/// serves, and some megabytes.
pub const LIMITER_KEYS_MAX: usize = 65_536;

/// Buckets that share what a full table has no room for.
pub const LIMITER_SHARED_BUCKETS: usize = 1_024;

/// How often a full table of a limiter is searched for what it may forget, which takes a
/// millisecond.
pub const LIMITER_TIDY_INTERVAL: Duration = Duration::from_secs(1);

/// The longest header of the PROXY protocol that is read: with the longest addresses,
/// 232 bytes, and room for what balancers add.
pub const PROXY_HEADER_BYTES_MAX: usize = 536;

/// Input frames of one room that may wait for their message: of sixteen drivers,
/// each with what the network has held back for a second.
pub const INPUT_BUFFER_FRAMES_MAX: usize = 512;

/// Commands waiting for a room's relay: sixteen drivers who come and go leave a
/// wide margin.
pub const RELAY_QUEUE_MAX: usize = 1024;

/// Accounts may wait for a password hash, which is slow on purpose.
pub const ACCOUNT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a player who comes back may wait for the database to tell the last race.
pub const LAST_RACE_TIMEOUT: Duration = Duration::from_millis(150);

/// A chat worker answers once the stream has the message, and this gateway has read it
/// some milliseconds later.
pub const CHAT_TIMEOUT: Duration = Duration::from_millis(2_000);

/// Ids of chat messages that are remembered. A repeat comes within some seconds: a line
/// whose sender got no answer, or one that a stream which was created again has taken a
/// second time. Hundreds of lines a second leave a margin.
pub const CHAT_IDS_MAX: usize = 4_096;

/// Chat messages held back for a client between its own notice and the answer to its
/// join: the longest, of 3 KB, leave room for the answers in what may wait for a client.
pub const CHAT_HELD_BYTES_MAX: usize = SEND_QUEUE_BYTES_MAX / 2;

/// How often presence is renewed; it expires after three missed renewals.
pub const PRESENCE_RENEWAL: Duration = Duration::from_secs(5);

/// How often due renewals and missing notices are looked for: renewals are spread by
/// it, and a person who is gone is not missed for so long.
pub const PRESENCE_TICK: Duration = Duration::from_millis(250);

/// Renewals of one gateway in flight: thousands after NATS came back empty must leave
/// room for what races write.
pub const RENEWALS_IN_FLIGHT_MAX: usize = 16;

/// Missing notices of one gateway that are asked for at once: a gateway that died
/// leaves thousands, which all others ask for.
pub const NOTICES_IN_FLIGHT_MAX: usize = 8;

/// How long a notice may take after the presence that it is about has changed: a chat
/// worker needs some milliseconds, unless it is being restarted.
pub const NOTICE_PATIENCE: Duration = Duration::from_secs(1);

/// How much longer a gateway may wait for it, by chance: the first to ask spares the
/// others.
pub const NOTICE_SPREAD: Duration = Duration::from_secs(1);

/// The same after a break of the connection to NATS, which may have come back empty:
/// the other gateways connect again and write the presence of their connections.
pub const NOTICE_PATIENCE_AFTER_BREAK: Duration = Duration::from_secs(5);

/// Attempts to write a session: a player who logs in at two places at once is rare.
pub const SESSION_ATTEMPTS: u32 = 4;

/// How long a connection that closes may wait for NATS to note what its player has spent:
/// a goodbye comes after it.
pub const SESSION_CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// How often the file of session keys is looked at: a new key signs soon on all
/// gateways, and those that have not read it yet do so at its first token.
pub const SESSION_KEYS_INTERVAL: Duration = Duration::from_secs(5);

/// How much later an owner may be suspected: hundreds of rooms that are looked at
/// in vain, since the next snapshot is on its way, wake the gateway up together.
pub const SUSPICION_LEEWAY: Duration = Duration::from_millis(2);

/// A worker that lives answers a ping within this.
pub const PING_TIMEOUT: Duration = Duration::from_millis(30);

/// How long a claim may take. A hung worker is still in the queue group: the
/// next claim must find another soon. One that is carried out late is harmless.
pub const CLAIM_TIMEOUT: Duration = Duration::from_millis(12);

/// Claims of one gateway under way at once: a dead worker leaves hundreds of
/// rooms, and the others must have time to race.
pub const CLAIMS_MAX: usize = 32;

/// Attempts to note a seat: another gateway may write of the same player, rarely.
pub const SEATS_ATTEMPTS: u32 = 4;

/// How often a gateway without NATS looks whether it is back.
pub const CONNECTION_CHECK: Duration = Duration::from_millis(50);
