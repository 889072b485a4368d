//! The display of the amp: its tubes, which model plays, and what it is.

use super::keys;
use super::theme::{self, Canvas};
use crate::amp::{ModelInfo, Status, figures};
use crate::factory::MODELS;
use egui::{Align2, Color32, Id, Rect, Sense, Shape, Stroke, Ui, vec2};

/// Steps that the glow of the tubes is shown in: few, so that their shapes are seldom made anew.
const GLOW_STEPS: f32 = 12.0;

/// What the player asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The library.
    Library,
    /// What is before or after it there.
    Step(isize),
}

/// What the display keeps between frames: the shapes of its tubes, for a place and a glow.
#[derive(Default)]
pub struct Display {
    tubes: Option<(Rect, u8, Vec<Shape>)>,
}

impl Display {
    /// Shows the display in a frame `(x, y, width)` of the design, the tubes glowing from 0 to 1. `settled` says that
    /// the latest wish was dealt with.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        canvas: Canvas,
        (x, y, width): (f32, f32, f32),
        status: &Status,
        settled: bool,
        glow: f32,
    ) -> Option<Asked> {
        // Where knobs take its room, it is a name plate.
        let is_plate = status.playing.as_ref().is_some_and(|info| !info.knobs.is_empty());
        let (height, name_y, gear_y, card_y) = match is_plate {
            true => (PLATE_HEIGHT, y + 27.0, y + 58.0, y + 90.0),
            false => (HEIGHT, y + 107.0, y + 138.0, y + 192.0),
        };
        let frame = canvas.rect(x, y, width, height);
        canvas.inset(ui.painter(), frame, 6.0);
        if !is_plate {
            self.tubes(ui, canvas, (x + width / 2.0, y), frame, glow);
        }

        let mut asked = None;
        for (x, direction) in [(x + 22.0, -1.0), (x + width - 22.0, 1.0)] {
            if keys::step(ui, canvas, (x, name_y + 11.0), vec2(34.0, 56.0), direction, "model") {
                asked = Some(Asked::Step(direction as isize));
            }
        }
        let area = canvas.rect(x + 44.0, name_y - 19.0, width - 88.0, 62.0);
        let response = ui.interact(area, Id::unique("model-name"), Sense::click());
        let (name, gear) = match &status.playing {
            Some(info) => (info.card.name.as_str(), info.card.gear.as_str()),
            None => ("No model", "the guitar passes through"),
        };
        let colour = if response.hovered() { theme::AMBER } else { theme::TEXT };
        let painter = ui.painter();
        let centre = x + width / 2.0;
        let at = (canvas.at(centre, name_y), Align2::CENTER_CENTER);
        let shown = canvas.line(painter, at, name, canvas.font(27.0), colour, width - 116.0);
        keys::arrow_down(ui, canvas, shown.right_center() + vec2(canvas.px(13.0), canvas.px(3.0)));
        let at = (canvas.at(centre, gear_y), Align2::CENTER_CENTER);
        canvas.line(painter, at, gear, canvas.font(14.0), theme::TEXT_DIM, width - 92.0);
        let place = match MODELS.iter().position(|m| m.slot == status.slot) {
            _ if !settled => "loading…".to_owned(),
            Some(at) => format!("factory {} of {}", at + 1, MODELS.len()),
            None => "own file".to_owned(),
        };
        if !is_plate {
            let at = canvas.at(centre, y + 163.0);
            canvas.label(painter, at, Align2::CENTER_CENTER, &place, 10.5, theme::TEXT_FAINT);
        }
        super::control::focus_ring(ui, canvas, &response, area, 4.0);
        if response.clicked() {
            asked = Some(Asked::Library);
        }
        response.on_hover_ui(|ui| {
            ui.label("Choose a model in the library");
        });
        if let Some(info) = &status.playing {
            card(ui, canvas, (centre, card_y), width - 24.0, info);
        }
        asked
    }

    fn tubes(&mut self, ui: &Ui, canvas: Canvas, (centre, y): (f32, f32), frame: Rect, glow: f32) {
        let step = (glow.clamp(0.0, 1.0) * GLOW_STEPS).round() as u8;
        if self.tubes.as_ref().is_none_or(|(place, glow, _)| *place != frame || *glow != step) {
            let shapes = tubes(canvas, centre, y, f32::from(step) / GLOW_STEPS);
            self.tubes = Some((frame, step, shapes));
        }
        if let Some((.., shapes)) = &self.tubes {
            ui.painter().with_clip_rect(frame).extend(shapes.iter().cloned());
        }
    }
}

/// Height of the display, in the design.
pub const HEIGHT: f32 = 212.0;

/// The same where a model has knobs.
pub const PLATE_HEIGHT: f32 = 110.0;

/// What the card says in one line; all of it as a hint.
fn card(ui: &Ui, canvas: Canvas, (x, y): (f32, f32), width: f32, info: &ModelInfo) {
    let mut parts = vec![format!("{} kHz", info.card.sample_rate_hz / 1e3)];
    if let Some(esr) = info.card.esr {
        parts.push(format!("ESR {esr:.4}"));
    }
    if let Some(weights) = info.weights {
        parts.push(format!("{} weights", thousands(weights)));
    }
    if !info.card.licence.is_empty() {
        parts.push(info.card.licence.clone());
    }
    let at = (canvas.at(x, y), Align2::CENTER_CENTER);
    let text = parts.join("  ·  ");
    let shown = canvas.line(ui.painter(), at, &text, canvas.font(12.0), theme::TEXT_DIM, width);
    let area = Rect::from_center_size(shown.center(), vec2(canvas.px(width), canvas.px(20.0)));
    let response = ui.interact(area, Id::unique("model-card"), Sense::hover());
    response.on_hover_ui(|ui| {
        ui.set_max_width(canvas.px(360.0));
        for (key, value) in details(info) {
            ui.label(format!("{key}: {value}"));
        }
    });
}

/// What is known of a model, line by line.
fn details(info: &ModelInfo) -> Vec<(&'static str, String)> {
    let card = &info.card;
    let no_field = if info.is_recurrent { "without end" } else { "unknown" };
    let field = info.receptive_field_samples.map_or_else(
        || no_field.to_owned(),
        |f| format!("{f} samples, {:.1} ms", f as f64 / card.sample_rate_hz * 1e3),
    );
    let or_unknown = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    let mut details = vec![
        ("Network", info.architecture.clone()),
        ("Memory", field),
        ("Error", card.esr.map_or_else(|| "not measured".to_owned(), |e| format!("ESR {e:.4}"))),
        ("Source", or_unknown(&card.source)),
        ("Licence", or_unknown(&card.licence)),
    ];
    details.extend(knobs(info).map(|knobs| ("Knobs", knobs)));
    details
}

/// The knobs of a model that has some, and how far they go.
pub fn knobs(info: &ModelInfo) -> Option<String> {
    let each = info.knobs.iter();
    let each = each.map(|knob| {
        format!("{} {} to {}", knob.name, figures(knob, knob.lowest), figures(knob, knob.highest))
    });
    let all: Vec<String> = each.collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// Four output tubes that glow with the sound.
fn tubes(canvas: Canvas, centre: f32, y: f32, glow: f32) -> Vec<Shape> {
    let warm = 0.25 + 0.75 * glow;
    let haze = theme::AMBER_DEEP.gamma_multiply(0.14 + 0.34 * glow);
    let clear = Color32::TRANSPARENT;
    let middle = canvas.at(centre, y + 40.0);
    let mut shapes = vec![theme::glow(middle, vec2(canvas.px(230.0), canvas.px(96.0)), haze, clear)];
    for i in 0..4 {
        let x = centre + (i as f32 - 1.5) * 58.0;
        let (top, bottom) = (y + 13.0, y + 64.0);
        let light = theme::AMBER.gamma_multiply(0.55 * warm);
        let heart = canvas.at(x, y + 42.0);
        shapes.push(theme::glow(heart, vec2(canvas.px(25.0), canvas.px(32.0)), light, clear));

        // The bulb: a dome on two straight walls, and the base it stands on.
        let half = 13.5;
        let mut bulb = vec![canvas.at(x - half, bottom)];
        for step in 0..=16 {
            let (sin, cos) = (std::f32::consts::PI * step as f32 / 16.0).sin_cos();
            bulb.push(canvas.at(x - half * cos, top + half - half * sin));
        }
        bulb.push(canvas.at(x + half, bottom));
        let glass = theme::TEXT.gamma_multiply(0.26 + 0.10 * glow);
        shapes.push(Shape::line(bulb, Stroke::new(canvas.px(1.3), glass)));
        let shine = [canvas.at(x - half + 4.5, top + 13.0), canvas.at(x - half + 4.5, top + 32.0)];
        shapes
            .push(Shape::line_segment(shine, Stroke::new(canvas.px(1.2), theme::TEXT.gamma_multiply(0.22))));
        let base = canvas.rect(x - half - 2.0, bottom, 2.0 * half + 4.0, 7.0);
        shapes.push(Shape::rect_filled(base, canvas.px(2.0), Color32::from_rgb(0x2a, 0x24, 0x1f)));

        // Plates and heater.
        let plate = theme::TEXT.gamma_multiply(0.13);
        for side in [-1.0, 1.0] {
            let plate_rect = canvas.rect(x + side * 5.8 - 2.0, top + 15.0, 4.0, 30.0);
            shapes.push(Shape::rect_filled(plate_rect, canvas.px(1.0), plate));
        }
        let hottest = Color32::from_rgb(0xff, 0xe6, 0xb8);
        let heater = theme::AMBER.lerp_to_gamma(hottest, glow).gamma_multiply(warm);
        let wire = [canvas.at(x, top + 16.0), canvas.at(x, bottom - 3.0)];
        shapes.push(Shape::line_segment(wire, Stroke::new(canvas.px(2.6), heater)));
    }
    shapes
}

/// 13802 as "13,802".
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let shown = [0, 999, 1000, 13_802, 1_234_567].map(thousands);
        assert_eq!(shown, ["0", "999", "1,000", "13,802", "1,234,567"]);
    }
}
