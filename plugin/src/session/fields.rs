//! What a loaded session does not say, or says so that nobody can read it.
//!
//! The framework restores field by field and leaves alone what is missing or damaged. So a session would go on with files, a comparison or a
//! preset of the one before it. Here each becomes what a fresh instance has, and the player is told of what was damaged.

use super::Attached;
use crate::amp::{Desk, SavedSource};
use crate::compare::{KeptCompare, KeptSound};
use crate::factory::DEFAULT_SLOT;
use crate::library::SavedBrowsing;
use crate::params::{Page, TonewrightParams};
use crate::presets::KeptPlace;
use nih_plug::params::persist::PersistentField;
use nih_plug::prelude::{Params, PluginState};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// The field that holds what is to be said. Whatever a session has there is replaced.
const NOTES: &str = "notes";

/// Longest text that is read of a field other than the files, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// What a field's text is worth.
#[derive(Debug, PartialEq)]
enum Worth {
    Whole,
    /// Some of it can be read: that.
    Part(String),
    Nothing,
}

/// A field that is kept beside the parameters.
struct Field {
    key: &'static str,
    /// What it is about, for the player.
    about: &'static str,
    worth: fn(&str) -> Worth,
    /// Whether it belongs to the window rather than to the session: where it is missing, what is there stays.
    is_windows: bool,
}

const fn field(key: &'static str, about: &'static str, worth: fn(&str) -> Worth) -> Field {
    Field { key, about, worth, is_windows: false }
}

/// All of them.
const FIELDS: [Field; 12] = [
    field("attached", "the copies of your files", whole::<Attached>),
    field("own-file", "the amp's file", short::<SavedSource>),
    field("cab-a-file", "cabinet A's file", short::<SavedSource>),
    field("cab-b-file", "cabinet B's file", short::<SavedSource>),
    field("compare", "the comparison of A and B", compare),
    field("preset", "the preset", short::<KeptPlace>),
    field("library", "the lists of the library", short::<SavedBrowsing>),
    field("a4", "the tuner's pitch", short::<f64>),
    field("eq-learned", "what the equaliser learned", short::<Option<Vec<f32>>>),
    field("eq-frozen", "what the equaliser froze", short::<Option<Vec<f32>>>),
    Field { is_windows: true, ..field("window", "the size of the window", short::<(f32, f32)>) },
    Field { is_windows: true, ..field("page", "the page of the window", short::<Page>) },
];

/// The texts of a fresh instance.
static USUAL: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| TonewrightParams::new(&Arc::new(Desk::new(DEFAULT_SLOT))).serialize_fields());

/// Completes the fields of a session that is about to be restored, and notes what could not be read. Reads as much text as the framework
/// does afterwards.
pub fn complete(state: &mut PluginState) {
    let mut notes = Vec::new();
    for Field { key, about, worth, is_windows } in &FIELDS {
        let usual = || USUAL.get(*key).cloned().unwrap_or_default();
        let text = match state.fields.get(*key).map(|text| worth(text)) {
            Some(Worth::Whole) => continue,
            None if *is_windows => continue,
            None => usual(),
            Some(Worth::Part(text)) => {
                notes.push(format!("Only part of what the session says of {about} can be read."));
                text
            }
            Some(Worth::Nothing) => {
                notes.push(format!(
                    "What the session says of {about} cannot be read; it is as in a new instance."
                ));
                usual()
            }
        };
        state.fields.insert((*key).to_owned(), text);
    }
    // A list of texts is always JSON.
    state.fields.insert(NOTES.to_owned(), serde_json::to_string(&notes).unwrap_or_else(|_| "[]".into()));
}

fn whole<T: DeserializeOwned>(text: &str) -> Worth {
    if serde_json::from_str::<T>(text).is_ok() { Worth::Whole } else { Worth::Nothing }
}

fn short<T: DeserializeOwned>(text: &str) -> Worth {
    if text.len() <= MAX_BYTES { whole::<T>(text) } else { Worth::Nothing }
}

/// One value that is damaged costs no other: a side is hours of work.
fn compare(text: &str) -> Worth {
    if short::<KeptCompare>(text) == Worth::Whole {
        return Worth::Whole;
    }
    let read = (text.len() <= MAX_BYTES).then(|| serde_json::from_str::<Value>(text).ok()).flatten();
    let Some(Value::Object(mut kept)) = read else { return Worth::Nothing };
    if let Some(Value::Object(other)) = kept.get_mut("other") {
        if let Some(Value::Object(values)) = other.get_mut("values") {
            values.retain(|_, value| value.is_number());
        }
        retain_readable::<KeptSound>(other);
    }
    retain_readable::<KeptCompare>(&mut kept);
    Worth::Part(Value::Object(kept).to_string())
}

/// Leaves out what would make the whole unreadable.
fn retain_readable<T: DeserializeOwned>(map: &mut Map<String, Value>) {
    map.retain(|key, value| {
        let alone = Map::from_iter([(key.clone(), value.clone())]);
        serde_json::from_value::<T>(Value::Object(alone)).is_ok()
    });
}

/// What is to be said of the session that was loaded last. For any thread but the audio thread.
#[derive(Debug, Default)]
pub struct Notes(Mutex<Vec<String>>);

impl Notes {
    /// All of it, as one text.
    pub fn text(&self) -> Option<String> {
        Some(self.0.lock().join(" ")).filter(|text| !text.is_empty())
    }

    /// The player has read it.
    pub fn dismiss(&self) {
        self.0.lock().clear();
    }
}

/// Nothing of it is saved: it belongs to one loading.
impl PersistentField<'_, Vec<String>> for Notes {
    fn set(&self, notes: Vec<String>) {
        let before = std::mem::replace(&mut *self.0.lock(), notes);
        drop(before);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Vec<String>) -> R,
    {
        f(&Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::Part;
    use crate::presets::{Dials, Sound};

    fn restore(params: &TonewrightParams, fields: BTreeMap<String, String>) -> Option<String> {
        let mut state = PluginState { version: String::new(), params: Default::default(), fields };
        complete(&mut state);
        params.deserialize_fields(&state.fields);
        params.notes.text()
    }

    /// An instance with everything that a session may say.
    fn full() -> TonewrightParams {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let dials = Dials::apart(desk.clone());
        let params = TonewrightParams::new(&desk);
        Part::ALL.iter().for_each(|part| desk.set_file(*part, Some("/mine/a.file".into())));
        let mut sound = Sound::usual(&dials);
        sound.values[3] = 0.25;
        params.compare.change(|kept| {
            kept.other = Some(KeptSound::of(&sound, &dials));
            kept.lufs = [Some(-20.0), Some(-17.5)];
        });
        params.compare.play();
        params.preset.set_text("factory:glass".into());
        params.eq.frozen.keep_balance_db(Some([1.0; shared::word_eq::GRID]));
        *params.a4.lock() = 432.0;
        *params.page.lock() = Page::Eq;
        params
    }

    #[test]
    fn every_field_is_known() {
        let known: Vec<&str> = FIELDS.iter().map(|field| field.key).chain([NOTES, "steps"]).collect();
        for (key, text) in USUAL.iter() {
            assert!(known.contains(&key.as_str()), "{key} is missing");
            let field = FIELDS.iter().find(|field| field.key == key);
            assert!(field.is_none_or(|field| (field.worth)(text) == Worth::Whole), "{key}: {text}");
        }
        assert_eq!(USUAL.len(), known.len());
    }

    #[test]
    fn what_a_session_says_is_left_as_it_is() {
        let saved = full().serialize_fields();
        let params = TonewrightParams::new(&Arc::new(Desk::new(DEFAULT_SLOT)));
        assert_eq!(restore(&params, saved.clone()), None);
        assert_eq!(params.serialize_fields(), saved);
    }

    #[test]
    fn what_a_session_does_not_say_is_as_in_a_fresh_instance() {
        let params = full();
        assert_eq!(restore(&params, BTreeMap::new()), None);
        let mut expected = USUAL.clone();
        expected.insert("page".into(), "\"eq\"".into());
        assert_eq!(params.serialize_fields(), expected);
        assert_eq!(params.compare.match_db(), 0.0);
    }

    #[test]
    fn what_is_damaged_costs_nothing_else_and_is_said() {
        for Field { key, about, .. } in FIELDS {
            let (params, mut saved) = (full(), full().serialize_fields());
            let expected = |key: &str| if key == "attached" { "[]".to_owned() } else { USUAL[key].clone() };
            for text in ["{\"path\"", "", "\"\\ud800\"", &"[".repeat(10_000)] {
                saved.insert(key.into(), text.to_owned());
                let said = restore(&params, saved.clone()).unwrap();
                assert!(said.contains(about), "{said}");
                let now = params.serialize_fields();
                for (other, value) in &now {
                    let wanted = if other == key { &expected(key) } else { &saved[other] };
                    assert_eq!(value, wanted, "{other} after {text:.20} in {key}");
                }
            }
        }
    }

    #[test]
    fn one_damaged_value_leaves_the_rest_of_a_comparison() {
        let params = full();
        let saved = params.serialize_fields();
        let whole = params.compare.kept();
        for (from, to) in [
            ("\"side\":\"a\"", "\"side\":7"),
            ("\"lufs\":[-20.0,-17.5]", "\"lufs\":{}"),
            ("\"matching\":true", "\"matching\":\"loud\""),
            ("\"cab_a\":", "\"cab_a\":null,\"was\":"),
            ("\"balances\":[", "\"balances\":[3,"),
        ] {
            let damaged = saved["compare"].replace(from, to);
            assert_ne!(damaged, saved["compare"], "{from}");
            let said = restore(&params, [("compare".to_owned(), damaged)].into()).unwrap();
            assert!(said.contains("Only part") && said.contains("A and B"), "{said}");
            let kept = params.compare.kept();
            assert_eq!(kept.other.unwrap().files(), whole.other.as_ref().unwrap().files(), "{to}");
        }
        params.notes.dismiss();
        assert_eq!(params.notes.text(), None);
    }
}
