//! The figures of a parameter, which can be typed.

use super::theme::{self, Canvas};
use egui::{Align2, CursorIcon, Id, Key, Rect, Sense, TextEdit, Ui};
use nih_plug::prelude::{FloatParam, Param, ParamSetter};

/// A value that is being typed.
#[derive(Debug, Default)]
pub struct Typing {
    text: Option<String>,
}

/// Shows a parameter's value in `field`, by this name and in this size of the design; a click lets the
/// player type another.
pub fn show(
    ui: &mut Ui,
    canvas: Canvas,
    (name, field, anchor, size): (&str, Rect, Align2, f32),
    param: &FloatParam,
    setter: &ParamSetter,
    typing: &mut Typing,
) {
    let Some(mut text) = typing.text.take() else {
        let response = ui.interact(field, Id::unique(("figures", name)), Sense::click());
        if response.clicked() {
            let shown = param.normalized_value_to_string(param.unmodulated_normalized_value(), false);
            typing.text = Some(shown.trim_start_matches('+').to_owned());
        }
        let colour = if response.hovered() { theme::AMBER } else { theme::TEXT };
        let at = anchor.pos_in_rect(&field);
        ui.painter().text(at, anchor, param.to_string(), canvas.figures(size), colour);
        response.on_hover_cursor(CursorIcon::Text);
        return;
    };
    let edit = TextEdit::singleline(&mut text)
        .id(Id::unique(("typing", name)))
        .font(canvas.figures(size))
        .align(anchor)
        .char_limit(12);
    let response = ui.put(field, edit);
    if ui.input(|i| i.key_pressed(Key::Escape)) {
        return;
    }
    if response.lost_focus() {
        if let Some(value) = param.string_to_normalized_value(&text.replace(',', ".")) {
            setter.begin_set_parameter(param);
            setter.set_parameter_normalized(param, value);
            setter.end_set_parameter(param);
        }
        return;
    }
    response.request_focus();
    typing.text = Some(text);
}
