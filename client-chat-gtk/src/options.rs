//! The chat client's command line.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::Parser;
use client_core::protocol::PlayerName;
use client_core::protocol::account::Password;
use client_core::{GatewayAddress, TlsOptions};

/// Slipstream's chat window
///
/// Without --user or --token-file it asks for name and password.
#[derive(Clone, Debug, Parser)]
#[command(name = "client-chat-gtk", version)]
pub struct Options {
    /// The chat ports of gateways: the first one that answers is used
    #[arg(
        long,
        value_name = "HOST:PORT,...",
        env = "SLIPSTREAM_CHAT_GATEWAY",
        value_delimiter = ',',
        default_value = "127.0.0.1:10001"
    )]
    pub gateway: Vec<GatewayAddress>,

    /// Whether the connection is encrypted.
    #[command(flatten)]
    pub tls: TlsOptions,

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

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from([&["client-chat-gtk"], arguments].concat())
    }

    #[test]
    fn takes_addresses_and_a_way_to_log_in() {
        let options = parse(&["--gateway", "a.example:10001,[::1]:10001"]).unwrap();
        let texts: Vec<_> = options.gateway.iter().map(GatewayAddress::as_str).collect();
        assert_eq!(texts, ["a.example:10001", "[::1]:10001"]);
        let options = parse(&["--user", "Ada", "--password", "secret1", "--sign-up"]).unwrap();
        assert_eq!(options.user.unwrap().as_str(), "Ada");
        assert!(options.sign_up);
    }

    #[test]
    fn names_flag_and_value_and_what_is_allowed() {
        for (value, allowed) in [
            ("localhost", "has no port"),
            ("host:0", "from 1 to 65535"),
            ("::1:10001", "in brackets"),
            ("a b:1", "a host name or an IP address"),
        ] {
            let list = format!("localhost:1,{value}");
            let problem = parse(&["--gateway", &list]).unwrap_err().to_string();
            for part in ["--gateway", value, allowed] {
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
