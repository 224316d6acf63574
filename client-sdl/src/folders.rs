//! The folders in which the program keeps things between its runs, by the XDG base
//! directory specification.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// The folder of this program in each of them.
const NAME: &str = "slipstream";

/// Returns the folder for settings, unless the user has no home.
pub(crate) fn config() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config", |name| env::var_os(name))
}

/// Returns the folder for what outlives a run but is not set by the user, unless the
/// user has no home.
pub(crate) fn state() -> Option<PathBuf> {
    folder("XDG_STATE_HOME", ".local/state", |name| env::var_os(name))
}

/// Returns the folder for pictures, unless the user has no home.
pub(crate) fn pictures() -> Option<PathBuf> {
    folder("XDG_PICTURES_DIR", "Pictures", |name| env::var_os(name))
}

/// A relative path in the variable is ignored, as the specification says.
fn folder(
    variable: &str,
    in_home: &str,
    read: impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let base = read(variable).and_then(absolute);
    let home = || {
        read("HOME")
            .and_then(absolute)
            .map(|home| home.join(in_home))
    };
    Some(base.or_else(home)?.join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefers_the_variable_to_the_home_and_ignores_relative_paths() {
        let with = |config: Option<&str>, home: Option<&str>| {
            let (config, home) = (config.map(OsString::from), home.map(OsString::from));
            folder("XDG_CONFIG_HOME", ".config", |name| match name {
                "HOME" => home.clone(),
                _ => config.clone(),
            })
        };
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(with(Some("/c"), Some("/h")), path("/c/slipstream"));
        assert_eq!(with(Some("c"), Some("/h")), path("/h/.config/slipstream"));
        assert_eq!(with(None, Some("/h")), path("/h/.config/slipstream"));
        assert_eq!(with(Some(""), Some("")), None);
    }
}
