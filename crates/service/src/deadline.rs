//! Deadlines with a precision of a tenth of a millisecond.
//!
//! A tokio timer fires up to two milliseconds late, by a varying amount: snapshots
//! intended every 33.3 ms would be sent at intervals of 32 to 35 ms. A
//! [`TimerQueue`] has one system [`Timer`] for all deadlines of a process, set to
//! the earliest: for rooms that tick together it fires once.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::timer::Timer;

/// The source of all deadlines of a process. Clones share it.
#[derive(Clone, Debug)]
pub struct TimerQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    origin: Instant,
    deadlines: Mutex<Deadlines>,
    /// Notified when the earliest entry changes.
    is_moved: Notify,
}

#[derive(Debug, Default)]
struct Deadlines {
    /// Wakers by time and a number that distinguishes entries of the same time.
    wakers: BTreeMap<Key, Waker>,
    numbers: u64,
}

type Key = (Instant, u64);

impl TimerQueue {
    /// Starts a queue that is served as long as the runtime runs.
    ///
    /// # Errors
    /// When the system cannot provide a timer.
    pub fn start() -> io::Result<Self> {
        let timer = Timer::new()?;
        let shared = Arc::new(Shared {
            origin: Instant::now(),
            deadlines: Mutex::default(),
            is_moved: Notify::new(),
        });
        let firing = Arc::clone(&shared);
        tokio::spawn(async move { firing.fire(timer).await });
        Ok(Self(shared))
    }

    /// Returns a time between `at` and `at + leeway`: deadlines that need not be exact
    /// fire together.
    #[must_use]
    pub fn with_leeway(&self, at: Instant, leeway: Duration) -> Instant {
        let since = at.saturating_duration_since(self.0.origin).as_nanos();
        let past = u64::try_from(since % leeway.as_nanos().max(1)).unwrap_or(0);
        match past {
            0 => at,
            past => at + leeway.saturating_sub(Duration::from_nanos(past)),
        }
    }

    /// Creates a deadline of this queue.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        Deadline {
            timers: self.clone(),
            entry: None,
        }
    }
}

impl Shared {
    /// Fires each entry at its time.
    async fn fire(&self, mut timer: Timer) {
        let mut firing = Vec::new();
        loop {
            let next = self.lock().take_until(Instant::now(), &mut firing);
            firing.drain(..).for_each(Waker::wake);
            tokio::select! {
                () = timer.reached(next) => {}
                () = self.is_moved.notified() => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Deadlines> {
        self.deadlines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deadlines {
    fn set(&mut self, at: Instant, waker: Waker) -> Key {
        self.numbers += 1;
        let key = (at, self.numbers);
        self.wakers.insert(key, waker);
        key
    }

    fn first(&self) -> Option<Instant> {
        self.wakers.first_key_value().map(|((at, _), _)| *at)
    }

    /// Removes the entries that are due; returns the time of the next.
    fn take_until(&mut self, now: Instant, firing: &mut Vec<Waker>) -> Option<Instant> {
        while let Some(entry) = self.wakers.first_entry() {
            if entry.key().0 > now {
                return Some(entry.key().0);
            }
            firing.push(entry.remove());
        }
        None
    }
}

/// A deadline that is polled with each message and often moved to a later time. An
/// entry that moves does not fire at its former time: with many of them a process
/// would wake up for nothing several times between two messages.
#[derive(Debug)]
pub struct Deadline {
    timers: TimerQueue,
    /// The entry that is set, with its waker.
    entry: Option<(Key, Waker)>,
}

impl Deadline {
    /// Waits for `due`, or for ever if it is `None`. Cancel-safe: may be dropped and
    /// called again with another time.
    pub async fn reached(&mut self, due: Option<Instant>) {
        let Some(due) = due else {
            return std::future::pending().await;
        };
        poll_fn(|cx| self.poll(due, cx)).await;
    }

    fn poll(&mut self, due: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        if now >= due {
            return Poll::Ready(());
        }
        let is_set = self
            .entry
            .as_ref()
            .is_some_and(|((at, _), waker)| *at == due && waker.will_wake(cx.waker()));
        if !is_set {
            self.replace(Some((due, cx.waker())));
        }
        Poll::Pending
    }

    /// Sets another entry, or none.
    fn replace(&mut self, entry: Option<(Instant, &Waker)>) {
        let mut deadlines = self.timers.0.lock();
        let first = deadlines.first();
        if let Some((key, _)) = self.entry.take() {
            deadlines.wakers.remove(&key);
        }
        self.entry = entry.map(|(at, waker)| (deadlines.set(at, waker.clone()), waker.clone()));
        if deadlines.first() != first {
            self.timers.0.is_moved.notify_one();
        }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if self.entry.is_some() {
            self.replace(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[tokio::test]
    async fn follows_a_time_that_moves_either_way() {
        let timers = TimerQueue::start().unwrap();
        let mut deadline = timers.deadline();
        let start = Instant::now();
        for due in [20, 30, 25, 60] {
            deadline.reached(Some(start + ms(due))).await;
            assert!(start.elapsed() >= ms(due), "{due}");
        }
        for moving in 10_000..10_020 {
            let due = Some(start + ms(moving));
            let outcome = tokio::time::timeout(ms(1), deadline.reached(due)).await;
            assert!(outcome.is_err(), "it is not {moving} ms yet");
        }
        let sooner = Some(Instant::now() + ms(10));
        let soon = tokio::time::timeout(Duration::from_secs(5), deadline.reached(sooner));
        assert!(soon.await.is_ok(), "it waits for its former time");
        let never = tokio::time::timeout(ms(20), deadline.reached(None));
        assert!(never.await.is_err());
    }

    #[tokio::test]
    async fn a_moved_deadline_wakes_no_task_at_its_former_time() {
        #[derive(Default)]
        struct Woken(AtomicBool);
        impl Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Relaxed);
            }
        }

        let timers = TimerQueue::start().unwrap();
        let (mut moved, mut kept) = (timers.deadline(), timers.deadline());
        let woken: [Arc<Woken>; 2] = Default::default();
        let wakers = woken.clone().map(Waker::from);
        let [mut of_moved, mut of_kept] = wakers.each_ref().map(Context::from_waker);
        let start = Instant::now();
        for due in [ms(50), ms(60_000)] {
            assert!(moved.poll(start + due, &mut of_moved).is_pending());
            assert!(kept.poll(start + ms(50), &mut of_kept).is_pending());
        }
        tokio::time::sleep(ms(100)).await;
        let woken = woken.map(|woken| woken.0.load(Ordering::Relaxed));
        assert_eq!(woken, [false, true]);
    }

    #[tokio::test]
    async fn what_has_leeway_is_due_together() {
        let timers = TimerQueue::start().unwrap();
        let (origin, leeway) = (timers.0.origin, ms(2));
        for (at, due) in [
            (0, 0),
            (1, 2_000),
            (1_999, 2_000),
            (2_000, 2_000),
            (6_001, 8_000),
        ] {
            let us = |us| origin + Duration::from_micros(us);
            assert_eq!(timers.with_leeway(us(at), leeway), us(due));
            assert_eq!(timers.with_leeway(us(at), Duration::ZERO), us(at));
        }
    }

    #[tokio::test]
    async fn many_are_reached_in_their_order() {
        let timers = TimerQueue::start().unwrap();
        let start = Instant::now();
        let reached = Arc::new(Mutex::new(Vec::new()));
        let tasks = [7_u64, 3, 9, 3, 1, 5].map(|due| {
            let (timers, reached) = (timers.clone(), Arc::clone(&reached));
            tokio::spawn(async move {
                timers.deadline().reached(Some(start + ms(10 * due))).await;
                reached.lock().unwrap().push(due);
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*reached.lock().unwrap(), [1, 3, 3, 5, 7, 9]);
        assert!(timers.0.lock().wakers.is_empty());
    }

    #[tokio::test]
    async fn one_that_is_dropped_leaves_nothing_behind() {
        let timers = TimerQueue::start().unwrap();
        let mut deadline = timers.deadline();
        let due = Some(Instant::now() + ms(10_000));
        let waiting = tokio::time::timeout(ms(1), deadline.reached(due)).await;
        assert!(waiting.is_err());
        assert_eq!(timers.0.lock().wakers.len(), 1);
        drop(deadline);
        assert!(timers.0.lock().wakers.is_empty());
    }
}
