//! A cache of tracks: each is built once per process.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use netcode::simulation::Track;

/// Returns the shipped track of this name. Tracks are cached because building
/// one costs milliseconds and a process may run hundreds of bots.
pub(crate) fn by_name(name: &str) -> Option<Arc<Track>> {
    static BUILT: LazyLock<Mutex<HashMap<String, Arc<Track>>>> = LazyLock::new(Mutex::default);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(track) = built.get(name) {
        return Some(Arc::clone(track));
    }
    let track = Arc::new(Track::by_name(name)?);
    built.insert(name.to_owned(), Arc::clone(&track));
    Some(track)
}
