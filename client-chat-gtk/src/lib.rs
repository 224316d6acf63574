//! The chat window: a GTK 4 client of the gateway's chat port.
//!
//! Layout, from the pure to the visible:
//!
//! - [`mod@line`], [`tint`], [`auto_scroll`], [`composer`], [`status`] are the logic
//!   without widgets: the text of a line, the colour of a name, whether the list
//!   follows its end, the delivery of typed text, the status of the connection.
//! - [`model`] holds lines and people as GObjects in list models.
//! - [`ui`] are the widgets. They show a view and post a [`Message`] for each
//!   action of the user.
//! - [`App`] handles messages one at a time, and only it changes state.
//!   [`background`] and the link's task run on another thread and only post to
//!   it.
//!
//! Invariants:
//! - No I/O on the main thread, which has the widgets.
//! - Text of other players is shown as plain text, never parsed as markup.
//! - A typed text leaves its entry only when the gateway has confirmed it.

pub mod app;
pub mod auto_scroll;
pub mod background;
pub mod composer;
pub mod line;
pub mod login_method;
pub mod message;
pub mod model;
pub mod options;
pub mod run;
pub mod status;
pub mod tint;
pub mod ui;

pub use app::App;
pub use message::{Message, MessageSender};
pub use options::Options;
pub use run::run;
