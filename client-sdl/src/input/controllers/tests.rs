use super::*;

const ID: ControllerId = 7;

struct Table {
    controllers: Controllers,
    now: Instant,
}

impl Table {
    fn new() -> Self {
        let mut table = Self {
            controllers: Controllers::default(),
            now: Instant::now(),
        };
        table.act(&ControllerEvent::Added {
            id: ID,
            name: "Pad".into(),
        });
        table
    }

    fn act(&mut self, event: &ControllerEvent) -> Vec<InputEvent> {
        self.controllers.handle(event, self.now)
    }

    fn button(&mut self, button: KeyCode, is_down: bool) -> Vec<InputEvent> {
        self.act(&ControllerEvent::Button {
            id: ID,
            button,
            is_down,
        })
    }

    fn axis(&mut self, axis: Axis, value: f32) -> Vec<InputEvent> {
        self.act(&ControllerEvent::Axis {
            id: ID,
            axis,
            value,
        })
    }

    fn controls(&self) -> Controls {
        self.controllers.add_to(Controls::default())
    }
}

fn down(code: KeyCode, key: Option<Key>) -> InputEvent {
    InputEvent::KeyDown(press(code, key, false))
}

#[test]
fn sticks_and_triggers_drive_by_degrees() {
    let mut table = Table::new();
    let mut steered = Vec::new();
    for value in [-1.0, -0.5, -0.1, 0.0, 0.1, 0.5, 1.0] {
        table.axis(Axis::LeftX, value);
        steered.push(table.controls().steer);
    }
    assert_eq!((steered[0], steered[6]), (127, -127), "left is positive");
    assert_eq!(steered[2..5], [0, 0, 0], "play");
    assert!(
        (20..60).contains(&steered[1]) && steered[1] == -steered[5],
        "{steered:?}"
    );
    table.axis(Axis::RightTrigger, 0.5);
    table.axis(Axis::LeftTrigger, 1.0);
    let controls = table.controls();
    assert!((100..130).contains(&controls.throttle) && controls.brake == 255);
}

#[test]
fn a_held_key_steers_whatever_the_stick_does() {
    let mut table = Table::new();
    table.axis(Axis::LeftX, 1.0);
    table.axis(Axis::RightTrigger, 0.2);
    let keys = Controls {
        throttle: 255,
        steer: 127,
        ..Controls::default()
    };
    let controls = table.controllers.add_to(keys);
    assert_eq!((controls.steer, controls.throttle), (127, 255));
}

#[test]
fn buttons_are_keys_and_answer_menus() {
    let mut table = Table::new();
    for (button, key) in [
        (KeyCode::PAD_A, Some(Key::Enter)),
        (KeyCode::PAD_B, Some(Key::Escape)),
        (KeyCode::PAD_LEFT, Some(Key::Left)),
        (KeyCode::PAD_X, None),
    ] {
        assert_eq!(table.button(button, true), [down(button, key)]);
        assert_eq!(table.button(button, true), [], "it is down already");
        assert_eq!(table.button(button, false), [InputEvent::KeyUp(button)]);
    }
}

#[test]
fn the_stick_steps_once_and_then_repeats() {
    let mut table = Table::new();
    assert_eq!(table.axis(Axis::LeftY, 0.5), []);
    assert_eq!(
        table.axis(Axis::LeftY, 0.7),
        [down(STICK_DOWN, Some(Key::Down))]
    );
    assert_eq!(table.axis(Axis::LeftY, 0.5), [], "it trembles");
    assert_eq!(table.controllers.repeat(table.now), None);
    let mut steps = 0;
    for _ in 0..100 {
        table.now += Duration::from_millis(10);
        steps += u32::from(table.controllers.repeat(table.now).is_some());
    }
    assert_eq!(steps, 7);
    assert_eq!(
        table.axis(Axis::LeftY, 0.0),
        [InputEvent::KeyUp(STICK_DOWN)]
    );
    table.now += REPEAT_DELAY;
    assert_eq!(table.controllers.repeat(table.now), None);
}

#[test]
fn an_unplugged_controller_lets_go_of_everything() {
    let mut table = Table::new();
    table.axis(Axis::RightTrigger, 1.0);
    table.button(KeyCode::PAD_A, true);
    let released = table.act(&ControllerEvent::Removed(ID));
    assert_eq!(released, [InputEvent::KeyUp(KeyCode::PAD_A)]);
    assert_eq!(table.controls(), Controls::default());
    assert_eq!(table.axis(Axis::LeftX, 1.0), [], "it is gone");
    assert_eq!(table.controls(), Controls::default());
}

#[test]
fn a_window_without_focus_is_not_driven() {
    let mut table = Table::new();
    table.axis(Axis::RightTrigger, 1.0);
    table.controllers.release_all();
    assert_eq!(table.controls(), Controls::default());
    assert_eq!(table.controllers.name(ID), Some("Pad"));
}
