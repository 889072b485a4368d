//! The window as the framework opens and closes it.
//!
//! Two things are added to the framework's own: whoever closes a window goes on when its thread has ended, and the
//! [`App`] is told. A host may unload the plugin right after, and a thread that still tidies up would then run in
//! what is gone.

use super::App;
use crate::library::pin_module;
use nih_plug::context::gui::GuiContext;
use nih_plug::editor::dpi::NativeSize;
use nih_plug::editor::{
    Editor, EditorHandle, HostMethods, Modifiers, ParentWindowHandle, ResizeHint, SpawnedEditor,
    VirtualKeyCode,
};
use nih_plug::plugin::TrackInfo;
use nih_plug_egui::{
    EguiEditor, EguiEditorHandle, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier,
    baseview, create_egui_editor,
};
use parking_lot::Mutex;
use std::cell::RefCell;
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::ThreadId;
use std::time::Duration;

/// Longest time that closing waits for a window's thread to tidy up after its last frame, which may hang in a driver: a host must not
/// hang along. (For one that hangs within a frame the framework itself waits, however long.)
const LONGEST: Duration = Duration::from_secs(5);

type Inner = EguiEditor<Shared>;

/// Never sends: that it is gone is what it says.
type Life = Sender<Infallible>;

thread_local! {
    // Dropped when the thread of a window ends, after all that the thread owned.
    static LIFE: RefCell<Option<Life>> = const { RefCell::new(None) };
}

/// The framework's editor, whose windows are closed in full.
pub struct TonewrightEditor {
    inner: Inner,
    app: Arc<Mutex<App>>,
    /// What the thread of the next window takes, and the thread that opens it.
    birth: Arc<Mutex<Option<(ThreadId, Life)>>>,
}

impl TonewrightEditor {
    pub(super) fn new(
        state: Arc<EguiEditorState>,
        notifier: RepaintNotifier,
        settings: EguiNiceSettings,
        app: App,
    ) -> Option<Self> {
        let (app, birth) = (Arc::new(Mutex::new(app)), Arc::default());
        let shared = Shared { app: Arc::clone(&app), birth: Arc::clone(&birth) };
        let inner = create_egui_editor(state, notifier, settings, shared)?;
        Some(Self { inner, app, birth })
    }
}

impl Editor for TonewrightEditor {
    type Handle = Handle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Handle>, Box<dyn Error>> {
        let (birth, life) = channel();
        let end = End { life, app: Arc::clone(&self.app) };
        *self.birth.lock() = Some((std::thread::current().id(), birth));
        let spawned = self.inner.spawn(parent, wait_for_parent, fallback_scale_factor, gui, host);
        // Where it did not come to that.
        *self.birth.lock() = None;
        let spawned = spawned?;
        let window = Window { inner: spawned.window, end };
        Ok(SpawnedEditor { handle: Handle(spawned.handle), window })
    }

    fn size(&self) -> NativeSize<u32> {
        self.inner.size()
    }

    fn resize_hint(&self) -> ResizeHint {
        self.inner.resize_hint()
    }

    fn track_info_updated(&self, info: TrackInfo) {
        self.inner.track_info_updated(info);
    }

    unsafe fn assume_standalone_in_process(&self) {
        // SAFETY: what is asked of the caller is the same.
        unsafe { self.inner.assume_standalone_in_process() }
    }
}

/// The [`App`], which outlives its windows.
struct Shared {
    app: Arc<Mutex<App>>,
    birth: Arc<Mutex<Option<(ThreadId, Life)>>>,
}

impl NiceEguiApp for Shared {
    fn build(
        &mut self,
        context: egui::Context,
        gui: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), baseview::HandlerError> {
        if let Some((opener, life)) = self.birth.lock().take() {
            // Some platforms have no thread for windows, and there is nothing to wait for.
            if opener != std::thread::current().id() {
                LIFE.set(Some(life));
            }
        }
        self.app.lock().build(context, gui, frame)
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        self.app.lock().ui(ui, frame);
    }

    fn resized(&mut self, size: baseview::WindowSize) {
        self.app.lock().resized(size);
    }
}

/// A window that is open. The order counts: it is closed first, and its end awaited then.
pub struct Window {
    inner: baseview::Window,
    end: End,
}

/// Waits, once dropped, for the end of a window's thread.
struct End {
    life: Receiver<Infallible>,
    app: Arc<Mutex<App>>,
}

impl Drop for End {
    fn drop(&mut self) {
        // baseview joins the thread only if that answers one last request, which it may be too late for.
        match self.life.recv_timeout(LONGEST) {
            Err(RecvTimeoutError::Disconnected) => self.app.lock().editor_closed(),
            Err(RecvTimeoutError::Timeout) => {
                pin_module();
                nih_plug::nice_error!("The window's thread does not end");
            }
        }
    }
}

/// What a host does to a window.
pub struct Handle(EguiEditorHandle);

impl EditorHandle for Handle {
    type Window = Window;
    type Error = baseview::Error;

    fn run_until_closed(window: Window) -> Result<(), Self::Error> {
        let Window { inner, end: _end } = window;
        EguiEditorHandle::run_until_closed(inner)
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &Window) -> Result<(), Self::Error> {
        self.0.set_parent(parent, &window.inner)
    }

    fn show(&self, window: &Window) -> Result<(), Self::Error> {
        self.0.show(&window.inner)
    }

    fn hide(&self, window: &Window) -> Result<(), Self::Error> {
        self.0.hide(&window.inner)
    }

    fn set_size(&self, size: NativeSize<u32>, window: &Window) -> Result<(), Self::Error> {
        self.0.set_size(size, &window.inner)
    }

    fn host_main_thread_callback(&self, window: &Window) {
        self.0.host_main_thread_callback(&window.inner);
    }

    fn adjust_size(&self, size: NativeSize<u32>, window: &Window) -> Option<NativeSize<u32>> {
        self.0.adjust_size(size, &window.inner)
    }

    fn set_fallback_scale_factor(&self, scale: f64, window: &Window) -> Result<(), Self::Error> {
        self.0.set_fallback_scale_factor(scale, &window.inner)
    }

    fn on_virtual_key_from_host(&self, key: VirtualKeyCode, is_down: bool, modifiers: Modifiers) -> bool {
        self.0.on_virtual_key_from_host(key, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.0.state_changed();
    }

    fn param_value_changed(&self, id: &str, normalized_value: f32) {
        self.0.param_value_changed(id, normalized_value);
    }

    fn param_modulation_changed(&self, id: &str, modulation_offset: f32) {
        self.0.param_modulation_changed(id, modulation_offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_life_ends_after_all_that_its_thread_owned() {
        struct Slow(Arc<AtomicBool>);
        impl Drop for Slow {
            fn drop(&mut self) {
                std::thread::sleep(Duration::from_millis(50));
                self.0.store(true, Ordering::Release);
            }
        }
        let (birth, life) = channel();
        let is_gone = Arc::new(AtomicBool::new(false));
        let owned = Slow(Arc::clone(&is_gone));
        let thread = std::thread::spawn(move || {
            LIFE.set(Some(birth));
            drop(owned);
        });
        assert_eq!(life.recv_timeout(LONGEST), Err(RecvTimeoutError::Disconnected));
        assert!(is_gone.load(Ordering::Acquire));
        assert!(thread.join().is_ok());
    }
}
