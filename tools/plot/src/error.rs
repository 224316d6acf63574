//! Reasons why a chart cannot be drawn.

use thiserror::Error;

/// A reason why a chart cannot be drawn.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PlotError {
    /// There is no chart.
    #[error("there is no chart to draw; at least one is needed")]
    NoChart,
    /// A chart has no values.
    #[error("the chart {chart:?} has no values; at least one is needed")]
    Empty {
        /// Its title.
        chart: String,
    },
    /// A value or a range is infinite or not a number.
    #[error("the chart {chart:?} has a value that is not finite in {what:?}")]
    NotFinite {
        /// The chart's title.
        chart: String,
        /// The series, the mark or the axis.
        what: String,
    },
    /// A series does not have one bar for each category.
    #[error("the chart {chart:?} has {expected} categories, but {series:?} has {found} bars")]
    BarCount {
        /// The chart's title.
        chart: String,
        /// The series' name.
        series: String,
        /// The number of categories.
        expected: usize,
        /// The number of bars.
        found: usize,
    },
    /// The drawing library failed.
    #[error("cannot draw: {0}")]
    Drawing(String),
}
