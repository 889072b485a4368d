//! Sliders and keys of the equaliser's page.

use crate::editor::control::{Notch, Turned, focus_ring, keep_arrows};
use crate::editor::figures;
use crate::editor::theme::{self, Canvas};
use crate::editor::{gesture, keys};
use egui::{
    Color32, CursorIcon, Id, Key, Painter, PointerButton, Rect, Response, Sense, Stroke, Ui, pos2, vec2,
};
use nih_plug::prelude::{FloatParam, Param, ParamSetter};

/// Points a notch of the wheel scrolls.
const NOTCH_POINTS: f32 = 40.0;

/// How much slower everything moves with shift.
const FINE: f32 = 0.1;

/// How far the default holds the grip, in logical pixels.
const DETENT: f32 = 5.0;

/// Size of the lettering of the page's keys, in the design.
pub const LETTERS: f32 = 9.0;

/// A slider across.
pub struct Slider<'a> {
    /// What it is called, among all sliders.
    pub name: &'a str,
    /// Left end, middle and right end of the groove, in the design.
    pub place: (f32, f32, f32),
    /// Height of the grip, in the design.
    pub grip: f32,
    /// The default is easy to hit, and the groove is lit from there.
    pub detent: bool,
    /// What a notch of the wheel moves, as a share of the whole.
    pub notch: f32,
}

impl Slider<'_> {
    /// Shows the slider and lets the player move it: click, drag, shift for fine steps, wheel,
    /// double-click for the default.
    pub fn show(&self, ui: &Ui, canvas: Canvas, param: &FloatParam, setter: &ParamSetter) -> Response {
        let (left, y, right) = self.place;
        let groove = Rect::from_min_max(canvas.at(left, y - 3.0), canvas.at(right, y + 3.0));
        let area = groove.expand2(vec2(canvas.px(8.0), canvas.px(self.grip / 2.0)));
        let response = ui.interact(area, Id::unique(("slider", self.name)), Sense::click_and_drag());
        let response = response.on_hover_cursor(CursorIcon::ResizeHorizontal);
        self.movement(ui, canvas, &response, groove, param, setter);
        let turned = Turned { param, notch: Notch::Share(self.notch), about: "" };
        turned.menu(canvas, &response, setter);
        focus_ring(ui, canvas, &response, area, 4.0);
        let hot = response.hovered() || response.dragged();
        self.draw(ui.painter(), canvas, groove, param, hot);
        response
    }

    fn movement(
        &self,
        ui: &Ui,
        canvas: Canvas,
        response: &Response,
        groove: Rect,
        param: &FloatParam,
        setter: &ParamSetter,
    ) {
        let fine = if ui.input(|i| i.modifiers.shift) { FINE } else { 1.0 };
        let default = param.default_normalized_value();
        let held = |value: f32| {
            let near = self.detent && (value - default).abs() * groove.width() < DETENT;
            if near && fine == 1.0 { default } else { value }
        };
        if response.double_clicked() {
            set(setter, param, default);
            return;
        }
        if response.has_focus() && !gesture::any_open(ui.ctx()) {
            self.keys(ui, response.id, param, setter, fine);
        }
        drag(ui, response, (groove, canvas.px(self.grip)), param, setter, held);
        if response.hovered() && !response.dragged_by(PointerButton::Primary) {
            let notches = wheel(ui, response.id);
            if notches != 0.0 {
                let value = param.unmodulated_normalized_value() + notches * self.notch * fine;
                set(setter, param, value.clamp(0.0, 1.0));
            }
        }
    }

    fn keys(&self, ui: &Ui, widget: Id, param: &FloatParam, setter: &ParamSetter, fine: f32) {
        keep_arrows(ui.ctx(), widget);
        let presses = |key: Key| ui.input(|i| i.num_presses(key)) as f32;
        let arrows = presses(Key::ArrowRight) + presses(Key::ArrowUp)
            - presses(Key::ArrowLeft)
            - presses(Key::ArrowDown);
        let notches = fine * arrows + 6.0 * (presses(Key::PageUp) - presses(Key::PageDown));
        if notches != 0.0 {
            set(setter, param, (param.unmodulated_normalized_value() + notches * self.notch).clamp(0.0, 1.0));
        }
        if presses(Key::Enter) > 0.0 {
            figures::type_value(ui.ctx(), param);
        }
        let ends = [(Key::Home, 0.0), (Key::End, 1.0), (Key::Delete, param.default_normalized_value())];
        for (_, value) in ends.into_iter().filter(|(key, _)| presses(*key) > 0.0) {
            set(setter, param, value);
        }
    }

    fn draw(&self, painter: &Painter, canvas: Canvas, groove: Rect, param: &FloatParam, hot: bool) {
        canvas.inset(painter, groove, 3.0);
        let x = |value: f32| groove.left() + value * groove.width();
        let value = param.unmodulated_normalized_value();
        let from = if self.detent { param.default_normalized_value() } else { 0.0 };
        let (low, high) = (x(from.min(value)), x(from.max(value)));
        let lit = Rect::from_x_y_ranges(low..=high, groove.y_range());
        painter.rect_filled(lit, canvas.px(3.0), theme::AMBER_DEEP);
        if self.detent {
            let tall = canvas.px(self.grip * 0.36);
            let mark = Stroke::new(canvas.px(1.4), theme::TEXT_DIM);
            painter.vline(x(from), groove.expand(tall - groove.height() / 2.0).y_range(), mark);
        }
        let size = vec2(canvas.px((self.grip * 0.5).max(9.0)), canvas.px(self.grip));
        grip(painter, canvas, Rect::from_center_size(pos2(x(value), groove.center().y), size), hot);
    }
}

/// Moves the grip of a slider across, that wide and on this groove, to where the player clicks and along with the
/// pointer; with shift by little. `held` says where a normalised value comes to rest.
pub fn drag(
    ui: &Ui,
    response: &Response,
    (groove, grip): (Rect, f32),
    param: &FloatParam,
    setter: &ParamSetter,
    held: impl Fn(f32) -> f32,
) {
    let fine = if ui.input(|i| i.modifiers.shift) { FINE } else { 1.0 };
    let share = |x: f32| (x - groove.left()) / groove.width();
    if response.clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        set(setter, param, held(share(at.x).clamp(0.0, 1.0)));
    }
    // From place to place of the pointer, so that neither what it moved before that counted as a drag
    // nor what it moved in the frame it let go is lost.
    let memory = response.id.with("exact");
    if response.drag_started_by(PointerButton::Primary) {
        gesture::begin(ui.ctx(), setter, param);
        let now = param.unmodulated_normalized_value();
        let origin = ui.input(|i| i.pointer.press_origin());
        let from = origin.map_or(now, |at| share(at.x).clamp(0.0, 1.0));
        // A drag that begins beside the grip brings the grip there.
        let on_grip = (from - now).abs() * groove.width() < grip / 2.0;
        let exact = if on_grip || fine < 1.0 { now } else { from };
        ui.data_mut(|d| d.insert_temp(memory, (exact, from)));
    }
    let moves =
        response.dragged_by(PointerButton::Primary) || response.drag_stopped_by(PointerButton::Primary);
    if moves
        && gesture::is_open(ui.ctx(), param)
        && let Some(place) = ui.input(|i| i.pointer.latest_pos()).map(|at| share(at.x))
        && let Some((exact, last)) = ui.data(|d| d.get_temp::<(f32, f32)>(memory))
    {
        let exact = exact + fine * (place - last);
        ui.data_mut(|d| d.insert_temp(memory, (exact, place)));
        let value = held(exact.clamp(0.0, 1.0));
        if value != param.unmodulated_normalized_value() {
            setter.set_parameter_normalized(param, value);
        }
    }
    if response.dragged_by(PointerButton::Primary) {
        gesture::go_on(ui.ctx(), param);
    }
    if response.drag_stopped_by(PointerButton::Primary) {
        gesture::end(ui.ctx(), setter, param);
    }
}

/// Notches that the wheel moved by over a widget; smooth scrolling comes in fractions of them.
pub fn wheel(ui: &Ui, widget: Id) -> f32 {
    let scrolled = ui.input(|i| i.smooth_scroll_delta().y + i.smooth_scroll_delta().x) / NOTCH_POINTS;
    let memory = widget.with("wheel");
    let sum = ui.data(|d| d.get_temp::<f32>(memory)).unwrap_or(0.0) + scrolled;
    let steps = (sum * 4.0).round() / 4.0;
    ui.data_mut(|d| d.insert_temp(memory, sum - steps));
    steps
}

fn grip(painter: &Painter, canvas: Canvas, rect: Rect, hot: bool) {
    painter.rect_filled(rect.expand(canvas.px(1.5)), canvas.px(4.0), theme::EDGE_DARK);
    theme::vertical(painter, rect, Color32::from_rgb(0x6b, 0x61, 0x57), Color32::from_rgb(0x35, 0x30, 0x2b));
    let pointer = Stroke::new(canvas.px(1.5), if hot { theme::AMBER } else { theme::TEXT });
    painter.vline(rect.center().x, rect.shrink(canvas.px(3.0)).y_range(), pointer);
}

/// Sets a parameter to a normalised value, as one gesture for the host.
fn set(setter: &ParamSetter, param: &FloatParam, normalised: f32) {
    setter.begin_set_parameter(param);
    setter.set_parameter_normalized(param, normalised);
    setter.end_set_parameter(param);
}

/// A key that is lit while it is on.
pub fn key(ui: &Ui, canvas: Canvas, rect: Rect, name: &str, text: &str, on: bool) -> Response {
    keys::key(ui, canvas, rect, name, (text, LETTERS), on)
}

/// Veils a key that can do nothing now.
pub fn veil(ui: &Ui, canvas: Canvas, rect: Rect) {
    let shade = theme::BACK.gamma_multiply(0.62);
    ui.painter().rect_filled(rect.expand(canvas.px(0.5)), canvas.px(5.0), shade);
}
