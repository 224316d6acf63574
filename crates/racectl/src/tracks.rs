//! The tracks that ship.

use anyhow::Result;
use clap::Subcommand;
use simulation::Track;

/// What can be done with tracks.
#[derive(Clone, Debug, Subcommand)]
pub enum TrackCommand {
    /// List the tracks with their lengths
    List,
}

/// Does it.
///
/// # Errors
/// None so far.
pub fn run(command: &TrackCommand) -> Result<()> {
    match command {
        TrackCommand::List => {
            for track in Track::names()
                .iter()
                .filter_map(|name| Track::by_name(name))
            {
                println!("{:<16} {:>5} m", track.name(), track.length_m());
            }
        }
    }
    Ok(())
}
