//! The plugin as tests begin with it.

use crate::host::{HostFault, Plugin};
use crate::product;
use serde_json::{Value, json};
use std::path::Path;

/// What is off so that the amp is heard alone, as `tonewright render --model` plays it.
pub const AMP_ALONE: [(&str, &str); 2] = [("Cabinet", "Off"), ("Output mode", "Raw")];

/// What is off besides so that nothing at all is heard of the rack.
pub const EMPTY: [(&str, &str); 4] =
    [("Cabinet", "Off"), ("Output mode", "Raw"), ("Amp", "Off"), ("Tone stack", "Off")];

/// A fresh instance of the built CLAP.
///
/// # Panics
/// It cannot be made.
pub fn fresh() -> Plugin {
    Plugin::load(&product::clap()).unwrap_or_else(|fault| panic!("{fault}"))
}

/// A fresh instance that is told something before its first block.
///
/// # Panics
/// It cannot be made, or does not understand.
pub fn told(settings: &[(&str, &str)]) -> Plugin {
    let mut plugin = fresh();
    tell(&mut plugin, settings).unwrap_or_else(|fault| panic!("{fault}"));
    plugin
}

/// A session in which a model file of the player's own plays.
///
/// # Panics
/// A fresh instance saves no session.
pub fn asking_for(model: &Path) -> Vec<u8> {
    let state = fresh().save().unwrap_or_else(|fault| panic!("{fault}"));
    let json = serde_json::from_slice(state.get(8..).unwrap_or_default());
    let mut json: Value = json.unwrap_or_else(|error| panic!("the session is no JSON: {error}"));
    json["params"]["model"] = json!({ "i32": 0 });
    json["fields"]["own-file"] = json!(json!({ "path": model }).to_string());
    let text = json.to_string();
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

/// Sets parameters to texts with the next block.
///
/// # Errors
/// It does not understand.
pub fn tell(plugin: &mut Plugin, settings: &[(&str, &str)]) -> Result<(), HostFault> {
    settings.iter().try_for_each(|(name, text)| plugin.set_text(name, text))
}
