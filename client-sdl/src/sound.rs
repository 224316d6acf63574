//! Sound, synthesised: no recording is stored or loaded.
//!
//! - [`SoundScape`] follows the race from frame to frame and says what is to be
//!   heard: a [`SoundFrame`], which lasts until the next one, and [`Cue`]s, which
//!   are played once. It knows nothing of samples.
//! - [`Mixer`] makes samples of them, and knows nothing of races. It needs no
//!   device, allocates nothing after it is made, and gives the same samples for
//!   the same frames and cues.
//! - [`Volumes`] are the player's.
//!
//! `shell::audio` connects the two with a device. What a client is not told is
//! derived from what it has: the load of an engine from its acceleration, an
//! impulse from a change of velocity that no tyre could make.
//!
//! Invariants: every value of a frame is clamped before it is used, and follows
//! its target without a step, so nothing clicks; no sample leaves −1 to 1.

mod beds;
mod cue;
mod cue_voice;
mod dsp;
mod engine;
mod frame;
mod gearbox;
mod limiter;
mod listener;
mod mixer;
mod motion;
mod scape;
mod surroundings;
mod volumes;

pub use self::cue::{Cue, CueKind, Cues};
pub use self::frame::{Bed, EngineSound, SoundFrame};
pub use self::mixer::Mixer;
pub use self::scape::SoundScape;
pub use self::volumes::Volumes;

/// Samples a second and channel, which every device takes.
pub const SAMPLE_RATE_HZ: u32 = 48_000;
/// Channels: left and right, interleaved.
pub const CHANNELS: usize = 2;

#[cfg(test)]
mod tests;
