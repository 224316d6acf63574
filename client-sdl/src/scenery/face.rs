//! The faces of the circuits: the colours of each and the light that it is seen in.

use client_core::simulation::Track;

use super::colour::Colour;

/// The kind of place that a circuit is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Meadows and trees, also beside the highway.
    Meadow,
    /// Quays, water, cranes, containers, boats.
    Harbour,
    /// Cobbles, roofs, market stalls, fountains, after rain.
    OldTown,
    /// Birches, firs, piles of logs.
    Forest,
    /// Sand, palms, parasols, tents, at dusk.
    Bowl,
    /// Rock and snow, boulders, firs, chalets.
    Pass,
    /// Brick, chimneys, sheds.
    Yard,
}

/// The colours of a face.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    /// The ground, and what it tends to where it is dry and where it is deep.
    pub(super) ground: Colour,
    pub(super) dry: Colour,
    pub(super) deep: Colour,
    /// The worn edge of the road.
    pub(super) earth: Colour,
    pub(super) gravel: Colour,
    pub(super) gravel_dark: Colour,
    pub(super) asphalt: Colour,
    /// The two colours of kerbs.
    pub(super) kerb: [Colour; 2],
    pub(super) leaves: [Colour; 2],
    /// The share of red, green and blue in the light.
    pub(super) light: [f32; 3],
    /// How wet the road is, 0–1.
    pub(super) wet: f32,
}

const MEADOW: Palette = Palette {
    ground: Colour::hex(0x4f_8a3c),
    dry: Colour::hex(0x86_9c4a),
    deep: Colour::hex(0x35_6b30),
    earth: Colour::hex(0x6f_6a45),
    gravel: Colour::hex(0xc9_b48a),
    gravel_dark: Colour::hex(0x9c_8862),
    asphalt: Colour::hex(0x53_555a),
    kerb: [Colour::hex(0xcf_2e2a), Colour::hex(0xee_ece6)],
    leaves: [Colour::hex(0x6d_a845), Colour::hex(0x1f_4a25)],
    light: [1.0, 1.0, 1.0],
    wet: 0.0,
};

impl Face {
    /// Returns the face of a track.
    pub(super) fn of(track: &Track) -> Self {
        match track.name() {
            "harbour-ring" | "long-shore" => Self::Harbour,
            "old-town" => Self::OldTown,
            "birch-forest" => Self::Forest,
            "sunset-bowl" => Self::Bowl,
            "eagle-pass" => Self::Pass,
            "kiln-yard" => Self::Yard,
            _ => Self::Meadow,
        }
    }

    /// Returns the colours.
    pub(super) const fn palette(self) -> Palette {
        match self {
            Self::Meadow => MEADOW,
            Self::Harbour => Palette {
                ground: Colour::hex(0x9a_9c98),
                dry: Colour::hex(0xab_aaa2),
                deep: Colour::hex(0x80_8482),
                earth: Colour::hex(0x77_7a7a),
                kerb: [Colour::hex(0x1f_5f9f), Colour::hex(0xee_ece6)],
                ..MEADOW
            },
            Self::OldTown => Palette {
                ground: Colour::hex(0x8f_8678),
                dry: Colour::hex(0xa0_9583),
                deep: Colour::hex(0x75_6e66),
                earth: Colour::hex(0x68_6259),
                asphalt: Colour::hex(0x47_4a51),
                light: [0.93, 0.95, 1.0],
                wet: 0.8,
                ..MEADOW
            },
            Self::Forest => Palette {
                ground: Colour::hex(0x45_6b34),
                dry: Colour::hex(0x7c_7440),
                deep: Colour::hex(0x2b_4a26),
                earth: Colour::hex(0x5c_5034),
                leaves: [Colour::hex(0x9a_c04f), Colour::hex(0x3d_6b2a)],
                ..MEADOW
            },
            Self::Bowl => Palette {
                ground: Colour::hex(0xd9_b579),
                dry: Colour::hex(0xe8_cb93),
                deep: Colour::hex(0xbd_9358),
                earth: Colour::hex(0xc2_9c64),
                gravel: Colour::hex(0xe6_d0a0),
                gravel_dark: Colour::hex(0xb8_9a68),
                asphalt: Colour::hex(0x59_5557),
                leaves: [Colour::hex(0x74_9a44), Colour::hex(0x2a_5230)],
                light: [0.98, 0.80, 0.72],
                ..MEADOW
            },
            Self::Pass => Palette {
                ground: Colour::hex(0x7d_7f80),
                dry: Colour::hex(0x96_9592),
                deep: Colour::hex(0x5d_6065),
                earth: Colour::hex(0x66_6663),
                gravel: Colour::hex(0xa8_a6a0),
                gravel_dark: Colour::hex(0x7c_7a76),
                leaves: [Colour::hex(0x4c_7a52), Colour::hex(0x17_3a2a)],
                light: [0.98, 1.0, 1.04],
                ..MEADOW
            },
            Self::Yard => Palette {
                ground: Colour::hex(0x9b_5a42),
                dry: Colour::hex(0xae_6f52),
                deep: Colour::hex(0x7d_4636),
                earth: Colour::hex(0x74_5244),
                gravel: Colour::hex(0xb5_8468),
                gravel_dark: Colour::hex(0x8c_5f4a),
                kerb: [Colour::hex(0xe3_b32c), Colour::hex(0x2a_2a2c)],
                ..MEADOW
            },
        }
    }
}

impl Palette {
    /// Returns a colour as it is seen in the light of the place.
    pub(super) fn lit(&self, colour: Colour) -> Colour {
        let [red, green, blue] = colour.0;
        let [of_red, of_green, of_blue] = self.light;
        Colour([red * of_red, green * of_green, blue * of_blue])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_face_is_that_of_a_circuit() {
        let faces: Vec<Face> = Track::names()
            .iter()
            .map(|name| Face::of(&Track::by_name(name).unwrap()))
            .collect();
        for face in [
            Face::Meadow,
            Face::Harbour,
            Face::OldTown,
            Face::Forest,
            Face::Bowl,
            Face::Pass,
            Face::Yard,
        ] {
            assert!(faces.contains(&face), "{face:?}");
        }
    }
}
