//! Charts of measurements, as SVG for the documentation.
//!
//! - [`Chart`]: lines over a number, or bars side by side over categories.
//!   Pure: what to draw, not how.
//! - [`svg`]: one or several of them below each other, drawn by `plotters`.
//!
//! What cannot be drawn honestly is refused: a chart without values, a value
//! that is no number, a bar without its category. The same charts give the same
//! bytes, so that a picture in the repository changes only with its data.

mod chart;
mod draw;
mod error;

pub use self::chart::Chart;
pub use self::draw::svg;
pub use self::error::PlotError;
