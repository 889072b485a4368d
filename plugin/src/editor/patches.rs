//! Paints no more of the window than has changed, where the processor paints it.
//!
//! The window is described anew in each frame, as always with egui. Before it is painted, the description is
//! compared with that of the frame before: where both have the same shapes in the same order, the same is to be
//! seen. Around the others the window is painted again, on the [`Picture`] that is there.

use super::picture::Picture;
use egui::emath::{TSTransform, remap};
use egui::epaint::{ClippedShape, CornerRadius, PathShape, PathStroke, Shape};
use egui::{Color32, Context, FullOutput, Plugin, Pos2, Rect, Stroke, pos2};
use std::sync::Arc;

/// How far beyond its bounds a shape may be seen, in pixels: smooth edges, and letters that are moved to whole pixels.
const SMOOTH_PIXELS: f32 = 2.0;

/// How far the corners of a line reach from its middle, in its widths: sharper ones are cut off.
const CORNER: f32 = 0.75;

/// What a pixel takes that gets one colour, of what it takes where shapes are painted.
const CLEARED: f32 = 0.1;

/// What a line takes beside its width, in logical pixels.
const NARROW: f32 = 6.0;

/// How far ahead a shape is looked for among those of the frame before.
const REACH: usize = 256;

/// Patches in a frame at most, and pixels that it is worth painting in vain to have one less.
const MOST: usize = 40;
const WORTH_PIXELS: f32 = 1_500.0;

/// What a patch takes beside its pixels, told in pixels that are painted.
const PATCH_PIXELS: f32 = 12_500.0;

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
        let bounds: Vec<Rect> = shapes.iter().map(|shape| bounds(shape, scale)).collect();
        let mut pixels = 0.0;
        for patch in merged(changed, screen, scale) {
            let (base, above) = painted(&shapes, &bounds, patch, self.background, scale);
            output.shapes.push(Picture::fill(patch, base));
            pixels += CLEARED * patch.area() + PATCH_PIXELS / (scale * scale);
            output.shapes.extend(above.map(|(shape, bounds)| {
                pixels += filled(&shape.shape, bounds.intersect(patch));
                ClippedShape { clip_rect: shape.clip_rect.intersect(patch), ..shape.clone() }
            }));
        }
        self.picture.painted(pixels * scale * scale);
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

/// What paints a patch: a colour all over it, and the shapes above that lie inside, each with its bounds; nothing that
/// another shape hides in all of the patch.
fn painted<'a>(
    shapes: &'a [ClippedShape],
    bounds: &'a [Rect],
    patch: Rect,
    background: Color32,
    pixels_per_point: f32,
) -> (Color32, impl Iterator<Item = (&'a ClippedShape, Rect)>) {
    let hiding = shapes.iter().enumerate().rev();
    let mut hiding = hiding.filter_map(|(i, shape)| Some((i + 1, hides(shape, patch, pixels_per_point)?)));
    let (first, base) = hiding.next().unwrap_or((0, background));
    let above = shapes[first..].iter().zip(bounds[first..].iter().copied());
    (base, above.filter(move |(_, bounds)| bounds.intersect(patch).is_positive()))
}

/// The colour of a shape that is all there is to be seen in a patch, of itself and of what lies below.
fn hides(shape: &ClippedShape, patch: Rect, pixels_per_point: f32) -> Option<Color32> {
    let Shape::Rect(rect) = &shape.shape else { return None };
    let CornerRadius { nw, ne, sw, se } = rect.corner_radius;
    let corner = f32::from(nw.max(ne).max(sw).max(se));
    let edge = corner + rect.stroke.width + SMOOTH_PIXELS / pixels_per_point;
    let is_plain = rect.blur_width == 0.0 && rect.angle == 0.0 && rect.brush.is_none();
    let hides = is_plain
        && rect.fill.is_opaque()
        && shape.transform_after_tessellation == TSTransform::IDENTITY
        && shape.clip_rect.contains_rect(patch)
        && rect.rect.shrink(edge).contains_rect(patch);
    hides.then_some(rect.fill)
}

/// How much of a place a shape fills, about.
fn filled(shape: &Shape, place: Rect) -> f32 {
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
    let area = place.area().max(0.0);
    match shape {
        shape if is_filled(shape) => area,
        // What is narrow is painted in pieces that are mostly empty.
        Shape::Path(PathShape { stroke: PathStroke { width, .. }, .. })
        | Shape::LineSegment { stroke: Stroke { width, .. }, .. } => {
            area.min((place.width() + place.height()) * (width + NARROW))
        }
        _ => 0.0,
    }
}

/// Where a shape may be seen.
fn bounds(shape: &ClippedShape, pixels_per_point: f32) -> Rect {
    let smooth = SMOOTH_PIXELS / pixels_per_point;
    let all = shape.transform_after_tessellation == TSTransform::IDENTITY;
    let rect = match &shape.shape {
        Shape::Path(path) if all && !path.closed => along(path, shape.clip_rect),
        // Nothing to be seen has no bounds, and would be taken for endless.
        Shape::Text(text) if !text.galley.mesh_bounds.is_positive() => Rect::NOTHING,
        other => shape.transform_after_tessellation * other.visual_bounding_rect(),
    };
    rect.expand(smooth).intersect(shape.clip_rect)
}

/// Where a line may be seen between the left and the right edge of what it is clipped to: as far as its corners reach.
fn along(path: &PathShape, clip: Rect) -> Rect {
    let width = CORNER * path.stroke.width;
    let mut seen = Rect::NOTHING;
    for ends in path.points.windows(2) {
        let (from, to) = if ends[0].x <= ends[1].x { (ends[0], ends[1]) } else { (ends[1], ends[0]) };
        let (left, right) = (from.x.max(clip.left() - width), to.x.min(clip.right() + width));
        if left <= right {
            let y = |x: f32| if from.x < to.x { remap(x, from.x..=to.x, from.y..=to.y) } else { from.y };
            seen.extend_with(pos2(left, y(left)));
            seen.extend_with(pos2(right, y(right)));
            if from.x >= to.x {
                seen.extend_with(to);
            }
        }
    }
    seen.expand(width)
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
            let bounds: Vec<Rect> = shapes.iter().map(|shape| bounds(shape, 1.0)).collect();
            for patch in merged(changed(&before, &shapes, 1.0), screen(), 1.0) {
                painted_pixels += patch.area();
                let (base, above) = painted(&shapes, &bounds, patch, BACK, 1.0);
                let within = |shape: &ClippedShape| ClippedShape {
                    clip_rect: shape.clip_rect.intersect(patch),
                    ..shape.clone()
                };
                paint(&mut kept, &[ClippedShape::new(patch, Shape::rect_filled(screen(), 0.0, base))]);
                paint(&mut kept, &above.map(|(shape, _)| within(shape)).collect::<Vec<_>>());
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
        let count = |shapes: &[ClippedShape], patch| {
            let bounds: Vec<Rect> = shapes.iter().map(|shape| bounds(shape, 1.0)).collect();
            let (base, above) = painted(shapes, &bounds, patch, BACK, 1.0);
            (base, above.count())
        };
        assert_eq!(count(&[below.clone(), above.clone()], inside), (Color32::BLACK, 0));
        let over_white = count(&[below.clone(), above.clone()], across);
        assert_eq!(over_white, (Color32::WHITE, 1), "the background is hidden, what is below is not");
        let alone = count(std::slice::from_ref(&above), across);
        assert_eq!(alone, (BACK, 1), "the background shows beside it");
        assert_eq!(count(&[above, below, glass], inside), (Color32::WHITE, 1), "glass hides nothing");
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
