//! The values of a parameter that chooses among what comes along and the player's own file.
//!
//! Hosts store automation as a position between the first and the last value, so their number never changes; what is new takes
//! free ones. Every value has a text that leads back to it.

use std::path::Path;

/// Number of values.
pub const SLOTS: usize = 64;

/// The value that stands for the player's own file.
pub const OWN_FILE_SLOT: usize = 0;

const OWN_FILE: &str = "Own file";
const FREE: &str = "—";

/// What the host shows for a slot, in which there is something of that name or nothing.
pub(crate) fn name(slot: usize, inside: Option<&str>) -> String {
    match inside {
        Some(name) => name.to_owned(),
        None if slot == OWN_FILE_SLOT => OWN_FILE.to_owned(),
        None => format!("{FREE} {slot}"),
    }
}

/// The slot that [`name`] calls `text`, or whose number it is; `find` knows what is in slots by name.
pub(crate) fn named(text: &str, find: impl FnOnce(&str) -> Option<usize>) -> Option<usize> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(OWN_FILE) {
        return Some(OWN_FILE_SLOT);
    }
    let number = || text.trim_start_matches(FREE).trim().parse().ok().filter(|&slot| slot < SLOTS);
    find(text).or_else(number)
}

/// Whether a name that nothing in the slots has is meant as a file, of which one should say what is wrong with it: it is one, or has a
/// folder or an extension.
pub(crate) fn is_file(name: &Path, path: &Path) -> bool {
    path.exists() || name.extension().is_some() || name.components().count() > 1
}

/// Things that come along, with the bytes of `assets/FOLDER/ID.EXTENSION` built in: a list of `slot => id`, with further fields behind.
macro_rules! built_in {
    ($type:ident, $folder:literal, $extension:literal, {
        $($slot:literal => $id:literal $(, $field:ident: $value:expr)*;)*
    }) => {
        &[$($type {
            slot: $slot,
            id: $id,
            $($field: $value,)*
            bytes: include_bytes!(concat!("../../assets/", $folder, "/", $id, ".", $extension)),
        }),*]
    };
}
pub(crate) use built_in;
