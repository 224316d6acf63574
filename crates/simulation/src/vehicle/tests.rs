//! The figures of the cars compared with those of the prototype
//! (`docs/simulation.md`).

use domain::CarClass;

use super::*;

const COAST: ControlFractions = ControlFractions {
    throttle: 0.0,
    brake: 0.0,
    steer: 0.0,
    handbrake: false,
};
const FLAT_OUT: ControlFractions = ControlFractions {
    throttle: 1.0,
    ..COAST
};

/// Figures of the prototype's tuned car.
const PROTOTYPE: Figures = Figures {
    to_100_s: 4.23,
    to_200_s: 10.25,
    top_kmh: 302.7,
    braking_m: 29.5,
    skid_pad_g: [1.23, 1.33, 1.37, 1.44, 1.57],
    handbrake_degrees: 45.0,
};
const SKID_PAD_MPS: [f64; 5] = [10.0, 20.0, 35.0, 50.0, 70.0];

#[derive(Debug)]
struct Figures {
    to_100_s: f64,
    to_200_s: f64,
    top_kmh: f64,
    braking_m: f64,
    skid_pad_g: [f64; 5],
    handbrake_degrees: f64,
}

fn moving(speed: f64) -> Body {
    Body {
        speed_forward: speed,
        ..Body::at_rest(Vec2::default(), 0.0)
    }
}

/// Angle between heading and course, degrees.
fn drift_degrees(body: &Body) -> f64 {
    atan2(body.speed_lateral, body.speed_forward.abs() + 0.1)
        .to_degrees()
        .abs()
}

/// Drives for `seconds`; returns the largest drift above walking speed.
fn worst_drift(
    car: &VehicleParameters,
    body: &mut Body,
    seconds: f64,
    controls: impl Fn(f64, &Body) -> ControlFractions,
) -> f64 {
    let mut worst: f64 = 0.0;
    for tick in 0..(seconds / TICK_SECONDS) as u32 {
        let seconds = f64::from(tick) * TICK_SECONDS;
        advance(body, controls(seconds, body), 1.0, car);
        if body.speed_forward.abs() > 3.0 {
            worst = worst.max(drift_degrees(body));
        }
    }
    worst
}

fn measure(car: &VehicleParameters) -> Figures {
    let mut body = moving(0.0);
    let mut reached = [f64::INFINITY; 2];
    for tick in 1..=40 * 60 {
        advance(&mut body, FLAT_OUT, 1.0, car);
        for (reached, kmh) in reached.iter_mut().zip([100.0, 200.0]) {
            if body.speed_forward * 3.6 >= kmh {
                *reached = reached.min(f64::from(tick) * TICK_SECONDS);
            }
        }
    }
    let top_kmh = body.speed_forward * 3.6;
    let mut body = moving(100.0 / 3.6);
    while body.speed_forward > 0.3 {
        let brake = ControlFractions {
            brake: 1.0,
            ..COAST
        };
        advance(&mut body, brake, 1.0, car);
    }
    Figures {
        to_100_s: reached[0],
        to_200_s: reached[1],
        top_kmh,
        braking_m: body.position.x,
        skid_pad_g: SKID_PAD_MPS.map(|speed| skid_pad_g(car, speed)),
        handbrake_degrees: handbrake_turn(car).0,
    }
}

/// Full lock, the throttle holding the speed.
fn skid_pad_g(car: &VehicleParameters, speed: f64) -> f64 {
    let mut body = moving(speed);
    worst_drift(car, &mut body, 4.0, |_, body| ControlFractions {
        throttle: ((speed - body.speed_forward) * 0.5).clamp(0.0, 1.0),
        steer: 1.0,
        ..COAST
    });
    body.speed_forward * body.yaw_rate / GRAVITY_MPS2
}

/// Largest drift after a flick on the handbrake, and the drift left after 3 s.
fn handbrake_turn(car: &VehicleParameters) -> (f64, f64) {
    let mut body = moving(25.0);
    let worst = worst_drift(car, &mut body, 3.0, |seconds, _| ControlFractions {
        throttle: 0.6,
        brake: 0.0,
        steer: if seconds < 0.8 { 1.0 } else { 0.0 },
        handbrake: seconds < 0.6,
    });
    (worst, drift_degrees(&body))
}

#[track_caller]
fn assert_within_a_tenth(name: &str, value: f64, reference: f64) {
    let off = value / reference - 1.0;
    assert!(off.abs() <= 0.1, "{name}: {value:.2}, not {reference:.2}");
}

#[test]
fn the_figures_are_the_prototypes() {
    for class in CarClass::ALL {
        let figures = measure(VehicleParameters::of(class));
        println!("{:<5} {figures:.2?}", class.name());
        let name = class.name();
        assert_within_a_tenth(name, figures.to_100_s, PROTOTYPE.to_100_s);
        assert_within_a_tenth(name, figures.to_200_s, PROTOTYPE.to_200_s);
        assert_within_a_tenth(name, figures.top_kmh, PROTOTYPE.top_kmh);
        assert_within_a_tenth(name, figures.braking_m, PROTOTYPE.braking_m);
        for (value, reference) in figures.skid_pad_g.into_iter().zip(PROTOTYPE.skid_pad_g) {
            assert_within_a_tenth(name, value, reference);
        }
        match class {
            CarClass::Grip | CarClass::Power => {
                let reference = PROTOTYPE.handbrake_degrees;
                assert_within_a_tenth(name, figures.handbrake_degrees, reference);
            }
            // The class is made for it.
            CarClass::Drift => assert!((55.0..75.0).contains(&figures.handbrake_degrees)),
        }
    }
    let tourer = measure(&VehicleParameters::TOURER);
    println!("tourer {tourer:.2?}");
    assert!((tourer.top_kmh - PROTOTYPE.top_kmh).abs() < 1.0);
    assert!((tourer.to_100_s - PROTOTYPE.to_100_s).abs() < 0.05);
    assert!((tourer.braking_m - PROTOTYPE.braking_m).abs() < 0.3);
}

#[test]
fn the_classes_feel_different() {
    let [grip, power, drift] = CarClass::ALL.map(|class| measure(VehicleParameters::of(class)));
    assert!(grip.skid_pad_g[3] > 1.04 * power.skid_pad_g[3]);
    assert!(power.top_kmh > 1.08 * grip.top_kmh);
    assert!(power.to_200_s < 0.95 * grip.to_200_s);
    assert!(drift.handbrake_degrees > 1.25 * power.handbrake_degrees);
}

#[test]
fn does_not_spin_at_full_lock_whatever_the_pedals() {
    for class in CarClass::ALL {
        let mut worst: f64 = 0.0;
        for speed in [10.0, 15.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0] {
            for (throttle, brake) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
                let lock = |_: f64, _: &Body| ControlFractions {
                    throttle,
                    brake,
                    steer: 1.0,
                    handbrake: false,
                };
                worst = worst.max(worst_drift(
                    VehicleParameters::of(class),
                    &mut moving(speed),
                    4.0,
                    lock,
                ));
            }
        }
        println!("{}: {worst:.1} degrees at full lock", class.name());
        assert!(worst < 25.0, "{}: {worst:.0} degrees", class.name());
    }
}

#[test]
fn does_not_spin_when_the_lock_is_thrown_from_side_to_side() {
    for class in CarClass::ALL {
        for speed in [30.0, 50.0, 70.0] {
            for (throttle, brake) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)] {
                let flick = |seconds: f64, _: &Body| ControlFractions {
                    throttle,
                    brake,
                    steer: if seconds % 1.0 < 0.5 { 1.0 } else { -1.0 },
                    handbrake: false,
                };
                let worst =
                    worst_drift(VehicleParameters::of(class), &mut moving(speed), 4.0, flick);
                assert!(
                    worst < 35.0,
                    "{}, {speed} m/s, {throttle}, {brake}: {worst:.0} degrees",
                    class.name()
                );
            }
        }
    }
}

#[test]
fn recovers_from_a_handbrake_turn() {
    for class in CarClass::ALL {
        let (worst, after) = handbrake_turn(VehicleParameters::of(class));
        assert!(
            worst > 25.0 && after < 5.0,
            "{}: {worst:.0} degrees, {after:.1} after 3 s",
            class.name()
        );
    }
}

#[test]
fn loses_speed_off_the_road_at_full_throttle() {
    for class in CarClass::ALL {
        for speed in [50.0, 70.0, 85.0] {
            let mut body = moving(speed);
            for _ in 0..12 * 60 {
                let before = body.speed_forward;
                advance(
                    &mut body,
                    FLAT_OUT,
                    GRIP_OFF_ROAD,
                    VehicleParameters::of(class),
                );
                assert!(body.speed_forward < before, "{}", class.name());
            }
            println!(
                "{}: {speed} m/s, 12 s later {:.1}",
                class.name(),
                body.speed_forward
            );
            assert!((15.0..35.0).contains(&body.speed_forward));
        }
        let mut body = moving(0.0);
        for _ in 0..5 * 60 {
            advance(
                &mut body,
                FLAT_OUT,
                GRIP_OFF_ROAD,
                VehicleParameters::of(class),
            );
        }
        println!(
            "{}: off the road {:.1} m/s after 5 s",
            class.name(),
            body.speed_forward
        );
        assert!(body.speed_forward > 5.0, "the car is stuck in the gravel");
    }
}

#[test]
fn reverses_slowly_on_the_brake() {
    for class in CarClass::ALL {
        let car = VehicleParameters::of(class);
        let mut body = moving(0.0);
        for _ in 0..5 * 60 {
            let brake = ControlFractions {
                brake: 1.0,
                ..COAST
            };
            advance(&mut body, brake, 1.0, car);
        }
        assert!((-car.reverse_speed_mps - 0.1..-3.0).contains(&body.speed_forward));
    }
}

#[test]
fn turning_the_wheel_does_not_move_a_standing_car() {
    for class in CarClass::ALL {
        let mut body = moving(0.0);
        for tick in 0..600 {
            let steer = if tick % 60 < 30 { 1.0 } else { -1.0 };
            advance(
                &mut body,
                ControlFractions { steer, ..COAST },
                1.0,
                VehicleParameters::of(class),
            );
        }
        assert_eq!(body.position, Vec2::default());
        assert_eq!(body.heading, 0.0);
    }
}
