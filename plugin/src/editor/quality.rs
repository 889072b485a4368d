//! The quality of a model that has several sizes: a slider with a notch where each size begins.

use super::control::{self, Notch, Turned};
use super::eq::slider;
use super::figures;
use super::gesture;
use super::keys;
use super::theme::{self, Canvas};
use crate::amp::Sizes;
use egui::{Align2, CursorIcon, Id, Key, Rect, Sense, Stroke, Ui, vec2};
use nih_plug::prelude::{FloatParam, Param, ParamSetter};

/// Length of the groove, in the design.
const LENGTH: f32 = 132.0;

/// Width of the grip, in the design.
const GRIP: f32 = 9.0;

/// Points a notch of the wheel scrolls.
const WHEEL_POINTS: f32 = 40.0;

/// Shows the slider from `(x, y)`, a left end and a middle in the design, and lets the player move it: click, drag,
/// with shift by little, the wheel and the arrows from size to size, double-click for the largest.
pub fn show(
    ui: &mut Ui,
    canvas: Canvas,
    (left, y): (f32, f32),
    param: &FloatParam,
    setter: &ParamSetter,
    sizes: &Sizes,
) {
    let (from, to) = (left + 78.0, left + 78.0 + LENGTH);
    let groove = Rect::from_min_max(canvas.at(from, y - 4.0), canvas.at(to, y + 4.0));
    let area = groove.expand2(vec2(canvas.px(8.0), canvas.px(8.0)));
    let response = ui.interact(area, Id::unique("quality"), Sense::click_and_drag());
    let response = response.on_hover_cursor(CursorIcon::ResizeHorizontal);
    let step = |steps: f32| {
        let wanted = (sizes.chosen as f32 + steps).clamp(0.0, (sizes.count - 1) as f32);
        gesture::set(setter, param, middle(sizes, wanted as usize));
    };
    if response.has_focus() && !gesture::any_open(ui.ctx()) {
        control::keep_arrows(ui.ctx(), response.id);
        let presses = |key| ui.input(|i| i.num_presses(key)) as f32;
        let up = presses(Key::ArrowUp) + presses(Key::ArrowRight);
        let steps = up - presses(Key::ArrowDown) - presses(Key::ArrowLeft);
        if steps != 0.0 {
            step(steps);
        }
    }
    if response.double_clicked() {
        gesture::set(setter, param, param.default_plain_value());
    } else {
        slider::drag(ui, &response, (groove, canvas.px(GRIP)), param, setter, |value| value);
    }
    if response.hovered() && !response.dragged() {
        let memory = response.id.with("wheel");
        let scrolled = ui.input(|i| i.smooth_scroll_delta().y + i.smooth_scroll_delta().x) / WHEEL_POINTS;
        let sum = ui.data(|d| d.get_temp::<f32>(memory)).unwrap_or(0.0) + scrolled;
        let steps = sum.round();
        ui.data_mut(|d| d.insert_temp(memory, sum - steps));
        if steps != 0.0 {
            step(steps);
        }
    }
    draw(ui, canvas, (left, y), groove, param, sizes, response.hovered() || response.dragged());
    let field = Rect::from_min_max(canvas.at(left + 222.0, y - 9.0), canvas.at(left + 268.0, y + 9.0));
    figures::show(ui, canvas, (param.name(), field, Align2::RIGHT_CENTER, 12.0), param, setter);
    control::focus_ring(ui, canvas, &response, area, 5.0);
    let about = "Smaller sizes of the model take less of the processor and are less exact.";
    Turned { param, notch: Notch::Share(0.05), about }.menu(canvas, &response, setter);
    response.on_hover_ui(|ui| keys::hint(ui, canvas, param, about));
}

fn draw(
    ui: &Ui,
    canvas: Canvas,
    (left, y): (f32, f32),
    groove: Rect,
    param: &FloatParam,
    sizes: &Sizes,
    hot: bool,
) {
    let painter = ui.painter();
    let at = canvas.at(left, y);
    canvas.label(painter, at, Align2::LEFT_CENTER, "Quality", 10.5, theme::TEXT_FAINT);
    canvas.inset(painter, groove, 3.0);
    let x = |value: f32| groove.left() + value * groove.width();
    let value = param.unmodulated_plain_value();
    let lit = groove.with_max_x(x(value));
    painter.rect_filled(lit, canvas.px(3.0), theme::AMBER_DEEP.gamma_multiply(0.8));
    for &notch in sizes.notches.iter().filter(|&&notch| notch > 0.0 && notch < 1.0) {
        let mark = Stroke::new(canvas.px(1.4), theme::TEXT_DIM);
        painter.vline(x(notch as f32), groove.expand(canvas.px(2.5)).y_range(), mark);
    }
    let grip = Rect::from_center_size(
        egui::pos2(x(value), groove.center().y),
        vec2(canvas.px(GRIP), canvas.px(18.0)),
    );
    painter.rect_filled(grip.expand(canvas.px(1.5)), canvas.px(4.0), theme::EDGE_DARK);
    let (top, bottom) =
        (egui::Color32::from_rgb(0x6b, 0x61, 0x57), egui::Color32::from_rgb(0x35, 0x30, 0x2b));
    theme::vertical(painter, grip, top, bottom);
    let pointer = if hot { theme::AMBER } else { theme::TEXT };
    painter.vline(
        grip.center().x,
        grip.shrink(canvas.px(3.0)).y_range(),
        Stroke::new(canvas.px(1.5), pointer),
    );

    let size = format!("{} of {}", sizes.chosen + 1, sizes.count);
    let at = canvas.at(left + 280.0, y);
    painter.text(at, Align2::LEFT_CENTER, size, canvas.font(12.0), theme::TEXT_DIM);
}

/// The middle of the qualities that choose a size.
fn middle(sizes: &Sizes, size: usize) -> f32 {
    let from = size.checked_sub(1).map_or(0.0, |before| sizes.notches[before]);
    let to = sizes.notches.get(size).copied().unwrap_or(1.0);
    (0.5 * (from + to)).clamp(0.0, 1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::{Desk, Quality};
    use crate::editor::tests::Host;
    use crate::factory::DEFAULT_SLOT;
    use crate::params::TonewrightParams;
    use egui::{Context, Event, Modifiers, PointerButton, Pos2, RawInput};
    use std::sync::Arc;

    #[test]
    fn the_wheel_goes_to_the_middle_of_a_size() {
        let sizes = |notches: &[f64]| Sizes {
            count: notches.len() + 1,
            chosen: 0,
            qualities: [Quality::LEAST, Quality::FULL],
            notches: notches.to_vec(),
        };
        let three = sizes(&[0.25, 0.75]);
        assert_eq!([0, 1, 2].map(|size| middle(&three, size)), [0.125, 0.5, 0.875]);
        assert_eq!(middle(&sizes(&[]), 0), 0.5);
        // A file may have sizes that no quality reaches.
        assert_eq!([0, 1].map(|size| middle(&sizes(&[3.0]), size)), [1.0, 1.0]);
    }

    #[test]
    fn shift_moves_the_quality_by_little() {
        let params = TonewrightParams::new(&Arc::new(Desk::new(DEFAULT_SLOT)));
        let sizes =
            Sizes { count: 2, chosen: 1, qualities: [Quality::LEAST, Quality::FULL], notches: vec![0.5] };
        let screen = Rect::from_min_size(Pos2::ZERO, theme::DESIGN);
        let canvas = Canvas::fit(screen);
        // From the grip at the right end, by a fifth of the groove to the left.
        let places = [210.0, 205.0, 195.0, 183.6].map(|x| canvas.at(x, 100.0));
        let [plain, fine] = [Modifiers::NONE, Modifiers::SHIFT].map(|modifiers| {
            let (context, host) = (Context::default(), Host::default());
            let setter = ParamSetter { raw_context: &host };
            gesture::set(&setter, &params.quality, 1.0);
            let frame = |events: Vec<Event>| {
                let input = RawInput { screen_rect: Some(screen), events, ..RawInput::default() };
                let show = |ui: &mut Ui| show(ui, canvas, (0.0, 100.0), &params.quality, &setter, &sizes);
                // Nobody paints it.
                context.run_ui(input, show).textures_delta.clear();
            };
            let button = |pos: Pos2, pressed: bool| {
                vec![Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers }]
            };
            frame(vec![Event::ModifiersChanged(modifiers), Event::PointerMoved(places[0])]);
            frame(button(places[0], true));
            places[1..].iter().for_each(|&place| frame(vec![Event::PointerMoved(place)]));
            frame(button(places[3], false));
            assert_eq!(host.open(), 0);
            1.0 - params.quality.value()
        });
        assert!((plain - 0.2).abs() < 2e-3 && (fine - 0.02).abs() < 2e-3, "{plain} and {fine}");
    }
}
