//! Fills a room with bots and reports the race.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use client_core::Security;
use client_core::protocol::lobby::RoomSettings;
use client_core::protocol::room::CloseReason;
use client_core::race::room::{LeaderboardLine, lap_time};
use domain::Mode;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::driver::{Driver, Fill};
use crate::hooks::{Outcome, View, ViewSender};
use crate::options::RaceOptions;

/// Between two prints of the live leaderboard.
const REPORT_INTERVAL: Duration = Duration::from_secs(2);

/// Races in one room until it closes.
///
/// # Errors
/// When a bot cannot get its seat, or the race has no winner.
pub async fn run(options: &RaceOptions) -> Result<()> {
    let security = options.tls.security()?;
    let (first_view, watching) = watch::channel(View::default());
    let mut bots = JoinSet::new();
    bots.spawn(driver(options, &security, 0).race(0, ViewSender::new(first_view)));
    if options.create {
        // The others can only join a room that exists.
        seated(watching.clone(), &mut bots).await?;
    }
    for index in 1..usize::from(options.count) {
        bots.spawn(driver(options, &security, index).race(index as u64, ()));
    }
    let mut reports = tokio::time::interval(REPORT_INTERVAL);
    let mut outcome = None;
    loop {
        tokio::select! {
            ended = bots.join_next() => match ended {
                Some(ended) => outcome = ended.context("a bot failed")??.or(outcome),
                None => break,
            },
            _ = reports.tick() => report(&watching.borrow().leaderboard),
            signal = tokio::signal::ctrl_c() => {
                signal?;
                bail!("interrupted");
            }
        }
    }
    print_result(options, &outcome.context("there were no bots")?)
}

fn driver(options: &RaceOptions, security: &Security, index: usize) -> Driver {
    let is_host = options.create && index == 0;
    let fill = Fill {
        players: usize::from(options.count),
        skill: options.skill.of_room(),
    };
    Driver {
        gateways: options.gateway.clone(),
        security: security.clone(),
        name: format!("{}{}", options.prefix, index + 1),
        skill: options.skill.of(index),
        class: options.class.of(index),
        room: options.room.clone(),
        create: is_host.then(|| options.settings()),
        persists: false,
        fill: (is_host && options.fill).then_some(fill),
        token: None,
    }
}

/// Waits until the first bot has its seat, or has failed to get one.
async fn seated(
    mut watching: watch::Receiver<View>,
    bots: &mut JoinSet<Result<Option<Outcome>>>,
) -> Result<()> {
    tokio::select! {
        _ = watching.wait_for(|view| view.is_seated) => Ok(()),
        Some(ended) = bots.join_next() => match ended.context("a bot failed")? {
            Ok(_) => bail!("the room closed before the others joined"),
            Err(problem) => Err(problem),
        },
    }
}

fn report(leaderboard: &[LeaderboardLine]) {
    if leaderboard.is_empty() {
        return;
    }
    let line = |line: &LeaderboardLine| {
        format!(
            "{}. {} {} m (lap {})",
            line.rank,
            line.player,
            line.score,
            line.laps + 1
        )
    };
    eprintln!(
        "{}",
        leaderboard.iter().map(line).collect::<Vec<_>>().join("   ")
    );
}

fn print_result(options: &RaceOptions, outcome: &Outcome) -> Result<()> {
    let Outcome {
        race,
        settings,
        result,
    } = outcome;
    let winner = match (result.reason, result.standings.first()) {
        (CloseReason::Finished, Some(first)) => first,
        (reason, _) => bail!(
            "the race in room {} ended without a winner: {reason:?}",
            result.room
        ),
    };
    eprintln!("{} wins on {}", winner.player, settings.track);
    for standing in &result.standings {
        let time = standing
            .time_ms
            .map_or_else(|| "not finished".to_owned(), lap_time);
        let (place, player, score) = (standing.place, &standing.player, standing.score);
        eprintln!("{place:>3}. {player:<16} {score:>7} m  {time}");
    }
    if options.json {
        let leaderboard: Vec<_> = result
            .standings
            .iter()
            .map(|standing| {
                json!({
                    "place": standing.place,
                    "name": standing.player,
                    "score": standing.score,
                    "laps": standing.laps,
                    "time_ms": standing.time_ms,
                    "best_lap_ms": standing.best_lap_ms,
                    "ai": standing.ai,
                })
            })
            .collect();
        let line = json!({
            "room": result.room,
            "race": race.to_string(),
            "mode": settings.mode,
            "track": settings.track,
            "laps": laps(settings),
            "target_metres": target_metres(settings),
            "winner": winner.player,
            "leaderboard": leaderboard,
        });
        println!("{line}");
    }
    Ok(())
}

/// `None` on the highway, which has no laps.
fn laps(settings: &RoomSettings) -> Option<u16> {
    (settings.mode == Mode::Circuit).then_some(settings.laps)
}

/// `None` on a circuit, where laps are the target.
fn target_metres(settings: &RoomSettings) -> Option<u32> {
    (settings.mode == Mode::Highway).then_some(settings.target_metres)
}
