//! How often the window is painted.

use egui::Vec2;
use std::time::Duration;

/// Time between frames while something moves.
const FRAME: Duration = Duration::from_millis(33);

/// Longest time between frames while something moves.
const SLOWEST: Duration = Duration::from_millis(150);

/// What a frame costs for each million pixels where the processor paints them: every frame paints all of them.
const FRAME_PER_MEGAPIXEL: Duration = Duration::from_millis(67);

/// How long to wait for the next frame while something moves, in a window of this many pixels.
///
/// A graphics card paints any window in no time. Without one the processor does, and takes the more of it the larger
/// the window is: then there are fewer frames.
pub fn frame(pixels: Vec2, software: bool) -> Duration {
    if !software {
        return FRAME;
    }
    let megapixels = (pixels.x * pixels.y / 1e6).clamp(0.0, 100.0);
    FRAME_PER_MEGAPIXEL.mul_f32(megapixels).clamp(FRAME, SLOWEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;

    #[test]
    fn large_windows_are_painted_less_often_by_the_processor_alone() {
        assert_eq!(frame(vec2(4400.0, 2720.0), false), FRAME);
        assert_eq!(frame(vec2(600.0, 400.0), true), FRAME);
        let (usual, twice) = (frame(vec2(1100.0, 680.0), true), frame(vec2(2200.0, 1360.0), true));
        assert!(FRAME <= usual && usual < twice && twice <= SLOWEST, "{usual:?} {twice:?}");
        assert_eq!(frame(Vec2::splat(f32::INFINITY), true), SLOWEST);
    }
}
