//! Decides whether the list of messages follows its end.

/// Distance from the end, a third of a line, within which the list counts as
/// being at its end: tolerance for rounding and an unsteady finger.
const SLACK_PIXELS: f64 = 8.0;

/// The scroll position of a list, in pixels, as in a `GtkAdjustment`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// The height above the visible part.
    pub value: f64,
    /// The height of the visible part.
    pub page_size: f64,
    /// The height of the whole list.
    pub upper: f64,
}

impl Extent {
    fn is_at_end(&self) -> bool {
        self.upper - self.page_size - self.value <= SLACK_PIXELS
    }
}

/// Follows the end of the list until the user scrolls up, and then counts the
/// messages that arrive.
#[derive(Debug, Default)]
pub struct AutoScroll {
    is_held: bool,
    unseen: u32,
}

impl AutoScroll {
    /// Records that messages arrived. Returns whether the list goes to its end.
    #[must_use]
    pub fn arrived(&mut self, messages: u32) -> bool {
        if self.is_held {
            self.unseen = self.unseen.saturating_add(messages);
        }
        !self.is_held
    }

    /// Records that the list was scrolled.
    pub fn scrolled(&mut self, extent: Extent) {
        self.is_held = !extent.is_at_end();
        if !self.is_held {
            self.unseen = 0;
        }
    }

    /// Follows the end again, at the user's request.
    pub fn release(&mut self) {
        *self = Self::default();
    }

    /// Returns whether the list stays at its end when its size changes.
    #[must_use]
    pub fn follows(&self) -> bool {
        !self.is_held
    }

    /// Returns the label of the button that leads to the end. `None` if there are
    /// no unseen messages.
    #[must_use]
    pub fn button_label(&self) -> Option<String> {
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
        assert_eq!(auto_scroll.button_label(), None);
    }

    #[test]
    fn keeps_its_position_and_counts_after_the_user_has_scrolled_up() {
        let mut auto_scroll = AutoScroll::default();
        auto_scroll.scrolled(ABOVE);
        assert_eq!(auto_scroll.button_label(), None);
        assert!(!auto_scroll.arrived(1));
        assert_eq!(auto_scroll.button_label().unwrap(), "1 new message");
        assert!(!auto_scroll.arrived(2));
        assert_eq!(auto_scroll.button_label().unwrap(), "3 new messages");
        auto_scroll.scrolled(END);
        assert_eq!(auto_scroll.button_label(), None);
        assert!(auto_scroll.arrived(1));
    }

    #[test]
    fn goes_to_the_end_when_asked() {
        let mut auto_scroll = AutoScroll::default();
        auto_scroll.scrolled(ABOVE);
        assert!(!auto_scroll.arrived(9));
        auto_scroll.release();
        assert!(auto_scroll.follows());
        assert_eq!(auto_scroll.button_label(), None);
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
