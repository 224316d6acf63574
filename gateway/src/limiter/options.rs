//! The limits of a gateway on its command line.

use clap::Args;

use super::bucket::Limit;
use crate::limits;

/// How much one player and one address may do.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct LimitOptions {
    /// Most connections from one address (an IPv6 /64 counts as one)
    #[arg(
        long,
        value_name = "N",
        env = "SLIPSTREAM_CONNECTIONS_PER_ADDRESS",
        default_value_t = limits::CONNECTIONS_PER_ADDRESS,
        help_heading = "Limits"
    )]
    pub connections_per_address: usize,

    /// Most connections from one address that have not said hello
    #[arg(
        long,
        value_name = "N",
        env = "SLIPSTREAM_SILENT_PER_ADDRESS",
        default_value_t = limits::SILENT_PER_ADDRESS,
        help_heading = "Limits"
    )]
    pub silent_per_address: usize,

    /// Most rooms of one creator that live at a time
    #[arg(
        long,
        value_name = "N",
        env = "SLIPSTREAM_ROOMS_PER_PLAYER",
        default_value_t = limits::ROOMS_PER_PLAYER,
        help_heading = "Limits"
    )]
    pub rooms_per_player: usize,

    /// New connections from one address: NUMBER/TIME, as 8/4s, 2/1m or 10/1h, or off
    #[arg(
        long,
        value_name = "LIMIT",
        env = "SLIPSTREAM_LIMIT_CONNECTS",
        default_value_t = Limit::of(limits::CONNECTS),
        help_heading = "Limits"
    )]
    pub limit_connects: Limit,

    /// Accounts made from one address
    #[arg(
        long,
        value_name = "LIMIT",
        env = "SLIPSTREAM_LIMIT_SIGN_UPS",
        default_value_t = Limit::of(limits::SIGN_UPS),
        help_heading = "Limits"
    )]
    pub limit_sign_ups: Limit,

    /// Wrong passwords from one address, for names that have not logged in from there
    #[arg(
        long,
        value_name = "LIMIT",
        env = "SLIPSTREAM_LIMIT_GUESSES_OF_ADDRESS",
        default_value_t = Limit::of(limits::GUESSES_OF_ADDRESS),
        help_heading = "Limits"
    )]
    pub limit_guesses_of_address: Limit,

    /// Wrong passwords for one name, from addresses that it has not logged in from
    #[arg(
        long,
        value_name = "LIMIT",
        env = "SLIPSTREAM_LIMIT_GUESSES_OF_NAME",
        default_value_t = Limit::of(limits::GUESSES_OF_NAME),
        help_heading = "Limits"
    )]
    pub limit_guesses_of_name: Limit,

    /// Log-ins and resumes of one player
    #[arg(
        long,
        value_name = "LIMIT",
        env = "SLIPSTREAM_LIMIT_LOG_INS",
        default_value_t = Limit::of(limits::LOG_INS),
        help_heading = "Limits"
    )]
    pub limit_log_ins: Limit,

    /// Control messages of one player
    #[arg(
        long,
        value_name = "LIMIT",
        env = "SLIPSTREAM_LIMIT_CONTROL",
        default_value_t = Limit::of(limits::CONTROL),
        help_heading = "Limits"
    )]
    pub limit_control: Limit,

    /// Chat lines of one player
    #[arg(
        long,
        value_name = "LIMIT",
        env = "SLIPSTREAM_LIMIT_CHAT",
        default_value_t = Limit::of(limits::CHAT),
        help_heading = "Limits"
    )]
    pub limit_chat: Limit,

    /// Seats that one player asks for
    #[arg(
        long,
        value_name = "LIMIT",
        env = "SLIPSTREAM_LIMIT_JOINS",
        default_value_t = Limit::of(limits::JOINS),
        help_heading = "Limits"
    )]
    pub limit_joins: Limit,

    /// Rooms that one player asks to watch
    #[arg(
        long,
        value_name = "LIMIT",
        env = "SLIPSTREAM_LIMIT_SPECTATING",
        default_value_t = Limit::of(limits::SPECTATING),
        help_heading = "Limits"
    )]
    pub limit_spectating: Limit,

    /// Rooms that one player makes
    #[arg(
        long,
        value_name = "LIMIT",
        env = "SLIPSTREAM_LIMIT_ROOMS",
        default_value_t = Limit::of(limits::ROOMS),
        help_heading = "Limits"
    )]
    pub limit_rooms: Limit,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            connections_per_address: limits::CONNECTIONS_PER_ADDRESS,
            silent_per_address: limits::SILENT_PER_ADDRESS,
            rooms_per_player: limits::ROOMS_PER_PLAYER,
            limit_connects: Limit::of(limits::CONNECTS),
            limit_sign_ups: Limit::of(limits::SIGN_UPS),
            limit_guesses_of_address: Limit::of(limits::GUESSES_OF_ADDRESS),
            limit_guesses_of_name: Limit::of(limits::GUESSES_OF_NAME),
            limit_log_ins: Limit::of(limits::LOG_INS),
            limit_control: Limit::of(limits::CONTROL),
            limit_chat: Limit::of(limits::CHAT),
            limit_joins: Limit::of(limits::JOINS),
            limit_spectating: Limit::of(limits::SPECTATING),
            limit_rooms: Limit::of(limits::ROOMS),
        }
    }
}
