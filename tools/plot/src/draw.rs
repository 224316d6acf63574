//! Drawing with `plotters`.

mod axis;

use std::io;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use self::axis::{XAxis, number};
use crate::chart::{Content, Line, Series};
use crate::{Chart, PlotError};

// plotters draws on whole units: at twice the size of the page, slow curves are smooth.
/// Width of a picture.
const WIDTH: u32 = 1_800;
/// Height of a chart.
const HEIGHT: u32 = 620;
/// The margin around each chart.
const MARGIN: u32 = 24;
/// The width of the y axis with its label.
const LEFT: u32 = 130;
/// The height of the x axis with its label.
const BELOW: u32 = 90;
/// The font size of the title.
const TITLE_SIZE: u32 = 36;
/// The font size of all other text.
const TEXT_SIZE: u32 = 28;
/// The width of a line.
const STROKE: u32 = 4;
/// Steps of the x axis, about.
const STEPS_X: usize = 12;
/// Steps of the y axis, about.
const STEPS_Y: usize = 7;
/// The part of the width of a category that its bars take.
const BARS_SHARE: f64 = 0.7;

/// The palette of Okabe and Ito, which colour-blind people can distinguish.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];
/// The colour of marks.
const MARK: RGBColor = RGBColor(170, 0, 0);
/// The offset of a name from the top of its mark.
const MARK_NAME_OFFSET: (i32, i32) = (12, 4);
/// The colour of the grid.
const GRID: RGBColor = RGBColor(225, 225, 225);

type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<io::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Axes<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<XAxis, RangedCoordf64>>;

/// Draws charts below each other.
///
/// # Errors
/// When there is no chart, or one cannot be drawn without misleading; it is named.
pub fn svg(charts: &[Chart]) -> Result<String, PlotError> {
    if charts.is_empty() {
        return Err(PlotError::NoChart);
    }
    for chart in charts {
        chart.check()?;
    }
    let mut picture = String::new();
    draw(charts, &mut picture).map_err(|error| PlotError::Drawing(error.to_string()))?;
    Ok(picture)
}

fn draw(charts: &[Chart], picture: &mut String) -> Drawn {
    let size = (WIDTH, HEIGHT * charts.len() as u32);
    let root = SVGBackend::with_string(picture, size).into_drawing_area();
    root.fill(&WHITE)?;
    let areas = root.split_evenly((charts.len(), 1));
    for (chart, area) in charts.iter().zip(&areas) {
        match &chart.content {
            Content::Lines { x_label, lines } => draw_lines(chart, x_label, lines, area)?,
            Content::Bars { categories, series } => draw_bars(chart, categories, series, area)?,
        }
    }
    root.present()?;
    Ok(())
}

fn draw_lines(chart: &Chart, x_label: &str, lines: &[Line], area: &Area<'_>) -> Drawn {
    let mut axes = axes(chart, XAxis::numbers(chart.x_shown(lines)), area)?;
    mesh(&mut axes, chart, x_label, STEPS_X)?;
    for (x, name) in &chart.marks {
        mark(&axes, *x, name)?;
    }
    for (number, line) in lines.iter().enumerate() {
        let style = COLOURS[number % COLOURS.len()].stroke_width(STROKE);
        axes.draw_series(LineSeries::new(line.points.iter().copied(), style))?
            .label(&line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 40, y)], style));
    }
    legend(&mut axes, lines.len())
}

fn draw_bars(chart: &Chart, categories: &[String], series: &[Series], area: &Area<'_>) -> Drawn {
    let mut axes = axes(chart, XAxis::categories(categories), area)?;
    mesh(&mut axes, chart, "", categories.len())?;
    let width = BARS_SHARE / series.len() as f64;
    for (number, one) in series.iter().enumerate() {
        let style = COLOURS[number % COLOURS.len()].filled();
        let first = (1.0 - BARS_SHARE) / 2.0 + width * number as f64;
        let bars = one.values.iter().enumerate().map(|(index, value)| {
            let left = index as f64 + first;
            Rectangle::new([(left, 0.0), (left + width, *value)], style)
        });
        axes.draw_series(bars)?
            .label(&one.name)
            .legend(move |(x, y)| Rectangle::new([(x + 10, y - 10), (x + 30, y + 10)], style));
    }
    legend(&mut axes, series.len())
}

fn axes<'a, 'b>(chart: &Chart, x_axis: XAxis, area: &'a Area<'b>) -> Drawn<Axes<'a, 'b>> {
    let axes = ChartBuilder::on(area)
        .margin(MARGIN)
        .caption(&chart.title, ("sans-serif", TITLE_SIZE))
        .x_label_area_size(BELOW)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(x_axis, chart.y_shown())?;
    Ok(axes)
}

fn mesh(axes: &mut Axes<'_, '_>, chart: &Chart, x_label: &str, x_steps: usize) -> Drawn {
    axes.configure_mesh()
        .x_desc(x_label)
        .y_desc(&chart.y_label)
        .label_style(("sans-serif", TEXT_SIZE))
        .x_labels(x_steps)
        .y_labels(STEPS_Y)
        .y_label_formatter(&|y| number(*y))
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    Ok(())
}

/// A vertical line with its name at the top, to the right of it.
fn mark(axes: &Axes<'_, '_>, x: f64, name: &str) -> Drawn {
    let (bottom, top) = (axes.y_range().start, axes.y_range().end);
    let style = TextStyle::from(("sans-serif", TEXT_SIZE).into_font())
        .color(&MARK)
        .pos(Pos::new(HPos::Left, VPos::Top));
    let area = axes.plotting_area();
    area.draw(&PathElement::new(
        [(x, bottom), (x, top)],
        MARK.stroke_width(STROKE / 2),
    ))?;
    let name = EmptyElement::at((x, top)) + Text::new(name.to_owned(), MARK_NAME_OFFSET, style);
    area.draw(&name)?;
    Ok(())
}

/// The legend of several series; the title names a single one. It is on the left, since
/// most measurements grow to the right.
fn legend<'a, 'b: 'a>(axes: &mut Axes<'a, 'b>, series: usize) -> Drawn {
    if series > 1 {
        axes.configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.85))
            .border_style(GRID)
            .label_font(("sans-serif", TEXT_SIZE))
            .legend_area_size(50)
            .draw()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speeds() -> Chart {
        Chart::lines("Speed", "s", "m/s")
            .line("Ada", [(0.0, 30.0), (1.0, 40.0)])
            .line("Bob", [(0.0, 20.0), (1.0, 10.0)])
            .mark(0.5, "kill -9")
    }

    #[test]
    fn draws_all_texts_of_the_charts() {
        let gaps = Chart::bars("Gaps", "ms", ["25 rooms", "100 rooms"])
            .series("p50", [60.0, 70.0])
            .series("p99", [80.0, 90.0]);
        let picture = svg(&[speeds(), gaps]).unwrap();
        for text in [
            "Speed",
            "m/s",
            "Ada",
            "Bob",
            "kill -9",
            "Gaps",
            "25 rooms",
            "100 rooms",
            "p99",
        ] {
            assert!(picture.contains(text), "{text} is not in the picture");
        }
    }

    #[test]
    fn a_bar_twice_as_long_is_twice_as_high() {
        let chart = Chart::bars("Gaps", "ms", ["a", "b"]).series("p50", [40.0, 80.0]);
        let picture = svg(&[chart]).unwrap();
        let colour = "fill=\"#0072B2\"";
        let heights: Vec<f64> = picture
            .split("<rect ")
            .filter(|rect| rect.contains(colour))
            .filter_map(|rect| {
                rect.split("height=\"")
                    .nth(1)?
                    .split('"')
                    .next()?
                    .parse()
                    .ok()
            })
            .collect();
        assert_eq!(heights.len(), 2);
        assert!((heights[1] / heights[0] - 2.0).abs() < 0.02, "{heights:?}");
    }

    #[test]
    fn the_same_chart_gives_the_same_bytes() {
        assert_eq!(svg(&[speeds()]), svg(&[speeds()]));
    }

    #[test]
    fn names_what_cannot_be_drawn() {
        let bars = || Chart::bars("Gaps", "ms", ["a", "b"]);
        let cases = [
            (bars(), "\"Gaps\" has no values"),
            (
                bars().series("p50", [1.0]),
                "2 categories, but \"p50\" has 1 bars",
            ),
            (
                bars().series("p50", [1.0, f64::NAN]),
                "not finite in \"p50\"",
            ),
            (
                speeds().line("Eve", [(f64::INFINITY, 1.0)]),
                "not finite in \"Eve\"",
            ),
            (speeds().mark(f64::NAN, "never"), "not finite in \"never\""),
            (
                speeds().y_range(0.0..f64::INFINITY),
                "not finite in \"the y axis\"",
            ),
        ];
        for (chart, reason) in cases {
            let error = svg(&[speeds(), chart]).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        assert_eq!(svg(&[]), Err(PlotError::NoChart));
    }
}
