//! What is to be heard of a race, from frame to frame.

use domain::{SEATS_MAX, Vec2};

use super::cue::{Cue, CueKind, Cues};
use super::frame::{Bed, EngineSound, SoundFrame};
use super::listener::{Heard, Listener};
use super::motion::{Motion, Moves};
use super::surroundings::{self, Surroundings};
use crate::scene::{RaceScene, SceneCar};

/// Level of another car beside the own one, which is heard in full.
const OTHER_LEVEL: f32 = 0.6;
/// Share of its level that a ghost keeps.
const GHOST_LEVEL: f32 = 0.5;
/// Speed at which wind and ground are loudest, m/s; also that at which their tone
/// is brightest.
const SPEED_FAST_MPS: f64 = 80.0;
/// Speed at which gravel is loudest.
const GRAVEL_FAST_MPS: f64 = 18.0;
/// Differences of speed from which, and at which most, a car that passes is heard.
const PASSING_MPS: [f64; 2] = [3.0, 30.0];
/// Distance at which a car that passes is half as loud, m.
const PASSING_M: f64 = 5.0;
/// Length of one colour of a kerb, m.
const KERB_STRIPE_M: f64 = 1.5;
/// Seconds before the start that are counted.
const COUNTED: [f64; 3] = [3.0, 2.0, 1.0];
/// Level below which a contact is not worth a cue.
const CONTACT_LEVEL_MIN: f32 = 0.02;
/// The direction to the right of the picture, which has north up.
const RIGHT: Vec2 = Vec2::new(1.0, 0.0);

/// The state of what is heard, between frames.
#[derive(Debug, Default)]
pub struct SoundScape {
    motions: [Motion; SEATS_MAX],
    before: Option<Before>,
    cues: Cues,
}

/// What signals depend on, in the frame before.
#[derive(Clone, Copy, Debug)]
struct Before {
    seconds_to_start: f64,
    own_penalty_metres: Option<u32>,
    is_finished: bool,
}

impl SoundScape {
    /// Advances by `seconds`, after which the race is as given; `None` outside a
    /// race. `throttle` is the player's, 0 to 1. Returns what is heard, at the
    /// default volumes.
    pub fn update(&mut self, scene: Option<&RaceScene>, throttle: f32, seconds: f64) -> SoundFrame {
        let Some((scene, followed)) = scene.and_then(|scene| Some((scene, scene.followed()?)))
        else {
            self.motions = Default::default();
            self.before = None;
            return SoundFrame::default();
        };
        self.signal(scene, followed);
        let listener = Listener {
            position: followed.view.position,
            velocity: followed.velocity,
            right: RIGHT,
        };
        let mut beds = Beds::default();
        let mut frame = SoundFrame::default();
        for car in &scene.cars {
            let seat = usize::from(car.view.seat);
            let Some(motion) = self.motions.get_mut(seat) else {
                continue;
            };
            let is_followed = car.view.seat == followed.view.seat;
            let heard = hear(&listener, car, is_followed);
            let around = surroundings::of(scene, car);
            let throttle = (car.view.is_own && !car.view.is_ghost).then_some(throttle);
            let moves = motion.update(car, throttle, around.may_touch, seconds);
            frame.engines[seat] = engine(car, &heard, &moves);
            beds.ground(car, &heard, &moves, around);
            let contact = moves.contact * heard.level;
            if contact > CONTACT_LEVEL_MIN {
                self.cues.push(Cue {
                    kind: CueKind::Contact,
                    level: contact,
                    pan: heard.pan,
                });
            }
            if !is_followed && !car.view.is_ghost {
                beds.pass(&listener, car.view.position, car.velocity);
            }
        }
        for car in &scene.traffic {
            let velocity = Vec2::from_heading(car.heading) * car.speed_mps;
            beds.pass(&listener, car.position, velocity);
        }
        beds.into_frame(&mut frame);
        wind(scene, followed, &mut frame);
        frame
    }

    /// Takes the cues since the last call.
    pub fn take_cues(&mut self) -> impl Iterator<Item = Cue> + use<> {
        self.cues.take()
    }

    /// Adds the signals that are due: countdown, go, penalty, finish.
    fn signal(&mut self, scene: &RaceScene, followed: &SceneCar) {
        let own = scene.lines.iter().find(|line| line.is_own);
        let dash = scene.dash.as_ref().filter(|_| followed.view.is_own);
        let now = Before {
            seconds_to_start: scene.seconds_to_start,
            own_penalty_metres: own.map(|line| line.penalty_metres),
            is_finished: dash.is_some_and(|dash| dash.is_finished),
        };
        let Some(before) = self.before.replace(now) else {
            return;
        };
        let passes =
            |second: f64| before.seconds_to_start > second && now.seconds_to_start <= second;
        if passes(0.0) {
            self.cues.push(Cue::signal(CueKind::Go));
        } else if COUNTED.into_iter().any(passes) {
            self.cues.push(Cue::signal(CueKind::Countdown));
        }
        if let (Some(before), Some(now)) = (before.own_penalty_metres, now.own_penalty_metres)
            && now > before
        {
            self.cues.push(Cue::signal(CueKind::Penalty));
        }
        if now.is_finished && !before.is_finished {
            self.cues.push(Cue::signal(CueKind::Finish));
        }
    }
}

fn hear(listener: &Listener, car: &SceneCar, is_followed: bool) -> Heard {
    let mut heard = listener.hear(car.view.position, car.velocity);
    if !is_followed {
        heard.level *= OTHER_LEVEL;
    }
    if car.view.is_ghost {
        heard.level *= GHOST_LEVEL;
    }
    heard
}

fn engine(car: &SceneCar, heard: &Heard, moves: &Moves) -> EngineSound {
    EngineSound {
        class: car.view.class,
        level: heard.level,
        pan: heard.pan,
        cycle_hz: moves.cycle_hz * heard.pitch,
        load: moves.load,
        clarity: heard.clarity,
    }
}

fn wind(scene: &RaceScene, followed: &SceneCar, frame: &mut SoundFrame) {
    let share = (followed.view.speed_mps / SPEED_FAST_MPS).min(1.0) as f32;
    frame.wind = Bed {
        left: share * share,
        right: share * share,
        tone: share,
    };
    frame.slipstream = surroundings::slipstream(scene, followed);
}

/// The sums of the beds. Independent noises add up by their power.
#[derive(Debug, Default)]
struct Beds {
    skid: Sum,
    gravel: Sum,
    kerb: Sum,
    kerb_hz: f64,
    passing: Sum,
}

impl Beds {
    /// Adds what the wheels of a car do on the ground.
    fn ground(&mut self, car: &SceneCar, heard: &Heard, moves: &Moves, around: Surroundings) {
        let speed = car.view.speed_mps;
        let tone = (speed / SPEED_FAST_MPS) as f32;
        self.skid.add(heard, moves.skid, moves.skid);
        if car.view.is_off_road {
            let level = (speed / GRAVEL_FAST_MPS).min(1.0) as f32;
            self.gravel.add(heard, level, tone);
        } else if around.is_on_kerb {
            let level = (speed / SPEED_FAST_MPS).sqrt().min(1.0) as f32;
            // The nearest car gives the rhythm.
            if level * heard.level > self.kerb.loudest {
                self.kerb_hz = speed / KERB_STRIPE_M;
            }
            self.kerb.add(heard, level, tone);
        }
    }

    /// Adds the air of a car that passes the listener.
    fn pass(&mut self, listener: &Listener, position: Vec2, velocity: Vec2) {
        let difference = (velocity - listener.velocity).length() - PASSING_MPS[0];
        let share = (difference / (PASSING_MPS[1] - PASSING_MPS[0])).clamp(0.0, 1.0) as f32;
        let distance = (position - listener.position).length();
        let near = 1.0 / (1.0 + (distance / PASSING_M).powi(2));
        let heard = Heard {
            level: near as f32,
            ..listener.hear(position, velocity)
        };
        self.passing.add(&heard, share, share);
    }

    fn into_frame(self, frame: &mut SoundFrame) {
        frame.skid = self.skid.bed();
        frame.gravel = self.gravel.bed();
        frame.kerb = self.kerb.bed();
        frame.kerb_hz = self.kerb_hz as f32;
        frame.passing = self.passing.bed();
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    left: f32,
    right: f32,
    tone: f32,
    weight: f32,
    loudest: f32,
}

impl Sum {
    fn add(&mut self, heard: &Heard, level: f32, tone: f32) {
        let level = level * heard.level;
        let [left, right] = heard.gains();
        self.left += (level * left).powi(2);
        self.right += (level * right).powi(2);
        self.tone += level * tone;
        self.weight += level;
        self.loudest = self.loudest.max(level);
    }

    fn bed(self) -> Bed {
        Bed {
            left: self.left.sqrt(),
            right: self.right.sqrt(),
            tone: self.tone / self.weight.max(1e-6),
        }
    }
}

#[cfg(test)]
mod tests;
