//! The method by which the user logs in, as the command line has it.

use crate::message::Credentials;
use crate::options::Options;

/// The method by which the user logs in.
#[derive(Debug)]
pub enum LoginMethod {
    /// Credentials that are typed into the log-in page.
    Prompt,
    /// Credentials of the command line.
    Account {
        /// Name and password.
        credentials: Credentials,
        /// Whether to create the account first.
        sign_up: bool,
    },
    /// A token from the token file, which may appear later.
    Token,
}

impl LoginMethod {
    /// Returns the method that the command line asks for.
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
            _ => Self::Prompt,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn of(arguments: &[&str]) -> LoginMethod {
        let options = Options::try_parse_from([&["client-chat-gtk"], arguments].concat());
        LoginMethod::of(&options.unwrap())
    }

    #[test]
    fn prompts_only_without_token_file_and_account() {
        assert!(matches!(of(&[]), LoginMethod::Prompt));
        assert!(matches!(of(&["--token-file", "t"]), LoginMethod::Token));
        let account = ["--user", "Ada", "--password", "secret1"];
        assert!(matches!(
            of(&account),
            LoginMethod::Account { sign_up: false, .. }
        ));
        let account = [&account[..], &["--sign-up"]].concat();
        assert!(matches!(
            of(&account),
            LoginMethod::Account { sign_up: true, .. }
        ));
    }
}
