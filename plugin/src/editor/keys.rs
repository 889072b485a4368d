//! Keys, switches and lamps: what is pressed.

use super::control::focus_ring;
use super::gesture;
use super::theme::{self, Canvas};
use egui::{Align2, Color32, Id, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, Vec2, vec2};
use nih_plug::prelude::{BoolParam, Enum, EnumParam, Param, ParamSetter};

/// A key that is lit while it is on, with lettering of this size of the design.
pub fn key(ui: &Ui, canvas: Canvas, rect: Rect, name: &str, (text, size): (&str, f32), on: bool) -> Response {
    let response = ui.interact(rect, Id::unique(("key", name)), Sense::click());
    let fill = match (on, response.hovered()) {
        (true, _) => theme::LIT,
        (false, true) => theme::RAISED_HOT,
        (false, false) => theme::RAISED,
    };
    let painter = ui.painter();
    painter.rect_filled(rect, canvas.px(4.0), fill);
    let edge = Stroke::new(canvas.px(1.0), if on { theme::AMBER_DEEP } else { theme::EDGE });
    painter.rect_stroke(rect, canvas.px(4.0), edge, StrokeKind::Inside);
    let colour = if on || response.hovered() { theme::TEXT } else { theme::TEXT_DIM };
    canvas.label(painter, rect.center(), Align2::CENTER_CENTER, text, size, colour);
    focus_ring(ui, canvas, &response, rect, 5.0);
    response
}

/// A key that turns a switch over, with lettering of this size of the design.
pub fn switch(
    ui: &Ui,
    canvas: Canvas,
    rect: Rect,
    lettering: (&str, f32),
    param: &BoolParam,
    setter: &ParamSetter,
    about: &str,
) {
    let response = key(ui, canvas, rect, param.name(), lettering, param.value());
    if response.clicked() {
        flip(setter, param);
    }
    response.on_hover_ui(|ui| hint(ui, canvas, param, about));
}

/// Turns a switch over, as one gesture for the host.
pub fn flip(setter: &ParamSetter, param: &BoolParam) {
    gesture::set(setter, param, !param.value());
}

/// Keys side by side, one for each value: the chosen one is lit.
pub fn choice<T: Enum + PartialEq + Copy + 'static>(
    ui: &Ui,
    canvas: Canvas,
    keys: &[(Rect, T, &str)],
    param: &EnumParam<T>,
    setter: &ParamSetter,
    about: &str,
) {
    for (rect, value, text) in keys {
        let name = format!("{} {text}", param.name());
        let response = key(ui, canvas, *rect, &name, (text, 10.5), param.value() == *value);
        if response.clicked() {
            gesture::set(setter, param, *value);
        }
        response.on_hover_ui(|ui| hint(ui, canvas, param, about));
    }
}

/// Name, value and purpose of what is pressed.
pub fn hint(ui: &mut Ui, canvas: Canvas, param: &impl Param, about: &str) {
    ui.set_max_width(canvas.px(300.0));
    let value = param.normalized_value_to_string(param.unmodulated_normalized_value(), true);
    ui.label(format!("{}: {value}", param.name()));
    let default = param.normalized_value_to_string(param.default_normalized_value(), true);
    ui.colored_label(theme::TEXT_DIM, format!("{about} Default: {default}."));
}

/// A lamp, lit or dark.
pub fn lamp(ui: &Ui, canvas: Canvas, at: Pos2, radius: f32, on: bool) {
    let painter = ui.painter();
    if on {
        let glow = theme::AMBER.gamma_multiply(0.45);
        theme::radial(painter, at, Vec2::splat(canvas.px(2.3 * radius)), glow, Color32::TRANSPARENT);
    }
    let (top, bottom) = if on {
        (Color32::from_rgb(0xff, 0xdc, 0x9a), theme::AMBER)
    } else {
        (Color32::from_rgb(0x4a, 0x38, 0x26), Color32::from_rgb(0x26, 0x1e, 0x17))
    };
    painter.circle_filled(at, canvas.px(1.35 * radius), theme::EDGE_DARK);
    painter.circle_stroke(at, canvas.px(1.35 * radius), Stroke::new(canvas.px(1.2), theme::EDGE));
    theme::lit_circle(painter, at, canvas.px(radius), top, bottom);
}

/// A chevron that steps, centred at a place of the design; whether it was clicked.
pub fn step(ui: &Ui, canvas: Canvas, (x, y): (f32, f32), size: Vec2, direction: f32, name: &str) -> bool {
    let middle = canvas.at(x, y);
    let area = Rect::from_center_size(middle, size * canvas.scale);
    let response = ui.interact(area, Id::unique(("step", name, direction as i32)), Sense::click());
    let colour = if response.hovered() { theme::AMBER } else { theme::TEXT_DIM };
    theme::chevron(ui.painter(), middle, canvas.px(size.y * 0.17), direction, colour, canvas.px(2.0));
    focus_ring(ui, canvas, &response, area, 4.0);
    let clicked = response.clicked();
    let way = if direction < 0.0 { "Previous" } else { "Next" };
    response.on_hover_ui(|ui| {
        ui.label(format!("{way} {name}"));
    });
    clicked
}

/// A small arrow that says: more behind this.
pub fn arrow_down(ui: &Ui, canvas: Canvas, at: Pos2) {
    let points = [vec2(-4.0, -2.0), vec2(0.0, 2.0), vec2(4.0, -2.0)].map(|v| at + v * canvas.scale);
    ui.painter().add(egui::Shape::line(points.to_vec(), Stroke::new(canvas.px(1.5), theme::TEXT_DIM)));
}
