//! Processes of two releases side by side.
//!
//! The next release is a build with the feature `next-version`: every format has
//! one more field. Its programs read it, and write it when they are asked to, as
//! two releases in a row do. The programs of this release do not read it.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use client_core::protocol::Epoch;
use client_core::protocol::lobby::RoomSettings;
use client_core::protocol::room::RoomEventBody;
use domain::Mode;
use fleet::command::stdout_of;
use fleet::wait::eventually;
use fleet::{LOOPBACK, Plan, Program, Programs};
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::live::Live;
use integration_tests::programs::{next_programs, programs};
use integration_tests::racer::Racer;

/// Has a program of the next release write what it reads.
const WRITE_NEXT_VERSION: &str = "SLIPSTREAM_WRITE_NEXT_VERSION";

/// How often the room goes from one release to the other and back.
const MOVES: u32 = 4;

/// Two players need half a minute for a kilometre.
const RACE_TIMEOUT: Duration = Duration::from_secs(120);

/// The command of one more server of a cluster, from the programs of another
/// release.
fn command_of(cluster: &mut Cluster, program: Program, programs: &Programs) -> Result<Command> {
    let usual = cluster.fleet.command(program)?;
    let mut command = programs.command(program.name())?;
    command.args(usual.get_args());
    for (key, value) in usual.get_envs() {
        if let Some(value) = value {
            command.env(key, value);
        }
    }
    Ok(command)
}

/// Starts one more process of the release that writes the next version.
async fn add_newest(cluster: &mut Cluster, program: Program) -> Result<()> {
    let mut command = command_of(cluster, program, &next_programs()?)?;
    command.env(WRITE_NEXT_VERSION, "1");
    let added = cluster.fleet.add_command(program, command, LOOPBACK);
    added.await.map(drop)
}

async fn racer_at(cluster: &Cluster, gateway: usize, name: &str) -> Result<Live<Racer>> {
    let address = cluster.fleet.gateways[gateway].address("race")?;
    let racer = Racer::connect(name, &address.to_string());
    racer.act(|racer| racer.client.sign_up(name, PASSWORD));
    racer.in_lobby().await?;
    Ok(racer)
}

async fn race(racers: &[&Live<Racer>; 2]) -> Result<String> {
    let settings = RoomSettings {
        seats: 2,
        mode: Mode::Highway,
        target_metres: 1_500,
        ..RoomSettings::default()
    };
    racers[0].create("duel", settings).await?;
    racers[1].join("duel").await?;
    for racer in racers {
        racer.racing().await?;
    }
    let race = racers[0].look(|racer| racer.client.room().map(|room| room.view().race));
    Ok(race.context("in a room")?.to_string())
}

/// Waits until the race goes on for a second under an owner of that epoch, and
/// checks that nobody has noticed.
async fn races_on(racer: &Live<Racer>, epoch: Epoch) -> Result<()> {
    let score = racer.look(Racer::score);
    let what = format!("racing on under epoch {epoch}");
    let goes_on = |racer: &Racer| {
        let of_epoch = racer.snapshots.iter().filter(|it| it.0 >= epoch);
        of_epoch.count() > 30
    };
    racer.until(&what, goes_on).await?;
    racer.look(|racer| {
        assert_eq!(racer.step_back(), None, "the race never goes back");
        assert!(racer.score() >= score, "the score is not lower");
        let lost = |event: &RoomEventBody| matches!(event, RoomEventBody::Lost { .. });
        assert!(!racer.has_seen(lost), "no connection is lost");
    });
    Ok(())
}

/// The result as both players and the database have it.
async fn ends_with_one_result(
    cluster: &Cluster,
    racers: &[&Live<Racer>; 2],
    race: &str,
) -> Result<()> {
    for racer in racers {
        let ended = racer.find_within(RACE_TIMEOUT, "the race's end", |racer| {
            racer.result().cloned()
        });
        assert_eq!(ended.await?.standings.len(), 2);
    }
    let stored = eventually("the result is in the database", async || {
        Ok(cluster
            .fleet
            .database(&["result", "--race", race])
            .await
            .ok())
    })
    .await?;
    assert_eq!(stored["standings"].as_array().map(Vec::len), Some(2));
    // A race whose inputs are not all there cannot be driven again. The replay is written
    // apart from the result.
    let replay = ["replay", "--fetch", race, "--verify"];
    eventually("the replay can be driven again", async || {
        Ok(stdout_of(cluster.fleet.racectl(&replay)?).await.ok())
    })
    .await?;
    Ok(())
}

async fn unknown_versions(cluster: &Cluster) -> Result<f64> {
    let mut unknown = 0.0;
    let fleet = &cluster.fleet;
    for program in [
        Program::Gateway,
        Program::RaceWorker,
        Program::ChatWorker,
        Program::Persistence,
    ] {
        for server in fleet.servers(program) {
            unknown += server.metrics().await?.sum("unknown_versions_total");
        }
    }
    Ok(unknown)
}

#[tokio::test]
async fn a_race_goes_on_while_it_moves_between_two_releases() -> Result<()> {
    let plan = Plan {
        race_workers: 0,
        ..Plan::default()
    };
    let mut cluster = Cluster::start_from(next_programs()?, plan).await?;
    for program in [Program::Persistence, Program::ChatWorker, Program::Gateway] {
        add_newest(&mut cluster, program).await?;
    }
    cluster.fleet.add(Program::RaceWorker).await?;
    let ada = racer_at(&cluster, 0, "Ada").await?;
    let bob = racer_at(&cluster, 1, "Bob").await?;
    let racers = [&ada, &bob];
    let race = race(&racers).await?;

    for taken_over in 1..=MOVES {
        if taken_over % 2 == 1 {
            add_newest(&mut cluster, Program::RaceWorker).await?;
        } else {
            cluster.fleet.add(Program::RaceWorker).await?;
        }
        cluster.fleet.race_workers.remove(0).kill()?;
        for racer in racers {
            races_on(racer, Epoch(1 + taken_over)).await?;
        }
    }
    ends_with_one_result(&cluster, &racers, &race).await?;
    assert_eq!(unknown_versions(&cluster).await?, 0.0);
    Ok(())
}

#[tokio::test]
async fn a_worker_leaves_a_room_that_it_cannot_read_to_one_that_can() -> Result<()> {
    let plan = Plan {
        race_workers: 0,
        gateways: 0,
        ..Plan::default()
    };
    let mut cluster = Cluster::start_from(next_programs()?, plan).await?;
    add_newest(&mut cluster, Program::Gateway).await?;
    add_newest(&mut cluster, Program::RaceWorker).await?;
    let ada = racer_at(&cluster, 0, "Ada").await?;
    let bob = racer_at(&cluster, 0, "Bob").await?;
    let racers = [&ada, &bob];
    let race = race(&racers).await?;

    let older = command_of(&mut cluster, Program::RaceWorker, &programs()?)?;
    let older = cluster
        .fleet
        .add_command(Program::RaceWorker, older, LOOPBACK);
    older.await?;
    cluster.fleet.race_workers.remove(0).kill()?;
    let refused = "unknown_versions_total{format=\"checkpoint\",version=\"3\"}";
    eventually("the older worker has refused the room", async || {
        let metrics = cluster.fleet.race_workers[0].metrics().await?;
        Ok((metrics.value(refused) > 0.0).then_some(()))
    })
    .await?;

    add_newest(&mut cluster, Program::RaceWorker).await?;
    for racer in racers {
        races_on(racer, Epoch(2)).await?;
    }
    let older = &cluster.fleet.race_workers[0];
    assert_eq!(older.metrics().await?.sum("race_takeovers_total"), 0.0);
    let reason = "checkpoint of version 3: this program reads version 2";
    assert!(older.log().contains(reason), "{}", older.log());
    ends_with_one_result(&cluster, &racers, &race).await
}
