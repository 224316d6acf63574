//! The chat client's command line.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;
use client_core::protocol::PlayerName;
use client_core::protocol::account::Password;

/// Slipstream's chat window
///
/// Without --user or --token-file it asks for name and password.
#[derive(Clone, Debug, Parser)]
#[command(name = "client-chat-gtk", version)]
pub struct Options {
    /// The gateway's chat port
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "SLIPSTREAM_CHAT_GATEWAY",
        default_value = "127.0.0.1:10001"
    )]
    pub gateway: GatewayAddress,

    /// Log in at once under this name
    #[arg(
        long,
        value_name = "NAME",
        requires = "password",
        conflicts_with = "token_file"
    )]
    pub user: Option<PlayerName>,

    /// The password that goes with --user
    #[arg(
        long,
        value_name = "PW",
        env = "SLIPSTREAM_PASSWORD",
        hide_env_values = true,
        value_parser = password
    )]
    pub password: Option<Password>,

    /// Make the account of --user first, unless there is one of that name
    #[arg(long, requires = "user")]
    pub sign_up: bool,

    /// Log in with the token in this file, as the race client hands it over;
    /// waits up to a minute for the file to appear
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

fn password(text: &str) -> Result<Password, Infallible> {
    Ok(Password::new(text))
}

/// The address of a gateway: a host name or IP address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayAddress(String);

impl GatewayAddress {
    /// Returns the address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GatewayAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ALLOWED: &str = "HOST:PORT is a host name or address, a colon, and a port \
                               from 1 to 65535, as in 127.0.0.1:10001 or [::1]:10001";
        let (host, port) = text.rsplit_once(':').ok_or(ALLOWED)?;
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let good_host = !host.is_empty()
            && !host.contains(char::is_whitespace)
            && (bracketed || !host.contains(':'));
        let good_port = port.parse::<u16>().is_ok_and(|port| port > 0);
        if good_host && good_port {
            Ok(Self(text.to_owned()))
        } else {
            Err(ALLOWED)
        }
    }
}

impl fmt::Display for GatewayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from([&["client-chat-gtk"], arguments].concat())
    }

    #[test]
    fn takes_an_address_and_a_way_to_log_in() {
        for address in [
            "localhost:1",
            "127.0.0.1:65535",
            "[::1]:10001",
            "a.example:10001",
        ] {
            let options = parse(&["--gateway", address]).unwrap();
            assert_eq!(options.gateway.as_str(), address);
        }
        let options = parse(&["--user", "Ada", "--password", "secret1", "--sign-up"]).unwrap();
        assert_eq!(options.user.unwrap().as_str(), "Ada");
        assert!(options.sign_up);
    }

    #[test]
    fn names_flag_and_value_and_what_is_allowed() {
        for value in [
            "localhost",
            ":10001",
            "host:0",
            "host:65536",
            "::1:x",
            "a b:1",
            "::1:10001",
        ] {
            let problem = parse(&["--gateway", value]).unwrap_err().to_string();
            for part in ["--gateway", value, "from 1 to 65535"] {
                assert!(problem.contains(part), "{value}: {problem}");
            }
        }
        let problem = parse(&["--user", "a b", "--password", "x"])
            .unwrap_err()
            .to_string();
        assert!(
            problem.contains("--user") && problem.contains("A-Z a-z 0-9"),
            "{problem}"
        );
    }

    #[test]
    fn refuses_half_a_way_to_log_in_and_two_ways_at_once() {
        let two = ["--user", "Ada", "--password", "x", "--token-file", "t"];
        assert_eq!(parse(&two).unwrap_err().kind(), ErrorKind::ArgumentConflict);
        assert_eq!(
            parse(&["--sign-up"]).unwrap_err().kind(),
            ErrorKind::MissingRequiredArgument
        );
    }

    #[test]
    fn keeps_the_password_out_of_debug_output() {
        let options = parse(&["--user", "Ada", "--password", "hunter2"]).unwrap();
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
