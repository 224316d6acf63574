//! The race client: a window in which one player races.
//!
//! The logic is in parts without window or network, which take the time and
//! events, and return what to send and what to show:
//!
//! - [`app`]: the whole client; [`screens`]: one module per screen;
//!   [`form`], [`choice`], [`input`], [`notices`]: shared by the screens;
//!   [`settings`]: what the player has set; [`input::controllers`]: sticks and buttons;
//!   [`session`]: the token that outlives a run,
//! - [`page`]: what a menu shows, as boxes and texts with their areas;
//!   [`typeface`]: how wide texts are,
//! - [`scene`]: a race at one instant, ready to be drawn; [`camera`],
//!   [`effects`], [`leaderboard`], [`penalties`]: the parts of the picture that
//!   have state; [`sound`]: what is heard of it, and its samples,
//! - [`scenery`]: the world around a track, computed pixel by pixel;
//!   [`sprites`]: cars.
//!
//! Around them:
//!
//! - [`view`] draws, and is the only part that calls SDL's renderer,
//! - [`shell`] is the window and the loop over its frames,
//! - [`network`] is the connection and [`state_socket`] the interface for tests,
//!   both on threads of their own; [`recording`] writes each frame to a file;
//!   [`options`] is the command line.
//!
//! Invariants: a frame waits for the screen only. What is drawn is a function of
//! the state; what is sent comes from `client_core` alone. All sizes are in
//! points ([`theme::pixels_per_point`]).

pub mod app;
pub mod area;
pub mod camera;
pub mod choice;
pub mod drawing;
pub mod effects;
mod folders;
pub mod form;
pub mod input;
pub mod leaderboard;
pub mod local_race;
pub mod natural;
pub mod network;
pub mod notices;
pub mod options;
pub mod page;
pub mod penalties;
mod private_file;
pub mod recording;
pub mod scene;
pub mod scenery;
pub mod screens;
pub mod session;
pub mod settings;
pub mod shell;
pub mod sound;
pub mod sprites;
pub mod state_socket;
pub mod theme;
pub mod typeface;
pub mod view;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use tracing_subscriber::EnvFilter;

use crate::options::{EXIT_USAGE, Options};

/// Parses the command line, starts logs, and runs until the window closes.
#[must_use]
pub fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(problem) => return explain(&problem),
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match shell::run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            tracing::error!("{problem:#}");
            ExitCode::FAILURE
        }
    }
}

/// Help and version go to standard output with status 0; a mistake goes to
/// standard error with status 64.
fn explain(problem: &clap::Error) -> ExitCode {
    // A closed terminal leaves no way to report the error.
    let _ = problem.print();
    match problem.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_USAGE),
    }
}
