//! The gesture that is open: from the moment the player grabs a parameter until it is let go.
//!
//! A host records nothing else while a gesture is open, so each must end, whatever becomes of the widget: the
//! map closes, a slider makes way, the window is shut.

use crate::params::TonewrightParams;
use egui::{Context, Id};
use nih_plug::prelude::{BoolParam, FloatParam, Param, ParamPtr, ParamSetter};

/// The parameter that is held, and the last pass in which its widget said so. A mouse holds one.
#[derive(Clone, Copy)]
struct Held {
    param: ParamPtr,
    pass: u64,
}

fn memory() -> Id {
    Id::unique("open gesture")
}

/// Begins a gesture.
pub fn begin(context: &Context, setter: &ParamSetter, param: &FloatParam) {
    setter.begin_set_parameter(param);
    let held = Held { param: param.as_ptr(), pass: context.cumulative_pass_nr() };
    context.data_mut(|d| d.insert_temp(memory(), held));
}

/// Whether a parameter's gesture is open. One that was ended for its widget is not, even if the player still
/// drags when the widget comes back.
pub fn is_open(context: &Context, param: &FloatParam) -> bool {
    context.data(|d| d.get_temp::<Held>(memory())).is_some_and(|held| held.param == param.as_ptr())
}

/// Whether any gesture is open: the mouse holds a parameter.
pub fn any_open(context: &Context) -> bool {
    context.data(|d| d.get_temp::<Held>(memory())).is_some()
}

/// Sets a parameter at once, as one gesture: what is switched, stepped or typed. Nothing is said to the host where
/// the value stays.
pub fn set<P: Param>(setter: &ParamSetter, param: &P, value: P::Plain) {
    if value != param.unmodulated_plain_value() {
        set_anyway(setter, param, value);
    }
}

/// [`set`] also where the value stays, for what changes beside it.
pub fn set_anyway<P: Param>(setter: &ParamSetter, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}

/// [`set`] while the window is being closed.
///
/// What the framework sets itself, where the host is not processing, it tells the window of, and panics there: whoever closes
/// the window has borrowed it. It tells nobody of what has its value already.
pub fn set_while_closing(setter: &ParamSetter, param: &BoolParam, value: bool) {
    if value != param.unmodulated_plain_value() {
        // SAFETY: the pointer is that of a reference.
        unsafe { param.as_ptr()._internal_set_normalized_value(param.preview_normalized(value)) };
        set_anyway(setter, param, value);
    }
}

/// [`set`] by a normalised value.
pub fn set_normalised<P: Param>(setter: &ParamSetter, param: &P, value: f32) {
    set(setter, param, param.preview_plain(value.clamp(0.0, 1.0)));
}

/// Goes on with it. A widget that is dragged says so each time it is shown.
pub fn go_on(context: &Context, param: &FloatParam) {
    let pass = context.cumulative_pass_nr();
    if is_open(context, param) {
        context.data_mut(|d| d.insert_temp(memory(), Held { param: param.as_ptr(), pass }));
    }
}

/// Ends the gesture of a parameter, if it is open.
pub fn end(context: &Context, setter: &ParamSetter, param: &FloatParam) {
    if is_open(context, param) {
        context.data_mut(|d| d.remove::<Held>(memory()));
        setter.end_set_parameter(param);
    }
}

/// Ends the gesture whose widget was not shown in this pass, or with `all` whichever is open: after all widgets,
/// and when the window closes.
pub fn end_what_is_left(context: &Context, setter: &ParamSetter, params: &TonewrightParams, all: bool) {
    let Some(held) = context.data(|d| d.get_temp::<Held>(memory())) else { return };
    if all || held.pass != context.cumulative_pass_nr() {
        for param in params.floats().filter(|param| param.as_ptr() == held.param) {
            end(context, setter, param);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::Desk;
    use crate::editor::eq::slider::Slider;
    use crate::editor::tests::Host;
    use crate::editor::theme::Canvas;
    use crate::factory::DEFAULT_SLOT;
    use egui::{Event, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, pos2};
    use nih_plug::context::PluginApi;
    use nih_plug::context::gui::GuiContextInner;
    use nih_plug::plugin::PluginState;
    use parking_lot::Mutex;
    use std::sync::Arc;

    /// A host that is told of one switch.
    struct Told {
        params: Arc<TonewrightParams>,
        calls: Mutex<Vec<(&'static str, bool)>>,
    }

    impl GuiContextInner for Told {
        fn plugin_api(&self) -> PluginApi {
            PluginApi::Vst3
        }
        unsafe fn raw_begin_set_parameter(&self, _: ParamPtr) {
            self.calls.lock().push(("begin", self.params.tuner.on.value()));
        }
        unsafe fn raw_set_parameter_normalized(&self, _: ParamPtr, value: f32) {
            assert_eq!(value, 0.0);
            self.calls.lock().push(("set", self.params.tuner.on.value()));
        }
        unsafe fn raw_end_set_parameter(&self, _: ParamPtr) {
            self.calls.lock().push(("end", self.params.tuner.on.value()));
        }
        fn get_state(&self) -> PluginState {
            unreachable!("nobody asks for the state")
        }
        fn set_state(&self, _: PluginState) {}
        fn request_restart(&self) {}
    }

    #[test]
    fn what_is_set_while_closing_is_set_before_the_host_is_told() {
        let params = Arc::new(TonewrightParams::new(&Arc::new(Desk::new(DEFAULT_SLOT))));
        let switch = &params.tuner.on;
        // SAFETY: the parameter lives as long as the test.
        unsafe { switch.as_ptr()._internal_set_normalized_value(1.0) };
        let host = Told { params: params.clone(), calls: Mutex::default() };
        let setter = ParamSetter { raw_context: &host };
        set_while_closing(&setter, switch, false);
        assert_eq!(*host.calls.lock(), [("begin", false), ("set", false), ("end", false)]);
        host.calls.lock().clear();
        set_while_closing(&setter, switch, false);
        assert_eq!(*host.calls.lock(), []);
    }

    #[test]
    fn a_gesture_ends_with_its_widget_with_escape_and_with_the_window() {
        let params = TonewrightParams::new(&Arc::new(Desk::new(DEFAULT_SLOT)));
        for cut_off in ["gone", "escape", "window", "let go"] {
            let (context, host) = (Context::default(), Host::default());
            let setter = ParamSetter { raw_context: &host };
            let frame = |shown: bool, events: Vec<Event>| {
                let screen = Rect::from_min_max(Pos2::ZERO, pos2(880.0, 500.0));
                let input = RawInput { screen_rect: Some(screen), events, ..RawInput::default() };
                let mut output = context.run_ui(input, |ui| {
                    let canvas = Canvas::fit(ui.clip_rect());
                    if shown {
                        let slider = Slider {
                            name: "s",
                            place: (100.0, 100.0, 500.0),
                            grip: 20.0,
                            detent: false,
                            notch: 0.1,
                        };
                        slider.show(ui, canvas, &params.eq.amount, &setter);
                    }
                    end_what_is_left(ui.ctx(), &setter, &params, false);
                });
                // Nobody paints it.
                output.textures_delta.clear();
            };
            let canvas = Canvas::fit(Rect::from_min_max(Pos2::ZERO, pos2(880.0, 500.0)));
            let moved = |x: f32| Event::PointerMoved(canvas.at(x, 100.0));
            let button = |x: f32, pressed: bool| Event::PointerButton {
                pos: canvas.at(x, 100.0),
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            };
            frame(true, vec![moved(300.0)]);
            frame(true, vec![button(300.0, true)]);
            frame(true, vec![moved(340.0)]);
            frame(true, vec![moved(380.0)]);
            frame(true, Vec::new());
            assert_eq!(host.open(), 1, "the drag goes on, though the pointer rests");
            match cut_off {
                "gone" => frame(false, Vec::new()),
                "escape" => frame(
                    true,
                    vec![Event::Key {
                        key: Key::Escape,
                        physical_key: None,
                        pressed: true,
                        repeat: false,
                        modifiers: Modifiers::NONE,
                    }],
                ),
                "window" => end_what_is_left(&context, &setter, &params, true),
                _ => frame(true, vec![button(380.0, false)]),
            }
            assert_eq!(host.open(), 0, "{cut_off}");
            frame(true, vec![button(380.0, false)]);
            assert_eq!(host.open(), 0, "{cut_off}");
        }
    }
}
