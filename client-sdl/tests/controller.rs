//! A controller of SDL's, plugged in, used and unplugged in a race.
#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests, too")]

use std::time::Instant;

use client_core::LinkEvent;
use client_sdl::app::{App, Plan};
use client_sdl::area::Area;
use client_sdl::input::InputEvent;
use client_sdl::input::controllers::Rumble;
use client_sdl::shell::OpenControllers;
use sdl2::controller::{Axis, Button};
use sdl2::{EventPump, JoystickSubsystem};
use serde_json::json;
use virtual_controller::VirtualController;

const WINDOW: Area = Area::new(0.0, 0.0, 1_280.0, 720.0);
/// Rounds of SDL's events within which a change arrives.
const ROUNDS: usize = 20;

struct Desk {
    app: App,
    controllers: OpenControllers,
    pump: EventPump,
    joysticks: JoystickSubsystem,
}

impl Desk {
    fn new() -> Self {
        // The test's process has no window that could have the focus.
        sdl2::hint::set("SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS", "1");
        let sdl = sdl2::init().unwrap();
        let mut app = App::new(Plan::default(), Instant::now());
        app.link_event(LinkEvent::Connected, Instant::now());
        let mut desk = Self {
            app,
            controllers: OpenControllers::start(&sdl),
            pump: sdl.event_pump().unwrap(),
            joysticks: sdl.joystick().unwrap(),
        };
        desk.receive(json!({"type": "welcome", "player": "Ada", "token": "t"}));
        desk
    }

    fn receive(&mut self, message: serde_json::Value) {
        let message = serde_json::from_value(message).unwrap();
        self.app
            .link_event(LinkEvent::Message(message), Instant::now());
    }

    fn pump(&mut self) {
        for _ in 0..ROUNDS {
            for event in self.pump.poll_iter() {
                if let Some(event) = self.controllers.translate(&event) {
                    let event = InputEvent::Controller(event);
                    self.app.input(&event, WINDOW, Instant::now());
                }
            }
        }
    }

    fn screen(&self) -> &'static str {
        self.app.screen().kind().name()
    }

    fn last_notice(&self) -> &str {
        self.app.notices().history().last().unwrap_or_default()
    }
}

#[test]
fn a_controller_answers_menus_drives_and_is_missed() {
    let mut desk = Desk::new();
    let mut controller = VirtualController::plug_in(&desk.joysticks).unwrap();
    desk.pump();
    assert!(
        desk.last_notice().starts_with("Controller connected"),
        "{:?}",
        desk.last_notice()
    );

    for (button, screen) in [(Button::X, "create"), (Button::B, "lobby")] {
        for is_down in [true, false] {
            controller.set_button(button, is_down);
            desk.pump();
        }
        assert_eq!(desk.screen(), screen);
    }

    desk.receive(json!({"type": "entered", "seat": 0, "room": {
        "race": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": "friday", "phase": "racing",
        "settings": {"seats": 2, "track": "harbour-ring"}, "start_tick": 240,
        "seats": [{"seat": 0, "player": "Ada", "connected": true}]}}));
    assert_eq!(desk.screen(), "race");
    controller.set_axis(Axis::LeftX, i16::MIN);
    controller.set_axis(Axis::TriggerRight, 0);
    desk.pump();
    let controls = desk.app.controls();
    assert_eq!(controls.steer, 127);
    assert!((100..150).contains(&controls.throttle), "{controls:?}");
    // A virtual controller has no motors, which is no error.
    desk.controllers.rumble(Rumble {
        strength: 1.0,
        duration: std::time::Duration::from_millis(10),
    });

    drop(controller);
    desk.pump();
    assert!(
        desk.last_notice().starts_with("Controller lost"),
        "{:?}",
        desk.last_notice()
    );
    assert_eq!(desk.app.controls(), domain::Controls::default());
}
