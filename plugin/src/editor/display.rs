//! The display in the middle: which model plays, what it is, and the list to choose from.

use super::browser::button;
use super::theme::{self, Canvas};
use crate::amp::{ModelInfo, Status};
use crate::factory::{MODELS, OWN_FILE_SLOT};
use egui::{Align2, Id, Popup, Sense, Stroke, Ui, Vec2, vec2};

/// What the player asked for.
pub enum Wanted {
    /// The factory model so many places further.
    Step(isize),
    /// A slot.
    Slot(usize),
    /// The browser.
    Browse,
}

/// Left edge and width of the display, in the design.
const LEFT: f32 = 252.0;
const WIDTH: f32 = 376.0;
const TOP: f32 = 84.0;
const HEIGHT: f32 = 166.0;

/// What the display shows beside the model.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// The latest wish was dealt with.
    pub settled: bool,
    /// The player has opened a file, now or in an earlier session.
    pub has_own_file: bool,
    /// Follows the music, from 0 to 1.
    pub glow: f32,
}

/// Shows the display.
pub fn show(ui: &mut Ui, canvas: Canvas, status: &Status, state: State) -> Option<Wanted> {
    let frame = canvas.rect(LEFT, TOP, WIDTH, HEIGHT);
    canvas.inset(ui.painter(), frame, 7.0);
    tubes(ui, canvas, frame, state.glow);

    let mut wanted = None;
    let centre = LEFT + WIDTH / 2.0;
    for (x, direction) in [(LEFT + 24.0, -1.0), (LEFT + WIDTH - 24.0, 1.0)] {
        let middle = canvas.at(x, TOP + 104.0);
        let area = egui::Rect::from_center_size(middle, vec2(canvas.px(38.0), canvas.px(56.0)));
        let response = ui.interact(area, Id::unique(("step", direction as i32)), Sense::click());
        let colour = if response.hovered() { theme::AMBER } else { theme::TEXT_DIM };
        theme::chevron(ui.painter(), middle, canvas.px(9.0), direction, colour, canvas.px(2.2));
        if response.clicked() {
            wanted = Some(Wanted::Step(direction as isize));
        }
    }

    let name_area = canvas.rect(LEFT + 48.0, TOP + 74.0, WIDTH - 96.0, 62.0);
    let name_response = ui.interact(name_area, Id::unique("model-name"), Sense::click());
    let painter = ui.painter();
    let (name, gear) = match &status.playing {
        Some(info) => (info.card.name.as_str(), info.card.gear.as_str()),
        None => ("No model", "the guitar passes through"),
    };
    let colour = if name_response.hovered() { theme::AMBER } else { theme::TEXT };
    let at = canvas.at(centre, TOP + 92.0);
    let shown =
        canvas.line(painter, (at, Align2::CENTER_CENTER), name, canvas.font(27.0), colour, WIDTH - 118.0);
    let below = shown.right_center() + vec2(canvas.px(13.0), canvas.px(3.0));
    let tip = [vec2(-4.5, -2.5), vec2(0.0, 2.5), vec2(4.5, -2.5)].map(|v| below + v * canvas.scale);
    painter.add(egui::Shape::line(tip.to_vec(), Stroke::new(canvas.px(1.6), theme::TEXT_DIM)));
    let at = canvas.at(centre, TOP + 121.0);
    canvas.line(painter, (at, Align2::CENTER_CENTER), gear, canvas.font(14.0), theme::TEXT_DIM, WIDTH - 96.0);
    let place = match MODELS.iter().position(|m| m.slot == status.slot) {
        _ if !state.settled => "loading".to_owned(),
        Some(at) => format!("{} of {}", at + 1, MODELS.len()),
        None => "own file".to_owned(),
    };
    let at = canvas.at(centre, TOP + 149.0);
    canvas.label(painter, at, Align2::CENTER_CENTER, &place, 8.5, theme::TEXT_FAINT);

    if let Some(choice) = menu(&name_response, canvas, status.slot, state.has_own_file) {
        wanted = Some(choice);
    }
    if button(ui, canvas, (centre - 50.0, TOP + HEIGHT + 14.0, 100.0, 27.0), "Open file…") {
        wanted = Some(Wanted::Browse);
    }
    if let Some(info) = &status.playing {
        details(ui, canvas, info);
    }
    wanted
}

/// Four output tubes that glow with the sound.
fn tubes(ui: &Ui, canvas: Canvas, frame: egui::Rect, glow: f32) {
    let painter = ui.painter().with_clip_rect(frame);
    let warm = 0.20 + 0.80 * glow;
    let haze = theme::AMBER_DEEP.gamma_multiply(0.10 + 0.34 * glow);
    let middle = canvas.at(LEFT + WIDTH / 2.0, TOP + 34.0);
    let clear = egui::Color32::TRANSPARENT;
    theme::radial(&painter, middle, vec2(canvas.px(230.0), canvas.px(92.0)), haze, clear);
    for i in 0..4 {
        let x = LEFT + WIDTH / 2.0 + (i as f32 - 1.5) * 58.0;
        let (top, bottom) = (TOP + 11.0, TOP + 59.0);
        let heart = canvas.at(x, TOP + 39.0);
        let light = theme::AMBER.gamma_multiply(0.55 * warm);
        theme::radial(&painter, heart, vec2(canvas.px(24.0), canvas.px(30.0)), light, clear);

        // The bulb: a dome on two straight walls, and the base it stands on.
        let half = 13.0;
        let mut bulb = vec![canvas.at(x - half, bottom)];
        for step in 0..=16 {
            let (sin, cos) = (std::f32::consts::PI * step as f32 / 16.0).sin_cos();
            bulb.push(canvas.at(x - half * cos, top + half - half * sin));
        }
        bulb.push(canvas.at(x + half, bottom));
        let glass = theme::TEXT.gamma_multiply(0.20 + 0.10 * glow);
        painter.add(egui::Shape::line(bulb, Stroke::new(canvas.px(1.3), glass)));
        let shine = [canvas.at(x - half + 4.5, top + 13.0), canvas.at(x - half + 4.5, top + 30.0)];
        painter.line_segment(shine, Stroke::new(canvas.px(1.2), theme::TEXT.gamma_multiply(0.22)));
        let base = canvas.rect(x - half - 2.0, bottom, 2.0 * half + 4.0, 7.0);
        painter.rect_filled(base, canvas.px(2.0), egui::Color32::from_rgb(0x2a, 0x24, 0x1f));

        // Plates and heater.
        let plate = theme::TEXT.gamma_multiply(0.13);
        for side in [-1.0, 1.0] {
            let plate_rect = canvas.rect(x + side * 5.8 - 2.0, top + 15.0, 4.0, 28.0);
            painter.rect_filled(plate_rect, canvas.px(1.0), plate);
        }
        let heater =
            theme::AMBER.lerp_to_gamma(egui::Color32::from_rgb(0xff, 0xe6, 0xb8), glow).gamma_multiply(warm);
        let wire = [canvas.at(x, top + 16.0), canvas.at(x, bottom - 3.0)];
        painter.line_segment(wire, Stroke::new(canvas.px(2.6), heater));
    }
}

fn menu(response: &egui::Response, canvas: Canvas, slot: usize, has_own_file: bool) -> Option<Wanted> {
    let mut wanted = None;
    let width = canvas.px(WIDTH - 108.0);
    Popup::menu(response).width(width).gap(canvas.px(4.0)).show(|ui| {
        ui.spacing_mut().item_spacing = Vec2::ZERO;
        ui.set_width(width);
        for model in MODELS {
            if item(ui, canvas, &model.card().name, &model.card().gear, model.slot == slot) {
                wanted = Some(Wanted::Slot(model.slot));
            }
        }
        ui.separator();
        if has_own_file && item(ui, canvas, "Own file", "the one opened last", slot == OWN_FILE_SLOT) {
            wanted = Some(Wanted::Slot(OWN_FILE_SLOT));
        }
        if item(ui, canvas, "Open file…", "", false) {
            wanted = Some(Wanted::Browse);
        }
    });
    wanted
}

fn item(ui: &mut Ui, canvas: Canvas, name: &str, gear: &str, playing: bool) -> bool {
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), canvas.px(27.0)), Sense::click());
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, canvas.px(4.0), theme::RAISED_HOT);
    }
    if playing {
        painter.circle_filled(rect.left_center() + vec2(canvas.px(11.0), 0.0), canvas.px(3.0), theme::AMBER);
    }
    let at = rect.left_center() + vec2(canvas.px(22.0), 0.0);
    canvas.line(painter, (at, Align2::LEFT_CENTER), name, canvas.font(14.0), theme::TEXT, 150.0);
    let at = rect.right_center() - vec2(canvas.px(10.0), 0.0);
    canvas.line(painter, (at, Align2::RIGHT_CENTER), gear, canvas.font(12.0), theme::TEXT_DIM, 130.0);
    if response.clicked() {
        ui.close();
    }
    response.clicked()
}

/// What the card says, in small print.
fn details(ui: &Ui, canvas: Canvas, info: &ModelInfo) {
    let card = &info.card;
    let no_field = if info.is_recurrent { "without end" } else { "unknown" };
    let field = info.receptive_field_samples.map_or_else(
        || no_field.to_owned(),
        |f| format!("{f} samples, {:.1} ms", f as f64 / card.sample_rate_hz * 1e3),
    );
    let esr = card.esr.map_or_else(|| "not measured".to_owned(), |e| format!("{e:.4}"));
    let weights = info.weights.map_or_else(|| "unknown".to_owned(), thousands);
    let rate = format!("{} kHz", card.sample_rate_hz / 1e3);
    let or_unknown = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    let rows = [
        ("Network", info.architecture.clone()),
        ("Weights", format!("{weights}   ·   memory {field}   ·   {rate}")),
        ("Error", format!("ESR {esr}")),
        ("Source", or_unknown(&card.source)),
        ("Licence", or_unknown(&card.licence)),
    ];
    let painter = ui.painter();
    for (i, (key, value)) in rows.iter().enumerate() {
        let y = TOP + HEIGHT + 67.0 + i as f32 * 19.0;
        let at = canvas.at(LEFT + 58.0, y);
        canvas.label(painter, at, Align2::RIGHT_CENTER, key, 8.5, theme::TEXT_FAINT);
        let at = canvas.at(LEFT + 72.0, y);
        canvas.line(
            painter,
            (at, Align2::LEFT_CENTER),
            value,
            canvas.font(12.0),
            theme::TEXT_DIM,
            WIDTH - 74.0,
        );
    }
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
