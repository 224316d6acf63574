//! The form for a new room.

use client_core::protocol::client::room_name;
use client_core::protocol::limits::{LAPS_DEFAULT, LAPS_MAX, ROOM_NAME_CHARS_MAX, SEATS_DEFAULT};
use client_core::protocol::lobby::RoomSettings;
use client_core::simulation::Track;
use domain::{CarClass, Mode, SEATS_MAX, TARGET_METRES_DEFAULT, TARGET_METRES_MAX};

use super::{Action, ScreenContext};
use crate::form::{Field, Form, FormOutcome, layout};
use crate::input::{Key, UiEvent};
use crate::page::Page;
use crate::page::cap::{self, Cap};
use crate::theme;

const NAME: usize = 0;
const SEATS: usize = 1;
const CLASS: usize = 2;
const MODE: usize = 3;
/// The first of the fields that depend on the mode.
const MODE_FIELDS: usize = 4;
const TRACK: usize = MODE_FIELDS;
const LAPS: usize = MODE_FIELDS + 1;
const TARGET: usize = MODE_FIELDS;
const CREATE: usize = 0;
/// The length of number fields: enough to see a number that is too large.
const DIGITS_MAX: usize = 7;
/// More characters than a name may have, so that the form can explain a name
/// that is too long.
const NAME_CHARS_TYPED_MAX: usize = 2 * ROOM_NAME_CHARS_MAX;
const ARROWS: &str = "left and right choose";
/// The number of columns, where there is space.
const COLUMNS: usize = 2;

/// What a key of the form does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    /// Move the focus.
    Next,
    /// Press the button with this index.
    Submit(usize),
    /// Return to the lobby.
    Close,
}

/// The form for a new room.
#[derive(Debug)]
pub struct CreateScreen {
    /// Fields: name, seats, car, mode; track and laps, or target. Buttons: create,
    /// back.
    pub form: Form,
    /// The reason for which the latest request failed.
    pub error: Option<String>,
    /// The fields of the mode that is not selected, as they were left.
    hidden_fields: Vec<Field>,
}

impl CreateScreen {
    /// Makes a form with a room name made of the player's name, and the class of
    /// the car last driven.
    #[must_use]
    pub fn new(user: &str, class: CarClass) -> Self {
        let name = if user.is_empty() {
            "race".to_owned()
        } else {
            format!("{user}-race")
        };
        let classes = CarClass::ALL.map(|class| class.name().to_owned());
        let modes = Mode::ALL.map(|mode| mode.name().to_owned());
        let mut car = Field::choice("Your car", ARROWS, classes.to_vec());
        class.name().clone_into(&mut car.value);
        let mut fields = vec![
            Field::text(
                "Room name",
                format!("1 to {ROOM_NAME_CHARS_MAX} of A-Z a-z 0-9 _ -"),
                &name,
                NAME_CHARS_TYPED_MAX,
            ),
            Field::text(
                "Seats",
                format!("1 to {SEATS_MAX}; it starts when full"),
                &SEATS_DEFAULT.to_string(),
                DIGITS_MAX,
            ),
            car,
            Field::choice("Mode", ARROWS, modes.to_vec()),
        ];
        fields.extend(circuit_fields());
        Self {
            form: Form::new(fields, vec!["Create", "Back"]),
            error: None,
            hidden_fields: vec![Field::text(
                "Target",
                format!("1 to {TARGET_METRES_MAX} metres"),
                &TARGET_METRES_DEFAULT.to_string(),
                DIGITS_MAX,
            )],
        }
    }

    /// Selects the class of car that the player has chosen elsewhere.
    pub fn set_class(&mut self, class: CarClass) {
        class.name().clone_into(&mut self.form.fields[CLASS].value);
    }

    /// Returns the keys.
    pub(super) fn caps(&self) -> Vec<Cap<Deed>> {
        let button = self.form.entered();
        let label = if button == CREATE { "create" } else { "back" };
        vec![
            Cap::key(Key::Tab, "next field", Deed::Next),
            Cap::key(Key::Enter, label, Deed::Submit(button)),
            Cap::key(Key::Escape, "back", Deed::Close),
        ]
    }

    /// Makes the page.
    pub(super) fn page(&self, context: &ScreenContext<'_>) -> Page {
        let (mut page, area) = context.frame("a new room", &self.caps());
        let error = self.error.as_deref().map(|text| (text, theme::ERROR));
        let news = context.news(error);
        layout::add_with_news(&mut page, area, &self.form, COLUMNS, &news);
        page
    }

    pub(super) fn handle(
        &mut self,
        event: &UiEvent,
        context: &ScreenContext<'_>,
    ) -> Option<Action> {
        let page = self.page(context);
        match cap::deed(self.caps(), &page, event) {
            Some(Deed::Next) => {
                self.form.next();
                return None;
            }
            Some(Deed::Submit(button)) => return self.submit(button),
            Some(Deed::Close) => return Some(Action::CloseCreate),
            None => {}
        }
        let mode = self.mode();
        let outcome = self.form.handle(event, &page);
        if self.mode() != mode {
            let others = self.form.fields.split_off(MODE_FIELDS);
            self.form.fields.append(&mut self.hidden_fields);
            self.hidden_fields = others;
        }
        match outcome {
            FormOutcome::Nothing => None,
            FormOutcome::Copied(text) => Some(Action::Copy(text)),
            FormOutcome::Edited => {
                self.error = None;
                None
            }
            FormOutcome::Pressed(button) => self.submit(button),
        }
    }

    fn submit(&mut self, button: usize) -> Option<Action> {
        if button != CREATE {
            return Some(Action::CloseCreate);
        }
        match self.parse() {
            Ok((name, settings, class)) => Some(Action::Create(name, settings, class)),
            Err(sentence) => {
                self.error = Some(sentence);
                None
            }
        }
    }

    fn mode(&self) -> Mode {
        Mode::from_name(self.form.value(MODE)).unwrap_or_default()
    }

    fn class(&self) -> CarClass {
        CarClass::from_name(self.form.value(CLASS)).unwrap_or_default()
    }

    fn parse(&self) -> Result<(String, RoomSettings, CarClass), String> {
        let name = room_name(self.form.value(NAME)).map_err(|rejection| rejection.message)?;
        let seats = self.number(SEATS, "seats", SEATS_MAX as u32)?;
        let mut settings = RoomSettings {
            seats: seats as u8,
            mode: self.mode(),
            ..RoomSettings::default()
        };
        match settings.mode {
            Mode::Circuit => {
                self.form.value(TRACK).clone_into(&mut settings.track);
                settings.laps = self.number(LAPS, "laps", u32::from(LAPS_MAX))? as u16;
            }
            Mode::Highway => {
                Track::HIGHWAY.clone_into(&mut settings.track);
                settings.target_metres = self.number(TARGET, "target", TARGET_METRES_MAX)?;
            }
        }
        Ok((name.as_str().to_owned(), settings, self.class()))
    }

    fn number(&self, field: usize, what: &str, max: u32) -> Result<u32, String> {
        let text = self.form.value(field);
        let number = text.parse::<u32>().ok();
        number
            .filter(|number| (1..=max).contains(number))
            .ok_or_else(|| format!("{what} is a number from 1 to {max}, not {text:?}"))
    }
}

fn circuit_fields() -> [Field; 2] {
    let tracks = Track::names().iter().map(|name| (*name).to_owned());
    [
        Field::choice("Track", ARROWS, tracks.collect()),
        Field::text(
            "Laps",
            format!("1 to {LAPS_MAX}"),
            &LAPS_DEFAULT.to_string(),
            DIGITS_MAX,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::screens::tests::with_context;

    fn press(screen: &mut CreateScreen, key: Key) -> Option<Action> {
        with_context(|context| screen.handle(&UiEvent::Key(key), context))
    }

    fn submit(name: &str, seats: &str, laps: &str) -> (Option<Action>, Option<String>) {
        let mut screen = CreateScreen::new("Ada", CarClass::Power);
        for (field, text) in [(NAME, name), (SEATS, seats), (LAPS, laps)] {
            screen.form.fields[field].value = text.to_owned();
        }
        (press(&mut screen, Key::Enter), screen.error)
    }

    fn on_highway() -> CreateScreen {
        let mut screen = CreateScreen::new("Ada", CarClass::Grip);
        screen.form.focus = MODE;
        assert_eq!(press(&mut screen, Key::Right), None);
        screen
    }

    #[test]
    fn creates_the_room_that_was_described() {
        let (action, _) = submit("friday", "4", "12");
        let Some(Action::Create(name, settings, class)) = action else {
            panic!("{action:?}")
        };
        assert_eq!(
            (name.as_str(), settings.seats, settings.laps),
            ("friday", 4, 12)
        );
        assert_eq!(settings.track, Track::names()[0]);
        assert_eq!(class, CarClass::Power);
    }

    #[test]
    fn the_highway_has_a_target_but_no_track_and_laps() {
        let mut screen = on_highway();
        screen.form.fields[TARGET].value = "5000".to_owned();
        let action = press(&mut screen, Key::Enter);
        let Some(Action::Create(_, settings, _)) = action else {
            panic!("{action:?}")
        };
        assert_eq!(
            (settings.mode, settings.target_metres),
            (Mode::Highway, 5_000)
        );
        assert_eq!(settings.track, Track::HIGHWAY);

        screen.form.fields[TARGET].value = "0".to_owned();
        assert_eq!(press(&mut screen, Key::Enter), None);
        let error = screen.error.clone().unwrap();
        assert_eq!(error, "target is a number from 1 to 200000, not \"0\"");
    }

    #[test]
    fn what_was_typed_is_still_there_when_the_mode_comes_back() {
        let mut screen = CreateScreen::new("Ada", CarClass::Grip);
        screen.form.fields[LAPS].value = "7".to_owned();
        screen.form.focus = MODE;
        press(&mut screen, Key::Left);
        screen.form.fields[TARGET].value = "900".to_owned();
        press(&mut screen, Key::Left);
        assert_eq!(screen.form.value(LAPS), "7");
        press(&mut screen, Key::Right);
        assert_eq!(screen.form.value(TARGET), "900");
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
        let mut screen = CreateScreen::new("Ada", CarClass::Grip);
        assert_eq!(press(&mut screen, Key::Escape), Some(Action::CloseCreate));
        screen.form.focus = screen.form.fields.len() + 1;
        assert_eq!(press(&mut screen, Key::Enter), Some(Action::CloseCreate));
    }
}
