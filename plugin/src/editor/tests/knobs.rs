//! The knobs of a model, where it has some.

use super::*;
use crate::factory::OWN_FILE_SLOT;
use shared::model::{Card, Knob, Model, Network, Parametric, ParametricSpec, WaveNetSpec};

/// Names of all lengths, the longest that a file may have among them.
const NAMES: [&str; 8] = [
    "Gain",
    "Tone",
    "Presence",
    "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM",
    "Mid",
    "Sag & bias",
    "Resonance",
    "Volume",
];

/// A window of a model that has the first `count` of these knobs.
fn bench(scale: f32, count: usize) -> Bench {
    standing_at(scale, count, 20.0)
}

/// The same with knobs that stand elsewhere by default, from -100 to 100.
fn standing_at(scale: f32, count: usize, default: f32) -> Bench {
    let knob = |name: &&str| Knob { name: (*name).into(), lowest: -100.0, highest: 100.0, default };
    let network = WaveNetSpec::nam_a1(2, 1, &[vec![1], vec![1]]);
    let spec = ParametricSpec { network, knobs: NAMES[..count].iter().map(knob).collect(), features: 1 };
    let weights = vec![0.1; spec.weight_count()];
    let network = Network::Parametric(Parametric::new(spec, weights).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("knobs.onnx");
    let card = Card { name: "An amp with knobs".into(), gear: "of its own".into(), ..Card::default() };
    Model { card, network }.save(&path).unwrap();
    let desk = Desk::new(OWN_FILE_SLOT);
    desk.set_file(Part::Model, Some(path));
    let bench = Bench::of(scale, desk);
    assert_eq!(bench.app.shown.playing.as_ref().map(|info| info.knobs.len()), Some(count));
    bench
}

fn shown(bench: &mut Bench) -> Vec<(String, Rect)> {
    bench.frame(Vec::new());
    texts(&bench.frame(Vec::new()))
}

#[test]
fn the_knobs_of_a_model_can_be_read_and_reached_at_every_size() {
    let long = NAMES[3].to_owned();
    for (scale, count) in SCALES.into_iter().flat_map(|scale| [1, 3, 4, 5, 8].map(|count| (scale, count))) {
        let mut bench = bench(scale, count);
        // The longest figures.
        (0..count).for_each(|at| {
            let param = bench.app.params.knobs.all()[at];
            gesture::set(&ParamSetter { raw_context: &bench.host }, param, 0.0);
        });
        let texts = shown(&mut bench);
        all_can_be_read(&texts, scale, &[&long]);
        controls_lie_apart(&bench);
        let figures = texts.iter().filter(|(text, _)| text == "-100").count();
        assert_eq!(figures, count, "at {scale}");
        for (at, name) in NAMES[..count].iter().enumerate() {
            let name = name.to_uppercase();
            let is_there = texts.iter().any(|(text, _)| *text == name || (at == 3 && text.ends_with('…')));
            assert!(is_there, "{name} is not shown at {scale}");
            let id = Id::unique(("knob", bench.app.params.knobs.all()[at].name()));
            assert!(bench.context.read_response(id).is_some(), "{name} cannot be turned at {scale}");
        }
    }
}

#[test]
fn without_knobs_there_are_none() {
    let mut bench = Bench::new(1.0);
    shown(&mut bench);
    for param in bench.app.params.knobs.all() {
        assert!(bench.context.read_response(Id::unique(("knob", param.name()))).is_none());
    }
}

#[test]
fn a_model_knob_is_turned_typed_and_reset_in_its_own_figures() {
    let mut bench = bench(1.0, 2);
    let params = bench.app.params.clone();
    let tone = params.knobs.all()[1];
    let id = Id::unique(("knob", tone.name()));
    bench.context.memory_mut(|m| m.request_focus(id));
    (0..2).for_each(|_| drop(bench.frame(Vec::new())));
    // One notch of forty from end to end.
    for (key, expected) in [(Key::ArrowUp, 0.525), (Key::End, 1.0), (Key::Home, 0.0), (Key::Delete, 0.5)] {
        bench.press(key);
        assert!((tone.value() - expected).abs() < 1e-6, "{key:?}: {}", tone.value());
    }
    for (typed, key, expected) in
        [("60", Key::Enter, 0.75), ("-100", Key::Enter, 0.0), ("7", Key::Escape, 0.0)]
    {
        figures::type_value(&bench.context, tone);
        let field = shown(&mut bench);
        assert!(!field.iter().any(|(text, _)| text.contains("Tone: ")), "the name stands above");
        bench.frame(vec![Event::Text(typed.to_owned())]);
        bench.press(key);
        assert!((tone.value() - expected).abs() < 1e-6, "{typed}: {}", tone.value());
        assert_eq!(bench.host.open(), 0);
    }
    assert_eq!(tone.to_string(), "Tone: -100", "what a host shows");
    assert_eq!(params.knobs.all()[2].to_string(), "50.0 %", "it turns nothing");
}

#[test]
fn figures_that_nobody_changes_leave_the_value_alone() {
    let mut bench = bench(1.0, 1);
    let (params, exact) = (bench.app.params.clone(), 0.724_93);
    let knob = params.knobs.all()[0];
    gesture::set(&ParamSetter { raw_context: &bench.host }, knob, exact);
    for key in [Key::Enter, Key::Tab, Key::Escape] {
        figures::type_value(&bench.context, knob);
        shown(&mut bench);
        assert!(figures::is_typed(&bench.context, knob));
        bench.press(key);
        assert!(!figures::is_typed(&bench.context, knob));
        assert_eq!(knob.value(), exact, "{key:?}");
    }
    figures::type_value(&bench.context, knob);
    shown(&mut bench);
    bench.frame(vec![Event::Text("57".into())]);
    bench.press(Key::Enter);
    assert_ne!(knob.value(), exact);
}

#[test]
fn a_knob_that_stands_at_its_end_is_turned_from_there_to_the_other() {
    for (default, [first, last]) in [(-100.0, [0.5, 1.0]), (100.0, [0.0, 0.5])] {
        let mut bench = standing_at(1.0, 1, default);
        let params = bench.app.params.clone();
        let knob = params.knobs.all()[0];
        let id = Id::unique(("knob", knob.name()));
        bench.context.memory_mut(|m| m.request_focus(id));
        (0..2).for_each(|_| drop(bench.frame(Vec::new())));
        let value = |bench: &mut Bench, key| {
            bench.press(key);
            knob.value()
        };
        assert_eq!([Key::End, Key::Home].map(|key| value(&mut bench, key)), [last, first]);
        let notch = value(&mut bench, Key::ArrowUp) - first;
        assert!((notch - 0.0125).abs() < 1e-6, "forty notches from end to end: {notch}");
        // A hand that drags goes all the way in half of the window, and back, without a dead stretch.
        let centre = bench.context.read_response(id).unwrap().rect.center();
        let button = |pos, pressed| Event::PointerButton {
            pos,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        // Where a host has turned it, which turns nothing.
        gesture::set(&ParamSetter { raw_context: &bench.host }, knob, if first > 0.0 { 0.1 } else { 0.9 });
        bench.frame(vec![Event::PointerMoved(centre)]);
        bench.frame(vec![button(centre, true)]);
        let from = if first > 0.0 { first } else { last };
        let sign = if first > 0.0 { 1.0 } else { -1.0 };
        let mut last_at = centre;
        for step in 1..=11 {
            last_at = centre + egui::vec2(sign * 10.0 * step as f32, 0.0);
            bench.frame(vec![Event::PointerMoved(last_at)]);
        }
        let turned = (knob.value() - from).abs();
        assert!((turned - 0.25).abs() < 0.03, "half of the way in half of the travel: {turned}");
        bench.frame(vec![button(last_at, false)]);
        assert_eq!(bench.host.open(), 0);
    }
}
