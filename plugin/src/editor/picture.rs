//! Whether the picture of the window stays from frame to frame, where the processor paints it.
//!
//! OpenGL promises nothing of the buffer that is painted into once it was shown, and whoever wants to paint only a
//! part must know that the rest is still there. Renderers on the processor copy that buffer to the screen and leave
//! it alone. So as not to rely on it, each frame leaves a mark in a corner, and the next one looks whether it finds
//! that very mark.

use egui::epaint::ClippedShape;
use egui::{Color32, Context, PaintCallback, Rect, Shape};
use egui_glow::CallbackFn;
use egui_glow::glow::{self, HasContext};
use parking_lot::Mutex;
use std::sync::Arc;

/// Names that renderers on the processor have, as OpenGL tells them: Mesa's two, Google's, Apple's and Microsoft's.
const ON_THE_PROCESSOR: [&str; 5] = ["llvmpipe", "softpipe", "SwiftShader", "Software", "GDI Generic"];

/// Marks that must be found in a row before a frame relies on the picture.
const PROOFS: u32 = 3;

/// Lost pictures before it is no longer tried.
const MOST_LOST: u32 = 20;

/// The colour of a mark before the three bits that tell it from others: that of the strip below, so that it is not seen.
const MARK: [u8; 3] = [0x1a, 0x17, 0x15];

/// Who paints the window, and whether what was painted is still there.
#[derive(Default)]
pub struct Picture(Mutex<State>);

#[derive(Default)]
struct State {
    /// Whether the processor paints; none before the first frame.
    software: Option<bool>,
    /// Size in pixels and number of the frame that was painted last.
    last: Option<([u32; 2], u8)>,
    /// Marks that were found in a row.
    found: u32,
    lost: u32,
    /// Pixels that the last frame painted, some of them several times.
    painted: f32,
}

impl Picture {
    /// Whether a frame may paint a part of the window only: what the rest shows stays.
    pub fn stays(&self) -> bool {
        self.0.lock().found >= PROOFS
    }

    /// Whether a frame should be painted between [`Self::begin`] and [`Self::end`].
    pub fn is_wanted(&self) -> bool {
        let state = self.0.lock();
        state.software != Some(false) && state.lost < MOST_LOST
    }

    /// Takes how many pixels a frame paints, counting each as often as something is painted there.
    pub fn painted(&self, pixels: f32) {
        self.0.lock().painted = pixels;
    }

    /// Pixels that the last frame painted; none unless the processor does.
    pub fn effort(&self) -> Option<f32> {
        let state = self.0.lock();
        (state.software == Some(true)).then_some(state.painted)
    }

    /// The shape that looks whether the picture is there and lets it be painted on; `whole` says that all of it will be.
    pub fn begin(self: &Arc<Self>, context: &Context, screen: Rect, whole: bool) -> ClippedShape {
        let (picture, context) = (self.clone(), context.clone());
        callback(screen, move |pixels, gl| {
            if !picture.0.lock().begin(pixels, whole, gl) {
                context.request_repaint();
            }
        })
    }

    /// The shape that gives a place of whole pixels one colour: for the processor that is little work, beside that of a
    /// painted rectangle.
    pub fn fill(place: Rect, colour: Color32) -> ClippedShape {
        let [red, green, blue, alpha] = colour.to_array().map(|part| f32::from(part) / 255.0);
        // SAFETY: the painter calls this with its context current, after it set the scissors to `place`.
        callback(place, move |_, gl| unsafe {
            gl.clear_color(red, green, blue, alpha);
            gl.clear(glow::COLOR_BUFFER_BIT);
        })
    }

    /// The shape that leaves the mark, and keeps the renderer from clearing the picture before the next frame.
    pub fn end(self: &Arc<Self>, screen: Rect) -> ClippedShape {
        let picture = self.clone();
        callback(screen, move |pixels, gl| picture.0.lock().end(pixels, gl))
    }
}

fn callback(place: Rect, call: impl Fn([u32; 2], &glow::Context) + Send + Sync + 'static) -> ClippedShape {
    let callback = CallbackFn::new(move |info, painter| call(info.screen_size_px, painter.gl()));
    ClippedShape::new(place, Shape::Callback(PaintCallback { rect: place, callback: Arc::new(callback) }))
}

impl State {
    /// Whether what is painted now makes a right picture.
    fn begin(&mut self, pixels: [u32; 2], whole: bool, gl: &glow::Context) -> bool {
        // SAFETY: the painter calls this with its context current.
        let software = *self.software.get_or_insert_with(|| unsafe { is_on_the_processor(gl) });
        if !software {
            return true;
        }
        // SAFETY: the context is current, and draws into the window whose buffers these are. One pixel is read into
        // room for one.
        let mark = unsafe {
            gl.draw_buffer(glow::BACK);
            let mut mark = [0; 4];
            let into = glow::PixelPackData::Slice(Some(&mut mark));
            gl.read_pixels(0, 0, 1, 1, glow::RGBA, glow::UNSIGNED_BYTE, into);
            mark
        };
        let same_size = self.last.is_some_and(|(size, _)| size == pixels);
        let stayed = same_size && self.last.is_some_and(|(_, frame)| mark[..3] == of_frame(frame));
        self.found = if stayed { self.found.saturating_add(1) } else { 0 };
        let right = stayed || whole;
        // Another size is another buffer: nothing was lost.
        self.lost += u32::from(same_size && !right);
        right
    }

    fn end(&mut self, pixels: [u32; 2], gl: &glow::Context) {
        if self.software != Some(true) {
            return;
        }
        let frame = self.last.map_or(0, |(_, frame)| frame.wrapping_add(1));
        self.last = Some((pixels, frame));
        let [red, green, blue] = of_frame(frame).map(|part| f32::from(part) / 255.0);
        let goes_on = self.lost < MOST_LOST;
        // SAFETY: the painter calls this with its context current, and sets scissors and blending again after it.
        unsafe {
            gl.scissor(0, 0, 1, 1);
            gl.clear_color(red, green, blue, 1.0);
            gl.clear(glow::COLOR_BUFFER_BIT);
            if goes_on {
                // The renderer clears all of the window in front of each frame, and so clears nothing.
                gl.draw_buffer(glow::NONE);
            }
        }
    }
}

/// The mark of a frame: another one than in the seven frames before.
fn of_frame(frame: u8) -> [u8; 3] {
    std::array::from_fn(|i| MARK[i] + (frame >> i & 1))
}

/// Whether the processor paints what is painted in this context.
///
/// # Safety
/// The context must be current.
unsafe fn is_on_the_processor(gl: &glow::Context) -> bool {
    // SAFETY: the caller keeps it current.
    let name = unsafe { gl.get_parameter_string(glow::RENDERER) };
    ON_THE_PROCESSOR.iter().any(|software| name.contains(software))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_frames_in_a_row_have_eight_marks() {
        let marks: std::collections::HashSet<[u8; 3]> = (0..8).map(of_frame).collect();
        assert_eq!(marks.len(), 8);
        assert_eq!(of_frame(u8::MAX), of_frame(7));
    }
}
