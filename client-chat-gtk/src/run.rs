//! The life of the program: runtime, application, one window.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use gtk4 as gtk;
use gtk4::prelude::*;
use gtk4::{gio, glib};
use tokio::runtime::{Handle, Runtime};
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::background::{TOKEN_FILE_TIMEOUT, hand_over_token, quit_on_signals};
use crate::entrance::Entrance;
use crate::message::{Inbox, Outbox};
use crate::options::Options;
use crate::ui::{self, Window};

/// What the session bus and the window manager know this program by.
const APPLICATION_ID: &str = "io.github.slipstream.Chat";

/// How long the connection may take to close behind the window.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When there is no display, or no thread to be had.
pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    start_logs();
    gtk::init().context("cannot open a window; is DISPLAY or WAYLAND_DISPLAY set?")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("cannot start a thread for the connection")?;
    let (outbox, inbox) = Outbox::new();
    start_background(&runtime, &options, &outbox);

    // Several windows of several players share one session bus.
    let application =
        gtk::Application::new(Some(APPLICATION_ID), gio::ApplicationFlags::NON_UNIQUE);
    let handle = runtime.handle().clone();
    let parts = Rc::new(Cell::new(Some((options, handle, outbox, inbox))));
    application.connect_activate(move |application| match parts.take() {
        Some((options, runtime, outbox, inbox)) => {
            open(application, options, runtime, outbox, inbox);
        }
        None => application.windows().iter().for_each(GtkWindowExt::present),
    });
    // The command line is ours: GTK is given none of it.
    let code = application.run_with_args::<&str>(&[]);
    runtime.shutdown_timeout(DRAIN_TIMEOUT);
    Ok(code.into())
}

fn open(
    application: &gtk::Application,
    options: Options,
    runtime: Handle,
    outbox: Outbox,
    inbox: Inbox,
) {
    ui::load_style();
    let window = Window::new(application, &outbox);
    window.present();
    let entrance = Entrance::of(&options);
    let app = App::new(
        application,
        window,
        runtime,
        options.gateway,
        entrance,
        outbox,
    );
    glib::spawn_future_local(app.run(inbox));
}

/// These tasks end with the runtime, which `run` shuts down.
fn start_background(runtime: &Runtime, options: &Options, outbox: &Outbox) {
    let signals = outbox.clone();
    runtime.spawn(async move {
        if let Err(error) = quit_on_signals(&signals).await {
            tracing::warn!(%error, "signals are not caught");
        }
    });
    if let Some(path) = options.token_file.clone() {
        let outbox = outbox.clone();
        runtime.spawn(async move { hand_over_token(&path, TOKEN_FILE_TIMEOUT, &outbox).await });
    }
}

/// Logs go to standard error, quietly: `RUST_LOG` says otherwise.
fn start_logs() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
