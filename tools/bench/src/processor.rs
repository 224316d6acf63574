//! Processor time, to the nanosecond: idle servers use less than the hundredths of
//! a second that `/proc/<pid>/stat` counts in.

use std::fs;
use std::time::Duration;

/// The processor time of a process's threads so far, by its id or `self`; `None`
/// when it has ended, or the kernel does not count it. Threads that have ended do
/// not count.
#[must_use]
pub fn used(pid: &str) -> Option<Duration> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    // A thread may end before its file is read.
    let times = threads.flatten().filter_map(|thread| {
        first_number(&fs::read_to_string(thread.path().join("schedstat")).ok()?)
    });
    let nanoseconds = times.reduce(|all, thread| all + thread)?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The first number is the time on a processor; the next are the time in the run
/// queue and the number of time slices.
fn first_number(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_work_of_this_process() {
        assert_eq!(first_number("1500 20 3\n"), Some(1_500));
        assert_eq!(first_number(""), None);
        let before = used("self").unwrap();
        let mut number = 1_u64;
        while used("self").unwrap() < before + Duration::from_millis(2) {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
        // No process has an id beyond the kernel's limit of 2^22.
        assert_eq!(used("8388608"), None);
    }
}
