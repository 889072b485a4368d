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

/// By the parameters' ids. They are the same for all instances.
static RANGES: LazyLock<HashMap<String, Range>> = LazyLock::new(|| {
    let params = TonewrightParams::new(&Arc::new(Desk::new(DEFAULT_SLOT)));
    params.param_map().into_iter().map(|(id, pointer, _)| (id, range(pointer))).collect()
});

fn range(pointer: ParamPtr) -> Range {
    // SAFETY: the parameters outlive the call.
    let (least, greatest, steps) =
        unsafe { (pointer.preview_plain(0.0), pointer.preview_plain(1.0), pointer.step_count()) };
    match pointer {
        ParamPtr::FloatParam(_) => Range::Float { least, greatest },
        ParamPtr::IntParam(_) => Range::Int { least: least as i32, greatest: greatest as i32 },
        ParamPtr::BoolParam(_) => Range::Bool,
        ParamPtr::EnumParam(_) => Range::Enum { count: steps.map_or(1, |steps| steps as i32 + 1) },
    }
}

/// Holds values within the ranges of their parameters, and leaves out those that are none. What this version does not
/// know stays.
pub fn hold(state: &mut PluginState) {
    state.params.retain(|id, value| match (RANGES.get(id), value) {
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
