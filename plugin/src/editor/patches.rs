//! Paints no more of the window than has changed, where the processor paints it.
//!
//! The window is described anew in each frame, as always with egui. Before it is painted, the description is
//! compared with that of the frame before: where both have the same shapes in the same order, the same is to be
//! seen. Around the others the window is painted again, on the [`Picture`] that is there.

use super::picture::Picture;
use egui::emath::TSTransform;
use egui::epaint::{ClippedShape, CornerRadius, Shape};
use egui::{Color32, Context, FullOutput, Plugin, Pos2, Rect, pos2};
use std::sync::Arc;

/// How far beyond its bounds a shape may be seen, in pixels: smooth edges, and letters that are moved to whole pixels.
const SMOOTH_PIXELS: f32 = 2.0;

/// How far ahead a shape is looked for among those of the frame before.
const REACH: usize = 256;

/// Patches in a frame at most, and pixels that it is worth painting in vain to have one less.
const MOST: usize = 10;
const WORTH_PIXELS: f32 = 3_000.0;

/// Compares each frame with the one before.
pub struct Patches {
    picture: Arc<Picture>,
    background: Color32,
    before: Vec<ClippedShape>,
    screen: Rect,
    pixels_per_point: f32,
    /// What was described last may never be painted.
    unsure: bool,
}

impl Patches {
    /// Paints patches of this picture, over a background.
    pub fn new(picture: Arc<Picture>, background: Color32) -> Self {
        Self {
            picture,
            background,
            before: Vec::new(),
            screen: Rect::NOTHING,
            pixels_per_point: 0.0,
            unsure: true,
        }
    }

    /// Replaces the shapes of a frame by those of its patches.
    fn patch(&mut self, context: &Context, output: &mut FullOutput) {
        let screen = context.viewport_rect();
        let shapes = std::mem::take(&mut output.shapes);
        let scale = output.pixels_per_point;
        let new_font = output.textures_delta.set.values().flatten().any(|delta| delta.is_whole());
        let same = (self.screen, self.pixels_per_point) == (screen, scale);
        let whole = !same || new_font || self.unsure || !self.picture.stays();
        let changed = if whole { vec![screen] } else { changed(&self.before, &shapes, scale) };
        output.shapes.push(self.picture.begin(context, screen, whole));
        let first = output.shapes.len();
        for patch in merged(changed, screen, scale) {
            output.shapes.extend(painted(&shapes, patch, self.background, scale));
        }
        let painted: f32 = output.shapes[first..].iter().map(|shape| filled(shape, scale)).sum();
        self.picture.painted(painted * scale * scale);
        output.shapes.push(self.picture.end(screen));
        (self.before, self.screen, self.pixels_per_point) = (shapes, screen, scale);
        // Another pass may follow, whose shapes are painted in place of these.
        self.unsure = output.platform_output.requested_discard();
    }
}

impl Plugin for Patches {
    fn debug_name(&self) -> &'static str {
        "patches"
    }

    fn output_hook(&mut self, context: &Context, output: &mut FullOutput) {
        if self.picture.is_wanted() {
            self.patch(context, output);
        } else {
            self.before = Vec::new();
        }
    }
}

/// What paints a patch: the background, and of all shapes what lies inside; nothing that another shape hides in all of
/// the patch.
fn painted(
    shapes: &[ClippedShape],
    patch: Rect,
    background: Color32,
    pixels_per_point: f32,
) -> impl Iterator<Item = ClippedShape> {
    let hiding = shapes.iter().rposition(|shape| hides(shape, patch, pixels_per_point));
    let back = ClippedShape::new(patch, Shape::rect_filled(patch.expand(1.0), 0.0, background));
    let seen = &shapes[hiding.unwrap_or(0)..];
    let inside = seen.iter().filter_map(move |shape| within(shape, patch, pixels_per_point));
    Some(back).filter(|_| hiding.is_none()).into_iter().chain(inside)
}

/// Whether nothing of what lies below a shape can be seen in a patch.
fn hides(shape: &ClippedShape, patch: Rect, pixels_per_point: f32) -> bool {
    let Shape::Rect(rect) = &shape.shape else { return false };
    let CornerRadius { nw, ne, sw, se } = rect.corner_radius;
    let edge = f32::from(nw.max(ne).max(sw).max(se)) + SMOOTH_PIXELS / pixels_per_point;
    let is_plain = rect.blur_width == 0.0 && rect.angle == 0.0 && rect.brush.is_none();
    is_plain
        && rect.fill.is_opaque()
        && shape.transform_after_tessellation == TSTransform::IDENTITY
        && shape.clip_rect.contains_rect(patch)
        && rect.rect.shrink(edge).contains_rect(patch)
}

/// How much of the window a shape fills, about: lines fill next to nothing.
fn filled(shape: &ClippedShape, pixels_per_point: f32) -> f32 {
    fn is_filled(shape: &Shape) -> bool {
        match shape {
            Shape::Rect(rect) => rect.fill != Color32::TRANSPARENT,
            Shape::Circle(circle) => circle.fill != Color32::TRANSPARENT,
            Shape::Path(path) => path.fill != Color32::TRANSPARENT,
            Shape::Vec(shapes) => shapes.iter().any(is_filled),
            Shape::Mesh(_) | Shape::Text(_) => true,
            _ => false,
        }
    }
    if is_filled(&shape.shape) { bounds(shape, pixels_per_point).area().max(0.0) } else { 0.0 }
}

/// The part of a shape inside a patch.
fn within(shape: &ClippedShape, patch: Rect, pixels_per_point: f32) -> Option<ClippedShape> {
    let clip_rect = shape.clip_rect.intersect(patch);
    let seen = clip_rect.is_positive() && bounds(shape, pixels_per_point).intersects(patch);
    seen.then(|| ClippedShape { clip_rect, ..shape.clone() })
}

/// Where a shape may be seen.
fn bounds(shape: &ClippedShape, pixels_per_point: f32) -> Rect {
    let smooth = SMOOTH_PIXELS / pixels_per_point;
    let rect = shape.transform_after_tessellation * shape.shape.visual_bounding_rect();
    rect.expand(smooth).intersect(shape.clip_rect)
}

/// Where something else is to be seen than in the frame before: around all shapes but those that both have in the
/// same order.
fn changed(before: &[ClippedShape], now: &[ClippedShape], pixels_per_point: f32) -> Vec<Rect> {
    let mut changed = Vec::new();
    let mut note = |shape: &ClippedShape| {
        let rect = bounds(shape, pixels_per_point);
        if rect.is_positive() {
            changed.push(rect);
        }
    };
    let mut left = before;
    for shape in now {
        match left.iter().take(REACH).position(|old| is_same(old, shape)) {
            Some(at) => {
                left[..at].iter().for_each(&mut note);
                left = &left[at + 1..];
            }
            None => note(shape),
        }
    }
    left.iter().for_each(note);
    changed
}

/// Whether two shapes look the same.
fn is_same(a: &ClippedShape, b: &ClippedShape) -> bool {
    (a.clip_rect, a.transform_after_tessellation) == (b.clip_rect, b.transform_after_tessellation)
        && is_same_shape(&a.shape, &b.shape)
}

fn is_same_shape(a: &Shape, b: &Shape) -> bool {
    match (a, b) {
        (Shape::Text(a), Shape::Text(b)) => {
            // What stands there is mostly one and the same galley; to compare two takes longer than all the rest.
            (a.pos, a.underline, a.fallback_color) == (b.pos, b.underline, b.fallback_color)
                && (a.override_text_color, a.opacity_factor, a.angle)
                    == (b.override_text_color, b.opacity_factor, b.angle)
                && (Arc::ptr_eq(&a.galley, &b.galley)
                    || (a.galley.job == b.galley.job && a.galley == b.galley))
        }
        (Shape::Mesh(a), Shape::Mesh(b)) => Arc::ptr_eq(a, b) || a == b,
        (Shape::Vec(a), Shape::Vec(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same_shape(a, b))
        }
        (Shape::Callback(_), _) => false,
        _ => a == b,
    }
}

/// Few patches of whole pixels that cover these rectangles, as far as they are on the screen.
fn merged(rects: Vec<Rect>, screen: Rect, pixels_per_point: f32) -> Vec<Rect> {
    let worth = WORTH_PIXELS / (pixels_per_point * pixels_per_point);
    // What it costs to paint both as one.
    let cost = |a: Rect, b: Rect| a.union(b).area() - a.area() - b.area();
    let mut patches: Vec<Rect> = Vec::new();
    for rect in rects {
        let mut rect = to_pixels(rect, pixels_per_point).intersect(screen);
        if !rect.is_positive() {
            continue;
        }
        while let Some(at) = patches.iter().position(|patch| cost(*patch, rect) <= worth) {
            rect = rect.union(patches.swap_remove(at));
        }
        patches.push(rect);
        if patches.len() > MOST {
            let pairs = (0..patches.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
            let cheapest = pairs.min_by(|&(a, b), &(c, d)| {
                cost(patches[a], patches[b]).total_cmp(&cost(patches[c], patches[d]))
            });
            if let Some((a, b)) = cheapest {
                let gone = patches.swap_remove(a);
                patches[b] = patches[b].union(gone);
            }
        }
    }
    patches
}

/// A rectangle as large as the pixels that it touches.
fn to_pixels(rect: Rect, pixels_per_point: f32) -> Rect {
    let to = |at: Pos2, round: fn(f32) -> f32| {
        pos2(round(at.x * pixels_per_point), round(at.y * pixels_per_point)) / pixels_per_point
    };
    Rect::from_min_max(to(rect.min, f32::floor), to(rect.max, f32::ceil))
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const SIDE: usize = 96;
    const BACK: Color32 = Color32::from_rgb(1, 2, 3);

    fn screen() -> Rect {
        Rect::from_min_size(Pos2::ZERO, vec2(SIDE as f32, SIDE as f32))
    }

    fn rect(x: f32, y: f32, width: f32, height: f32, colour: Color32) -> ClippedShape {
        let rect = Rect::from_min_size(pos2(x, y), vec2(width, height));
        ClippedShape::new(screen(), Shape::rect_filled(rect, 0.0, colour))
    }

    /// Paints rectangles of whole pixels. Those that let something through add up, so that what is painted twice is
    /// seen.
    fn paint(pixels: &mut [u32], shapes: &[ClippedShape]) {
        for shape in shapes {
            let Shape::Rect(filled) = &shape.shape else { unreachable!("only rectangles are painted") };
            let area = filled.rect.intersect(shape.clip_rect);
            let colour = u32::from(filled.fill.r());
            for (i, pixel) in pixels.iter_mut().enumerate() {
                let middle = pos2((i % SIDE) as f32 + 0.5, (i / SIDE) as f32 + 0.5);
                if area.contains(middle) {
                    let below = if filled.fill.is_opaque() { 0 } else { pixel.wrapping_mul(31) };
                    *pixel = below.wrapping_add(colour);
                }
            }
        }
    }

    #[test]
    fn patches_show_what_painting_all_of_it_shows() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut one = || {
            let side = |rng: &mut ChaCha8Rng| rng.random_range(0..SIDE) as f32;
            let (x, y) = (side(&mut rng), side(&mut rng));
            let (width, height) = (side(&mut rng) / 3.0, side(&mut rng) / 3.0);
            let tone = rng.random_range(2..9);
            let opaque = rng.random_bool(0.5);
            let colour = Color32::from_rgba_premultiplied(tone, tone, tone, if opaque { 255 } else { 9 });
            rect(x.floor(), y.floor(), width.floor(), height.floor(), colour)
        };
        let mut shapes: Vec<ClippedShape> = (0..40).map(|_| one()).collect();
        let back = rect(0.0, 0.0, SIDE as f32, SIDE as f32, BACK);
        let mut kept = vec![0; SIDE * SIDE];
        paint(&mut kept, std::slice::from_ref(&back));
        paint(&mut kept, &shapes);
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let mut painted_pixels = 0.0;
        for frame in 0..200 {
            let before = shapes.clone();
            for _ in 0..rng.random_range(0..4) {
                let (at, other) = (rng.random_range(0..shapes.len()), rng.random_range(0..shapes.len()));
                match rng.random_range(0..4) {
                    0 => shapes.swap(at, other),
                    1 => shapes.insert(at, one()),
                    2 if shapes.len() > 20 => drop(shapes.remove(at)),
                    _ => shapes[at] = one(),
                }
            }
            for patch in merged(changed(&before, &shapes, 1.0), screen(), 1.0) {
                painted_pixels += patch.area();
                paint(&mut kept, &painted(&shapes, patch, BACK, 1.0).collect::<Vec<_>>());
            }
            let mut whole = vec![0; SIDE * SIDE];
            paint(&mut whole, std::slice::from_ref(&back));
            paint(&mut whole, &shapes);
            assert!(kept == whole, "frame {frame} shows something else");
        }
        let share = painted_pixels / (200.0 * screen().area());
        assert!(share < 0.8, "{share:.2} of all pixels are painted again");
    }

    #[test]
    fn what_is_hidden_is_not_painted() {
        let below = rect(0.0, 0.0, 96.0, 96.0, Color32::WHITE);
        let glass = rect(0.0, 0.0, 96.0, 96.0, Color32::from_black_alpha(99));
        let above = rect(10.0, 10.0, 60.0, 60.0, Color32::BLACK);
        let inside = Rect::from_min_max(pos2(20.0, 20.0), pos2(40.0, 40.0));
        let across = Rect::from_min_max(pos2(20.0, 20.0), pos2(80.0, 40.0));
        let count = |shapes: &[ClippedShape], patch| painted(shapes, patch, BACK, 1.0).count();
        assert_eq!(count(&[below.clone(), above.clone()], inside), 1);
        assert_eq!(
            count(&[below.clone(), above.clone()], across),
            2,
            "the background is hidden, what is below is not"
        );
        assert_eq!(count(std::slice::from_ref(&above), across), 2, "the background shows beside it");
        assert_eq!(count(&[above, below, glass], inside), 2, "glass hides nothing");
    }

    #[test]
    fn only_what_changed_is_painted() {
        let [a, b, c] = [5.0, 35.0, 65.0].map(|x| rect(x, 5.0, 10.0, 10.0, Color32::WHITE));
        let moved = rect(37.0, 5.0, 10.0, 10.0, Color32::WHITE);
        let before = [a.clone(), b.clone(), c.clone()];
        assert_eq!(changed(&before, &before, 1.0), []);
        let places = changed(&before, &[a.clone(), moved.clone(), c.clone()], 1.0);
        assert_eq!(places, [bounds(&moved, 1.0), bounds(&b, 1.0)]);
        // The same shapes in another order may look different.
        assert_eq!(changed(&before, &[b.clone(), a.clone(), c.clone()], 1.0).len(), 2);
        let gone = ClippedShape::new(Rect::NOTHING, Shape::Noop);
        assert_eq!(changed(&before, &[a, gone, b, c], 1.0), []);
    }

    #[test]
    fn patches_are_few_and_of_whole_pixels() {
        let scattered: Vec<Rect> = (0..400)
            .map(|i| Rect::from_min_size(pos2((i * 37 % 900) as f32, (i * 91 % 600) as f32), vec2(3.3, 2.1)))
            .collect();
        let screen = Rect::from_min_size(Pos2::ZERO, vec2(903.0, 602.0));
        for scale in [1.0, 1.5, 2.0] {
            let patches = merged(scattered.clone(), screen, scale);
            assert!((1..=MOST).contains(&patches.len()), "{}", patches.len());
            let whole = |side: f32| (side * scale - (side * scale).round()).abs() < 1e-3;
            assert!(
                patches.iter().all(|p| [p.left(), p.top(), p.width()].into_iter().all(whole)),
                "{patches:?}"
            );
            let covered =
                |rect: &Rect| patches.iter().any(|patch| patch.contains_rect(rect.intersect(screen)));
            assert!(scattered.iter().all(covered));
        }
        assert_eq!(merged(vec![Rect::NOTHING, screen.translate(vec2(0.0, 700.0))], screen, 1.0), []);
    }
}
