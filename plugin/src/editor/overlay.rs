//! What lies above the page: the library. Escape and a click beside it close it.

use super::theme::{self, Canvas};
use crate::amp::Part;
use egui::{Color32, Id, Key, Order, Rect, Sense, Stroke, StrokeKind, Ui};

/// What lies above the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    /// Nothing: the page is free.
    #[default]
    None,
    /// The library, to fill this part.
    Library(Part),
}

/// Shows `contents` above the page, in a frame `(x, y, width, height)` of the design, with the page veiled. Returns
/// what they return, and whether the player wants them closed: by Escape, or by a click beside the frame. Escape in
/// a text field belongs to that field.
pub fn above<R>(
    ui: &Ui,
    canvas: Canvas,
    name: &str,
    (x, y, width, height): (f32, f32, f32, f32),
    contents: impl FnOnce(&mut Ui) -> R,
) -> (R, bool) {
    let area = egui::Area::new(Id::unique(("above", name))).order(Order::Middle);
    let typed = ui.ctx().egui_wants_keyboard_input();
    let shown = area.fixed_pos(canvas.at(0.0, 0.0)).show(ui.ctx(), |ui| {
        // Tab goes round in here.
        ui.ctx().memory_mut(|m| m.set_modal_layer(ui.layer_id()));
        let whole = canvas.rect(0.0, 0.0, theme::DESIGN.x, theme::DESIGN.y).expand(canvas.px(400.0));
        let behind = ui.interact(whole, Id::unique(("behind", name)), Sense::click());
        let frame = canvas.rect(x, y, width, height);
        surface(ui, canvas, whole, frame);
        let result = contents(ui);
        let outside = behind.clicked() && behind.interact_pointer_pos().is_some_and(|at| !frame.contains(at));
        (result, outside)
    });
    let (result, outside) = shown.inner;
    let escape = !typed && ui.input(|i| i.key_pressed(Key::Escape));
    (result, outside || escape)
}

fn surface(ui: &Ui, canvas: Canvas, whole: Rect, frame: Rect) {
    let painter = ui.painter();
    painter.rect_filled(whole, 0.0, Color32::from_black_alpha(170));
    painter.rect_filled(frame, canvas.px(8.0), theme::SHEET);
    let edge = Stroke::new(canvas.px(1.0), theme::EDGE);
    painter.rect_stroke(frame, canvas.px(8.0), edge, StrokeKind::Inside);
}

/// The line above the strip below that says what went wrong.
pub fn message(ui: &mut Ui, canvas: Canvas, text: &str) {
    let rect = canvas.rect(MESSAGE.0, MESSAGE.1, MESSAGE.2, MESSAGE.3);
    let area = egui::Area::new(Id::unique("message")).order(Order::Middle).fixed_pos(rect.min);
    area.show(ui.ctx(), |ui| {
        let painter = ui.painter();
        painter.rect_filled(rect, canvas.px(5.0), theme::ALARM);
        let edge = Stroke::new(canvas.px(1.0), theme::RED);
        painter.rect_stroke(rect, canvas.px(5.0), edge, StrokeKind::Inside);
        let lamp = rect.left_center() + egui::vec2(canvas.px(16.0), 0.0);
        painter.circle_filled(lamp, canvas.px(3.5), theme::RED);
        let at = (rect.left_center() + egui::vec2(canvas.px(30.0), 0.0), egui::Align2::LEFT_CENTER);
        canvas.line(painter, at, text, canvas.font(13.0), theme::TEXT, MESSAGE.2 - 44.0);
        ui.interact(rect, Id::unique("message-text"), Sense::hover()).on_hover_text(text);
    });
}

/// Where messages are shown, in the design: nothing below them is pressed.
pub const MESSAGE: (f32, f32, f32, f32) = (12.0, 602.0, 1076.0, 34.0);
