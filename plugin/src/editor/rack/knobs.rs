//! The knobs of a model that has some, below its name.

use super::Now;
use crate::amp::{KNOBS, figures, live};
use crate::editor::control::{Notch, Turned};
use crate::editor::knob::Knob;
use crate::editor::theme::Canvas;
use egui::Ui;
use shared::model;

/// More than that many stand in two rows, smaller.
const ONE_ROW: usize = 4;

/// From one knob to the next, in the design.
const PITCH: f32 = 84.0;

/// Room for a name, in the design.
const NAME: f32 = 80.0;

/// Size of the names' lettering, in the design: that of every [`Knob`].
const LETTERING: f32 = 11.0;

/// Shows the knobs around a middle, below an upper edge of the design; there must be 152 to the lower one.
pub fn show(ui: &mut Ui, canvas: Canvas, (middle, top): (f32, f32), now: &Now, knobs: &[model::Knob]) {
    let lit = now.params.amp_on.value();
    let params = now.params.knobs.all();
    let knobs = &knobs[..knobs.len().min(KNOBS)];
    let (columns, radius, rows) = match knobs.len() {
        few if few <= ONE_ROW => (few.max(1), 29.0, [78.0, 0.0]),
        many => (many.div_ceil(2), 17.0, [37.0, 113.0]),
    };
    for (i, (model, param)) in knobs.iter().zip(params).enumerate() {
        let (row, column) = (i / columns, i % columns);
        let beside = column as f32 - (columns - 1) as f32 / 2.0;
        let label = &fitted(ui, canvas, model.name.trim());
        let centre = (middle + PITCH * beside, top + rows[row]);
        let ends = [model.lowest, model.highest].map(|end| figures(model, end));
        let about = &format!("The model's own knob, from {} to {}.", ends[0], ends[1]);
        let knob = Knob { label, centre, radius, level: None, lit };
        let notch = Notch::Between(0.025, live(model));
        knob.show(ui, canvas, Turned { param, notch, about }, now.setter);
    }
}

/// As much of a name as there is room for.
fn fitted(ui: &Ui, canvas: Canvas, name: &str) -> String {
    let fits = |text: &str| canvas.label_width(ui.painter(), text, LETTERING) <= canvas.px(NAME);
    let mut text = name.to_owned();
    let mut letters = name.chars().count();
    while letters > 1 && !fits(&text) {
        letters -= 1;
        text = name.chars().take(letters).chain(['…']).collect();
    }
    text
}
