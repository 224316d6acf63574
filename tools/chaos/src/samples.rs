//! The samples that `bots load --samples` writes.

use serde::Deserialize;

/// The measurements of one bot in one second.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Sample {
    /// When its longest gap between two snapshots ended, ms since 1970.
    pub unix_ms: u64,
    /// The bot.
    pub bot: String,
    /// Its room.
    pub room: String,
    /// The gap, ms.
    pub gap_ms: f64,
    /// Whether the run ended before the gap.
    pub is_open: bool,
    /// Times that ticks were skipped on one connection.
    pub skipped: u64,
    /// Times that ticks went back.
    pub back: u64,
    /// Inputs that were not applied in their ticks.
    pub missed: u64,
    /// Ticks that were computed before their input came.
    pub late: u64,
    /// Inputs that were given up before they were acknowledged.
    pub lost: u64,
    /// Corrections above 5 cm.
    pub corrections: u64,
    /// Connections lost.
    pub sessions_lost: u64,
}

/// The first line of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Begun {
    /// When the measurement began, ms since 1970.
    pub begun_unix_ms: u64,
}

impl Sample {
    /// When the gap began, ms since 1970.
    #[must_use]
    pub fn gap_start_unix_ms(&self) -> u64 {
        self.unix_ms.saturating_sub(self.gap_ms as u64)
    }
}

/// Reads a file of samples; `None` while its first line is missing.
///
/// # Errors
/// When a line is invalid.
pub fn read(text: &str) -> serde_json::Result<Option<(Begun, Vec<Sample>)>> {
    // The last line may be incomplete.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut lines = whole.lines();
    let Some(first) = lines.next() else {
        return Ok(None);
    };
    let begun = serde_json::from_str(first)?;
    let samples = lines.map(serde_json::from_str);
    Ok(Some((begun, samples.collect::<Result<_, _>>()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_incomplete_file() {
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("{\"begun_unix").unwrap(), None);
        let text = "{\"begun_unix_ms\":1000}\n\
            {\"unix_ms\":2000,\"bot\":\"b\",\"room\":\"r\",\"gap_ms\":40.5,\"late\":2}\n\
            {\"unix_ms\":30";
        let (begun, samples) = read(text).unwrap().unwrap();
        assert_eq!((begun.begun_unix_ms, samples.len()), (1_000, 1));
        assert_eq!((samples[0].late, samples[0].lost), (2, 0));
        assert_eq!(samples[0].gap_start_unix_ms(), 1_960);
        assert!(read("nonsense\n").is_err());
    }
}
