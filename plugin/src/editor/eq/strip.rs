//! The bands in figures, one beside the other below the curves.

use super::bands::{self, is_touched};
use super::graph::{hertz, signed};
use super::{Now, OWN};
use crate::editor::control::{Notch, Turned, focus_ring};
use crate::editor::figures;
use crate::editor::keys;
use crate::editor::theme::{self, Canvas};
use egui::{
    Align2, Color32, CursorIcon, Id, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, Vec2, vec2,
};
use nih_plug::prelude::{FloatParam, Param};
use shared::dsp::cookbook::Shape;
use shared::word_eq::{BAND_RANGES, BANDS, BandSettings};

/// Where the strip lies, in the design.
const FRAME: (f32, f32, f32, f32) = (24.0, 312.0, 832.0, 40.0);

/// Room between two bands, in the design.
const GAP: f32 = 6.0;

/// Shows the bands as they are in `shown`; the band that the pointer is at, if any.
pub fn show(
    ui: &mut Ui,
    canvas: Canvas,
    now: &Now,
    shown: &[BandSettings; BANDS],
    hot: Option<usize>,
) -> Option<usize> {
    let width = (FRAME.2 - GAP * (BANDS - 1) as f32) / BANDS as f32;
    let mut pointed = None;
    for (band, shown) in shown.iter().enumerate() {
        let x = FRAME.0 + band as f32 * (width + GAP);
        let rect = canvas.rect(x, FRAME.1, width, FRAME.3);
        if one(ui, canvas, now, band, shown, (x, rect), hot == Some(band)) {
            pointed = Some(band);
        }
    }
    pointed
}

fn one(
    ui: &mut Ui,
    canvas: Canvas,
    now: &Now,
    band: usize,
    shown: &BandSettings,
    (x, rect): (f32, Rect),
    hot: bool,
) -> bool {
    let params = &now.bands[band];
    let added = &now.added[band];
    let painter = ui.painter();
    let fill = Color32::from_rgb(0x1c, 0x19, 0x17);
    painter.rect_filled(rect, canvas.px(5.0), if hot { theme::RAISED } else { fill });
    let edge = if hot { theme::AMBER_DEEP } else { theme::EDGE.gamma_multiply(0.8) };
    painter.rect_stroke(rect, canvas.px(5.0), Stroke::new(canvas.px(1.0), edge), StrokeKind::Inside);
    let y = FRAME.1;
    let lit = if added.off { theme::TEXT_FAINT } else { theme::AMBER };
    icon(ui, canvas, BAND_RANGES[band].shape, canvas.at(x + 15.0, y + 12.0), lit);
    let name = format!("{}  {}", band + 1, BAND_RANGES[band].name);
    let colour = if added.off { theme::TEXT_FAINT } else { theme::TEXT_DIM };
    canvas.label(painter, canvas.at(x + 28.0, y + 12.0), Align2::LEFT_CENTER, &name, 8.0, colour);

    let at = canvas.at(x + 124.0, y + 12.0);
    let solo = small_key(ui, canvas, at, ("solo", band), added.solo);
    let colour = if added.solo { theme::HEADER } else { theme::TEXT_DIM };
    ui.painter().text(at, Align2::CENTER_CENTER, "S", canvas.font(9.5), colour);
    if solo.clicked() {
        keys::flip(now.setter, params.solo);
    }
    let at = canvas.at(x + 146.0, y + 12.0);
    let power = small_key(ui, canvas, at, ("on", band), false);
    power_sign(ui, canvas, at, if added.off { theme::TEXT_FAINT } else { theme::AMBER });
    if power.clicked() {
        keys::flip(now.setter, params.off);
    }

    let has_q = params.q.is_some();
    let q = if has_q { format!("Q {:.2}", shown.q) } else { String::new() };
    let fields = [
        (Some(params.gain), format!("{} dB", signed(shown.gain_db)), 9.0, 46.0, added.gain_offset_db != 0.0),
        (
            Some(params.frequency),
            hertz(shown.frequency_hz),
            50.0,
            62.0,
            added.frequency_offset_octaves != 0.0,
        ),
        (params.q, q, 115.0, 40.0, added.q_offset_octaves != 0.0),
    ];
    let mut on_figures = false;
    for (i, (param, text, from, width, moved)) in fields.into_iter().enumerate() {
        let area = canvas.rect(x + from, y + 21.0, width, 17.0);
        on_figures |= figure(ui, canvas, now, area, (param, band, i), &text, moved && !added.off, added.off);
    }
    if is_touched(added) {
        let at = canvas.at(x + 104.0, y + 12.0);
        let response = small_key(ui, canvas, at, ("back", band), false);
        let colour = if response.hovered() { theme::TEXT } else { OWN };
        back_sign(ui, canvas, at, colour);
        if response.clicked() {
            bands::give_back(now.setter, params);
        }
        response.on_hover_text("You moved this band. Click to give it back to the word.");
    }
    solo.on_hover_text("Solo: only this band is heard");
    power.on_hover_text(if added.off { "Turn the band on" } else { "Turn the band off" });
    on_figures || ui.rect_contains_pointer(rect)
}

/// A figure that turns as a knob does.
#[expect(clippy::too_many_arguments, reason = "all of them are about one figure")]
fn figure(
    ui: &mut Ui,
    canvas: Canvas,
    now: &Now,
    area: Rect,
    (param, band, place): (Option<&FloatParam>, usize, usize),
    text: &str,
    moved: bool,
    off: bool,
) -> bool {
    let mut hot = false;
    if let Some(param) = param {
        let response = ui.interact(area, Id::unique(("figure", band, place)), Sense::click_and_drag());
        let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
        let notch = if place == 0 { Notch::Plain(0.5) } else { Notch::Share(0.02) };
        let about = "Drag up or down; with shift finely.";
        let response = Turned { param, notch, about }.interact(ui, canvas, response, now.setter);
        focus_ring(ui, canvas, &response, area, 3.0);
        if figures::is_typed(ui.ctx(), param) {
            let anchor = Align2::LEFT_CENTER;
            figures::show(ui, canvas, (param.name(), area, anchor, 10.0), param, now.setter);
            return true;
        }
        hot = response.hovered() || response.dragged();
    }
    let colour = match (off, hot, moved) {
        (true, ..) => theme::TEXT_FAINT,
        (_, true, _) => theme::AMBER,
        (_, _, true) => OWN.lerp_to_gamma(theme::TEXT, 0.35),
        _ => theme::TEXT,
    };
    let (at, anchor) = match place {
        0 => (area.left_center(), Align2::LEFT_CENTER),
        1 => (area.center(), Align2::CENTER_CENTER),
        _ => (area.right_center(), Align2::RIGHT_CENTER),
    };
    ui.painter().text(at, anchor, text, canvas.figures(10.0), colour);
    hot
}

fn small_key(ui: &Ui, canvas: Canvas, at: Pos2, name: (&str, usize), on: bool) -> Response {
    let rect = Rect::from_center_size(at, Vec2::splat(canvas.px(16.0)));
    let response = ui.interact(rect, Id::unique(name), Sense::click());
    let fill = match (on, response.hovered()) {
        (true, _) => theme::AMBER,
        (false, true) => theme::RAISED_HOT,
        (false, false) => Color32::TRANSPARENT,
    };
    ui.painter().rect_filled(rect, canvas.px(3.5), fill);
    focus_ring(ui, canvas, &response, rect.shrink(canvas.px(2.0)), 3.5);
    response
}

fn power_sign(ui: &Ui, canvas: Canvas, at: Pos2, colour: Color32) {
    let stroke = Stroke::new(canvas.px(1.4), colour);
    theme::arc(ui.painter(), at, canvas.px(4.2), -0.9, 4.04, stroke);
    ui.painter().line_segment([at - vec2(0.0, canvas.px(5.0)), at], stroke);
}

/// An arrow that turns back.
fn back_sign(ui: &Ui, canvas: Canvas, at: Pos2, colour: Color32) {
    let stroke = Stroke::new(canvas.px(1.4), colour);
    theme::arc(ui.painter(), at, canvas.px(3.8), -2.4, 2.2, stroke);
    let tip = at + Vec2::angled(-2.4) * canvas.px(3.8);
    let wings = [vec2(-0.6, -3.4), Vec2::ZERO, vec2(3.2, 0.6)].map(|v| tip + v * canvas.scale);
    ui.painter().add(egui::Shape::line(wings.to_vec(), stroke));
}

/// The shape of a band in small.
fn icon(ui: &Ui, canvas: Canvas, shape: Shape, at: Pos2, colour: Color32) {
    let curve = |x: f32| match shape {
        Shape::LowShelf => 0.5 - 0.5 * (2.2 * x).tanh(),
        Shape::HighShelf => 0.5 + 0.5 * (2.2 * x).tanh(),
        Shape::Peak => (-4.0 * x * x).exp(),
    };
    let point = |i: usize| {
        let x = i as f32 / 8.0 - 1.0;
        at + vec2(6.0 * x, 3.5 - 7.0 * curve(x)) * canvas.scale
    };
    let points = (0..=16).map(point).collect();
    ui.painter().add(egui::Shape::line(points, Stroke::new(canvas.px(1.5), colour)));
}
