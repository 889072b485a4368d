use super::*;
use crate::amp::{Loader, StatusReader};
use crate::factory::MODELS;
use crate::rack::Link;
use egui::{Context, Event, Pos2, RawInput, Rect};
use nih_plug::context::PluginApi;
use nih_plug::context::gui::GuiContextInner;
use nih_plug::prelude::{Param, ParamPtr, PluginState};
use parking_lot::Mutex;
use std::time::Instant;
use tempfile::TempDir;

/// Counts what is set.
#[derive(Default)]
struct Host(Mutex<Vec<ParamPtr>>);

impl GuiContextInner for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }

    unsafe fn raw_begin_set_parameter(&self, _: ParamPtr) {}

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, _: f32) {
        self.0.lock().push(param);
    }

    unsafe fn raw_end_set_parameter(&self, _: ParamPtr) {}

    fn get_state(&self) -> PluginState {
        unreachable!("the library asks for no state")
    }

    fn set_state(&self, _: PluginState) {}

    fn request_restart(&self) {}
}

struct Window {
    _folder: TempDir,
    context: Context,
    host: Host,
    desk: Arc<Desk>,
    params: TonewrightParams,
    status: StatusReader,
    _loader: Loader,
    pane: LibraryPane,
    closed: bool,
}

impl Window {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Arc::new(Desk::new(1));
        let params = TonewrightParams::new(&desk);
        let loader = Loader::start(desk.clone(), Arc::new(Link::default()));
        let library = Arc::new(Library::at(Some(folder.path().into()), None));
        let pane = LibraryPane::of(library, Part::Model, &params, &desk);
        let (context, host, status) = (Context::default(), Host::default(), loader.status());
        let mut window = Self {
            _folder: folder,
            context,
            host,
            desk,
            params,
            status,
            _loader: loader,
            pane,
            closed: false,
        };
        let begin = Instant::now();
        while window.pane.found.len() < MODELS.len() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the factory is never listed");
            std::thread::sleep(Duration::from_millis(2));
            window.frame(Vec::new());
        }
        window
    }

    fn frame(&mut self, events: Vec<Event>) {
        let screen = Rect::from_min_size(Pos2::ZERO, theme::DESIGN);
        let input = RawInput { screen_rect: Some(screen), events, ..RawInput::default() };
        let (pane, params, desk) = (&mut self.pane, &self.params, &self.desk);
        let (setter, status) = (ParamSetter { raw_context: &self.host }, self.status.get());
        let mut closed = false;
        let mut output = self.context.run_ui(input, |ui| {
            let scene = Scene { params, setter: &setter, desk, status: &status };
            closed |= pane.show(ui, Canvas::fit(screen), scene);
        });
        // Nobody paints it.
        output.textures_delta.clear();
        self.closed |= closed;
    }

    fn press(&mut self, key: Key, modifiers: Modifiers) {
        for pressed in [true, false] {
            let event = Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
            self.frame(vec![event]);
        }
    }

    fn click(&mut self, (x, y): (f32, f32)) {
        let pos = Pos2::new(x, y);
        self.frame(vec![Event::PointerMoved(pos)]);
        for pressed in [true, false] {
            let modifiers = Modifiers::NONE;
            let button = egui::PointerButton::Primary;
            self.frame(vec![Event::PointerButton { pos, button, pressed, modifiers }]);
        }
    }

    fn chosen(&self) -> Option<Choice> {
        Choice::on_desk(&self.desk, self.pane.part)
    }
}

/// The middle of a row of the list.
fn row(at: usize) -> (f32, f32) {
    let (x, y, width, _) = list::PLACE;
    (x + width / 2.0, y + 4.0 + (at as f32 + 0.5) * list::ROW)
}

#[test]
fn what_is_typed_is_searched_and_enter_plays_the_best() {
    let mut window = Window::open();
    window.frame(vec![Event::Text("a2 ".into()), Event::Text("SD".into())]);
    window.frame(Vec::new());
    let names: Vec<&str> = window.pane.found.iter().map(|entry| entry.name.as_str()).collect();
    assert!(!names.is_empty() && names.len() < MODELS.len(), "{names:?}");
    let best = window.pane.found[0].choice.clone();
    window.press(Key::Enter, Modifiers::NONE);
    assert_eq!(window.chosen(), Some(best));
    assert_eq!(window.host.0.lock().len(), 1, "the host is told by the parameter");
    assert!(!window.closed, "it stays open");
}

#[test]
fn arrows_move_and_enter_plays() {
    let mut window = Window::open();
    window.press(Key::PageUp, Modifiers::NONE);
    window.press(Key::PageUp, Modifiers::NONE);
    window.press(Key::ArrowDown, Modifiers::NONE);
    let second = window.pane.found[1].choice.clone();
    assert_eq!(window.pane.cursor.as_ref(), Some(&second));
    assert_ne!(window.chosen().as_ref(), Some(&second), "not before Enter");
    window.press(Key::Enter, Modifiers::NONE);
    assert_eq!(window.chosen(), Some(second));
    window.press(Key::Escape, Modifiers::NONE);
    assert!(window.closed);
}

#[test]
fn tab_reaches_the_rows_and_letters_go_on_searching() {
    let mut window = Window::open();
    let focus = |window: &Window| window.context.memory(egui::Memory::focused);
    assert_eq!(focus(&window), Some(field()));
    for _ in 0..20 {
        if focus(&window) == Some(list::rows()) {
            break;
        }
        window.press(Key::Tab, Modifiers::NONE);
    }
    assert_eq!(focus(&window), Some(list::rows()));
    window.press(Key::PageUp, Modifiers::NONE);
    window.press(Key::PageUp, Modifiers::NONE);
    window.press(Key::ArrowDown, Modifiers::NONE);
    assert_eq!(focus(&window), Some(list::rows()), "the arrows move the row, not the focus");
    let second = window.pane.found[1].choice.clone();
    window.press(Key::Enter, Modifiers::NONE);
    assert_eq!(window.chosen(), Some(second));
    for letter in ["s", "d"] {
        window.frame(vec![Event::Text(letter.into())]);
        window.frame(Vec::new());
    }
    assert_eq!((window.pane.text.as_str(), focus(&window)), ("sd", Some(field())));
}

#[test]
fn a_click_plays_and_a_star_does_not() {
    let mut window = Window::open();
    window.press(Key::PageUp, Modifiers::NONE);
    let third = window.pane.found[2].clone();
    window.click(row(2));
    assert_eq!(window.chosen(), Some(third.choice.clone()));
    let fifth = window.pane.found[4].clone();
    let (_, y) = row(4);
    window.click((list::PLACE.0 + 20.0, y));
    assert!(window.pane.library.settings().is_favourite(&fifth.mark()));
    assert_ne!(window.chosen(), Some(fifth.choice.clone()));
    window.press(Key::D, Modifiers::COMMAND);
    assert!(window.pane.library.settings().is_favourite(&third.mark()), "the cursor stayed where it was");
    assert_eq!(window.pane.library.settings().recents, [third.mark()]);
}

#[test]
fn another_model_begins_with_its_knobs_put_back() {
    let window = Window::open();
    let (params, desk) = (&window.params, &*window.desk);
    let (setter, status) = (ParamSetter { raw_context: &window.host }, window.status.get());
    let play = |path: &str| {
        window.pane.play(&Choice::file(path), Scene { params, setter: &setter, desk, status: &status });
        std::mem::take(&mut *window.host.0.lock())
    };
    let [model, knob] = [params.model.as_ptr(), params.knobs.seventh.as_ptr()];
    // SAFETY: the parameters live as long as the window.
    let says = |param: ParamPtr, value| unsafe { param._internal_set_normalized_value(value) };
    says(knob, 0.9);
    assert_eq!(play("/amps/a.nam"), [model, knob]);
    assert_eq!(desk.wish().knobs, [UNTURNED; 8], "the host takes its time");
    assert!([model, knob].map(|param| says(param, 0.0)) == [true; 2]);
    assert_eq!(play("/amps/a.nam"), [], "it plays already");
    assert_eq!(desk.wish().knobs[6], 0.0);
    assert_eq!(play("/amps/b.nam"), [model, knob], "the slot stays, and it can be undone");
    assert_eq!(desk.wish().knobs, [UNTURNED; 8]);
}

#[test]
fn a_tab_turns_to_the_loudspeakers() {
    let mut window = Window::open();
    window.click((200.0, 72.0));
    window.frame(Vec::new());
    assert_eq!(window.pane.part, Part::CabA);
    assert!(window.pane.found.iter().all(|entry| entry.kind == Kind::Response));
    window.click(row(0));
    assert_eq!(window.chosen(), Some(window.pane.found[0].choice.clone()));
    assert_eq!(window.desk.slot(Part::CabB), 2);
}

#[test]
fn the_window_tells_the_parameter_of_a_step_once() {
    let window = Window::open();
    let setter = ParamSetter { raw_context: &window.host };
    let mut follow = Follow::default();
    Choice::Factory(3).lay_on(&window.desk, Part::Model);
    for _ in 0..3 {
        // The host lets it wait.
        follow.update(&window.params, &window.desk, &setter);
    }
    assert_eq!(window.host.0.lock().len(), 1);
    window.desk.set_slot(Part::Model, 3);
    follow.update(&window.params, &window.desk, &setter);
    Choice::Factory(4).lay_on(&window.desk, Part::Model);
    follow.update(&window.params, &window.desk, &setter);
    assert_eq!(window.host.0.lock().len(), 2);
}
