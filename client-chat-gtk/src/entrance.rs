//! How the person gets in, as the command line has it.

use crate::message::Credentials;
use crate::options::Options;

/// How the person gets in.
#[derive(Debug)]
pub enum Entrance {
    /// By the log-in page.
    Page,
    /// As the command line says; `sign_up` makes the account first.
    Account {
        /// Who.
        credentials: Credentials,
        /// Whether to make the account first.
        sign_up: bool,
    },
    /// With a token that is on its way.
    Token,
}

impl Entrance {
    /// What the command line asks for.
    #[must_use]
    pub fn of(options: &Options) -> Self {
        match (&options.user, &options.password) {
            (Some(user), Some(password)) => Self::Account {
                credentials: Credentials {
                    name: user.as_str().to_owned(),
                    password: password.clone(),
                },
                sign_up: options.sign_up,
            },
            _ if options.token_file.is_some() => Self::Token,
            _ => Self::Page,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn of(arguments: &[&str]) -> Entrance {
        let options = Options::try_parse_from([&["client-chat-gtk"], arguments].concat());
        Entrance::of(&options.unwrap())
    }

    #[test]
    fn asks_only_when_nothing_was_handed_over() {
        assert!(matches!(of(&[]), Entrance::Page));
        assert!(matches!(of(&["--token-file", "t"]), Entrance::Token));
        let account = ["--user", "Ada", "--password", "secret1"];
        assert!(matches!(
            of(&account),
            Entrance::Account { sign_up: false, .. }
        ));
        let account = [&account[..], &["--sign-up"]].concat();
        assert!(matches!(
            of(&account),
            Entrance::Account { sign_up: true, .. }
        ));
    }
}
