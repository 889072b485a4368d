//! The noise gate.

use super::Now;
use super::panel::Panel;
use crate::editor::control::{Notch, Turned};
use crate::editor::keys;
use crate::editor::knob::Knob;
use crate::editor::theme::Canvas;
use egui::Ui;
use nih_plug::prelude::Param;

/// Shows the gate, and on its threshold the level that comes in, in dBFS.
pub fn show(ui: &mut Ui, canvas: Canvas, panel: Panel, now: &Now, level_db: f32) {
    let params = &now.params.gate;
    let setter = now.setter;
    let lit = params.on.value();
    let about = "Silences the noise between the notes.";
    panel.switch(ui, canvas, "Gate", &params.on, setter, about);
    let level = params.threshold.preview_normalized(level_db);
    let centre = (panel.middle(), panel.y + 92.0);
    let knob = Knob { label: "Threshold", centre, radius: 27.0, level: Some(level), lit };
    let about = "The gate opens where the guitar, drawn around the knob, is louder than this.";
    knob.show(ui, canvas, Turned { param: &params.threshold, notch: Notch::Plain(1.0), about }, setter);
    let small = [
        ("Hysteresis", &params.hysteresis, Notch::Plain(0.5), "How far below the threshold it closes."),
        ("Hold", &params.hold, Notch::Share(0.02), "How long it stays open after that."),
        ("Release", &params.release, Notch::Share(0.02), "How long it takes to close."),
    ];
    for (i, (label, param, notch, about)) in small.into_iter().enumerate() {
        let centre = (panel.middle(), panel.y + 208.0 + 92.0 * i as f32);
        let knob = Knob { label, centre, radius: 18.0, level: None, lit };
        knob.show(ui, canvas, Turned { param, notch, about }, setter);
    }
    let key = canvas.rect(panel.x + 8.0, panel.y + 480.0, panel.width - 16.0, 24.0);
    let about =
        "Closes behind the amp, which silences its noise too. The gate listens to the guitar all the same.";
    keys::switch(ui, canvas, key, ("After amp", 10.5), &params.after_amp, setter, about);
    if !lit {
        panel.veil(ui, canvas);
    }
}
