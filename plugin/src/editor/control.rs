//! What all controls have in common: the mouse, the keys, the menu and the hint of a parameter that is turned.

use super::figures;
use super::gesture;
use super::theme::{self, Canvas};
use egui::{Context, EventFilter, Id, Key, PointerButton, Popup, Rect, Response, Stroke, StrokeKind, Ui};
use nih_plug::prelude::{FloatParam, Param, ParamSetter};

/// Way of the mouse for the whole range, in logical pixels; ten times that with shift.
const TRAVEL: f32 = 220.0;

/// Points a notch of the wheel scrolls.
const NOTCH_POINTS: f32 = 40.0;

/// What shift makes of a notch.
const FINE: f32 = 0.1;

/// The smallest step of parameters that move in steps, in their unit.
const FINEST: f32 = 0.1;

/// Notches of a page key.
const PAGE: f32 = 6.0;

/// How far a notch of the wheel and an arrow key go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Notch {
    /// In the parameter's unit.
    Plain(f32),
    /// As a share of the way from end to end.
    Share(f32),
    /// As a share of the way between two values from 0 to 1, in place of the ends: beyond them it turns nothing.
    Between(f32, [f32; 2]),
}

/// A parameter that can be turned: what is to be known beside the parameter itself.
#[derive(Clone, Copy)]
pub struct Turned<'a> {
    /// The parameter.
    pub param: &'a FloatParam,
    /// How far a notch goes.
    pub notch: Notch,
    /// One sentence on what it does.
    pub about: &'a str,
}

impl Turned<'_> {
    /// The normalised values between which it turns something.
    fn ends(&self) -> [f32; 2] {
        match self.notch {
            Notch::Between(_, ends) => ends,
            Notch::Plain(_) | Notch::Share(_) => [0.0, 1.0],
        }
    }

    /// Where a normalised value is on the way between its ends, from 0 to 1.
    pub fn way(&self, value: f32) -> f32 {
        let [first, last] = self.ends();
        ((value - first) / (last - first)).clamp(0.0, 1.0)
    }

    /// The normalised value so many notches from where it is.
    fn stepped(&self, notches: f32) -> f32 {
        let param = self.param;
        match self.notch {
            Notch::Plain(step) => {
                let (low, high) = (param.preview_plain(0.0), param.preview_plain(1.0));
                let plain = param.unmodulated_plain_value() + notches * step;
                param.preview_normalized(plain.clamp(low.min(high), low.max(high)))
            }
            Notch::Share(share) | Notch::Between(share, _) => {
                let [first, last] = self.ends();
                let from = param.unmodulated_normalized_value().clamp(first, last);
                (from + notches * share * (last - first)).clamp(first, last)
            }
        }
    }

    /// The smallest part of a notch that moves the parameter: one that moves in steps would swallow less.
    fn smallest(&self) -> f32 {
        match self.notch {
            Notch::Plain(notch) => (FINEST / notch).min(1.0),
            Notch::Share(_) | Notch::Between(..) => 0.25 * FINE,
        }
    }

    /// Lets the player turn it on `response`: drag, with shift for fine steps, wheel, double-click for the default, keys
    /// while it has the focus, a menu of its own, and a hint.
    pub fn interact(&self, ui: &Ui, canvas: Canvas, response: Response, setter: &ParamSetter) -> Response {
        self.drag(ui, &response, setter);
        self.wheel(ui, &response, setter);
        self.keys(ui, &response, setter);
        self.menu(canvas, &response, setter);
        self.hint(canvas, response)
    }

    fn drag(&self, ui: &Ui, response: &Response, setter: &ParamSetter) {
        let param = self.param;
        // Enter and Space count as clicks too, but a double-click is always the mouse's.
        if response.double_clicked() {
            gesture::set_normalised(setter, param, param.default_normalized_value());
            return;
        }
        // The exact position of a drag is kept: a parameter in steps would swallow small movements.
        let memory = response.id.with("exact");
        if response.drag_started_by(PointerButton::Primary) {
            gesture::begin(ui.ctx(), setter, param);
            ui.data_mut(|d| d.insert_temp(memory, param.unmodulated_normalized_value()));
        }
        if response.dragged_by(PointerButton::Primary) && gesture::is_open(ui.ctx(), param) {
            let fine = ui.input(|i| i.modifiers.shift);
            let travel = if fine { TRAVEL / FINE } else { TRAVEL };
            let motion = response.drag_delta();
            let now = param.unmodulated_normalized_value();
            let [first, last] = self.ends();
            let exact = ui.data(|d| d.get_temp::<f32>(memory)).unwrap_or(now).clamp(first, last);
            let exact = (exact + (motion.x - motion.y) / travel * (last - first)).clamp(first, last);
            ui.data_mut(|d| d.insert_temp(memory, exact));
            if motion != egui::Vec2::ZERO {
                setter.set_parameter_normalized(param, exact);
            }
        }
        if response.dragged_by(PointerButton::Primary) {
            gesture::go_on(ui.ctx(), param);
        }
        if response.drag_stopped_by(PointerButton::Primary) {
            gesture::end(ui.ctx(), setter, param);
        }
    }

    fn wheel(&self, ui: &Ui, response: &Response, setter: &ParamSetter) {
        if !response.hovered() || gesture::any_open(ui.ctx()) {
            return;
        }
        let scrolled = ui.input(|i| i.smooth_scroll_delta().y + i.smooth_scroll_delta().x) / NOTCH_POINTS;
        if scrolled == 0.0 {
            return;
        }
        let fine = if ui.input(|i| i.modifiers.shift) { FINE } else { 1.0 };
        // Smooth scrolling comes in fractions of a notch.
        let memory = response.id.with("wheel");
        let sum = ui.data(|d| d.get_temp::<f32>(memory)).unwrap_or(0.0) + scrolled * fine;
        let smallest = self.smallest();
        // A little more than rounding eats, so that a notch is a whole notch.
        let notches = ((sum + 1e-3 * sum.signum()) / smallest).trunc() * smallest;
        ui.data_mut(|d| d.insert_temp(memory, sum - notches));
        if notches != 0.0 {
            gesture::set_normalised(setter, self.param, self.stepped(notches));
        }
    }

    fn keys(&self, ui: &Ui, response: &Response, setter: &ParamSetter) {
        if !response.has_focus() || gesture::any_open(ui.ctx()) {
            return;
        }
        keep_arrows(ui.ctx(), response.id);
        let fine = ui.input(|i| i.modifiers.shift);
        let presses = |key: Key| ui.input(|i| i.num_presses(key)) as f32;
        let small = if fine { FINE.max(self.smallest()) } else { 1.0 };
        let arrows = presses(Key::ArrowUp) + presses(Key::ArrowRight)
            - presses(Key::ArrowDown)
            - presses(Key::ArrowLeft);
        let pages = presses(Key::PageUp) - presses(Key::PageDown);
        let notches = arrows * small + pages * PAGE;
        if notches != 0.0 {
            gesture::set_normalised(setter, self.param, self.stepped(notches));
        }
        let (param, [first, last]) = (self.param, self.ends());
        let ends = [
            (Key::Home, first),
            (Key::End, last),
            (Key::Delete, param.default_normalized_value()),
            (Key::Backspace, param.default_normalized_value()),
        ];
        for (_, value) in ends.into_iter().filter(|(key, _)| presses(*key) > 0.0) {
            gesture::set_normalised(setter, param, value);
        }
        if presses(Key::Enter) > 0.0 {
            figures::type_value(ui.ctx(), param);
        }
    }

    /// The menu that a right click opens.
    pub fn menu(&self, canvas: Canvas, response: &Response, setter: &ParamSetter) {
        let param = self.param;
        Popup::context_menu(response).width(canvas.px(190.0)).show(|ui| {
            ui.spacing_mut().item_spacing = egui::Vec2::ZERO;
            ui.set_width(canvas.px(190.0));
            let default = param.normalized_value_to_string(param.default_normalized_value(), true);
            if entry(ui, canvas, &format!("Reset to {default}"), false) {
                gesture::set_normalised(setter, param, param.default_normalized_value());
            }
            if entry(ui, canvas, "Type a value…", false) {
                figures::type_value(ui.ctx(), param);
            }
            if entry(ui, canvas, &format!("Copy {param}"), false) {
                ui.ctx().copy_text(param.to_string());
                ui.data_mut(|d| d.insert_temp(copied(), param.to_string()));
            }
            let text = ui.data(|d| d.get_temp::<String>(copied()));
            let value = text.as_deref().and_then(|text| param.string_to_normalized_value(text));
            if let (Some(text), Some(value)) = (&text, value)
                && entry(ui, canvas, &format!("Paste {text}"), false)
            {
                gesture::set_normalised(setter, param, value);
            }
        });
    }

    fn hint(&self, canvas: Canvas, response: Response) -> Response {
        if response.dragged() {
            return response;
        }
        let param = self.param;
        response.on_hover_ui(|ui| {
            ui.set_max_width(canvas.px(300.0));
            ui.label(format!("{}: {param}", param.name()));
            let default = param.normalized_value_to_string(param.default_normalized_value(), true);
            ui.colored_label(theme::TEXT_DIM, format!("{} Default: {default}.", self.about));
        })
    }
}

fn copied() -> Id {
    Id::unique("copied value")
}

/// While a control has the focus, the arrows are its own; Tab goes to the next one.
pub fn keep_arrows(context: &Context, id: Id) {
    let filter = EventFilter { tab: false, horizontal_arrows: true, vertical_arrows: true, escape: false };
    context.memory_mut(|m| m.set_focus_lock_filter(id, filter));
}

/// The ring around the control that the keys go to.
pub fn focus_ring(ui: &Ui, canvas: Canvas, response: &Response, rect: Rect, radius: f32) {
    if response.has_focus() {
        let ring = Stroke::new(canvas.px(2.0), theme::FOCUS);
        ui.painter().rect_stroke(rect.expand(canvas.px(2.0)), canvas.px(radius), ring, StrokeKind::Outside);
    }
}

/// An entry of a menu, marked while it is on; whether it was chosen.
pub fn entry(ui: &mut Ui, canvas: Canvas, text: &str, on: bool) -> bool {
    let size = egui::vec2(ui.available_width(), canvas.px(26.0));
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, canvas.px(4.0), theme::RAISED_HOT);
    }
    if on {
        let at = rect.left_center() + egui::vec2(canvas.px(11.0), 0.0);
        painter.circle_filled(at, canvas.px(3.0), theme::AMBER);
    }
    let at = rect.left_center() + egui::vec2(canvas.px(22.0), 0.0);
    let width = rect.width() / canvas.scale - 28.0;
    canvas.line(painter, (at, egui::Align2::LEFT_CENTER), text, canvas.font(13.0), theme::TEXT, width);
    if response.clicked() {
        ui.close();
    }
    response.clicked()
}
