//! The program's run: runtime, application, one window.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use client_core::Security;
use gtk4 as gtk;
use gtk4::prelude::*;
use gtk4::{gio, glib};
use tokio::runtime::{Handle, Runtime};
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::background::{TOKEN_FILE_TIMEOUT, hand_over_token, quit_on_signals};
use crate::login_method::LoginMethod;
use crate::message::{MessageReceiver, MessageSender};
use crate::options::Options;
use crate::ui::{self, Window};

/// The name of this program on the session bus and to the window manager.
const APPLICATION_ID: &str = "io.github.slipstream.Chat";

/// Time that the connection has to close after the window.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

/// Opens the window and runs until it is closed.
///
/// # Errors
/// Returns an error if there is no display, or if the runtime cannot start.
pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    start_logs();
    let security = options.tls.security()?;
    gtk::init().context("cannot open a window; is DISPLAY or WAYLAND_DISPLAY set?")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("cannot start a thread for the connection")?;
    let (sender, receiver) = MessageSender::new();
    start_background(&runtime, &options, &sender);

    // Windows of several players may share one session bus.
    let application =
        gtk::Application::new(Some(APPLICATION_ID), gio::ApplicationFlags::NON_UNIQUE);
    let handle = runtime.handle().clone();
    let parts = Rc::new(Cell::new(Some((
        options, security, handle, sender, receiver,
    ))));
    application.connect_activate(move |application| match parts.take() {
        Some((options, security, runtime, sender, receiver)) => {
            open(application, options, security, runtime, sender, receiver);
        }
        None => application.windows().iter().for_each(GtkWindowExt::present),
    });
    // GTK gets no arguments: `main` has parsed the command line.
    let code = application.run_with_args::<&str>(&[]);
    runtime.shutdown_timeout(DRAIN_TIMEOUT);
    Ok(code.into())
}

fn open(
    application: &gtk::Application,
    options: Options,
    security: Security,
    runtime: Handle,
    sender: MessageSender,
    receiver: MessageReceiver,
) {
    ui::load_style();
    let window = Window::new(application, &sender);
    window.present();
    let login_method = LoginMethod::of(&options);
    let app = App::new(
        application,
        window,
        runtime,
        options.gateway,
        security,
        login_method,
        sender,
    );
    glib::spawn_future_local(app.run(receiver));
}

/// Starts the background tasks. They end with the runtime, which `run` shuts
/// down.
fn start_background(runtime: &Runtime, options: &Options, sender: &MessageSender) {
    let signals = sender.clone();
    runtime.spawn(async move {
        if let Err(error) = quit_on_signals(&signals).await {
            tracing::warn!(%error, "signals are not caught");
        }
    });
    if let Some(path) = options.token_file.clone() {
        let sender = sender.clone();
        runtime.spawn(async move { hand_over_token(&path, TOKEN_FILE_TIMEOUT, &sender).await });
    }
}

/// Starts logging to standard error. The default level is `warn`; `RUST_LOG`
/// overrides it.
fn start_logs() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
