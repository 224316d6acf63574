//! The x axis: numbers or categories.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;

/// An x axis. A category is one unit wide and has its name in its middle.
pub(super) struct XAxis {
    shown: RangedCoordf64,
    categories: Option<Vec<String>>,
}

impl XAxis {
    pub(super) fn numbers(shown: Range<f64>) -> Self {
        Self {
            shown: shown.into(),
            categories: None,
        }
    }

    pub(super) fn categories(names: &[String]) -> Self {
        Self {
            shown: (0.0..names.len() as f64).into(),
            categories: Some(names.to_vec()),
        }
    }
}

impl Ranged for XAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.shown.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match &self.categories {
            Some(names) => (0..names.len()).map(|index| index as f64 + 0.5).collect(),
            None => self.shown.key_points(hint),
        }
    }

    fn range(&self) -> Range<f64> {
        self.shown.range()
    }
}

impl ValueFormatter<f64> for XAxis {
    fn format_ext(&self, value: &f64) -> String {
        match &self.categories {
            Some(names) => names.get(*value as usize).cloned().unwrap_or_default(),
            None => number(*value),
        }
    }
}

/// A number of an axis, without superfluous digits.
pub(super) fn number(value: f64) -> String {
    // Rounds off the error of summing up steps.
    let rounded = (value * 1e6).round() / 1e6;
    // Turns a negative zero into zero.
    (rounded + 0.0).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_they_need() {
        for (value, text) in [(0.1 + 0.2, "0.3"), (-0.0, "0"), (1500.0, "1500")] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_category_has_its_name_in_its_middle() {
        let axis = XAxis::categories(&["a".to_owned(), "b".to_owned()]);
        let named = axis.key_points(7).into_iter();
        let named: Vec<_> = named.map(|x| (x, axis.format_ext(&x))).collect();
        assert_eq!(named, [(0.5, "a".to_owned()), (1.5, "b".to_owned())]);
    }
}
