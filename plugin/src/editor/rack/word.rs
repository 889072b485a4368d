//! The word equaliser in short; its own page has the rest.

use super::panel::{Panel, TITLE};
use super::{Now, Wanted};
use crate::editor::control::{Notch, Turned, focus_ring};
use crate::editor::keys;
use crate::editor::knob::Knob;
use crate::editor::theme::{self, Canvas};
use crate::words;
use egui::{Align2, Id, Pos2, Sense, Stroke, Ui, pos2};
use nih_plug::prelude::Param;
use shared::word_eq::{EqSettings, Hearing};

/// Points of the curve.
const POINTS: usize = 64;

/// What is drawn to either side of 0 dB, in dB.
const RANGE_DB: f32 = 12.0;

/// Rate that the curve is drawn for before a host told one, in Hz.
const USUAL_RATE_HZ: f64 = 48_000.0;

/// The curve, for settings at a rate.
#[derive(Default)]
pub struct Curve {
    of: Option<(EqSettings, f64)>,
    gains_db: Vec<f32>,
}

impl Curve {
    /// The gains in dB, evenly spaced in the logarithm from 20 Hz to 20 kHz; computed where the settings changed.
    fn update(&mut self, settings: &EqSettings, sample_rate_hz: f64) -> &[f32] {
        let rate = if sample_rate_hz > 0.0 { sample_rate_hz } else { USUAL_RATE_HZ };
        if self.of.as_ref() != Some(&(*settings, rate)) {
            let hz = |i: usize| 20.0 * 1000f64.powf(i as f64 / (POINTS - 1) as f64);
            let gain = |i| settings.response_db(hz(i).min(0.499 * rate), rate) as f32;
            self.gains_db = (0..POINTS).map(gain).collect();
            self.of = Some((*settings, rate));
        }
        &self.gains_db
    }
}

/// Shows the equaliser.
pub fn show(ui: &mut Ui, canvas: Canvas, panel: Panel, now: &Now, curve: &mut Curve) -> Option<Wanted> {
    let params = &now.params.eq;
    let lit = params.on.value();
    panel.switch(
        ui,
        canvas,
        "Word EQ",
        &params.on,
        now.setter,
        "An equaliser that listens and follows a word.",
    );
    let frame = canvas.rect(panel.x + 10.0, panel.y + TITLE + 12.0, panel.width - 20.0, 130.0);
    let response = ui.interact(frame, Id::unique("word-curve"), Sense::click());
    canvas.inset(ui.painter(), frame, 6.0);
    let painter = ui.painter().with_clip_rect(frame);
    let y = |db: f32| frame.center().y - db / RANGE_DB * frame.height() * 0.46;
    for db in [-6.0, 0.0, 6.0] {
        let colour = theme::EDGE.gamma_multiply(if db == 0.0 { 1.0 } else { 0.5 });
        painter.hline(frame.x_range(), y(db), Stroke::new(canvas.px(1.0), colour));
    }
    let gains = curve.update(&now.reading.applied, now.telemetry.sample_rate_hz());
    let place = |(i, db): (usize, &f32)| {
        let x = frame.left() + frame.width() * i as f32 / (POINTS - 1) as f32;
        pos2(x, y(db.clamp(-1.2 * RANGE_DB, 1.2 * RANGE_DB)))
    };
    let points: Vec<Pos2> = gains.iter().enumerate().map(place).collect();
    let colour = if lit { theme::AMBER } else { theme::TEXT_FAINT };
    painter.add(egui::Shape::line(points, Stroke::new(canvas.px(2.0), colour)));
    focus_ring(ui, canvas, &response, frame, 6.0);

    let second = params.blend.unmodulated_plain_value() > 0.5;
    let param = if second { &params.second_word } else { &params.word };
    let slot = usize::try_from(param.value()).unwrap_or(0);
    let name = words::in_slot(slot).map_or_else(|| format!("word {slot}"), |w| w.name.clone());
    let area = canvas.rect(panel.x + 6.0, panel.y + 184.0, panel.width - 12.0, 40.0);
    let word = ui.interact(area, Id::unique("word-name"), Sense::click());
    let colour = if word.hovered() { theme::AMBER } else { theme::TEXT };
    let at = (area.center(), Align2::CENTER_CENTER);
    canvas.line(ui.painter(), at, &name, canvas.font(24.0), colour, panel.width - 16.0);
    focus_ring(ui, canvas, &word, area, 4.0);

    let knob =
        Knob { label: "Amount", centre: (panel.middle(), panel.y + 290.0), radius: 29.0, level: None, lit };
    let about = "How far to go towards the word; to the left, away from it.";
    let turned = Turned { param: &params.amount, notch: Notch::Share(0.025), about };
    knob.show(ui, canvas, turned, now.setter);

    let (lamp, text) = state(now.reading.hearing);
    let at = canvas.at(panel.middle(), panel.y + 376.0);
    let shown = ui.painter().text(at, Align2::CENTER_CENTER, text, canvas.font(12.0), theme::TEXT_DIM);
    let at = shown.left_center() - egui::vec2(canvas.px(9.0), 0.0);
    ui.painter().circle_filled(at, canvas.px(3.2), lamp);
    let rect = canvas.rect(panel.x + 10.0, panel.y + 400.0, panel.width - 20.0, 24.0);
    keys::switch(
        ui,
        canvas,
        rect,
        ("Freeze", 10.5),
        &params.freeze,
        now.setter,
        "Keeps what was heard as it is.",
    );
    let rect = canvas.rect(panel.x + 10.0, panel.y + 480.0, panel.width - 20.0, 24.0);
    let open = keys::key(ui, canvas, rect, "open-eq", ("Open the EQ", 10.5), false);
    if !lit {
        panel.veil(ui, canvas);
    }
    let clicked = [&response, &word, &open].iter().any(|r| r.clicked());
    for response in [response, word] {
        response.on_hover_ui(|ui| {
            ui.label("Opens the equaliser's page");
        });
    }
    clicked.then_some(Wanted::Equaliser)
}

/// What the listening does, with the colour of its lamp.
fn state(hearing: Hearing) -> (egui::Color32, &'static str) {
    match hearing {
        Hearing::Waiting => (theme::TEXT_FAINT, "waiting"),
        Hearing::Listening => (theme::GREEN, "listening"),
        Hearing::Holding => (theme::AMBER_DEEP, "holding"),
        Hearing::Frozen => (egui::Color32::from_rgb(0x8f, 0xb4, 0xc9), "frozen"),
        Hearing::Unavailable => (theme::RED, "not listening"),
    }
}
