//! Penalties, which are shown above the car for a moment.

use client_core::race::room::LeaderboardLine;

/// Time for which a penalty is shown.
const SHOWN_SECONDS: f64 = 1.8;

/// A penalty and its age.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalty {
    /// The seat.
    pub seat: u8,
    /// The metres that it costs.
    pub metres: u32,
    age_seconds: f64,
}

impl Penalty {
    /// Returns the age as a share of the time for which it is shown.
    #[must_use]
    pub fn share(&self) -> f32 {
        (self.age_seconds / SHOWN_SECONDS) as f32
    }
}

/// The penalties that are shown. They come from the scores in snapshots, since a
/// predicted penalty may turn out wrong.
#[derive(Clone, Debug, Default)]
pub struct Penalties {
    /// The sum of penalties of each seat in the latest update.
    known: Vec<(u8, u32)>,
    shown: Vec<Penalty>,
}

impl Penalties {
    /// Advances by `seconds`, after which the scores are as given.
    pub fn update(&mut self, lines: &[LeaderboardLine], seconds: f64) {
        for penalty in &mut self.shown {
            penalty.age_seconds += seconds;
        }
        self.shown
            .retain(|penalty| penalty.age_seconds < SHOWN_SECONDS);
        for line in lines {
            let known = self.known.iter_mut().find(|(seat, _)| *seat == line.seat);
            let Some((seat, before)) = known else {
                self.known.push((line.seat, line.penalty_metres));
                continue;
            };
            if line.penalty_metres > *before {
                self.shown.push(Penalty {
                    seat: *seat,
                    metres: line.penalty_metres - *before,
                    age_seconds: 0.0,
                });
            }
            *before = line.penalty_metres;
        }
    }

    /// Returns the penalties that are shown, oldest first.
    pub fn shown(&self) -> impl Iterator<Item = &Penalty> {
        self.shown.iter()
    }
}

#[cfg(test)]
mod tests {
    use client_core::protocol::PlayerName;

    use super::*;

    fn line(seat: u8, penalty_metres: u32) -> LeaderboardLine {
        LeaderboardLine {
            rank: 1,
            seat,
            player: PlayerName::parse("p").unwrap(),
            score: 0,
            penalty_metres,
            laps: 0,
            is_connected: true,
            is_ai: false,
            is_finished: false,
            is_own: false,
        }
    }

    #[test]
    fn shows_a_new_penalty_for_a_moment_and_no_earlier_one() {
        let mut penalties = Penalties::default();
        penalties.update(&[line(0, 300), line(1, 0)], 0.016);
        assert_eq!(penalties.shown().count(), 0);
        penalties.update(&[line(0, 300), line(1, 100)], 0.016);
        penalties.update(&[line(0, 1_300), line(1, 100)], 0.016);
        let shown: Vec<_> = penalties.shown().map(|it| (it.seat, it.metres)).collect();
        assert_eq!(shown, [(1, 100), (0, 1_000)]);
        penalties.update(&[line(0, 1_300), line(1, 100)], SHOWN_SECONDS);
        assert_eq!(penalties.shown().count(), 0);
    }
}
