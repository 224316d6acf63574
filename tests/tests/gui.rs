//! Both clients in real windows, with real key presses.
//!
//! Pictures of what was seen are kept in `target/tmp/gui-screenshots`, or in
//! the folder that SLIPSTREAM_SCREENSHOT_DIR names.

use std::path::PathBuf;

use anyhow::Result;
use fleet::command::{run, stdout_of};
use fleet::{Process, RunDir};
use integration_tests::chat_window::ChatWindow;
use integration_tests::cluster::Cluster;
use integration_tests::programs::program;
use integration_tests::race_window::RaceWindow;
use integration_tests::screen::{Screen, kept, tool};
use integration_tests::window::picture;
use serde_json::{Value, json};

/// Four windows beside each other.
const TOP_LEFT: (u32, u32) = (0, 0);
const TOP_RIGHT: (u32, u32) = (1280, 0);
const BOTTOM_LEFT: (u32, u32) = (0, 720);
const BOTTOM_RIGHT: (u32, u32) = (1280, 720);
/// Programs that keep a machine busy: two for each core of a small one.
const LOADS: usize = 4;

fn screenshot(name: &str) -> Result<PathBuf> {
    kept(env!("CARGO_TARGET_TMPDIR"), &format!("{name}.png"))
}

#[tokio::test]
async fn two_people_sign_up_race_and_talk() -> Result<()> {
    let cluster = Cluster::start().await?;
    let screen = Screen::start(cluster.fleet.run_dir()).await?;
    let ada = RaceWindow::open(&cluster, &screen, "Ada", TOP_LEFT).await?;
    let bob = RaceWindow::open(&cluster, &screen, "Bob", TOP_RIGHT).await?;
    let ada_chat = ChatWindow::open(&cluster, &screen, "Ada", BOTTOM_LEFT).await?;
    let bob_chat = ChatWindow::open(&cluster, &screen, "Bob", BOTTOM_RIGHT).await?;
    ada.picture(&screenshot("race-login")?).await?;

    // One account is good for both, wherever it was made.
    ada.signs_up().await?;
    ada_chat.logs_in().await?;
    bob_chat.signs_up().await?;
    bob.logs_in().await?;
    ada_chat.shows("Bob just joined the chat!").await?;
    ada_chat.says("who is quicker?").await?;
    bob_chat.shows("who is quicker?").await?;
    bob_chat.says("we shall see").await?;
    ada_chat.shows("we shall see").await?;

    ada.window.types("c").await?;
    ada.shows("create").await?;
    ada.picture(&screenshot("race-create")?).await?;
    ada.window.presses(&["Return"]).await?;
    let waiting = ada.shows("waiting").await?;
    assert_eq!(waiting["room"], "Ada-race", "{waiting}");
    assert_eq!(waiting["seats"], json!(["Ada"]), "{waiting}");
    ada.picture(&screenshot("race-waiting")?).await?;
    bob.until("the room in the lobby", |state| {
        state["rooms"] == json!(["Ada-race"])
    })
    .await?;
    bob.picture(&screenshot("race-lobby")?).await?;
    bob.window.presses(&["Return"]).await?;

    for racer in [&ada, &bob] {
        let race = racer.shows("race").await?;
        assert_eq!(race["seats"], json!(["Ada", "Bob"]), "{race}");
    }
    ada.until("the race", |state| state["phase"] == "racing")
        .await?;
    for (racer, seat) in [(&ada, 0), (&bob, 1)] {
        drive(racer, seat).await?;
    }
    ada.window.holds("Up").await?;
    let race = ada.until("a leaderboard with a leader", |state| {
        state["leaderboard"][0]["score"].as_i64() > Some(20)
    });
    let race = race.await?;
    let scores: Vec<_> = lines(&race).map(|line| line["score"].as_i64()).collect();
    assert!(
        scores.len() == 2 && scores[0] >= scores[1],
        "highest first: {race}"
    );
    ada.picture(&screenshot("race")?).await?;
    assert_eq!(race["missing_road_frames"], 0, "{race}");
    bob_chat.window.picture(&screenshot("chat")?).await?;
    picture(&screen, "root", &screenshot("four-windows")?).await?;

    bob.process.terminate()?;
    ada.notices("Bob disconnected").await?;
    let alone = ada.until("Bob shown as away", |state| {
        lines(state).any(|line| line["name"] == "Bob" && line["connected"] == false)
    });
    alone.await?;
    ada.picture(&screenshot("race-disconnected")?).await?;
    ada.window.releases("Up").await?;
    bob_chat.process.terminate()?;
    ada_chat.shows("Bob disconnected").await?;
    ada_chat
        .window
        .picture(&screenshot("chat-disconnected")?)
        .await
}

fn lines(state: &Value) -> impl Iterator<Item = &Value> {
    state["leaderboard"].as_array().into_iter().flatten()
}

/// Full throttle until the car is seen to move.
async fn drive(racer: &RaceWindow<'_>, seat: usize) -> Result<()> {
    racer.window.holds("Up").await?;
    racer
        .until("the own car gets going", |state| {
            state["cars"][seat]["speed_kmh"].as_f64() > Some(20.0)
        })
        .await?;
    racer.window.releases("Up").await
}

#[tokio::test]
async fn no_car_is_without_a_road_on_a_busy_machine() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run_dir = RunDir::new(folder.path());
    let screen = Screen::start(&run_dir).await?;
    let load = || {
        let mut command = tool("nice")?;
        command.args(["sh", "-c", "while :; do :; done"]);
        Process::start(command, "load", &run_dir)
    };
    let _load: Vec<Process> = (0..LOADS).map(|_| load()).collect::<Result<_>>()?;
    // Both kinds of road, as fast as the cars go.
    for mode in ["circuit", "highway"] {
        let mut command = program("client-sdl")?;
        screen.dress(&mut command);
        command.args(["--bench", "16", "--bench-seconds", "12", "--mode", mode]);
        command.args(["--renderer", "software"]);
        let figures = stdout_of(command).await?;
        assert!(figures.contains("missing in 0 frames"), "{figures}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_is_shown_where_it_was_typed() -> Result<()> {
    let cluster = Cluster::start().await?;
    let screen = Screen::start(cluster.fleet.run_dir()).await?;
    let _taken = cluster.racer("Ada").await?;

    let race = RaceWindow::open(&cluster, &screen, "Ada", TOP_LEFT).await?;
    race.window.types("Ada").await?;
    race.window.presses(&["Tab"]).await?;
    race.window.types("correct-horse").await?;
    race.window.presses(&["Tab", "Tab", "Return"]).await?;
    let refused = race
        .until("why", |state| state["error"].is_string())
        .await?;
    assert_eq!(refused["screen"], "login");
    let error = refused["error"].as_str().unwrap_or_default();
    assert!(error.contains("Ada"), "{error}");
    race.picture(&screenshot("race-login-refused")?).await?;

    let chat = ChatWindow::open(&cluster, &screen, "Ada", BOTTOM_LEFT).await?;
    chat.fills_in("wrong-horse").await?;
    chat.window.presses(&["Return"]).await?;
    chat.shows("password").await?;
    chat.window
        .picture(&screenshot("chat-login-refused")?)
        .await
}

#[tokio::test]
async fn a_bad_option_is_named_with_its_value_and_what_is_allowed() -> Result<()> {
    for (name, value, allowed) in [
        ("client-sdl", "here", "HOST:PORT"),
        ("client-chat-gtk", "here", "HOST:PORT"),
    ] {
        let mut command = program(name)?;
        command.args(["--gateway", value]);
        let output = run(command).await?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(64), "{name}: {said}");
        for part in ["--gateway", value, allowed] {
            assert!(said.contains(part), "{name} does not say {part}: {said}");
        }
    }
    Ok(())
}
