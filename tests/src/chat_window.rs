//! The chat client in its window. What it shows is read from the accessibility
//! tree, as a screen reader does; what is done is done with keys.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cluster::{Cluster, PASSWORD};
use crate::programs::program;
use crate::screen::{Screen, tool};
use crate::window::Window;
use fleet::Process;
use fleet::command::stdout_of;
use fleet::wait::eventually;

/// Prints the accessibility tree of a process as JSON, one object a line.
const TREE_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/accessibility_tree.py");
/// Debian's own Python: the bindings are packages of the system.
const PYTHON: &str = "/usr/bin/python3";
/// More stops than a page of the window has.
const TABS_MAX: usize = 12;

/// A running chat client.
#[derive(Debug)]
pub struct ChatWindow<'a> {
    /// The window.
    pub window: Window<'a>,
    /// The program.
    pub process: Process,
    screen: &'a Screen,
    name: String,
}

/// Something in the window that a screen reader would read.
#[derive(Clone, Debug)]
struct Node {
    name: String,
    text: String,
    is_focused: bool,
}

impl<'a> ChatWindow<'a> {
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
        let mut command = program("client-chat-gtk")?;
        screen.dress(&mut command);
        command.args(["--gateway", &cluster.chat_address()?]);
        let process = Process::start(command, &format!("client-chat-{name}"), screen.run_dir())?;
        let window = Window::of(screen, &process, place).await?;
        let opened = Self {
            window,
            process,
            screen,
            name: name.to_owned(),
        };
        opened.shows("Log in").await?;
        Ok(opened)
    }

    /// Types name and password, and presses the button "Sign up".
    ///
    /// # Errors
    /// When that does not lead into the chat.
    pub async fn signs_up(&self) -> Result<()> {
        self.fills_in(PASSWORD).await?;
        self.goes_to("Sign up").await?;
        self.window.presses(&["space"]).await?;
        self.is_in_chat().await
    }

    /// Types name and password, and presses Enter.
    ///
    /// # Errors
    /// When that does not lead into the chat.
    pub async fn logs_in(&self) -> Result<()> {
        self.fills_in(PASSWORD).await?;
        self.window.presses(&["Return"]).await?;
        self.is_in_chat().await
    }

    /// Types the name and some password.
    ///
    /// # Errors
    /// When there is nowhere to type.
    pub async fn fills_in(&self, password: &str) -> Result<()> {
        self.goes_to("Name").await?;
        self.window.types(&self.name).await?;
        self.goes_to("Password").await?;
        self.window.types(password).await
    }

    async fn is_in_chat(&self) -> Result<()> {
        let notice = format!("{} just joined the chat!", self.name);
        self.shows(&notice).await
    }

    /// Types a line and sends it with Enter.
    ///
    /// # Errors
    /// When there is nowhere to type.
    pub async fn says(&self, line: &str) -> Result<()> {
        self.goes_to("Message").await?;
        self.window.types(line).await?;
        self.window.presses(&["Return"]).await
    }

    /// Waits until something is shown that contains a text.
    ///
    /// # Errors
    /// When it is not, with what is.
    pub async fn shows(&self, text: &str) -> Result<()> {
        let what = format!("{}'s chat shows {text:?}", self.name);
        let mut last = Vec::new();
        let found = eventually(&what, async || {
            last = self.tree().await?;
            let is_shown = |node: &Node| node.name.contains(text) || node.text.contains(text);
            Ok(last.iter().any(is_shown).then_some(()))
        })
        .await;
        found.with_context(|| format!("it shows {last:#?}"))
    }

    /// Presses Tab until something of a name has the keyboard.
    ///
    /// # Errors
    /// When it is not reached.
    pub async fn goes_to(&self, name: &str) -> Result<()> {
        self.shows(name).await?;
        self.window.focus().await?;
        let mut focus = None;
        for _stop in 0..TABS_MAX {
            focus = Some(self.focus_after(focus).await?);
            if focus.as_deref() == Some(name) {
                return Ok(());
            }
            self.window.presses(&["Tab"]).await?;
        }
        bail!(
            "{name} cannot be reached with Tab: {:#?}",
            self.tree().await?
        )
    }

    /// Waits until something else than before has the keyboard.
    async fn focus_after(&self, before: Option<String>) -> Result<String> {
        eventually("something has the keyboard", async || {
            let tree = self.tree().await?;
            // The innermost comes last.
            let focused = tree.into_iter().rev().find(|node| node.is_focused);
            let name = focused.map(|node| node.name);
            Ok(name.filter(|name| before.as_ref() != Some(name)))
        })
        .await
    }

    async fn tree(&self) -> Result<Vec<Node>> {
        let mut command = tool(PYTHON)?;
        command.arg(TREE_SCRIPT).arg(self.process.id()?.to_string());
        self.screen.dress(&mut command);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let node = |line: &str| {
            let node: Value = serde_json::from_str(line)?;
            Ok(Node {
                name: text(&node["name"]),
                text: text(&node["text"]),
                is_focused: node["focused"] == true,
            })
        };
        stdout_of(command).await?.lines().map(node).collect()
    }
}
