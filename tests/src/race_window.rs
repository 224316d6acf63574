//! The race client in its window. What it shows is asked through its state
//! socket; what is done is done with keys.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::cluster::{Cluster, PASSWORD};
use crate::programs::program;
use crate::screen::Screen;
use crate::window::Window;
use fleet::Process;
use fleet::wait::{TIMEOUT, eventually};

/// A running race client.
#[derive(Debug)]
pub struct RaceWindow<'a> {
    /// The window.
    pub window: Window<'a>,
    /// The program.
    pub process: Process,
    name: String,
    socket: PathBuf,
}

impl<'a> RaceWindow<'a> {
    /// Opens it and waits until it asks who is there.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn open(
        cluster: &Cluster,
        screen: &'a Screen,
        name: &str,
        place: (u32, u32),
    ) -> Result<Self> {
        Self::open_with(cluster, screen, name, place, &[]).await
    }

    /// Opens it with more options and waits until it asks who is there.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn open_with(
        cluster: &Cluster,
        screen: &'a Screen,
        name: &str,
        place: (u32, u32),
        options: &[&OsStr],
    ) -> Result<Self> {
        let socket = screen.run_dir().path().join(format!("{name}.sock"));
        let mut command = program("client-sdl")?;
        screen.dress(&mut command);
        // What a player keeps between runs is found again under the same name only.
        let home = screen.run_dir().path().join(format!("{name}-home"));
        command
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_PICTURES_DIR", home.join("pictures"))
            .args(["--gateway", &cluster.race_address()?, "--state-socket"])
            .arg(&socket)
            .args(options);
        let process = Process::start(command, &format!("client-sdl-{name}"), screen.run_dir())?;
        let window = Window::of(screen, &process, place).await?;
        let opened = Self {
            window,
            process,
            name: name.to_owned(),
            socket,
        };
        opened.shows("login").await?;
        Ok(opened)
    }

    /// Types name and password, and goes to the button "Sign up".
    ///
    /// # Errors
    /// When that does not lead to the lobby.
    pub async fn signs_up(&self) -> Result<()> {
        self.fills_in().await?;
        self.window.presses(&["Tab", "Tab", "Return"]).await?;
        self.shows("lobby").await.map(drop)
    }

    /// Types name and password, and presses Enter.
    ///
    /// # Errors
    /// When that does not lead to the lobby.
    pub async fn logs_in(&self) -> Result<()> {
        self.fills_in().await?;
        self.window.presses(&["Return"]).await?;
        self.shows("lobby").await.map(drop)
    }

    async fn fills_in(&self) -> Result<()> {
        self.window.types(&self.name).await?;
        self.window.presses(&["Tab"]).await?;
        self.window.types(PASSWORD).await
    }

    /// Waits for a screen, by its name in the state.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn shows(&self, screen: &str) -> Result<Value> {
        self.until(&format!("the screen {screen}"), |state| {
            state["screen"] == screen
        })
        .await
    }

    /// Waits for a notice.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn notices(&self, text: &str) -> Result<()> {
        let is_there = |state: &Value| {
            let notices = state["notices"].as_array();
            notices.is_some_and(|notices| notices.iter().any(|notice| notice == text))
        };
        self.until(&format!("the notice {text:?}"), is_there)
            .await
            .map(drop)
    }

    /// Waits until what is shown is as wanted.
    ///
    /// # Errors
    /// When it is not, with the last state.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
        let mut last = Value::Null;
        let found = eventually(&format!("{}'s window: {what}", self.name), async || {
            last = self.ask("state").await.unwrap_or_default();
            Ok(is_so(&last).then(|| last.clone()))
        })
        .await;
        found.with_context(|| format!("it shows {last}"))
    }

    /// Saves a picture of the window.
    ///
    /// # Errors
    /// When it cannot be taken.
    pub async fn picture(&self, file: &Path) -> Result<()> {
        let answer = self.ask(&format!("screenshot {}", file.display())).await?;
        ensure!(answer["ok"] != false, "no picture: {answer}");
        Ok(())
    }

    async fn ask(&self, question: &str) -> Result<Value> {
        let answer = async {
            let mut stream = UnixStream::connect(&self.socket).await?;
            stream.write_all(format!("{question}\n").as_bytes()).await?;
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).await?;
            Ok(serde_json::from_str(&line)?)
        };
        tokio::time::timeout(TIMEOUT, answer).await?
    }
}
