//! The window.

mod browser;
mod control;
mod display;
mod eq;
mod figures;
mod footer;
mod gesture;
mod header;
mod keys;
mod knob;
mod library;
mod meter;
mod overlay;
mod pace;
mod patches;
mod picture;
mod presets;
mod quality;
mod rack;
mod repair;
#[cfg(test)]
mod tests;
mod theme;
mod tuner;
mod window;

use crate::amp::{Desk, Status, StatusReader};
use crate::params::{Page, TonewrightParams};
use crate::presets::Console;
use crate::rack::{EqView, Telemetry, TunerTap, caught};
use eq::EqPage;
use footer::Load;
use library::{Follow, LibraryPane, Scene};
use nih_plug::context::gui::GuiContext;
use nih_plug::editor::dpi::LogicalSize;
use nih_plug::prelude::{ParamSetter, ResizeHint};
use nih_plug_egui::resizable_window::ResizableWindow;
use nih_plug_egui::{
    EguiEditorState, EguiNiceSettings, Frame, GraphicsConfig, NiceEguiApp, RepaintNotifier, baseview,
};
use overlay::Overlay;
use pace::Pace;
use patches::Patches;
use picture::Picture;
use presets::PresetBar;
use rack::{RackPage, Wanted};
use repair::Repair;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tuner::Tuner;
pub use window::TonewrightEditor;

/// Time between looks for what the audio thread tells: not more often than the window is painted.
const LOOK: Duration = Duration::from_millis(30);

/// Time between frames while a file is being read.
const WAIT: Duration = Duration::from_millis(100);

/// How long a window says that a model was muted, after it last was, in seconds.
const MUTED_SECONDS: f32 = 3.0;

/// What it says.
const MUTED: &str = "This model gives values that are no numbers; it is muted. Choose another one.";

/// Largest side of a window, in logical pixels: a session may hold anything.
const LARGEST: f32 = 8192.0;

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
    tap: Arc<TunerTap>,
    notifier: RepaintNotifier,
) -> Option<TonewrightEditor> {
    let (width, height) = *params.window.lock();
    let smallest = LogicalSize::new(theme::SMALLEST.x, theme::SMALLEST.y);
    TonewrightEditor::new(
        EguiEditorState::from_size(LogicalSize::new(width, height), 1.0),
        notifier,
        EguiNiceSettings::new()
            .with_tile("Tonewright")
            .with_repaint_poll_interval(LOOK)
            // Costs the processor a third of a frame where there is no graphics card.
            .with_graphics_config(GraphicsConfig { dithering: false, ..GraphicsConfig::default() })
            .with_resize_hint(ResizeHint::resizable().with_min_logical_size(smallest)),
        App::new(params, desk, status, telemetry, (eq, tap)),
    )
}

/// What the window keeps between frames.
pub struct App {
    params: Arc<TonewrightParams>,
    desk: Arc<Desk>,
    status: StatusReader,
    telemetry: Arc<Telemetry>,
    rack: RackPage,
    eq: EqPage,
    tuner: Tuner,
    /// The tuner is shown over the whole window while it is on, and not as a strip.
    tuner_is_full: bool,
    gui: Option<GuiContext>,
    context: Option<egui::Context>,
    shown: Status,
    shown_version: u64,
    load: Load,
    /// How long the window is still to say that the model was muted.
    muted_seconds: f32,
    /// What lies above the page.
    overlay: Overlay,
    repair: Repair,
    library: Option<LibraryPane>,
    follow: Follow,
    console: Console,
    presets: PresetBar,
    /// The session's size is still to be asked for: the framework does not keep it.
    restore_size: bool,
    /// Scale that menus and hints were set up for.
    style_scale: f32,
    /// What is kept of the window while it is open.
    picture: Arc<Picture>,
    pace: Pace,
}

impl NiceEguiApp for App {
    fn build(
        &mut self,
        context: egui::Context,
        gui: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), baseview::HandlerError> {
        // The renderer clears in the space of the screen, where other colours of this type are linear.
        let [red, green, blue, _] = theme::PANEL.to_normalized_gamma_f32();
        frame.set_clear_color(egui::Rgba::from_rgb(red, green, blue));
        self.style_scale = 0.0;
        self.picture = Arc::default();
        self.pace = Pace::default();
        context.add_plugin(Patches::new(self.picture.clone(), theme::PANEL));
        self.gui = Some(self.console.open(gui));
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
        self.update(ui, &gui.param_setter());
        let busy = self.console.update(&gui.param_setter());
        ResizableWindow::new("tonewright").min_size(theme::SMALLEST).show(ui, |ui| {
            self.window(ui, &gui.param_setter());
        });
        gesture::end_what_is_left(ui.ctx(), &gui.param_setter(), &self.params, false);
        self.ask_for_next_frame(ui, busy);
    }

    fn resized(&mut self, size: baseview::WindowSize) {
        if !self.restore_size {
            *self.params.window.lock() = (size.logical.width as f32, size.logical.height as f32);
        }
    }

    fn editor_closed(&mut self) {
        self.console.close();
        self.presets.close();
        self.close_overlay();
        self.repair.close();
        let (gui, context) = (self.gui.take(), self.context.take());
        // A host may free an instance whose window is open. The framework then has nobody to tell, and panics.
        let _ = caught(|| {
            if let Some(gui) = &gui {
                self.let_go(&gui.param_setter(), context.as_ref());
            }
        });
    }
}

impl App {
    fn new(
        params: Arc<TonewrightParams>,
        desk: Arc<Desk>,
        status: StatusReader,
        telemetry: Arc<Telemetry>,
        (eq, tap): (EqView, Arc<TunerTap>),
    ) -> Self {
        let console = Console::new(&params, &desk);
        Self {
            params,
            desk,
            status,
            telemetry,
            rack: RackPage::default(),
            eq: EqPage::new(eq),
            tuner: Tuner::new(tap),
            tuner_is_full: false,
            gui: None,
            context: None,
            shown: Status::default(),
            shown_version: 0,
            load: Load::default(),
            muted_seconds: 0.0,
            overlay: Overlay::None,
            repair: Repair::default(),
            library: None,
            follow: Follow::default(),
            console,
            presets: PresetBar::default(),
            restore_size: true,
            style_scale: 0.0,
            picture: Arc::default(),
            pace: Pace::default(),
        }
    }

    /// Lets go of what the player holds or has switched on with the window.
    fn let_go(&mut self, setter: &ParamSetter, context: Option<&egui::Context>) {
        self.eq.close(setter, &self.params.eq);
        if let Some(context) = context {
            gesture::end_what_is_left(context, setter, &self.params, true);
        }
        // Whoever closes the window has tuned, and wants to hear something.
        gesture::set_while_closing(setter, &self.params.tuner.on, false);
    }

    fn restore_size(&mut self, ui: &egui::Ui) {
        if std::mem::take(&mut self.restore_size) {
            let (width, height) = *self.params.window.lock();
            let wanted = egui::vec2(width, height);
            let sane = wanted.is_finite() && wanted.max_elem() < LARGEST;
            let wanted = if sane { wanted.max(theme::SMALLEST) } else { theme::DESIGN };
            if (wanted - ui.clip_rect().size()).abs().max_elem() > 1.0 {
                ui.send_viewport_cmd(egui::ViewportCommand::InnerSize(wanted));
            }
        }
    }

    fn update(&mut self, ui: &egui::Ui, setter: &ParamSetter) {
        if self.status.version() != self.shown_version {
            self.shown_version = self.status.version();
            self.shown = self.status.get();
        }
        let seconds = ui.input(|i| i.unstable_dt).clamp(0.0, 0.25);
        self.rack.update(&self.telemetry, ui.input(|i| i.time), seconds);
        self.load.update(&self.telemetry, seconds);
        if self.params.tuner.on.value() {
            self.tuner.listen(ui.input(|i| i.time), *self.params.a4.lock());
        }
        let muted = self.telemetry.take_muted();
        self.muted_seconds = if muted { MUTED_SECONDS } else { (self.muted_seconds - seconds).max(0.0) };
        if *self.params.page.lock() == Page::Eq {
            let touched = ui.input(|i| !i.events.is_empty());
            self.eq.update(&self.telemetry, seconds, touched);
        } else {
            self.eq.glance(setter, &self.params.eq);
        }
    }

    /// Asks for the next frame where something moves by itself. The audio thread asks for one when there is something
    /// new to see, and egui when the player does something; otherwise nothing is painted. Where it is `busy` with what takes
    /// its time, it looks now and then whether that is done.
    fn ask_for_next_frame(&mut self, ui: &egui::Ui, busy: bool) {
        let on_eq = *self.params.page.lock() == Page::Eq;
        let moves = self.rack.moves() || self.muted_seconds > 0.0 || (on_eq && self.eq.moves());
        let moves = moves || self.tuner.moves(self.params.tuner.on.value());
        let interval = if moves {
            let pixels = ui.clip_rect().size() * ui.pixels_per_point();
            Some(pace::frame(pixels, self.picture.effort()))
        } else if busy || !self.desk.is_settled() || self.follow.waits(&self.desk) {
            Some(WAIT)
        } else {
            self.telemetry.rest(self.rack.levels());
            let looks =
                [self.library.as_ref().map(LibraryPane::look_again), self.repair.look_again(&self.shown)];
            looks.into_iter().flatten().min()
        };
        if let Some(interval) = interval {
            ui.request_repaint_after(self.pace.wait(Instant::now(), interval));
        }
    }

    /// Shows everything.
    fn window(&mut self, ui: &mut egui::Ui, setter: &ParamSetter) {
        let window = ui.clip_rect();
        let canvas = theme::Canvas::fit(window);
        if (canvas.scale - self.style_scale).abs() > 1e-3 {
            theme::apply(ui.ctx(), canvas.scale);
            self.style_scale = canvas.scale;
        }
        self.follow.update(&self.params, &self.desk, setter);
        let tunes = self.params.tuner.on.value();
        if tunes && self.tuner_is_full {
            // What is held on the page that is not shown is let go of.
            self.eq.glance(setter, &self.params.eq);
            let asked = self.tuner.show_full(ui, canvas, &self.params, setter);
            self.turn_tuner(asked, setter);
            return;
        }
        let page = *self.params.page.lock();
        match header::show(ui, canvas, &self.params, setter, page) {
            Some(header::Asked::Page(page)) => *self.params.page.lock() = page,
            Some(header::Asked::Tuner) => {
                gesture::set(setter, &self.params.tuner.on, !self.params.tuner.on.value());
            }
            None => {}
        }
        self.presets.show(ui, canvas, header::PRESETS, &mut self.console, setter);
        match page {
            Page::Amp => self.play(ui, canvas, setter),
            Page::Eq => {
                let params = (&self.params.eq, self.params.bypass.value());
                self.eq.show(ui, canvas, setter, params, &self.telemetry);
            }
        }
        if tunes {
            let asked = self.tuner.show_strip(ui, canvas, &self.params, setter);
            self.turn_tuner(asked, setter);
        } else {
            footer::show(ui, canvas, &self.params, setter, &self.shown, &self.telemetry, &self.load);
        }
        if let Some(fault) = self.telemetry.fault() {
            overlay::message(ui, canvas, &fault.text(self.telemetry.sample_rate_hz()));
        } else if self.muted_seconds > 0.0 {
            overlay::message(ui, canvas, MUTED);
        } else if let Some(error) = &self.shown.error {
            overlay::message(ui, canvas, error);
        } else if self.overlay == Overlay::None
            && let Some(part) = self.repair.show(ui, canvas, &self.shown, &self.desk)
        {
            self.open_overlay(Overlay::Library(part));
        }
        self.overlay(ui, canvas, setter);
        self.presets.show_sheet(ui, canvas, &mut self.console, setter);
    }

    /// Does what was asked for at the tuner.
    fn turn_tuner(&mut self, asked: Option<tuner::Asked>, setter: &ParamSetter) {
        match asked {
            Some(tuner::Asked::Turn) => self.tuner_is_full = !self.tuner_is_full,
            Some(tuner::Asked::Done) => gesture::set(setter, &self.params.tuner.on, false),
            None => {}
        }
    }

    fn play(&mut self, ui: &mut egui::Ui, canvas: theme::Canvas, setter: &ParamSetter) {
        let now = rack::Now {
            params: &self.params,
            setter,
            status: &self.shown,
            desk: &self.desk,
            telemetry: &self.telemetry,
            reading: self.eq.reading(),
        };
        match self.rack.show(ui, canvas, &now) {
            Some(Wanted::Library(part)) => self.open_overlay(Overlay::Library(part)),
            Some(Wanted::Step(part, steps)) => library::step(&self.desk, part, steps),
            Some(Wanted::Equaliser) => *self.params.page.lock() = Page::Eq,
            None => {}
        }
    }

    /// Lays `overlay` above the page, in place of what is there.
    fn open_overlay(&mut self, overlay: Overlay) {
        self.close_overlay();
        self.overlay = overlay;
        if let Overlay::Library(part) = overlay {
            self.library = Some(LibraryPane::open(part, &self.params, &self.desk));
        }
    }

    /// Takes away what lies above the page.
    fn close_overlay(&mut self) {
        self.overlay = Overlay::None;
        self.library = None;
    }

    /// Shows what lies above the page.
    fn overlay(&mut self, ui: &mut egui::Ui, canvas: theme::Canvas, setter: &ParamSetter) {
        match self.overlay {
            Overlay::None => {}
            Overlay::Library(_) => {
                let scene = Scene { params: &self.params, setter, desk: &self.desk, status: &self.shown };
                if self.library.as_mut().is_none_or(|library| library.show(ui, canvas, scene)) {
                    self.close_overlay();
                }
            }
        }
    }
}
