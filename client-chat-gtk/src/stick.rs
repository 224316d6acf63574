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
pub struct Stick {
    is_held: bool,
    unseen: u32,
}

impl Stick {
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
        let mut stick = Stick::default();
        assert!(stick.arrived(1));
        stick.scrolled(Extent {
            value: 595.0,
            ..END
        });
        assert!(stick.follows() && stick.arrived(1));
        assert_eq!(stick.invitation(), None);
    }

    #[test]
    fn stays_put_and_counts_once_the_person_has_scrolled_up() {
        let mut stick = Stick::default();
        stick.scrolled(ABOVE);
        assert_eq!(stick.invitation(), None);
        assert!(!stick.arrived(1));
        assert_eq!(stick.invitation().unwrap(), "1 new message");
        assert!(!stick.arrived(2));
        assert_eq!(stick.invitation().unwrap(), "3 new messages");
        stick.scrolled(END);
        assert_eq!(stick.invitation(), None);
        assert!(stick.arrived(1));
    }

    #[test]
    fn goes_to_the_end_when_asked() {
        let mut stick = Stick::default();
        stick.scrolled(ABOVE);
        assert!(!stick.arrived(9));
        stick.release();
        assert!(stick.follows());
        assert_eq!(stick.invitation(), None);
    }

    #[test]
    fn a_list_that_fits_is_at_its_end() {
        let mut stick = Stick::default();
        stick.scrolled(Extent {
            value: 0.0,
            page_size: 400.0,
            upper: 300.0,
        });
        assert!(stick.follows());
    }
}
