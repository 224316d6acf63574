//! The command line of persistence.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command, Parser, Subcommand};
use protocol::RaceId;
use service::ServiceOptions;

use crate::database::{DatabaseUrl, redact};

/// Keeps accounts, rooms and results in a database
#[derive(Clone, Debug, Parser)]
#[command(name = "persistence", version)]
pub struct Options {
    /// sqlite://PATH?mode=rwc, or mysql://USER:PASSWORD@HOST/DATABASE for MySQL and MariaDB
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "SLIPSTREAM_DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite://.data/slipstream.db?mode=rwc",
        value_parser = UrlParser
    )]
    pub database: DatabaseUrl,

    /// Options that every server program has.
    #[command(flatten)]
    pub service: ServiceOptions,

    /// A query to run; serves without one.
    #[command(subcommand)]
    pub command: Option<Report>,
}

/// Looks into the database for a script: JSON on standard output.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Report {
    /// Print the result of a race; status 1 when there is none
    Result {
        /// The race: a ULID of 26 characters
        #[arg(long, value_name = "ULID")]
        race: RaceId,
    },
    /// Print the open rooms
    Rooms,
}

/// Parses the URL, without showing its password in error messages.
#[derive(Clone)]
struct UrlParser;

impl TypedValueParser for UrlParser {
    type Value = DatabaseUrl;

    fn parse_ref(
        &self,
        command: &Command,
        _arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<DatabaseUrl, clap::Error> {
        let text = value.to_string_lossy();
        DatabaseUrl::parse(&text).map_err(|problem| {
            command.clone().error(
                ErrorKind::ValueValidation,
                format!(
                    "invalid value '{}' for '--database <URL>': {problem}",
                    redact(&text)
                ),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(arguments: &[&str]) -> String {
        let line = [&["persistence"], arguments].concat();
        Options::try_parse_from(line).unwrap_err().to_string()
    }

    #[test]
    fn refuses_another_database_and_says_what_is_allowed() {
        let text = refusal(&["--database", "postgres://ada:secret@db/slipstream"]);
        assert!(text.contains("--database <URL>"), "{text}");
        assert!(text.contains("postgres://ada:***@db/slipstream"), "{text}");
        assert!(
            text.contains("sqlite://") && text.contains("mysql://"),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn takes_the_database_before_and_after_the_subcommand() {
        let race = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        let url = "mysql://ada:secret@db/slipstream";
        for line in [
            ["persistence", "--database", url, "result", "--race", race],
            ["persistence", "result", "--database", url, "--race", race],
        ] {
            let options = Options::try_parse_from(line).unwrap();
            assert_eq!(
                options.command,
                Some(Report::Result {
                    race: race.parse().unwrap()
                })
            );
            assert_eq!(
                options.database.to_string(),
                "mysql://ada:***@db/slipstream"
            );
            assert!(!format!("{options:?}").contains("secret"));
        }
    }

    #[test]
    fn refuses_a_race_that_is_no_ulid() {
        let text = refusal(&["result", "--race", "friday"]);
        assert!(
            text.contains("--race <ULID>") && text.contains("26 characters"),
            "{text}"
        );
    }
}
