//! Ids that machines choose, and the counters of a race.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One race, from the room's creation to its end: a ULID. Room names are used
/// again, races are not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RaceId(ulid::Ulid);

impl RaceId {
    /// Wraps a ULID minted by the shell that creates a room.
    #[must_use]
    pub const fn new(ulid: ulid::Ulid) -> Self {
        Self(ulid)
    }

    /// The lowest id of a race whose room was created then: what is older has a
    /// lower one, in the order of bytes and of text.
    #[must_use]
    pub const fn first_of(created_at: UnixMillis) -> Self {
        Self(ulid::Ulid::from_parts(created_at, 0))
    }

    /// The seed of all that is random in the race: the same for every program that knows
    /// the race, and for every owner of its room.
    #[must_use]
    pub fn seed(self) -> u64 {
        // The last 80 bits of a ULID are random.
        self.0.to_bytes()[8..]
            .iter()
            .fold(0, |seed, byte| seed << 8 | u64::from(*byte))
    }

    /// What distinguishes this race from the one before in a room of the same name.
    #[must_use]
    pub fn tag(self) -> RaceTag {
        let [.., before_last, last] = self.0.to_bytes();
        RaceTag([before_last, last])
    }
}

impl fmt::Display for RaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RaceId({})", self.0)
    }
}

/// Why a race id was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a race id is a ULID of 26 characters, not {0:?}")]
pub struct RaceIdError(String);

impl FromStr for RaceId {
    type Err = RaceIdError;
    fn from_str(text: &str) -> Result<Self, RaceIdError> {
        ulid::Ulid::from_string(text)
            .map(Self)
            .map_err(|_| RaceIdError(text.to_owned()))
    }
}

// Text where a person may look, 16 bytes where nobody does.
impl Serialize for RaceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&self.0)
        } else {
            self.0.to_bytes().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for RaceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?
                .parse()
                .map_err(de::Error::custom)
        } else {
            let bytes = <[u8; 16]>::deserialize(deserializer)?;
            Ok(Self(ulid::Ulid::from_bytes(bytes)))
        }
    }
}

/// The last two bytes of a [`RaceId`], which are random, for where the whole of
/// it is too much. A client gets one with each snapshot: enough to drop one of a
/// race that is over in a room of the same name. There should be none: a gateway
/// relays in order, and nothing of an old race after the first of the new one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RaceTag([u8; 2]);

impl fmt::Debug for RaceTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RaceTag({:04x})", u16::from_be_bytes(self.0))
    }
}

/// The number of eight hexadecimal digits; `None` for everything else, as `+1`.
pub(crate) fn process_number(text: &str) -> Option<u32> {
    const DIGITS: usize = 8;
    let is_number = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(text, 16).ok().filter(|_| is_number)
}

macro_rules! process_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u32);

        impl $name {
            /// Wraps a number drawn at random when the process starts.
            #[must_use]
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            /// The number.
            #[must_use]
            pub const fn number(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:08x}", self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if !deserializer.is_human_readable() {
                    return u32::deserialize(deserializer).map(Self);
                }
                let text = String::deserialize(deserializer)?;
                process_number(&text)
                    .map(Self)
                    .ok_or_else(|| de::Error::custom(concat!($kind, " id is 8 hexadecimal digits")))
            }
        }
    };
}

process_id!(
    /// One running race worker: 8 hexadecimal digits.
    WorkerId,
    "a worker"
);
process_id!(
    /// One running gateway: 8 hexadecimal digits.
    GatewayId,
    "a gateway"
);
process_id!(
    /// One log-in of one player, so that a client that starts anew is not
    /// taken for a repeat of itself: 8 hexadecimal digits.
    SessionNonce,
    "a session"
);

/// One request of a client: a ULID that the client mints. The same request sent
/// again, after a break or an answer that did not come, has the same id and gets
/// the first answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(ulid::Ulid);

impl RequestId {
    /// Wraps a ULID minted by the shell that sends the request.
    #[must_use]
    pub const fn new(ulid: ulid::Ulid) -> Self {
        Self(ulid)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many owners a room has had. Each takeover raises it. What is received is at
/// most [`Epoch::MAX`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(try_from = "u32", into = "u32")]
pub struct Epoch(pub u32);

impl Epoch {
    /// The epoch of a room's creator.
    pub const FIRST: Self = Self(1);
    /// The largest: a column of the database can hold it, and no owner follows it.
    pub const MAX: Self = Self(i32::MAX as u32);

    /// How far an epoch may be above one that its owner has confirmed: more takeovers than
    /// a race of hours has while servers die all the time.
    pub const AHEAD_MAX: u32 = 1_000;

    /// Whether more takeovers lie between the two than can happen unheard: an epoch that
    /// was made up.
    #[must_use]
    pub const fn is_far_above(self, confirmed: Self) -> bool {
        self.0.saturating_sub(confirmed.0) > Self::AHEAD_MAX
    }

    /// The epoch of the next owner; `None` after the largest.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        if self.0 < Self::MAX.0 {
            Some(Self(self.0 + 1))
        } else {
            None
        }
    }
}

/// A number that is no epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the epoch {0} is above the largest, {max}", max = Epoch::MAX)]
pub struct EpochError(u32);

impl TryFrom<u32> for Epoch {
    type Error = EpochError;
    fn try_from(number: u32) -> Result<Self, EpochError> {
        if number > Self::MAX.0 {
            return Err(EpochError(number));
        }
        Ok(Self(number))
    }
}

impl From<Epoch> for u32 {
    fn from(epoch: Epoch) -> Self {
        epoch.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A step of the simulation, 60 a second, counted from the start of the
/// countdown.
pub type Tick = u32;

/// The number of a write in a key-value bucket, which a compare-and-set compares.
pub type Revision = u64;

/// The number of a seat in a room, counted from 0.
pub type Seat = u8;

/// Milliseconds since 1970-01-01 UTC.
pub type UnixMillis = u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_at_most_what_the_database_holds_and_never_wraps() {
        assert_eq!(Epoch::FIRST.next(), Some(Epoch(2)));
        assert_eq!(Epoch::MAX.next(), None);
        let json = |number: u32| serde_json::from_str::<Epoch>(&number.to_string());
        assert_eq!(json(Epoch::MAX.0).unwrap(), Epoch::MAX);
        for number in [Epoch::MAX.0 + 1, u32::MAX] {
            let error = json(number).unwrap_err().to_string();
            assert!(error.contains("above the largest"), "{error}");
            let bytes = postcard::to_stdvec(&number).unwrap();
            assert!(postcard::from_bytes::<Epoch>(&bytes).is_err());
        }
        let bytes = postcard::to_stdvec(&Epoch(300)).unwrap();
        assert_eq!(bytes, postcard::to_stdvec(&300_u32).unwrap());
    }

    #[test]
    fn an_id_of_a_process_is_eight_digits() {
        let json = |text: &str| serde_json::from_value::<WorkerId>(text.into());
        assert_eq!(json("deadBEEF").unwrap(), WorkerId::new(0xdead_beef));
        for text in ["+deadbee", "beef", "0deadbeef", "deadbee\u{e9}", ""] {
            assert!(json(text).is_err(), "{text}");
        }
    }
}
