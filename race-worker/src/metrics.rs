//! What the race worker counts, beside what its rooms do.

use std::sync::LazyLock;
use std::time::Duration;

use metrics::{Histogram, counter, gauge, histogram};
use protocol::checkpoint::ClaimCause;
use room::schedule::ScheduleOptions;

/// Looked up once, after the program has set its recorder.
static TICK: LazyLock<Histogram> = LazyLock::new(|| histogram!("race_tick_seconds"));

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

/// How many phases are in use.
pub fn phases(phases: u32) {
    gauge!("race_schedule_phases").set(phases);
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

/// This worker was asked to take a room.
pub fn claimed(result: &'static str) {
    counter!("race_claims_total", "result" => result).increment(1);
}

/// A damaged checkpoint was set aside.
pub fn quarantined() {
    counter!("race_checkpoints_quarantined_total").increment(1);
}

/// A result that had been kept was moved into its stream.
pub fn result_moved() {
    counter!("race_results_moved_total").increment(1);
}

/// Whether this worker takes new rooms.
pub fn admission(is_open: bool) {
    gauge!("race_admission_open").set(f64::from(u8::from(is_open)));
}

/// A tick took so long: the mean of those computed at once.
pub fn tick(took: Duration) {
    TICK.record(took.as_secs_f64());
}

/// A message could not leave because the bus is away.
pub fn unsent(what: &'static str) {
    counter!("race_unsent_total", "what" => what).increment(1);
}
