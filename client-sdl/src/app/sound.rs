//! What is heard of the client.

use std::time::{Duration, Instant};

use client_core::Notice;

use super::App;
use crate::screens::Screen;
use crate::sound::{Cue, CueKind, Cues, SoundFrame, SoundScape, Volumes};

/// The state of what is heard.
#[derive(Debug, Default)]
pub(super) struct AppSound {
    scape: SoundScape,
    cues: Cues,
    heard_at: Option<Instant>,
}

impl App {
    /// Returns the volumes.
    #[must_use]
    pub fn volumes(&self) -> Volumes {
        self.settings().sound.volumes()
    }

    /// Mutes the sound, or makes it heard again, and says so.
    pub fn toggle_mute(&mut self, now: Instant) {
        let mut settings = self.settings().clone();
        let is_muted = !settings.sound.is_muted;
        settings.sound.is_muted = is_muted;
        self.change_settings(settings);
        let text = if is_muted {
            "sound is off"
        } else {
            "sound is on"
        };
        self.notices.push(Notice::info(text), now);
    }

    /// Plays a signal.
    pub fn play(&mut self, kind: CueKind) {
        self.sound.cues.push(Cue::signal(kind));
    }

    /// Returns what is heard at `now`, until the next call, and the cues to play
    /// once. A race that waits for its connection is silent.
    pub fn hear(&mut self, now: Instant) -> (SoundFrame, impl Iterator<Item = Cue> + use<>) {
        let volumes = self.volumes();
        let throttle = f32::from(self.controls().throttle) / f32::from(u8::MAX);
        let since = self.sound.heard_at.replace(now);
        let elapsed = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let scene = match &self.screen {
            Screen::Race(race) if !race.is_connection_lost() => race.scene.as_ref(),
            Screen::Race(_)
            | Screen::Offline
            | Screen::Login(_)
            | Screen::Lobby(_)
            | Screen::Create(_)
            | Screen::Settings(_)
            | Screen::Waiting
            | Screen::Result
            | Screen::Ended => None,
        };
        let sound = &mut self.sound;
        let mut frame = sound.scape.update(scene, throttle, elapsed.as_secs_f64());
        frame.volumes = volumes;
        let cues = sound.scape.take_cues().chain(sound.cues.take());
        (frame, cues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Plan;
    use crate::area::Area;
    use crate::input::{Command, UiEvent};

    #[test]
    fn mute_says_so_and_keeps_the_volumes() {
        let now = Instant::now();
        let mut app = App::new(Plan::default(), now);
        let before = app.volumes();
        app.handle(&UiEvent::Command(Command::Mute), Area::default(), now);
        assert!(app.hear(now).0.volumes.is_muted);
        assert_eq!(app.notices().history().last(), Some("sound is off"));
        app.toggle_mute(now);
        assert_eq!(app.volumes(), before);
    }

    #[test]
    fn a_signal_is_played_once() {
        let now = Instant::now();
        let mut app = App::new(Plan::default(), now);
        app.play(CueKind::Chat);
        let cues: Vec<_> = app.hear(now).1.collect();
        assert_eq!(cues, [Cue::signal(CueKind::Chat)]);
        assert_eq!(app.hear(now).1.count(), 0);
    }
}
