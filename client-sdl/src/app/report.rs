//! The state of the client as JSON, for tests that observe it from outside.

use std::time::Instant;

use client_core::RaceClientState;
use client_core::protocol::lobby::Phase;
use client_core::race::RaceResult;
use domain::{CarClass, Mode};
use serde::Serialize;

use super::App;
use crate::scene::{Progress, RaceScene};
use crate::screens::Screen;

/// The content of the screen.
#[derive(Debug, Serialize)]
pub struct Report {
    screen: &'static str,
    player: Option<String>,
    /// The reason for a rejection or for a lost connection.
    error: Option<String>,
    /// What the plan of the command line waits for.
    status: Option<String>,
    rooms: Vec<String>,
    room: Option<String>,
    phase: Option<Phase>,
    mode: Option<Mode>,
    target_metres: Option<u32>,
    class: CarClass,
    seats: Vec<String>,
    leaderboard: Vec<LineReport>,
    winner: Option<String>,
    cars: Vec<CarReport>,
    /// Cars of the highway's traffic near the followed one.
    traffic: usize,
    notices: Vec<String>,
    lap: Option<u16>,
    laps: Option<u16>,
    speed_kmh: Option<f64>,
    seconds_to_start: Option<f64>,
    reconnecting: bool,
    fps: f64,
    renderer: String,
    race_frames: u64,
    plain_road_frames: u64,
    missing_road_frames: u64,
}

#[derive(Debug, Serialize)]
struct LineReport {
    place: usize,
    name: String,
    score: i64,
    laps: u16,
    connected: bool,
    ai: bool,
}

#[derive(Debug, Serialize)]
struct CarReport {
    seat: u8,
    x: f64,
    y: f64,
    speed_kmh: f64,
}

impl Report {
    /// Reports the client's state at `now`.
    #[must_use]
    pub fn new(app: &App, now: Instant) -> Self {
        let (client, drawing) = (app.client(), app.drawing());
        let scene = match app.screen() {
            Screen::Race(screen) => screen.scene.as_ref(),
            Screen::Offline
            | Screen::Login(_)
            | Screen::Lobby(_)
            | Screen::Create(_)
            | Screen::Settings(_)
            | Screen::Waiting
            | Screen::Result
            | Screen::Ended => None,
        };
        let view = client.room().map(|room| room.view());
        let (result, away) = match client.state() {
            RaceClientState::Result(result) => (Some(result), None),
            RaceClientState::Offline(reason) => (None, reason.clone()),
            RaceClientState::Ended(reason) => (None, Some(reason.clone())),
            RaceClientState::Unauthenticated
            | RaceClientState::Lobby
            | RaceClientState::Room(_) => (None, None),
        };
        let dash = scene.and_then(|scene| scene.dash.as_ref());
        Self {
            screen: app.screen().kind().name(),
            player: client.player().map(ToString::to_string),
            error: app.screen().error().map(str::to_owned).or(away),
            status: app.status().map(str::to_owned),
            rooms: client
                .lobby()
                .iter()
                .map(|room| room.name.to_string())
                .collect(),
            room: view
                .map(|view| view.name.to_string())
                .or(result.map(|r| r.room.to_string())),
            phase: view.map(|view| view.phase),
            mode: view.map(|view| view.settings.mode),
            target_metres: view
                .filter(|view| view.settings.mode == Mode::Highway)
                .map(|view| view.settings.target_metres),
            class: app.class(),
            seats: view.map_or_else(Vec::new, |view| {
                view.seats
                    .iter()
                    .map(|seat| seat.player.to_string())
                    .collect()
            }),
            leaderboard: match (scene, result) {
                (Some(scene), _) => racing(scene),
                (None, Some(result)) => finished(result),
                (None, None) => Vec::new(),
            },
            winner: scene
                .and_then(|scene| scene.winner.clone())
                .or_else(|| Some(result?.standings.first()?.player.to_string())),
            cars: scene.map_or_else(Vec::new, cars),
            traffic: scene.map_or(0, |scene| scene.traffic.len()),
            notices: app.notices().history().map(str::to_owned).collect(),
            lap: dash.and_then(|dash| match dash.progress {
                Progress::Laps { lap, .. } => Some(lap),
                Progress::Metres { .. } => None,
            }),
            laps: view
                .filter(|view| view.settings.mode == Mode::Circuit)
                .map(|view| view.settings.laps),
            speed_kmh: dash.map(|dash| dash.speed_kmh),
            seconds_to_start: client.room().and_then(|room| room.seconds_to_start(now)),
            reconnecting: match app.screen() {
                Screen::Race(screen) => screen.is_connection_lost(),
                Screen::Waiting => client.room().is_none(),
                Screen::Offline
                | Screen::Login(_)
                | Screen::Lobby(_)
                | Screen::Create(_)
                | Screen::Settings(_)
                | Screen::Result
                | Screen::Ended => false,
            },
            fps: drawing.fps,
            renderer: drawing.renderer.clone(),
            race_frames: drawing.race_frames,
            plain_road_frames: drawing.plain_road_frames,
            missing_road_frames: drawing.missing_road_frames,
        }
    }
}

fn racing(scene: &RaceScene) -> Vec<LineReport> {
    let line = |line: &client_core::race::room::LeaderboardLine| LineReport {
        place: line.rank,
        name: line.player.to_string(),
        score: line.score,
        laps: line.laps,
        connected: line.is_connected,
        ai: line.is_ai,
    };
    scene.lines.iter().map(line).collect()
}

fn finished(result: &RaceResult) -> Vec<LineReport> {
    let line = |standing: &client_core::protocol::room::Standing| LineReport {
        place: usize::from(standing.place),
        name: standing.player.to_string(),
        score: standing.score,
        laps: standing.laps,
        connected: true,
        ai: standing.ai,
    };
    result.standings.iter().map(line).collect()
}

fn cars(scene: &RaceScene) -> Vec<CarReport> {
    let car = |car: &crate::scene::SceneCar| CarReport {
        seat: car.view.seat,
        x: car.view.position.x,
        y: car.view.position.y,
        speed_kmh: car.view.speed_mps * 3.6,
    };
    scene.cars.iter().map(car).collect()
}
