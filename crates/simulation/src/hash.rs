//! A hash that is the same on every platform and in every build, permanently.

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a over 64-bit words with an avalanche at the end. Not for untrusted keys.
pub(crate) struct StateHasher(u64);

impl StateHasher {
    pub(crate) const fn new() -> Self {
        Self(OFFSET_BASIS)
    }

    pub(crate) fn write(&mut self, word: u64) {
        // A plain FNV step only moves low bits up; the rotation lets the high bits
        // of one word reach the low bits of the next.
        self.0 = (self.0.rotate_left(29) ^ word).wrapping_mul(PRIME);
    }

    pub(crate) fn write_signed(&mut self, word: i32) {
        self.write(u64::from(word as u32));
    }

    pub(crate) const fn finish(&self) -> u64 {
        mix(self.0)
    }
}

/// The finalizer of splitmix64 (Steele, Lea, Flood 2014).
pub(crate) const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
