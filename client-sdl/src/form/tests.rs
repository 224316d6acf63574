use super::*;
use crate::area::Area;
use crate::theme;
use crate::typeface::Style;

fn form() -> Form {
    Form::new(
        vec![
            Field::text("Name", "", "", 8),
            Field::secret("Password", "", 8),
            Field::choice("Track", "", vec!["one".into(), "two".into()]),
        ],
        vec!["Go", "Back"],
    )
}

fn page(form: &Form) -> Page {
    let window = Area::new(0.0, 0.0, 1280.0, 720.0);
    let mut page = Page::new(window, None);
    layout::add(&mut page, window, form, 1);
    page
}

fn act(form: &mut Form, event: &UiEvent) -> FormOutcome {
    let page = page(form);
    form.handle(event, &page)
}

fn press(form: &mut Form, key: Key) -> FormOutcome {
    act(form, &UiEvent::Key(key))
}

fn type_text(form: &mut Form, text: &str) -> FormOutcome {
    act(form, &UiEvent::Text(text.to_owned()))
}

fn click(form: &mut Form, target: Target) -> FormOutcome {
    let area = page(form).area_of(target).unwrap();
    let (x, y) = (area.middle() + 1.0, area.y + 3.0);
    act(form, &UiEvent::Click { x, y })
}

#[test]
fn typed_text_goes_to_the_field_with_the_focus() {
    let mut form = form();
    type_text(&mut form, "Ada");
    press(&mut form, Key::Tab);
    type_text(&mut form, "secret");
    assert_eq!((form.value(0), form.value(1)), ("Ada", "secret"));
    assert_eq!(form.fields[1].shown(), "••••••");
}

#[test]
fn tab_cycles_through_fields_and_buttons() {
    let mut form = form();
    for expected in [1, 2, 3, 4, 0] {
        press(&mut form, Key::Tab);
        assert_eq!(form.focus, expected);
    }
    press(&mut form, Key::BackTab);
    assert_eq!(form.focus, 4);
    press(&mut form, Key::PageUp);
    assert_eq!(form.focus, 0);
    press(&mut form, Key::PageDown);
    assert_eq!(form.focus, 4);
}

#[test]
fn the_cursor_edits_in_the_middle_of_any_alphabet() {
    let mut form = form();
    type_text(&mut form, "äöü");
    press(&mut form, Key::Left);
    press(&mut form, Key::Backspace);
    type_text(&mut form, "x");
    assert_eq!(form.value(0), "äxü");
    press(&mut form, Key::Home);
    press(&mut form, Key::Delete);
    assert_eq!((form.value(0), form.fields[0].cursor), ("xü", 0));
}

#[test]
fn a_field_ignores_characters_beyond_its_maximum() {
    let mut form = form();
    type_text(&mut form, "0123456789");
    assert_eq!(form.value(0), "01234567");
}

#[test]
fn pasted_text_replaces_what_is_selected() {
    let mut form = form();
    type_text(&mut form, "Ada");
    press(&mut form, Key::SelectAll);
    act(&mut form, &UiEvent::Paste("Grace\n".to_owned()));
    assert_eq!(form.value(0), "Grace");
    press(&mut form, Key::SelectAll);
    press(&mut form, Key::Delete);
    assert_eq!(form.value(0), "");
}

#[test]
fn selected_text_is_copied_and_cut_but_never_a_password() {
    let mut form = form();
    type_text(&mut form, "Ada");
    assert_eq!(
        press(&mut form, Key::Copy),
        FormOutcome::Nothing,
        "nothing is selected"
    );
    press(&mut form, Key::SelectAll);
    assert_eq!(
        press(&mut form, Key::Copy),
        FormOutcome::Copied("Ada".to_owned())
    );
    assert_eq!(
        press(&mut form, Key::Cut),
        FormOutcome::Copied("Ada".to_owned())
    );
    assert_eq!(form.value(0), "");
    form.focus = 1;
    type_text(&mut form, "secret");
    press(&mut form, Key::SelectAll);
    assert_eq!(press(&mut form, Key::Copy), FormOutcome::Nothing);
    assert_eq!(press(&mut form, Key::Cut), FormOutcome::Nothing);
    assert_eq!(form.value(1), "secret");
}

#[test]
fn ctrl_moves_and_deletes_by_words() {
    let mut field = Field::text("Name", "", "the-fast race", 32);
    for (key, expected) in [
        (Key::WordLeft, 9),
        (Key::WordLeft, 4),
        (Key::WordRight, 8),
        (Key::WordRight, 13),
    ] {
        field.key(key);
        assert_eq!(field.cursor, expected, "{key:?}");
    }
    field.key(Key::WordBackspace);
    assert_eq!(field.value, "the-fast ");
    field.key(Key::Home);
    field.key(Key::WordDelete);
    assert_eq!(field.value, "-fast ");
    let mut secret = Field::secret("Password", "", 32);
    secret.insert("two words");
    secret.key(Key::WordBackspace);
    assert_eq!(secret.value, "", "dots do not show where words end");
}

#[test]
fn a_long_text_is_shown_around_its_cursor() {
    let style = Style::new(theme::BODY, theme::TEXT);
    let mut field = Field::text("Name", "", &"W".repeat(60), 99);
    let visible = field.visible(style, 200.0);
    assert!(visible.first > 0 && visible.cursor_x <= 200.0);
    assert!(style.width(&visible.text) <= 200.0);
    field.key(Key::Home);
    let visible = field.visible(style, 200.0);
    assert_eq!((visible.first, visible.cursor_x), (0, 0.0));
    field.click(style, 200.0, style.advance("WWW") + 1.0);
    assert_eq!(field.cursor, 3);
}

#[test]
fn arrows_change_a_choice_which_ignores_text() {
    let mut form = form();
    form.focus = 2;
    type_text(&mut form, "x");
    press(&mut form, Key::Left);
    assert_eq!(form.value(2), "two");
    press(&mut form, Key::Right);
    assert_eq!(form.value(2), "one");
}

#[test]
fn enter_presses_the_focused_button_and_in_a_field_the_first() {
    let mut form = form();
    assert_eq!(press(&mut form, Key::Enter), FormOutcome::Pressed(0));
    form.focus = 4;
    assert_eq!(press(&mut form, Key::Enter), FormOutcome::Pressed(1));
}

#[test]
fn a_click_focuses_a_field_and_presses_a_button() {
    let mut form = form();
    assert_eq!(click(&mut form, Target::Field(1)), FormOutcome::Nothing);
    assert_eq!(form.focus, 1);
    assert_eq!(click(&mut form, Target::Field(2)), FormOutcome::Edited);
    assert_eq!(form.value(2), "two");
    assert_eq!(click(&mut form, Target::Button(1)), FormOutcome::Pressed(1));
}

#[test]
fn a_double_click_selects_and_a_wheel_changes_a_choice() {
    let mut form = form();
    type_text(&mut form, "Ada");
    let area = page(&form).area_of(Target::Field(0)).unwrap();
    let (x, y) = (area.middle(), area.y + 3.0);
    act(&mut form, &UiEvent::Click { x, y });
    act(&mut form, &UiEvent::DoubleClick { x, y });
    type_text(&mut form, "Bob");
    assert_eq!(form.value(0), "Bob");
    let area = page(&form).area_of(Target::Field(2)).unwrap();
    let (x, y) = (area.middle(), area.y + 3.0);
    act(&mut form, &UiEvent::Wheel { x, y, notches: 1.0 });
    assert_eq!(form.value(2), "two");
}
