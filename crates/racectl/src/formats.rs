//! The versions of everything that is stored or sent, for an operator.

use std::fmt::Write;

use domain::Format;
use protocol::version;
use simulation::replay;

/// Every format with the versions that programs of this release read and write,
/// as a table in Markdown.
#[must_use]
pub fn table() -> String {
    let mut text = "| format | reads | writes |\n| --- | --- | --: |\n".to_owned();
    let replays = [&replay::HEADER, &replay::CHUNK];
    for format in version::FORMATS.into_iter().chain(replays) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            format.name(),
            reads(format),
            format.written()
        );
    }
    text
}

fn reads(format: &Format) -> String {
    let (oldest, newest) = (format.oldest(), format.newest());
    if oldest == newest {
        newest.to_string()
    } else {
        format!("{oldest} to {newest}")
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_for_operators_is_of_this_release() {
        let page = include_str!("../../../docs/compatibility.md");
        assert!(page.contains(&super::table()), "{}", super::table());
    }
}
