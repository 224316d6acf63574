use super::*;

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

fn act(form: &mut Form, event: &UiEvent) -> FormOutcome {
    let layout = FormLayout::new(1280.0, 100.0, form);
    form.handle(event, &layout)
}

fn press(form: &mut Form, key: Key) -> FormOutcome {
    act(form, &UiEvent::Key(key))
}

fn type_text(form: &mut Form, text: &str) -> FormOutcome {
    act(form, &UiEvent::Text(text.to_owned()))
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
    let layout = FormLayout::new(1280.0, 100.0, &form);
    let at = |area: Area| UiEvent::Click {
        x: area.middle(),
        y: area.y + 3.0,
    };
    assert_eq!(act(&mut form, &at(layout.fields[1])), FormOutcome::Nothing);
    assert_eq!(form.focus, 1);
    assert_eq!(
        act(&mut form, &at(layout.buttons[1])),
        FormOutcome::Pressed(1)
    );
}
