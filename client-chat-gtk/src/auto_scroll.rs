//! When the list of messages stays at its end, and when it stays put.

/// A list this near its end counts as being there: a third of a line, so that
/// rounding and an unsteady finger change nothing.
const SLACK_PIXELS: f64 = 8.0;

/// Where a list is scrolled to, in pixels, as a `GtkAdjustment` has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// What is above the visible part.
    pub value: f64,
    /// The visible part.
    pub page_size: f64,
    /// All of it.
    pub upper: f64,
}

impl Extent {
    fn is_at_end(&self) -> bool {
        self.upper - self.page_size - self.value <= SLACK_PIXELS
    }
}

/// Follows the end of the list until the person scrolls up, and counts what
/// arrives meanwhile.
#[derive(Debug, Default)]
pub struct AutoScroll {
    is_held: bool,
    unseen: u32,
}

impl AutoScroll {
    /// Messages arrived. Whether the list shall go to its end.
    #[must_use]
    pub fn arrived(&mut self, messages: u32) -> bool {
        if self.is_held {
            self.unseen = self.unseen.saturating_add(messages);
        }
        !self.is_held
    }

    /// The list was scrolled.
    pub fn scrolled(&mut self, extent: Extent) {
        self.is_held = !extent.is_at_end();
        if !self.is_held {
            self.unseen = 0;
        }
    }

    /// The person wants to see the end.
    pub fn release(&mut self) {
        *self = Self::default();
    }

    /// Whether the list shall stay at its end when its size changes.
    #[must_use]
    pub fn follows(&self) -> bool {
        !self.is_held
    }

    /// What the button says that leads to the end; `None` when it is not
    /// needed.
    #[must_use]
    pub fn invitation(&self) -> Option<String> {
        match self.unseen {
            0 => None,
            1 => Some("1 new message".to_owned()),
            unseen => Some(format!("{unseen} new messages")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Extent = Extent {
        value: 600.0,
        page_size: 400.0,
        upper: 1_000.0,
    };
    const ABOVE: Extent = Extent {
        value: 500.0,
        page_size: 400.0,
        upper: 1_000.0,
    };

    #[test]
    fn follows_the_end_from_the_start() {
        let mut auto_scroll = AutoScroll::default();
        assert!(auto_scroll.arrived(1));
        auto_scroll.scrolled(Extent {
            value: 595.0,
            ..END
        });
        assert!(auto_scroll.follows() && auto_scroll.arrived(1));
        assert_eq!(auto_scroll.invitation(), None);
    }

    #[test]
    fn stays_put_and_counts_once_the_person_has_scrolled_up() {
        let mut auto_scroll = AutoScroll::default();
        auto_scroll.scrolled(ABOVE);
        assert_eq!(auto_scroll.invitation(), None);
        assert!(!auto_scroll.arrived(1));
        assert_eq!(auto_scroll.invitation().unwrap(), "1 new message");
        assert!(!auto_scroll.arrived(2));
        assert_eq!(auto_scroll.invitation().unwrap(), "3 new messages");
        auto_scroll.scrolled(END);
        assert_eq!(auto_scroll.invitation(), None);
        assert!(auto_scroll.arrived(1));
    }

    #[test]
    fn goes_to_the_end_when_asked() {
        let mut auto_scroll = AutoScroll::default();
        auto_scroll.scrolled(ABOVE);
        assert!(!auto_scroll.arrived(9));
        auto_scroll.release();
        assert!(auto_scroll.follows());
        assert_eq!(auto_scroll.invitation(), None);
    }

    #[test]
    fn a_list_that_fits_is_at_its_end() {
        let mut auto_scroll = AutoScroll::default();
        auto_scroll.scrolled(Extent {
            value: 0.0,
            page_size: 400.0,
            upper: 300.0,
        });
        assert!(auto_scroll.follows());
    }
}
