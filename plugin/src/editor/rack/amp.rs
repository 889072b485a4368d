//! The amp: which model plays, and how.

use super::knobs;
use super::panel::{Panel, TITLE};
use super::{Now, Wanted};
use crate::amp::Part;
use crate::editor::display::{Asked, Display, HEIGHT, PLATE_HEIGHT};
use crate::editor::keys;
use crate::editor::quality;
use crate::editor::theme::{self, Canvas};
use crate::params::OversamplingParam;
use egui::{Align2, Ui};

/// Shows the amp, its tubes glowing from 0 to 1.
pub fn show(
    ui: &mut Ui,
    canvas: Canvas,
    panel: Panel,
    now: &Now,
    display: &mut Display,
    glow: f32,
) -> Option<Wanted> {
    let params = now.params;
    let lit = params.amp_on.value();
    panel.switch(ui, canvas, "Amp", &params.amp_on, now.setter, "The amp model.");
    let frame = (panel.x + 12.0, panel.y + TITLE + 12.0, panel.width - 24.0);
    let asked = display.show(ui, canvas, frame, now.status, now.desk.is_settled(), glow);

    let turnable = now.status.playing.as_ref().map_or(&[][..], |info| &info.knobs);
    let y = if turnable.is_empty() {
        panel.y + TITLE + 12.0 + HEIGHT + 14.0
    } else {
        let below = panel.y + TITLE + 12.0 + PLATE_HEIGHT + 6.0;
        knobs::show(ui, canvas, (panel.middle(), below), now, turnable);
        panel.y + panel.height - 36.0
    };
    let label = |text: &str, x: f32, y: f32| {
        let at = canvas.at(x, y + 12.0);
        canvas.label(ui.painter(), at, Align2::LEFT_CENTER, text, 10.5, theme::TEXT_FAINT);
    };
    label("Oversampling", panel.x + 14.0, y);
    let mut x = panel.x + 122.0;
    let factors = [
        (OversamplingParam::X1, "1x"),
        (OversamplingParam::X2, "2x"),
        (OversamplingParam::X4, "4x"),
        (OversamplingParam::X8, "8x"),
    ];
    let factors = factors.map(|(value, text)| {
        let rect = canvas.rect(x, y, 36.0, 24.0);
        x += 39.0;
        (rect, value, text)
    });
    let about = "Computes the amp more often for each sample: less aliasing of high notes, more load.";
    keys::choice(ui, canvas, &factors, &params.oversampling, now.setter, about);
    let rect = canvas.rect(panel.right() - 72.0, y, 60.0, 24.0);
    let about =
        "Turns the model's polarity right and takes its delay away, so that it can be blended with others.";
    keys::switch(ui, canvas, rect, ("Align", 10.5), &params.align, now.setter, about);

    let y = y + 34.0;
    // A model has knobs or sizes; where it has knobs there is no room for where it comes from, which the card tells.
    let sizes = now.status.playing.as_ref().and_then(|p| p.sizes.as_ref());
    if let Some(sizes) = sizes.filter(|sizes| sizes.count > 1) {
        quality::show(ui, canvas, (panel.x + 14.0, y + 12.0), &params.quality, now.setter, sizes);
    } else if turnable.is_empty() {
        let source = now.status.playing.as_ref().map_or("", |info| info.card.source.as_str());
        if !source.is_empty() {
            label("Source", panel.x + 14.0, y);
            let at = (canvas.at(panel.x + 78.0, y + 12.0), Align2::LEFT_CENTER);
            let font = canvas.font(12.0);
            canvas.line(ui.painter(), at, source, font, theme::TEXT_DIM, panel.width - 92.0);
        }
    }
    if !lit {
        panel.veil(ui, canvas);
    }
    asked.map(|asked| match asked {
        Asked::Library => Wanted::Library(Part::Model),
        Asked::Step(steps) => Wanted::Step(Part::Model, steps),
    })
}
