//! A colour for each name, the same in every window and after every restart.

use client_core::protocol::PlayerName;

/// The number of colours in the style sheet, as `.tint-0` and so on: as many as
/// are distinct at a glance.
pub const TINTS: u32 = 10;

/// Returns the style class that colours a name.
#[must_use]
pub fn tint_class(name: &PlayerName) -> String {
    format!("tint-{}", tint(name))
}

/// Hashes the lower-case name with FNV-1a, so that a player keeps the colour in
/// whatever case the name is typed. FNV-1a is simple and, unlike `std`'s hasher,
/// fixed.
fn tint(name: &PlayerName) -> u32 {
    const OFFSET_BASIS: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let hash = name.id().as_str().bytes().fold(OFFSET_BASIS, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(PRIME)
    });
    // The low bits of FNV-1a are weak: mix in the high ones.
    (hash ^ (hash >> 16)) % TINTS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> u32 {
        tint(&PlayerName::parse(name).unwrap())
    }

    #[test]
    fn a_name_keeps_its_colour_in_any_case() {
        assert_eq!(of("Ada"), of("ADA"));
        assert_eq!(
            tint_class(&PlayerName::parse("Ada").unwrap()),
            format!("tint-{}", of("ada"))
        );
    }

    #[test]
    fn names_spread_over_all_colours() {
        let mut uses = [0_u32; TINTS as usize];
        for number in 0..1_000 {
            uses[of(&format!("player{number}")) as usize] += 1;
        }
        assert!(uses.iter().all(|uses| (50..200).contains(uses)), "{uses:?}");
    }
}
