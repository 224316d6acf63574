//! Ten thousand seeds without a violation, in shards that run side by side.
//!
//! `SLIPSTREAM_SEED=n cargo nextest run -p failover-sim one_seed --no-capture`
//! runs one seed, and prints what came before its violation.

use failover_sim::run;

/// Seeds of one shard.
const SEEDS: u64 = 1_250;

/// As many takeovers must have been seen, or nothing was tried.
const TAKEOVERS_MIN: u32 = 1_000;

fn shard(index: u64) {
    let seeds = index * SEEDS..(index + 1) * SEEDS;
    let mut takeovers = 0;
    for seed in seeds.clone() {
        match run(seed, None) {
            Ok(report) => takeovers += report.takeovers,
            Err(violation) => panic!("{violation}"),
        }
    }
    println!("seeds {seeds:?}: {takeovers} takeovers");
    assert!(takeovers >= TAKEOVERS_MIN, "only {takeovers} takeovers");
}

#[test]
fn shard_0() {
    shard(0);
}

#[test]
fn shard_1() {
    shard(1);
}

#[test]
fn shard_2() {
    shard(2);
}

#[test]
fn shard_3() {
    shard(3);
}

#[test]
fn shard_4() {
    shard(4);
}

#[test]
fn shard_5() {
    shard(5);
}

#[test]
fn shard_6() {
    shard(6);
}

#[test]
fn shard_7() {
    shard(7);
}

#[test]
fn one_seed() {
    let seed = std::env::var("SLIPSTREAM_SEED").unwrap_or_else(|_| "0".to_owned());
    let seed = seed.parse().expect("SLIPSTREAM_SEED is a number");
    match run(seed, None) {
        Ok(report) => println!("seed {seed}: {report:?}"),
        Err(violation) => panic!("{violation}"),
    }
}

#[test]
fn a_seed_leads_to_the_same_every_time() {
    for seed in 0..20 {
        assert_eq!(run(seed, None), run(seed, None), "seed {seed}");
    }
}
