//! The window.

mod browser;
mod display;
mod eq;
mod figures;
mod gesture;
mod knob;
mod meter;
mod quality;
mod strips;
mod theme;

use crate::amp::{Desk, EqView, Status, StatusReader, Telemetry};
use crate::factory::{OWN_FILE_SLOT, neighbour};
use crate::params::{Page, TonewrightParams};
use browser::{Browser, Choice};
use display::Wanted;
use eq::EqPage;
use figures::Typing;
use knob::Knob;
use meter::Meter;
use nih_plug::context::gui::GuiContext;
use nih_plug::editor::dpi::LogicalSize;
use nih_plug::prelude::{ParamSetter, ResizeHint};
use nih_plug_egui::resizable_window::ResizableWindow;
use nih_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, baseview,
    create_egui_editor,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use strips::Load;

/// The framework's handle of the window.
pub type TonewrightEditor = EguiEditor<App>;

/// Time between frames while the meters move.
const FRAME: Duration = Duration::from_millis(20);

/// How long a window says that a model was muted, after it last was, in seconds.
const MUTED_SECONDS: f32 = 3.0;

/// What it says.
const MUTED: &str = "This model gives values that are no numbers; it is muted. Choose another one.";

/// Where it says so on the amp's page, in the design.
const MESSAGE_TOP: f32 = 436.0;

static CLOSE: AtomicBool = AtomicBool::new(false);

/// Asks every open window of this process to close.
#[cfg(feature = "standalone")]
pub fn close_all() {
    CLOSE.store(true, Ordering::Release);
}

/// Makes the window, closed for now.
pub fn create(
    params: Arc<TonewrightParams>,
    desk: Arc<Desk>,
    status: StatusReader,
    telemetry: Arc<Telemetry>,
    eq: EqView,
    notifier: RepaintNotifier,
) -> Option<TonewrightEditor> {
    let (width, height) = *params.window.lock();
    let smallest = LogicalSize::new(theme::SMALLEST.x, theme::SMALLEST.y);
    create_egui_editor(
        EguiEditorState::from_size(LogicalSize::new(width, height), 1.0),
        notifier,
        EguiNiceSettings::new()
            .with_tile("Tonewright")
            .with_resize_hint(ResizeHint::resizable().with_min_logical_size(smallest)),
        App {
            params,
            desk,
            status,
            telemetry,
            eq: EqPage::new(eq),
            gui: None,
            context: None,
            shown: Status::default(),
            shown_version: 0,
            input: Meter::default(),
            output: Meter::default(),
            load: Load::default(),
            muted_seconds: 0.0,
            typing: [Typing::default(), Typing::default()],
            browser: None,
            restore_size: true,
        },
    )
}

/// What the window keeps between frames.
pub struct App {
    params: Arc<TonewrightParams>,
    desk: Arc<Desk>,
    status: StatusReader,
    telemetry: Arc<Telemetry>,
    eq: EqPage,
    gui: Option<GuiContext>,
    context: Option<egui::Context>,
    shown: Status,
    shown_version: u64,
    input: Meter,
    output: Meter,
    load: Load,
    /// How long the window is still to say that the model was muted.
    muted_seconds: f32,
    typing: [Typing; 2],
    browser: Option<Browser>,
    /// The session's size is still to be asked for: the framework does not keep it.
    restore_size: bool,
}

impl NiceEguiApp for App {
    fn build(
        &mut self,
        context: egui::Context,
        gui: GuiContext,
        _: &mut Frame,
    ) -> Result<(), baseview::HandlerError> {
        theme::apply(&context);
        self.gui = Some(gui);
        self.context = Some(context);
        self.restore_size = true;
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut Frame) {
        let Some(gui) = self.gui.clone() else { return };
        if CLOSE.load(Ordering::Acquire) {
            ui.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        self.restore_size(ui);
        self.update(ui);
        ResizableWindow::new("tonewright").min_size(theme::SMALLEST).show(ui, |ui| {
            let setter = gui.param_setter();
            let window = ui.clip_rect();
            let canvas = theme::Canvas::fit(window);
            theme::vertical(ui.painter(), window, theme::BACK_TOP, theme::BACK_BOTTOM);
            self.contents(ui, canvas, &setter);
        });
        gesture::end_what_is_left(ui.ctx(), &gui.param_setter(), &self.params, false);
        ui.ctx().request_repaint_after(FRAME);
    }

    fn resized(&mut self, size: baseview::WindowSize) {
        if !self.restore_size {
            *self.params.window.lock() = (size.logical.width as f32, size.logical.height as f32);
        }
    }

    fn editor_closed(&mut self) {
        if let Some(gui) = self.gui.take() {
            let setter = gui.param_setter();
            self.eq.close(&setter, &self.params.eq);
            if let Some(context) = self.context.take() {
                gesture::end_what_is_left(&context, &setter, &self.params, true);
            }
        }
        self.browser = None;
    }
}

impl App {
    fn restore_size(&mut self, ui: &egui::Ui) {
        if std::mem::take(&mut self.restore_size) {
            let (width, height) = *self.params.window.lock();
            let wanted = egui::vec2(width, height);
            let sane = wanted.is_finite() && wanted.max_elem() < 8192.0;
            let wanted = if sane { wanted.max(theme::SMALLEST) } else { theme::DESIGN };
            if (wanted - ui.clip_rect().size()).abs().max_elem() > 1.0 {
                ui.send_viewport_cmd(egui::ViewportCommand::InnerSize(wanted));
            }
        }
    }

    fn update(&mut self, ui: &egui::Ui) {
        if self.status.version() != self.shown_version {
            self.shown_version = self.status.version();
            self.shown = self.status.get();
        }
        let seconds = ui.input(|i| i.stable_dt).clamp(0.0, 0.25);
        let (input, output) = self.telemetry.take_peaks();
        self.input.update(input, seconds);
        self.output.update(output, seconds);
        self.load.update(self.telemetry.take_load_peak(), seconds);
        let muted = self.telemetry.take_muted();
        self.muted_seconds = if muted { MUTED_SECONDS } else { (self.muted_seconds - seconds).max(0.0) };
        if *self.params.page.lock() == Page::Eq {
            self.eq.update(&self.telemetry, seconds);
        }
    }

    fn contents(&mut self, ui: &mut egui::Ui, canvas: theme::Canvas, setter: &ParamSetter) {
        let page = *self.params.page.lock();
        if let Some(page) = strips::header(ui, canvas, &self.params, setter, page) {
            *self.params.page.lock() = page;
        }
        match page {
            Page::Amp => self.amp(ui, canvas, setter),
            Page::Eq => {
                let muted = self.muted_seconds > 0.0;
                let message = if muted { Some(MUTED) } else { self.shown.error.as_deref() };
                let params = (&self.params.eq, self.params.bypass.value());
                self.eq.show(ui, canvas, setter, params, (&self.telemetry, &self.load), message);
            }
        }
    }

    fn amp(&mut self, ui: &mut egui::Ui, canvas: theme::Canvas, setter: &ParamSetter) {
        let bypassed = self.params.bypass.value();
        let knobs = [("Input", 160.0, &self.params.input), ("Output", 720.0, &self.params.output)];
        for ((label, x, param), typing) in knobs.into_iter().zip(&mut self.typing) {
            Knob { label, centre: (x, 234.0), radius: 62.0 }.show(ui, canvas, param, setter, typing);
        }
        let channels = self.telemetry.channels();
        let frame = |x: f32| (x, 88.0, 24.0, 316.0);
        self.input.show(ui, canvas, "input", frame(46.0), channels, -1.0);
        self.output.show(ui, canvas, "output", frame(810.0), channels, 1.0);
        let glow = if bypassed { 0.0 } else { self.output.loudness().powi(2) };
        let state = display::State {
            settled: self.desk.is_settled(),
            has_own_file: self.desk.file().is_some(),
            glow,
        };
        let wanted = display::show(ui, canvas, &self.shown, state);
        let sizes = self.shown.playing.as_ref().and_then(|p| p.sizes.as_ref());
        if let Some(sizes) = sizes.filter(|sizes| sizes.count > 1) {
            quality::show(ui, canvas, &self.params.quality, setter, sizes);
        }
        strips::footer(ui, canvas, &self.params, setter, &self.shown, &self.telemetry, &self.load);
        if self.muted_seconds > 0.0 {
            strips::message(ui, canvas, MESSAGE_TOP, MUTED);
        } else if let Some(error) = &self.shown.error {
            strips::message(ui, canvas, MESSAGE_TOP, error);
        }
        match wanted {
            Some(Wanted::Step(steps)) => self.choose(setter, neighbour(self.slot(), steps)),
            Some(Wanted::Slot(slot)) => self.choose(setter, slot),
            Some(Wanted::Browse) => self.browser = Some(Browser::open(self.desk.file().as_deref())),
            None => {}
        }
        if let Some(browser) = &mut self.browser {
            match browser.show(ui, canvas) {
                Choice::Open => {}
                Choice::Cancel => self.browser = None,
                Choice::File(path) => {
                    self.browser = None;
                    self.open(setter, path);
                }
            }
        }
    }

    fn slot(&self) -> usize {
        self.params.model.value().max(0) as usize
    }

    fn choose(&self, setter: &ParamSetter, slot: usize) {
        setter.begin_set_parameter(&self.params.model);
        setter.set_parameter(&self.params.model, slot as i32);
        setter.end_set_parameter(&self.params.model);
    }

    fn open(&self, setter: &ParamSetter, path: PathBuf) {
        self.desk.set_file(Some(path));
        self.choose(setter, OWN_FILE_SLOT);
    }
}
