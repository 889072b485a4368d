//! What the player's hand does, told apart from what a host automates.

use super::{Dials, Sound};
use nih_plug::context::PluginApi;
use nih_plug::context::gui::{GuiContext, GuiContextInner};
use nih_plug::prelude::{ParamPtr, PluginState};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest a host may take to take a value over. After it, what the parameter says is believed.
const TAKEN_OVER: Duration = Duration::from_millis(1500);

/// A parameter that the player moved, from the moment it was grabbed until it was let go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edit {
    /// Its place among the [`Dials`].
    pub at: usize,
    /// The value it had.
    pub before: f32,
    /// The value it has.
    pub after: f32,
}

/// Notes what goes through the window's [`GuiContext`]: only what the player does passes there.
pub struct Edits {
    dials: Arc<Dials>,
    noted: Mutex<Noted>,
    /// Longest a host may take to take a value over.
    patience: Duration,
}

#[derive(Default)]
struct Noted {
    /// Gestures that are open.
    open: Vec<Edit>,
    /// Those that ended.
    done: Vec<Edit>,
    /// Values that a host was told and the parameters may not say yet.
    told: Vec<(usize, f32, Instant)>,
    /// What is set now is no edit.
    quiet: bool,
}

impl Edits {
    /// Nothing was done yet.
    pub fn new(dials: Arc<Dials>) -> Arc<Self> {
        Self::with_patience(dials, TAKEN_OVER)
    }

    /// The same with a host that may take so long to take a value over.
    pub(super) fn with_patience(dials: Arc<Dials>, patience: Duration) -> Arc<Self> {
        Arc::new(Self { dials, noted: Mutex::default(), patience })
    }

    /// A context for the window that passes everything on and notes it here.
    pub fn watch(self: &Arc<Self>, gui: GuiContext) -> GuiContext {
        GuiContext::new(Arc::new(Watch { gui, edits: self.clone() }))
    }

    /// What was done since the last call.
    pub fn take(&self) -> Vec<Edit> {
        std::mem::take(&mut self.noted.lock().done)
    }

    /// Whether the player holds a parameter.
    pub fn is_held(&self) -> bool {
        !self.noted.lock().open.is_empty()
    }

    /// Whether the host has taken over all it was told, or had long enough to.
    pub fn is_taken_over(&self) -> bool {
        let told = &mut self.noted.lock().told;
        told.retain(|(at, value, when)| self.dials.value(*at) != *value && when.elapsed() < self.patience);
        told.is_empty()
    }

    /// Does something whose changes are noted as no edits.
    pub fn quietly(&self, act: impl FnOnce()) {
        self.noted.lock().quiet = true;
        act();
        self.noted.lock().quiet = false;
    }

    /// The sound as it will be when the host has taken over all it was told.
    pub fn now(&self) -> Sound {
        let mut sound = Sound::of(&self.dials);
        let told = &mut self.noted.lock().told;
        told.retain(|(at, value, when)| sound.values[*at] != *value && when.elapsed() < self.patience);
        told.iter().for_each(|(at, value, _)| sound.values[*at] = *value);
        sound
    }

    fn begin(&self, param: ParamPtr) {
        let Some(at) = self.dials.place_of(param) else { return };
        let mut noted = self.noted.lock();
        let told = noted.told.iter().find(|told| told.0 == at).map(|told| told.1);
        let before = told.unwrap_or_else(|| self.dials.value(at));
        noted.open.retain(|edit| edit.at != at);
        noted.open.push(Edit { at, before, after: before });
    }

    fn set(&self, param: ParamPtr, value: f32) {
        let Some(at) = self.dials.place_of(param) else { return };
        // What lies between the steps of a parameter is not what it will say.
        let value = self.dials.nearest(at, value);
        let mut noted = self.noted.lock();
        noted.told.retain(|told| told.0 != at);
        noted.told.push((at, value, Instant::now()));
        noted.open.iter_mut().filter(|edit| edit.at == at).for_each(|edit| edit.after = value);
    }

    fn end(&self, param: ParamPtr) {
        let Some(at) = self.dials.place_of(param) else { return };
        let mut noted = self.noted.lock();
        if let Some(place) = noted.open.iter().position(|edit| edit.at == at) {
            let edit = noted.open.remove(place);
            if !noted.quiet {
                noted.done.push(edit);
            }
        }
    }
}

/// The window's context, looked at on the way.
struct Watch {
    gui: GuiContext,
    edits: Arc<Edits>,
}

impl GuiContextInner for Watch {
    fn plugin_api(&self) -> PluginApi {
        self.gui.plugin_api()
    }

    unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
        self.edits.begin(param);
        // SAFETY: the caller's promise is passed on.
        unsafe { self.gui.raw_begin_set_parameter(param) };
    }

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        self.edits.set(param, normalized);
        // SAFETY: as above.
        unsafe { self.gui.raw_set_parameter_normalized(param, normalized) };
    }

    unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
        self.edits.end(param);
        // SAFETY: as above.
        unsafe { self.gui.raw_end_set_parameter(param) };
    }

    fn get_state(&self) -> PluginState {
        self.gui.get_state()
    }

    fn set_state(&self, state: PluginState) {
        self.gui.set_state(state);
    }

    fn request_restart(&self) {
        self.gui.request_restart();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::amp::Desk;
    use crate::factory::DEFAULT_SLOT;
    use nih_plug::prelude::Param;

    /// A host that takes values over at once, or when it is asked to.
    #[derive(Default)]
    pub struct Host {
        pub late: bool,
        pub waiting: Mutex<Vec<(ParamPtr, f32)>>,
    }

    impl Host {
        pub fn take_over(&self) {
            for (param, value) in self.waiting.lock().drain(..) {
                // SAFETY: the tests' parameters outlive their host.
                unsafe { param._internal_set_normalized_value(value) };
            }
        }
    }

    pub struct Shared(pub Arc<Host>);

    impl GuiContextInner for Shared {
        fn plugin_api(&self) -> PluginApi {
            PluginApi::Clap
        }

        unsafe fn raw_begin_set_parameter(&self, _: ParamPtr) {}

        unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, value: f32) {
            self.0.waiting.lock().push((param, value));
            if !self.0.late {
                self.0.take_over();
            }
        }

        unsafe fn raw_end_set_parameter(&self, _: ParamPtr) {}

        fn get_state(&self) -> PluginState {
            unreachable!("nobody asks for the state")
        }

        fn set_state(&self, _: PluginState) {}

        fn request_restart(&self) {}
    }

    /// Dials, edits and a window's context on a host.
    pub fn window(late: bool) -> (Arc<Dials>, Arc<Edits>, GuiContext, Arc<Host>) {
        let dials = Arc::new(Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT))));
        let host = Arc::new(Host { late, ..Host::default() });
        let edits = Edits::with_patience(dials.clone(), Duration::MAX);
        let gui = edits.watch(GuiContext::new(Arc::new(Shared(host.clone()))));
        (dials, edits, gui, host)
    }

    #[test]
    fn only_what_goes_through_the_window_is_an_edit() {
        let (dials, edits, gui, host) = window(true);
        let (setter, mid) = (gui.param_setter(), dials.place("tone_mid").unwrap());
        let param = &dials.params().tone.mid;
        dials.set(mid, 0.25);
        assert_eq!(edits.take(), []);
        let usual = param.preview_normalized(6.0);
        setter.begin_set_parameter(param);
        setter.set_parameter(param, 2.0);
        setter.set_parameter(param, 6.0);
        assert!(edits.is_held() && edits.take().is_empty());
        setter.end_set_parameter(param);
        let done = edits.take();
        assert!(!edits.is_held() && done.len() == 1);
        assert!(
            done[0].at == mid && (done[0].before - 0.25).abs() < 1e-3 && (done[0].after - usual).abs() < 1e-6
        );
        assert_ne!(dials.value(mid), done[0].after, "the host takes its time");
        assert_eq!(edits.now().values[mid], done[0].after);
        host.take_over();
        assert_eq!(edits.now(), Sound::of(&dials));
        edits.quietly(|| dials.tell(mid, 0.0, &setter));
        assert!(edits.take().is_empty());
        setter.begin_set_parameter(&dials.params().bypass);
        setter.set_parameter(&dials.params().bypass, true);
        setter.end_set_parameter(&dials.params().bypass);
        assert!(edits.take().is_empty(), "no sound");
    }
}
