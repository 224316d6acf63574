use super::*;

const CAR: &VehicleParameters = &VehicleParameters::TOURER;

fn body(x: f64, y: f64, heading: f64, speed: f64) -> Body {
    Body {
        speed_forward: speed,
        ..Body::at_rest(Vec2::new(x, y), heading)
    }
}

fn hit(a: &mut Body, b: &mut Body) -> Option<f64> {
    collide(Party { body: a, car: CAR }, Party { body: b, car: CAR })
}

fn momentum(bodies: [&Body; 2]) -> Vec2 {
    (bodies[0].velocity() + bodies[1].velocity()) * CAR.mass_kg
}

/// Total angular momentum about the origin.
fn angular_momentum(bodies: [&Body; 2]) -> f64 {
    bodies
        .map(|body| {
            body.position.cross(body.velocity()) * CAR.mass_kg
                + body.yaw_rate * CAR.yaw_inertia_kgm2
        })
        .iter()
        .sum()
}

fn energy(bodies: [&Body; 2]) -> f64 {
    bodies
        .map(|body| {
            let velocity = body.velocity();
            CAR.mass_kg * velocity.dot(velocity)
                + CAR.yaw_inertia_kgm2 * body.yaw_rate * body.yaw_rate
        })
        .iter()
        .sum()
}

#[test]
fn cars_beside_each_other_do_not_touch() {
    let (mut a, mut b) = (body(0.0, 0.0, 0.0, 50.0), body(0.0, 1.95, 0.0, 50.0));
    assert_eq!(hit(&mut a, &mut b), None);
    assert!(!overlaps(&a, &b));
}

#[test]
fn a_head_on_hit_at_full_speed_stops_both_and_pushes_nobody_aside() {
    for step in 0..30 {
        let gap = 4.4 - 3.6 * f64::from(step) / 30.0 - 0.01;
        let (mut a, mut b) = (
            body(0.0, 0.0, 0.0, 110.0),
            body(gap, 0.5, core::f64::consts::PI, 110.0),
        );
        let impulse = hit(&mut a, &mut b).unwrap();
        assert!(impulse > 0.8 * 110.0 * CAR.mass_kg, "gap {gap}: {impulse}");
        assert!(a.velocity().x < 30.0 && b.velocity().x > -30.0, "gap {gap}");
        assert!(b.position.x - a.position.x > 4.39, "gap {gap}");
    }
}

#[test]
fn a_contact_keeps_momentum_and_loses_energy() {
    let mut random = 1_u64;
    let mut next = |scale: f64| {
        random = crate::hash::mix(random.wrapping_add(0x9e37_79b9_7f4a_7c15));
        scale * ((random >> 11) as f64 / (1_u64 << 52) as f64 - 1.0)
    };
    let mut hits = 0;
    for _ in 0..20_000 {
        let mut a = body(next(2.0), next(2.0), next(3.0), next(15.0));
        let mut b = body(next(2.0), next(2.0), next(3.0), next(15.0));
        (a.yaw_rate, b.yaw_rate) = (next(2.0), next(2.0));
        let (before, energy_before) = (momentum([&a, &b]), energy([&a, &b]));
        let spin = angular_momentum([&a, &b]);
        let (at_a, at_b) = (a.position, b.position);
        let Some(impulse) = hit(&mut a, &mut b) else {
            assert!(!overlaps(&a, &b));
            continue;
        };
        hits += u32::from(impulse > 0.0);
        assert!((momentum([&a, &b]) - before).length() < 1e-6);
        assert!(energy([&a, &b]) <= energy_before * (1.0 + 1e-9));
        (a.position, b.position) = (at_a, at_b);
        assert!((angular_momentum([&a, &b]) - spin).abs() < 1e-6 * (1.0 + spin.abs()));
    }
    assert!(hits > 1000, "{hits}");
}

#[test]
fn cars_that_lean_on_each_other_neither_bounce_nor_sink_in() {
    let (mut a, mut b) = (body(0.0, 0.0, 0.0, 50.0), body(0.3, 1.85, 0.0, 50.0));
    (a.speed_lateral, b.speed_lateral) = (0.4, -0.4);
    hit(&mut a, &mut b);
    assert!((b.position.y - a.position.y - CAR_WIDTH_M).abs() < 1e-9);
    assert!((b.speed_lateral - a.speed_lateral).abs() < 0.3);
}
