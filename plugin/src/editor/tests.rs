//! The window without a screen: what is shown where, and what the keys do.

mod knobs;

use super::*;
use crate::amp::Part;
use crate::factory::DEFAULT_SLOT;
use crate::rack::{Link, Rack};
use egui::epaint::ClippedShape;
use egui::{Context, Event, Id, Key, Modifiers, Order, RawInput, Rect, Shape};
use nih_plug::context::PluginApi;
use nih_plug::context::gui::GuiContextInner;
use nih_plug::prelude::{Param, ParamPtr, PluginState};
use parking_lot::Mutex;

/// A host that sets what it is told to set, and knows which gestures began and did not end.
#[derive(Default)]
pub struct Host(Mutex<Vec<ParamPtr>>);

impl Host {
    /// Gestures that are open.
    pub fn open(&self) -> usize {
        self.0.lock().len()
    }
}

impl GuiContextInner for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }

    unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
        self.0.lock().push(param);
    }

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, value: f32) {
        assert!(self.0.lock().contains(&param), "no gesture was begun");
        // SAFETY: the parameters live as long as the window, which calls this.
        unsafe { param._internal_set_normalized_value(value) };
    }

    unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
        let mut open = self.0.lock();
        let at = open.iter().position(|p| *p == param);
        open.remove(at.expect("a gesture ended that had not begun"));
    }

    fn get_state(&self) -> PluginState {
        unreachable!("no widget asks for the state")
    }

    fn set_state(&self, _: PluginState) {}

    fn request_restart(&self) {}
}

/// A window of a size, in parts of the design.
struct Bench {
    context: Context,
    host: Host,
    app: App,
    scale: f32,
}

impl Bench {
    fn new(scale: f32) -> Self {
        Self::of(scale, Desk::new(DEFAULT_SLOT))
    }

    /// A window of what a desk wishes.
    fn of(scale: f32, desk: Desk) -> Self {
        let desk = Arc::new(desk);
        let (link, telemetry) = (Arc::new(Link::default()), Arc::new(Telemetry::default()));
        let rack = Rack::new(link.clone(), telemetry.clone());
        let params = Arc::new(TonewrightParams::new(&desk));
        let loader = crate::amp::Loader::start(desk.clone(), link);
        assert!(desk.wait_until_settled(Duration::from_secs(60)));
        let app = App::new(params, desk, loader.status(), telemetry, (rack.eq_view(), rack.tuner_tap()));
        let mut bench = Self { context: Context::default(), host: Host::default(), app, scale };
        // Sizes and places settle, and areas are placed.
        (0..3).for_each(|_| drop(bench.frame(Vec::new())));
        bench
    }

    /// Shows a frame; the shapes that are painted.
    fn frame(&mut self, events: Vec<Event>) -> Vec<ClippedShape> {
        let screen = Rect::from_min_size(egui::Pos2::ZERO, theme::DESIGN * self.scale);
        let input = RawInput { screen_rect: Some(screen), events, ..RawInput::default() };
        let setter = ParamSetter { raw_context: &self.host };
        let app = &mut self.app;
        let mut output = self.context.run_ui(input, |ui| {
            app.update(ui, &setter);
            app.window(ui, &setter);
            gesture::end_what_is_left(ui.ctx(), &setter, &app.params, false);
        });
        // Nobody paints it.
        output.textures_delta.clear();
        output.shapes
    }

    fn press(&mut self, key: Key) {
        let event = |pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        self.frame(vec![event(true), event(false)]);
        self.frame(Vec::new());
    }
}

/// All texts, with the place of their letters.
fn texts(shapes: &[ClippedShape]) -> Vec<(String, Rect)> {
    fn collect(shape: &Shape, found: &mut Vec<(String, Rect)>) {
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, found)),
            Shape::Text(text) if !text.galley.text().trim().is_empty() => {
                found.push((text.galley.text().to_owned(), text.visual_bounding_rect()));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    shapes.iter().for_each(|shape| collect(&shape.shape, &mut found));
    found
}

const SCALES: [f32; 4] = [0.75, 1.0, 1.3, 2.0];

#[test]
fn no_text_is_cut_off_or_lies_on_another() {
    for (scale, page) in SCALES.into_iter().flat_map(|s| [(s, Page::Amp), (s, Page::Eq)]) {
        let mut bench = Bench::new(scale);
        *bench.app.params.page.lock() = page;
        bench.frame(Vec::new());
        let texts = texts(&bench.frame(Vec::new()));
        assert!(texts.len() > 40, "only {} texts on {page:?}", texts.len());
        // What a card says may be longer than there is room for; what we wrote may not.
        let card = bench.app.shown.playing.as_ref().map_or("", |info| info.card.source.as_str());
        all_can_be_read(&texts, scale, &[card]);
    }
}

/// None leaves the window, lies on another or is cut off, unless it may be.
fn all_can_be_read(texts: &[(String, Rect)], scale: f32, long: &[&str]) {
    let window = Rect::from_min_size(egui::Pos2::ZERO, theme::DESIGN * scale);
    for (i, (text, place)) in texts.iter().enumerate() {
        assert!(window.contains_rect(*place), "{text:?} at {place:?} leaves the window at {scale}");
        let start = text.strip_suffix('…').map(str::trim_end);
        let may = start.is_none_or(|start| long.iter().any(|long| long.starts_with(start)));
        assert!(may, "{text:?} has no room at {scale}");
        for (other, beside) in &texts[i + 1..] {
            let common = place.shrink(0.75).intersect(beside.shrink(0.75));
            let apart = common.width() <= 0.0 || common.height() <= 0.0;
            assert!(apart, "{text:?} at {place:?} and {other:?} at {beside:?} overlap at {scale}");
        }
    }
}

#[test]
fn the_smallest_window_has_no_letters_below_eight_pixels() {
    fn smallest(shape: &Shape) -> Option<(f32, String)> {
        match shape {
            Shape::Vec(shapes) => shapes.iter().filter_map(smallest).min_by(|a, b| a.0.total_cmp(&b.0)),
            Shape::Text(text) => {
                let sizes = text.galley.job.sections.iter().map(|section| section.format.font_id.size);
                Some((sizes.fold(f32::INFINITY, f32::min), text.galley.text().to_owned()))
            }
            _ => None,
        }
    }
    for page in [Page::Amp, Page::Eq] {
        let mut bench = Bench::new(SCALES[0]);
        *bench.app.params.page.lock() = page;
        let shapes = bench.frame(Vec::new());
        let all = shapes.iter().filter_map(|shape| smallest(&shape.shape));
        let (size, text) = all.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        assert!(size >= 8.0, "{text:?} is {size} pixels high on {page:?}");
    }
}

#[test]
fn no_two_controls_overlap() {
    for scale in SCALES {
        let mut bench = Bench::new(scale);
        bench.frame(Vec::new());
        controls_lie_apart(&bench);
    }
}

/// None of the page's controls lies on another.
fn controls_lie_apart(bench: &Bench) {
    let scale = bench.scale;
    let window = theme::DESIGN * scale;
    let rects: Vec<(Id, Rect)> = bench.context.viewport(|viewport| {
        let layers = viewport.prev_pass.widgets.layers();
        let page = layers.filter(|(layer, _)| layer.order == Order::Background);
        let active = page.flat_map(|(_, widgets)| widgets).filter(|w| w.sense.interactive());
        active.map(|w| (w.id, w.rect)).filter(|(_, r)| r.area() < 0.5 * window.x * window.y).collect()
    });
    assert!(rects.len() > 50, "only {} controls", rects.len());
    for (i, (id, rect)) in rects.iter().enumerate() {
        for (other, beside) in rects[i + 1..].iter().filter(|(other, _)| other != id) {
            let common = rect.shrink(0.5).intersect(beside.shrink(0.5));
            let apart = common.width() <= 0.0 || common.height() <= 0.0;
            assert!(apart, "{id:?} at {rect:?} and {other:?} at {beside:?} overlap at {scale}");
        }
    }
}

#[test]
fn keys_move_what_has_the_focus() {
    let mut bench = Bench::new(1.0);
    let params = bench.app.params.clone();
    let trim = &params.input.trim;
    let id = Id::unique(("knob", trim.name()));
    bench.context.memory_mut(|m| m.request_focus(id));
    bench.frame(Vec::new());
    bench.frame(Vec::new());
    let steps = [
        (Key::ArrowUp, 0.5),
        (Key::ArrowRight, 1.0),
        (Key::ArrowDown, 0.5),
        (Key::PageUp, 3.5),
        (Key::PageDown, 0.5),
        (Key::End, 24.0),
        (Key::Home, -24.0),
        (Key::PageDown, -24.0),
        (Key::Delete, 0.0),
    ];
    for (key, expected) in steps {
        bench.press(key);
        let value = trim.value();
        assert!((value - expected).abs() < 0.01, "{key:?}: {value} instead of {expected}");
        assert_eq!(bench.host.open(), 0, "{key:?}");
        assert!(bench.context.memory(|m| m.has_focus(id)), "{key:?} took the focus away");
    }
    bench.press(Key::Tab);
    assert!(!bench.context.memory(|m| m.has_focus(id)), "Tab goes on");
}

#[test]
fn all_controls_are_reached_by_tab_and_show_it() {
    for page in [Page::Amp, Page::Eq] {
        let mut bench = Bench::new(1.0);
        *bench.app.params.page.lock() = page;
        (0..3).for_each(|_| drop(bench.frame(Vec::new())));
        let controls: Vec<Id> = bench.context.viewport(|viewport| {
            let widgets = viewport.prev_pass.widgets.layers().flat_map(|(_, widgets)| widgets);
            widgets.filter(|w| w.sense.is_focusable()).map(|w| w.id).collect()
        });
        // The corner of the window is the framework's, and is dragged alone; the graph's bands have their figures below.
        let exempt = [Id::unique("tonewright"), Id::unique("eq-graph")];
        let rings = |shapes: &[ClippedShape]| {
            let is_ring =
                |s: &&ClippedShape| matches!(&s.shape, Shape::Rect(r) if r.stroke.color == theme::FOCUS);
            shapes.iter().filter(is_ring).count()
        };
        let mut reached = std::collections::HashSet::new();
        for _ in 0..controls.len() + 2 {
            bench.press(Key::Tab);
            let focused = bench.context.memory(|m| m.focused());
            if let Some(id) = focused.filter(|id| !exempt.contains(id) && reached.insert(*id)) {
                let shown = rings(&bench.frame(Vec::new()));
                assert_eq!(shown, 1, "{shown} rings while {id:?} has the focus on {page:?}");
            }
        }
        let missed: Vec<&Id> =
            controls.iter().filter(|id| !reached.contains(id) && !exempt.contains(id)).collect();
        assert!(missed.is_empty(), "{missed:?} on {page:?}");
        assert!(reached.len() > 20, "{} controls on {page:?}", reached.len());
    }
}

#[test]
fn a_typed_value_is_taken_with_enter_and_dropped_with_escape() {
    for (key, expected) in [(Key::Enter, -6.5), (Key::Escape, 0.0)] {
        let mut bench = Bench::new(1.0);
        let params = bench.app.params.clone();
        figures::type_value(&bench.context, &params.input.trim);
        (0..3).for_each(|_| drop(bench.frame(Vec::new())));
        bench.frame(vec![Event::Text("-6,5".to_owned())]);
        bench.press(key);
        assert_eq!(params.input.trim.value(), expected, "{key:?}");
        assert!(!figures::is_typed(&bench.context, &params.input.trim), "{key:?}");
        assert_eq!(bench.host.open(), 0);
    }
}

#[test]
fn a_comparison_is_begun_and_ended_and_what_went_wrong_is_dismissed() {
    let mut bench = Bench::new(1.0);
    let click = |bench: &mut Bench, id: Id| {
        bench.context.memory_mut(|m| m.request_focus(id));
        bench.frame(Vec::new());
        bench.press(Key::Enter);
    };
    let end = Id::unique(("key", "end comparison"));
    let place = |bench: &Bench, id: Id| bench.context.read_response(id).map(|response| response.rect);
    assert_eq!(place(&bench, end), None, "there is nothing to end");
    click(&mut bench, Id::unique(("key", "side B")));
    assert!(bench.app.params.compare.is_comparing());
    let keys = ["side A", "side B", "copy side", "match sides", "end comparison", "presets"];
    let places: Vec<Rect> =
        keys.iter().map(|key| place(&bench, Id::unique(("key", *key))).unwrap()).collect();
    for (i, a) in places.iter().enumerate() {
        assert!(places[..i].iter().all(|b| !a.shrink(0.5).intersects(b.shrink(0.5))), "{}", keys[i]);
    }
    click(&mut bench, end);
    assert!(!bench.app.params.compare.is_comparing());
    bench.frame(Vec::new());
    assert_eq!(place(&bench, end), None);

    use nih_plug::params::persist::PersistentField;
    bench.app.params.notes.set(vec!["The preset cannot be read.".into()]);
    let shown = |bench: &mut Bench| {
        bench.frame(Vec::new());
        texts(&bench.frame(Vec::new())).iter().any(|(text, _)| text == "The preset cannot be read.")
    };
    assert!(shown(&mut bench));
    click(&mut bench, Id::unique("presets-problem-text"));
    assert!(!shown(&mut bench));
}

#[test]
fn escape_closes_what_lies_above_the_page() {
    let mut bench = Bench::new(1.0);
    bench.app.open_overlay(Overlay::Library(Part::Model));
    bench.frame(Vec::new());
    assert_eq!(bench.app.overlay, Overlay::Library(Part::Model));
    bench.press(Key::Escape);
    assert_eq!(bench.app.overlay, Overlay::None);
}

#[test]
fn the_tuner_is_a_strip_below_the_page_or_all_of_the_window() {
    let shows = |texts: &[(String, Rect)], text: &str| texts.iter().any(|(shown, _)| shown == text);
    for scale in SCALES {
        let mut bench = Bench::new(scale);
        let params = bench.app.params.clone();
        let window = Rect::from_min_size(egui::Pos2::ZERO, theme::DESIGN * scale);
        gesture::set(&ParamSetter { raw_context: &bench.host }, &params.tuner.on, true);
        for (full, page) in [(false, true), (true, false)] {
            bench.app.tuner_is_full = full;
            bench.frame(Vec::new());
            let texts = texts(&bench.frame(Vec::new()));
            assert!(shows(&texts, "Play a single string"), "{texts:?}");
            assert_eq!(shows(&texts, "CABINET"), page);
            assert!(!shows(&texts, "ENGINE"));
            for (i, (text, place)) in texts.iter().enumerate() {
                assert!(window.contains_rect(*place), "{text:?} leaves the window at {scale}");
                let apart = |other: &Rect| !other.shrink(0.75).intersects(place.shrink(0.75));
                assert!(texts[i + 1..].iter().all(|(_, other)| apart(other)), "{text:?} at {scale}");
            }
        }
        bench.press(Key::Escape);
        assert!(!params.tuner.on.value(), "Escape puts it away");
    }
}

#[test]
fn tab_stays_above_the_veil() {
    let mut bench = Bench::new(1.0);
    bench.app.open_overlay(Overlay::Library(Part::Model));
    (0..3).for_each(|_| drop(bench.frame(Vec::new())));
    let (params, mut reached) = (bench.app.params.clone(), std::collections::HashSet::new());
    for _ in 0..60 {
        bench.press(Key::Tab);
        reached.extend(bench.context.memory(|m| m.focused()));
    }
    assert!(reached.len() > 5, "{reached:?}");
    assert!(!reached.contains(&Id::unique(("knob", params.input.trim.name()))));
}

#[test]
fn a_closed_window_tunes_no_longer() {
    let mut bench = Bench::new(1.0);
    let params = bench.app.params.clone();
    let inner: Arc<Host> = Arc::default();
    bench.app.gui = Some(GuiContext::new(inner));
    gesture::set(&ParamSetter { raw_context: &bench.host }, &params.tuner.on, true);
    bench.frame(Vec::new());
    bench.app.editor_closed();
    assert!(!params.tuner.on.value(), "the rack would stay silent");
}

#[test]
fn a_window_at_rest_asks_for_no_frames() {
    let mut bench = Bench::new(1.0);
    let asked = |bench: &mut Bench, busy: bool| {
        let mut after = Duration::MAX;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, theme::DESIGN)),
            ..RawInput::default()
        };
        let app = &mut bench.app;
        let mut output = bench.context.run_ui(input, |ui| app.ask_for_next_frame(ui, busy));
        output.textures_delta.clear();
        for viewport in output.viewport_output.values() {
            after = after.min(viewport.repaint_delay);
        }
        after
    };
    for _ in 0..3 {
        asked(&mut bench, false);
    }
    assert_eq!(asked(&mut bench, false), Duration::MAX);
    assert_eq!(asked(&mut bench, true), WAIT);
    bench.app.muted_seconds = 1.0;
    assert!(asked(&mut bench, false) < Duration::from_millis(50));
}
