//! What cues sound like: notes for signals, a blow for contacts.

use std::f32::consts::TAU;

use super::cue::{Cue, CueKind};
use super::dsp::{Band, BandPass, Block, LowPass, Noise, RATE, bounded, panned};

/// The most cues at once; another one is dropped rather than cut one short.
const VOICES: usize = 12;
/// Level of a signal: it is heard above the own engine.
const SIGNAL_GAIN: f32 = 0.2;
/// Time in which a note rises and, before its end, falls: shorter would click.
const RISE_SECONDS: f32 = 0.004;
const FALL_SECONDS: f32 = 0.03;
/// Level of a contact of level 1.
const CONTACT_GAIN: f32 = 0.9;
/// Length of a contact, by when it has faded by 60 dB.
const CONTACT_SECONDS: f32 = 0.5;

/// A note of a signal.
#[derive(Clone, Copy, Debug)]
struct Note {
    hz: f32,
    /// Seconds from the beginning of the signal.
    at: f32,
    seconds: f32,
    level: f32,
}

const fn note(hz: f32, at: f32, seconds: f32, level: f32) -> Note {
    Note {
        hz,
        at,
        seconds,
        level,
    }
}

const COUNTDOWN: &[Note] = &[note(440.0, 0.0, 0.2, 1.0)];
const GO: &[Note] = &[note(880.0, 0.0, 0.7, 1.0), note(1_320.0, 0.0, 0.5, 0.35)];
/// A fall, as of something lost.
const PENALTY: &[Note] = &[note(370.0, 0.0, 0.22, 0.9), note(277.0, 0.16, 0.4, 1.0)];
/// A rise to a chord.
const FINISH: &[Note] = &[
    note(523.3, 0.0, 0.4, 0.8),
    note(659.3, 0.12, 0.4, 0.8),
    note(784.0, 0.24, 0.5, 0.8),
    note(1_046.5, 0.36, 1.1, 1.0),
    note(784.0, 0.36, 1.0, 0.5),
];
/// Quiet, since it comes at any time.
const CHAT: &[Note] = &[note(1_175.0, 0.0, 0.12, 0.3), note(1_568.0, 0.07, 0.2, 0.3)];

/// The notes of a signal; none for a contact.
fn notes(kind: CueKind) -> &'static [Note] {
    match kind {
        CueKind::Countdown => COUNTDOWN,
        CueKind::Go => GO,
        CueKind::Penalty => PENALTY,
        CueKind::Finish => FINISH,
        CueKind::Chat => CHAT,
        CueKind::Contact => &[],
    }
}

fn seconds(kind: CueKind) -> f32 {
    let ends = notes(kind).iter().map(|note| note.at + note.seconds);
    ends.fold(CONTACT_SECONDS, f32::max)
}

/// The cues that are played.
#[derive(Debug)]
pub(super) struct CueVoices {
    voices: [Option<CueVoice>; VOICES],
    /// The number of cues so far, which makes no two contacts the same.
    count: u32,
}

impl CueVoices {
    pub(super) fn new() -> Self {
        Self {
            voices: [None; VOICES],
            count: 0,
        }
    }

    pub(super) fn play(&mut self, cue: Cue) {
        self.count = self.count.wrapping_add(1);
        if let Some(free) = self.voices.iter_mut().find(|voice| voice.is_none()) {
            *free = Some(CueVoice::new(cue, self.count));
        }
    }

    /// Ends all cues. Only for a mixer that is silent.
    pub(super) fn stop(&mut self) {
        self.voices = [None; VOICES];
    }

    /// Adds a block to the mix.
    pub(super) fn add(&mut self, gain: f32, mix: &mut [Block; 2]) {
        for place in &mut self.voices {
            if let Some(voice) = place
                && !voice.add(gain, mix)
            {
                *place = None;
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct CueVoice {
    kind: CueKind,
    level: f32,
    gains: [f32; 2],
    age_seconds: f32,
    noise: Noise,
    dull: LowPass,
    crunch: BandPass,
}

impl CueVoice {
    fn new(cue: Cue, seed: u32) -> Self {
        Self {
            kind: cue.kind,
            level: bounded(cue.level, 0.0, 1.0),
            gains: panned(cue.pan).map(|gain| gain * std::f32::consts::SQRT_2),
            age_seconds: 0.0,
            noise: Noise::new(seed),
            dull: LowPass::default(),
            crunch: BandPass::default(),
        }
    }

    /// Adds a block to the mix. Returns whether there is more to come.
    fn add(&mut self, gain: f32, mix: &mut [Block; 2]) -> bool {
        let cut = LowPass::coefficient(180.0 + 500.0 * self.level);
        let band = Band::new(700.0 + 900.0 * self.level, 0.8);
        let [left, right] = mix;
        for (left, right) in left.iter_mut().zip(right) {
            let sample = gain
                * match self.kind {
                    CueKind::Contact => self.contact(cut, &band),
                    CueKind::Countdown
                    | CueKind::Go
                    | CueKind::Penalty
                    | CueKind::Finish
                    | CueKind::Chat => self.signal(),
                };
            *left += sample * self.gains[0];
            *right += sample * self.gains[1];
            self.age_seconds += 1.0 / RATE;
        }
        self.age_seconds < seconds(self.kind)
    }

    /// Bells: sines whose overtones fade first.
    fn signal(&self) -> f32 {
        let mut sum = 0.0;
        for note in notes(self.kind) {
            let age = self.age_seconds - note.at;
            if !(0.0..note.seconds).contains(&age) {
                continue;
            }
            let rise = (age / RISE_SECONDS).min(1.0);
            let fall = ((note.seconds - age) / FALL_SECONDS).min(1.0);
            let fade = (-3.0 * age / note.seconds).exp();
            let angle = TAU * (note.hz * age).fract();
            let tone = angle.sin() + 0.3 * fade * (2.0 * angle).sin();
            sum += note.level * rise * fall * fade * tone;
        }
        sum * SIGNAL_GAIN * self.level
    }

    /// A thump that falls in pitch; what is hit harder also crunches.
    fn contact(&mut self, cut: f32, band: &Band) -> f32 {
        let age = self.age_seconds;
        let rise = (age / 0.002).min(1.0);
        let end = ((CONTACT_SECONDS - age) / FALL_SECONDS).clamp(0.0, 1.0);
        let noise = self.noise.next();
        // The phase of a sine whose frequency falls from 110 to 45 Hz.
        let turns = 45.0 * age + 65.0 * 0.05 * (1.0 - (-age / 0.05).exp());
        let body = (TAU * turns).sin() * (-age / 0.09).exp();
        let thud = self.dull.next(noise, cut) * 2.5 * (-age / 0.05).exp();
        let crunch = self.crunch.next(noise, band) * self.level * (-age / 0.08).exp();
        CONTACT_GAIN * self.level * rise * end * (0.5 * body + 0.6 * thud + 0.7 * crunch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::dsp::BLOCK;

    fn played(cue: Cue) -> Vec<f32> {
        let mut voices = CueVoices::new();
        voices.play(cue);
        let mut samples = Vec::new();
        for _ in 0..2_000 {
            let mut mix = [[0.0; BLOCK]; 2];
            voices.add(1.0, &mut mix);
            samples.extend(mix[0]);
        }
        samples
    }

    #[test]
    fn every_cue_is_heard_ends_and_does_not_click() {
        for kind in CueKind::ALL {
            let samples = played(Cue::signal(kind));
            let loudest = samples.iter().fold(0.0f32, |most, it| most.max(it.abs()));
            assert!((0.03..1.5).contains(&loudest), "{kind:?}: {loudest}");
            assert!(samples[..4].iter().all(|it| it.abs() < 0.05), "{kind:?}");
            let ends = (seconds(kind) * RATE) as usize;
            assert!(samples[ends - 4..].iter().all(|it| it.abs() < 1e-3));
            assert!(samples[ends + BLOCK..].iter().all(|it| *it == 0.0));
        }
    }

    #[test]
    fn a_harder_contact_is_louder() {
        let power = |level| {
            let samples = played(Cue {
                kind: CueKind::Contact,
                level,
                pan: 0.0,
            });
            samples.iter().map(|it| it * it).sum::<f32>()
        };
        assert!(power(0.9) > 4.0 * power(0.3));
    }
}
