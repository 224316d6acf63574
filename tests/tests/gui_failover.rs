//! What a driver sees in the window when the worker of the race is killed.
//!
//! The frames around the kill, a chart of them and a picture of the window are
//! kept where `gui` keeps its pictures; those in `docs` come from here.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, anyhow, ensure};
use client_core::protocol::Epoch;
use client_core::protocol::lobby::RoomSettings;
use fleet::Program;
use fleet::wait::eventually;
use integration_tests::cluster::Cluster;
use integration_tests::frames::{self, Frame, Step, largest};
use integration_tests::live::Live;
use integration_tests::race_window::RaceWindow;
use integration_tests::racer::Racer;
use integration_tests::screen::{Screen, kept};
use plot::Chart;
use serde_json::Value;

const FRAME_RATE: &str = "30";

/// The first kill comes at this speed, with most of the straight still ahead.
const KILLED_AT_KMH: f64 = 110.0;

/// How many workers die while the car goes down the straight.
const KILLS: usize = 3;

/// What belongs to a kill: until long after the new owner's first snapshots.
const AROUND_MS: f64 = 500.0;

/// What is recorded after a kill, and shown around it.
const SHOWN_MS: f64 = 1_500.0;

/// What a step may be further off than any other. Without a kill it is up to
/// 3 mm: the speed changes between the two frames that it is measured in.
const TOLERANCE_M: f64 = 0.005;

/// The client's clock is steered by 5 % at most; beyond that it has jumped.
const RATE_ERROR_MAX: f64 = 0.055;

/// Of a chart's y axis, for the name of the mark.
const HEADROOM: f64 = 1.2;

/// Slower than this the car has just begun to move, m/s.
const MOVING_MPS: f64 = 5.0;

#[tokio::test]
async fn a_kill_is_not_seen_in_the_path_of_the_driven_car() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let screen = Screen::start(cluster.fleet.run_dir()).await?;
    let recording = cluster.folder().join("frames.csv");
    let options = [
        "--frame-rate".as_ref(),
        FRAME_RATE.as_ref(),
        "--record-frames".as_ref(),
        recording.as_os_str(),
    ];
    let ada = RaceWindow::open_with(&cluster, &screen, "Ada", (0, 0), &options).await?;
    let bob = cluster.racer("Bob").await?;
    begin(&ada, &bob).await?;
    ada.window.holds("Up").await?;
    let is_at_speed = |state: &Value| state["speed_kmh"].as_f64() > Some(KILLED_AT_KMH);
    ada.until("the car at speed", is_at_speed).await?;

    let mut kills_ms = Vec::new();
    for kill in 0..KILLS {
        // Until now there was one worker: it is the owner.
        cluster.fleet.add(Program::RaceWorker).await?;
        let epoch = bob.look(Racer::epoch);
        cluster.fleet.race_workers[kill].kill()?;
        let killed_ms = unix_ms()?;
        goes_on(&bob, epoch).await?;
        let metrics = cluster.fleet.race_workers[kill + 1].metrics().await?;
        let claimed = metrics.value("race_takeovers_total{cause=\"claimed\"}");
        assert!(claimed >= 1.0, "the other worker has the room");
        recorded_until(&recording, killed_ms + AROUND_MS).await?;
        if kill == 0 {
            // Not by the client itself, which would draw nothing meanwhile.
            let picture = kept(env!("CARGO_TARGET_TMPDIR"), "race-after-kill.png")?;
            ada.window.picture(&picture).await?;
        }
        recorded_until(&recording, killed_ms + SHOWN_MS).await?;
        kills_ms.push(killed_ms);
    }
    ada.window.releases("Up").await?;
    bob.look(|bob| assert_eq!(bob.step_back(), None));

    let csv = fs::read_to_string(&recording)?;
    let whole = csv.rfind('\n').map_or("", |end| &csv[..=end]);
    let frames = frames::parse(whole)?;
    let moving = frames.iter().position(|it| it.speed_mps > MOVING_MPS);
    let steps = frames::steps(&frames[moving.context("the car moves")?..]);
    let (shown_ms, judged) = judge(&steps, &kills_ms);
    // The kill that failed is kept, else the first.
    keep(whole, &frames, &intervals(&bob)?, shown_ms)?;
    judged
}

/// Both are in a race that is about to start, on a long straight.
async fn begin(ada: &RaceWindow<'_>, bob: &Live<Racer>) -> Result<()> {
    ada.signs_up().await?;
    let settings = RoomSettings {
        seats: 2,
        track: "long-shore".to_owned(),
        ..RoomSettings::default()
    };
    bob.create("duel", settings).await?;
    ada.until("the room in the lobby", |state| state["rooms"][0] == "duel")
        .await?;
    ada.window.presses(&["Return"]).await?;
    ada.shows("race").await.map(drop)
}

/// Waits for the first snapshot of an owner after that of an epoch.
async fn goes_on(bob: &Live<Racer>, epoch: Option<Epoch>) -> Result<()> {
    let what = format!("a snapshot of an owner after {epoch:?}");
    bob.until(&what, |bob| bob.epoch() > epoch).await?;
    let gap = bob.look(|bob| bob.gap_before(bob.epoch()?));
    println!("gap between two snapshots: {gap:?}");
    Ok(())
}

/// When each snapshot came to Bob, Unix time in ms, and how long after the one
/// before, ms.
fn intervals(bob: &Live<Racer>) -> Result<Vec<(f64, f64)>> {
    let (now, now_ms) = (Instant::now(), unix_ms()?);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let interval = |pair: &[Instant]| (now_ms - ms(now - pair[1]), ms(pair[1] - pair[0]));
    Ok(bob.look(|bob| bob.snapshot_times.windows(2).map(interval).collect()))
}

fn unix_ms() -> Result<f64> {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(since_epoch.as_secs_f64() * 1e3)
}

/// Waits until a frame of that time is in the recording.
async fn recorded_until(recording: &Path, until_ms: f64) -> Result<()> {
    eventually("frames until long after the kill", async || {
        let csv = fs::read_to_string(recording)?;
        let whole = csv.rfind('\n').map_or("", |end| &csv[..=end]);
        let last = frames::parse(whole)?.last().copied();
        let is_over = last.is_some_and(|frame| frame.unix_ms > until_ms);
        Ok(is_over.then_some(()))
    })
    .await
}

/// Around no kill a step is larger than at any other frame. Kills around which
/// the machine was too busy to draw say nothing. Returns the kill that is to be looked
/// at: the one that failed, else the first that says something.
fn judge(steps: &[Step], kills_ms: &[f64]) -> (f64, Result<()>) {
    let calm = frames::calm(steps);
    let wrong = calm
        .iter()
        .find(|it| it.forward_m <= 0.0 || it.ticks <= 0.0);
    if let Some(wrong) = wrong {
        let near = |kill: &&f64| (wrong.unix_ms - **kill).abs();
        let nearest = kills_ms.iter().min_by(|a, b| near(a).total_cmp(&near(b)));
        let shown_ms = nearest.copied().unwrap_or(wrong.unix_ms);
        return (shown_ms, Err(anyhow!("a step back: {wrong:?}")));
    }
    let is_around = |step: &Step, kill_ms: f64| (step.unix_ms - kill_ms).abs() <= AROUND_MS;
    let is_elsewhere = |step: &&Step| kills_ms.iter().all(|kill| !is_around(step, *kill));
    let elsewhere: Vec<&Step> = calm.iter().filter(is_elsewhere).collect();
    let [pace_max, jump_max, _] = largest_of(&elsewhere);
    println!(
        "{} frames elsewhere: {pace_max:.2} m/s, {jump_max:.4} m",
        elsewhere.len()
    );
    let mut judged = None;
    for kill_ms in kills_ms {
        let around: Vec<&Step> = calm.iter().filter(|it| is_around(it, *kill_ms)).collect();
        let drawn = steps.iter().filter(|it| is_around(it, *kill_ms)).count();
        if around.len() < drawn {
            println!("the machine stalled around a kill");
            continue;
        }
        let [pace, jump, rate_error] = largest_of(&around);
        println!("{drawn} frames around a kill: {pace:.2} m/s, {jump:.4} m, clock {rate_error:.3}");
        let verdict = || {
            ensure!(pace <= pace_max, "a step of {pace} m/s");
            ensure!(jump <= jump_max + TOLERANCE_M, "a jump of {jump} m");
            ensure!(
                rate_error <= RATE_ERROR_MAX,
                "the clock jumped: {rate_error}"
            );
            Ok(())
        };
        if let Err(error) = verdict() {
            return (*kill_ms, Err(error));
        }
        judged = judged.or(Some(*kill_ms));
    }
    let busy = "the machine was too busy to draw 30 frames a second around any kill";
    let verdict = judged.context(busy).map(drop);
    (
        judged.or(kills_ms.first().copied()).unwrap_or_default(),
        verdict,
    )
}

/// The largest way a second, jump, and error of the clock.
fn largest_of(steps: &[&Step]) -> [f64; 3] {
    let values: [fn(&Step) -> f64; 3] = [
        Step::pace_mps,
        |step| step.jump_m,
        |step| (step.rate() - 1.0).abs(),
    ];
    values.map(|value| largest(steps.iter().copied(), value))
}

/// Keeps the frames around a kill and a chart of them.
fn keep(csv: &str, frames: &[Frame], intervals: &[(f64, f64)], kill_ms: f64) -> Result<()> {
    let file = |name| kept(env!("CARGO_TARGET_TMPDIR"), name);
    let table = frames::excerpt(csv, kill_ms, SHOWN_MS);
    fs::write(file("failover-frames.csv")?, table)?;
    let shown = |values: Vec<(f64, f64)>| {
        let since = values
            .into_iter()
            .map(move |(ms, y)| ((ms - kill_ms) / 1e3, y));
        since.filter(|(since, _)| since.abs() <= SHOWN_MS / 1e3)
    };
    let steps = frames::steps(frames);
    let of_steps = |value: fn(&Step) -> f64| {
        let values = steps.iter().map(|step| (step.unix_ms, value(step)));
        shown(values.collect())
    };
    let speeds = frames.iter().map(|it| (it.unix_ms, it.speed_mps)).collect();
    let seconds = SHOWN_MS / 1e3;
    let chart = |title, unit| {
        let chart = Chart::lines(title, "seconds since the kill", unit);
        chart.mark(0.0, "kill -9").x_range(-seconds..seconds)
    };
    let gaps: Vec<_> = shown(intervals.to_vec()).collect();
    let gap_max = gaps.iter().map(|gap| gap.1).fold(0.0, f64::max);
    let jumps: Vec<_> = of_steps(|step| step.jump_m * 1e3).collect();
    let differences = jumps.iter().map(|jump| jump.1);
    let jump_max = differences.fold(TOLERANCE_M * 1e3, f64::max);
    let charts = [
        chart("Between two snapshots at a client", "ms")
            .line("interval", gaps)
            .y_range(0.0..gap_max * HEADROOM),
        chart("The drawn car from frame to frame", "m/s")
            .line("drawn way by time of the frame", of_steps(Step::pace_mps))
            .line("speed of the car", shown(speeds)),
        chart("Drawn way less what the speed makes in its ticks", "mm")
            .line("difference", jumps)
            .y_range(0.0..jump_max * HEADROOM),
    ];
    fs::write(file("failover-frames.svg")?, plot::svg(&charts)?)?;
    Ok(())
}
