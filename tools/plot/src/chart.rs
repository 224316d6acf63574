//! The description of a chart.

use std::ops::Range;

use crate::PlotError;

/// Free space around the values, as a share of their range.
const MARGIN_SHARE: f64 = 0.05;

/// A chart: titles and values.
///
/// ```
/// use plot::Chart;
///
/// let gaps = Chart::bars("Gap of a kill", "ms", ["25 rooms", "100 rooms"])
///     .series("p50", [62.0, 71.0])
///     .series("p99", [74.0, 96.0]);
/// let picture = plot::svg(&[gaps])?;
/// assert!(picture.starts_with("<svg"));
/// # Ok::<(), plot::PlotError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub(crate) title: String,
    pub(crate) y_label: String,
    pub(crate) content: Content,
    /// Named positions on the x axis.
    pub(crate) marks: Vec<(f64, String)>,
    x_range: Option<Range<f64>>,
    y_range: Option<Range<f64>>,
}

/// The content of a chart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    /// Lines over a number.
    Lines { x_label: String, lines: Vec<Line> },
    /// Bars side by side over each category.
    Bars {
        categories: Vec<String>,
        series: Vec<Series>,
    },
}

/// A line through points.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A bar for each category.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
}

impl Chart {
    /// Lines over a number; the labels name the units.
    #[must_use]
    pub fn lines(
        title: impl Into<String>,
        x_label: impl Into<String>,
        y_label: impl Into<String>,
    ) -> Self {
        let content = Content::Lines {
            x_label: x_label.into(),
            lines: Vec::new(),
        };
        Self::new(title.into(), y_label.into(), content)
    }

    /// Bars over categories, from zero; the label names the unit.
    #[must_use]
    pub fn bars<C: Into<String>>(
        title: impl Into<String>,
        y_label: impl Into<String>,
        categories: impl IntoIterator<Item = C>,
    ) -> Self {
        let content = Content::Bars {
            categories: categories.into_iter().map(Into::into).collect(),
            series: Vec::new(),
        };
        Self::new(title.into(), y_label.into(), content)
    }

    fn new(title: String, y_label: String, content: Content) -> Self {
        Self {
            title,
            y_label,
            content,
            marks: Vec::new(),
            x_range: None,
            y_range: None,
        }
    }

    /// Adds a line through points in the order of x.
    ///
    /// # Panics
    /// On a chart of bars.
    #[must_use]
    pub fn line(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let Content::Lines { lines, .. } = &mut self.content else {
            panic!("{:?} is a chart of bars: it has series", self.title)
        };
        lines.push(Line {
            name: name.into(),
            points: points.into_iter().collect(),
        });
        self
    }

    /// Adds a bar for each category, in their order.
    ///
    /// # Panics
    /// On a chart of lines.
    #[must_use]
    pub fn series(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        let Content::Bars { series, .. } = &mut self.content else {
            panic!("{:?} is a chart of lines: it has lines", self.title)
        };
        series.push(Series {
            name: name.into(),
            values: values.into_iter().collect(),
        });
        self
    }

    /// Adds a vertical line with a name, where something happened.
    #[must_use]
    pub fn mark(mut self, x: f64, name: impl Into<String>) -> Self {
        self.marks.push((x, name.into()));
        self
    }

    /// Sets the part of the x axis to show; by default that of all points and marks.
    /// Charts below each other can share it. Bars have no such axis.
    #[must_use]
    pub fn x_range(mut self, range: Range<f64>) -> Self {
        self.x_range = Some(range);
        self
    }

    /// Sets the part of the y axis to show; by default that of all values.
    #[must_use]
    pub fn y_range(mut self, range: Range<f64>) -> Self {
        self.y_range = Some(range);
        self
    }

    /// Checks that the chart can be drawn.
    pub(crate) fn check(&self) -> Result<(), PlotError> {
        let chart = self.title.clone();
        let named = self.named_values();
        if named.iter().all(|(_, values)| values.is_empty()) {
            return Err(PlotError::Empty { chart });
        }
        let is_good = |values: &[f64]| values.iter().all(|value| value.is_finite());
        if let Some((name, _)) = named.iter().find(|(_, values)| !is_good(values)) {
            let what = (*name).to_owned();
            return Err(PlotError::NotFinite { chart, what });
        }
        if let Some((_, name)) = self.marks.iter().find(|(x, _)| !x.is_finite()) {
            let what = name.clone();
            return Err(PlotError::NotFinite { chart, what });
        }
        for (axis, range) in [("the x axis", &self.x_range), ("the y axis", &self.y_range)] {
            if range.iter().any(|it| !is_good(&[it.start, it.end])) {
                let what = axis.to_owned();
                return Err(PlotError::NotFinite { chart, what });
            }
        }
        if let Content::Bars { categories, series } = &self.content {
            let expected = categories.len();
            if let Some(wrong) = series.iter().find(|it| it.values.len() != expected) {
                return Err(PlotError::BarCount {
                    chart,
                    series: wrong.name.clone(),
                    expected,
                    found: wrong.values.len(),
                });
            }
        }
        Ok(())
    }

    /// All numbers by the name of their line or series.
    fn named_values(&self) -> Vec<(&str, Vec<f64>)> {
        match &self.content {
            Content::Lines { lines, .. } => {
                let both = |line: &Line| line.points.iter().flat_map(|(x, y)| [*x, *y]).collect();
                lines.iter().map(|it| (&*it.name, both(it))).collect()
            }
            Content::Bars { series, .. } => {
                let named = series.iter().map(|it| (&*it.name, it.values.clone()));
                named.collect()
            }
        }
    }

    /// The shown part of the x axis of lines.
    pub(crate) fn x_shown(&self, lines: &[Line]) -> Range<f64> {
        if let Some(range) = &self.x_range {
            return range.clone();
        }
        let points = lines.iter().flat_map(|line| &line.points);
        let marks = self.marks.iter().map(|(x, _)| *x);
        wide(span(points.map(|(x, _)| *x).chain(marks)))
    }

    /// The shown part of the y axis. Bars begin at zero: their length is the value.
    pub(crate) fn y_shown(&self) -> Range<f64> {
        if let Some(range) = &self.y_range {
            return range.clone();
        }
        let range = match &self.content {
            Content::Lines { lines, .. } => {
                let points = lines.iter().flat_map(|line| &line.points);
                span(points.map(|(_, y)| *y))
            }
            Content::Bars { series, .. } => {
                let values = series.iter().flat_map(|series| &series.values);
                span(values.copied().chain([0.0]))
            }
        };
        let range = wide(range);
        let margin = (range.end - range.start) * MARGIN_SHARE;
        // Space below zero would suggest that values could be negative.
        let below = if range.start == 0.0 { 0.0 } else { margin };
        range.start - below..range.end + margin
    }
}

fn span(values: impl Iterator<Item = f64>) -> Range<f64> {
    let empty = f64::INFINITY..f64::NEG_INFINITY;
    values.fold(empty, |range, value| {
        range.start.min(value)..range.end.max(value)
    })
}

/// The range, or one of width 1 when it is empty.
fn wide(range: Range<f64>) -> Range<f64> {
    if range.end > range.start {
        range
    } else {
        range.start..range.start + 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_all_values_and_marks() {
        let chart = Chart::lines("t", "s", "m")
            .line("a", [(0.0, 10.0), (2.0, 20.0)])
            .line("b", [(1.0, -10.0)])
            .mark(3.0, "end");
        let Content::Lines { lines, .. } = &chart.content else {
            panic!("{chart:?}")
        };
        assert_eq!(chart.x_shown(lines), 0.0..3.0);
        let part = chart.clone().x_range(1.0..2.0);
        assert_eq!(part.x_shown(lines), 1.0..2.0);
        assert_eq!(chart.y_shown(), -11.5..21.5);
        assert_eq!(chart.y_range(0.0..5.0).y_shown(), 0.0..5.0);
    }

    #[test]
    fn bars_begin_at_zero() {
        let chart = Chart::bars("t", "ms", ["a", "b"]).series("p50", [80.0, 100.0]);
        assert_eq!(chart.y_shown(), 0.0..105.0);
    }

    #[test]
    fn a_single_value_has_an_axis() {
        assert_eq!(wide(span([4.0].into_iter())), 4.0..5.0);
        let chart = Chart::lines("t", "s", "m").line("a", [(4.0, 0.0)]);
        assert_eq!(chart.y_shown(), 0.0..1.05);
    }
}
