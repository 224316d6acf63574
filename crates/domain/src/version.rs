//! Versions of what is stored or sent.
//!
//! The rule, and the formats of everything on the bus, are in
//! `protocol::version`; a replay's own formats are with the replay.

use core::fmt;

/// A format and its versions. Programs read `oldest` to [`newest`](Self::newest)
/// and write [`written`](Self::written).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    name: &'static str,
    oldest: u8,
    written: u8,
    newest: u8,
}

/// The version of some bytes that this program does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownVersion {
    /// The format.
    pub format: Format,
    /// The version that the bytes state; 0 when they state none.
    pub found: u8,
}

impl Format {
    /// A format that is read in versions `oldest` to `newest` and written in
    /// version `written`, which is one of them. Versions count from 1.
    ///
    /// # Panics
    /// When the versions are not in this order: at compile time for a constant.
    #[must_use]
    pub const fn new(name: &'static str, oldest: u8, written: u8, newest: u8) -> Self {
        assert!(0 < oldest && oldest <= written && written <= newest);
        Self {
            name,
            oldest,
            written,
            newest,
        }
    }

    /// The format's name, for logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The oldest version that is read.
    #[must_use]
    pub const fn oldest(&self) -> u8 {
        self.oldest
    }

    /// The version that is written.
    #[must_use]
    pub fn written(&self) -> u8 {
        self.written + next::WRITTEN_LATER * u8::from(next::is_written())
    }

    /// The newest version that is read.
    #[must_use]
    pub const fn newest(&self) -> u8 {
        self.newest + next::WRITTEN_LATER
    }

    /// Checks the version of some bytes.
    ///
    /// # Errors
    /// When this program does not read it.
    pub const fn check(&self, found: u8) -> Result<(), UnknownVersion> {
        if self.oldest <= found && found <= self.newest() {
            Ok(())
        } else {
            Err(UnknownVersion {
                format: *self,
                found,
            })
        }
    }

    /// Begins binary bytes: appends the version that is written.
    pub fn begin(&self, bytes: &mut Vec<u8>) {
        let version = self.written();
        bytes.push(version);
        next::append_field(version, self, bytes);
    }

    /// Reads the beginning of binary bytes, and gives what follows it.
    ///
    /// # Errors
    /// When this program does not read their version.
    pub fn open<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], UnknownVersion> {
        let (found, rest) = bytes.split_first().unwrap_or((&0, &[]));
        self.check(*found)?;
        next::skip_field(*found, self, rest)
    }
}

impl fmt::Display for UnknownVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, found } = self;
        let (oldest, newest) = (format.oldest(), format.newest());
        write!(formatter, "{} of version {found}: ", format.name())?;
        if oldest == newest {
            write!(formatter, "this program reads version {newest}")
        } else {
            write!(formatter, "this program reads {oldest} to {newest}")
        }
    }
}

impl core::error::Error for UnknownVersion {}

/// One more version of every format, with one more field: for the test that
/// upgrades a running deployment.
#[cfg(feature = "next-version")]
pub mod next {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{Format, UnknownVersion};

    pub(super) const WRITTEN_LATER: u8 = 1;
    /// What the field holds.
    const FIELD: [u8; 4] = *b"next";

    static IS_WRITTEN: AtomicBool = AtomicBool::new(false);

    /// Makes this process write the next version of every format. A process that
    /// does not call it reads the next version and writes the present one.
    pub fn write() {
        IS_WRITTEN.store(true, Ordering::Relaxed);
    }

    /// Whether this process writes the next version.
    pub fn is_written() -> bool {
        IS_WRITTEN.load(Ordering::Relaxed)
    }

    pub(super) fn append_field(version: u8, format: &Format, bytes: &mut Vec<u8>) {
        if version == format.newest() {
            bytes.extend(FIELD);
        }
    }

    pub(super) fn skip_field<'a>(
        version: u8,
        format: &Format,
        bytes: &'a [u8],
    ) -> Result<&'a [u8], UnknownVersion> {
        if version < format.newest() {
            return Ok(bytes);
        }
        bytes.strip_prefix(&FIELD).ok_or(UnknownVersion {
            format: *format,
            found: version,
        })
    }
}

#[cfg(not(feature = "next-version"))]
mod next {
    use super::{Format, UnknownVersion};

    pub(super) const WRITTEN_LATER: u8 = 0;

    pub(super) const fn is_written() -> bool {
        false
    }

    pub(super) const fn append_field(_version: u8, _format: &Format, _bytes: &mut Vec<u8>) {}

    pub(super) const fn skip_field<'a>(
        _version: u8,
        _format: &Format,
        bytes: &'a [u8],
    ) -> Result<&'a [u8], UnknownVersion> {
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format::new("a letter", 2, 3, 4);

    #[test]
    fn writes_one_version_and_reads_its_neighbours() {
        let mut bytes = Vec::new();
        FORMAT.begin(&mut bytes);
        assert_eq!(bytes, [3]);
        for version in 2..=4 {
            assert_eq!(FORMAT.open(&[version, 7]), Ok(&[7][..]));
        }
    }

    #[test]
    fn refuses_other_versions_and_says_which_it_reads() {
        for (bytes, found) in [(&[1, 7][..], 1), (&[5, 7], 5), (&[], 0)] {
            let unknown = FORMAT.open(bytes).unwrap_err();
            assert_eq!(unknown.found, found);
            let expected = format!("a letter of version {found}: this program reads 2 to 4");
            assert_eq!(unknown.to_string(), expected);
        }
        let single = Format::new("a card", 1, 1, 1).check(2).unwrap_err();
        assert_eq!(
            single.to_string(),
            "a card of version 2: this program reads version 1"
        );
    }
}
