//! `--bench`: how long the frames of a race take, with each renderer.
//!
//! The race is simulated in this process and shown through the path of one from
//! the network. A frame is what the client does from the arrival of a snapshot to
//! the picture on the screen; the simulation of the race is not part of it.

use std::time::{Duration, Instant};

use anyhow::{anyhow, ensure};
use client_core::LinkEvent;
use client_core::simulation::TICK_SECONDS;
use domain::SEATS_MAX;
use rustix::time::{ClockId, clock_gettime};
use sdl2::event::Event;
use sdl2::ttf::Sdl2TtfContext;
use sdl2::{EventPump, Sdl, VideoSubsystem};
use serde_json::json;

use super::frame_pacer::FramePacer;
use super::open_window;
use super::renderer;
use crate::app::{App, Plan};
use crate::local_race::{self, LocalRace};
use crate::options::{Options, RendererOption};
use crate::settings::WindowSettings;
use crate::view::{self, Painter, Tiles};

/// Ticks from the first frame to the lights: the grid is measured, too.
const START_TICK: u32 = 120;
/// Ticks from one snapshot to the next.
const SNAPSHOT_TICKS: f64 = 2.0;
/// The share of the frames, the latest, that count as the steady state.
const STEADY_SHARE: f64 = 0.5;
/// The duration of a frame at 60 frames a second.
const FRAME_60: Duration = Duration::from_nanos(16_666_667);

/// What was measured with one renderer.
#[derive(Debug, Default)]
struct Measured {
    frames: Vec<Duration>,
    /// Processor time of each frame, of all threads and of the one that draws:
    /// what a machine that is busy with other programs changes little.
    busy: Vec<Duration>,
    drawing: Vec<Duration>,
    /// Allocations of each frame, if they are counted.
    allocations: Vec<u64>,
}

/// Measures with each renderer, and prints a line about each.
///
/// # Errors
/// Returns an error if SDL fails, or if road under a car was missing.
pub(super) fn run(
    options: &Options,
    cars: u8,
    sdl: &Sdl,
    video: &VideoSubsystem,
    fonts: &Sdl2TtfContext,
) -> anyhow::Result<()> {
    let mut pump = sdl.event_pump().map_err(|problem| anyhow!(problem))?;
    let wanted: &[RendererOption] = match options.renderer {
        RendererOption::Auto => &[RendererOption::Accelerated, RendererOption::Software],
        RendererOption::Software => &[RendererOption::Software],
        RendererOption::Accelerated => &[RendererOption::Accelerated],
    };
    let mut missing = 0;
    for renderer in wanted {
        let screen = renderer::open(*renderer, video, || {
            open_window(video, WindowSettings::default().size())
        })?;
        let creator = screen.canvas.texture_creator();
        let mut painter =
            Painter::new(screen.canvas, &creator, fonts).map_err(|problem| anyhow!(problem))?;
        let mut tiles = Tiles::new(&creator);
        let mut bench = Bench::new(options, cars)?;
        let measured = bench.measure(options.bench_seconds, &mut pump, &mut painter, &mut tiles)?;
        let drawing = bench.app.drawing();
        println!("{}", measured.line(&screen.name, cars));
        println!(
            "  road under a car missing in {} frames, drawn without a tile in {} of {}",
            drawing.missing_road_frames, drawing.plain_road_frames, drawing.race_frames
        );
        missing += drawing.missing_road_frames;
    }
    ensure!(
        missing == 0,
        "road under a car was missing in {missing} frames"
    );
    Ok(())
}

struct Bench {
    app: App,
    race: LocalRace,
    began: Instant,
    frame_rate: Option<u32>,
}

impl Bench {
    fn new(options: &Options, cars: u8) -> anyhow::Result<Self> {
        let began = Instant::now();
        let mut settings = options.settings();
        settings.seats = cars;
        let names: Vec<String> = (1..=SEATS_MAX)
            .map(|number| format!("Driver-{number}"))
            .collect();
        let names: Vec<&str> = names.iter().take(cars.into()).map(String::as_str).collect();
        let race = LocalRace::new(&settings, cars.into(), START_TICK)?;
        let mut app = App::new(Plan::default(), began);
        app.link_event(LinkEvent::Connected, began);
        let welcome = json!({"type": "welcome", "player": names[0], "token": "t"});
        app.link_event(LinkEvent::Message(serde_json::from_value(welcome)?), began);
        let entered = local_race::entered("countdown", &names, &settings, START_TICK)?;
        app.link_event(LinkEvent::Message(entered), began);
        Ok(Self {
            app,
            race,
            began,
            frame_rate: options.frame_rate,
        })
    }

    fn measure(
        &mut self,
        seconds: u32,
        pump: &mut EventPump,
        painter: &mut Painter<'_>,
        tiles: &mut Tiles<'_>,
    ) -> anyhow::Result<Measured> {
        let mut measured = Measured::default();
        // Nothing is synchronised: the time of a frame is that of its drawing.
        let mut pacer = FramePacer::new(self.frame_rate, 0, false, Instant::now());
        let length = Duration::from_secs(seconds.into());
        while self.began.elapsed() < length {
            let is_closed = |event: Event| matches!(event, Event::Quit { .. });
            if pump.poll_iter().any(is_closed) {
                break;
            }
            let snapshots = self.due_snapshots()?;
            let (now, busy, drawing) = (Instant::now(), processor_time(), thread_time());
            let mut drawn = Ok(());
            let allocations = counted(|| drawn = self.frame(snapshots, painter, tiles, now));
            drawn.map_err(|problem| anyhow!(problem))?;
            measured.frames.push(now.elapsed());
            measured.busy.push(processor_time().saturating_sub(busy));
            measured.drawing.push(thread_time().saturating_sub(drawing));
            measured.allocations.extend(allocations);
            pacer.frame_done();
        }
        Ok(measured)
    }

    /// Advances the race to the present.
    fn due_snapshots(&mut self) -> anyhow::Result<Vec<LinkEvent>> {
        let mut due = Vec::new();
        let elapsed = self.began.elapsed().as_secs_f64();
        let interval = SNAPSHOT_TICKS * TICK_SECONDS;
        while f64::from(self.race.state().tick) * TICK_SECONDS + interval <= elapsed {
            due.push(LinkEvent::Snapshot(self.race.advance()?.into()));
        }
        Ok(due)
    }

    fn frame(
        &mut self,
        snapshots: Vec<LinkEvent>,
        painter: &mut Painter<'_>,
        tiles: &mut Tiles<'_>,
        now: Instant,
    ) -> Result<(), String> {
        for snapshot in snapshots {
            self.app.link_event(snapshot, now);
        }
        self.app.update(now);
        self.app.client_mut().take_outgoing();
        view::draw(&self.app, painter, tiles, now)?;
        tiles.count_frames(self.app.drawing_mut());
        painter.present();
        Ok(())
    }
}

impl Measured {
    fn line(&self, renderer: &str, cars: u8) -> String {
        let ms = |values: &[Duration], share| percentile(values, share).as_secs_f64() * 1e3;
        let late = self
            .frames
            .iter()
            .filter(|frame| **frame > FRAME_60)
            .count();
        let steady = (self.allocations.len() as f64 * (1.0 - STEADY_SHARE)) as usize;
        let allocations = match &self.allocations[steady..] {
            [] => "not counted (feature count-allocations)".to_owned(),
            steady => format!(
                "p50 {} p99 {}",
                percentile(steady, 0.5),
                percentile(steady, 0.99)
            ),
        };
        format!(
            "{renderer}: {cars} cars, {} frames, p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms, \
             {late} over 16.7 ms, processor p50 {:.1} ms \
             ({:.1} ms of it the thread that draws), allocations a frame {allocations}",
            self.frames.len(),
            ms(&self.frames, 0.5),
            ms(&self.frames, 0.99),
            ms(&self.frames, 1.0),
            ms(&self.busy, 0.5),
            ms(&self.drawing, 0.5),
        )
    }
}

/// Returns the processor time that all threads have used.
fn processor_time() -> Duration {
    duration(ClockId::ProcessCPUTime)
}

/// Returns the processor time that the thread that draws has used.
fn thread_time() -> Duration {
    duration(ClockId::ThreadCPUTime)
}

fn duration(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// Returns the smallest value that a share of the values does not exceed.
fn percentile<T: Copy + Default + Ord>(values: &[T], share: f64) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (values.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or_default()
}

/// Runs a frame and counts its allocations, if this program was built to.
#[cfg(feature = "count-allocations")]
fn counted(frame: impl FnOnce()) -> Option<u64> {
    Some(allocation_counter::measure(frame).count_total)
}

/// Runs a frame.
#[cfg(not(feature = "count-allocations"))]
fn counted(frame: impl FnOnce()) -> Option<u64> {
    frame();
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let values = [5, 1, 4, 2, 3];
        for (share, expected) in [(0.0, 1), (0.5, 3), (0.99, 5), (1.0, 5)] {
            assert_eq!(percentile(&values, share), expected, "{share}");
        }
        assert_eq!(percentile::<u64>(&[], 0.5), 0);
    }
}
