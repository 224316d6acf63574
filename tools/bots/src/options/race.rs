//! The command line of `bots race`.

use clap::Args;
use client_core::protocol::RoomName;
use client_core::protocol::limits::{LAPS_DEFAULT, LAPS_MAX};
use client_core::protocol::lobby::RoomSettings;
use client_core::{GatewayAddress, TlsOptions};
use domain::{CarClass, Mode, SEATS_MAX, Skill, TARGET_METRES_DEFAULT, TARGET_METRES_MAX};

use super::choice::{self, Choice, MIXED};
use super::{mode, prefix, track};

/// Options of a race.
#[derive(Args, Clone, Debug)]
pub struct RaceOptions {
    /// The race ports of gateways, as host and port; the first one that answers is used
    #[arg(
        long,
        value_name = "HOST:PORT,...",
        env = "SLIPSTREAM_GATEWAY",
        value_delimiter = ',',
        default_value = "127.0.0.1:10000"
    )]
    pub gateway: Vec<GatewayAddress>,

    /// Whether connections are encrypted.
    #[command(flatten)]
    pub tls: TlsOptions,

    /// The room to race in
    #[arg(long, value_name = "ROOM")]
    pub room: RoomName,

    /// How many bots, 1 to 16
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=SEATS_MAX as i64)
    )]
    pub count: u8,

    /// Create the room; otherwise wait until it exists
    #[arg(long)]
    pub create: bool,

    /// Seats of the created room, 1 to 16; by default one per bot
    #[arg(
        long,
        value_name = "N",
        requires = "create",
        value_parser = clap::value_parser!(u8).range(1..=SEATS_MAX as i64)
    )]
    pub seats: Option<u8>,

    /// Fill the seats that no bot takes with the room's own AI drivers
    #[arg(long, requires = "create")]
    pub fill: bool,

    /// Mode of the created room
    #[arg(
        long,
        value_name = "MODE",
        requires = "create",
        default_value_t = Mode::Circuit,
        value_parser = mode()
    )]
    pub mode: Mode,

    /// Track of the created room, on a circuit
    #[arg(long, value_name = "TRACK", requires = "create", value_parser = track)]
    pub track: Option<String>,

    /// Laps of the created room, 1 to 99
    #[arg(
        long,
        value_name = "N",
        requires = "create",
        value_parser = clap::value_parser!(u16).range(1..=LAPS_MAX as i64)
    )]
    pub laps: Option<u16>,

    /// Metres that win in the created room, on the highway: 1 to 200,000
    #[arg(
        long,
        value_name = "METRES",
        requires = "create",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(TARGET_METRES_MAX))
    )]
    pub target: Option<u32>,

    /// Prefix of the bots' names; a number follows
    #[arg(long, value_name = "TEXT", default_value = "bot-", value_parser = prefix)]
    pub prefix: String,

    /// Skill of the bots
    #[arg(long, value_name = "SKILL", default_value = MIXED, value_parser = choice::skill())]
    pub skill: Choice<Skill>,

    /// Car class of the bots
    #[arg(long, value_name = "CLASS", default_value = MIXED, value_parser = choice::class())]
    pub class: Choice<CarClass>,

    /// Print the result as one line of JSON
    #[arg(long)]
    pub json: bool,
}

impl RaceOptions {
    /// The room to create.
    #[must_use]
    pub fn settings(&self) -> RoomSettings {
        RoomSettings {
            seats: self.seats.unwrap_or(self.count),
            mode: self.mode,
            track: self.track.clone().unwrap_or_default(),
            laps: self.laps.unwrap_or(LAPS_DEFAULT),
            target_metres: self.target.unwrap_or(TARGET_METRES_DEFAULT),
        }
    }
}
