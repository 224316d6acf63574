//! The command line of a measurement.

use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, ValueEnum};
use fleet::{Plan, Programs};
use serde::Serialize;

use crate::kind::FloodKind;

/// The longest run of the bots.
pub const RUN_SECONDS_MAX: u64 = 3_600;
/// What a flood takes besides its measurements: log-ins of its attackers, and the time
/// until it is over for others.
const BESIDES_SECONDS: u64 = 30;

/// Idle clients with one address: a gateway allows twice as many connections.
const IDLE_PER_ADDRESS: u32 = 50;

/// Options of a measurement.
#[derive(Args, Clone, Debug)]
pub struct MeasureOptions {
    /// What happens, one after the other; by default everything
    #[arg(long, value_enum, value_name = "FLOOD,...", value_delimiter = ',')]
    pub floods: Vec<FloodKind>,

    /// From how many addresses each flood comes, 1 to 250
    #[arg(
        long,
        value_name = "N,...",
        value_delimiter = ',',
        default_value = "1,50",
        value_parser = clap::value_parser!(u32).range(1..=250)
    )]
    pub addresses: Vec<u32>,

    /// Connect with TLS, by a CA of the run
    #[arg(long)]
    pub tls: bool,

    /// The number of attackers of a flood, 1 to 2,000, as in chat=50; at least one for each
    /// address. Idle clients: 1 to 50,000, fifty to an address whatever --addresses says
    #[arg(long, value_name = "FLOOD=N,...", value_delimiter = ',', value_parser = attackers())]
    pub attackers: Vec<(FloodKind, u32)>,

    /// For how long to measure before and during each flood, 5 to 300
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(5..=300)
    )]
    pub seconds: u64,

    /// For how long stalled clients do not read, 5 to 300
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(5..=300)
    )]
    pub stall: u64,

    /// How many rooms, 1 to 1,000
    #[arg(
        long,
        value_name = "N",
        default_value_t = 25,
        value_parser = clap::value_parser!(u16).range(1..=1_000)
    )]
    pub rooms: u16,

    /// Bots in a room, 1 to 16
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4,
        value_parser = clap::value_parser!(u8).range(1..=16)
    )]
    pub seats: u8,

    /// Write the report to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Where the servers, bots and this program are
    #[arg(long, value_name = "FOLDER", env = "SLIPSTREAM_BIN_DIR")]
    pub bin_dir: PathBuf,

    /// The nats-server to start
    #[arg(long, value_name = "FILE", env = "SLIPSTREAM_NATS_SERVER")]
    pub nats_server: PathBuf,

    /// An empty folder for logs, the database and the measurements of bots
    #[arg(long, value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// A flood to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Flood {
    /// Its kind.
    pub kind: FloodKind,
    /// The number of addresses that it comes from.
    pub addresses: u32,
    /// The number of attackers.
    pub attackers: u32,
    /// How long it takes.
    pub seconds: u64,
    /// Whether all connections are encrypted.
    pub is_tls: bool,
}

impl MeasureOptions {
    /// Where the programs are.
    #[must_use]
    pub fn programs(&self) -> Programs {
        Programs {
            bin_dir: self.bin_dir.clone(),
            nats_server: self.nats_server.clone(),
        }
    }

    /// The servers: one of each, with the limits that gateways have.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan {
            tls: self.tls,
            has_wide_limits: false,
            ..Plan::default()
        }
    }

    /// The floods, in their order.
    #[must_use]
    pub fn floods(&self) -> Vec<Flood> {
        let kinds = match &self.floods[..] {
            [] => FloodKind::value_variants(),
            named => named,
        };
        let from = |kind: FloodKind, addresses: u32| Flood {
            kind,
            addresses,
            attackers: self.attackers(kind).max(addresses),
            seconds: self.seconds(kind),
            is_tls: self.tls,
        };
        let with_addresses = |kind: &FloodKind| match kind {
            FloodKind::Idle => {
                let addresses = self.attackers(*kind).div_ceil(IDLE_PER_ADDRESS);
                vec![from(*kind, addresses)]
            }
            FloodKind::Control
            | FloodKind::Strangers
            | FloodKind::Lists
            | FloodKind::SignUps
            | FloodKind::Guesses
            | FloodKind::Reconnects
            | FloodKind::Chat
            | FloodKind::Stalled => {
                let addresses = self.addresses.iter();
                addresses.map(|addresses| from(*kind, *addresses)).collect()
            }
        };
        kinds.iter().flat_map(with_addresses).collect()
    }

    /// Checks what no single option shows.
    ///
    /// # Errors
    /// Says which options do not fit together.
    pub(super) fn check(&self) -> Result<(), String> {
        let floods = self.floods();
        let each = floods
            .iter()
            .map(|flood| flood.seconds + self.seconds + BESIDES_SECONDS);
        let all: u64 = each.sum();
        if all > RUN_SECONDS_MAX {
            let (number, seconds) = (floods.len(), self.seconds);
            return Err(format!(
                "--seconds {seconds}: {number} floods take about {all} s, at most {RUN_SECONDS_MAX}"
            ));
        }
        Ok(())
    }

    fn attackers(&self, kind: FloodKind) -> u32 {
        let given = self.attackers.iter().rfind(|(named, _)| *named == kind);
        given.map_or(kind.attackers(), |(_, attackers)| *attackers)
    }

    fn seconds(&self, kind: FloodKind) -> u64 {
        match kind {
            FloodKind::Stalled => self.stall,
            FloodKind::Control
            | FloodKind::Strangers
            | FloodKind::Lists
            | FloodKind::SignUps
            | FloodKind::Guesses
            | FloodKind::Reconnects
            | FloodKind::Chat
            | FloodKind::Idle => self.seconds,
        }
    }
}

/// A parser of the number of attackers of a flood.
fn attackers() -> impl TypedValueParser<Value = (FloodKind, u32)> {
    clap::builder::NonEmptyStringValueParser::new().try_map(|text| {
        let allowed = || {
            format!(
                "{text:?} must be a flood and 1 to 2000 attackers, as in chat=50, or 1 to 50000 in \
                 idle"
            )
        };
        let (kind, number) = text.split_once('=').ok_or_else(allowed)?;
        let kind = FloodKind::from_str(kind, false).map_err(|_| allowed())?;
        let number = number
            .parse()
            .ok()
            .filter(|number| (1..=kind.attackers_max()).contains(number));
        Ok::<_, String>((kind, number.ok_or_else(allowed)?))
    })
}
