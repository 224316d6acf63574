//! The netcode through the real gateway and worker, over long wires.

use std::time::Duration;

use anyhow::Result;
use client_core::netcode::Corrections;
use client_core::netcode::network_model::Conditions;
use client_core::protocol::lobby::RoomSettings;
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::racer::Racer;
use integration_tests::tcp_proxy::TcpProxy;

/// A lap of the shortest circuits at club speed, and a margin.
const LAP: Duration = Duration::from_secs(240);

/// A wire, and what was measured over it.
struct Measured {
    round_trip_ms: u64,
    loss: f64,
    corrections: Corrections,
}

/// A lap alone over a wire of its own.
async fn lap(cluster: &Cluster, round_trip_ms: u64, loss: f64) -> Result<Measured> {
    let conditions = Conditions {
        loss,
        ..Conditions::of_round_trip(Duration::from_millis(round_trip_ms))
    };
    let proxy =
        TcpProxy::with_conditions(cluster.race_address()?, conditions, round_trip_ms + 1).await?;
    let name = format!("r{round_trip_ms}l{}", (loss * 1_000.0) as u32);
    let racer = Racer::connect(&name, &proxy.address());
    racer.act(|racer| racer.client.sign_up(&name, PASSWORD));
    racer.in_lobby().await?;
    let settings = RoomSettings {
        seats: 1,
        track: "harbour-ring".to_owned(),
        laps: 1,
        ..RoomSettings::default()
    };
    racer.create(&name, settings).await?;
    // With its only driver over the line the room is gone.
    let mut corrections = Corrections::default();
    let is_over = |racer: &Racer| {
        match racer.client.room() {
            Some(room) => corrections = *room.netcode().corrections(),
            None => return racer.result().map(|_| corrections),
        }
        None
    };
    let corrections = racer.find_within(LAP, "over the line", is_over).await?;
    Ok(Measured {
        round_trip_ms,
        loss,
        corrections,
    })
}

/// All wires at once: each client is alone in its room.
#[tokio::test]
async fn over_long_wires_the_own_car_is_corrected_by_centimetres() -> Result<()> {
    let cluster = Cluster::start().await?;
    let laps = futures::future::try_join_all(
        [
            (0, 0.0),
            (100, 0.0),
            (150, 0.0),
            (0, 0.01),
            (100, 0.01),
            (150, 0.01),
        ]
        .map(|(round_trip_ms, loss)| lap(&cluster, round_trip_ms, loss)),
    );
    println!("round trip ms  loss  snapshots  corrected  p99 of all m  of corrections m");
    for measured in laps.await? {
        let Measured {
            round_trip_ms,
            loss,
            corrections,
        } = measured;
        let (all, corrected) = (
            corrections.percentile_m(0.99),
            corrections.corrected_percentile_m(0.99),
        );
        println!(
            "{round_trip_ms:13}  {loss:4}  {:9}  {:9}  {all:12.3}  {corrected:16.3}",
            corrections.snapshots(),
            corrections.corrected(),
        );
        assert!(corrections.snapshots() > 900, "half a minute at least");
        assert!(all <= 0.05, "{all} m at {round_trip_ms} ms, loss {loss}");
        assert!(
            corrected <= 0.30,
            "{corrected} m at {round_trip_ms} ms, loss {loss}"
        );
    }
    Ok(())
}
