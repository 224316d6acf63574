//! Every menu in windows of many sizes: nothing outside, and nothing over another.

use super::menus::{STATES, in_state};
use super::*;
use crate::page::{Item, Page};
use crate::theme;
use crate::typeface::{Align, Style};

/// Sizes of windows, pixels.
const SIZES: [(u32, u32); 5] = [
    (640, 360),
    (1_024, 768),
    (1_280, 720),
    (720, 1_280),
    (2_560, 1_440),
];
/// What may differ by the rounding of sums, points.
const TOLERANCE: f32 = 1.0;

/// The area that a text covers.
fn ink(area: Area, style: Style, text: &str) -> Area {
    let (w, h) = (style.width(text), f32::from(style.size));
    let x = match style.align {
        Align::Left => area.x,
        Align::Centre => area.middle() - w / 2.0,
        Align::Right => area.right() - w,
    };
    Area::new(x, area.y + (area.h - h) / 2.0, w, h)
}

fn check(page: &Page, what: &str) {
    let mut texts = Vec::new();
    let mut boxes = Vec::new();
    for item in &page.items {
        let area = match item {
            Item::Text { area, style, text } => {
                let ink = ink(*area, *style, text);
                let fits = ink.w <= area.w + TOLERANCE && ink.h <= area.h + TOLERANCE;
                assert!(fits, "{what}: {text:?} is larger than {area:?}");
                texts.push((ink, text));
                ink
            }
            Item::Box { area, .. } => {
                boxes.push(*area);
                *area
            }
            Item::Disc { area, .. } | Item::Arrow { area, .. } | Item::Track { area } => *area,
        };
        assert!(
            page.window.covers(area, TOLERANCE),
            "{what}: outside: {item:?}"
        );
    }
    for (index, (one, text)) in texts.iter().enumerate() {
        for (other, other_text) in &texts[index + 1..] {
            let shrunk = one.inset(TOLERANCE / 2.0);
            assert!(
                !shrunk.overlaps(*other),
                "{what}: {text:?} over {other_text:?}"
            );
        }
        for area in &boxes {
            let is_apart = !one.inset(TOLERANCE).overlaps(*area);
            let is_inside = area.covers(*one, 2.0 * TOLERANCE);
            // The cursor and the mark of what is selected are over a text.
            let is_within = one.covers(*area, 12.0) && area.w <= one.w + 3.0;
            assert!(
                is_apart || is_inside || is_within,
                "{what}: {text:?} over the edge of {area:?}"
            );
        }
    }
    for (index, one) in boxes.iter().enumerate() {
        for other in &boxes[index + 1..] {
            let is_apart = !one.inset(TOLERANCE).overlaps(*other);
            let is_nested = one.covers(*other, TOLERANCE) || other.covers(*one, TOLERANCE);
            assert!(is_apart || is_nested, "{what}: {one:?} over {other:?}");
        }
    }
    for (index, (one, target)) in page.targets.iter().enumerate() {
        assert!(
            page.window.covers(*one, TOLERANCE),
            "{what}: {target:?} is outside"
        );
        assert!(
            one.h >= 20.0 && one.w >= 14.0,
            "{what}: {target:?} is small: {one:?}"
        );
        for (other, other_target) in &page.targets[index + 1..] {
            assert!(
                !one.overlaps(*other),
                "{what}: {target:?} over {other_target:?}"
            );
        }
    }
}

#[test]
fn every_menu_fits_every_window_at_every_scale() {
    for state in STATES {
        let app = in_state(state);
        for (width, height) in SIZES {
            for scale in [None, Some(1.0), Some(1.5), Some(2.0), Some(3.0)] {
                let points = theme::pixels_per_point((width, height), scale);
                let window = Area::new(0.0, 0.0, width as f32 / points, height as f32 / points);
                let page = app.page(window, Instant::now()).unwrap();
                assert!(!page.items.is_empty());
                check(
                    &page,
                    &format!("{state} at {width}x{height}, scale {scale:?}"),
                );
            }
        }
    }
}

fn texts(state: &str) -> Vec<String> {
    let page = in_state(state).page(WINDOW, Instant::now()).unwrap();
    let texts = page.items.into_iter().filter_map(|item| match item {
        Item::Text { text, .. } => Some(text),
        Item::Box { .. } | Item::Disc { .. } | Item::Arrow { .. } | Item::Track { .. } => None,
    });
    texts.collect()
}

#[test]
fn the_longest_names_of_the_protocol_are_shown_whole_at_the_usual_size() {
    assert!(texts("lobby").contains(&format!("{}007", "W".repeat(21))));
    assert!(texts("result").contains(&menus::player(7)));
    let is_first_part = |text: &String| text.starts_with("WWWWWWWW");
    assert!(texts("waiting").iter().any(is_first_part));
}

#[test]
fn a_result_says_who_did_not_finish_and_distances_have_one_form() {
    let result = texts("result");
    assert_eq!(result.iter().filter(|text| *text == "DNF").count(), 7);
    assert!(!result.contains(&"–".to_owned()));
    assert!(texts("lobby").contains(&"199.999 km".to_owned()));
}

#[test]
fn a_window_of_no_size_takes_every_event() {
    for state in STATES {
        let mut app = in_state(state);
        let window = Area::default();
        assert!(app.page(window, Instant::now()).is_some());
        app.handle(&UiEvent::Click { x: 0.0, y: 0.0 }, window, Instant::now());
        app.handle(&UiEvent::Key(Key::Down), window, Instant::now());
    }
}
