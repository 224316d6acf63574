//! Sounds that are played once.

/// The most cues between two blocks: a crash of all cars at the start.
const CUES_MAX: usize = 16;

/// A sound that is played once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cue {
    /// The sound.
    pub kind: CueKind,
    /// Level, 0 to 1.
    pub level: f32,
    /// Position from −1 (left) to 1 (right).
    pub pan: f32,
}

/// The sounds that are played once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CueKind {
    /// A second of the countdown passes.
    Countdown,
    /// The race begins.
    Go,
    /// The own car has a penalty.
    Penalty,
    /// The own car has finished.
    Finish,
    /// A line of chat arrived.
    Chat,
    /// A car hit a car or a wall; its level is the impulse.
    Contact,
}

impl CueKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Countdown,
        Self::Go,
        Self::Penalty,
        Self::Finish,
        Self::Chat,
        Self::Contact,
    ];
}

impl Cue {
    /// Makes a signal for the player: in the middle, at its full level.
    #[must_use]
    pub const fn signal(kind: CueKind) -> Self {
        Self {
            kind,
            level: 1.0,
            pan: 0.0,
        }
    }
}

/// Cues that wait to be played, at most 16; more are dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cues {
    waiting: [Option<Cue>; CUES_MAX],
    len: usize,
}

impl Cues {
    /// Adds a cue.
    pub fn push(&mut self, cue: Cue) {
        if let Some(place) = self.waiting.get_mut(self.len) {
            *place = Some(cue);
            self.len += 1;
        }
    }

    /// Takes all cues, in order.
    pub fn take(&mut self) -> impl Iterator<Item = Cue> + use<> {
        std::mem::take(self).waiting.into_iter().flatten()
    }
}

impl Extend<Cue> for Cues {
    fn extend<T: IntoIterator<Item = Cue>>(&mut self, cues: T) {
        for cue in cues {
            self.push(cue);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_cues_than_fit_are_dropped() {
        let mut cues = Cues::default();
        cues.extend((0..50).map(|_| Cue::signal(CueKind::Chat)));
        assert_eq!(cues.take().count(), CUES_MAX);
        assert_eq!(cues.take().count(), 0);
    }
}
