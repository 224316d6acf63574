//! Connections that break over and over, with TLS: every player is back in the same seat,
//! in the race as the server has it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use client_core::protocol::lobby::RoomSettings;
use fleet::Plan;
use futures::future::try_join_all;
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::live::Live;
use integration_tests::racer::Racer;
use integration_tests::tcp_proxy::{Break, TcpProxy};

const ROOMS: usize = 5;
const SEATS: u8 = 4;
/// Of each player, in this order: 200 in all, with those of the kills.
const BREAKS: [Break; 8] = [
    Break::Reset,
    Break::Silence,
    Break::Reset,
    Break::Reset,
    Break::Close,
    Break::Silence,
    Break::Reset,
    Break::Reset,
];
/// Of the gateway to which every other player is connected.
const KILLS: usize = 4;
/// Longer than a client takes to notice that nothing comes.
const BACK_TIMEOUT: Duration = Duration::from_secs(30);
/// Snapshots that must be those of a player whose connection never broke.
const SAME_SNAPSHOTS: usize = 5;

/// A player whose connection breaks, and the way to a gateway.
struct Driver {
    racer: Live<Racer>,
    proxy: TcpProxy,
}

/// What a player had when the connection broke.
struct Before {
    seat: Option<u8>,
    score: Option<i64>,
    /// Connections so far.
    connections: usize,
}

impl Driver {
    fn before(&self) -> Before {
        self.racer.look(|racer| Before {
            seat: racer.seat(),
            score: racer.score(),
            connections: racer.connections.len(),
        })
    }

    /// Waits until the player is back, and compares what it sees with what `witness` saw.
    async fn is_back(&self, before: &Before, witness: &Live<Racer>) -> Result<()> {
        let find = self
            .racer
            .find_within(BACK_TIMEOUT, "back in the race", |racer| {
                let first = *racer.connections.get(before.connections)?;
                let after: Vec<_> = racer.snapshots[first..]
                    .iter()
                    .filter_map(|(_, tick)| Some((*tick, racer.bodies.get(tick)?.clone())))
                    .take(SAME_SNAPSHOTS)
                    .collect();
                (after.len() == SAME_SNAPSHOTS).then_some(after)
            });
        let after = find.await?;
        for (tick, body) in after {
            let seen = witness
                .find("the same tick", |racer| racer.bodies.get(&tick).cloned())
                .await?;
            ensure!(seen == body, "tick {tick} is another for the player");
        }
        let now = self.before();
        ensure!(
            now.seat == before.seat,
            "{:?} was {:?}",
            now.seat,
            before.seat
        );
        ensure!(
            now.score >= before.score,
            "{:?} was {:?}",
            now.score,
            before.score
        );
        Ok(())
    }
}

#[tokio::test]
async fn two_hundred_cuts_cost_nobody_the_seat() -> Result<()> {
    let mut cluster = Cluster::start_with(Plan {
        gateways: 2,
        race_workers: 2,
        tls: true,
        ..Plan::default()
    })
    .await?;
    let gateways = cluster.fleet.race_addresses()?;
    let settings = RoomSettings {
        seats: SEATS,
        laps: 99,
        ..RoomSettings::default()
    };
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        let room = format!("room-{number}");
        let mut drivers = Vec::new();
        for seat in 0..usize::from(SEATS) {
            let name = format!("P{number}-{seat}");
            let proxy = TcpProxy::to(gateways[seat % 2].clone()).await?;
            let racer = Racer::connect_with(&name, &proxy.address(), &cluster.security);
            racer.act(|racer| racer.client.sign_up(&name, PASSWORD));
            racer.in_lobby().await?;
            if seat == 0 {
                racer.create(&room, settings.clone()).await?;
            } else {
                racer.join(&room).await?;
            }
            drivers.push(Driver { racer, proxy });
        }
        // It watches through the gateway that is not killed.
        let name = format!("W{number}");
        let witness = Racer::connect_with(&name, &gateways[1], &cluster.security);
        witness.act(|racer| racer.client.sign_up(&name, PASSWORD));
        witness.in_lobby().await?;
        witness.act(|racer| racer.client.spectate(&room));
        rooms.push((drivers, witness));
    }
    for (drivers, witness) in &rooms {
        for driver in drivers {
            driver.racer.racing().await?;
        }
        witness
            .until("watching", |racer| racer.bodies.len() > SAME_SNAPSHOTS)
            .await?;
    }

    let breaking = rooms.iter().flat_map(|(drivers, witness)| {
        drivers
            .iter()
            .zip(0_u64..)
            .map(move |(driver, number)| async move {
                for (how, round) in BREAKS.into_iter().zip(1_u64..) {
                    // At moments that have nothing to do with each other.
                    let pause = (number * 397 + round * 211) % 900;
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    let before = driver.before();
                    driver.proxy.break_connections(how);
                    let back = driver.is_back(&before, witness).await;
                    back.with_context(|| format!("player {number}, {how:?}"))?;
                }
                anyhow::Ok(BREAKS.len())
            })
    });
    let mut cuts: usize = try_join_all(breaking).await?.into_iter().sum();

    for kill in 0..KILLS {
        let of_gateway = |drivers: &[Driver]| -> Vec<Before> {
            drivers.iter().step_by(2).map(Driver::before).collect()
        };
        let before: Vec<Vec<Before>> = rooms.iter().map(|(it, _)| of_gateway(it)).collect();
        cluster.fleet.gateways[0].kill()?;
        for (drivers, _) in &rooms {
            for driver in drivers.iter().step_by(2) {
                driver.proxy.forward_to(&gateways[1]);
            }
        }
        for ((drivers, witness), before) in rooms.iter().zip(&before) {
            for (driver, before) in drivers.iter().step_by(2).zip(before) {
                let back = driver.is_back(before, witness).await;
                back.with_context(|| format!("kill {kill}"))?;
                cuts += 1;
            }
        }
        cluster.fleet.gateways[0].restart().await?;
        // Back to the gateway that is killed next, by another cut.
        for (drivers, witness) in &rooms {
            for driver in drivers.iter().step_by(2) {
                driver.proxy.forward_to(&gateways[0]);
                let before = driver.before();
                driver.proxy.break_connections(Break::Close);
                driver.is_back(&before, witness).await?;
                cuts += 1;
            }
        }
    }
    println!("{cuts} of {cuts} cuts: back in the same seat");
    ensure!(cuts >= 200, "{cuts} cuts");
    Ok(())
}
