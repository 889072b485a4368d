//! A knob for a gain parameter.

use super::figures::{self, Typing};
use super::gesture;
use super::theme::{self, Canvas};
use egui::{Align2, CursorIcon, Id, Pos2, Rect, Response, Sense, Stroke, Ui, Vec2, vec2};
use nih_plug::prelude::{FloatParam, Param, ParamSetter};
use std::f32::consts::PI;

/// Angles of both ends, clockwise from the right.
const FIRST: f32 = 0.75 * PI;
const LAST: f32 = 2.25 * PI;

/// Way of the mouse for the whole range, in logical pixels; ten times that with shift.
const TRAVEL: f32 = 220.0;

/// What a notch of the wheel turns, in dB; a tenth of it with shift.
const NOTCH_DB: f32 = 0.5;

/// Points a notch of the wheel scrolls.
const NOTCH_POINTS: f32 = 40.0;

/// Where the knob is and what it is called.
pub struct Knob<'a> {
    /// Lettering above it.
    pub label: &'a str,
    /// Its middle, in the design.
    pub centre: (f32, f32),
    /// Its radius, in the design.
    pub radius: f32,
}

impl Knob<'_> {
    /// Shows the knob and lets the player turn it: drag, with shift for fine steps, wheel,
    /// double-click for the default, a click on the figures to type.
    pub fn show(
        &self,
        ui: &mut Ui,
        canvas: Canvas,
        param: &FloatParam,
        setter: &ParamSetter,
        typing: &mut Typing,
    ) {
        let centre = canvas.at(self.centre.0, self.centre.1);
        let radius = canvas.px(self.radius);
        let area = Rect::from_center_size(centre, Vec2::splat(2.2 * radius));
        let response = ui.interact(area, Id::unique(("knob", self.label)), Sense::click_and_drag());
        let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
        turn(ui, &response, param, setter);
        self.draw(ui, canvas, centre, radius, param, response.hovered() || response.dragged());
        let field = canvas.rect(self.centre.0 - 46.0, self.centre.1 + self.radius + 23.0, 92.0, 26.0);
        figures::show(ui, canvas, (self.label, field, Align2::CENTER_CENTER, 14.0), param, setter, typing);
    }

    fn draw(&self, ui: &Ui, canvas: Canvas, centre: Pos2, radius: f32, param: &FloatParam, hot: bool) {
        let painter = ui.painter();
        let value = param.unmodulated_normalized_value();
        let middle = param.default_normalized_value();
        let angle = |value: f32| FIRST + value * (LAST - FIRST);

        let top = canvas.at(self.centre.0, self.centre.1 - self.radius - 34.0);
        canvas.label(painter, top, Align2::CENTER_CENTER, self.label, 13.0, theme::TEXT);

        // The scale: a mark each 3 dB, a longer one each 12.
        for step in 0..=16 {
            let direction = Vec2::angled(angle(step as f32 / 16.0));
            let (long, colour) =
                if step % 4 == 0 { (9.0, theme::TEXT_DIM) } else { (5.0, theme::TEXT_FAINT) };
            let inner = radius + canvas.px(9.0);
            let marks = [centre + direction * inner, centre + direction * (inner + canvas.px(long))];
            painter.line_segment(marks, Stroke::new(canvas.px(1.4), colour));
        }
        let groove = Stroke::new(canvas.px(3.5), theme::EDGE_DARK);
        theme::arc(painter, centre, radius + canvas.px(3.5), FIRST, LAST, groove);
        if (value - middle).abs() > 1e-3 {
            let lit = Stroke::new(canvas.px(3.0), theme::AMBER);
            theme::arc(painter, centre, radius + canvas.px(3.5), angle(middle), angle(value), lit);
        }

        // Shadow, skirt, cap.
        let shadow = egui::Color32::from_black_alpha(150);
        theme::radial(
            painter,
            centre + vec2(0.0, canvas.px(9.0)),
            Vec2::splat(radius * 1.18),
            shadow,
            egui::Color32::TRANSPARENT,
        );
        theme::lit_circle(
            painter,
            centre,
            radius,
            egui::Color32::from_rgb(0x5d, 0x54, 0x4b),
            theme::EDGE_DARK,
        );
        theme::lit_circle(
            painter,
            centre,
            radius - canvas.px(2.0),
            egui::Color32::from_rgb(0x35, 0x30, 0x2b),
            egui::Color32::from_rgb(0x1a, 0x17, 0x15),
        );
        // A fluted grip.
        for i in 0..36 {
            let direction = Vec2::angled(angle(value) + i as f32 * PI / 18.0);
            let line = [centre + direction * radius * 0.86, centre + direction * (radius - canvas.px(2.5))];
            painter.line_segment(line, Stroke::new(canvas.px(1.5), egui::Color32::from_black_alpha(95)));
        }
        let (cap_top, cap_bottom) = if hot { (0x4d, 0x26) } else { (0x45, 0x22) };
        let shade = |v: u8| egui::Color32::from_rgb(v, v - v / 10, v - v / 5);
        theme::lit_circle(painter, centre, radius * 0.78, shade(cap_top), shade(cap_bottom));

        let direction = Vec2::angled(angle(value));
        let pointer = [centre + direction * radius * 0.34, centre + direction * radius * 0.92];
        painter.line_segment(pointer, Stroke::new(canvas.px(4.2), egui::Color32::from_black_alpha(120)));
        painter
            .line_segment(pointer, Stroke::new(canvas.px(3.0), if hot { theme::AMBER } else { theme::TEXT }));
    }
}

/// Turns a parameter as the player does on `response`: drag, with shift for fine steps, wheel,
/// double-click for the default.
pub fn turn(ui: &Ui, response: &Response, param: &FloatParam, setter: &ParamSetter) {
    let fine = ui.input(|i| i.modifiers.shift);
    if response.double_clicked() {
        set(setter, param, param.default_plain_value());
        return;
    }
    // The exact position of a drag is kept: a parameter in steps would swallow small movements.
    let memory = response.id.with("exact");
    if response.drag_started() {
        gesture::begin(ui.ctx(), setter, param);
        ui.data_mut(|d| d.insert_temp(memory, param.unmodulated_normalized_value()));
    }
    if response.dragged() && gesture::is_open(ui.ctx(), param) {
        let travel = if fine { 10.0 * TRAVEL } else { TRAVEL };
        let motion = response.drag_delta();
        let exact = ui.data(|d| d.get_temp::<f32>(memory)).unwrap_or(param.unmodulated_normalized_value());
        let exact = (exact + (motion.x - motion.y) / travel).clamp(0.0, 1.0);
        ui.data_mut(|d| d.insert_temp(memory, exact));
        if motion != Vec2::ZERO {
            setter.set_parameter_normalized(param, exact);
        }
    }
    if response.dragged() {
        gesture::go_on(ui.ctx(), param);
    }
    if response.drag_stopped() {
        gesture::end(ui.ctx(), setter, param);
    }
    if response.hovered() && !response.dragged() {
        let scrolled = ui.input(|i| i.smooth_scroll_delta().y + i.smooth_scroll_delta().x);
        if scrolled != 0.0 {
            let notch = if fine { NOTCH_DB / 10.0 } else { NOTCH_DB };
            // Smooth scrolling comes in fractions of a notch, the parameter moves in tenths.
            let key = response.id.with("wheel");
            let sum = ui.data(|d| d.get_temp::<f32>(key)).unwrap_or(0.0) + scrolled / NOTCH_POINTS * notch;
            // A little more than rounding eats, so that a notch is a whole notch.
            let steps = ((sum + 1e-3 * sum.signum()) / 0.1).trunc() * 0.1;
            ui.data_mut(|d| d.insert_temp(key, sum - steps));
            if steps != 0.0 {
                set(setter, param, param.unmodulated_plain_value() + steps);
            }
        }
    }
}

fn set(setter: &ParamSetter, param: &FloatParam, value: f32) {
    let (low, high) = (param.preview_plain(0.0), param.preview_plain(1.0));
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value.clamp(low, high));
    setter.end_set_parameter(param);
}
