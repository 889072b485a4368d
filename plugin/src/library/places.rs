//! Where a player's settings lie.

use etcetera::BaseStrategy;
use std::path::PathBuf;

/// Names another folder for the settings: for tests, and for players who carry theirs about.
pub const FOLDER_VARIABLE: &str = "TONEWRIGHT_CONFIG";

/// Our folder among those of all programs.
const OWN: &str = "tonewright";

/// The folder of what a player has set up: `~/.config/tonewright`, `%APPDATA%\tonewright` on Windows, or what `TONEWRIGHT_CONFIG` says.
/// It may not exist yet. `None` where the system knows no home.
pub fn config_folder() -> Option<PathBuf> {
    given().or_else(|| Some(etcetera::choose_base_strategy().ok()?.config_dir().join(OWN)))
}

/// The folder of what can be made again.
pub(super) fn cache_folder() -> Option<PathBuf> {
    given().or_else(|| Some(etcetera::choose_base_strategy().ok()?.cache_dir().join(OWN)))
}

fn given() -> Option<PathBuf> {
    let folder = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty())?;
    std::path::absolute(folder).ok()
}
