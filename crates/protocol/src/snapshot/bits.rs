//! Bits in a row, least significant first.

/// Most bits that one call writes or reads: what a 64-bit word holds beside the
/// seven bits of the byte that was begun.
pub(super) const WIDTH_MAX: u32 = 56;

/// Bytes that [`BitWriter`] touches beyond those that it fills.
pub(super) const SLACK_BYTES: usize = 8;

/// Writes into a slice that is long enough.
pub(super) struct BitWriter<'a> {
    out: &'a mut [u8],
    at: usize,
    begun: u64,
    begun_bits: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Self {
            out,
            at: 0,
            begun: 0,
            begun_bits: 0,
        }
    }

    /// Appends the lowest `width` bits of `value`; the others must be 0.
    #[inline]
    pub(super) fn put(&mut self, value: u64, width: u32) {
        debug_assert!(width <= WIDTH_MAX && value >> width == 0);
        self.begun |= value << self.begun_bits;
        self.begun_bits += width;
        self.out[self.at..self.at + 8].copy_from_slice(&self.begun.to_le_bytes());
        let whole = self.begun_bits / 8;
        self.at += whole as usize;
        self.begun >>= whole * 8;
        self.begun_bits %= 8;
    }

    /// How many bytes were begun.
    pub(super) fn len(&self) -> usize {
        self.at + usize::from(self.begun_bits > 0)
    }
}

/// Reads what [`BitWriter`] wrote; zeros after the end.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at_bit: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at_bit: 0 }
    }

    /// The next `width` bits.
    #[inline]
    pub(super) fn take(&mut self, width: u32) -> u64 {
        debug_assert!(width <= WIDTH_MAX);
        let word = self.word_at(self.at_bit / 8) >> (self.at_bit % 8);
        self.at_bit += width as usize;
        word & ((1 << width) - 1)
    }

    /// Whether more was taken than there is.
    pub(super) fn is_overrun(&self) -> bool {
        self.at_bit > self.bytes.len() * 8
    }

    /// Whether everything was taken, but for the bits that fill the last byte.
    pub(super) fn is_at_end(&self) -> bool {
        self.at_bit.div_ceil(8) == self.bytes.len()
    }

    #[inline]
    fn word_at(&self, byte: usize) -> u64 {
        match self.bytes.get(byte..byte + 8) {
            Some(word) => u64::from_le_bytes(word.try_into().expect("eight bytes")),
            None => self.last_word_at(byte),
        }
    }

    #[cold]
    fn last_word_at(&self, byte: usize) -> u64 {
        let mut word = [0; 8];
        let rest = self.bytes.get(byte..).unwrap_or_default();
        let len = rest.len().min(8);
        word[..len].copy_from_slice(&rest[..len]);
        u64::from_le_bytes(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_taken() {
        let fields = [
            (1, 1),
            (0, 0),
            (0x3ff, 10),
            (5, 7),
            ((1 << 56) - 1, 56),
            (9, 32),
        ];
        let mut bytes = [0xaa; 64];
        let mut writer = BitWriter::new(&mut bytes);
        for (value, width) in fields {
            writer.put(value, width);
        }
        let len = writer.len();
        assert_eq!(len, (1 + 10 + 7 + 56 + 32_usize).div_ceil(8));
        let mut reader = BitReader::new(&bytes[..len]);
        for (value, width) in fields {
            assert_eq!(reader.take(width), value);
        }
        assert!(reader.is_at_end() && !reader.is_overrun());
        reader.take(7);
        assert!(reader.is_overrun());
    }

    #[test]
    fn after_the_end_there_are_zeros() {
        let mut reader = BitReader::new(&[0xff]);
        assert_eq!(reader.take(12), 0xff);
        assert_eq!(reader.take(56), 0);
        assert!(reader.is_overrun());
    }
}
