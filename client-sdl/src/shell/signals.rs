//! Being told to end from outside: SIGTERM and Ctrl-C.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};

/// Whether the process was told to end. SDL's own handling leaves out a
/// process that a script has started in the background; this does not.
#[derive(Debug)]
pub(super) struct EndSignal {
    is_set: Arc<AtomicBool>,
}

impl EndSignal {
    /// Listens from now on.
    pub(super) fn listen(runtime: &Handle) -> io::Result<Self> {
        let _guard = runtime.enter();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let is_set = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_set);
        // It ends with the runtime at the latest.
        runtime.spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            flag.store(true, Ordering::Relaxed);
        });
        Ok(Self { is_set })
    }

    /// Whether it is time to end.
    pub(super) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }
}
