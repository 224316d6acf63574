//! What the command line asks to be done without a person: log in, then enter
//! a room. It does what a person would do, one step at a time, and hands over
//! when something is refused that trying again does not mend.

use std::time::{Duration, Instant};

use client_core::RaceClientState;
use client_core::protocol::account::Password;
use client_core::protocol::lobby::RoomSettings;
use client_core::protocol::{PlayerName, Rejection, RejectionCode, RoomName};
use domain::CarClass;

use crate::screens::Action;

/// How long to wait before asking the same again.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// Who to log in as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The player.
    pub name: PlayerName,
    /// The proof.
    pub password: Password,
    /// Whether to make the account first.
    pub sign_up: bool,
}

/// Which room to enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Take a seat.
    Join(RoomName),
    /// Make it.
    Create(RoomName, RoomSettings),
    /// Watch it.
    Spectate(RoomName),
}

/// Where one request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// To be asked from this time on.
    Due(Instant),
    /// Asked; no answer yet.
    Asked,
}

/// The machine that carries out the command line.
#[derive(Debug)]
pub(super) struct Autopilot {
    login: Option<(Credentials, Progress)>,
    goal: Option<(Goal, Progress)>,
    /// What to drive in a room that is made.
    class: CarClass,
    status: Option<String>,
}

/// What the autopilot wants to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// What a person could do too.
    Act(Action),
    /// Watch a room.
    Spectate(RoomName),
}

impl Autopilot {
    /// For what was asked.
    #[must_use]
    pub(super) fn new(
        credentials: Option<Credentials>,
        goal: Option<Goal>,
        class: CarClass,
        now: Instant,
    ) -> Self {
        let due = Progress::Due(now);
        Self {
            login: credentials.map(|credentials| (credentials, due)),
            goal: goal.map(|goal| (goal, due)),
            class,
            status: None,
        }
    }

    /// What it is waiting for, for the person who watches.
    #[must_use]
    pub(super) fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// The next step, when one is due.
    pub(super) fn update(&mut self, state: &RaceClientState, now: Instant) -> Option<Step> {
        match state {
            RaceClientState::Offline(_) => {
                // What was asked was lost with the connection.
                self.ask_again(now);
                None
            }
            RaceClientState::Unauthenticated => {
                let (credentials, progress) = self.login.as_mut()?;
                if !take_if_due(progress, now) {
                    return None;
                }
                let name = credentials.name.to_string();
                let password = credentials.password.clone();
                Some(Step::Act(if credentials.sign_up {
                    Action::SignUp(name, password)
                } else {
                    Action::LogIn(name, password)
                }))
            }
            RaceClientState::Lobby => {
                self.login = None;
                let (goal, progress) = self.goal.as_mut()?;
                if !take_if_due(progress, now) {
                    return None;
                }
                Some(match goal {
                    Goal::Join(room) => Step::Act(Action::Join(room.to_string())),
                    Goal::Create(room, settings) => {
                        let settings = settings.clone();
                        Step::Act(Action::Create(room.to_string(), settings, self.class))
                    }
                    Goal::Spectate(room) => Step::Spectate(room.clone()),
                })
            }
            RaceClientState::Room(_) | RaceClientState::Result(_) | RaceClientState::Ended(_) => {
                self.login = None;
                self.goal = None;
                self.status = None;
                None
            }
        }
    }

    /// Something was refused. Gives whether the autopilot deals with it.
    pub(super) fn rejected(&mut self, rejection: &Rejection, now: Instant) -> bool {
        let again = Progress::Due(now + RETRY_INTERVAL);
        let is_passing = matches!(
            rejection.code,
            RejectionCode::Unavailable | RejectionCode::TooFast
        );
        if let Some((credentials, progress @ Progress::Asked)) = &mut self.login {
            if rejection.code == RejectionCode::NameTaken && credentials.sign_up {
                credentials.sign_up = false;
                *progress = Progress::Due(now);
                return true;
            }
            if is_passing {
                *progress = again;
                self.status = Some(rejection.message.clone());
                return true;
            }
            self.login = None;
            return false;
        }
        let Some((goal, progress @ Progress::Asked)) = &mut self.goal else {
            return false;
        };
        match (goal, rejection.code) {
            (Goal::Join(room) | Goal::Spectate(room), RejectionCode::RoomMissing) => {
                *progress = again;
                self.status = Some(format!("waiting for the room {room} to be created"));
                true
            }
            _ if is_passing => {
                *progress = again;
                self.status = Some(rejection.message.clone());
                true
            }
            _ => {
                self.goal = None;
                self.status = None;
                false
            }
        }
    }

    fn ask_again(&mut self, now: Instant) {
        let login = self.login.as_mut().map(|(_, progress)| progress);
        let goal = self.goal.as_mut().map(|(_, progress)| progress);
        for progress in login.into_iter().chain(goal) {
            if *progress == Progress::Asked {
                *progress = Progress::Due(now);
            }
        }
    }
}

fn take_if_due(progress: &mut Progress, now: Instant) -> bool {
    match progress {
        Progress::Due(at) if *at <= now => {
            *progress = Progress::Asked;
            true
        }
        Progress::Due(_) | Progress::Asked => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn autopilot(goal: Option<Goal>, now: Instant) -> Autopilot {
        let credentials = Credentials {
            name: PlayerName::parse("Ada").unwrap(),
            password: Password::new("secret1"),
            sign_up: true,
        };
        Autopilot::new(Some(credentials), goal, CarClass::Grip, now)
    }

    fn rejection(code: RejectionCode) -> Rejection {
        Rejection::new(code, "no")
    }

    #[test]
    fn logs_in_when_the_name_is_taken_already() {
        let now = Instant::now();
        let mut autopilot = autopilot(None, now);
        let step = autopilot.update(&RaceClientState::Unauthenticated, now);
        assert!(matches!(step, Some(Step::Act(Action::SignUp(..)))));
        assert_eq!(
            autopilot.update(&RaceClientState::Unauthenticated, now),
            None
        );
        assert!(autopilot.rejected(&rejection(RejectionCode::NameTaken), now));
        let step = autopilot.update(&RaceClientState::Unauthenticated, now);
        assert!(matches!(step, Some(Step::Act(Action::LogIn(..)))));
        assert!(!autopilot.rejected(&rejection(RejectionCode::WrongCredentials), now));
        assert_eq!(
            autopilot.update(&RaceClientState::Unauthenticated, now),
            None
        );
    }

    #[test]
    fn asks_for_a_missing_room_twice_a_second_until_it_is_there() {
        let start = Instant::now();
        let room = RoomName::parse("friday").unwrap();
        let mut autopilot = autopilot(Some(Goal::Join(room)), start);
        let mut asked = 0;
        for tenth in 0..20_u32 {
            let now = start + Duration::from_millis(100) * tenth;
            if autopilot.update(&RaceClientState::Lobby, now).is_some() {
                asked += 1;
                assert!(autopilot.rejected(&rejection(RejectionCode::RoomMissing), now));
            }
        }
        assert_eq!(asked, 4);
        assert!(
            autopilot
                .status()
                .is_some_and(|text| text.contains("friday"))
        );
        assert!(!autopilot.rejected(&rejection(RejectionCode::RoomFull), start));
    }

    #[test]
    fn asks_again_after_a_lost_connection() {
        let now = Instant::now();
        let mut autopilot = autopilot(None, now);
        assert!(
            autopilot
                .update(&RaceClientState::Unauthenticated, now)
                .is_some()
        );
        autopilot.update(&RaceClientState::Offline(None), now);
        assert!(
            autopilot
                .update(&RaceClientState::Unauthenticated, now)
                .is_some()
        );
    }
}
