//! How often the window is painted.

use egui::Vec2;
use std::time::{Duration, Instant};

/// Time between frames while something moves: where a graphics card paints, and at best and at worst where the
/// processor does.
const FRAME: Duration = Duration::from_millis(33);
const SLOWEST: Duration = Duration::from_millis(250);

/// A frame that comes this early is the one that was due.
const NEARLY: Duration = Duration::from_millis(3);

/// What the processor takes for a frame, for each million pixels of the window that it brings to the screen, and for
/// each million that it paints: what this process takes, without the X server. Measured with Mesa's llvmpipe, at 2.5 GHz.
const DESCRIBE: Duration = Duration::from_micros(2_500);
const SHOW: Duration = Duration::from_micros(850);
const PAINT: Duration = Duration::from_micros(24_000);

/// Share of a core that may go into frames: slower machines than the one that was measured have some room left.
const SHARE: f32 = 0.23;

/// How long to wait for the next frame while something moves, in a window of this many pixels.
///
/// A graphics card paints any window in no time. The processor takes the more of it the more pixels it has to
/// paint; of the last frame that is `effort`. Then there are fewer frames.
pub fn frame(pixels: Vec2, effort: Option<f32>) -> Duration {
    let Some(effort) = effort else { return FRAME };
    let million = |pixels: f32| (pixels / 1e6).clamp(0.0, 100.0);
    let cost = DESCRIBE + SHOW.mul_f32(million(pixels.x * pixels.y)) + PAINT.mul_f32(million(effort));
    cost.div_f32(SHARE).clamp(FRAME, SLOWEST)
}

/// When the next frame is due.
///
/// On X11 each frame that is asked for comes, however many were asked for before it. So one that comes in between, as
/// for a movement of the mouse, may not ask for another one than is due already: it would go on asking for ever.
#[derive(Debug, Default)]
pub struct Pace {
    due: Option<Instant>,
}

impl Pace {
    /// How long to wait from `now` on for the next frame, so that frames lie `interval` apart.
    pub fn wait(&mut self, now: Instant, interval: Duration) -> Duration {
        let left = self.due.map_or(Duration::ZERO, |due| due.saturating_duration_since(now));
        let wait = if left > NEARLY { left.min(interval) } else { interval };
        self.due = Some(now + wait);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;

    #[test]
    fn what_is_painted_in_between_brings_no_frames_of_its_own() {
        let (begin, mut pace) = (Instant::now(), Pace::default());
        let ms = Duration::from_millis;
        let mut wait = |at: u64, interval: u64| pace.wait(begin + ms(at), ms(interval));
        assert_eq!(wait(0, 100), ms(100));
        assert_eq!([wait(30, 100), wait(70, 150)], [ms(70), ms(30)], "the next one is still due at 100");
        assert_eq!(wait(100, 120), ms(120));
        assert_eq!(wait(110, 40), ms(40), "sooner, if that is wanted");
        assert_eq!(wait(149, 50), ms(50), "the timer may be a little early");
        assert_eq!(wait(900, 50), ms(50));
    }

    #[test]
    fn the_processor_paints_less_often_where_there_is_more_to_paint() {
        assert_eq!(frame(vec2(4400.0, 2720.0), None), FRAME);
        let usual = vec2(1100.0, 680.0);
        assert_eq!(frame(usual, Some(0.05e6)), FRAME);
        let (some, much) = (frame(usual, Some(0.8e6)), frame(usual, Some(1.6e6)));
        assert!(FRAME < some && some < much && much < SLOWEST, "{some:?} {much:?}");
        assert!(some < frame(2.0 * usual, Some(0.8e6)));
        assert_eq!(frame(Vec2::splat(f32::INFINITY), Some(f32::INFINITY)), SLOWEST);
    }
}
