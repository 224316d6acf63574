use super::*;

const THROTTLE: Function = Function::Drive(Control::Throttle);
const CREATE: Function = Function::Command(Command::Create);
const MUTE: Function = Function::Command(Command::Mute);

fn letter(letter: u8) -> Chord {
    Chord::key(KeyCode::letter(letter))
}

#[test]
fn no_key_has_two_meanings_on_one_screen() {
    let bindings = Bindings::default();
    for (index, first) in Function::ALL.into_iter().enumerate() {
        for second in Function::ALL.into_iter().skip(index + 1) {
            let shared = bindings
                .chords(first)
                .any(|chord| bindings.chords(second).any(|other| other == chord));
            let meet = first.context().meets(second.context());
            assert!(!(shared && meet), "{first:?} {second:?}");
        }
        for slot in Slot::ALL {
            if let Some(chord) = bindings.chord(first, slot) {
                assert_eq!(check(first, slot, chord), Ok(chord), "{first:?}");
            }
        }
    }
}

#[test]
fn a_key_means_what_the_screen_gives_it() {
    let bindings = Bindings::default();
    let r = letter(b'r');
    assert_eq!(bindings.command(r, Context::Menu), Some(Command::Refresh));
    assert_eq!(bindings.command(r, Context::Race), Some(Command::Recover));
    let three = Chord::key(KeyCode(32));
    assert_eq!(
        bindings.command(three, Context::Race),
        Some(Command::Place(3))
    );
    assert_eq!(bindings.command(three, Context::Menu), None);
    let t = Chord::ctrl(KeyCode::letter(b't'));
    assert_eq!(
        bindings.command(t, Context::Race),
        Some(Command::ChatClient)
    );
    assert_eq!(bindings.label(Command::ChatClient), "Ctrl+T");
}

#[test]
fn the_function_that_had_a_key_loses_it_where_both_apply() {
    let mut bindings = Bindings::default();
    // C creates a room in the lobby only, so it can drive as well.
    assert_eq!(
        bindings.bind(THROTTLE, Slot::Second, letter(b'c')),
        Ok(None)
    );
    assert_eq!(bindings.chord(CREATE, Slot::First), Some(letter(b'c')));
    assert_eq!(bindings.control(KeyCode::letter(b'w')), None);
    // M mutes everywhere.
    assert_eq!(
        bindings.bind(THROTTLE, Slot::Second, letter(b'm')),
        Ok(Some(MUTE))
    );
    assert_eq!(bindings.chord(MUTE, Slot::First), None);
    // The same key moves between the places of one function.
    assert_eq!(bindings.bind(THROTTLE, Slot::First, letter(b'm')), Ok(None));
    assert_eq!(bindings.chord(THROTTLE, Slot::Second), None);
    bindings.unbind(THROTTLE, Slot::First);
    assert_eq!(bindings.chord(THROTTLE, Slot::First), None);
}

#[test]
fn refuses_keys_that_would_lock_a_player_out() {
    let mut bindings = Bindings::default();
    for (function, slot, code, why) in [
        (THROTTLE, Slot::First, KeyCode::ESCAPE, "leaves a screen"),
        (MUTE, Slot::First, KeyCode::UP, "moves in lists"),
        (CREATE, Slot::First, KeyCode::RETURN, "moves in lists"),
        (CREATE, Slot::First, KeyCode(224), "only for driving"),
        (CREATE, Slot::First, KeyCode::PAD_X, "third place"),
        (CREATE, Slot::Pad, KeyCode::F2, "first or second place"),
    ] {
        let refused = bindings.bind(function, slot, Chord::key(code));
        assert!(refused.is_err_and(|text| text.contains(why)), "{code}");
    }
    let copy = Chord::ctrl(KeyCode::letter(b'c'));
    assert!(bindings.bind(CREATE, Slot::First, copy).is_err());
    assert_eq!(bindings, Bindings::default());
}

#[test]
fn is_written_by_names_and_read_back() {
    let mut bindings = Bindings::default();
    bindings.bind(THROTTLE, Slot::First, letter(b'i')).unwrap();
    bindings.unbind(MUTE, Slot::First);
    let json = serde_json::to_string(&bindings).unwrap();
    assert!(
        json.contains(r#""throttle":["I","W","Right Shoulder"]"#),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<Bindings>(&json).unwrap(), bindings);
}

#[test]
fn fills_what_a_file_does_not_name_without_a_conflict() {
    let read = |json| serde_json::from_str::<Bindings>(json).map_err(|error| error.to_string());
    let bindings = read(r#"{"create": ["m"], "warp_drive": ["Hyper"]}"#).unwrap();
    assert_eq!(bindings.chord(MUTE, Slot::First), None);
    assert_eq!(
        bindings.chord(THROTTLE, Slot::First),
        Some(Chord::key(KeyCode::UP))
    );
    for (json, why) in [
        (
            r#"{"create": ["Hyper"]}"#,
            "create: there is no key \"Hyper\"",
        ),
        (r#"{"create": ["X"], "mute": ["X"]}"#, "X is both"),
        (r#"{"create": ["X", "Y", "Z"]}"#, "more than two keys"),
        (r#"{"create": ["Esc"]}"#, "leaves a screen"),
    ] {
        let error = read(json).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}
