//! What a session says of parameters, held within their ranges.
//!
//! The framework takes values from a session as they are: an index beyond an enumeration's end would be a panic when it
//! is read, and a gain of 10³⁸ dB would be played.

use super::TonewrightParams;
use crate::amp::Desk;
use crate::factory::DEFAULT_SLOT;
use nih_plug::plugin::ParamValue;
use nih_plug::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// What a parameter may be.
enum Range {
    Float {
        least: f32,
        greatest: f32,
    },
    Int {
        least: i32,
        greatest: i32,
    },
    Bool,
    /// By its place, and as many as there are; or by a name, which the framework looks up.
    Enum {
        count: i32,
    },
}

/// What is known of a parameter.
struct Known {
    range: Range,
    /// Its value in a fresh instance.
    usual: f32,
}

/// By the parameters' ids. They are the same for all instances.
static KNOWN: LazyLock<HashMap<String, Known>> = LazyLock::new(|| {
    let params = TonewrightParams::new(&Arc::new(Desk::new(DEFAULT_SLOT)));
    params.param_map().into_iter().map(|(id, pointer, _)| (id, known(pointer))).collect()
});

fn known(pointer: ParamPtr) -> Known {
    // SAFETY: the parameters outlive the call.
    let (least, greatest, steps) =
        unsafe { (pointer.preview_plain(0.0), pointer.preview_plain(1.0), pointer.step_count()) };
    // SAFETY: as above.
    let usual = unsafe { pointer.default_plain_value() };
    let range = match pointer {
        ParamPtr::FloatParam(_) => Range::Float { least, greatest },
        ParamPtr::IntParam(_) => Range::Int { least: least as i32, greatest: greatest as i32 },
        ParamPtr::BoolParam(_) => Range::Bool,
        ParamPtr::EnumParam(_) => Range::Enum { count: steps.map_or(1, |steps| steps as i32 + 1) },
    };
    Known { range, usual }
}

/// Adds the parameters that a session does not name, as it may be older than they are: else those of the session before would stay.
pub fn complete(state: &mut PluginState) {
    for (id, Known { range, usual }) in KNOWN.iter() {
        let value = match range {
            Range::Float { .. } => ParamValue::F32(*usual),
            Range::Int { .. } | Range::Enum { .. } => ParamValue::I32(*usual as i32),
            Range::Bool => ParamValue::Bool(*usual >= 0.5),
        };
        state.params.entry(id.clone()).or_insert(value);
    }
}

/// Holds values within the ranges of their parameters, and leaves out those that are none. What this version does not
/// know stays.
pub fn hold(state: &mut PluginState) {
    state.params.retain(|id, value| match (KNOWN.get(id).map(|known| &known.range), value) {
        (None, _)
        | (Some(Range::Bool), ParamValue::Bool(_))
        | (Some(Range::Enum { .. }), ParamValue::String(_)) => true,
        (Some(Range::Float { least, greatest }), ParamValue::F32(value)) => {
            *value = value.clamp(*least, *greatest);
            !value.is_nan()
        }
        (Some(Range::Int { least, greatest }), ParamValue::I32(value)) => {
            *value = (*value).clamp(*least, *greatest);
            true
        }
        (Some(Range::Enum { count }), ParamValue::I32(place)) => (0..*count).contains(place),
        _ => false,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(id: &str, value: ParamValue) -> Option<ParamValue> {
        let params = [(id.to_owned(), value)].into();
        let mut state = PluginState { version: String::new(), params, fields: Default::default() };
        hold(&mut state);
        state.params.remove(id)
    }

    #[test]
    fn values_are_held_in_range() {
        let float = |value| match held("output", ParamValue::F32(value)) {
            Some(ParamValue::F32(value)) => Some(value),
            other => panic!("{other:?}"),
        };
        assert_eq!([1e38, f32::NEG_INFINITY, 3.5].map(float), [Some(24.0), Some(-24.0), Some(3.5)]);
        assert!(held("output", ParamValue::F32(f32::NAN)).is_none());
        assert!(matches!(held("model", ParamValue::I32(i32::MAX)), Some(ParamValue::I32(63))));
        assert!(matches!(held("model", ParamValue::I32(-1)), Some(ParamValue::I32(0))));
    }

    #[test]
    fn what_a_session_does_not_name_is_as_in_a_fresh_instance() {
        let params = [("output".to_owned(), ParamValue::F32(3.5))].into();
        let mut state = PluginState { version: String::new(), params, fields: Default::default() };
        complete(&mut state);
        let of = |id: &str| &state.params[id];
        assert!(matches!(of("output"), ParamValue::F32(value) if *value == 3.5));
        assert!(matches!(of("gate_threshold"), ParamValue::F32(value) if *value == -60.0));
        assert!(matches!(of("model"), ParamValue::I32(slot) if *slot == DEFAULT_SLOT as i32));
        assert!(matches!((of("amp_on"), of("bypass")), (ParamValue::Bool(true), ParamValue::Bool(false))));
        assert!(matches!(of("output_mode"), ParamValue::I32(place) if *place == usual_mode()));
        assert_eq!(state.params.len(), KNOWN.len());
    }

    /// The place of the usual output mode among the modes.
    fn usual_mode() -> i32 {
        let params = TonewrightParams::new(&Arc::new(Desk::new(DEFAULT_SLOT)));
        params.output.mode.value() as i32
    }

    #[test]
    fn values_of_another_kind_or_unknown_places_are_left_out() {
        assert!(held("output", ParamValue::Bool(true)).is_none());
        assert!(held("bypass", ParamValue::F32(1.0)).is_none());
        assert!(held("engine", ParamValue::I32(3)).is_none());
        assert!(held("engine", ParamValue::I32(-1)).is_none());
        assert!(matches!(held("engine", ParamValue::I32(2)), Some(ParamValue::I32(2))));
        assert!(held("engine", ParamValue::String("native".into())).is_some());
        assert!(held("of a later version", ParamValue::F32(1e38)).is_some());
    }
}
