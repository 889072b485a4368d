//! A knob.

use super::control::{Turned, focus_ring};
use super::figures;
use super::theme::{self, Canvas};
use egui::{Align2, Color32, CursorIcon, Id, Pos2, Rect, Response, Sense, Stroke, Ui, Vec2, vec2};
use nih_plug::prelude::{Param, ParamSetter};
use std::f32::consts::PI;

/// Angles of both ends, clockwise from the right.
const FIRST: f32 = 0.75 * PI;
const LAST: f32 = 2.25 * PI;

/// Smaller knobs have neither a scale nor a fluted grip, in the design: both would be a blur.
const DETAILED: f32 = 25.0;

/// Where a knob is and what it is called.
pub struct Knob<'a> {
    /// Lettering above it.
    pub label: &'a str,
    /// Its middle, in the design.
    pub centre: (f32, f32),
    /// Its radius, in the design.
    pub radius: f32,
    /// A level to show along the scale, normalised as the parameter is.
    pub level: Option<f32>,
    /// Whether what it turns is in the path.
    pub lit: bool,
}

impl Knob<'_> {
    /// Shows the knob and lets the player turn it.
    pub fn show(&self, ui: &mut Ui, canvas: Canvas, turned: Turned, setter: &ParamSetter) -> Response {
        let centre = canvas.at(self.centre.0, self.centre.1);
        let radius = canvas.px(self.radius);
        let area = Rect::from_center_size(centre, Vec2::splat(2.2 * radius));
        let id = Id::unique(("knob", turned.param.name()));
        let response = ui.interact(area, id, Sense::click_and_drag());
        let response = turned.interact(ui, canvas, response, setter);
        let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
        let hot = response.hovered() || response.dragged();
        self.draw(ui, canvas, centre, radius, turned, hot);
        focus_ring(
            ui,
            canvas,
            &response,
            Rect::from_center_size(centre, Vec2::splat(2.0 * radius)),
            self.radius + 3.0,
        );
        let (above, below, size) = self.texts();
        let at = canvas.at(self.centre.0, above);
        let colour = if self.lit { theme::TEXT } else { theme::TEXT_DIM };
        canvas.label(ui.painter(), at, Align2::CENTER_CENTER, self.label, 11.0, colour);
        let half = (self.radius + 12.0).max(34.0);
        let field = canvas.rect(self.centre.0 - half, below - 9.0, 2.0 * half, 18.0);
        let name = turned.param.name();
        figures::show(ui, canvas, (name, field, Align2::CENTER_CENTER, size), turned.param, setter);
        response
    }

    /// Middle of the lettering, middle of the figures, and size of the figures, in the design.
    fn texts(&self) -> (f32, f32, f32) {
        let y = self.centre.1;
        if self.radius >= DETAILED {
            (y - self.radius - 21.0, y + self.radius + 15.0, 13.0)
        } else {
            (y - self.radius - 13.0, y + self.radius + 13.0, 12.0)
        }
    }

    fn draw(&self, ui: &Ui, canvas: Canvas, centre: Pos2, radius: f32, turned: Turned, hot: bool) {
        let painter = ui.painter();
        let param = turned.param;
        let value = param.unmodulated_normalized_value();
        let from = param.default_normalized_value();
        let angle = |value: f32| FIRST + turned.way(value) * (LAST - FIRST);
        let detailed = self.radius >= DETAILED;
        if detailed {
            self.scale(ui, canvas, centre, radius);
        }
        let groove = radius + canvas.px(3.5);
        theme::arc(painter, centre, groove, FIRST, LAST, Stroke::new(canvas.px(3.5), theme::EDGE_DARK));
        if let Some(level) = self.level.filter(|level| *level > 0.0) {
            let colour = if level >= value { theme::GREEN } else { theme::TEXT_FAINT };
            let stroke = Stroke::new(canvas.px(2.6), colour);
            theme::arc(painter, centre, radius + canvas.px(9.5), FIRST, angle(level.min(1.0)), stroke);
        }
        if (value - from).abs() > 1e-3 || self.level.is_some() {
            let from = if self.level.is_some() { 0.0 } else { from };
            let colour = if self.lit { theme::AMBER } else { theme::AMBER_DEEP.gamma_multiply(0.6) };
            theme::arc(
                painter,
                centre,
                groove,
                angle(from),
                angle(value),
                Stroke::new(canvas.px(3.0), colour),
            );
        }
        // Shadow, skirt, cap.
        let below = centre + vec2(0.0, radius * 0.15);
        let shadow = Color32::from_black_alpha(140);
        theme::radial(painter, below, Vec2::splat(radius * 1.16), shadow, Color32::TRANSPARENT);
        theme::lit_circle(painter, centre, radius, Color32::from_rgb(0x66, 0x5c, 0x52), theme::EDGE_DARK);
        if detailed {
            self.grip(ui, canvas, centre, radius, angle(value));
        }
        let (top, bottom) = if hot { (0x56, 0x28) } else { (0x4a, 0x23) };
        let shade = |v: u8| Color32::from_rgb(v, v - v / 10, v - v / 5);
        let cap = if detailed { radius * 0.78 } else { radius * 0.86 };
        theme::lit_circle(painter, centre, cap, shade(top), shade(bottom));

        let direction = Vec2::angled(angle(value));
        let pointer = [centre + direction * radius * 0.36, centre + direction * radius * 0.93];
        let colour = match (hot, self.lit) {
            (true, _) => theme::AMBER,
            (false, true) => theme::TEXT,
            (false, false) => theme::TEXT_FAINT,
        };
        painter.line_segment(pointer, Stroke::new(canvas.px(2.8), colour));
    }

    /// Marks along the way, longer at the ends, in the middle and half-way there.
    fn scale(&self, ui: &Ui, canvas: Canvas, centre: Pos2, radius: f32) {
        if self.level.is_some() {
            return;
        }
        for step in 0..=16 {
            let direction = Vec2::angled(FIRST + step as f32 / 16.0 * (LAST - FIRST));
            let (long, colour) = if step % 4 == 0 { (5.0, theme::TEXT_DIM) } else { (3.0, theme::MARK) };
            let inner = radius + canvas.px(7.5);
            let marks = [centre + direction * inner, centre + direction * (inner + canvas.px(long))];
            ui.painter().line_segment(marks, Stroke::new(canvas.px(1.3), colour));
        }
    }

    fn grip(&self, ui: &Ui, canvas: Canvas, centre: Pos2, radius: f32, angle: f32) {
        let (top, bottom) = (Color32::from_rgb(0x38, 0x32, 0x2c), Color32::from_rgb(0x1a, 0x17, 0x15));
        theme::lit_circle(ui.painter(), centre, radius - canvas.px(1.6), top, bottom);
        let dark = Stroke::new(canvas.px(1.6), Color32::from_black_alpha(105));
        for i in 0..24 {
            let direction = Vec2::angled(angle + i as f32 * PI / 12.0);
            let line = [centre + direction * radius * 0.84, centre + direction * (radius - canvas.px(2.0))];
            ui.painter().line_segment(line, dark);
        }
    }
}
