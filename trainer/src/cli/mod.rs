//! The command line.

mod args;
mod stop;
mod tell;

use std::path::Path;
use trainer::TrainerError;

pub use args::{Cli, Command, Part, TrainArgs, refuse_amp_options};
pub use stop::{pause, stop_on_ctrl_c};
pub use tell::tell;

/// Makes sure that a file's name says what is in it.
///
/// # Errors
/// It says something else.
pub fn is_named(path: &Path, extension: &str) -> Result<(), TrainerError> {
    match path.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension)) {
        true => Ok(()),
        false => {
            let problem = format!("what is written is of the kind .{extension}; end the name with that");
            Err(TrainerError::recording(path, problem))
        }
    }
}

/// Makes sure that a file takes nobody's place.
///
/// # Errors
/// It is there, and may not be replaced.
pub fn is_free(path: &Path, overwrite: bool) -> Result<(), TrainerError> {
    match !overwrite && path.exists() {
        true => {
            let problem = "it is there already; choose another name, or replace it with `--overwrite`";
            Err(TrainerError::recording(path, problem))
        }
        false => Ok(()),
    }
}
