//! Every program is a thin `main.rs` over its library: telemetry, configuration, run,
//! drain. Anything longer belongs in `lib.rs`, where it can be tested.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use anyhow::Context;

use crate::workspace::Package;

/// The most lines of a `main.rs`, which fit on a screen (`CONTRIBUTING.md`).
const LINES_MAX: usize = 40;

/// The root source file of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Main {
    /// Its path.
    pub path: PathBuf,
    /// Its number of lines, with comments and blank lines.
    pub lines: usize,
}

/// A `main.rs` with too many lines.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong(Main);

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Main { path, lines } = &self.0;
        write!(
            f,
            "{} has {lines} lines, at most {LINES_MAX} are allowed: ",
            path.display()
        )?;
        write!(f, "move what it does into lib.rs")
    }
}

/// Measures the programs of the workspace.
///
/// # Errors
/// When a source file cannot be read.
pub fn read(packages: &[Package]) -> anyhow::Result<Vec<Main>> {
    packages
        .iter()
        .flat_map(|package| &package.binaries)
        .map(|path| {
            let source = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Ok(Main {
                path: path.clone(),
                lines: source.lines().count(),
            })
        })
        .collect()
}

/// The files that are too long.
#[must_use]
pub fn check(mains: &[Main]) -> Vec<TooLong> {
    mains
        .iter()
        .filter(|main| main.lines > LINES_MAX)
        .cloned()
        .map(TooLong)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main(lines: usize) -> Main {
        Main {
            path: PathBuf::from("gateway/src/main.rs"),
            lines,
        }
    }

    #[test]
    fn accepts_a_main_of_the_greatest_length() {
        assert_eq!(check(&[main(LINES_MAX)]), []);
    }

    #[test]
    fn refuses_a_main_of_one_line_more() {
        let messages: Vec<String> = check(&[main(LINES_MAX + 1)])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            messages,
            [
                "gateway/src/main.rs has 41 lines, at most 40 are allowed: move what it does into lib.rs"
            ]
        );
    }
}
