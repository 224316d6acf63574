//! Signals that end the process: SIGTERM and Ctrl-C.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};

/// A flag that a signal to end sets. SDL's own handling ignores Ctrl-C in a
/// process that a script has started in the background; this one does not.
#[derive(Debug)]
pub(super) struct EndSignal {
    is_set: Arc<AtomicBool>,
}

impl EndSignal {
    /// Starts listening for signals.
    pub(super) fn listen(runtime: &Handle) -> io::Result<Self> {
        let _guard = runtime.enter();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let is_set = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_set);
        // The task ends with the runtime at the latest.
        runtime.spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            flag.store(true, Ordering::Relaxed);
        });
        Ok(Self { is_set })
    }

    /// Returns whether a signal to end has arrived.
    pub(super) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }
}
