//! The form for a new room.

use client_core::protocol::client::room_name;
use client_core::protocol::limits::{
    LAPS_DEFAULT, LAPS_MAX, ROOM_NAME_CHARS_MAX, SEATS_DEFAULT, SEATS_MAX,
};
use client_core::protocol::lobby::{Mode, RoomSettings};
use client_core::simulation::Track;

use super::Action;
use crate::form::{Field, Form, FormLayout, FormOutcome};
use crate::input::{Key, UiEvent};

const NAME: usize = 0;
const SEATS: usize = 1;
const LAPS: usize = 2;
const TRACK: usize = 3;
const CREATE: usize = 0;
/// Enough for any number that is allowed, and for one that is not.
const DIGITS_MAX: usize = 4;
/// More than a name may have, so that one too long is seen and explained.
const NAME_CHARS_TYPED_MAX: usize = 2 * ROOM_NAME_CHARS_MAX;

/// The form for a new room.
#[derive(Debug)]
pub struct CreateScreen {
    /// Name, seats, laps, track; create, back.
    pub form: Form,
    /// Why it did not work.
    pub error: Option<String>,
}

impl CreateScreen {
    /// Top of the panel, points.
    const TOP: f32 = 130.0;

    /// With a room name made of the player's.
    #[must_use]
    pub fn new(user: &str) -> Self {
        let tracks = Track::names()
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        let name = if user.is_empty() {
            "race".to_owned()
        } else {
            format!("{user}-race")
        };
        let fields = vec![
            Field::text(
                "Room name",
                format!("1 to {ROOM_NAME_CHARS_MAX} of A-Z a-z 0-9 _ -"),
                &name,
                NAME_CHARS_TYPED_MAX,
            ),
            Field::text(
                "Seats",
                format!("1 to {SEATS_MAX}; the race starts when all are taken"),
                &SEATS_DEFAULT.to_string(),
                DIGITS_MAX,
            ),
            Field::text(
                "Laps",
                format!("1 to {LAPS_MAX}"),
                &LAPS_DEFAULT.to_string(),
                DIGITS_MAX,
            ),
            Field::choice("Track", "left and right arrows choose", tracks),
        ];
        Self {
            form: Form::new(fields, vec!["Create", "Back"]),
            error: None,
        }
    }

    /// Where it is drawn.
    #[must_use]
    pub fn layout(&self, width: f32) -> FormLayout {
        FormLayout::new(width, Self::TOP, &self.form)
    }

    pub(super) fn handle(&mut self, event: &UiEvent, width: f32) -> Option<Action> {
        if *event == UiEvent::Key(Key::Escape) {
            return Some(Action::CloseCreate);
        }
        let layout = self.layout(width);
        match self.form.handle(event, &layout) {
            FormOutcome::Nothing => None,
            FormOutcome::Edited => {
                self.error = None;
                None
            }
            FormOutcome::Pressed(CREATE) => match self.parse() {
                Ok((name, settings)) => Some(Action::Create(name, settings)),
                Err(sentence) => {
                    self.error = Some(sentence);
                    None
                }
            },
            FormOutcome::Pressed(_) => Some(Action::CloseCreate),
        }
    }

    fn parse(&self) -> Result<(String, RoomSettings), String> {
        let name = room_name(self.form.value(NAME)).map_err(|rejection| rejection.message)?;
        let number = |field: usize, what: &str, max: usize| {
            let text = self.form.value(field);
            let number = text.parse::<u16>().ok();
            number
                .filter(|number| (1..=max).contains(&usize::from(*number)))
                .ok_or_else(|| format!("{what} is a number from 1 to {max}, not {text:?}"))
        };
        let seats = number(SEATS, "seats", SEATS_MAX)?;
        let laps = number(LAPS, "laps", usize::from(LAPS_MAX))?;
        let settings = RoomSettings {
            seats: seats as u8,
            mode: Mode::Circuit,
            track: self.form.value(TRACK).to_owned(),
            laps,
        };
        Ok((name.as_str().to_owned(), settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submit(name: &str, seats: &str, laps: &str) -> (Option<Action>, Option<String>) {
        let mut screen = CreateScreen::new("Ada");
        for (field, text) in [(NAME, name), (SEATS, seats), (LAPS, laps)] {
            screen.form.fields[field].value = text.to_owned();
        }
        (
            screen.handle(&UiEvent::Key(Key::Enter), 1280.0),
            screen.error,
        )
    }

    #[test]
    fn creates_the_room_that_was_described() {
        let (action, _) = submit("friday", "4", "12");
        let Some(Action::Create(name, settings)) = action else {
            panic!("{action:?}")
        };
        assert_eq!(
            (name.as_str(), settings.seats, settings.laps),
            ("friday", 4, 12)
        );
        assert_eq!(settings.track, Track::names()[0]);
    }

    #[test]
    fn explains_values_that_are_not_allowed() {
        let cases = [
            ("", "2", "3", "1 to 24 characters"),
            ("r", "17", "3", "seats is a number from 1 to 16, not \"17\""),
            (
                "r",
                "2",
                "100",
                "laps is a number from 1 to 99, not \"100\"",
            ),
            (
                "r",
                "two",
                "3",
                "seats is a number from 1 to 16, not \"two\"",
            ),
        ];
        for (name, seats, laps, expected) in cases {
            let (action, error) = submit(name, seats, laps);
            assert_eq!(action, None);
            assert!(
                error.is_some_and(|text| text.contains(expected)),
                "{expected}"
            );
        }
    }

    #[test]
    fn escape_and_back_go_to_the_lobby() {
        let mut screen = CreateScreen::new("Ada");
        let escape = UiEvent::Key(Key::Escape);
        assert_eq!(screen.handle(&escape, 1280.0), Some(Action::CloseCreate));
        screen.form.focus = 5;
        let enter = UiEvent::Key(Key::Enter);
        assert_eq!(screen.handle(&enter, 1280.0), Some(Action::CloseCreate));
    }
}
