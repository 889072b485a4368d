//! The parameters of a model's own knobs.
//!
//! Hosts want the names and ranges of parameters to stay, whatever is loaded: automation, presets and controllers hang on them. So there are
//! as many as a model can have, with names that say nothing; what each turns stands in its text.

use super::text;
use crate::amp::{Desk, KNOBS, UNTURNED, figures, position, setting};
use nih_plug::prelude::*;
use shared::model::Knob;
use std::sync::Arc;

/// How the ids begin.
const IDS: &str = "amp_knob_";

/// Between a knob's name and its figures.
const COLON: &str = ": ";

/// The knobs of a model that has some.
#[derive(Params)]
pub struct KnobParams {
    /// The first one.
    #[id = "amp_knob_1"]
    pub first: FloatParam,
    /// The second one.
    #[id = "amp_knob_2"]
    pub second: FloatParam,
    /// The third one.
    #[id = "amp_knob_3"]
    pub third: FloatParam,
    /// The fourth one.
    #[id = "amp_knob_4"]
    pub fourth: FloatParam,
    /// The fifth one.
    #[id = "amp_knob_5"]
    pub fifth: FloatParam,
    /// The sixth one.
    #[id = "amp_knob_6"]
    pub sixth: FloatParam,
    /// The seventh one.
    #[id = "amp_knob_7"]
    pub seventh: FloatParam,
    /// The eighth one.
    #[id = "amp_knob_8"]
    pub eighth: FloatParam,
}

impl KnobParams {
    /// Parameters that lay their wishes on a desk, and tell what is turned of what plays there.
    pub fn new(desk: &Arc<Desk>) -> Self {
        let knob = |at: usize| {
            let (turned, shown, typed) = (desk.clone(), desk.clone(), desk.clone());
            let range = FloatRange::Linear { min: 0.0, max: 1.0 };
            FloatParam::new(format!("Amp knob {}", at + 1), UNTURNED, range)
                .with_value_to_string(Arc::new(move |position| text_of(shown.knobs().get(at), position)))
                .with_string_to_value(Arc::new(move |text| position_of(typed.knobs().get(at), text)))
                .with_callback(Arc::new(move |position| turned.set_knob(at, position)))
        };
        let [first, second, third, fourth, fifth, sixth, seventh, eighth] = std::array::from_fn(knob);
        Self { first, second, third, fourth, fifth, sixth, seventh, eighth }
    }

    /// All of them, in the order of the model's knobs.
    pub fn all(&self) -> [&FloatParam; KNOBS] {
        let Self { first, second, third, fourth, fifth, sixth, seventh, eighth } = self;
        [first, second, third, fourth, fifth, sixth, seventh, eighth]
    }

    /// Puts all of them back to where nobody has turned them, without a word to a host. Returns whether any stood elsewhere. From any thread.
    pub fn put_back(&self) -> bool {
        let mut any = false;
        for param in self.all() {
            // SAFETY: the pointer leads to a parameter of this. The framework sets its parameters by this very call, from any thread.
            any |= unsafe { param.as_ptr()._internal_set_normalized_value(UNTURNED) };
        }
        any
    }
}

/// Whether a parameter is one of them, by its id.
pub fn is_knob(id: &str) -> bool {
    id.starts_with(IDS)
}

/// The figures of what [`KnobParams`] show, without the knob's name; any other text stays.
pub fn without_name(text: &str) -> &str {
    text.rsplit_once(COLON).map_or(text, |(_, figures)| figures)
}

/// A position as it is called where nobody knows which knob it is.
pub fn percent(position: f32) -> String {
    format!("{:.1}", position * 100.0)
}

/// The position that [`percent`] calls so.
pub fn of_percent(text: &str) -> Option<f32> {
    text::number(text, "%").map(|percent| (percent / 100.0).clamp(0.0, 1.0))
}

fn text_of(knob: Option<&Knob>, at: f32) -> String {
    match knob {
        Some(knob) => format!("{}{COLON}{}", knob.name, figures(knob, setting(knob, at))),
        None => format!("{} %", percent(at)),
    }
}

/// The position of a text: a setting in the knob's own figures, after its name or alone, or a share of its way in percent.
fn position_of(knob: Option<&Knob>, text: &str) -> Option<f32> {
    let figures = without_name(text).trim();
    match knob.filter(|_| !figures.ends_with('%')) {
        Some(knob) => text::number(figures, "").map(|setting| position(knob, setting)),
        None => of_percent(figures),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_knob_is_called_by_its_name_and_typed_in_its_figures() {
        let gain = Knob { name: "Gain: lead".into(), lowest: 0.0, highest: 10.0, default: 2.0 };
        assert_eq!(
            [0.0, 0.5, 0.75].map(|at| text_of(Some(&gain), at)),
            ["Gain: lead: 0.0", "Gain: lead: 2.0", "Gain: lead: 6.0"]
        );
        for text in ["6", " 6.0 ", "Gain: lead: 6.0", "75 %", "75%"] {
            assert_eq!(position_of(Some(&gain), text), Some(0.75), "{text}");
        }
        assert_eq!(
            ["99", "-1", "200 %"].map(|text| position_of(Some(&gain), text)),
            [Some(1.0), Some(0.0), Some(1.0)]
        );
        assert_eq!(["nan", "much", "", "inf"].map(|text| position_of(Some(&gain), text)), [None; 4]);
    }

    #[test]
    fn a_position_that_turns_nothing_is_a_percentage() {
        assert_eq!(text_of(None, 0.5), "50.0 %");
        assert_eq!(["50.0 %", "50", "Gain: 50"].map(|text| position_of(None, text)), [Some(0.5); 3]);
        assert_eq!((without_name("50.0 %"), without_name("Gain: lead: 6.0")), ("50.0 %", "6.0"));
    }

    #[test]
    fn ids_and_names_count_from_one() {
        let params = KnobParams::new(&Arc::new(Desk::new(1)));
        let names = params.all().map(|param| param.name().to_owned());
        assert_eq!(names, std::array::from_fn(|at| format!("Amp knob {}", at + 1)));
        let ids: Vec<String> = params.param_map().into_iter().map(|(id, ..)| id).collect();
        assert_eq!(ids, (1..=KNOBS).map(|at| format!("{IDS}{at}")).collect::<Vec<_>>());
    }
}
