//! Prints one chart of each kind, as SVG.

use plot::{Chart, PlotError, svg};

fn main() -> Result<(), PlotError> {
    let wave = |phase: f64| {
        (0..=200)
            .map(move |x| f64::from(x) / 20.0)
            .map(move |x| (x, (x + phase).sin()))
    };
    let lines = Chart::lines("Lines", "time, s", "height, m")
        .line("sine", wave(0.0))
        .line("cosine", wave(std::f64::consts::FRAC_PI_2))
        .mark(std::f64::consts::PI, "half a period");
    let bars = Chart::bars("Bars", "ms", ["25 rooms", "50 rooms", "100 rooms"])
        .series("p50", [61.0, 63.0, 70.0])
        .series("p99", [74.0, 80.0, 96.0])
        .series("max", [90.0, 104.0, 131.0]);
    println!("{}", svg(&[lines, bars])?);
    Ok(())
}
