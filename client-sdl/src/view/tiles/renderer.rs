//! The thread that renders tiles.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use client_core::simulation::Track;

use super::IN_FLIGHT_MAX;
use crate::scenery::{Scenery, TileId};

/// The thread that renders tiles. Dropping it ends and joins the thread.
pub(super) struct TileRenderer {
    pub(super) track: Arc<Track>,
    requests: Option<SyncSender<TileId>>,
    results: Receiver<(TileId, Vec<u8>)>,
    thread: Option<JoinHandle<()>>,
}

impl TileRenderer {
    pub(super) fn new(track: Arc<Track>) -> Self {
        let (requests, to_render) = sync_channel::<TileId>(IN_FLIGHT_MAX);
        let (rendered, results) = sync_channel(IN_FLIGHT_MAX);
        let of = Arc::clone(&track);
        let render = move || {
            let scenery = Scenery::new(&of);
            for tile in to_render {
                if rendered.send((tile, scenery.paint(tile))).is_err() {
                    return;
                }
            }
        };
        let thread = Builder::new().name("tiles".to_owned()).spawn(render);
        if let Err(error) = &thread {
            tracing::warn!(%error, "the ground is painted without detail");
        }
        Self {
            track,
            requests: Some(requests),
            results,
            thread: thread.ok(),
        }
    }

    /// Returns the next rendered tile, if there is one.
    pub(super) fn next_tile(&self) -> Option<(TileId, Vec<u8>)> {
        self.results.try_recv().ok()
    }

    pub(super) fn request(&self, tile: TileId) -> bool {
        self.requests
            .as_ref()
            .is_some_and(|requests| requests.try_send(tile).is_ok())
    }
}

impl Drop for TileRenderer {
    fn drop(&mut self) {
        // The thread ends when the channel of requests closes. Its results are
        // drained so that it does not block on a full channel.
        self.requests = None;
        while self.results.recv().is_ok() {}
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the thread that paints the ground has panicked");
        }
    }
}
