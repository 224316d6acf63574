//! The window and its frame loop.

mod audio;
mod bench;
mod frame_pacer;
mod keys;
mod renderer;
mod screenshot;
mod signals;

use std::time::Instant;

use anyhow::{Context, anyhow};
use sdl2::clipboard::ClipboardUtil;
use sdl2::event::Event;
use sdl2::video::Window;
use sdl2::{EventPump, VideoSubsystem};
use serde_json::json;

use self::audio::Audio;
use self::frame_pacer::FramePacer;
use self::keys::Points;
use self::screenshot::ScreenshotTimer;
use self::signals::EndSignal;
use crate::app::App;
use crate::app::report::Report;
use crate::network::Network;
use crate::options::Options;
use crate::private_file;
use crate::recording::{Frame, Recording};
use crate::state_socket::{PendingRequest, Request, StateSocket};
use crate::view::{self, Painter, Tiles};

const TITLE: &str = "Slipstream";
/// The initial size of the window, pixels.
const SIZE: (u32, u32) = (1_280, 720);
/// The smallest size of the window at which text is legible, pixels.
const SIZE_MIN: (u32, u32) = (640, 360);

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
    let screen = renderer::open(options.renderer, &video, || open_window(&video))?;
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
    let mut session = Session::open(options, video.clipboard(), pacer, screen.name)?;
    session.audio = Audio::open(&sdl, !options.no_sound);
    session.run(&mut pump, &mut painter, &mut tiles)
}

/// Opens a hidden window.
fn open_window(video: &VideoSubsystem) -> anyhow::Result<Window> {
    let mut window = video
        .window(TITLE, SIZE.0, SIZE.1)
        .position_centered()
        .resizable()
        .allow_highdpi()
        .hidden()
        .build()
        .context("cannot open a window")?;
    window
        .set_minimum_size(SIZE_MIN.0, SIZE_MIN.1)
        .context("cannot set the window's size")?;
    Ok(window)
}

/// The state of a run, apart from window and textures.
struct Session<'o> {
    options: &'o Options,
    app: App,
    clipboard: ClipboardUtil,
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
        clipboard: ClipboardUtil,
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
        Ok(Self {
            options,
            app,
            clipboard,
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
            while let Some(event) = self.network.poll() {
                self.app.link_event(event, now);
            }
            self.app.update(now);
            self.network.send(&mut self.app);
            self.audio.follow(&mut self.app, now);
            self.save_chat_token()?;
            view::draw(&self.app, painter, tiles, now).map_err(|problem| anyhow!(problem))?;
            tiles.count_frames(self.app.drawing_mut());
            let flow = self.take_screenshots(painter, tiles, now)?;
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
        let (now, width) = (Instant::now(), painter.width());
        let points = Points::new(painter.window_size(), width);
        for event in pump.poll_iter() {
            if matches!(event, Event::Quit { .. }) {
                return Flow::Quit;
            }
            if let Some(input) = keys::translate(&event, points, &self.clipboard) {
                self.app.input(&input, width, now);
            }
        }
        if let Some(text) = self.app.take_copied()
            && let Err(problem) = self.clipboard.set_clipboard_text(&text)
        {
            tracing::warn!(problem, "cannot copy text to the clipboard");
        }
        Flow::Continue
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
