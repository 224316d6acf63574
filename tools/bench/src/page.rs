//! The results as part of the documentation: a CSV file of each run, and a page
//! with a picture that is made from one of them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::charts;
use crate::results::{RUN, Results, Row, UNKNOWN};

/// The folder of CSV files, one for each run.
const RUNS: &str = "performance";
/// The page; what is written by hand around the results stays.
const PAGE: &str = "benchmarks.md";
/// The picture beside it.
const PICTURE: &str = "images/benchmarks.svg";
/// Where the results begin.
const BEGIN: &str = "<!-- deploy/bench writes from here -->";
/// Where they end.
const END: &str = "<!-- to here -->";

/// Makes sure, before a long run, that its results can be written.
///
/// # Errors
/// When they cannot.
pub fn expect_writable(folder: &Path) -> Result<()> {
    let page = folder.join(PAGE);
    fs::create_dir_all(folder.join("images"))
        .and_then(|()| fs::create_dir_all(folder.join(RUNS)))
        .and_then(|()| File::options().append(true).create(true).open(&page))
        .with_context(|| format!("--docs: '{}' cannot be written", page.display()))?;
    Ok(())
}

/// Adds the CSV file of a run to a folder that is [writable](expect_writable), and
/// makes the page from it.
///
/// # Errors
/// When a file cannot be written.
pub fn publish(folder: &Path, results: &Results) -> Result<()> {
    let path = folder.join(RUNS).join(file_name(results));
    results.write(&path)?;
    write(folder, &path)
}

/// Makes page and picture from the newest CSV file.
///
/// # Errors
/// When there is none, or a file cannot be read or written.
pub fn rewrite(folder: &Path) -> Result<()> {
    let runs = folder.join(RUNS);
    let files = fs::read_dir(&runs).with_context(|| format!("'{}'", runs.display()))?;
    let files = files.flatten().map(|file| file.path());
    let newest = files.filter(|path| path.extension() == Some(OsStr::new("csv")));
    // Names begin with the date.
    let newest = newest.max();
    let newest = newest.with_context(|| format!("'{}' has no CSV file", runs.display()))?;
    write(folder, &newest)
}

/// `DATE-COMMIT.csv`, or `DATE-COMMIT-tls.csv`, without colons, which not every file system takes.
fn file_name(results: &Results) -> String {
    let first = results.0.first();
    let (date, commit) = first.map_or((UNKNOWN, UNKNOWN), |row| {
        (row.date.as_str(), row.commit.as_str())
    });
    let tls = if results.is_tls() { "-tls" } else { "" };
    format!("{}-{commit}{tls}.csv", date.replace(':', ""))
}

fn write(folder: &Path, run: &Path) -> Result<()> {
    let results = Results::read(run)?;
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("'{}' cannot be written", path.display()))
    };
    let picture = charts::svg(&results)?;
    if let Some(picture) = &picture {
        write(PICTURE, picture)?;
    }
    let file = PathBuf::from(RUNS).join(run.file_name().unwrap_or_default());
    let section = section(&results, &file, picture.is_some());
    let before = fs::read_to_string(folder.join(PAGE)).unwrap_or_default();
    write(PAGE, &with_section(&before, &section))
}

fn section(results: &Results, file: &Path, has_picture: bool) -> String {
    let first = results.0.first();
    let column = |of: fn(&Row) -> &String| first.map_or(UNKNOWN, |row| of(row).as_str());
    let run = results.scenario(RUN);
    let mut text = format!(
        "Measured on {} by `{}` at commit {}, with {}, on {}, with the bots on the same machine; \
         [all values]({}).\n\n{}",
        column(|row| &row.date),
        run.text("bench", "command").unwrap_or(UNKNOWN),
        column(|row| &row.commit),
        run.text("nats-server", "version").unwrap_or(UNKNOWN),
        column(|row| &row.machine),
        file.display(),
        results.table()
    );
    if has_picture {
        text.push_str(&format!("![Cost and times]({PICTURE})\n"));
    }
    text
}

/// The page with this section in place of the one before, or at its end.
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
    use crate::results::TEXT;

    fn row(date: &str, scenario: &str, names: [&str; 3], value: &str) -> Row {
        let [subject, measure, unit] = names.map(str::to_owned);
        Row {
            date: date.to_owned(),
            commit: "c0ffee1".to_owned(),
            machine: "2 cores of Z80, 1 MiB, Linux 6".to_owned(),
            scenario: scenario.to_owned(),
            repeat: 1,
            subject,
            measure,
            unit,
            value: value.to_owned(),
        }
    }

    fn run(date: &str, cores: &str) -> Results {
        Results(vec![
            row(date, RUN, ["bench", "command", TEXT], "deploy/bench"),
            row(
                date,
                RUN,
                ["nats-server", "version", TEXT],
                "nats-server 2.15.1",
            ),
            row(date, "1x4", ["bots", "players", "1"], "4"),
            row(date, "1x4", ["gateway", "processor time", "cores"], cores),
        ])
    }

    #[test]
    fn the_page_is_made_from_the_newest_file() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        expect_writable(folder).unwrap();
        assert!(
            rewrite(folder)
                .unwrap_err()
                .to_string()
                .contains("no CSV file")
        );
        publish(folder, &run("2026-01-31T10:00:00Z", "0.020")).unwrap();
        let page = || fs::read_to_string(folder.join(PAGE)).unwrap();
        let published = page();
        let file = "performance/2026-01-31T100000Z-c0ffee1.csv";
        for part in [
            "on 2026-01-31T10:00:00Z by `deploy/bench` at commit c0ffee1, with nats-server 2.15.1, \
             on 2 cores of Z80",
            &format!("[all values]({file})"),
            "| 1 × 4 | 4 | 0.020 |",
            "![Cost and times](images/benchmarks.svg)",
        ] {
            assert!(published.contains(part), "{part} in {published}");
        }
        // An older run that is added later does not replace the newest.
        let older = run("2026-01-30", "0.030");
        older
            .write(&folder.join(RUNS).join(file_name(&older)))
            .unwrap();
        rewrite(folder).unwrap();
        assert_eq!(page(), published);
    }

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
