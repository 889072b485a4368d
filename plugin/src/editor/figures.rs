//! The figures of a parameter, which can be typed.

use super::gesture;
use super::theme::{self, Canvas};
use crate::params::knobs::without_name;
use egui::{Align2, Context, CursorIcon, Id, Key, Rect, Sense, TextEdit, Ui};
use nih_plug::prelude::{FloatParam, Param, ParamPtr, ParamSetter};

/// The value that is being typed. A keyboard types one.
#[derive(Clone)]
struct Typing {
    param: ParamPtr,
    text: String,
    /// The text as it was shown, which may say less than the value has.
    shown: String,
    /// The text is new: the field takes the keys, and all of it is marked.
    fresh: bool,
}

fn memory() -> Id {
    Id::unique("typed figures")
}

/// Lets the player type a parameter's value, where its figures are shown.
pub fn type_value(context: &Context, param: &FloatParam) {
    let shown = param.normalized_value_to_string(param.unmodulated_normalized_value(), false);
    let text = without_name(&shown).trim_start_matches('+').to_owned();
    let typing = Typing { param: param.as_ptr(), shown: text.clone(), text, fresh: true };
    context.data_mut(|d| d.insert_temp(memory(), typing));
}

/// Whether the player types this parameter's value.
pub fn is_typed(context: &Context, param: &FloatParam) -> bool {
    context.data(|d| d.get_temp::<Typing>(memory())).is_some_and(|typing| typing.param == param.as_ptr())
}

/// Shows a parameter's value in `field`, by this name and in this size of the design; a click lets the
/// player type another.
pub fn show(
    ui: &mut Ui,
    canvas: Canvas,
    (name, field, anchor, size): (&str, Rect, Align2, f32),
    param: &FloatParam,
    setter: &ParamSetter,
) {
    let typing = ui.data(|d| d.get_temp::<Typing>(memory())).filter(|t| t.param == param.as_ptr());
    let Some(mut typing) = typing else {
        let sense = Sense::CLICK - Sense::FOCUSABLE;
        let response = ui.interact(field, Id::unique(("figures", name)), sense);
        if response.clicked() {
            type_value(ui.ctx(), param);
        }
        let colour = if response.hovered() { theme::AMBER } else { theme::TEXT };
        let at = anchor.pos_in_rect(&field);
        let shown = param.to_string();
        ui.painter().text(at, anchor, without_name(&shown), canvas.figures(size), colour);
        response.on_hover_cursor(CursorIcon::Text);
        return;
    };
    let id = Id::unique(("typing", name));
    let edit = TextEdit::singleline(&mut typing.text)
        .id(id)
        .font(canvas.figures(size))
        .align(anchor)
        .margin(egui::Margin::ZERO)
        .char_limit(12);
    let response = ui.put(field, edit);
    let over = ui.input(|i| i.key_pressed(Key::Escape));
    if over || (response.lost_focus() && !typing.fresh) {
        ui.data_mut(|d| d.remove::<Typing>(memory()));
        let value = param.string_to_normalized_value(&typing.text.replace(',', "."));
        // Whoever only looked meant no rounding.
        if let Some(value) = value.filter(|_| !over && typing.text != typing.shown) {
            gesture::set_normalised(setter, param, value);
        }
        return;
    }
    if typing.fresh {
        response.request_focus();
        if let Some(mut state) = TextEdit::load_state(ui.ctx(), id) {
            let all = egui::text::CCursorRange::two(
                egui::text::CCursor::default(),
                egui::text::CCursor::new(typing.text.chars().count()),
            );
            state.cursor.set_char_range(Some(all));
            state.store(ui.ctx(), id);
        }
        typing.fresh = false;
    }
    ui.data_mut(|d| d.insert_temp(memory(), typing));
}
