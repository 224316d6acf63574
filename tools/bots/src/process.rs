//! A process whose use of the machine is measured.

/// A process to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its name in the report.
    pub name: String,
    /// Its id.
    pub pid: u32,
}
