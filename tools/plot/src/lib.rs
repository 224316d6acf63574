//! Charts of measurements, as SVG for the documentation.
//!
//! - [`Chart`]: lines over a number, or bars side by side over categories.
//!   Pure: what to draw, not how.
//! - [`svg`]: draws one or several charts below each other, with `plotters`.
//!
//! Charts that would mislead are refused: those without values, with a value that is
//! not a number, or with a bar without a category. The same charts give the same
//! bytes, so that a picture in the repository changes only with its data.

mod chart;
mod draw;
mod error;

pub use self::chart::Chart;
pub use self::draw::svg;
pub use self::error::PlotError;
