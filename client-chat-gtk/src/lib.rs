//! The chat window: a GTK 4 client of the gateway's chat port.
//!
//! Layout, from the pure to the visible:
//!
//! - [`line`], [`tint`], [`auto_scroll`], [`composer`], [`status`] decide without
//!   widgets: what a line says, which colour a name has, when the list stays
//!   at its end, what becomes of a typed text, what the person is told.
//! - [`model`] holds lines and people as GObjects in list models.
//! - [`ui`] are the widgets. They show what they are given, and post a
//!   [`Message`] for what the person does.
//! - [`App`] takes messages one at a time; it is the only place that changes
//!   anything. [`background`] and the link's task work on another thread and
//!   only post to it.
//!
//! Invariants:
//! - No I/O on the thread of the widgets.
//! - What others typed is shown as plain text, never parsed as markup.
//! - A typed text leaves its entry only when the gateway has confirmed it.

pub mod app;
pub mod auto_scroll;
pub mod background;
pub mod composer;
pub mod entrance;
pub mod line;
pub mod message;
pub mod model;
pub mod options;
pub mod run;
pub mod status;
pub mod tint;
pub mod ui;

pub use app::App;
pub use message::{Message, Outbox};
pub use options::Options;
pub use run::run;
