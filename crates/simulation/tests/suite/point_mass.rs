//! An independent estimate of a lap: a point mass with the car's grip, brakes
//! and power on a given line, quasi-steady-state.
//!
//! At every point of the line the speed is limited by lateral grip; a forward pass
//! limits it by the engine, a backward pass by the brakes, each with the remainder
//! of the friction ellipse. It shares only the figures of the vehicle with the
//! simulation.

use domain::Vec2;
use simulation::VehicleParameters;

const GRAVITY_MPS2: f64 = 9.81;
/// Spacing to which the line is resampled: as fine as the AI's.
const SPACING_M: f64 = 3.0;
/// Bound of the speed on straights, beyond the car's top speed.
const SPEED_MAX_MPS: f64 = 100.0;
/// Number of rounds of a closed line: two, so that the speed at its start is right.
const ROUNDS: usize = 2;

/// Time of a flying lap over the closed `line`, seconds.
pub(crate) fn lap_seconds(line: &[Vec2], car: &VehicleParameters) -> f64 {
    let (line, spacing) = resample(line);
    let curvature = curvature(&line, spacing);
    let count = line.len();
    let mut speed: Vec<f64> = curvature.iter().map(|&k| cornering_speed(k, car)).collect();
    let reach = |from: f64, acceleration: f64| {
        let square = from * from + 2.0 * acceleration * spacing;
        square.max(1.0).sqrt()
    };
    for step in 0..ROUNDS * count {
        let (here, next) = (step % count, (step + 1) % count);
        let from = speed[here];
        speed[next] = speed[next].min(reach(from, driving(from, curvature[here], car)));
    }
    for step in (0..ROUNDS * count).rev() {
        let (here, next) = (step % count, (step + 1) % count);
        let to = speed[next];
        speed[here] = speed[here].min(reach(to, braking(to, curvature[next], car)));
    }
    (0..count)
        .map(|here| 2.0 * spacing / (speed[here] + speed[(here + 1) % count]))
        .sum()
}

/// Grip as an acceleration: friction times weight and downforce. The front axle
/// gives way first, so its friction is the car's.
fn grip(speed: f64, car: &VehicleParameters) -> f64 {
    let downforce = 0.5 * car.air_density_kgpm3 * car.lift_area_m2 * speed * speed;
    car.grip_front * (GRAVITY_MPS2 + downforce / car.mass_kg)
}

/// v² κ = μ (g + d v²), hence v² = μ g / (κ − μ d).
fn cornering_speed(curvature: f64, car: &VehicleParameters) -> f64 {
    let per_square = grip(1.0, car) - grip(0.0, car);
    let rest = curvature.abs() - per_square;
    if rest <= 1e-6 {
        return SPEED_MAX_MPS;
    }
    (grip(0.0, car) / rest).sqrt().min(SPEED_MAX_MPS)
}

/// Longitudinal share of `most` that the friction ellipse leaves in a corner.
fn left_of(most: f64, speed: f64, curvature: f64, car: &VehicleParameters) -> f64 {
    let used = (speed * speed * curvature.abs() / grip(speed, car)).min(1.0);
    most * (1.0 - used * used).sqrt()
}

fn drag(speed: f64, car: &VehicleParameters) -> f64 {
    let air = 0.5 * car.air_density_kgpm3 * car.drag_area_m2 * speed * speed / car.mass_kg;
    air + car.rolling_resistance * GRAVITY_MPS2
}

fn driving(speed: f64, curvature: f64, car: &VehicleParameters) -> f64 {
    let engine = car.drive_force_n.min(car.power_w / speed.max(1.0)) / car.mass_kg;
    let tyres = left_of(grip(speed, car), speed, curvature, car);
    engine.min(tyres) - drag(speed, car)
}

fn braking(speed: f64, curvature: f64, car: &VehicleParameters) -> f64 {
    let tyres = left_of(grip(speed, car), speed, curvature, car);
    (car.brake_force_n / car.mass_kg).min(tyres) + drag(speed, car)
}

/// Resamples the polygon at equal steps.
fn resample(line: &[Vec2]) -> (Vec<Vec2>, f64) {
    let side = |index: usize| (line[(index + 1) % line.len()] - line[index]).length();
    let length: f64 = (0..line.len()).map(side).sum();
    let count = (length / SPACING_M).round() as usize;
    let spacing = length / count as f64;
    let (mut index, mut before) = (0, 0.0);
    let points = (0..count)
        .map(|step| {
            let wanted = spacing * step as f64;
            while before + side(index) < wanted && index + 1 < line.len() {
                before += side(index);
                index += 1;
            }
            let next = line[(index + 1) % line.len()];
            line[index].lerp(next, (wanted - before) / side(index))
        })
        .collect();
    (points, spacing)
}

/// Change of the heading over 12 m each way: the given lines are rounded polygons,
/// and a shorter span would measure their corners.
fn curvature(line: &[Vec2], spacing: f64) -> Vec<f64> {
    let count = line.len();
    let reach = (12.0 / spacing).round() as usize;
    (0..count)
        .map(|index| {
            let behind = line[(index + count - reach) % count];
            let ahead = line[(index + reach) % count];
            let (into, out) = (line[index] - behind, ahead - line[index]);
            let turn = into.cross(out) / (into.length() * out.length());
            2.0 * turn.clamp(-1.0, 1.0).asin() / (into.length() + out.length())
        })
        .collect()
}

#[test]
fn a_point_mass_on_a_circle_laps_as_by_hand() {
    let car = VehicleParameters {
        lift_area_m2: 0.0,
        ..VehicleParameters::TOURER
    };
    let radius = 50.0;
    let circle: Vec<Vec2> = (0..100)
        .map(|step| Vec2::from_heading(f64::from(step) * std::f64::consts::TAU / 100.0) * radius)
        .collect();
    let speed = (car.grip_front * GRAVITY_MPS2 * radius).sqrt();
    let by_hand = std::f64::consts::TAU * radius / speed;
    let lap = lap_seconds(&circle, &car);
    assert!((lap / by_hand - 1.0).abs() < 0.01, "{lap} s, {by_hand} s");
}
