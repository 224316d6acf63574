//! The report as part of the documentation.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};

use crate::charts;
use crate::report::Report;

/// The page; what is written by hand around the report stays.
const PAGE: &str = "benchmarks.md";
/// The picture beside it.
const PICTURE: &str = "images/benchmarks.svg";
/// Where the report begins.
const BEGIN: &str = "<!-- deploy/bench writes from here -->";
/// Where it ends.
const END: &str = "<!-- to here -->";

/// Makes sure that page and picture can be written, later.
///
/// # Errors
/// When they cannot.
pub fn expect_writable(folder: &Path) -> Result<()> {
    let page = folder.join(PAGE);
    fs::create_dir_all(folder.join("images"))
        .and_then(|()| File::options().append(true).create(true).open(&page))
        .with_context(|| format!("--docs: '{}' cannot be written", page.display()))?;
    Ok(())
}

/// Writes page and picture, into a folder that is [writable](expect_writable).
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, report: &Report) -> Result<()> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("'{}' cannot be written", path.display()))
    };
    let picture = charts::svg(report)?;
    if let Some(picture) = &picture {
        write(PICTURE, picture)?;
    }
    let before = fs::read_to_string(folder.join(PAGE)).unwrap_or_default();
    write(
        PAGE,
        &with_section(&before, &section(report, picture.is_some())),
    )
}

fn section(report: &Report, has_picture: bool) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "Measured by `{}`{}, with {}, on {} cores of {}, {} MiB, Linux {}, with the bots on the \
         same machine.\n\n{}",
        report.command,
        report
            .commit
            .as_ref()
            .map_or_else(String::new, |commit| format!(" at commit {commit}")),
        report.nats,
        machine.cores,
        machine.processor,
        machine.memory_mib,
        machine.kernel,
        report.table()
    );
    if has_picture {
        text.push_str(&format!("![Cost and times]({PICTURE})\n"));
    }
    text
}

/// The page with another report in it, at its end when there was none.
fn with_section(page: &str, section: &str) -> String {
    let between = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = between.unwrap_or((page, "\n"));
    let before = if before.is_empty() {
        "# Benchmarks\n\n"
    } else {
        before
    };
    format!("{before}{BEGIN}\n\n{section}\n{END}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_what_was_written_by_hand() {
        let first = with_section("", "one");
        assert!(first.starts_with("# Benchmarks"), "{first}");
        let page = format!("{first}\n## What was changed\n");
        let second = with_section(&page, "two");
        assert!(
            second.contains("two") && !second.contains("one"),
            "{second}"
        );
        assert!(second.ends_with("## What was changed\n"), "{second}");
        assert_eq!(with_section(&second, "two"), second);
    }
}
