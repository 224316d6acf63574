//! Samples out of frames and cues, without a device.

use domain::SEATS_MAX;

use super::beds::Beds;
use super::cue::Cue;
use super::cue_voice::CueVoices;
use super::dsp::{BLOCK, Block, Glide, RATE};
use super::engine::{EngineTables, EngineVoice};
use super::frame::SoundFrame;
use super::limiter::Limiter;
use super::{CHANNELS, Volumes};

/// Time constant of the volumes.
const VOLUME_SECONDS: f32 = 0.02;
/// Age of a frame from which its sounds fade: a client that hangs is silent, and
/// does not drone. Frames come 60 times a second, or a few times on a busy machine.
const FRAME_SECONDS_MAX: f32 = 0.6;

/// All voices, and their sum.
#[derive(Debug)]
pub struct Mixer {
    tables: EngineTables,
    engines: [EngineVoice; SEATS_MAX],
    beds: Beds,
    cues: CueVoices,
    limiter: Limiter,
    frame: SoundFrame,
    frame_age_seconds: f32,
    master: Glide,
    engine_gain: Glide,
    effects_gain: Glide,
    ready: [Block; CHANNELS],
    /// The number of frames of `ready` that were rendered.
    taken: usize,
}

impl Default for Mixer {
    fn default() -> Self {
        Self::new()
    }
}

impl Mixer {
    /// Makes a silent mixer. Takes some milliseconds and all the memory that it
    /// will use.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tables: EngineTables::new(),
            engines: std::array::from_fn(EngineVoice::new),
            beds: Beds::new(),
            cues: CueVoices::new(),
            limiter: Limiter::new(),
            frame: SoundFrame::default(),
            frame_age_seconds: 0.0,
            master: Glide::default(),
            engine_gain: Glide::default(),
            effects_gain: Glide::default(),
            ready: [[0.0; BLOCK]; CHANNELS],
            taken: BLOCK,
        }
    }

    /// Sets what is heard from here on.
    pub fn set(&mut self, frame: &SoundFrame) {
        self.frame = frame.sanitised();
        self.frame_age_seconds = 0.0;
    }

    /// Plays a cue, unless too many are playing.
    pub fn play(&mut self, cue: Cue) {
        self.cues.play(cue);
    }

    /// Fills `samples` with frames of a left and a right sample each.
    pub fn render(&mut self, samples: &mut [f32]) {
        for frame in samples.chunks_mut(CHANNELS) {
            if self.taken == BLOCK {
                let block = self.block();
                self.ready = self.limiter.next(block);
                self.taken = 0;
            }
            for (sample, channel) in frame.iter_mut().zip(&self.ready) {
                *sample = channel[self.taken];
            }
            self.taken += 1;
        }
    }

    fn block(&mut self) -> [Block; CHANNELS] {
        let mut mix = [[0.0; BLOCK]; CHANNELS];
        let volumes: Volumes = self.frame.volumes;
        let mut master = self.master.block(volumes.master_gain(), VOLUME_SECONDS);
        if volumes.master_gain() == 0.0 && self.master.value() == 0.0 {
            // What is muted is over when it is heard again.
            self.cues.stop();
            return mix;
        }
        self.age_frame();
        self.engine_gain
            .block(volumes.engine_gain(), VOLUME_SECONDS);
        self.effects_gain
            .block(volumes.effects_gain(), VOLUME_SECONDS);
        let (engine, effects) = (self.engine_gain.value(), self.effects_gain.value());
        for (voice, sound) in self.engines.iter_mut().zip(&self.frame.engines) {
            voice.add(sound, engine, &self.tables, &mut mix);
        }
        self.beds.add(&self.frame, effects, &mut mix);
        self.cues.add(effects, &mut mix);
        for at in 0..BLOCK {
            let gain = master.next();
            for channel in &mut mix {
                channel[at] *= gain;
            }
        }
        mix
    }

    fn age_frame(&mut self) {
        self.frame_age_seconds += BLOCK as f32 / RATE;
        if self.frame_age_seconds > FRAME_SECONDS_MAX {
            self.frame = self.frame.silenced();
        }
    }
}
