//! How well frames are drawn, for the player, for tests and for `--bench`.

/// Figures of the frames so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DrawingStats {
    /// The name of the renderer.
    pub renderer: String,
    /// Frames per second over the last second.
    pub fps: f64,
    /// Frames of races.
    pub race_frames: u64,
    /// Frames in which road was drawn from the track's samples where a tile was
    /// missing.
    pub plain_road_frames: u64,
    /// Frames in which a part of the road under a car was not drawn at all.
    pub missing_road_frames: u64,
}
