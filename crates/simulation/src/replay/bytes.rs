//! Numbers as bytes (LEB128), and back.

use super::ReplayError;

/// Appends a number, seven bits a byte, the low ones first.
pub(super) fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

pub(super) fn out_of_range(what: &'static str) -> ReplayError {
    ReplayError::OutOfRange { what }
}

/// The bytes that have not been read yet.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], ReplayError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(ReplayError::Length)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], ReplayError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(ReplayError::Length)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn number(&mut self) -> Result<u64, ReplayError> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(ReplayError::Format)
    }

    pub(super) fn below(&mut self, limit: u64, what: &'static str) -> Result<u64, ReplayError> {
        let number = self.number()?;
        if number < limit {
            Ok(number)
        } else {
            Err(out_of_range(what))
        }
    }
}
