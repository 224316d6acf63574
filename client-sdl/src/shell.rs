//! The window and its frame loop.

mod audio;
mod bench;
mod controllers;
mod frame_pacer;
mod keys;
mod renderer;
mod screenshot;
mod settings_file;
mod signals;
mod storage;

use std::time::Instant;

use anyhow::{Context, anyhow};
use client_core::Notice;
use sdl2::clipboard::ClipboardUtil;
use sdl2::event::{Event, WindowEvent};
use sdl2::video::Window;
use sdl2::{EventPump, VideoSubsystem};
use serde_json::json;

use self::audio::Audio;
pub use self::controllers::OpenControllers;
use self::frame_pacer::FramePacer;
use self::keys::Points;
use self::screenshot::ScreenshotTimer;
use self::signals::EndSignal;
use self::storage::Storage;
use crate::app::App;
use crate::app::report::Report;
use crate::input::{Command, InputEvent, UiEvent};
use crate::network::Network;
use crate::options::Options;
use crate::private_file;
use crate::recording::{Frame, Recording};
use crate::settings::WindowSettings;
use crate::state_socket::{PendingRequest, Request, StateSocket};
use crate::view::{self, Painter, Tiles};

const TITLE: &str = "Slipstream";

/// Whether the frame loop continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Continue,
    Quit,
}

/// Opens the window and runs until it is closed or the process receives a
/// signal to end.
///
/// # Errors
/// Returns an error if there is no display, or if SDL fails.
pub fn run(options: &Options) -> anyhow::Result<()> {
    sdl2::hint::set("SDL_NO_SIGNAL_HANDLERS", "1");
    let sdl = sdl2::init()
        .map_err(|problem| anyhow!(problem))
        .context("cannot start SDL")?;
    let video = sdl
        .video()
        .map_err(|problem| anyhow!(problem))
        .context("cannot find a display")?;
    let fonts = sdl2::ttf::init().map_err(|problem| anyhow!(problem))?;
    if let Some(cars) = options.bench {
        return bench::run(options, cars, &sdl, &video, &fonts);
    }
    video.text_input().start();
    let storage = Storage::open(options);
    let size = storage.settings().window.size();
    let screen = renderer::open(options.renderer, &video, || open_window(&video, size))?;
    tracing::info!(renderer = screen.name, "window is open");
    let canvas = screen.canvas;
    let refresh_rate = canvas
        .window()
        .display_mode()
        .map_or(0, |mode| mode.refresh_rate);
    let pacer = FramePacer::new(
        options.frame_rate,
        refresh_rate.max(0) as u32,
        screen.is_synchronised,
        Instant::now(),
    );
    let creator = canvas.texture_creator();
    let mut painter = Painter::new(canvas, &creator, &fonts).map_err(|problem| anyhow!(problem))?;
    let mut tiles = Tiles::new(&creator);
    let mut pump = sdl.event_pump().map_err(|problem| anyhow!(problem))?;
    let devices = Devices {
        clipboard: video.clipboard(),
        controllers: OpenControllers::start(&sdl),
    };
    let mut session = Session::open(options, devices, storage, pacer, screen.name)?;
    session.audio = Audio::open(&sdl, !options.no_sound);
    let outcome = session.run(&mut pump, &mut painter, &mut tiles);
    session.storage.finish(&mut session.app, Instant::now());
    outcome
}

/// Opens a hidden window.
fn open_window(video: &VideoSubsystem, size: (u32, u32)) -> anyhow::Result<Window> {
    let mut window = video
        .window(TITLE, size.0, size.1)
        .position_centered()
        .resizable()
        .allow_highdpi()
        .hidden()
        .build()
        .context("cannot open a window")?;
    window
        .set_minimum_size(WindowSettings::SIZE_MIN.0, WindowSettings::SIZE_MIN.1)
        .context("cannot set the window's size")?;
    Ok(window)
}

/// What SDL has beside the window.
struct Devices {
    clipboard: ClipboardUtil,
    controllers: OpenControllers,
}

/// The state of a run, apart from window and textures.
struct Session<'o> {
    options: &'o Options,
    app: App,
    devices: Devices,
    storage: Storage,
    // Declared before the network, to be dropped first: its task runs there.
    socket: Option<StateSocket>,
    network: Network,
    end: EndSignal,
    audio: Audio,
    frame_pacer: FramePacer,
    screenshot: ScreenshotTimer,
    recording: Option<Recording>,
}

impl<'o> Session<'o> {
    fn open(
        options: &'o Options,
        devices: Devices,
        mut storage: Storage,
        frame_pacer: FramePacer,
        renderer: String,
    ) -> anyhow::Result<Self> {
        let network = Network::open(&options.gateway, &options.tls.security()?)?;
        let socket = options.state_socket.as_ref().map(|path| {
            StateSocket::open(network.handle(), path)
                .with_context(|| format!("cannot listen at --state-socket {}", path.display()))
        });
        let now = Instant::now();
        let recording = options.record_frames.as_ref().map(|path| {
            Recording::create(path, now)
                .with_context(|| format!("cannot write --record-frames {}", path.display()))
        });
        let mut app = App::new(options.plan(), now);
        app.drawing_mut().renderer = renderer;
        storage.load(options, &mut app, now);
        Ok(Self {
            options,
            app,
            devices,
            storage,
            socket: socket.transpose()?,
            end: EndSignal::listen(network.handle()).context("cannot listen for signals")?,
            network,
            audio: Audio::default(),
            frame_pacer,
            screenshot: ScreenshotTimer::new(options.screenshot_after),
            recording: recording.transpose()?,
        })
    }

    fn run(
        &mut self,
        pump: &mut EventPump,
        painter: &mut Painter<'_>,
        tiles: &mut Tiles<'_>,
    ) -> anyhow::Result<()> {
        loop {
            if self.handle_input(pump, painter) == Flow::Quit || self.end.is_set() {
                return Ok(());
            }
            let now = Instant::now();
            if self.app.take_connection_request() {
                let security = self.options.tls.security()?;
                self.network.reopen(&self.options.gateway, &security);
            }
            while let Some(event) = self.network.poll() {
                self.app.link_event(event, now);
            }
            self.app.update(now);
            self.network.send(&mut self.app);
            self.audio.follow(&mut self.app, now);
            self.save_chat_token()?;
            self.storage.update(&mut self.app, now);
            self.follow_app(painter, now);
            view::draw(&self.app, painter, tiles, now).map_err(|problem| anyhow!(problem))?;
            tiles.count_frames(self.app.drawing_mut());
            let flow = self.take_screenshots(painter, tiles, now)?;
            self.save_picture(painter, now);
            painter.present();
            self.record(now)?;
            if flow == Flow::Quit {
                return Ok(());
            }
            self.frame_pacer.frame_done();
            self.app.drawing_mut().fps = self.frame_pacer.fps();
        }
    }

    /// Passes input events to the client.
    fn handle_input(&mut self, pump: &mut EventPump, painter: &Painter<'_>) -> Flow {
        let (now, window) = (Instant::now(), painter.window());
        let points = Points::new(painter.window_size(), window.w);
        for event in pump.poll_iter() {
            if matches!(event, Event::Quit { .. }) {
                return Flow::Quit;
            }
            if let Event::Window {
                win_event: WindowEvent::Resized(width, height),
                ..
            } = event
            {
                let pixels = |side: i32| u32::try_from(side).unwrap_or(0);
                self.app.window_resized(pixels(width), pixels(height));
            }
            let controllers = &mut self.devices.controllers;
            let input = controllers
                .translate(&event)
                .map(InputEvent::Controller)
                .or_else(|| keys::translate(&event, points, &self.devices.clipboard));
            if let Some(input) = input {
                self.app.input(&input, window, now);
            }
        }
        if self.app.is_quitting() {
            return Flow::Quit;
        }
        Flow::Continue
    }

    /// Does with the devices what the client has decided.
    fn follow_app(&mut self, painter: &mut Painter<'_>, now: Instant) {
        if let Some(text) = self.app.take_copied()
            && let Err(problem) = self.devices.clipboard.set_clipboard_text(&text)
        {
            tracing::warn!(problem, "cannot copy text to the clipboard");
        }
        if let Some(rumble) = self.app.rumble(now) {
            self.devices.controllers.rumble(rumble);
        }
        let settings = self.app.settings();
        painter.set_scale(settings.interface_scale.factor());
        if let Err(problem) = painter.set_full_screen(settings.window.is_full_screen) {
            let text = format!("The window cannot fill the screen: {problem}");
            self.app.notify(Notice::warning(text), now);
            self.app.handle(
                &UiEvent::Command(Command::FullScreen),
                painter.window(),
                now,
            );
        }
    }

    /// Saves the picture that the player asked for.
    fn save_picture(&mut self, painter: &Painter<'_>, now: Instant) {
        if !self.app.take_picture_request() {
            return;
        }
        let saved = storage::picture_path()
            .map_err(|error| error.to_string())
            .and_then(|path| painter.save_png(&path).map(|()| path));
        let notice = match saved {
            Ok(path) => Notice::info(format!("Saved {}", path.display())),
            Err(problem) => Notice::warning(format!("The picture is not saved: {problem}")),
        };
        self.app.notify(notice, now);
    }

    fn save_chat_token(&mut self) -> anyhow::Result<()> {
        let Some(path) = &self.options.chat_token_file else {
            return Ok(());
        };
        let Some(token) = self.app.client_mut().take_chat_token() else {
            return Ok(());
        };
        private_file::write(path, &token)
            .with_context(|| format!("cannot write --chat-token-file {}", path.display()))
    }

    /// Writes the frame of the race at `now` to the recording.
    fn record(&mut self, now: Instant) -> anyhow::Result<()> {
        let frame = Frame::of(&self.app);
        let (Some(recording), Some(frame)) = (&mut self.recording, frame) else {
            return Ok(());
        };
        recording
            .add(&frame, now)
            .context("cannot write to the file of --record-frames")
    }

    /// Answers the requests of the state socket, and takes the screenshot of the
    /// command line when it is due.
    fn take_screenshots(
        &mut self,
        painter: &Painter<'_>,
        tiles: &Tiles<'_>,
        now: Instant,
    ) -> anyhow::Result<Flow> {
        while let Some(request) = self.socket.as_mut().and_then(StateSocket::poll) {
            answer(request, &self.app, painter, now);
        }
        let Some(path) = &self.options.screenshot else {
            return Ok(Flow::Continue);
        };
        if !self.screenshot.is_due(&self.app, tiles.is_complete(), now) {
            return Ok(Flow::Continue);
        }
        painter
            .save_png(path)
            .map_err(|problem| anyhow!(problem))
            .with_context(|| format!("cannot write --screenshot {}", path.display()))?;
        tracing::info!(path = %path.display(), "picture is saved");
        Ok(if self.options.exit_after_screenshot {
            Flow::Quit
        } else {
            Flow::Continue
        })
    }
}

fn answer(pending: PendingRequest, app: &App, painter: &Painter<'_>, now: Instant) {
    let line = match &pending.request {
        Request::State => serde_json::to_string(&Report::new(app, now))
            .unwrap_or_else(|error| json!({ "ok": false, "error": error.to_string() }).to_string()),
        Request::Screenshot(path) => match painter.save_png(path) {
            Ok(()) => json!({ "ok": true }).to_string(),
            Err(problem) => json!({ "ok": false, "error": problem }).to_string(),
        },
    };
    pending.answer(line);
}
