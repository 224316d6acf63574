//! What a room's cores count. The recorder is the process's.

use std::sync::LazyLock;
use std::time::Duration;

use metrics::{Counter, Histogram, counter, gauge, histogram};

/// What is counted all the time for each room: looked up once, after the program
/// has set its recorder.
struct Hot {
    checkpoint: Histogram,
    checkpoint_age: Histogram,
    input_frames: Counter,
    input_frames_unreadable: Counter,
}

static HOT: LazyLock<Hot> = LazyLock::new(|| Hot {
    checkpoint: histogram!("race_checkpoint_seconds"),
    checkpoint_age: histogram!("race_checkpoint_age_seconds"),
    input_frames: counter!("race_input_frames_total"),
    input_frames_unreadable: counter!("race_input_frames_unreadable_total"),
});

/// A tick waits for its inputs.
pub(crate) fn tick_held() {
    counter!("race_ticks_held_total").increment(1);
}

/// A room was brought from its checkpoint to the present: how long it took,
/// ticks that clients had seen, and ticks that none had.
pub(crate) fn caught_up(took: Duration, repeated: u32, advanced: u32) {
    histogram!("race_catch_up_seconds").record(took.as_secs_f64());
    counter!("race_ticks_repeated_total").increment(repeated.into());
    counter!("race_ticks_advanced_total").increment(advanced.into());
}

/// A race came out otherwise than its snapshots said.
pub(crate) fn diverged() {
    counter!("race_diverged_total").increment(1);
}

/// A room more (`1.0`) or fewer (`-1.0`) is paused.
pub(crate) fn rooms_paused(change: f64) {
    gauge!("race_rooms_paused").increment(change);
}

/// A room was dropped because another worker owns it.
pub(crate) fn dropped() {
    counter!("race_rooms_lost_total").increment(1);
}

/// A room paused because its last checkpoint is too old.
pub(crate) fn paused_tick() {
    counter!("race_ticks_paused_total").increment(1);
}

/// A tick began late by more than one interval.
pub(crate) fn overrun() {
    counter!("race_tick_overruns_total").increment(1);
}

/// A checkpoint took so long from write to answer.
pub(crate) fn checkpoint(took: Duration) {
    HOT.checkpoint.record(took.as_secs_f64());
}

/// So old was the last checkpoint when the next was written.
pub(crate) fn checkpoint_age(age: Duration) {
    HOT.checkpoint_age.record(age.as_secs_f64());
}

/// A checkpoint whose answer did not come.
pub(crate) fn checkpoint_unknown() {
    counter!("race_checkpoints_unknown_total").increment(1);
}

/// Input frames that came, and those that could not be read.
pub(crate) fn inputs(frames: u64, unreadable: u64) {
    HOT.input_frames.increment(frames);
    HOT.input_frames_unreadable.increment(unreadable);
}

/// A race ended with a result.
pub(crate) fn finished() {
    counter!("race_finished_total").increment(1);
}

/// A message could not leave because the bus is away.
pub(crate) fn unsent(what: &'static str) {
    counter!("race_unsent_total", "what" => what).increment(1);
}

/// A record was given up.
pub(crate) fn given_up() {
    counter!("race_records_given_up_total").increment(1);
}
