//! The car's figures: those of the prototype (reference/FIGURES.md).

use super::*;

const CAR: &VehicleParameters = &VehicleParameters::TOURER;
const COAST: Controls = Controls {
    throttle: 0.0,
    brake: 0.0,
    steer: 0.0,
    handbrake: false,
};

fn moving(speed: f64) -> Body {
    Body {
        speed_forward: speed,
        ..Body::at_rest(Vec2::default(), 0.0)
    }
}

/// Angle between where the car points and where it goes, degrees.
fn drift_degrees(body: &Body) -> f64 {
    atan2(body.speed_lateral, body.speed_forward.abs() + 0.1)
        .to_degrees()
        .abs()
}

/// Drives for `seconds`; returns the largest drift above walking pace.
fn worst_drift(body: &mut Body, seconds: f64, controls: impl Fn(f64, &Body) -> Controls) -> f64 {
    let mut worst: f64 = 0.0;
    for tick in 0..(seconds / TICK_SECONDS) as u32 {
        advance(
            body,
            controls(f64::from(tick) * TICK_SECONDS, body),
            1.0,
            CAR,
        );
        if body.speed_forward.abs() > 3.0 {
            worst = worst.max(drift_degrees(body));
        }
    }
    worst
}

#[test]
fn accelerates_like_the_prototype() {
    let mut body = moving(0.0);
    let (mut to_100, mut to_200) = (None, None);
    for tick in 1..=60 * 60 {
        advance(
            &mut body,
            Controls {
                throttle: 1.0,
                ..COAST
            },
            1.0,
            CAR,
        );
        let seconds = f64::from(tick) * TICK_SECONDS;
        if body.speed_forward * 3.6 >= 100.0 {
            to_100.get_or_insert(seconds);
        }
        if body.speed_forward * 3.6 >= 200.0 {
            to_200.get_or_insert(seconds);
        }
    }
    let top = body.speed_forward * 3.6;
    println!("0-100 {to_100:.2?} s, 0-200 {to_200:.2?} s, top speed {top:.0} km/h");
    assert!((3.7..4.5).contains(&to_100.unwrap()));
    assert!((10.0..14.0).contains(&to_200.unwrap()));
    assert!((295.0..310.0).contains(&top));
}

#[test]
fn brakes_from_100_in_about_30_m() {
    let mut body = moving(100.0 / 3.6);
    while body.speed_forward > 0.3 {
        advance(
            &mut body,
            Controls {
                brake: 1.0,
                ..COAST
            },
            1.0,
            CAR,
        );
    }
    println!("100-0 in {:.1} m", body.position.x);
    assert!((27.0..34.0).contains(&body.position.x));
}

#[test]
fn corners_with_more_than_one_g() {
    for (speed, least) in [(10.0, 1.1), (20.0, 1.1), (35.0, 1.1), (50.0, 1.15)] {
        let mut body = moving(speed);
        let hold = |_: f64, body: &Body| Controls {
            throttle: ((speed - body.speed_forward) * 0.5).clamp(0.0, 1.0),
            steer: 1.0,
            ..COAST
        };
        worst_drift(&mut body, 4.0, hold);
        let cornering = body.speed_forward * body.yaw_rate / GRAVITY_MPS2;
        println!("skid pad at {speed} m/s: {cornering:.2} g");
        assert!((least..1.7).contains(&cornering));
    }
}

#[test]
fn does_not_spin_at_full_lock_whatever_the_pedals() {
    for speed in [10.0, 15.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0] {
        for (throttle, brake) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
            let mut body = moving(speed);
            let lock = |_: f64, _: &Body| Controls {
                throttle,
                brake,
                steer: 1.0,
                handbrake: false,
            };
            let worst = worst_drift(&mut body, 4.0, lock);
            assert!(
                worst < 20.0,
                "{speed} m/s, {throttle}, {brake}: {worst:.0} degrees"
            );
        }
    }
}

#[test]
fn drifts_on_the_handbrake_and_recovers() {
    let mut body = moving(25.0);
    let flick = |seconds: f64, _: &Body| Controls {
        throttle: 0.6,
        brake: 0.0,
        steer: if seconds < 0.8 { 1.0 } else { 0.0 },
        handbrake: seconds < 0.6,
    };
    let worst = worst_drift(&mut body, 3.0, flick);
    println!(
        "handbrake: {worst:.0} degrees, after 3 s {:.1}",
        drift_degrees(&body)
    );
    assert!((25.0..60.0).contains(&worst));
    assert!(drift_degrees(&body) < 5.0);
}

#[test]
fn is_slower_off_the_road() {
    let mut body = moving(50.0);
    for _ in 0..12 * 60 {
        advance(
            &mut body,
            Controls {
                throttle: 1.0,
                ..COAST
            },
            GRIP_OFF_ROAD,
            CAR,
        );
    }
    println!(
        "full throttle off the road from 50 m/s: {:.1} m/s",
        body.speed_forward
    );
    let mut road = moving(50.0);
    for _ in 0..12 * 60 {
        advance(
            &mut road,
            Controls {
                throttle: 1.0,
                ..COAST
            },
            1.0,
            CAR,
        );
    }
    assert!(body.speed_forward < road.speed_forward - 8.0);
}

#[test]
fn reverses_slowly_on_the_brake() {
    let mut body = moving(0.0);
    for _ in 0..5 * 60 {
        advance(
            &mut body,
            Controls {
                brake: 1.0,
                ..COAST
            },
            1.0,
            CAR,
        );
    }
    assert!((-CAR.reverse_speed_mps - 0.1..-3.0).contains(&body.speed_forward));
}

#[test]
fn turning_the_wheel_does_not_move_a_standing_car() {
    let mut body = moving(0.0);
    for tick in 0..600 {
        let steer = if tick % 60 < 30 { 1.0 } else { -1.0 };
        advance(&mut body, Controls { steer, ..COAST }, 1.0, CAR);
    }
    assert_eq!(body.position, Vec2::default());
    assert_eq!(body.heading, 0.0);
}
