//! Whether a flood did others more harm than it may.

use serde::Serialize;

use crate::attack::Tally;
use crate::gateway::Counts;
use crate::intervals::Seen;
use crate::kind::FloodKind;
use crate::log_ins::LogInsSeen;
use crate::options::Flood;
use crate::talk::TalkSeen;

/// How much longer the 99th percentile of intervals may be: a tenth, and a millisecond,
/// which is the granularity of thin bots.
const INTERVAL_RATIO_MAX: f64 = 1.10;
const INTERVAL_SLACK_MS: f64 = 1.0;
/// The longest interval of all: a player calls this a freeze, and no scheduler of a busy
/// machine causes it.
const FREEZE_MS: f64 = 500.0;
/// The least share of the snapshots of before: an interval without an end has no length.
const SNAPSHOTS_SHARE_MIN: f64 = 0.9;
/// The 99th percentile of log-ins.
const LOG_IN_MS_MAX: f64 = 500.0;
/// Memory of the gateway for each attacker: what waits for a client.
const ATTACKER_KIB_MAX: f64 = 64.0;
/// The same for a connection that does nothing, plain and with TLS.
const IDLE_KIB_MAX: f64 = 12.0;
const IDLE_TLS_KIB_MAX: f64 = 40.0;
/// Memory that comes and goes without any flood: pages of the allocator.
const MEMORY_NOISE_KIB: f64 = 2_048.0;

/// What the players who do no harm saw in a part of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Others {
    /// Those who race.
    pub snapshots: Seen,
    /// Those who log in.
    pub log_ins: LogInsSeen,
    /// Those who chat.
    pub chat: TalkSeen,
    /// Processor time of the gateway meanwhile, cores.
    pub gateway_cores: f64,
}

/// A flood and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The flood.
    #[serde(flatten)]
    pub flood: Flood,
    /// Before it, with its attackers logged in.
    pub before: Others,
    /// During it.
    pub during: Others,
    /// How far apart the 99th percentiles of intervals were in the halves of before, ms.
    pub noise_ms: f64,
    /// Memory of the gateway before the attackers came, KiB.
    pub memory_before_kib: f64,
    /// Its largest memory during the flood, KiB.
    pub memory_max_kib: f64,
    /// Processor time of the attackers, cores.
    pub attackers_cores: f64,
    /// What the gateway has counted from the begin of the flood.
    pub gateway: Counts,
    /// What became of the attackers.
    pub attack: Tally,
    /// From the end of the flood until a log-in was short again, s; `None` when none was.
    pub recovered_after_s: Option<f64>,
    /// How the bots ended, if they did.
    pub bots_ended: Option<String>,
}

impl Measured {
    /// Memory for each attacker, KiB.
    #[must_use]
    pub fn kib_per_attacker(&self) -> f64 {
        let growth = (self.memory_max_kib - self.memory_before_kib).max(0.0);
        growth / f64::from(self.flood.attackers.max(1))
    }

    /// The bound on that, KiB.
    #[must_use]
    pub const fn kib_per_attacker_max(&self) -> f64 {
        match (self.flood.kind, self.flood.is_tls) {
            (FloodKind::Idle, false) => IDLE_KIB_MAX,
            (FloodKind::Idle, true) => IDLE_TLS_KIB_MAX,
            (
                FloodKind::Control
                | FloodKind::Strangers
                | FloodKind::Lists
                | FloodKind::SignUps
                | FloodKind::Guesses
                | FloodKind::Reconnects
                | FloodKind::Chat
                | FloodKind::Stalled,
                _,
            ) => ATTACKER_KIB_MAX,
        }
    }

    /// What others have lost that they did not lose before, and what stalled clients have.
    #[must_use]
    pub fn lost(&self) -> Vec<(&'static str, u64)> {
        let count = |of: fn(&Others) -> u64| of(&self.during).saturating_sub(of(&self.before));
        let endings = self.attack.endings.iter();
        let unwell = endings.filter(|(ending, _)| !ending.is_well());
        // Idle clients come to no harm either.
        let idle = match self.flood.kind {
            FloodKind::Idle => self.attack.lost,
            FloodKind::Control
            | FloodKind::Strangers
            | FloodKind::Lists
            | FloodKind::SignUps
            | FloodKind::Guesses
            | FloodKind::Reconnects
            | FloodKind::Chat
            | FloodKind::Stalled => 0,
        };
        let all = [
            ("bots", count(|it| it.snapshots.lost.failures)),
            (
                "connections of players",
                count(|it| it.snapshots.lost.sessions_lost),
            ),
            (
                "inputs of players",
                count(|it| it.snapshots.lost.inputs_lost),
            ),
            ("snapshots in order", count(|it| it.snapshots.lost.back)),
            ("connections to the chat", count(|it| it.chat.sessions_lost)),
            ("chat lines", count(|it| it.chat.lost)),
            ("chat lines to a refusal", count(|it| it.chat.refused)),
            ("chat lines in order", count(|it| it.chat.out_of_order)),
            ("stalled clients", unwell.map(|(_, count)| count).sum()),
            ("idle clients", idle),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// The bounds that were exceeded, each as a sentence.
    #[must_use]
    pub fn exceeded(&self) -> Vec<String> {
        let mut exceeded = Vec::from_iter(self.bots_ended.clone());
        let (before, during) = (&self.before.snapshots, &self.during.snapshots);
        let p99_max = before.intervals.p99_ms * INTERVAL_RATIO_MAX + INTERVAL_SLACK_MS;
        if before.per_second == 0.0 {
            exceeded.push("nobody raced before".to_owned());
        }
        if during.intervals.p99_ms > p99_max {
            exceeded.push(format!(
                "interval p99 {:.1} ms, at most {p99_max:.1}",
                during.intervals.p99_ms
            ));
        }
        let max_ms = FREEZE_MS.max(before.intervals.max_ms);
        if during.intervals.max_ms > max_ms {
            exceeded.push(format!(
                "an interval of {:.0} ms, at most {max_ms:.0}",
                during.intervals.max_ms
            ));
        }
        if during.per_second < before.per_second * SNAPSHOTS_SHARE_MIN {
            exceeded.push(format!(
                "{:.0} snapshots a second, before {:.0}",
                during.per_second, before.per_second
            ));
        }
        let log_in_ms = self.during.log_ins.times.p99_ms;
        if log_in_ms > LOG_IN_MS_MAX {
            exceeded.push(format!(
                "log-in p99 {log_in_ms:.0} ms, at most {LOG_IN_MS_MAX:.0}"
            ));
        }
        let growth_kib = self.memory_max_kib - self.memory_before_kib;
        let each_max_kib = self.kib_per_attacker_max();
        if growth_kib > each_max_kib * f64::from(self.flood.attackers) + MEMORY_NOISE_KIB {
            exceeded.push(format!(
                "{:.0} KiB for each attacker, at most {each_max_kib:.0}",
                self.kib_per_attacker()
            ));
        }
        exceeded.extend(
            self.lost()
                .iter()
                .map(|(what, count)| format!("lost {count} {what}")),
        );
        exceeded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::Ending;

    fn measured() -> Measured {
        let mut others = Others::default();
        others.snapshots.intervals.p99_ms = 35.0;
        others.snapshots.intervals.max_ms = 60.0;
        others.snapshots.per_second = 3_000.0;
        others.log_ins.times.p99_ms = 80.0;
        Measured {
            flood: Flood {
                kind: FloodKind::Lists,
                addresses: 1,
                attackers: 60,
                seconds: 10,
                is_tls: false,
            },
            before: others.clone(),
            during: others,
            noise_ms: 0.2,
            memory_before_kib: 20_000.0,
            memory_max_kib: 20_000.0 + 60.0 * 64.0,
            attackers_cores: 1.0,
            gateway: Counts::default(),
            attack: Tally::default(),
            recovered_after_s: Some(0.3),
            bots_ended: None,
        }
    }

    #[test]
    fn what_is_as_before_exceeds_nothing() {
        let mut measured = measured();
        assert_eq!(measured.exceeded(), Vec::<String>::new());
        assert_eq!(measured.kib_per_attacker(), 64.0);
        measured.during.snapshots.intervals.p99_ms = 39.4;
        measured.before.chat.lost = 1;
        measured.during.chat.lost = 1;
        measured.attack.endings = [(Ending::CaughtUp, 49), (Ending::Resumed, 1)].into();
        assert_eq!(measured.exceeded(), Vec::<String>::new());
    }

    #[test]
    fn each_bound_is_named_when_it_is_exceeded() {
        type Change = fn(&mut Measured);
        let cases: [(Change, &str); 12] = [
            (
                |it| it.during.snapshots.intervals.p99_ms = 39.6,
                "interval p99 39.6 ms, at most 39.5",
            ),
            (
                |it| it.during.snapshots.intervals.max_ms = 2_300.0,
                "an interval of 2300 ms",
            ),
            (
                |it| it.during.snapshots.per_second = 2_600.0,
                "2600 snapshots",
            ),
            (
                |it| it.during.log_ins.times.p99_ms = 4_900.0,
                "log-in p99 4900 ms",
            ),
            (
                |it| it.memory_max_kib = 228_000.0,
                "3467 KiB for each attacker",
            ),
            (
                |it| it.during.snapshots.lost.sessions_lost = 2,
                "lost 2 connections",
            ),
            (|it| it.during.snapshots.lost.failures = 1, "lost 1 bots"),
            (|it| it.bots_ended = Some("gone".to_owned()), "gone"),
            (
                |it| it.flood.kind = FloodKind::Idle,
                "64 KiB for each attacker, at most 12",
            ),
            (
                |it| {
                    (it.flood.kind, it.flood.is_tls) = (FloodKind::Idle, true);
                    it.memory_max_kib = it.memory_before_kib;
                    it.attack.lost = 1;
                },
                "lost 1 idle clients",
            ),
            (|it| it.during.chat.out_of_order = 1, "chat lines in order"),
            (
                |it| it.attack.endings = [(Ending::ClosedSilently, 3)].into(),
                "lost 3 stalled clients",
            ),
        ];
        for (change, sentence) in cases {
            let mut measured = measured();
            change(&mut measured);
            let exceeded = measured.exceeded();
            assert_eq!(exceeded.len(), 1, "{exceeded:?}");
            assert!(exceeded[0].contains(sentence), "{exceeded:?}");
        }
    }
}
