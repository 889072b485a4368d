//! A push button.

use super::control::focus_ring;
use super::theme::{self, Canvas};
use egui::{Align2, Id, Sense, Stroke, Ui};

/// A push button with faceplate lettering; whether it was clicked.
pub fn button(ui: &mut Ui, canvas: Canvas, (x, y, width, height): (f32, f32, f32, f32), text: &str) -> bool {
    let rect = canvas.rect(x, y, width, height);
    let response = ui.interact(rect, Id::unique(("button", text)), Sense::click());
    let painter = ui.painter();
    let fill = if response.hovered() { theme::RAISED_HOT } else { theme::RAISED };
    painter.rect_filled(rect, canvas.px(5.0), fill);
    painter.rect_stroke(
        rect,
        canvas.px(5.0),
        Stroke::new(canvas.px(1.0), theme::EDGE),
        egui::StrokeKind::Inside,
    );
    let colour = if response.hovered() { theme::AMBER } else { theme::TEXT };
    canvas.label(painter, rect.center(), Align2::CENTER_CENTER, text, 10.5, colour);
    focus_ring(ui, canvas, &response, rect, 5.0);
    response.clicked()
}
