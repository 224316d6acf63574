//! What the race worker counts.

use std::sync::LazyLock;
use std::time::Duration;

use metrics::{Counter, Histogram, counter, gauge, histogram};
use protocol::checkpoint::ClaimCause;

use crate::schedule::ScheduleOptions;

/// What is counted all the time for each room: looked up once, after the program
/// has set its recorder.
struct Hot {
    tick: Histogram,
    checkpoint: Histogram,
    checkpoint_age: Histogram,
    input_frames: Counter,
    input_frames_unreadable: Counter,
}

static HOT: LazyLock<Hot> = LazyLock::new(|| Hot {
    tick: histogram!("race_tick_seconds"),
    checkpoint: histogram!("race_checkpoint_seconds"),
    checkpoint_age: histogram!("race_checkpoint_age_seconds"),
    input_frames: counter!("race_input_frames_total"),
    input_frames_unreadable: counter!("race_input_frames_unreadable_total"),
});

/// A room more (`1.0`) or fewer (`-1.0`).
pub fn rooms(change: f64) {
    gauge!("race_rooms").increment(change);
}

/// The parameters of the schedule.
pub fn schedule(options: ScheduleOptions) {
    gauge!("race_schedule_phases_max").set(options.phases_max);
    gauge!("race_schedule_seats_per_phase").set(options.seats_per_phase);
    gauge!("race_schedule_slew_seconds_max").set(options.slew_max.as_secs_f64());
    gauge!("race_schedule_input_grace_seconds").set(options.input_grace.as_secs_f64());
}

/// So many phases are in use.
pub fn phases(phases: u32) {
    gauge!("race_schedule_phases").set(phases);
}

/// A tick waits for its inputs.
pub fn tick_held() {
    counter!("race_ticks_held_total").increment(1);
}

/// A room was created here.
pub fn created() {
    counter!("race_rooms_created_total").increment(1);
}

/// A room was taken over from another worker.
pub fn taken_over(cause: ClaimCause) {
    let cause = match cause {
        ClaimCause::OwnerGone => "claimed",
        ClaimCause::HandOver => "handed_over",
        ClaimCause::Orphan => "orphan",
    };
    counter!("race_takeovers_total", "cause" => cause).increment(1);
}

/// Somebody asked this worker to take a room.
pub fn claimed(result: &'static str) {
    counter!("race_claims_total", "result" => result).increment(1);
}

/// A room was brought from its checkpoint to the present: how long it took,
/// ticks that somebody had seen, and ticks that nobody had.
pub fn caught_up(took: Duration, repeated: u32, advanced: u32) {
    histogram!("race_catch_up_seconds").record(took.as_secs_f64());
    counter!("race_ticks_repeated_total").increment(repeated.into());
    counter!("race_ticks_advanced_total").increment(advanced.into());
}

/// A race came out otherwise than its snapshots said.
pub fn diverged() {
    counter!("race_diverged_total").increment(1);
}

/// A room more (`1.0`) or fewer (`-1.0`) stands still.
pub fn rooms_paused(change: f64) {
    gauge!("race_rooms_paused").increment(change);
}

/// Whether this worker takes new rooms.
pub fn admission(is_open: bool) {
    gauge!("race_admission_open").set(f64::from(u8::from(is_open)));
}

/// A room was dropped because somebody else owns it.
pub fn dropped() {
    counter!("race_rooms_lost_total").increment(1);
}

/// A room stood still because its last checkpoint is too old.
pub fn paused_tick() {
    counter!("race_ticks_fenced_total").increment(1);
}

/// A tick took so long: the mean of those computed at once.
pub fn tick(took: Duration) {
    HOT.tick.record(took.as_secs_f64());
}

/// A tick began late by more than one interval.
pub fn overrun() {
    counter!("race_tick_overruns_total").increment(1);
}

/// A checkpoint took so long from write to answer.
pub fn checkpoint(took: Duration) {
    HOT.checkpoint.record(took.as_secs_f64());
}

/// So old was the last checkpoint when the next was written.
pub fn checkpoint_age(age: Duration) {
    HOT.checkpoint_age.record(age.as_secs_f64());
}

/// A checkpoint whose answer did not come.
pub fn checkpoint_unknown() {
    counter!("race_checkpoints_unknown_total").increment(1);
}

/// Input frames that came, and those that could not be read.
pub fn inputs(frames: u64, unreadable: u64) {
    HOT.input_frames.increment(frames);
    HOT.input_frames_unreadable.increment(unreadable);
}

/// A message could not leave because the bus is away.
pub fn unsent(what: &'static str) {
    counter!("race_unsent_total", "what" => what).increment(1);
}

/// A race ended with a result.
pub fn finished() {
    counter!("race_finished_total").increment(1);
}
