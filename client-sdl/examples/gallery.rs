//! Saves every screen of the client as a PNG, without servers: a race is simulated
//! here and shown through the same path as one from the network.
//!
//! `cargo run --release -p client-sdl --example gallery -- FOLDER [WIDTHxHEIGHT [SCALE]]`;
//! with `GALLERY_MENUS` in the environment, without the races.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use client_core::LinkEvent;
use client_core::protocol::client::ServerMessage;
use client_core::protocol::lobby::RoomSettings;
use client_core::protocol::{Rejection, RejectionCode};
use client_core::simulation::Track;
use client_sdl::app::{App, Plan};
use client_sdl::input::{Command, InputEvent, Key, KeyCode, KeyPress, UiEvent};
use client_sdl::local_race::{self, LocalRace, RACE};
use client_sdl::screens::Screen;
use client_sdl::view::{self, Painter, Tiles};
use domain::{Mode, TICK_RATE_HZ};
use serde_json::{Value, json};

const SIZE: (u32, u32) = (1_280, 720);
/// Length of the countdown in ticks.
const START_TICK: u32 = 240;
const LAPS: u16 = 2;
/// Ticks after the start at which a circuit is shown: past its first corner.
const FACE_TICKS: u32 = 9 * TICK_RATE_HZ;
const NAMES: [&str; 8] = [
    "Ada",
    "Grace_H",
    "Linus",
    "Margaret",
    "Ken-T",
    "Barbara",
    "Dennis",
    "Katherine",
];

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(
        std::env::args()
            .nth(1)
            .unwrap_or_else(|| "gallery".to_owned()),
    );
    std::fs::create_dir_all(&folder).context("cannot make the folder")?;
    if std::env::var_os("SDL_VIDEODRIVER").is_none() && std::env::var_os("DISPLAY").is_none() {
        sdl2::hint::set("SDL_VIDEODRIVER", "dummy");
    }
    let size = size(std::env::args().nth(2))?;
    let scale = std::env::args().nth(3).map(|scale| scale.parse::<f32>());
    let sdl = sdl2::init().map_err(|problem| anyhow!(problem))?;
    let video = sdl.video().map_err(|problem| anyhow!(problem))?;
    let window = video.window("Slipstream gallery", size.0, size.1).build()?;
    let fonts = sdl2::ttf::init().map_err(|problem| anyhow!(problem))?;
    let canvas = window.into_canvas().build()?;
    println!("renderer {}", canvas.info().name);
    let creator = canvas.texture_creator();
    let mut painter = Painter::new(canvas, &creator, &fonts).map_err(|problem| anyhow!(problem))?;
    painter.set_scale(scale.transpose().context("the scale is a number")?);
    let tiles = Tiles::new(&creator);
    let now = Instant::now();
    let mut gallery = Gallery {
        folder,
        app: App::new(plan(), now),
        painter,
        tiles,
        now,
    };
    gallery.forms()?;
    gallery.lobby()?;
    if std::env::var_os("GALLERY_MENUS").is_some() {
        return gallery.result();
    }
    gallery.race()?;
    gallery.disconnected()?;
    gallery.highway()?;
    gallery.faces()
}

/// Reads a size such as `640x360`.
fn size(argument: Option<String>) -> anyhow::Result<(u32, u32)> {
    let Some(argument) = argument else {
        return Ok(SIZE);
    };
    let (width, height) = argument.split_once('x').context("a size is WIDTHxHEIGHT")?;
    Ok((width.parse()?, height.parse()?))
}

fn plan() -> Plan {
    Plan {
        gateway: "play.example.org:10000".to_owned(),
        ..Plan::default()
    }
}

struct Gallery<'t> {
    folder: PathBuf,
    app: App,
    painter: Painter<'t>,
    tiles: Tiles<'t>,
    /// The client's time, which the gallery advances.
    now: Instant,
}

impl Gallery<'_> {
    fn forms(&mut self) -> anyhow::Result<()> {
        self.save_screenshot("01-connecting")?;
        self.app.link_event(LinkEvent::Connected, self.now);
        self.type_text("Ada");
        self.press(Key::Tab);
        self.type_text("swordfish");
        self.save_screenshot("02-login")?;
        self.press(Key::Enter);
        let refused = Rejection::new(
            RejectionCode::WrongCredentials,
            "no player Ada with this password",
        );
        self.app.link_event(
            LinkEvent::Message(ServerMessage::Rejected(refused)),
            self.now,
        );
        self.save_screenshot("03-login-refused")?;
        self.receive(json!({"type": "welcome", "player": "Ada", "token": "t"}))
    }

    fn lobby(&mut self) -> anyhow::Result<()> {
        self.save_screenshot("04-lobby-empty")?;
        let race = |index: usize| format!("01ARZ3NDEKTSV4RRFFQ6{index:06}");
        let room = |name: &str, phase: &str, players: usize, seats: usize, laps: u16| {
            json!({"race": race(name.len()), "name": name, "phase": phase, "seats": seats, "laps": laps,
                "track": Track::names()[0], "players": &NAMES[..players], "owner": "00000001",
                "epoch": 1})
        };
        let rooms = [
            room("friday-night", "waiting", 3, 8, 5),
            room("just-us-two", "waiting", 1, 2, 3),
            json!({"race": race(1), "name": "rush-hour", "phase": "waiting", "seats": 4,
                "mode": "highway", "target_metres": 20_000, "track": Track::HIGHWAY,
                "players": ["Linus"], "owner": "00000001", "epoch": 1}),
            room("endurance", "racing", 6, 6, 30),
            room("quick-one", "countdown", 4, 4, 1),
        ];
        self.receive(json!({"type": "rooms", "rooms": rooms}))?;
        self.app.update(self.now);
        self.press(Key::Down);
        self.save_screenshot("05-lobby")?;
        let many: Vec<Value> = (0..109)
            .map(|index| {
                let mut room = room(&format!("race-{index}"), "waiting", index % 3, 8, 5);
                room["race"] = json!(race(100 + index));
                room
            })
            .collect();
        self.receive(json!({"type": "rooms", "rooms": many}))?;
        self.save_screenshot("05-lobby-gone")?;
        self.press(Key::PageDown);
        self.command(Command::Filter);
        self.type_text("race-1");
        self.press(Key::Down);
        self.save_screenshot("05-lobby-filter")?;
        self.press(Key::Escape);
        self.command(Command::Create);
        self.press(Key::Tab);
        self.press(Key::Backspace);
        self.type_text("17");
        self.press(Key::Enter);
        self.save_screenshot("06-create")?;
        self.press(Key::Tab);
        self.press(Key::Tab);
        self.press(Key::Right);
        self.save_screenshot("06-create-highway")?;
        self.press(Key::Escape);
        self.enter("waiting", 5, &circuit())?;
        let (x, y) = (
            self.painter.window().middle(),
            self.painter.window().h - 20.0,
        );
        self.app
            .handle(&UiEvent::Hover { x, y }, self.painter.window(), self.now);
        self.save_screenshot("07-waiting")
    }

    fn race(&mut self) -> anyhow::Result<()> {
        self.enter("countdown", NAMES.len(), &circuit())?;
        let mut room = LocalRace::new(&circuit(), NAMES.len(), START_TICK)?;
        self.run(&mut room, START_TICK - 100)?;
        self.save_screenshot("08-countdown")?;
        self.run(&mut room, START_TICK + 30)?;
        self.save_screenshot("09-go")?;
        self.run(&mut room, START_TICK + 6 * TICK_RATE_HZ)?;
        self.save_screenshot("10-first-corner")?;
        self.room_event(json!({"event": "lost", "player": "Linus", "seat": 2}))?;
        room.lost = Some(2);
        self.run(&mut room, START_TICK + 12 * TICK_RATE_HZ)?;
        self.room_event(
            json!({"event": "lap", "player": "Grace_H", "seat": 1, "lap": 1,
            "time_ms": 62_405}),
        )?;
        self.save_screenshot("11-corner")?;
        room.is_wild = true;
        for (second, name) in [(15, "12-slide"), (17, "13-slide"), (19, "14-off-road")] {
            self.run(&mut room, START_TICK + second * TICK_RATE_HZ)?;
            self.save_screenshot(name)?;
        }
        room.is_wild = false;
        for second in [30, 40, 50, 58] {
            self.run(&mut room, START_TICK + second * TICK_RATE_HZ)?;
            self.save_screenshot(&format!("15-lap-{second}"))?;
        }
        self.measure()
    }

    fn disconnected(&mut self) -> anyhow::Result<()> {
        let throttle = InputEvent::KeyDown(KeyPress {
            code: KeyCode::UP,
            key: None,
            is_ctrl: false,
            is_system: false,
            is_repeat: false,
        });
        self.app.input(&throttle, self.painter.window(), self.now);
        self.app.link_event(
            LinkEvent::Lost {
                reason: "cut".to_owned(),
            },
            self.now,
        );
        self.save_screenshot("16-reconnecting")?;
        self.app.link_event(LinkEvent::Connected, self.now);
        self.receive(json!({"type": "welcome", "player": "Ada", "token": "t2"}))?;
        self.enter("racing", NAMES.len(), &circuit())?;
        self.result()
    }

    fn result(&mut self) -> anyhow::Result<()> {
        let standing = |rank: usize| {
            let has_finished = rank <= 6;
            json!({"place": rank, "player": NAMES[(rank + 6) % 8], "seat": (rank + 6) % 8,
                "score": 4_634 - 97 * i64::from(!has_finished) * rank as i64,
                "laps": if has_finished { 2 } else { 1 },
                "time_ms": has_finished.then_some(122_431 + 1_873 * rank),
                "best_lap_ms": 60_118 + 467 * rank})
        };
        let leaderboard: Vec<Value> = (1..=8).map(standing).collect();
        self.now += Duration::from_secs(6);
        self.app.update(self.now);
        self.room_event(json!({"event": "closed", "reason": "finished",
            "leaderboard": leaderboard}))?;
        self.now += Duration::from_secs(6);
        self.save_screenshot("17-result")?;
        self.press(Key::Enter);
        self.app.link_event(
            LinkEvent::Ended {
                reason: "you logged in elsewhere".into(),
            },
            self.now,
        );
        self.save_screenshot("18-ended")
    }

    fn highway(&mut self) -> anyhow::Result<()> {
        self.app = App::new(plan(), self.now);
        self.app.link_event(LinkEvent::Connected, self.now);
        self.receive(json!({"type": "welcome", "player": "Ada", "token": "t"}))?;
        self.enter("waiting", 3, &highway())?;
        self.save_screenshot("20-highway-waiting")?;
        self.enter("countdown", NAMES.len(), &highway())?;
        let mut room = LocalRace::new(&highway(), NAMES.len(), START_TICK)?;
        self.run(&mut room, START_TICK - 40)?;
        self.save_screenshot("21-highway-countdown")?;
        for second in [5, 14, 22, 30, 38] {
            self.run(&mut room, START_TICK + second * TICK_RATE_HZ)?;
            self.save_screenshot(&format!("22-highway-{second}"))?;
        }
        room.is_wild = true;
        for _ in 0..8 * TICK_RATE_HZ {
            let tick = room.state().tick + 2;
            self.run(&mut room, tick)?;
            if room.state().cars[0].penalty_metres > 0 {
                break;
            }
        }
        let metres = room.state().cars[0].penalty_metres;
        let reason = if metres < 1_000 {
            "traffic"
        } else {
            "off_road"
        };
        self.room_event(json!({"event": "penalty", "player": "Ada", "seat": 0,
            "metres": metres, "reason": reason}))?;
        let tick = room.state().tick + 20;
        self.run(&mut room, tick)?;
        self.save_screenshot("23-highway-penalty")?;
        self.measure()?;
        let standing = |rank: usize| {
            json!({"place": rank, "player": NAMES[rank], "seat": rank, "laps": 0,
                "score": 5_000 - 612 * (rank as i64 - 1), "best_lap_ms": null,
                "time_ms": (rank == 1).then_some(102_431), "ai": rank > 2})
        };
        let leaderboard: Vec<Value> = (1..=5).map(standing).collect();
        self.room_event(json!({"event": "closed", "reason": "finished",
            "leaderboard": leaderboard}))?;
        self.now += Duration::from_secs(6);
        self.save_screenshot("24-highway-result")
    }

    /// One picture of every circuit, each of which has the face of its place.
    fn faces(&mut self) -> anyhow::Result<()> {
        for name in Track::names() {
            let settings = RoomSettings {
                track: (*name).to_owned(),
                ..circuit()
            };
            self.app = App::new(plan(), self.now);
            self.app.link_event(LinkEvent::Connected, self.now);
            self.receive(json!({"type": "welcome", "player": "Ada", "token": "t"}))?;
            self.enter("countdown", NAMES.len(), &settings)?;
            let mut room = LocalRace::new(&settings, NAMES.len(), START_TICK)?;
            self.run(&mut room, START_TICK + FACE_TICKS)?;
            self.save_screenshot(&format!("30-face-{name}"))?;
        }
        Ok(())
    }

    /// Advances the room and the client to a tick of the room.
    fn run(&mut self, room: &mut LocalRace, tick: u32) -> anyhow::Result<()> {
        while room.state().tick < tick {
            let snapshot = room.advance()?;
            self.now += Duration::from_micros(33_333);
            self.app
                .link_event(LinkEvent::Snapshot(snapshot.into()), self.now);
            self.app.update(self.now);
            self.app.client_mut().take_outgoing();
        }
        Ok(())
    }

    /// Measures how fast the race is drawn.
    fn measure(&mut self) -> anyhow::Result<()> {
        const FRAMES: u32 = 200;
        let start = Instant::now();
        for _ in 0..FRAMES {
            view::draw(&self.app, &mut self.painter, &mut self.tiles, self.now)
                .map_err(|problem| anyhow!(problem))?;
            self.painter.present();
        }
        let each = start.elapsed() / FRAMES;
        println!(
            "a frame of the race takes {:.1} ms",
            each.as_secs_f64() * 1_000.0
        );
        Ok(())
    }

    /// Draws until the ground is complete, then saves a screenshot.
    fn save_screenshot(&mut self, name: &str) -> anyhow::Result<()> {
        self.app.update(self.now);
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut complete = 0;
        while complete < 3 && Instant::now() < deadline {
            view::draw(&self.app, &mut self.painter, &mut self.tiles, self.now)
                .map_err(|problem| anyhow!(problem))?;
            complete = if self.tiles.is_complete() {
                complete + 1
            } else {
                0
            };
            if complete == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        let path = Path::new(&self.folder).join(format!("{name}.png"));
        self.painter
            .save_png(&path)
            .map_err(|problem| anyhow!(problem))?;
        println!("{} {}", path.display(), self.app.screen().kind().name());
        Ok(())
    }

    fn enter(
        &mut self,
        phase: &str,
        players: usize,
        settings: &RoomSettings,
    ) -> anyhow::Result<()> {
        let message = local_race::entered(phase, &NAMES[..players], settings, START_TICK)?;
        self.app.link_event(LinkEvent::Message(message), self.now);
        Ok(())
    }

    fn receive(&mut self, message: Value) -> anyhow::Result<()> {
        let message = serde_json::from_value(message)?;
        self.app.link_event(LinkEvent::Message(message), self.now);
        Ok(())
    }

    fn room_event(&mut self, body: Value) -> anyhow::Result<()> {
        let mut event = json!({"race": RACE, "epoch": 1, "tick": 1, "index": 0});
        if let (Value::Object(event), Value::Object(body)) = (&mut event, body) {
            event.extend(body);
        }
        self.app
            .link_event(LinkEvent::Event(serde_json::from_value(event)?), self.now);
        Ok(())
    }

    fn press(&mut self, key: Key) {
        self.app
            .handle(&UiEvent::Key(key), self.painter.window(), self.now);
        debug_assert!(!matches!(self.app.screen(), Screen::Ended));
    }

    fn command(&mut self, command: Command) {
        self.app
            .handle(&UiEvent::Command(command), self.painter.window(), self.now);
    }

    fn type_text(&mut self, text: &str) {
        self.app.handle(
            &UiEvent::Text(text.to_owned()),
            self.painter.window(),
            self.now,
        );
    }
}

fn circuit() -> RoomSettings {
    RoomSettings {
        seats: NAMES.len() as u8,
        track: Track::names()[0].to_owned(),
        laps: LAPS,
        ..RoomSettings::default()
    }
}

fn highway() -> RoomSettings {
    RoomSettings {
        mode: Mode::Highway,
        track: Track::HIGHWAY.to_owned(),
        target_metres: 5_000,
        ..circuit()
    }
}
