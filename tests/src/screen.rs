//! A screen for windows where there is none, with the session bus and the
//! accessibility bus that a desktop has.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use fleet::wait::eventually;
use fleet::{Process, RunDir};

/// Room for four windows side by side, so that none covers another.
const SIZE: &str = "2560x1440x24";
/// Names the folder for pictures.
const SCREENSHOT_DIR: &str = "SLIPSTREAM_SCREENSHOT_DIR";
/// Where Debian has what carries the accessibility bus.
const A11Y_LAUNCHER: &str = "/usr/libexec/at-spi-bus-launcher";

/// A virtual screen. Dropping it ends it.
#[derive(Debug)]
pub struct Screen {
    a11y: Process,
    _bus: Process,
    _xvfb: Process,
    display: String,
    bus_address: String,
    run_dir: RunDir,
}

impl Screen {
    /// Starts one on a free display.
    ///
    /// # Errors
    /// When a program is missing or does not serve.
    pub async fn start(run_dir: &RunDir) -> Result<Self> {
        let mut command = tool("Xvfb")?;
        // It says on standard output which display it took.
        command.args(["-displayfd", "1", "-screen", "0", SIZE, "-nolisten", "tcp"]);
        let xvfb = Process::start(command, "Xvfb", run_dir)?;
        let number = first_line(&xvfb, |line| line.parse::<u32>().is_ok()).await?;

        let mut command = tool("dbus-daemon")?;
        command.args(["--session", "--nofork", "--print-address"]);
        let bus = Process::start(command, "dbus-daemon", run_dir)?;
        let bus_address = first_line(&bus, |line| line.starts_with("unix:")).await?;

        let mut launcher = tool(A11Y_LAUNCHER)?;
        launcher.arg("--launch-immediately");
        let display = format!(":{number}");
        dress(&mut launcher, &display, &bus_address, run_dir.path());
        Ok(Self {
            a11y: Process::start(launcher, "at-spi-bus-launcher", run_dir)?,
            _bus: bus,
            _xvfb: xvfb,
            display,
            bus_address,
            run_dir: run_dir.clone(),
        })
    }

    /// Lets a program open its window here.
    pub fn dress(&self, command: &mut Command) {
        dress(
            command,
            &self.display,
            &self.bus_address,
            self.run_dir.path(),
        );
    }

    /// Where the screen keeps its files.
    #[must_use]
    pub fn run_dir(&self) -> &RunDir {
        &self.run_dir
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It has a bus of its own to end, which a kill would leave behind.
        self.a11y.terminate_blocking();
    }
}

fn dress(command: &mut Command, display: &str, bus_address: &str, folder: &Path) {
    command
        .env_remove("WAYLAND_DISPLAY")
        .env("DISPLAY", display)
        .env("DBUS_SESSION_BUS_ADDRESS", bus_address)
        .env("XDG_RUNTIME_DIR", folder)
        .env("SDL_VIDEODRIVER", "x11")
        .env("SDL_AUDIODRIVER", "dummy")
        .env("GDK_BACKEND", "x11")
        .env("GSK_RENDERER", "cairo")
        .env("GTK_A11Y", "atspi");
}

async fn first_line(process: &Process, is_it: fn(&str) -> bool) -> Result<String> {
    let what = format!("{} says where it is", process.name());
    eventually(&what, async || {
        let output = process.stdout();
        Ok(output.lines().find(|line| is_it(line)).map(str::to_owned))
    })
    .await
}

/// Where a picture of what was seen is kept: in the folder that
/// `SLIPSTREAM_SCREENSHOT_DIR` names, or in `gui-screenshots` in `target_folder`.
///
/// # Errors
/// When the folder cannot be made.
pub fn kept(target_folder: &str, file: &str) -> Result<PathBuf> {
    let folder = env::var_os(SCREENSHOT_DIR).map_or_else(
        || Path::new(target_folder).join("gui-screenshots"),
        PathBuf::from,
    );
    std::fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?.join(file))
}

/// A tool of the machine.
///
/// # Errors
/// When it is not installed.
pub fn tool(name: &str) -> Result<Command> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file());
    let found =
        found.with_context(|| format!("there is no {name} here: `deploy/test gui` installs it"))?;
    Ok(Command::new(found))
}
