//! Processor time, to the nanosecond: what a server does when nobody is there
//! is less than the hundredths of a second that `/proc/<pid>/stat` counts in.

use std::fs;
use std::time::Duration;

/// What the threads of a process, by its id or `self`, have used so far; `None`
/// when it has ended, or the kernel does not tell. What threads used that are gone
/// is not in it.
#[must_use]
pub fn used(pid: &str) -> Option<Duration> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    // A thread may end before it is asked.
    let told = threads.flatten().filter_map(|thread| {
        first_number(&fs::read_to_string(thread.path().join("schedstat")).ok()?)
    });
    let nanoseconds = told.reduce(|all, thread| all + thread)?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The first is the time on a processor; behind it are waiting and turns.
fn first_number(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_that_this_process_works() {
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
