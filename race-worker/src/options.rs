//! The race worker's command line.

use std::time::Duration;

use clap::{Args, Parser};
use service::ServiceOptions;

use room::Timeouts;
use room::schedule::ScheduleOptions;

/// Slipstream's race worker: runs rooms
#[derive(Clone, Debug, Parser)]
#[command(name = "race-worker", version)]
pub struct Options {
    /// Most rooms that this worker takes, 1 to 10000
    #[arg(
        long,
        value_name = "N",
        env = "SLIPSTREAM_ROOMS_MAX",
        default_value_t = 500,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub rooms_max: u32,

    /// When rooms tick.
    #[command(flatten)]
    pub schedule: ScheduleArgs,

    /// How long rooms wait for people who do nothing.
    #[command(flatten)]
    pub timeouts: TimeoutArgs,

    /// What every program has.
    #[command(flatten)]
    pub service: ServiceOptions,
}

/// Options of the timeouts.
#[derive(Args, Clone, Copy, Debug)]
pub struct TimeoutArgs {
    /// Seconds without a metre after which a driver leaves the race, 1 to 86400; a
    /// quarter of it before, the driver is warned
    #[arg(
        long,
        value_name = "S",
        env = "SLIPSTREAM_IDLE_DRIVER_S",
        default_value_t = Timeouts::DEFAULT.idle_driver.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub idle_driver_s: u64,

    /// Seconds without a request after which the host of a waiting room leaves, 1 to
    /// 86400; a fifth of it before, the host is warned
    #[arg(
        long,
        value_name = "S",
        env = "SLIPSTREAM_IDLE_HOST_S",
        default_value_t = Timeouts::DEFAULT.idle_host.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub idle_host_s: u64,

    /// Seconds after which a lost connection frees its seat in a waiting room, 1 to
    /// 86400
    #[arg(
        long,
        value_name = "S",
        env = "SLIPSTREAM_WAITING_SEAT_S",
        default_value_t = Timeouts::DEFAULT.waiting_seat.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub waiting_seat_s: u64,
}

impl From<TimeoutArgs> for Timeouts {
    fn from(args: TimeoutArgs) -> Self {
        Self {
            idle_driver: Duration::from_secs(args.idle_driver_s),
            idle_host: Duration::from_secs(args.idle_host_s),
            waiting_seat: Duration::from_secs(args.waiting_seat_s),
        }
    }
}

/// Options of the schedule.
#[derive(Args, Clone, Copy, Debug)]
pub struct ScheduleArgs {
    /// Most groups of rooms that tick one after the other within 33 ms, 0 to 32;
    /// 0: each room ticks when it began
    #[arg(
        long,
        value_name = "N",
        env = "SLIPSTREAM_PHASES_MAX",
        default_value_t = ScheduleOptions::DEFAULT.phases_max,
        value_parser = clap::value_parser!(u32).range(0..=32)
    )]
    pub phases_max: u32,

    /// Seats in such a group before there are twice as many groups, 1 to 10000
    #[arg(
        long,
        value_name = "N",
        env = "SLIPSTREAM_SEATS_PER_PHASE",
        default_value_t = ScheduleOptions::DEFAULT.seats_per_phase,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub seats_per_phase: u32,

    /// Microseconds by which a tick may be moved towards its group's time with
    /// each snapshot, 1 to 1000
    #[arg(
        long,
        value_name = "US",
        env = "SLIPSTREAM_SLEW_US",
        default_value_t = ScheduleOptions::DEFAULT.slew_max.as_micros() as u64,
        value_parser = clap::value_parser!(u64).range(1..=1_000)
    )]
    pub slew_us: u64,

    /// Milliseconds that a tick waits for inputs which came for the tick before,
    /// 0 to 10
    #[arg(
        long,
        value_name = "MS",
        env = "SLIPSTREAM_INPUT_GRACE_MS",
        default_value_t = ScheduleOptions::DEFAULT.input_grace.as_millis() as u64,
        value_parser = clap::value_parser!(u64).range(0..=10)
    )]
    pub input_grace_ms: u64,
}

impl From<ScheduleArgs> for ScheduleOptions {
    fn from(args: ScheduleArgs) -> Self {
        Self {
            phases_max: args.phases_max,
            seats_per_phase: args.seats_per_phase,
            slew_max: Duration::from_micros(args.slew_us),
            input_grace: Duration::from_millis(args.input_grace_ms),
        }
    }
}
