//! What the parts of the pane are made of.

use crate::editor::theme::{self, Canvas};
use egui::epaint::Mesh;
use egui::{Align2, Color32, Id, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, vec2};
use std::f32::consts::TAU;
use std::fmt::Debug;
use std::hash::Hash;

/// A push button with faceplate lettering.
pub fn button(
    ui: &Ui,
    canvas: Canvas,
    (x, y, width, height): (f32, f32, f32, f32),
    text: &str,
    on: bool,
) -> Response {
    let rect = canvas.rect(x, y, width, height);
    let response = ui.interact(rect, Id::unique(("library button", text)), Sense::click());
    let fill = match (on, response.hovered()) {
        (true, _) => theme::AMBER_DEEP.gamma_multiply(0.55),
        (false, true) => theme::RAISED_HOT,
        (false, false) => theme::RAISED,
    };
    let painter = ui.painter();
    painter.rect_filled(rect, canvas.px(5.0), fill);
    let edge = if on { theme::AMBER_DEEP } else { theme::EDGE };
    painter.rect_stroke(rect, canvas.px(5.0), Stroke::new(canvas.px(1.0), edge), StrokeKind::Inside);
    focus(ui, canvas, &response, rect);
    let colour = if response.hovered() && !on { theme::AMBER } else { theme::TEXT };
    canvas.label(ui.painter(), rect.center(), Align2::CENTER_CENTER, text, 10.5, colour);
    response
}

/// A line that can be chosen, in a list or a column; whether the mouse is on it is seen.
pub fn line(
    ui: &Ui,
    canvas: Canvas,
    rect: Rect,
    id: impl Hash + Debug,
    chosen: bool,
    sense: Sense,
) -> Response {
    let response = ui.interact(rect, Id::unique(("library line", id)), sense);
    let fill = match (chosen, response.hovered()) {
        (true, _) => Some(theme::AMBER_DEEP.gamma_multiply(0.42)),
        (false, true) => Some(theme::RAISED),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, canvas.px(4.0), fill);
    }
    focus(ui, canvas, &response, rect);
    response
}

fn focus(ui: &Ui, canvas: Canvas, response: &Response, rect: Rect) {
    if response.has_focus() {
        ring(ui, canvas, rect);
    }
}

/// The ring around what the keys go to, inside of `rect`: on a dark ground, so that it stands out from any fill.
pub fn ring(ui: &Ui, canvas: Canvas, rect: Rect) {
    let (radius, width) = (canvas.px(4.0), canvas.px(2.0));
    let ground = Stroke::new(2.0 * width, theme::EDGE_DARK);
    ui.painter().rect_stroke(rect, radius, ground, StrokeKind::Inside);
    ui.painter().rect_stroke(rect, radius, Stroke::new(width, theme::FOCUS), StrokeKind::Inside);
}

/// A star, full or as an outline.
pub fn star(ui: &Ui, centre: Pos2, radius: f32, full: bool, colour: Color32) {
    let corner = |i: u32| {
        let length = if i.is_multiple_of(2) { radius } else { radius * 0.42 };
        centre + Vec2::angled(TAU * (i as f32 / 10.0 - 0.25)) * length
    };
    if !full {
        let points = (0..10).map(corner).collect();
        ui.painter().add(Shape::closed_line(points, Stroke::new(radius * 0.16, colour)));
        return;
    }
    let mut mesh = Mesh::default();
    mesh.colored_vertex(centre, colour);
    for i in 0..10 {
        mesh.colored_vertex(corner(i), colour);
        mesh.add_triangle(0, i + 1, (i + 1) % 10 + 1);
    }
    ui.painter().add(Shape::mesh(mesh));
}

/// A folder, as an icon.
pub fn folder(ui: &Ui, canvas: Canvas, centre: Pos2, colour: Color32) {
    let icon = Rect::from_center_size(centre, Vec2::splat(canvas.px(12.0)));
    let tab = Rect::from_min_size(icon.min, vec2(icon.width() * 0.5, icon.height() * 0.4));
    ui.painter().rect_filled(tab, 1.0, colour);
    ui.painter().rect_filled(icon.with_min_y(icon.top() + icon.height() * 0.22), 1.5, colour);
}

/// A cross, as an icon.
pub fn cross(ui: &Ui, canvas: Canvas, centre: Pos2, colour: Color32) {
    let arm = canvas.px(4.0);
    let stroke = Stroke::new(canvas.px(1.5), colour);
    for way in [vec2(arm, arm), vec2(arm, -arm)] {
        ui.painter().line_segment([centre - way, centre + way], stroke);
    }
}

/// What is said in place of a list.
pub fn note(ui: &Ui, canvas: Canvas, area: Rect, text: &str) {
    let font = canvas.font(13.0);
    let galley = ui.painter().layout(text.to_owned(), font, theme::TEXT_DIM, area.width() - canvas.px(40.0));
    ui.painter().galley(area.center() - galley.size() / 2.0, galley, theme::TEXT_DIM);
}
