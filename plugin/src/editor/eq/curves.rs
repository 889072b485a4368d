//! Curves over frequency, and how they are drawn.

use super::graph::{Graph, HIGHEST_HZ, LOWEST_HZ};
use egui::emath::{GuiRounding, remap};
use egui::epaint::Mesh;
use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2};
use shared::dsp::cookbook::response_db;
use shared::word_eq::{BAND_RANGES, EqSettings};

/// Evenly spaced frequencies that a curve is told at.
const EVEN: usize = 320;

/// Strips that a field has, and courses that what lies between a line and a curve is laid in.
const STRIPS: usize = 24;
const COURSES: f32 = 14.0;

/// The smallest movement that can be seen, in logical pixels: what is painted has smooth edges.
const VISIBLE: f32 = 0.125;

/// Frequencies in Hz to tell a curve at, from low to high: evenly spaced in the logarithm, and the middles
/// of all bands, so that no narrow peak loses its tip.
pub fn frequencies(curves: &[&EqSettings]) -> Vec<f32> {
    let ratio = HIGHEST_HZ / LOWEST_HZ;
    let even = (0..EVEN).map(|i| LOWEST_HZ * ratio.powf(i as f32 / (EVEN - 1) as f32));
    let middles = curves.iter().flat_map(|c| &c.bands).map(|band| band.frequency_hz);
    let mut hz: Vec<f32> = even.chain(middles.filter(|hz| (LOWEST_HZ..=HIGHEST_HZ).contains(hz))).collect();
    hz.sort_by(f32::total_cmp);
    hz
}

/// All bands together in dB, at each of these frequencies.
pub fn response(settings: &EqSettings, hz: &[f32], sample_rate_hz: f64) -> Vec<f32> {
    // Above half the rate there is no sound; the curve goes on as it ends.
    let highest = 0.499 * sample_rate_hz;
    hz.iter().map(|&hz| settings.response_db(f64::from(hz).min(highest), sample_rate_hz) as f32).collect()
}

/// One band alone in dB, at each of these frequencies.
pub fn band_response(band: usize, settings: &EqSettings, hz: &[f32], sample_rate_hz: f64) -> Vec<f32> {
    let highest = 0.499 * sample_rate_hz;
    let b = &settings.bands[band];
    let [gain, frequency, q] = [b.gain_db, b.frequency_hz, b.q].map(f64::from);
    let shape = BAND_RANGES[band].shape;
    let at =
        |hz: f32| response_db(shape, gain, frequency, q, f64::from(hz).min(highest), sample_rate_hz) as f32;
    hz.iter().map(|&hz| at(hz)).collect()
}

/// The points of a curve.
pub fn points(graph: &Graph, hz: &[f32], gain_db: &[f32]) -> Vec<Pos2> {
    hz.iter().zip(gain_db).map(|(&hz, &gain_db)| settled(graph.at(hz, gain_db))).collect()
}

/// A point as exact as the eye can tell: where a curve moves by less, nothing is painted again.
pub fn settled(point: Pos2) -> Pos2 {
    pos2((point.x / VISIBLE).round() * VISIBLE, (point.y / VISIBLE).round() * VISIBLE)
}

/// The strips of a field that curves are drawn in, from left to right, and between whole pixels. Where the processor
/// paints, it paints those again that changed: around all of a curve lies most of the field, around a short piece
/// hardly anything.
fn strips(field: Rect, pixels_per_point: f32) -> impl Iterator<Item = Rect> {
    let edge = move |i: usize| {
        let x = field.left() + field.width() * i as f32 / STRIPS as f32;
        if i == 0 || i == STRIPS { x } else { x.round_to_pixels(pixels_per_point) }
    };
    (0..STRIPS).map(move |i| Rect::from_x_y_ranges(edge(i)..=edge(i + 1), field.y_range()))
}

/// The part of a curve over a strip: it begins and ends on the strip's edges, as far as the curve goes.
fn piece(curve: &[Pos2], strip: Rect) -> Vec<Pos2> {
    let (left, right) = (strip.left(), strip.right());
    let first = curve.partition_point(|point| point.x <= left);
    let last = curve.partition_point(|point| point.x < right);
    let on_edge = |i: usize, x: f32| {
        let (from, to) = (*curve.get(i.checked_sub(1)?)?, *curve.get(i)?);
        Some(pos2(x, remap(x, from.x..=to.x, from.y..=to.y)))
    };
    let (start, end) = (on_edge(first, left), on_edge(last, right));
    let inside = curve.get(first..last).unwrap_or_default();
    start.into_iter().chain(inside.iter().copied()).chain(end).collect()
}

/// The area between a curve and a line across; colours at the furthest point of the graph and on the line.
///
/// The colour is that of the height. So most of a strip looks the same wherever the curve goes: it is laid in courses,
/// and only the last one, which the curve cuts off, need be painted again.
pub fn area(painter: &Painter, graph: &Graph, curve: &[Pos2], line_y: f32, far: Color32, near: Color32) {
    let rect = graph.rect;
    let reach = (rect.top() - line_y).abs().max((rect.bottom() - line_y).abs()).max(1.0);
    let shade = |y: f32| near.lerp_to_gamma(far, ((y - line_y).abs() / reach).clamp(0.0, 1.0));
    let course = reach / COURSES;
    for strip in strips(rect, painter.pixels_per_point()) {
        let mut piece = piece(curve, strip);
        piece.iter_mut().for_each(|point| point.y = point.y.clamp(rect.top(), rect.bottom()));
        let [Some(first), Some(last)] = [piece.first(), piece.last()] else { continue };
        let ends = [first.x, last.x];
        // Courses that the curve leaves whole, above the line or below it.
        let whole = |way: f32| {
            let least = piece.iter().map(|point| way * (point.y - line_y)).fold(f32::INFINITY, f32::min);
            (least / course).floor().max(0.0) as u16
        };
        let (above, below) = (whole(-1.0), whole(1.0));
        let way = if above > 0 { -1.0 } else { 1.0 };
        let edge = |courses: u16| line_y + way * course * f32::from(courses);
        for i in 0..above.max(below) {
            painter.add(band(ends.map(|x| pos2(x, edge(i + 1))).into_iter(), edge(i), shade));
        }
        let inner = edge(above.max(below));
        if piece.iter().any(|point| point.y != inner) {
            painter.add(band(piece.into_iter(), inner, shade));
        }
    }
}

/// What lies between points and a height, in the colours of the height.
fn band(points: impl Iterator<Item = Pos2>, y: f32, shade: impl Fn(f32) -> Color32) -> Shape {
    let mut mesh = Mesh::default();
    for (i, point) in (0_u32..).zip(points) {
        mesh.colored_vertex(point, shade(point.y));
        mesh.colored_vertex(pos2(point.x, y), shade(y));
        if let Some(before) = i.checked_sub(1) {
            mesh.add_triangle(2 * before, 2 * before + 1, 2 * i);
            mesh.add_triangle(2 * before + 1, 2 * i + 1, 2 * i);
        }
    }
    Shape::mesh(mesh)
}

/// The points that a line needs to go where the curve goes.
fn corners(curve: &[Pos2]) -> Vec<Pos2> {
    let mut corners: Vec<Pos2> = Vec::with_capacity(curve.len());
    // The first point after the last corner.
    let mut next = 0;
    for (i, &point) in curve.iter().enumerate() {
        let straight = |from: Pos2, to: Pos2| {
            let passes = |p: &Pos2| (remap(p.x, from.x..=to.x, from.y..=to.y) - p.y).abs() <= VISIBLE;
            from.x < to.x && curve[next..=i].iter().all(passes)
        };
        let (last, following) = (corners.last(), curve.get(i + 1));
        if !last.zip(following).is_some_and(|(&from, &to)| straight(from, to)) {
            corners.push(point);
            next = i + 1;
        }
    }
    corners
}

/// A line along a curve.
pub fn line(painter: &Painter, graph: &Graph, curve: &[Pos2], width: f32, colour: Color32) {
    for strip in strips(graph.rect, painter.pixels_per_point()) {
        // Some points more, so that the line is within the strip as it would be in one piece.
        let from = curve.partition_point(|point| point.x < strip.left() - width).saturating_sub(2);
        let to = curve.partition_point(|point| point.x <= strip.right() + width) + 2;
        let points = corners(&curve[from..to.min(curve.len())]);
        let clipped = painter.with_clip_rect(painter.clip_rect().intersect(strip));
        clipped.add(Shape::line(points, Stroke::new(width, colour)));
    }
}

/// A dashed line along a curve. All dashes are as wide, so that each stays where it is when the curve moves elsewhere.
pub fn dashes(
    painter: &Painter,
    graph: &Graph,
    curve: &[Pos2],
    (width, colour): (f32, Color32),
    (dash, gap): (f32, f32),
) {
    let (rect, pair) = (graph.rect, (dash + gap).max(1.0));
    for i in 0..(rect.width() / pair).ceil() as u16 {
        let left = rect.left() + pair * f32::from(i);
        let under = Rect::from_x_y_ranges(left..=left + dash, rect.y_range());
        painter.add(Shape::line(corners(&piece(curve, under)), Stroke::new(width, colour)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Context, RawInput};
    use std::sync::Arc;

    #[test]
    fn frequencies_rise_and_hold_every_peak() {
        let settings = EqSettings::flat();
        let hz = frequencies(&[&settings]);
        assert!(hz.is_sorted());
        assert!(settings.bands.iter().all(|band| hz.contains(&band.frequency_hz)));
        assert_eq!((hz[0], hz.len()), (LOWEST_HZ, EVEN + settings.bands.len()));
    }

    #[test]
    fn the_bands_alone_add_up_to_all_together() {
        let mut settings = EqSettings::flat();
        for (i, band) in settings.bands.iter_mut().enumerate() {
            band.gain_db = [3.0, -4.0, 5.0, -2.0, 6.0][i];
        }
        let hz = frequencies(&[&settings]);
        let all = response(&settings, &hz, 44_100.0);
        let alone: Vec<Vec<f32>> =
            (0..settings.bands.len()).map(|band| band_response(band, &settings, &hz, 44_100.0)).collect();
        for (i, all) in all.iter().enumerate() {
            let sum: f32 = alone.iter().map(|band| band[i]).sum();
            assert!(all.is_finite() && (all - sum).abs() < 1e-3, "{} Hz: {all}, not {sum}", hz[i]);
        }
    }

    fn graph() -> Graph {
        Graph { rect: Rect::from_min_max(pos2(0.0, 0.0), pos2(960.0, 280.0)), edge_db: 14.0 }
    }

    /// A curve that crosses the middle of the field, so much higher.
    fn wave(higher: f32) -> Vec<Pos2> {
        let point = |i| {
            let x = 6.0 * i as f32;
            settled(pos2(x, 140.0 - 90.0 * (x / 70.0).sin() - higher))
        };
        (0..=160).map(point).collect()
    }

    fn area_shapes(curve: &[Pos2], line_y: f32) -> Vec<Arc<Mesh>> {
        let graph = graph();
        let input = RawInput { screen_rect: Some(graph.rect), ..RawInput::default() };
        let mut output = Context::default()
            .run_ui(input, |ui| area(ui.painter(), &graph, curve, line_y, Color32::WHITE, Color32::BLACK));
        // Nobody paints it.
        output.textures_delta.clear();
        let meshes = output.shapes.into_iter().filter_map(|clipped| match clipped.shape {
            Shape::Mesh(mesh) => Some(mesh),
            _ => None,
        });
        meshes.collect()
    }

    fn size(mesh: &Mesh) -> f32 {
        let corners = |triangle: [u32; 3]| triangle.map(|i| mesh.vertices[i as usize].pos);
        let triangles = mesh.triangles().map(corners);
        triangles.map(|[a, b, c]| 0.5 * ((b - a).x * (c - a).y - (b - a).y * (c - a).x).abs()).sum()
    }

    #[test]
    fn the_courses_fill_what_lies_between_a_curve_and_a_line() {
        // Below the curve all along, and across it.
        for (line_y, higher) in [(280.0, 0.0), (280.0, 40.0), (0.0, 3.0)] {
            let curve = wave(higher);
            let filled: f32 = area_shapes(&curve, line_y).iter().map(|mesh| size(mesh)).sum();
            let slice = |pair: &[Pos2]| 6.0 * (line_y - (pair[0].y + pair[1].y) / 2.0).abs();
            let expected: f32 = curve.windows(2).map(slice).sum();
            assert!((filled / expected - 1.0).abs() < 1e-3, "{line_y}: {filled}, not {expected}");
        }
    }

    #[test]
    fn most_of_an_area_stays_where_its_curve_moves() {
        let (before, now) = (area_shapes(&wave(0.0), 280.0), area_shapes(&wave(4.0), 280.0));
        let (same, other): (Vec<_>, Vec<_>) = now.iter().partition(|mesh| before.contains(mesh));
        let size = |meshes: Vec<&Arc<Mesh>>| meshes.into_iter().map(|mesh| size(mesh)).sum::<f32>();
        let (same, other) = (size(same), size(other));
        assert!(other > 0.0 && same > other, "{same} stays, {other} does not");
    }

    #[test]
    fn a_line_has_few_corners_and_goes_where_the_curve_goes() {
        let level: Vec<Pos2> = (0..50).map(|i| pos2(i as f32, 7.0)).collect();
        assert_eq!(corners(&level), [level[0], level[49]]);
        let curve = wave(0.0);
        let corners = corners(&curve);
        assert!(corners.len() < curve.len());
        for point in &curve {
            let next = corners.partition_point(|corner| corner.x < point.x).max(1);
            let (from, to) = (corners[next - 1], corners[next]);
            let y = remap(point.x, from.x..=to.x, from.y..=to.y);
            assert!((y - point.y).abs() <= VISIBLE, "{y} at {}, not {}", point.x, point.y);
        }
        // What goes straight up stays.
        let step = [pos2(0.0, 0.0), pos2(1.0, 0.0), pos2(1.0, 9.0), pos2(2.0, 9.0)];
        assert_eq!(super::corners(&step), step);
    }
}
