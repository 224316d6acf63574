//! A window as a person has it: keys go in, a picture comes out.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::screen::{Screen, tool};
use fleet::Process;
use fleet::command::stdout_of;

/// Between two keys of a person who types: programs must not need less.
const KEY_DELAY_MS: &str = "12";

/// A window on a screen.
#[derive(Debug)]
pub struct Window<'a> {
    screen: &'a Screen,
    id: String,
}

impl<'a> Window<'a> {
    /// Waits for the window of a program and puts it at a place, in pixels.
    ///
    /// # Errors
    /// When it opens none.
    pub async fn of(screen: &'a Screen, process: &Process, place: (u32, u32)) -> Result<Self> {
        let pid = process.id()?.to_string();
        let search = ["search", "--sync", "--onlyvisible", "--pid", &pid];
        let found = xdotool(screen, &search).await?;
        let id = found.lines().last().context("a window has an id")?;
        let window = Self {
            screen,
            id: id.to_owned(),
        };
        let (x, y) = (place.0.to_string(), place.1.to_string());
        window.xdotool(&["windowmove", &window.id, &x, &y]).await?;
        Ok(window)
    }

    /// Types a text.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn types(&self, text: &str) -> Result<()> {
        self.focus().await?;
        self.xdotool(&["type", "--delay", KEY_DELAY_MS, text]).await
    }

    /// Presses keys one after the other, by their X names.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn presses(&self, keys: &[&str]) -> Result<()> {
        self.focus().await?;
        let command = [&["key", "--delay", KEY_DELAY_MS], keys].concat();
        self.xdotool(&command).await
    }

    /// Presses a key and does not let go.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn holds(&self, key: &str) -> Result<()> {
        self.focus().await?;
        self.xdotool(&["keydown", key]).await
    }

    /// Lets go of a key.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn releases(&self, key: &str) -> Result<()> {
        self.xdotool(&["keyup", key]).await
    }

    /// Saves a picture of the window.
    ///
    /// # Errors
    /// When it cannot be taken.
    pub async fn picture(&self, file: &Path) -> Result<()> {
        picture(self.screen, &self.id, file).await
    }

    /// Gives the window the keyboard.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn focus(&self) -> Result<()> {
        self.xdotool(&["windowfocus", "--sync", &self.id]).await
    }

    async fn xdotool(&self, arguments: &[&str]) -> Result<()> {
        xdotool(self.screen, arguments).await.map(drop)
    }
}

/// Saves a picture of a window, or of the whole screen as `root`.
///
/// # Errors
/// When it cannot be taken.
pub async fn picture(screen: &Screen, window: &str, file: &Path) -> Result<()> {
    let mut command = tool("import")?;
    command.args(["-window", window]).arg(file);
    run(screen, command).await.map(drop)
}

async fn xdotool(screen: &Screen, arguments: &[&str]) -> Result<String> {
    let mut command = tool("xdotool")?;
    command.args(arguments);
    run(screen, command).await
}

async fn run(screen: &Screen, mut command: Command) -> Result<String> {
    screen.dress(&mut command);
    stdout_of(command).await
}
