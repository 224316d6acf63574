//! What becomes of a player's account.

use protocol::PlayerName;

/// A change of the account that the gateway has confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChange {
    /// The password was replaced.
    PasswordChanged,
    /// The account is gone.
    Deleted {
        /// The name under which its results are kept.
        anonymous: PlayerName,
    },
}
