//! A page: what a menu shows, as boxes and texts with their areas, and where it
//! can be clicked.
//!
//! The pages of all screens are made of the state alone, so that a test can look
//! at them; [`view`](crate::view) draws them. Every text has an area, and is made
//! to fit it. [`cap`] has the keys that a page advertises, [`parts`] what several
//! pages share.

pub mod cap;
pub mod parts;

use crate::area::Area;
use crate::theme::Rgba;
use crate::typeface::Style;

/// Something that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A filled rectangle with round corners.
    Box {
        /// Where.
        area: Area,
        /// The radius of its corners.
        radius: f32,
        /// Its colour.
        fill: Rgba,
    },
    /// A line of text, which fits its area.
    Text {
        /// Where: the text is aligned in it.
        area: Area,
        /// How.
        style: Style,
        /// The text.
        text: String,
    },
    /// A disc that fills a square.
    Disc {
        /// Where.
        area: Area,
        /// Its colour.
        fill: Rgba,
    },
    /// A triangle that points to the left or the right.
    Arrow {
        /// Where.
        area: Area,
        /// Whether it points to the left.
        is_left: bool,
        /// Its colour.
        fill: Rgba,
    },
    /// The outline of the room's track.
    Track {
        /// Where.
        area: Area,
    },
}

/// What can be clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The key with this index in the table of the screen.
    Cap(usize),
    /// The field with this index of a form.
    Field(usize),
    /// The button with this index of a form.
    Button(usize),
    /// The row that shows the element with this index of a list.
    Row(usize),
    /// The scrollbar of a list.
    Scrollbar,
}

/// What a menu shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The area of the window.
    pub window: Area,
    /// What is drawn, lowest first.
    pub items: Vec<Item>,
    /// What can be clicked.
    pub targets: Vec<(Area, Target)>,
    /// Where the mouse is.
    pointer: Option<(f32, f32)>,
}

impl Page {
    /// Makes an empty page for a window with the mouse at a point.
    #[must_use]
    pub fn new(window: Area, pointer: Option<(f32, f32)>) -> Self {
        Self {
            window,
            items: Vec::new(),
            targets: Vec::new(),
            pointer,
        }
    }

    /// Adds a filled rectangle with round corners.
    pub fn fill(&mut self, area: Area, radius: f32, fill: Rgba) {
        self.items.push(Item::Box { area, radius, fill });
    }

    /// Adds a text, which shrinks or is cut to fit its area.
    pub fn text(&mut self, area: Area, style: Style, text: &str) {
        let (style, text) = style.fit(text, area.w);
        if !text.is_empty() {
            let text = text.into_owned();
            self.items.push(Item::Text { area, style, text });
        }
    }

    /// Adds a text in as many lines as it needs and the area has, in its middle.
    pub fn wrapped(&mut self, area: Area, style: Style, text: &str) {
        let pitch = style.pitch();
        let lines_max = ((area.h / pitch) as usize).max(1);
        let lines = style.wrap(text, area.w, lines_max);
        let top = area.y + (area.h - lines.len() as f32 * pitch).max(0.0) / 2.0;
        for (index, line) in lines.iter().enumerate() {
            let line_area = Area::new(area.x, top + index as f32 * pitch, area.w, pitch);
            self.text(line_area, style, line);
        }
    }

    /// Makes an area clickable. Returns whether the mouse is over it.
    pub fn target(&mut self, area: Area, target: Target) -> bool {
        self.targets.push((area, target));
        self.pointer.is_some_and(|(x, y)| area.contains(x, y))
    }

    /// Returns what a click at a point meets, and its area.
    #[must_use]
    pub fn target_at(&self, x: f32, y: f32) -> Option<(Area, Target)> {
        let met = |(area, _): &&(Area, Target)| area.contains(x, y);
        self.targets.iter().rev().find(met).copied()
    }

    /// Returns where something can be clicked.
    #[must_use]
    pub fn area_of(&self, target: Target) -> Option<Area> {
        let is_it = |(area, other): &(Area, Target)| (*other == target).then_some(*area);
        self.targets.iter().find_map(is_it)
    }
}
