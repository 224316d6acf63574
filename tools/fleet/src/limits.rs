//! The limits of a fleet's gateways.

/// What the gateways of a fleet are started with, as environment: all clients of a fleet
/// come from one address, and tools log in, join and make rooms faster than people do. The
/// limits on guesses, control messages and chat are the usual ones. A
/// [`Plan`](crate::Plan) without wide limits has the usual ones everywhere.
pub const WIDE_LIMITS: [(&str, &str); 8] = [
    ("SLIPSTREAM_CONNECTIONS_PER_ADDRESS", "100000"),
    ("SLIPSTREAM_SILENT_PER_ADDRESS", "100000"),
    ("SLIPSTREAM_LIMIT_CONNECTS", "off"),
    ("SLIPSTREAM_LIMIT_SIGN_UPS", "off"),
    ("SLIPSTREAM_LIMIT_LOG_INS", "200/1m"),
    ("SLIPSTREAM_LIMIT_JOINS", "200/1m"),
    ("SLIPSTREAM_LIMIT_ROOMS", "100/1m"),
    ("SLIPSTREAM_ROOMS_PER_PLAYER", "100"),
];
