//! The settings file: read once, written a moment after a change.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::settings::{Document, Settings};

/// The file in the folder for settings.
const NAME: &str = "client.json";
/// Time from a change to the write: a slider that is held is written once.
const DELAY: Duration = Duration::from_millis(500);

/// The settings file, and what has to be written to it.
#[derive(Debug)]
pub(super) struct SettingsFile {
    /// `None` for a user without a home: nothing is kept.
    path: Option<PathBuf>,
    document: Document,
    changed: Option<(Settings, Instant)>,
}

impl SettingsFile {
    /// Reads the settings. Returns a sentence for the player if the file cannot be
    /// used: it is then kept under another name before it is written.
    pub(super) fn read(folder: Option<PathBuf>) -> (Self, Settings, Option<String>) {
        let path = folder.map(|folder| folder.join(NAME));
        let mut file = Self {
            path,
            document: Document::default(),
            changed: None,
        };
        let Some(path) = &file.path else {
            return (file, Settings::default(), None);
        };
        let outcome = match std::fs::read_to_string(path) {
            Ok(text) => Document::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return (file, Settings::default(), None);
            }
            Err(error) => Err(error.to_string()),
        };
        match outcome {
            Ok((document, settings)) => {
                file.document = document;
                (file, settings, None)
            }
            Err(why) => {
                let kept = set_aside(path);
                let sentence = format!(
                    "The settings are the usual ones: {} cannot be used, {why}. {kept}",
                    path.display()
                );
                (file, Settings::default(), Some(sentence))
            }
        }
    }

    /// Records a change, to be written soon.
    pub(super) fn change(&mut self, settings: Settings, now: Instant) {
        self.changed = Some((settings, now));
    }

    /// Writes a change that is old enough.
    pub(super) fn update(&mut self, now: Instant) {
        let changed = self.changed.as_ref().map(|(_, at)| *at);
        if changed.is_some_and(|at| now.saturating_duration_since(at) >= DELAY) {
            self.finish();
        }
    }

    /// Writes a change at once.
    pub(super) fn finish(&mut self) {
        let (Some((settings, _)), Some(path)) = (self.changed.take(), &self.path) else {
            return;
        };
        let outcome = self
            .document
            .write(&settings)
            .map_err(io::Error::from)
            .and_then(|text| write(path, &text));
        if let Err(error) = outcome {
            tracing::warn!(path = %path.display(), %error, "cannot write the settings");
        }
    }
}

/// Keeps a file that is not understood under another name.
fn set_aside(path: &Path) -> String {
    let kept = path.with_extension("json.unusable");
    match std::fs::rename(path, &kept) {
        Ok(()) => format!("It is kept as {}.", kept.display()),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "cannot rename the settings");
            "It will be written over.".to_owned()
        }
    }
}

/// Replaces the file atomically: a program that starts meanwhile reads one of both.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension(format!("json.{}.part", std::process::id()));
    std::fs::write(&unfinished, text)?;
    std::fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Units;

    fn miles() -> Settings {
        Settings {
            units: Units::Imperial,
            ..Settings::default()
        }
    }

    #[test]
    fn a_change_is_written_once_and_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slipstream");
        let (mut file, settings, problem) = SettingsFile::read(Some(path.clone()));
        assert_eq!((settings, problem), (Settings::default(), None));
        let start = Instant::now();
        file.change(Settings::default(), start);
        file.change(miles(), start + Duration::from_millis(400));
        file.update(start + Duration::from_millis(600));
        assert!(!path.exists(), "the slider is still held");
        file.update(start + Duration::from_millis(1_000));
        let (_, settings, problem) = SettingsFile::read(Some(path.clone()));
        assert_eq!((settings, problem), (miles(), None));
        assert_eq!(std::fs::read_dir(path).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_understood_is_kept_and_explained() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        std::fs::write(path.join(NAME), r#"{"version": 9}"#).unwrap();
        let (mut file, settings, problem) = SettingsFile::read(Some(path.clone()));
        assert_eq!(settings, Settings::default());
        assert!(problem.is_some_and(|text| text.contains("version 9")));
        file.change(miles(), Instant::now());
        file.finish();
        let kept = std::fs::read_to_string(path.join("client.json.unusable")).unwrap();
        assert_eq!(kept, r#"{"version": 9}"#);
        assert_eq!(SettingsFile::read(Some(path)).1, miles());
    }

    #[test]
    fn a_user_without_a_home_has_the_usual_settings() {
        let (mut file, settings, problem) = SettingsFile::read(None);
        assert_eq!((settings, problem), (Settings::default(), None));
        file.change(miles(), Instant::now());
        file.finish();
    }
}
