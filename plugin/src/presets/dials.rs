//! The parameters that shape the sound, by their ids, whatever their type.

use crate::amp::{Desk, Part, SavedSource};
use crate::params::{TonewrightParams, knobs};
use nih_plug::prelude::{Param, ParamPtr, ParamSetter, Params};
use shared::word_eq::Curve;
use std::sync::Arc;

/// What belongs to the player, the interface or the machine rather than to the sound.
const NOT_SOUND: [&str; 8] = [
    "bypass",
    "engine",
    "eq_listen",
    "input_calibrated",
    "input_channels",
    "input_full_scale",
    "tuner",
    "tuner_mute",
];

/// How finely the amp is computed. It is heard, so it belongs to a sound; but a sound that says nothing of it leaves it to what the player's
/// machine can afford.
pub(super) const OVERSAMPLING: &str = "oversampling";

/// How the ids of what only listens end.
const SOLO: &str = "_solo";

/// How the ids of what steps through lists end.
const STEPS: [&str; 2] = ["_previous", "_next"];

/// What kind of values a parameter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers, without steps.
    Number,
    /// Slots or other whole numbers.
    Whole,
    /// On or off.
    Switch,
    /// One of several names.
    Choice,
}

struct Dial {
    id: String,
    param: ParamPtr,
}

/// The parameters that shape the sound of one instance, in the order of the rack, and what belongs to them beside: the player's own
/// files and the equaliser's balances. Any thread may read; who may set is said at each.
pub struct Dials {
    params: Arc<TonewrightParams>,
    desk: Arc<Desk>,
    all: Vec<Dial>,
}

impl Dials {
    /// All that shape the sound of an instance.
    pub fn new(params: Arc<TonewrightParams>, desk: Arc<Desk>) -> Self {
        let all = params.param_map().into_iter();
        let all = all.filter(|(id, ..)| shapes_sound(id)).map(|(id, param, _)| Dial { id, param }).collect();
        Self { params, desk, all }
    }

    /// A set of its own, which sounds nowhere: for those who compute beside the host.
    pub fn apart(desk: Arc<Desk>) -> Self {
        Self::new(Arc::new(TonewrightParams::new(&desk)), desk)
    }

    /// The parameters they belong to.
    pub fn params(&self) -> &Arc<TonewrightParams> {
        &self.params
    }

    /// What the loader is wished.
    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The id at a place.
    pub fn id(&self, at: usize) -> &str {
        &self.all[at].id
    }

    /// The place of an id.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.all.iter().position(|dial| dial.id == id)
    }

    /// The place of a parameter that the framework points at.
    pub fn place_of(&self, param: ParamPtr) -> Option<usize> {
        self.all.iter().position(|dial| dial.param == param)
    }

    /// The place of a parameter.
    pub fn place_of_param(&self, param: &impl Param) -> Option<usize> {
        self.place_of(param.as_ptr())
    }

    /// What kind of values it has.
    pub fn kind(&self, at: usize) -> Kind {
        match self.all[at].param {
            ParamPtr::FloatParam(_) => Kind::Number,
            ParamPtr::IntParam(_) => Kind::Whole,
            ParamPtr::BoolParam(_) => Kind::Switch,
            ParamPtr::EnumParam(_) => Kind::Choice,
        }
    }

    /// What it is called.
    pub fn name(&self, at: usize) -> &str {
        // SAFETY: the pointer leads into `params`, which lives as long as this does.
        unsafe { self.all[at].param.name() }
    }

    /// Its unit as it stands behind a number.
    pub fn unit(&self, at: usize) -> &'static str {
        if knobs::is_knob(self.id(at)) {
            return " %";
        }
        // SAFETY: as in `name`.
        unsafe { self.all[at].param.unit() }
    }

    /// Its value now, from 0 to 1, without what a host modulates.
    pub fn value(&self, at: usize) -> f32 {
        // SAFETY: as in `name`.
        unsafe { self.all[at].param.unmodulated_normalized_value() }
    }

    /// Its value in a fresh instance, from 0 to 1.
    pub fn usual(&self, at: usize) -> f32 {
        // SAFETY: as in `name`.
        unsafe { self.all[at].param.default_normalized_value() }
    }

    /// Steps between its first and its last value, if it has any.
    pub fn steps(&self, at: usize) -> Option<usize> {
        // SAFETY: as in `name`.
        unsafe { self.all[at].param.step_count() }
    }

    /// The plain value of one from 0 to 1.
    pub fn plain(&self, at: usize, value: f32) -> f32 {
        // SAFETY: as in `name`.
        unsafe { self.all[at].param.preview_plain(value) }
    }

    /// What a parameter will say that is set to a value from 0 to 1: the nearest of its steps.
    pub fn nearest(&self, at: usize, value: f32) -> f32 {
        let plain = self.plain(at, value);
        // SAFETY: as in `name`.
        unsafe { self.all[at].param.preview_normalized(plain) }
    }

    /// The text of a value from 0 to 1, without its unit. Of an amp's own knobs it is a percentage, and not what it means for the model that
    /// happens to play.
    pub fn text(&self, at: usize, value: f32) -> String {
        if knobs::is_knob(self.id(at)) {
            return knobs::percent(value);
        }
        // SAFETY: as in `name`.
        unsafe { self.all[at].param.normalized_value_to_string(value, false) }
    }

    /// The value, from 0 to 1, of a text with or without its unit.
    pub fn value_of(&self, at: usize, text: &str) -> Option<f32> {
        if knobs::is_knob(self.id(at)) {
            return knobs::of_percent(text);
        }
        // SAFETY: as in `name`.
        let value = unsafe { self.all[at].param.string_to_normalized_value(text) };
        value.filter(|value| value.is_finite())
    }

    /// Sets a value as a player's hand does: the host is told, and takes the change over when it next asks. From the window's thread.
    pub fn tell(&self, at: usize, value: f32, setter: &ParamSetter) {
        let param = self.all[at].param;
        // SAFETY: as in `name`; the host's wrapper knows all parameters of this instance.
        unsafe {
            setter.raw_context.raw_begin_set_parameter(param);
            setter.raw_context.raw_set_parameter_normalized(param, value);
            setter.raw_context.raw_end_set_parameter(param);
        }
    }

    /// Sets a value at once; no host is told. From any thread: values are atomic.
    pub fn set(&self, at: usize, value: f32) {
        // SAFETY: as in `name`. The framework sets its parameters by this very call, from any thread.
        unsafe { self.all[at].param._internal_set_normalized_value(value) };
    }

    /// The value, from 0 to 1, of a slot.
    pub fn value_of_slot(&self, at: usize, slot: usize) -> f32 {
        slot as f32 / self.steps(at).unwrap_or(1).max(1) as f32
    }

    /// The player's own files, in the order of [`Part::ALL`]; the slots in place of parameters are left out.
    pub fn files(&self) -> [SavedSource; 3] {
        Part::ALL.map(|part| SavedSource { slot: None, ..self.desk.source(part) })
    }

    /// The balances that were learned and frozen.
    pub fn balances(&self) -> [Option<Curve>; 2] {
        [self.params.eq.learned.kept(), self.params.eq.frozen.kept()]
    }

    /// Keeps balances; where there is none, what is kept stays.
    pub fn keep_balances(&self, [learned, frozen]: &[Option<Curve>; 2]) {
        for (kept, new) in [(&self.params.eq.learned, learned), (&self.params.eq.frozen, frozen)] {
            if new.is_some() && kept.kept() != *new {
                kept.keep_balance_db(*new);
            }
        }
    }
}

fn shapes_sound(id: &str) -> bool {
    !NOT_SOUND.contains(&id) && !id.ends_with(SOLO) && !STEPS.iter().any(|step| id.ends_with(step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factory::DEFAULT_SLOT;

    #[test]
    fn what_shapes_the_sound_is_covered_and_nothing_else() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        for id in [
            "input",
            "model",
            "quality",
            "oversampling",
            "amp_on",
            "gate_threshold",
            "tone_mid",
            "cab_b",
            "eq_b3_q",
            "output",
        ] {
            let at = dials.place(id).unwrap_or_else(|| panic!("{id} is left out"));
            assert_eq!(dials.id(at), id);
        }
        for id in [
            "bypass",
            "engine",
            "tuner",
            "input_full_scale",
            "input_channels",
            "preset_next",
            "eq_b1_solo",
            "eq_listen",
        ] {
            assert_eq!(dials.place(id), None, "{id}");
        }
    }

    #[test]
    fn values_are_set_and_read() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        for at in 0..dials.len() {
            for value in [0.0, 1.0] {
                dials.set(at, value);
                assert_eq!(dials.value(at), value, "{}", dials.id(at));
            }
            dials.set(at, dials.usual(at));
        }
        assert_eq!(dials.params().output.gain.value(), 0.0);
    }
}
