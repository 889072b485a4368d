//! The surface of a part of the rack, with its name and its switch.

use crate::editor::control::focus_ring;
use crate::editor::gesture;
use crate::editor::keys::{hint, lamp};
use crate::editor::theme::{self, Canvas};
use egui::{Align2, Color32, Id, Sense, Stroke, StrokeKind, Ui};
use nih_plug::prelude::{BoolParam, ParamSetter};

/// A part of the rack, in the design.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

/// Height of the strip with the name.
pub const TITLE: f32 = 30.0;

impl Panel {
    /// Its middle, across.
    pub fn middle(&self) -> f32 {
        self.x + self.width / 2.0
    }

    /// Its right edge.
    pub fn right(&self) -> f32 {
        self.x + self.width
    }

    /// Shows the surface; without a fill it is the window's own colour.
    pub fn surface(&self, ui: &Ui, canvas: Canvas, fill: Option<Color32>) {
        let rect = canvas.rect(self.x, self.y, self.width, self.height);
        let painter = ui.painter();
        let radius = canvas.px(3.0);
        if let Some(fill) = fill {
            painter.rect_filled(rect, radius, fill);
        }
        painter.rect_stroke(rect, radius, Stroke::new(canvas.px(1.0), theme::EDGE), StrokeKind::Inside);
        let line = canvas.at(0.0, self.y + TITLE).y;
        let inner = rect.shrink(canvas.px(1.0));
        painter.hline(inner.x_range(), line, Stroke::new(canvas.px(1.0), theme::EDGE_DARK));
    }

    /// Shows the name of a part that cannot be switched off.
    pub fn name(&self, ui: &Ui, canvas: Canvas, name: &str) {
        let at = canvas.at(self.middle(), self.y + TITLE / 2.0);
        canvas.label(ui.painter(), at, Align2::CENTER_CENTER, name, 12.0, theme::TEXT);
    }

    /// Shows the name, and the switch in front of it.
    pub fn switch(
        &self,
        ui: &Ui,
        canvas: Canvas,
        name: &str,
        param: &BoolParam,
        setter: &ParamSetter,
        about: &str,
    ) {
        let on = param.value();
        let area = canvas.rect(self.x + 3.0, self.y + 3.0, 112.0f32.min(self.width - 6.0), TITLE - 6.0);
        let response = ui.interact(area, Id::unique(("power", name)), Sense::click());
        if response.clicked() {
            gesture::set(setter, param, !on);
        }
        lamp(ui, canvas, canvas.at(self.x + 18.0, self.y + TITLE / 2.0), 4.6, on);
        let colour = match (response.hovered(), on) {
            (true, _) => theme::AMBER,
            (false, true) => theme::TEXT,
            (false, false) => theme::TEXT_DIM,
        };
        let at = canvas.at(self.x + 32.0, self.y + TITLE / 2.0);
        canvas.label(ui.painter(), at, Align2::LEFT_CENTER, name, 12.0, colour);
        focus_ring(ui, canvas, &response, area, 4.0);
        response.on_hover_ui(|ui| hint(ui, canvas, param, about));
    }

    /// Dims a part that is not in the path, but for its name and switch. The letters stay readable.
    pub fn veil(&self, ui: &Ui, canvas: Canvas) {
        let rect = canvas.rect(self.x, self.y + TITLE, self.width, self.height - TITLE);
        ui.painter().rect_filled(rect.shrink(canvas.px(1.0)), canvas.px(6.0), theme::VEIL);
    }
}
