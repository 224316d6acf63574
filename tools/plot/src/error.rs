//! Why a chart cannot be drawn.

use thiserror::Error;

/// Why a chart cannot be drawn.
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
    /// A value or a range is infinite or no number.
    #[error("the chart {chart:?} has a value that is not finite in {what:?}")]
    NotFinite {
        /// The chart's title.
        chart: String,
        /// The series, the mark or the axis.
        what: String,
    },
    /// A series has not one bar for each category.
    #[error("the chart {chart:?} has {expected} categories, but {series:?} has {found} bars")]
    BarCount {
        /// The chart's title.
        chart: String,
        /// The series' name.
        series: String,
        /// How many categories there are.
        expected: usize,
        /// How many bars it has.
        found: usize,
    },
    /// The drawing library gave up.
    #[error("cannot draw: {0}")]
    Drawing(String),
}
