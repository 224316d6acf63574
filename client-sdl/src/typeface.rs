//! The typeface: how wide a text is, and what of it fits a width. Layouts are made
//! with it, without a window.

use std::borrow::Cow;
use std::sync::LazyLock;

use ttf_parser::Face;

use crate::theme::Rgba;

/// The regular face.
pub const REGULAR: &[u8] = include_bytes!("../assets/Play-Regular.ttf");
/// The bold face.
pub const BOLD: &[u8] = include_bytes!("../assets/Play-Bold.ttf");

/// The smallest size to which a text shrinks before it is cut, points.
const SIZE_MIN: u16 = 11;
/// What marks the end of a text that was cut.
pub const ELLIPSIS: char = '…';
/// The scales of the interface: letters are drawn on whole pixels, so that each is
/// as wide as one of these says at the most.
const SCALES: [f32; 3] = [1.0, 2.0, 3.0];
/// What hinting adds to that, as a factor and in points.
const HINTING: f32 = 1.03;
const HINTING_POINTS: f32 = 1.0;

/// The alignment of text in its area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// It begins at the left edge.
    Left,
    /// It is in the middle.
    Centre,
    /// It ends at the right edge.
    Right,
}

/// The style of text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Size, points.
    pub size: u16,
    /// Whether it is bold.
    pub is_bold: bool,
    /// The colour.
    pub colour: Rgba,
    /// The alignment.
    pub align: Align,
}

impl Style {
    /// Makes a regular style, aligned to the left.
    #[must_use]
    pub const fn new(size: u16, colour: Rgba) -> Self {
        Self {
            size,
            is_bold: false,
            colour,
            align: Align::Left,
        }
    }

    /// Returns the style in bold.
    #[must_use]
    pub const fn bold(self) -> Self {
        Self {
            is_bold: true,
            ..self
        }
    }

    /// Returns the style aligned to the middle.
    #[must_use]
    pub const fn centred(self) -> Self {
        Self {
            align: Align::Centre,
            ..self
        }
    }

    /// Returns the style aligned to the right.
    #[must_use]
    pub const fn right(self) -> Self {
        Self {
            align: Align::Right,
            ..self
        }
    }

    /// Returns the style in another colour.
    #[must_use]
    pub const fn in_colour(self, colour: Rgba) -> Self {
        Self { colour, ..self }
    }

    /// Returns the width of a text, points, as it is drawn at the most.
    #[must_use]
    pub fn width(self, text: &str) -> f32 {
        let per_em = f32::from(face(self.is_bold).units_per_em());
        let size = f32::from(self.size);
        let widest = |letter| {
            let exact = advance(letter, self.is_bold) as f32 / per_em * size;
            let drawn = SCALES.map(|scale| (exact * scale).round() / scale);
            drawn.into_iter().fold(exact, f32::max)
        };
        text.chars().map(widest).sum::<f32>() * HINTING + HINTING_POINTS
    }

    /// Returns the distance from the start of a text to what follows it, points, about
    /// as it is drawn.
    #[must_use]
    pub fn advance(self, text: &str) -> f32 {
        let units: u32 = text
            .chars()
            .map(|letter| advance(letter, self.is_bold))
            .sum();
        let per_em = f32::from(face(self.is_bold).units_per_em());
        units as f32 / per_em * f32::from(self.size)
    }

    /// Returns the distance between lines, points.
    #[must_use]
    pub fn pitch(self) -> f32 {
        f32::from(self.size) * 1.3
    }

    /// Returns a text cut to a width, with an ellipsis if something is missing.
    #[must_use]
    pub fn cut(self, text: &str, width: f32) -> Cow<'_, str> {
        cut(text, width, |text| self.width(text))
    }

    /// Returns the style and the text for a width: a text that is too wide becomes
    /// smaller first, and is cut last.
    #[must_use]
    pub fn fit(self, text: &str, width: f32) -> (Self, Cow<'_, str>) {
        let smallest = SIZE_MIN.min(self.size);
        let fitting = (smallest..=self.size)
            .rev()
            .map(|size| Self { size, ..self })
            .find(|style| style.width(text) <= width);
        match fitting {
            Some(style) => (style, Cow::Borrowed(text)),
            None => {
                let style = Self {
                    size: smallest,
                    ..self
                };
                // The text has no borrow of the style: it is cut by the smallest.
                let cut = cut(text, width, |text| style.width(text));
                (style, cut)
            }
        }
    }

    /// Returns a text in lines of at most a width, broken between words. The last of
    /// `lines_max` lines is cut.
    #[must_use]
    pub fn wrap(self, text: &str, width: f32, lines_max: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut words = text.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let longer = match lines.last() {
                Some(line) => format!("{line} {word}"),
                None => word.to_owned(),
            };
            let is_last = lines.len() >= lines_max.max(1);
            if lines.is_empty() || self.width(&longer) <= width {
                lines.pop();
                lines.push(longer);
            } else if is_last {
                let rest: Vec<&str> = std::iter::once(word).chain(words.by_ref()).collect();
                let whole = format!("{} {}", lines.pop().unwrap_or_default(), rest.join(" "));
                lines.push(whole);
            } else {
                lines.push(word.to_owned());
            }
        }
        let cut = |line: String| self.cut(&line, width).into_owned();
        lines.into_iter().map(cut).collect()
    }
}

/// Cuts a text to a width by a measure of widths: all of it, or as many letters as
/// fit before an ellipsis.
pub fn cut(text: &str, width: f32, mut measure: impl FnMut(&str) -> f32) -> Cow<'_, str> {
    if measure(text) <= width {
        return Cow::Borrowed(text);
    }
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let shortened = |end: usize| format!("{}{ELLIPSIS}", text[..end].trim_end());
    let fitting = ends.partition_point(|end| measure(&shortened(*end)) <= width);
    match fitting.checked_sub(1).and_then(|last| ends.get(last)) {
        Some(end) => Cow::Owned(shortened(*end)),
        None => Cow::Borrowed(""),
    }
}

fn face(is_bold: bool) -> &'static Face<'static> {
    static FACES: LazyLock<[Face<'static>; 2]> = LazyLock::new(|| {
        [REGULAR, BOLD].map(|bytes| Face::parse(bytes, 0).expect("the program has its typeface"))
    });
    &FACES[usize::from(is_bold)]
}

/// The width of a letter in units of the typeface. A letter that it lacks is drawn as
/// a box, which has the width of glyph 0.
fn advance(letter: char, is_bold: bool) -> u32 {
    let face = face(is_bold);
    let glyph = face.glyph_index(letter).unwrap_or_default();
    u32::from(face.glyph_hor_advance(glyph).unwrap_or(face.units_per_em()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme;
    use client_core::protocol::limits::{PLAYER_NAME_CHARS_MAX, ROOM_NAME_CHARS_MAX};

    const STYLE: Style = Style::new(theme::BODY, theme::TEXT).bold();

    #[test]
    fn no_text_is_drawn_wider_than_computed() {
        let context = sdl2::ttf::init().unwrap();
        let texts = [
            "back",
            "join",
            "leave the room",
            "fill the room with AI drivers",
            "1 to 24 of A-Z a-z 0-9 _ -",
            "WWWWWWWWWWWWWWWW",
            "iiiiiiiiiiiiiiii",
            "llllllllmmmmmmmm",
            "1:23.456",
            "the race in room friday has started, watch it instead",
        ];
        for (is_bold, bytes) in [(false, REGULAR), (true, BOLD)] {
            for (size, scale) in (11..=56).flat_map(|size| [(size, 1), (size, 2), (size, 3)]) {
                let bytes = sdl2::rwops::RWops::from_bytes(bytes).unwrap();
                let font = context.load_font_from_rwops(bytes, size * scale).unwrap();
                let style = Style {
                    is_bold,
                    ..Style::new(size, theme::TEXT)
                };
                for text in texts {
                    let drawn = font.size_of(text).unwrap().0 as f32 / f32::from(scale);
                    let computed = style.width(text);
                    assert!(
                        drawn <= computed,
                        "{text:?} in {size}: {drawn}, not {computed}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_text_that_is_too_wide_ends_with_an_ellipsis() {
        let widest = "W".repeat(PLAYER_NAME_CHARS_MAX);
        let short = STYLE.cut(&widest, 100.0);
        assert!(
            short.ends_with(ELLIPSIS) && STYLE.width(&short) <= 100.0,
            "{short}"
        );
        assert_eq!(STYLE.cut(&widest, 400.0), widest);
        assert_eq!(STYLE.cut("two words", STYLE.width("two w…")), "two w…");
        assert_eq!(STYLE.cut("two words", STYLE.width("two …")), "two…");
        assert_eq!(STYLE.cut("anything", 1.0), "");
    }

    #[test]
    fn a_text_shrinks_before_it_is_cut() {
        let widest = "W".repeat(ROOM_NAME_CHARS_MAX);
        let (style, text) = STYLE.fit(&widest, 320.0);
        assert!(style.size < STYLE.size && style.width(&text) <= 320.0);
        assert_eq!(text, widest);
        let (style, text) = STYLE.fit(&widest, 120.0);
        assert!(style.width(&text) <= 120.0 && text.ends_with(ELLIPSIS));
    }

    #[test]
    fn a_sentence_is_broken_between_words_and_its_last_line_is_cut() {
        let text = "the race in room friday has started, watch it instead of waiting";
        let lines = STYLE.wrap(text, 200.0, 9);
        assert_eq!(lines.join(" "), text);
        assert!(
            lines.iter().all(|line| STYLE.width(line) <= 200.0),
            "{lines:?}"
        );
        let lines = STYLE.wrap(text, 200.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with(ELLIPSIS), "{lines:?}");
        let lines = STYLE.wrap(&"W".repeat(99), 200.0, 2);
        assert!(
            lines.iter().all(|line| STYLE.width(line) <= 200.0),
            "{lines:?}"
        );
    }
}
