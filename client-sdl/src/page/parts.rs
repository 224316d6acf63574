//! What several pages share: the heading, the lines of news, scrollbars, a badge.

use super::{Page, Target};
use crate::area::Area;
use crate::theme::{self, Rgba};
use crate::typeface::Style;

/// Radius of a panel's corners, points.
pub const ROUND: f32 = 10.0;
/// Height of a window below which headings are one line, points.
const TALL: f32 = 560.0;
/// Width of a window below which headings are one line, points.
const WIDE: f32 = 560.0;
/// Height of a line of news, points, and in a small window.
const NEWS_PITCH: f32 = 20.0;
const NEWS_PITCH_SMALL: f32 = 17.0;
/// Lines of news.
const NEWS_LINES: usize = 2;
const NAME: &str = "SLIPSTREAM";

/// Returns the area of a page within the window's margins.
#[must_use]
pub fn margins(window: Area) -> Area {
    window.inset(if is_roomy(window) {
        theme::MARGIN
    } else {
        10.0
    })
}

/// Returns whether a window has space for large headings and wide gaps.
#[must_use]
pub fn is_roomy(window: Area) -> bool {
    window.h >= TALL && window.w >= WIDE
}

/// Adds the game's name and the page's. Returns what is left of the area.
pub fn heading(page: &mut Page, area: Area, subtitle: &str) -> Area {
    if is_roomy(page.window) {
        return large_heading(page, area, subtitle);
    }
    let (line, rest) = area.split_top(32.0);
    let title = Style::new(22, theme::TEXT).bold();
    let width = title.width(NAME);
    let (name, right) = line.split_left(width + 44.0);
    speed_lines(page, Area { w: 34.0, ..name });
    page.text(
        Area {
            x: name.x + 44.0,
            w: width,
            ..name
        },
        title,
        NAME,
    );
    let style = Style::new(theme::SMALL, theme::TEXT_DIM).right();
    page.text(right.trim_left(12.0), style, subtitle);
    rest.trim_top(6.0)
}

fn large_heading(page: &mut Page, area: Area, subtitle: &str) -> Area {
    let (line, rest) = area.split_top(70.0);
    let (below, rest) = rest.split_top(26.0);
    let title = Style::new(theme::TITLE, theme::TEXT).bold();
    let width = title.width(NAME);
    let lines = 110.0_f32.min((area.w - width) / 2.0 - 18.0);
    let name = Area::centred(line, width, line.h);
    page.text(name, title.centred(), NAME);
    if lines > 20.0 {
        let place = Area::new(name.x - 18.0 - lines, line.y + 20.0, lines, 32.0);
        speed_lines(page, place);
    }
    let style = Style::new(theme::BODY, theme::TEXT_DIM).centred();
    page.text(below, style, subtitle);
    rest.trim_top(14.0)
}

/// Adds three lines behind the game's name.
fn speed_lines(page: &mut Page, area: Area) {
    let thickness = (area.h / 9.0).clamp(2.0, 4.0);
    for (index, share) in [1.0_f32, 0.72, 0.44].into_iter().enumerate() {
        let y = area.y + area.h * (0.22 + 0.28 * index as f32) - thickness / 2.0;
        let right = area.right() - index as f32 * area.w * 0.06;
        let w = area.w * share * 0.88;
        let line = Area::new(right - w, y, w, thickness);
        page.fill(line, thickness / 2.0, theme::ACCENT.fade(share));
    }
}

/// Returns the height of the lines of news on a page.
#[must_use]
pub fn news_height(window: Area) -> f32 {
    let pitch = if is_roomy(window) {
        NEWS_PITCH
    } else {
        NEWS_PITCH_SMALL
    };
    NEWS_LINES as f32 * pitch
}

/// Adds the lines of news at the lower edge of an area: as many of the first as
/// have space. Returns what is left of the area.
pub fn news(page: &mut Page, area: Area, lines: &[(String, Rgba)]) -> Area {
    let height = news_height(page.window);
    let pitch = height / NEWS_LINES as f32;
    let (rest, place) = area.split_bottom(height);
    let style = Style::new(theme::SMALL, theme::TEXT).centred();
    let mut wrapped = Vec::new();
    for (text, colour) in lines {
        // Two long lines share the space; one has it alone.
        let lines_max = if lines.len() > 1 { 1 } else { NEWS_LINES };
        let parts = style.wrap(text, place.w - 24.0, lines_max);
        wrapped.extend(parts.into_iter().map(|line| (line, *colour)));
    }
    wrapped.truncate(NEWS_LINES);
    let top = place.y + (height - wrapped.len() as f32 * pitch) / 2.0;
    for (index, (line, colour)) in wrapped.iter().enumerate() {
        let line_area = Area::new(
            place.x + 12.0,
            top + index as f32 * pitch,
            place.w - 24.0,
            pitch,
        );
        page.text(line_area, style.in_colour(*colour), line);
    }
    rest
}

/// Adds the scrollbar of a list at the right edge of its area, if not all fits.
/// Returns what is left of the area.
pub fn scrollbar(page: &mut Page, area: Area, first: usize, shown: usize, all: usize) -> Area {
    if all <= shown {
        return area;
    }
    let (rest, bar) = area.split_right(14.0);
    let is_hovered = page.target(bar, Target::Scrollbar);
    let track = bar.trim_left(4.0);
    page.fill(track, 5.0, theme::PANEL);
    let share = shown as f32 / all as f32;
    let h = (track.h * share).max(24.0);
    let way = (track.h - h) * first as f32 / (all - shown) as f32;
    let colour = if is_hovered {
        theme::TEXT
    } else {
        theme::TEXT_DIM
    };
    let thumb = Area::new(track.x + 2.0, track.y + way, track.w - 4.0, h);
    page.fill(thumb, 3.0, colour);
    rest
}

/// Returns the first element to show after a click on a scrollbar: the middle of
/// what is shown comes to the point.
#[must_use]
pub fn scrolled_to(bar: Area, y: f32, shown: usize, all: usize) -> usize {
    let share = ((y - bar.y) / bar.h.max(1.0)).clamp(0.0, 1.0);
    let middle = (share * all as f32) as usize;
    middle
        .saturating_sub(shown / 2)
        .min(all.saturating_sub(shown))
}

/// Returns the name of a driver without the prefix of AI drivers, which
/// [`ai_badge`] replaces.
#[must_use]
pub fn driver_name(name: &str, is_ai: bool) -> &str {
    let prefix = is_ai.then(|| name.get(..3)).flatten();
    match prefix {
        Some(prefix) if prefix.eq_ignore_ascii_case("ai-") && name.len() > 3 => &name[3..],
        Some(_) | None => name,
    }
}

/// Width of the badge of an AI driver and of the gap before it, points.
pub const AI_BADGE_WIDTH: f32 = 32.0;

/// Adds the name of a driver, and the badge of an AI driver behind it.
pub fn driver(page: &mut Page, area: Area, style: Style, name: &str, is_ai: bool) {
    let badge_width = if is_ai { AI_BADGE_WIDTH } else { 0.0 };
    let name = driver_name(name, is_ai);
    let width = style.width(name).min((area.w - badge_width).max(0.0));
    page.text(Area { w: width, ..area }, style, name);
    if is_ai {
        let height = 16.0_f32.min(area.h);
        let y = area.y + (area.h - height) / 2.0;
        let badge = Area::new(area.x + width + 8.0, y, AI_BADGE_WIDTH - 8.0, height);
        page.fill(badge, 4.0, theme::TEXT_DIM.alpha(60));
        let small = Style::new(11, theme::TEXT_DIM).bold().centred();
        page.text(badge, small, "AI");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_badge_of_an_ai_driver_replaces_its_prefix() {
        let cases = [
            ("AI-John", true, "John"),
            ("AI-John", false, "AI-John"),
            ("AI-", true, "AI-"),
            ("John", true, "John"),
        ];
        for (name, is_ai, expected) in cases {
            assert_eq!(driver_name(name, is_ai), expected);
        }
    }

    #[test]
    fn a_click_on_a_scrollbar_reaches_both_ends() {
        let bar = Area::new(0.0, 100.0, 14.0, 200.0);
        assert_eq!(scrolled_to(bar, 100.0, 10, 109), 0);
        assert_eq!(scrolled_to(bar, 299.0, 10, 109), 99);
        assert_eq!(scrolled_to(bar, 200.0, 10, 109), 49);
    }
}
