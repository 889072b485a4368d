//! Both ends of the rack: what comes in, and what goes out.

use super::Now;
use super::panel::Panel;
use crate::amp::MissingLevel;
use crate::editor::control::{Notch, Turned};
use crate::editor::figures;
use crate::editor::keys;
use crate::editor::knob::Knob;
use crate::editor::meter::{Meter, Side};
use crate::editor::theme::{self, Canvas};
use crate::params::{InputChannelsParam, OutputModeParam};
use crate::rack::InputLevel;
use egui::{Align2, Id, Sense, Ui};
use nih_plug::prelude::Param;

/// Places in the design, from the upper edge of a part.
const CHANNELS: f32 = 31.0;
const KNOB: f32 = 104.0;
const METER: f32 = 172.0;
const METER_HEIGHT: f32 = 218.0;
const BELOW: f32 = METER + METER_HEIGHT + 34.0;

/// Shows the input.
pub fn input(ui: &mut Ui, canvas: Canvas, panel: Panel, now: &Now, meter: &mut Meter, level: InputLevel) {
    panel.name(ui, canvas, "Input");
    channels(ui, canvas, panel, now);
    let params = &now.params.input;
    let knob = Knob {
        label: "Trim",
        centre: (panel.middle(), panel.y + KNOB),
        radius: 27.0,
        level: None,
        lit: true,
    };
    let about = "Level of the guitar before everything else.";
    knob.show(ui, canvas, Turned { param: &params.trim, notch: Notch::Plain(0.5), about }, now.setter);
    let frame = (panel.middle() + 1.0, panel.y + METER, 24.0, METER_HEIGHT);
    meter.show(ui, canvas, "input", frame, now.telemetry.channels(), Side::Left);

    advice(ui, canvas, panel, level);
    let key = canvas.rect(panel.x + 8.0, panel.y + BELOW + 42.0, panel.width - 16.0, 24.0);
    let card = now.status.playing.as_ref().map(|info| info.card.input_level_dbu);
    let card = match card {
        Some(Some(dbu)) => format!(" This model was captured at {dbu:+.1} dBu."),
        Some(None) => " This model's card tells no level: nothing changes.".to_owned(),
        None => String::new(),
    };
    let about = format!(
        "Matches the level to that at which the model was captured, where its card tells. Set below what a \
         full-scale signal is at your interface's input.{card}"
    );
    keys::switch(ui, canvas, key, ("Calibrate", 10.5), &params.calibrated, now.setter, &about);
    let y = panel.y + BELOW + 78.0;
    let colour = if params.calibrated.value() { theme::TEXT_DIM } else { theme::TEXT_FAINT };
    canvas.label(
        ui.painter(),
        canvas.at(panel.middle(), y),
        Align2::CENTER_CENTER,
        "Full scale",
        10.5,
        colour,
    );
    let field = canvas.rect(panel.x + 8.0, y + 9.0, panel.width - 16.0, 20.0);
    let name = params.full_scale.name();
    figures::show(ui, canvas, (name, field, Align2::CENTER_CENTER, 12.5), &params.full_scale, now.setter);
    let missing = missing(now).filter(|level| *level == MissingLevel::Input);
    notes(ui, canvas, panel, y + 43.0, missing);
}

/// What the model's card would have to tell for what is switched on.
fn missing(now: &Now) -> impl Iterator<Item = MissingLevel> {
    let (input, mode) = (&now.params.input, now.params.output.controls().mode);
    let playing = now.status.playing.iter();
    playing.flat_map(move |info| info.missing_levels(input.calibrated.value(), mode))
}

/// Says what the card lacks, line by line from `y`.
fn notes(ui: &Ui, canvas: Canvas, panel: Panel, y: f32, missing: impl Iterator<Item = MissingLevel>) {
    for (i, level) in missing.enumerate() {
        let text = match level {
            MissingLevel::Input => "no input level",
            MissingLevel::Output => "no output level",
            MissingLevel::Loudness => "no loudness",
        };
        let y = y + 16.0 * i as f32;
        let at = canvas.at(panel.middle() + 5.0, y);
        let shown = ui.painter().text(at, Align2::CENTER_CENTER, text, canvas.font(11.5), theme::AMBER);
        let lamp = shown.left_center() - egui::vec2(canvas.px(7.0), 0.0);
        ui.painter().circle_filled(lamp, canvas.px(2.4), theme::AMBER);
        let area = canvas.rect(panel.x + 4.0, y - 8.0, panel.width - 8.0, 16.0);
        ui.interact(area, Id::unique(("missing", text)), Sense::hover()).on_hover_text(level.to_string());
    }
}

/// Which side of a stereo track the guitar is on; a track of one channel has none.
fn channels(ui: &Ui, canvas: Canvas, panel: Panel, now: &Now) {
    if now.telemetry.channels_in() != 2 {
        return;
    }
    let keys = [
        (InputChannelsParam::Stereo, "St", 26.0),
        (InputChannelsParam::Left, "L", 20.0),
        (InputChannelsParam::Right, "R", 20.0),
        (InputChannelsParam::Sum, "L+R", 28.0),
    ];
    let mut x = panel.x + 7.0;
    let keys = keys.map(|(value, text, width)| {
        let rect = canvas.rect(x, panel.y + CHANNELS, width, 17.0);
        x += width + 1.5;
        (rect, value, text)
    });
    let about = "What of a stereo track is played: each side for itself, the left or the right on both sides, or both \
                 together.";
    keys::choice(ui, canvas, &keys, &now.params.input.channels, now.setter, about);
}

/// What to do about the level that comes in.
fn advice(ui: &Ui, canvas: Canvas, panel: Panel, level: InputLevel) {
    let (text, second, colour) = match level {
        InputLevel::Nothing => ("Play hard".to_owned(), "to check the level", theme::TEXT_FAINT),
        InputLevel::Good => ("Good".to_owned(), "level", theme::GREEN),
        InputLevel::TooQuiet { by_db } => (format!("{:.0} dB", by_db.max(1.0)), "too quiet", theme::AMBER),
        InputLevel::TooHot { by_db } => (format!("{:.0} dB", by_db.max(1.0)), "too hot", theme::RED_TEXT),
        InputLevel::Clipping => ("Clipped".to_owned(), "at the interface", theme::RED_TEXT),
    };
    let y = panel.y + BELOW + 3.0;
    let at = canvas.at(panel.middle(), y);
    ui.painter().text(at, Align2::CENTER_CENTER, text, canvas.font(14.0), colour);
    let at = canvas.at(panel.middle(), y + 17.0);
    ui.painter().text(at, Align2::CENTER_CENTER, second, canvas.font(11.5), colour);
    let area = canvas.rect(panel.x + 6.0, y - 10.0, panel.width - 12.0, 38.0);
    ui.interact(area, Id::unique("advice"), Sense::hover()).on_hover_ui(|ui| {
        ui.set_max_width(canvas.px(300.0));
        ui.label(
            "The loudest of the last six seconds. Play as hard as you ever will: models were captured with test signals \
             up to full scale, and answer as the amp did where strums peak between -12 and -3 dBFS behind the trim.",
        );
    });
}

/// Shows the output.
pub fn output(ui: &mut Ui, canvas: Canvas, panel: Panel, now: &Now, meter: &mut Meter) {
    panel.name(ui, canvas, "Output");
    let params = &now.params.output;
    let knob = Knob {
        label: "Gain",
        centre: (panel.middle(), panel.y + KNOB),
        radius: 27.0,
        level: None,
        lit: true,
    };
    let about = "Level after everything else.";
    knob.show(ui, canvas, Turned { param: &params.gain, notch: Notch::Plain(0.5), about }, now.setter);
    let frame = (panel.middle() - 25.0, panel.y + METER, 24.0, METER_HEIGHT);
    meter.show(ui, canvas, "output", frame, now.telemetry.channels(), Side::Right);

    let keys = [
        (OutputModeParam::Normalised, "Normalised"),
        (OutputModeParam::Calibrated, "Calibrated"),
        (OutputModeParam::Raw, "Raw"),
    ];
    let mut y = panel.y + BELOW + 2.0;
    let keys = keys.map(|(value, text)| {
        let rect = canvas.rect(panel.x + 8.0, y, panel.width - 16.0, 24.0);
        y += 28.0;
        (rect, value, text)
    });
    let about = "Normalised: all models equally loud. Calibrated: as loud as the captured gear through your interface. \
                 Raw: as the model gives it.";
    keys::choice(ui, canvas, &keys, &params.mode, now.setter, about);
    let missing = missing(now).filter(|level| *level != MissingLevel::Input);
    notes(ui, canvas, panel, y + 14.0, missing);
}
