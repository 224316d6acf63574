//! What a player has spent of the limits on what players may do, on its way from one
//! gateway to the next.

use serde::{Deserialize, Serialize};

use crate::ids::UnixMillis;

/// Spent all that there is, in thousandths.
pub const SPENT_ALL: u16 = 1_000;

/// What a player had spent at a time, in thousandths of each limit: 0 for nothing, 1,000
/// for all. Thousandths mean the same to gateways with other limits. A field that is
/// missing means that nothing was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlayerBudgets {
    /// When.
    pub at: UnixMillis,
    /// Of control messages.
    #[serde(skip_serializing_if = "is_zero")]
    pub control: u16,
    /// Of chat lines.
    #[serde(skip_serializing_if = "is_zero")]
    pub chat: u16,
    /// Of log-ins and resumes.
    #[serde(skip_serializing_if = "is_zero")]
    pub log_ins: u16,
    /// Of attempts to take a seat.
    #[serde(skip_serializing_if = "is_zero")]
    pub joins: u16,
    /// Of attempts to watch a room.
    #[serde(skip_serializing_if = "is_zero")]
    pub spectating: u16,
    /// Of rooms made.
    #[serde(skip_serializing_if = "is_zero")]
    pub rooms: u16,
}

impl PlayerBudgets {
    /// The budgets of a session that is taken over from a gateway which did not write
    /// them, as after its crash. All chat lines count as spent, they are back in seconds,
    /// and half of what brings a player back into a race.
    #[must_use]
    pub fn empty(at: UnixMillis) -> Self {
        Self {
            at,
            control: SPENT_ALL / 2,
            chat: SPENT_ALL,
            log_ins: SPENT_ALL / 2,
            joins: SPENT_ALL / 2,
            spectating: SPENT_ALL / 2,
            rooms: SPENT_ALL / 2,
        }
    }
}

/// Takes a reference, as serde asks for.
fn is_zero(thousandths: &u16) -> bool {
    *thousandths == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_compact_and_reads_what_it_does_not_know() {
        let budgets = PlayerBudgets {
            at: 5,
            chat: 250,
            ..PlayerBudgets::default()
        };
        let json = serde_json::to_string(&budgets).unwrap();
        assert_eq!(json, r#"{"at":5,"chat":250}"#);
        let newer = r#"{"at":5,"chat":250,"gifts":7}"#;
        assert_eq!(
            serde_json::from_str::<PlayerBudgets>(newer).unwrap(),
            budgets
        );
    }
}
