//! Curves over frequency, and how they are drawn.

use super::graph::{Graph, HIGHEST_HZ, LOWEST_HZ};
use egui::epaint::Mesh;
use egui::{Color32, Painter, Pos2, Shape, Stroke, pos2};
use shared::dsp::cookbook::response_db;
use shared::word_eq::{BAND_RANGES, EqSettings};

/// Evenly spaced frequencies that a curve is told at.
const EVEN: usize = 320;

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
    hz.iter().zip(gain_db).map(|(&hz, &gain_db)| graph.at(hz, gain_db)).collect()
}

/// The area between a curve and a line across; colours at the furthest point of the graph and on the line.
pub fn area(painter: &Painter, graph: &Graph, curve: &[Pos2], line_y: f32, far: Color32, near: Color32) {
    let reach = (graph.rect.top() - line_y).abs().max((graph.rect.bottom() - line_y).abs()).max(1.0);
    let mut mesh = Mesh::default();
    for point in curve {
        let y = point.y.clamp(graph.rect.top(), graph.rect.bottom());
        let share = ((y - line_y).abs() / reach).clamp(0.0, 1.0);
        mesh.colored_vertex(pos2(point.x, y), near.lerp_to_gamma(far, share));
        mesh.colored_vertex(pos2(point.x, line_y), near);
    }
    for i in 0..curve.len().saturating_sub(1) as u32 {
        mesh.add_triangle(2 * i, 2 * i + 1, 2 * i + 2);
        mesh.add_triangle(2 * i + 1, 2 * i + 3, 2 * i + 2);
    }
    painter.add(Shape::mesh(mesh));
}

/// A line along a curve.
pub fn line(painter: &Painter, curve: Vec<Pos2>, width: f32, colour: Color32) {
    painter.add(Shape::line(curve, Stroke::new(width, colour)));
}

/// A dashed line along a curve.
pub fn dashes(painter: &Painter, curve: &[Pos2], width: f32, colour: Color32, dash: f32, gap: f32) {
    painter.extend(Shape::dashed_line(curve, Stroke::new(width, colour), dash, gap));
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
