//! Carries out the plan of the command line: logs in, then enters a room. It
//! takes one step at a time, as a player would, and leaves the rest to the
//! player after a rejection that a retry cannot resolve.

use std::time::{Duration, Instant};

use client_core::RaceClientState;
use client_core::protocol::account::Password;
use client_core::protocol::lobby::RoomSettings;
use client_core::protocol::{PlayerName, Rejection, RejectionCode, RoomName};
use domain::CarClass;

use crate::screens::Action;

/// Delay before a refused request is repeated.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// The account to log in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The player.
    pub name: PlayerName,
    /// The password.
    pub password: Password,
    /// Whether to create the account first.
    pub sign_up: bool,
}

/// The room to enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Take a seat.
    Join(RoomName),
    /// Create the room.
    Create(RoomName, RoomSettings),
    /// Enter as a spectator.
    Spectate(RoomName),
}

/// The state of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RequestState {
    /// To be sent at this time or later.
    Due(Instant),
    /// Sent and not yet answered.
    InFlight,
}

/// The state machine that carries out the plan.
#[derive(Debug)]
pub(super) struct Autopilot {
    login: Option<(Credentials, RequestState)>,
    goal: Option<(Goal, RequestState)>,
    /// The class of car in a created room.
    class: CarClass,
    status: Option<String>,
}

/// A step of the plan.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// An action that the player could take too.
    Act(Action),
    /// Enter a room as a spectator.
    Spectate(RoomName),
}

impl Autopilot {
    /// Makes the state machine of a plan.
    #[must_use]
    pub(super) fn new(
        credentials: Option<Credentials>,
        goal: Option<Goal>,
        class: CarClass,
        now: Instant,
    ) -> Self {
        let due = RequestState::Due(now);
        Self {
            login: credentials.map(|credentials| (credentials, due)),
            goal: goal.map(|goal| (goal, due)),
            class,
            status: None,
        }
    }

    /// Returns what the plan waits for, for display.
    #[must_use]
    pub(super) fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// Returns the next step, if one is due.
    pub(super) fn update(&mut self, state: &RaceClientState, now: Instant) -> Option<Step> {
        match state {
            RaceClientState::Offline(_) => {
                // Requests in flight were lost with the connection.
                self.repeat_requests(now);
                None
            }
            RaceClientState::Unauthenticated => {
                let (credentials, request) = self.login.as_mut()?;
                if !take_if_due(request, now) {
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
                let (goal, request) = self.goal.as_mut()?;
                if !take_if_due(request, now) {
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

    /// Handles a rejection. Returns whether the autopilot deals with it.
    pub(super) fn rejected(&mut self, rejection: &Rejection, now: Instant) -> bool {
        let again = RequestState::Due(now + RETRY_INTERVAL);
        let is_temporary = matches!(
            rejection.code,
            RejectionCode::Unavailable | RejectionCode::TooFast
        );
        if let Some((credentials, request @ RequestState::InFlight)) = &mut self.login {
            if rejection.code == RejectionCode::NameTaken && credentials.sign_up {
                credentials.sign_up = false;
                *request = RequestState::Due(now);
                return true;
            }
            if is_temporary {
                *request = again;
                self.status = Some(rejection.message.clone());
                return true;
            }
            self.login = None;
            return false;
        }
        let Some((goal, request @ RequestState::InFlight)) = &mut self.goal else {
            return false;
        };
        match (goal, rejection.code) {
            (Goal::Join(room) | Goal::Spectate(room), RejectionCode::RoomMissing) => {
                *request = again;
                self.status = Some(format!("waiting for the room {room} to be created"));
                true
            }
            _ if is_temporary => {
                *request = again;
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

    fn repeat_requests(&mut self, now: Instant) {
        let login = self.login.as_mut().map(|(_, request)| request);
        let goal = self.goal.as_mut().map(|(_, request)| request);
        for request in login.into_iter().chain(goal) {
            if *request == RequestState::InFlight {
                *request = RequestState::Due(now);
            }
        }
    }
}

fn take_if_due(request: &mut RequestState, now: Instant) -> bool {
    match request {
        RequestState::Due(at) if *at <= now => {
            *request = RequestState::InFlight;
            true
        }
        RequestState::Due(_) | RequestState::InFlight => false,
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
    fn requests_a_missing_room_twice_a_second_until_it_exists() {
        let start = Instant::now();
        let room = RoomName::parse("friday").unwrap();
        let mut autopilot = autopilot(Some(Goal::Join(room)), start);
        let mut requests = 0;
        for tenth in 0..20_u32 {
            let now = start + Duration::from_millis(100) * tenth;
            if autopilot.update(&RaceClientState::Lobby, now).is_some() {
                requests += 1;
                assert!(autopilot.rejected(&rejection(RejectionCode::RoomMissing), now));
            }
        }
        assert_eq!(requests, 4);
        assert!(
            autopilot
                .status()
                .is_some_and(|text| text.contains("friday"))
        );
        assert!(!autopilot.rejected(&rejection(RejectionCode::RoomFull), start));
    }

    #[test]
    fn repeats_its_request_after_a_lost_connection() {
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
