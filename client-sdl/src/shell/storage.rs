//! What is kept between runs: the settings, the session, and pictures.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use client_core::protocol::PlayerName;

use super::settings_file::SettingsFile;
use crate::app::App;
use crate::folders;
use crate::options::Options;
use crate::session::store::SessionStore;
use crate::settings::Settings;

/// The files of the player.
#[derive(Debug)]
pub(super) struct Storage {
    settings_file: SettingsFile,
    /// The settings as they were read, and why they could not be.
    settings: Settings,
    problem: Option<String>,
    /// `None` if the session is not kept: the command line has the password, or the
    /// user has no home.
    sessions: Option<SessionStore>,
}

impl Storage {
    /// Reads the settings.
    pub(super) fn open(options: &Options) -> Self {
        let (settings_file, settings, problem) = SettingsFile::read(folders::config());
        let gateway = client_core::GatewayAddress::list(&options.gateway);
        let state = folders::state().filter(|_| options.password.is_none());
        Self {
            settings_file,
            settings,
            problem,
            sessions: state.map(|state| SessionStore::new(&state, &gateway)),
        }
    }

    /// Returns the settings as they were read.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Gives the client what an earlier run has kept.
    pub(super) fn load(&mut self, options: &Options, app: &mut App, now: Instant) {
        app.load_settings(self.settings.clone(), self.problem.take(), now);
        self.offer(options.user.as_ref(), app);
    }

    /// Offers to go on with the session that was kept last.
    fn offer(&self, user: Option<&PlayerName>, app: &mut App) {
        let latest = self
            .sessions
            .as_ref()
            .and_then(|sessions| sessions.latest(user));
        if let Some(session) = latest {
            app.offer_session(session.player);
        }
    }

    /// Keeps what has changed.
    pub(super) fn update(&mut self, app: &mut App, now: Instant) {
        if let Some(settings) = app.take_changed_settings() {
            self.settings_file.change(settings, now);
        }
        self.settings_file.update(now);
        if let Some(player) = app.take_wanted_session() {
            let sessions = self.sessions.as_ref();
            app.resume(sessions.and_then(|sessions| sessions.latest(Some(&player))));
        }
        if app.take_offer_wish() {
            self.offer(None, app);
        }
        for change in app.take_session_changes() {
            if let Some(sessions) = &self.sessions
                && let Err(error) = sessions.apply(&change)
            {
                tracing::warn!(%error, "cannot keep the session");
            }
        }
    }

    /// Keeps what has changed, at the end of the run.
    pub(super) fn finish(&mut self, app: &mut App, now: Instant) {
        self.update(app, now);
        self.settings_file.finish();
    }
}

/// Makes a path for a new picture in the user's folder for them.
///
/// # Errors
/// Returns the error of the file system.
pub(super) fn picture_path() -> io::Result<PathBuf> {
    let no_home = || io::Error::new(io::ErrorKind::NotFound, "there is no home folder");
    let folder = folders::pictures().ok_or_else(no_home)?;
    std::fs::create_dir_all(&folder)?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    Ok(unused(&folder, seconds))
}

fn unused(folder: &Path, seconds: u64) -> PathBuf {
    let path = |second: u64| folder.join(format!("slipstream-{second}.png"));
    let mut paths = (seconds..).map(path);
    paths
        .find(|path| !path.exists())
        .unwrap_or_else(|| path(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_picture_replaces_another() {
        let folder = tempfile::tempdir().unwrap();
        let first = unused(folder.path(), 5);
        std::fs::write(&first, "").unwrap();
        assert_ne!(unused(folder.path(), 5), first);
    }
}
