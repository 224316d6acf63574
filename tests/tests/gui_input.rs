//! What the race client keeps between two runs, in a real window with real keys.

use anyhow::Result;
use integration_tests::cluster::Cluster;
use integration_tests::race_window::RaceWindow;
use integration_tests::screen::{Screen, kept};
use serde_json::Value;

const TOP_LEFT: (u32, u32) = (0, 0);

/// Rows of the settings before those of keys.
const VALUE_ROWS: usize = 13;

/// Creates a room for one, whose race begins at once.
async fn races_alone(racer: &RaceWindow<'_>) -> Result<()> {
    racer.window.types("c").await?;
    racer.shows("create").await?;
    racer.window.presses(&["Tab", "ctrl+a"]).await?;
    racer.window.types("1").await?;
    racer.window.presses(&["Return"]).await?;
    racer.shows("race").await.map(drop)
}

fn is_moving(state: &Value) -> bool {
    let speed = state["cars"][0]["speed_kmh"].as_f64();
    speed > Some(20.0)
}

#[tokio::test]
async fn a_key_that_is_bound_anew_drives_after_a_restart() -> Result<()> {
    let cluster = Cluster::start().await?;
    let screen = Screen::start(cluster.fleet.run_dir()).await?;
    let mut ada = RaceWindow::open(&cluster, &screen, "Ada", TOP_LEFT).await?;
    ada.window.presses(&["F2"]).await?;
    ada.shows("settings").await?;
    ada.window.presses(&["Down"; VALUE_ROWS]).await?;
    ada.window.presses(&["Return", "i"]).await?;
    let file = kept(env!("CARGO_TARGET_TMPDIR"), "race-settings.png")?;
    ada.picture(&file).await?;
    ada.window.presses(&["Escape"]).await?;
    ada.shows("login").await?;
    ada.process.terminate_blocking();
    drop(ada);

    let ada = RaceWindow::open(&cluster, &screen, "Ada", TOP_LEFT).await?;
    ada.signs_up().await?;
    races_alone(&ada).await?;
    ada.window.holds("i").await?;
    ada.until("a car that moves", is_moving).await.map(drop)
}

#[tokio::test]
async fn a_player_goes_on_after_a_kill_and_returns_to_the_race() -> Result<()> {
    let cluster = Cluster::start().await?;
    let screen = Screen::start(cluster.fleet.run_dir()).await?;
    let ada = RaceWindow::open(&cluster, &screen, "Ada", TOP_LEFT).await?;
    ada.signs_up().await?;
    races_alone(&ada).await?;
    ada.window.holds("Up").await?;
    // By then a checkpoint has reached the database, which knows of the race.
    let is_far = |state: &Value| state["leaderboard"][0]["score"].as_i64() > Some(80);
    ada.until("metres in the score", is_far).await?;
    ada.window.releases("Up").await?;
    ada.process.kill()?;
    drop(ada);

    let ada = RaceWindow::open(&cluster, &screen, "Ada", TOP_LEFT).await?;
    let file = kept(env!("CARGO_TARGET_TMPDIR"), "race-continue.png")?;
    ada.picture(&file).await?;
    ada.window.presses(&["Return"]).await?;
    ada.shows("lobby").await?;
    let listed = ada.until("the own room", |state| state["rooms"][0] == "Ada-race");
    listed.await?;
    let file = kept(env!("CARGO_TARGET_TMPDIR"), "race-return.png")?;
    ada.picture(&file).await?;
    ada.window.types("b").await?;
    let race = ada.shows("race").await?;
    assert_eq!(race["room"], "Ada-race");
    Ok(())
}
