//! Shipped tracks, and files to import.

mod laps;
mod picture;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use domain::CarClass;
use simulation::Track;
use simulation::track::Survey;

/// File name of the picture of all tracks together.
const CONTACT_SHEET: &str = "tracks.png";

/// The commands for tracks.
#[derive(Clone, Debug, Subcommand)]
pub enum TrackCommand {
    /// List the tracks with length, width and the best lap of an AI driver
    List {
        /// Also draw each track, and all of them on one sheet, as PNG files
        #[arg(long, value_name = "DIR")]
        picture: Option<PathBuf>,
    },
    /// Read a circuit in the format of the TUMFTM racetrack-database and
    /// describe it
    ///
    /// A row for each point of the closed centre line, some metres apart:
    /// `x_m,y_m,w_tr_right_m,w_tr_left_m`. Lines that begin with # are comments.
    Import {
        /// The file to read
        file: PathBuf,
        /// Also draw it, as a PNG file
        #[arg(long, value_name = "FILE")]
        picture: Option<PathBuf>,
    },
}

/// Runs the command.
///
/// # Errors
/// When a file cannot be read or written, or does not hold a circuit.
pub fn run(command: &TrackCommand) -> Result<()> {
    match command {
        TrackCommand::List { picture } => list(picture.as_deref()),
        TrackCommand::Import { file, picture } => import(file, picture.as_deref()),
    }
}

fn list(pictures: Option<&Path>) -> Result<()> {
    let tracks: Vec<Track> = Track::names()
        .iter()
        .filter_map(|name| Track::by_name(name))
        .collect();
    println!(
        "{:<16} {:>8} {:>12} {:>9} {:>9} {:>8}{:>8}{:>8}",
        "TRACK", "LENGTH", "WIDTH", "TIGHTEST", "CROSSINGS", "GRIP", "POWER", "DRIFT"
    );
    for track in &tracks {
        let survey = track.survey();
        println!(
            "{:<16} {:>6} m {:>12} {:>7.0} m {:>9} {}",
            track.name(),
            track.length_m(),
            width(&survey),
            survey.radius_min_m,
            survey.crossings.len(),
            laps(track),
        );
    }
    let Some(folder) = pictures else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for track in &tracks {
        picture::of_track(track).write(&folder.join(format!("{}.png", track.name())))?;
    }
    picture::contact_sheet(&tracks).write(&folder.join(CONTACT_SHEET))
}

fn import(file: &Path, picture: Option<&Path>) -> Result<()> {
    let csv =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = file
        .file_stem()
        .map_or("track".into(), |stem| stem.to_string_lossy());
    let track = Track::from_csv(&name, &csv)
        .with_context(|| format!("{} is not a circuit", file.display()))?;
    let survey = track.survey();
    let points = csv
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .count();
    println!("name        {name}");
    println!("points      {points}");
    println!("length      {} m", track.length_m());
    println!("width       {}", width(&survey));
    println!("tightest    {:.0} m", survey.radius_min_m);
    match survey.crossings.as_slice() {
        [] => println!("crossings   none"),
        crossings => {
            for [first, second] in crossings {
                println!("crossing    at {first:.0} m and {second:.0} m");
            }
        }
    }
    println!("gates       {}", track.gate_count());
    println!("AI laps     {}", laps(&track));
    match picture {
        Some(file) => picture::of_track(&track).write(file),
        None => Ok(()),
    }
}

fn width(survey: &Survey) -> String {
    format!("{:.1}-{:.1} m", survey.width_min_m, survey.width_max_m)
}

/// The AI's best laps, one for each class of car.
fn laps(track: &Track) -> String {
    CarClass::ALL
        .map(|class| format!("{:>8}", lap(track, class)))
        .join("")
}

/// The AI's best lap as minutes and seconds.
fn lap(track: &Track, class: CarClass) -> String {
    match laps::best_lap_seconds(track, class) {
        Some(seconds) => format!("{}:{:05.2}", (seconds / 60.0) as u32, seconds % 60.0),
        None => "none".to_owned(),
    }
}
