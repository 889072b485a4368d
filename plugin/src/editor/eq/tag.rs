//! The figures of a band, beside its handle.

use super::graph::{hertz, signed};
use super::{Now, OWN};
use crate::editor::theme::{self, Canvas};
use egui::{Align2, Color32, Painter, Pos2, Rect, Stroke, StrokeKind, Vec2, pos2, vec2};
use shared::word_eq::{BAND_RANGES, BandSettings};

/// What a band does, beside its handle.
pub fn tag(
    painter: &Painter,
    canvas: Canvas,
    frame: Rect,
    at: Pos2,
    band: usize,
    is: &BandSettings,
    now: &Now,
) {
    let size = vec2(222.0, 67.0) * canvas.scale;
    let rect = place(frame.shrink(canvas.px(6.0)), size, at, canvas.px(15.0), is.gain_db >= 0.0);
    painter.rect_filled(rect, canvas.px(5.0), Color32::from_rgba_unmultiplied(0x1c, 0x19, 0x17, 238));
    painter.rect_stroke(rect, canvas.px(5.0), Stroke::new(canvas.px(1.0), theme::EDGE), StrokeKind::Inside);
    let (proposed, added) = (&now.reading.proposed.bands[band], &now.added[band]);
    let has_q = now.bands[band].q.is_some();
    let point = |x: f32, y: f32| rect.min + vec2(x, y) * canvas.scale;
    let state = match (added.off, added.solo) {
        (true, _) => " · off",
        (false, true) => " · solo",
        (false, false) => "",
    };
    let name = format!("{}{state}", BAND_RANGES[band].name);
    canvas.label(painter, point(10.0, 11.0), Align2::LEFT_CENTER, &name, 8.0, theme::TEXT_DIM);
    let q = |q: f32| if has_q { format!("Q {q:.2}") } else { String::new() };
    let row = |y: f32, size: f32, colour: Color32, texts: [String; 3]| {
        for (x, text) in [92.0, 156.0, 212.0].into_iter().zip(texts) {
            painter.text(point(x, y), Align2::RIGHT_CENTER, text, canvas.figures(size), colour);
        }
    };
    let band_row =
        |is: &BandSettings| [format!("{} dB", signed(is.gain_db)), hertz(is.frequency_hz), q(is.q)];
    row(26.0, 10.5, theme::TEXT, band_row(is));
    let word = theme::AMBER;
    canvas.label(painter, point(10.0, 42.0), Align2::LEFT_CENTER, "Word", 7.6, word);
    row(42.0, 9.5, word, band_row(proposed));
    canvas.label(painter, point(10.0, 56.0), Align2::LEFT_CENTER, "You", 7.6, OWN);
    let turned = format!("×{:.2}", added.q_offset_octaves.exp2());
    let moved = format!("{} oct", signed_fine(added.frequency_offset_octaves));
    let gain = format!("{} dB", signed(added.gain_offset_db));
    row(56.0, 9.5, OWN, [gain, moved, if has_q { turned } else { String::new() }]);
}

/// Beyond the handle as seen from the line of no gain, where no curve is; beside it if there is no room.
fn place(frame: Rect, size: Vec2, at: Pos2, away: f32, upwards: bool) -> Rect {
    let left = (at.x - size.x / 2.0).clamp(frame.left(), frame.right() - size.x);
    let top = if upwards { at.y - away - size.y } else { at.y + away };
    let beyond = Rect::from_min_size(pos2(left, top), size);
    if frame.contains_rect(beyond) {
        return beyond;
    }
    let right = at.x + away + size.x < frame.right();
    let left = if right { at.x + away } else { at.x - away - size.x };
    let top = (at.y - size.y / 2.0).clamp(frame.top(), frame.bottom() - size.y);
    Rect::from_min_size(pos2(left, top), size)
}

/// A number of octaves with its sign.
fn signed_fine(octaves: f32) -> String {
    if octaves.abs() < 0.005 { "0.00".to_owned() } else { format!("{octaves:+.2}").replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_hides_its_handle_or_leaves_the_frame() {
        let frame = Rect::from_min_size(pos2(20.0, 60.0), vec2(820.0, 230.0));
        let size = vec2(222.0, 67.0);
        for x in 0..=41 {
            for y in 0..=23 {
                let at = frame.min + 10.0 * vec2(2.0 * x as f32, y as f32);
                for upwards in [false, true] {
                    let rect = place(frame, size, at, 15.0, upwards);
                    assert!(frame.contains_rect(rect) && !rect.contains(at), "{at:?}: {rect:?}");
                }
            }
        }
    }

    #[test]
    fn octaves_have_a_sign_unless_they_are_nothing() {
        assert_eq!([0.114, -1.5, -0.001].map(signed_fine), ["+0.11", "−1.50", "0.00"]);
    }
}
