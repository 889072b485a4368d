//! `tonewright presets`, and presets on the command line.

use super::CliError;
use super::out::{complain, say};
use crate::amp::Desk;
use crate::factory::DEFAULT_SLOT;
use crate::presets::{Dials, FactoryPreset, Preset, PresetError, Shelf, Studio, Surroundings, found};
use shared::chain::{Chain, ChainError};
use std::path::PathBuf;
use std::sync::Arc;

fn dials() -> Dials {
    Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)))
}

/// Lists the presets that come along and the player's own, or says one in full.
pub(super) fn list(name: Option<&str>) -> Result<(), CliError> {
    let dials = dials();
    if let Some(name) = name {
        let (preset, said) = found(name, &dials)?;
        warn(name, &said);
        return say(&preset.text(&dials)?);
    }
    let shelf = Shelf::usual()?;
    let listed = shelf.list(&dials);
    let width = listed.iter().map(|entry| entry.name.chars().count()).max().unwrap_or(0);
    let category = listed.iter().map(|entry| entry.category.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for entry in &listed {
        let what = entry
            .problem
            .as_ref()
            .map_or_else(|| entry.description.clone(), |p| format!("cannot be read: {p}"));
        text += &format!("{:<category$}  {:<width$}  {what}\n", entry.category, entry.name);
    }
    say(&format!("{text}your own lie in {}\n", shelf.folder().display()))
}

/// Says what in a preset, as it was asked for, is not as it should be.
fn warn(name: &str, said: &[String]) {
    said.iter().for_each(|said| complain(format_args!("warning: {name}: {said}")));
}

/// A preset as a chain of one processor, the plugin's rack.
pub(super) struct Plan {
    preset: Preset,
    file: Option<PathBuf>,
}

impl Plan {
    /// The preset of that name, or in that file.
    pub fn new(name: &str) -> Result<Self, CliError> {
        let (preset, said) = found(name, &dials())?;
        warn(name, &said);
        // A preset that comes along is found first, as `found` does.
        let file = FactoryPreset::named(name, &dials()).is_none().then(|| PathBuf::from(name));
        Ok(Self { preset, file: file.filter(|file| file.is_file()) })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.preset.name
    }

    /// A chain of its own.
    pub fn chain(&self) -> Result<Chain, ChainError> {
        Chain::new(vec![Box::new(Studio::new(&self.preset.sound, Surroundings::default()))])
    }

    /// The files that it consists of, its own included: never to be overwritten.
    pub fn files(&self) -> Vec<PathBuf> {
        self.preset
            .sound
            .files
            .iter()
            .filter_map(|source| source.path.as_ref())
            .chain(&self.file)
            .cloned()
            .collect()
    }
}

impl From<PresetError> for CliError {
    fn from(error: PresetError) -> Self {
        Self::Preset(error)
    }
}
