//! The shipped tracks, each built once, when it is needed: that costs milliseconds.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use netcode::TrackCourse;
use netcode::course::fingerprint;
use simulation::Track;

type Built = BTreeMap<&'static str, (Arc<Track>, TrackCourse)>;

static BUILT: LazyLock<Mutex<Built>> = LazyLock::new(Mutex::default);

/// The track of a snapshot's fingerprint, and its course.
pub(crate) fn by_fingerprint(wanted: u16) -> Option<(Arc<Track>, TrackCourse)> {
    built(|name| fingerprint(name) == wanted)
}

/// The track of that name.
pub(crate) fn by_name(wanted: &str) -> Option<Arc<Track>> {
    built(|name| name == wanted).map(|(track, _course)| track)
}

fn built(is_wanted: impl Fn(&str) -> bool) -> Option<(Arc<Track>, TrackCourse)> {
    let mut names = Track::names().iter().chain([&Track::HIGHWAY]).copied();
    let name = names.find(|name| is_wanted(name))?;
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = built.get(name) {
        return Some(known.clone());
    }
    let track = Track::by_name(name)?;
    let course = TrackCourse::shared(&track);
    let new = (Arc::new(track), course);
    built.insert(name, new.clone());
    Some(new)
}
