//! What more than one kind of measurement needs.

pub(crate) mod processes;
mod times;
mod tokens;

pub(crate) use self::times::Times;
pub(crate) use self::tokens::Tokens;

/// A line of a report for a person.
pub(crate) fn line(what: &str, figures: &str) -> String {
    format!("{what:<28} {figures}")
}
