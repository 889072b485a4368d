//! The right side: everything that is known of one thing.

use crate::amp::ModelInfo;
use crate::editor::display;
use crate::editor::theme::{self, Canvas};
use crate::library::{Choice, Entry, Facts, ModelFacts, Reading, ResponseFacts};
use egui::{Align2, Id, Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2, vec2};

/// Where it is, in the design.
const PLACE: (f32, f32, f32, f32) = (722.0, 108.0, 312.0, 470.0);

/// Width of what a value is called.
const NAMES: f32 = 92.0;

/// Digits of a hash that are shown.
const DIGITS: usize = 12;

/// Shows what is known; of what plays, also what shows only when it does.
pub fn show(ui: &mut Ui, canvas: Canvas, entry: Option<&Entry>, playing: Option<&ModelInfo>) {
    let (x, y, width, height) = PLACE;
    let area = canvas.rect(x, y, width, height);
    canvas.inset(ui.painter(), area, 4.0);
    let Some(entry) = entry else {
        super::widgets::note(
            ui,
            canvas,
            area,
            "Choose something from the list to hear it and to see what it is.",
        );
        return;
    };
    let inner = area.shrink(canvas.px(14.0));
    let mut ui = ui.new_child(UiBuilder::new().scope_id(Id::unique("library card")).max_rect(inner));
    ui.set_clip_rect(inner);
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    ScrollArea::vertical().id_salt(("library card", &entry.choice)).auto_shrink(false).show(&mut ui, |ui| {
        paragraph(ui, canvas, &entry.name, 20.0, theme::TEXT);
        if !entry.gear().is_empty() {
            paragraph(ui, canvas, entry.gear(), 13.5, theme::TEXT_DIM);
        }
        ui.add_space(canvas.px(10.0));
        if let Reading::Refused(why) = &entry.reading {
            paragraph(ui, canvas, &format!("Cannot be read: {why}"), 13.0, theme::RED_TEXT);
            ui.add_space(canvas.px(10.0));
        }
        for (name, value) in lines(entry, playing) {
            line(ui, canvas, name, &value);
        }
    });
}

fn paragraph(ui: &mut Ui, canvas: Canvas, text: &str, size: f32, colour: egui::Color32) {
    let galley = ui.painter().layout(text.to_owned(), canvas.font(size), colour, ui.available_width());
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), galley.size().y), Sense::hover());
    ui.painter().galley(rect.min, galley, colour);
}

fn line(ui: &mut Ui, canvas: Canvas, name: &str, value: &str) {
    let width = ui.available_width() - canvas.px(NAMES);
    let galley = ui.painter().layout(value.to_owned(), canvas.font(12.5), theme::TEXT, width);
    let height = galley.size().y + canvas.px(6.0);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let first = canvas.px(7.0);
    let at = rect.left_top() + vec2(0.0, first);
    canvas.label(ui.painter(), at, Align2::LEFT_CENTER, name, 9.5, theme::TEXT_DIM);
    let value = Rect::from_min_max(rect.min + vec2(canvas.px(NAMES), 0.0), rect.max);
    ui.painter().galley(value.min, galley, theme::TEXT);
}

fn lines(entry: &Entry, playing: Option<&ModelInfo>) -> Vec<(&'static str, String)> {
    let mut lines = match &entry.reading {
        Reading::Ready(Facts::Model(facts)) => model(facts),
        Reading::Ready(Facts::Response(facts)) => response(facts),
        Reading::Pending => vec![("State", "not read yet".to_owned())],
        Reading::Refused(_) => Vec::new(),
    };
    if let Some(engine) = playing.and_then(|playing| playing.engine) {
        lines.push(("Plays with", engine.to_string()));
    }
    lines.extend(playing.and_then(display::knobs).map(|knobs| ("Knobs", knobs)));
    if let Some((probe, card)) = playing.and_then(|playing| Some((playing.probe.as_ref()?, &playing.card))) {
        let answer = if probe.is_clear() {
            let polarity = if probe.is_inverted { "inverted" } else { "as it came in" };
            let ms = probe.delay_samples as f64 / card.sample_rate_hz * 1e3;
            match probe.delay_samples {
                0 => format!("{polarity}, at once"),
                samples => format!("{polarity}, {samples} samples late, {ms:.2} ms"),
            }
        } else {
            "unclear".to_owned()
        };
        lines.push(("Answer", answer));
    }
    match &entry.choice {
        Choice::Factory(slot) => lines.push(("From", format!("comes with Tonewright, slot {slot}"))),
        Choice::File(path) => {
            lines.push(("File", path.0.display().to_string()));
            if entry.size_bytes > 0 {
                lines.push(("Size", size(entry.size_bytes)));
            }
        }
    }
    if let Some(hash) = entry.hash {
        lines.push(("SHA-256", hash.to_string().chars().take(DIGITS).chain(['…']).collect()));
    }
    lines
}

fn model(facts: &ModelFacts) -> Vec<(&'static str, String)> {
    let card = &facts.card;
    let rate_hz = card.sample_rate_hz;
    let memory = match facts.receptive_field_samples {
        Some(samples) => format!("{:.1} ms, {samples} samples", samples as f64 / rate_hz * 1e3),
        None if facts.is_recurrent => "without end".to_owned(),
        None => "unknown".to_owned(),
    };
    let level = |level: Option<f32>, unit: &str| {
        level.map_or_else(|| "not known".to_owned(), |level| format!("{level:+.1} {unit}"))
    };
    let text = |text: &str| if text.is_empty() { "not known".to_owned() } else { text.to_owned() };
    let weights = facts.weights.map_or_else(|| "not known".to_owned(), |weights| weights.to_string());
    vec![
        ("Author", text(&card.author)),
        ("Source", text(&card.source)),
        ("Licence", text(&card.licence)),
        ("Network", facts.architecture.clone()),
        ("Weights", weights),
        ("Memory", memory),
        ("Rate", format!("{} kHz", rate_hz / 1e3)),
        ("Error", card.esr.map_or_else(|| "not measured".to_owned(), |esr| format!("ESR {esr:.5}"))),
        ("Loudness", level(card.loudness_dbfs, "dBFS")),
        ("Input level", level(card.input_level_dbu, "dBu")),
        ("Output level", level(card.output_level_dbu, "dBu")),
    ]
}

fn response(facts: &ResponseFacts) -> Vec<(&'static str, String)> {
    let seconds = facts.seconds.map_or_else(|| "not known".to_owned(), |s| format!("{:.1} ms", s * 1e3));
    let channels = match facts.channels {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        4 => "true stereo, 4 channels".to_owned(),
        other => format!("{other} channels"),
    };
    vec![("Length", seconds), ("Channels", channels), ("Rate", format!("{} kHz", facts.sample_rate_hz / 1e3))]
}

fn size(bytes: u64) -> String {
    let kilobytes = bytes as f64 / 1e3;
    if kilobytes < 1e3 { format!("{kilobytes:.1} kB") } else { format!("{:.1} MB", kilobytes / 1e3) }
}
