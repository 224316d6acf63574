//! The command line.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Parser, ValueEnum};
use client_core::protocol::account::Password;
use client_core::protocol::limits::{LAPS_DEFAULT, LAPS_MAX, SEATS_DEFAULT};
use client_core::protocol::lobby::RoomSettings;
use client_core::protocol::{PlayerName, RoomName};
use client_core::simulation::Track;
use client_core::{GatewayAddress, TlsOptions};
use domain::{CarClass, Mode, SEATS_MAX, TARGET_METRES_DEFAULT, TARGET_METRES_MAX};

use crate::app::{Credentials, Goal, Plan};

/// The exit status of a bad command line, as in `sysexits.h`.
pub const EXIT_USAGE: u8 = 64;

/// The frame rates that are allowed: slow enough still to drive, and at most that
/// of the fastest screens.
const FRAME_RATES: RangeInclusive<i64> = 10..=240;

/// What `--bench` measures with each renderer if it is not said: a lap or so.
const BENCH_SECONDS_DEFAULT: u32 = 20;
/// Seconds that can be measured: enough for a percentile, and at most an hour.
const BENCH_SECONDS: RangeInclusive<i64> = 2..=3_600;

/// The renderer that the command line asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RendererOption {
    /// The graphics card or, without one, the software renderer.
    #[default]
    Auto,
    /// SDL's software renderer.
    Software,
    /// The renderer that SDL prefers, usually OpenGL.
    Accelerated,
}

/// Slipstream's race client
#[derive(Clone, Debug, Parser)]
#[command(name = "client-sdl", version, max_term_width = 100)]
#[command(group(ArgGroup::new("goal").args(["room", "create", "spectate"])))]
pub struct Options {
    /// The race ports of gateways: the first one that answers is used
    #[arg(
        long,
        value_name = "HOST:PORT,...",
        env = "SLIPSTREAM_GATEWAY",
        value_delimiter = ',',
        default_value = "127.0.0.1:10000"
    )]
    pub gateway: Vec<GatewayAddress>,

    /// Whether the connection is encrypted.
    #[command(flatten)]
    pub tls: TlsOptions,

    /// Log in as this player instead of asking
    #[arg(long, value_name = "NAME")]
    pub user: Option<PlayerName>,

    /// The player's password
    #[arg(
        long,
        value_name = "PW",
        env = "SLIPSTREAM_PASSWORD",
        hide_env_values = true,
        value_parser = password
    )]
    pub password: Option<Password>,

    /// Make the account first; when it exists, log in
    #[arg(long, requires = "user")]
    pub sign_up: bool,

    /// Join this room, as soon as it exists
    #[arg(long, value_name = "ROOM")]
    pub room: Option<RoomName>,

    /// Create this room
    #[arg(long, value_name = "ROOM")]
    pub create: Option<RoomName>,

    /// Watch this room, as soon as it exists
    #[arg(long, value_name = "ROOM")]
    pub spectate: Option<RoomName>,

    /// Seats of the created room
    #[arg(
        long,
        value_name = "N",
        default_value_t = SEATS_DEFAULT,
        value_parser = clap::value_parser!(u8).range(1..=SEATS_MAX as i64)
    )]
    pub seats: u8,

    /// Laps in the created room
    #[arg(
        long,
        value_name = "L",
        default_value_t = LAPS_DEFAULT,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(LAPS_MAX))
    )]
    pub laps: u16,

    /// What is raced in the created room
    #[arg(long, value_name = "MODE", default_value_t, value_parser = mode())]
    pub mode: Mode,

    /// Track of the created room, on a circuit
    #[arg(long, value_name = "TRACK", default_value = Track::names()[0], value_parser = track)]
    pub track: String,

    /// Metres that win in the created room, on the highway
    #[arg(
        long,
        value_name = "METRES",
        default_value_t = TARGET_METRES_DEFAULT,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(TARGET_METRES_MAX))
    )]
    pub target: u32,

    /// What to drive
    #[arg(long, value_name = "CLASS", default_value_t, value_parser = class())]
    pub class: CarClass,

    /// Open no audio device
    #[arg(long)]
    pub no_sound: bool,

    /// After log-in, write a token that opens the chat to this file
    #[arg(long, value_name = "FILE")]
    pub chat_token_file: Option<PathBuf>,

    /// Answer `state` and `screenshot PATH` on this Unix socket
    #[arg(long, value_name = "PATH")]
    pub state_socket: Option<PathBuf>,

    /// Save a picture of the race to this PNG file
    #[arg(long, value_name = "FILE")]
    pub screenshot: Option<PathBuf>,

    /// Seconds from the start of the race to the picture
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 5.0,
        requires = "screenshot",
        allow_negative_numbers = true,
        value_parser = seconds
    )]
    pub screenshot_after: f64,

    /// Write what is drawn of the followed car to this CSV file, a line a frame
    #[arg(long, value_name = "FILE")]
    pub record_frames: Option<PathBuf>,

    /// Draw N frames a second, not as many as the screen shows
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(FRAME_RATES)
    )]
    pub frame_rate: Option<u32>,

    /// How to draw: `auto` draws in software where there is no graphics card
    #[arg(long, value_name = "RENDERER", default_value_t, value_enum)]
    pub renderer: RendererOption,

    /// Measure frames of a race of N cars that is simulated here, with each
    /// renderer, and end; fails if road under a car was missing
    #[arg(
        long,
        value_name = "N",
        conflicts_with_all = ["user", "goal"],
        value_parser = clap::value_parser!(u8).range(1..=SEATS_MAX as i64)
    )]
    pub bench: Option<u8>,

    /// Seconds that `--bench` measures with each renderer
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = BENCH_SECONDS_DEFAULT,
        requires = "bench",
        value_parser = clap::value_parser!(u32).range(BENCH_SECONDS)
    )]
    pub bench_seconds: u32,

    /// End once the picture is saved
    #[arg(long, requires = "screenshot")]
    pub exit_after_screenshot: bool,
}

impl Options {
    /// Returns the settings of the created room.
    #[must_use]
    pub fn settings(&self) -> RoomSettings {
        RoomSettings {
            seats: self.seats,
            mode: self.mode,
            track: match self.mode {
                Mode::Circuit => self.track.clone(),
                Mode::Highway => Track::HIGHWAY.to_owned(),
            },
            laps: self.laps,
            target_metres: self.target,
        }
    }

    /// Returns the plan that the options describe.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let credentials = self.user.as_ref().zip(self.password.as_ref());
        let settings = self.settings();
        let join = self.room.clone().map(Goal::Join);
        let create = self.create.clone().map(|room| Goal::Create(room, settings));
        let spectate = self.spectate.clone().map(Goal::Spectate);
        Plan {
            gateway: GatewayAddress::list(&self.gateway),
            user: self.user.clone(),
            credentials: credentials.map(|(name, password)| Credentials {
                name: name.clone(),
                password: password.clone(),
                sign_up: self.sign_up,
            }),
            goal: join.or(create).or(spectate),
            class: self.class,
            wants_chat_token: self.chat_token_file.is_some(),
        }
    }
}

fn password(text: &str) -> Result<Password, String> {
    let password = Password::new(text);
    password.check().map_err(|rejection| rejection.message)?;
    Ok(password)
}

fn track(text: &str) -> Result<String, String> {
    if Track::names().contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("the tracks are {}", Track::names().join(", ")))
}

fn mode() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::ALL.map(Mode::name))
        .map(|word| Mode::from_name(&word).expect("clap passes on only these words"))
}

fn class() -> impl TypedValueParser<Value = CarClass> {
    PossibleValuesParser::new(CarClass::ALL.map(CarClass::name))
        .map(|word| CarClass::from_name(&word).expect("clap passes on only these words"))
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(seconds),
        Ok(_) | Err(_) => Err("expected 0 to 86400 seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        let all = std::iter::once("client-sdl").chain(arguments.iter().copied());
        Options::try_parse_from(all).map_err(|error| error.to_string())
    }

    #[test]
    fn names_the_flag_the_value_and_what_is_allowed() {
        let cases: [(&[&str], &str, &str); 14] = [
            (&["--gateway", "here"], "--gateway", "has no port"),
            (&["--gateway", "a:1,::1"], "--gateway", "in brackets"),
            (&["--gateway", "a:1,"], "--gateway", "is missing"),
            (&["--user", "a b"], "--user", "A-Z a-z 0-9 _ -"),
            (&["--create", "r", "--seats", "17"], "--seats", "1..=16"),
            (&["--create", "r", "--laps", "0"], "--laps", "1..=99"),
            (
                &["--create", "r", "--track", "moon"],
                "--track",
                "harbour-ring",
            ),
            (
                &["--screenshot", "f", "--screenshot-after", "-1"],
                "--screenshot-after",
                "0 to 86400",
            ),
            (&["--create", "r", "--mode", "moon"], "--mode", "highway"),
            (
                &["--create", "r", "--target", "0"],
                "--target",
                "1..=200000",
            ),
            (&["--frame-rate", "5"], "--frame-rate", "10..=240"),
            (&["--renderer", "vulkan"], "--renderer", "software"),
            (&["--room", "r", "--class", "tank"], "--class", "drift"),
            (&["--room", "a", "--create", "b"], "--room", "--create"),
        ];
        for (arguments, flag, allowed) in cases {
            let error = parse(arguments).unwrap_err();
            assert!(
                error.contains(flag) && error.contains(allowed),
                "{arguments:?}: {error}"
            );
        }
    }

    #[test]
    fn plans_what_the_flags_say() {
        let options = parse(&[
            "--user",
            "Ada",
            "--password",
            "secret1",
            "--create",
            "r1",
            "--laps",
            "2",
        ]);
        let plan = options.unwrap().plan();
        assert!(!plan.credentials.unwrap().sign_up);
        assert!(matches!(
            plan.goal,
            Some(Goal::Create(_, RoomSettings { laps: 2, .. }))
        ));
    }

    #[test]
    fn takes_every_class_and_mode_by_its_word() {
        for class in CarClass::ALL {
            assert_eq!(parse(&["--class", class.name()]).unwrap().class, class);
        }
        for mode in Mode::ALL {
            assert_eq!(parse(&["--mode", mode.name()]).unwrap().mode, mode);
        }
        let usual = parse(&[]).unwrap();
        assert_eq!((usual.class, usual.mode), (CarClass::Grip, Mode::Circuit));
        let refused = parse(&["--class", "tank"]).unwrap_err().to_string();
        let classes = CarClass::ALL.map(CarClass::name).join(", ");
        assert!(refused.contains(&classes), "{refused}");
    }

    #[test]
    fn the_mode_highway_means_its_track() {
        let options = parse(&["--create", "r1", "--mode", "highway", "--class", "power"]);
        let plan = options.unwrap().plan();
        assert_eq!(plan.class, CarClass::Power);
        let Some(Goal::Create(_, settings)) = plan.goal else {
            panic!("{:?}", plan.goal)
        };
        assert_eq!(settings.track, "highway");
        assert_eq!(settings.target_metres, TARGET_METRES_DEFAULT);
    }
}
