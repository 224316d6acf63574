//! The audio device. A client without one is silent, and otherwise the same.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use sdl2::Sdl;
use sdl2::audio::{AudioCallback, AudioDevice, AudioSpecDesired};

use crate::app::App;
use crate::sound::{CHANNELS, Cues, Mixer, SAMPLE_RATE_HZ, SoundFrame};

/// Frames in the device's buffer: 21 ms. Half of it crackles while a build keeps the
/// machine busy; twice of it is heard as a delay.
const BUFFER_FRAMES: u16 = 1_024;

/// The sound of a client. The default is silent.
#[derive(Default)]
pub(super) struct Audio {
    playback: Option<Playback>,
}

struct Playback {
    mailbox: Arc<Mutex<Mailbox>>,
    // Plays until it is dropped.
    _device: AudioDevice<Player>,
}

/// What the device's thread has not taken yet.
#[derive(Default)]
struct Mailbox {
    frame: Option<SoundFrame>,
    cues: Cues,
}

/// The device's side.
struct Player {
    mailbox: Arc<Mutex<Mailbox>>,
    mixer: Mixer,
}

impl Audio {
    /// Opens the default device, unless sound is not wanted. Without a device there is
    /// a line in the log and no sound.
    pub(super) fn open(sdl: &Sdl, is_wanted: bool) -> Self {
        if !is_wanted {
            return Self::default();
        }
        match Playback::open(sdl) {
            Ok(playback) => Self {
                playback: Some(playback),
            },
            Err(problem) => {
                tracing::info!(problem, "no audio device, there is no sound");
                Self::default()
            }
        }
    }

    /// Plays what is heard of a client at `now`.
    pub(super) fn follow(&mut self, app: &mut App, now: Instant) {
        let Some(playback) = &self.playback else {
            return;
        };
        let (frame, cues) = app.hear(now);
        // Only a panic on the device's thread poisons the lock: it plays no more.
        if let Ok(mut mailbox) = playback.mailbox.lock() {
            mailbox.frame = Some(frame);
            mailbox.cues.extend(cues);
        }
    }
}

impl Playback {
    fn open(sdl: &Sdl) -> Result<Self, String> {
        let audio = sdl.audio()?;
        let desired = AudioSpecDesired {
            freq: Some(SAMPLE_RATE_HZ as i32),
            channels: Some(CHANNELS as u8),
            samples: Some(BUFFER_FRAMES),
        };
        let mailbox = Arc::new(Mutex::new(Mailbox::default()));
        let player = Player {
            mailbox: Arc::clone(&mailbox),
            mixer: Mixer::new(),
        };
        // SDL converts to what the device takes.
        let device = audio.open_playback(None, &desired, |_| player)?;
        device.resume();
        tracing::info!(driver = audio.current_audio_driver(), "audio is open");
        Ok(Self {
            mailbox,
            _device: device,
        })
    }
}

impl AudioCallback for Player {
    type Channel = f32;

    fn callback(&mut self, samples: &mut [f32]) {
        // The device waits for nobody: what it misses it gets with the next buffer.
        if let Ok(mut mailbox) = self.mailbox.try_lock() {
            if let Some(frame) = mailbox.frame.take() {
                self.mixer.set(&frame);
            }
            for cue in mailbox.cues.take() {
                self.mixer.play(cue);
            }
        }
        self.mixer.render(samples);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::app::Plan;
    use crate::sound::CueKind;

    #[test]
    fn no_device_is_no_error() {
        sdl2::hint::set("SDL_AUDIODRIVER", "there-is-no-such-driver");
        let sdl = sdl2::init().unwrap();
        let now = Instant::now();
        let mut audio = Audio::open(&sdl, true);
        assert!(audio.playback.is_none());
        audio.follow(&mut App::new(Plan::default(), now), now);
    }

    #[test]
    fn a_device_takes_frames_and_cues() {
        sdl2::hint::set("SDL_AUDIODRIVER", "dummy");
        let sdl = sdl2::init().unwrap();
        let mut audio = Audio::open(&sdl, true);
        let mut app = App::new(Plan::default(), Instant::now());
        app.play(CueKind::Chat);
        audio.follow(&mut app, Instant::now());
        let mailbox = Arc::clone(&audio.playback.as_ref().unwrap().mailbox);
        let deadline = Instant::now() + Duration::from_secs(20);
        while mailbox.lock().unwrap().frame.is_some() {
            assert!(Instant::now() < deadline, "the device takes nothing");
            std::thread::yield_now();
        }
        assert_eq!(mailbox.lock().unwrap().cues.take().count(), 0);
    }

    #[test]
    fn sound_that_is_not_wanted_opens_nothing() {
        sdl2::hint::set("SDL_AUDIODRIVER", "dummy");
        let sdl = sdl2::init().unwrap();
        assert!(Audio::open(&sdl, false).playback.is_none());
    }
}
