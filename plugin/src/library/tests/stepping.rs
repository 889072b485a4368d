use super::super::{Browsing, Choice, FilePath, Kind, Scope, Stepper, neighbour};
use super::*;
use crate::amp::{Desk, Part, Stepped, UNTURNED, Way};
use crate::params::TonewrightParams;
use nih_plug::prelude::Param;

/// An instance with its window closed.
struct Instance {
    desk: Arc<Desk>,
    params: Arc<TonewrightParams>,
    browsing: Browsing,
    stepper: Stepper,
}

impl Instance {
    fn new(place: &Place) -> Self {
        let desk = Arc::new(Desk::new(1));
        let params = Arc::new(TonewrightParams::new(&desk));
        let (config, cache) = (place.config(), place.folder.path().join("cache"));
        let open = move || Arc::new(Library::at(Some(config), Some(cache)));
        let stepper = Stepper::new(&params, open);
        Self { desk, browsing: params.browsing.clone(), params, stepper }
    }

    fn step(&mut self, stepped: Stepped, way: Way) -> Option<Choice> {
        for on in [true, false] {
            self.desk.steps().switch(stepped, way, on);
        }
        self.stepper.run(&self.desk);
        let part = if stepped == Stepped::Model { Part::Model } else { Part::CabA };
        Choice::on_desk(&self.desk, part)
    }
}

#[test]
fn the_factory_is_stepped_through_around_its_end() {
    let place = Place::new();
    let mut instance = Instance::new(&place);
    assert_eq!(instance.step(Stepped::Model, Way::On), Some(Choice::Factory(MODELS[1].slot)));
    assert!(instance.desk.chosen(Part::Model).is_some(), "no parameter was set");
    instance.step(Stepped::Model, Way::Back);
    let last = MODELS[MODELS.len() - 1].slot;
    assert_eq!(instance.step(Stepped::Model, Way::Back), Some(Choice::Factory(last)));
    assert_eq!(instance.step(Stepped::Cab, Way::On), Some(Choice::Factory(2)));
    assert_eq!(instance.desk.slot(Part::CabB), 2, "the other loudspeaker stays");
    // The host's own automation takes the wish back.
    instance.desk.set_slot(Part::Model, 2);
    assert_eq!(Choice::on_desk(&instance.desk, Part::Model), Some(Choice::Factory(2)));
}

#[test]
fn a_step_to_another_model_puts_its_knobs_back() {
    let place = Place::new();
    let mut instance = Instance::new(&place);
    let positions = |instance: &Instance| {
        let shown = instance.params.knobs.all().map(|knob| knob.value());
        assert_eq!(instance.desk.wish().knobs, shown);
        shown
    };
    let turned = &instance.params.knobs.seventh;
    // SAFETY: the parameter lives as long as the instance.
    unsafe { turned.as_ptr()._internal_set_normalized_value(0.9) };
    assert!(positions(&instance).contains(&0.9));
    instance.step(Stepped::Cab, Way::On);
    assert!(positions(&instance).contains(&0.9), "it is another loudspeaker, and the same model");
    assert!(!instance.params.preset.take_untold());
    instance.step(Stepped::Model, Way::On);
    assert!(positions(&instance).iter().all(|at| *at == UNTURNED));
    assert!(instance.params.preset.take_untold(), "the window tells it when there is one");
    instance.step(Stepped::Model, Way::On);
    assert!(!instance.params.preset.take_untold(), "there was nothing to tell");
}

#[test]
fn a_file_is_stepped_from_to_those_beside_it() {
    let place = Place::new();
    let [two, ten] = ["amp 2.nam", "Amp 10.nam"].map(|name| place.model(name, 1));
    place.model("further/in.nam", 1);
    place.response("cab.wav", 0.1);
    std::fs::write(place.files().join("amp 3.nam"), b"damaged").unwrap();
    let mut instance = Instance::new(&place);
    Choice::file(&two).lay_on(&instance.desk, Part::Model);
    assert_eq!(instance.step(Stepped::Model, Way::On), Some(Choice::file(&ten)), "past what is damaged");
    assert_eq!(instance.desk.slot(Part::Model), 0);
    assert_eq!(instance.step(Stepped::Model, Way::On), Some(Choice::file(&two)));
    // One that was deleted keeps its place between the others.
    Choice::file(place.files().join("amp 4.nam")).lay_on(&instance.desk, Part::Model);
    assert_eq!(instance.step(Stepped::Model, Way::Back), Some(Choice::file(&two)));
}

#[test]
fn recordings_are_passed_over() {
    let place = Place::new();
    let first = place.response("a.wav", 0.1);
    place.response("b.wav", 12.0);
    let third = place.response("c.wav", 0.1);
    let mut instance = Instance::new(&place);
    Choice::file(first).lay_on(&instance.desk, Part::CabA);
    assert_eq!(instance.step(Stepped::Cab, Way::On), Some(Choice::file(third)));
}

#[test]
fn the_list_that_was_shown_is_the_one_that_is_stepped_through() {
    let place = Place::new();
    let [a, b] = ["a.nam", "b.nam"].map(|name| place.model(name, 1));
    let mut instance = Instance::new(&place);
    let list = [Choice::file(&b), Choice::Factory(1), Choice::file(&a)];
    instance.browsing.set(Kind::Model, Scope::Favourites, list.clone().into());
    assert_eq!(instance.step(Stepped::Model, Way::On).as_ref(), Some(&list[2]));
    assert_eq!(instance.step(Stepped::Model, Way::On).as_ref(), Some(&list[0]));
}

#[test]
fn a_session_comes_back_to_its_favourites() {
    use nih_plug::params::persist::PersistentField;
    let place = Place::new();
    let [a, b] = ["a.nam", "b.nam"].map(|name| place.model(name, 1));
    place.model("aa.nam", 1);
    for path in [&b, &a] {
        place.library.star(mark(path), true);
    }
    until("the settings file", || place.other().read_settings().favourites.len() == 2);
    let browsing = Browsing::default();
    browsing.set(Kind::Model, Scope::Favourites, [].into());
    let saved = browsing.map(|saved| serde_json::to_string(saved).unwrap());
    let mut instance = Instance::new(&place);
    PersistentField::set(&instance.browsing, serde_json::from_str(&saved).unwrap());
    Choice::file(&a).lay_on(&instance.desk, Part::Model);
    assert_eq!(instance.step(Stepped::Model, Way::On), Some(Choice::file(&b)));
    let folder = Scope::Folder(FilePath(place.files()));
    instance.browsing.set(Kind::Model, folder, [].into());
    assert_eq!(instance.step(Stepped::Model, Way::Back), Some(Choice::file(place.files().join("aa.nam"))));
}

#[test]
fn a_neighbour_is_another_one() {
    let list: Vec<Choice> = (1..=4).map(Choice::Factory).collect();
    let from = |at: usize, steps| neighbour(&list, Some(&Choice::Factory(at)), steps, |_| true);
    assert_eq!(from(4, 1), Some(Choice::Factory(1)));
    assert_eq!(from(1, -2), Some(Choice::Factory(3)));
    assert_eq!(from(2, i32::MIN), Some(Choice::Factory(1)), "whole rounds and one more");
    assert_eq!((from(9, 1), from(9, -1)), (Some(Choice::Factory(1)), Some(Choice::Factory(4))));
    let even = |choice: &Choice| matches!(choice, Choice::Factory(slot) if slot % 2 == 0);
    assert_eq!(neighbour(&list, Some(&Choice::Factory(2)), 1, even), Some(Choice::Factory(4)));
    assert_eq!(neighbour(&list, Some(&Choice::Factory(2)), 1, |_| false), None);
    assert_eq!(neighbour(&[], None, 1, |_| true), None);
    assert_eq!(neighbour(&list[..1], Some(&list[0]), 1, |_| true), None);
}
