//! The content of the settings file.

use serde_json::{Map, Value, json};

use super::Settings;

/// The version of the file. A change of meaning raises it; a new value does not.
const VERSION: u64 = 1;

/// The content of the settings file: what this version knows, and the rest as it
/// was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    raw: Map<String, Value>,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// Returns a sentence if it cannot be understood.
    pub fn parse(text: &str) -> Result<(Self, Settings), String> {
        let raw: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| format!("it is not JSON as expected: {error}"))?;
        match raw.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(version) => {
                return Err(format!(
                    "it has version {version}, and this program knows version {VERSION}"
                ));
            }
            None => return Err("it does not say its version".to_owned()),
        }
        let settings = serde_json::from_value(Value::Object(raw.clone()))
            .map_err(|error| error.to_string())?;
        Ok((Self { raw }, settings))
    }

    /// Returns the file with these settings. What it had besides stays.
    ///
    /// # Errors
    /// Returns serde's error, of which none is known.
    pub fn write(&mut self, settings: &Settings) -> Result<String, serde_json::Error> {
        let mut raw = Value::Object(std::mem::take(&mut self.raw));
        merge(&mut raw, serde_json::to_value(settings)?);
        merge(&mut raw, json!({ "version": VERSION }));
        let text = serde_json::to_string_pretty(&raw)?;
        if let Value::Object(raw) = raw {
            self.raw = raw;
        }
        Ok(text + "\n")
    }
}

/// Puts the values of one object into another, object by object.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Bindings, Chord, Command, Function, KeyCode, Slot};
    use crate::settings::{Percent, Units};

    fn changed() -> Settings {
        let mut settings = Settings {
            units: Units::Imperial,
            ..Settings::default()
        };
        settings.sound.master = Percent::NONE;
        settings.window.is_full_screen = true;
        let mute = Function::Command(Command::Mute);
        let u = Chord::key(KeyCode::letter(b'u'));
        settings.keys.bind(mute, Slot::First, u).unwrap();
        settings
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = Document::default().write(&changed()).unwrap();
        let (_, settings) = Document::parse(&text).unwrap();
        assert_eq!(settings, changed());
    }

    #[test]
    fn a_file_may_lack_anything_but_its_version() {
        let (_, settings) = Document::parse(r#"{"version": 1}"#).unwrap();
        assert_eq!(settings, Settings::default());
        let (_, settings) =
            Document::parse(r#"{"version": 1, "sound": {"is_muted": true}, "keys": {}}"#).unwrap();
        assert!(settings.sound.is_muted);
        assert_eq!(settings.sound.master, Settings::default().sound.master);
        assert_eq!(settings.keys, Bindings::default());
    }

    #[test]
    fn keeps_what_it_does_not_know() {
        let text = r#"{"version": 1, "ghost": 3, "camera": {"roll": true},
            "keys": {"warp": ["Hyper"]}}"#;
        let (mut document, settings) = Document::parse(text).unwrap();
        let written = document.write(&settings).unwrap();
        let written: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(written["ghost"], 3);
        assert_eq!(written["camera"]["roll"], true);
        assert_eq!(written["camera"]["up"], "north");
        assert_eq!(written["keys"]["warp"], json!(["Hyper"]));
    }

    #[test]
    fn explains_what_it_refuses() {
        for (text, why) in [
            ("[1]", "not JSON as expected"),
            ("{}", "does not say its version"),
            (r#"{"version": 2}"#, "version 2"),
            (
                r#"{"version": 1, "sound": {"master": 101}}"#,
                "0 to 100, not 101",
            ),
            (r#"{"version": 1, "units": "knots"}"#, "knots"),
            (r#"{"version": 1, "keys": {"mute": ["Hyper"]}}"#, "Hyper"),
        ] {
            let error = Document::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
