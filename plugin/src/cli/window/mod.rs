//! The window without a host: JACK, ALSA, or nothing at all as the audio backend.

mod connect;
#[cfg(unix)]
mod interrupt;
mod options;

use super::CliError;
use super::out::say;
use crate::Tonewright;
use nih_plug::prelude::nice_export_standalone_with_args;
use options::Options;

/// What stands above the framework's own help.
const HELP: &str = "\
Opens the window and plays live. Without --input-device or --connect-jack-inputs the guitar comes from the first input
of JACK, or else from the system's usual input, as mono. Without a screen or without sound it says so and ends.

      --no-input
          Leaves the input unconnected. A microphone beside loudspeakers would howl

All other options are the plugin framework's:

";

pub(super) fn open(options: Vec<String>) -> Result<(), CliError> {
    #[cfg(unix)]
    interrupt::close_on_interrupt();
    let mut options = Options(options);
    if options.ask_for_help() {
        say(HELP)?;
    } else {
        check_screen()?;
        connect::connect(&mut options)?;
    }
    let arguments = std::iter::once("tonewright".to_owned()).chain(options.0);
    if nice_export_standalone_with_args::<Tonewright, _>(arguments) { Ok(()) } else { Err(CliError::Window) }
}

/// Without a screen the framework would play on unseen, for ever.
#[cfg(target_os = "linux")]
fn check_screen() -> Result<(), CliError> {
    let named = std::env::var("DISPLAY").unwrap_or_default();
    match x11rb::rust_connection::RustConnection::connect(None) {
        Ok(_) => Ok(()),
        Err(_) if named.is_empty() => Err(CliError::NoScreen("DISPLAY names none".into())),
        Err(e) => Err(CliError::NoScreen(format!("DISPLAY is {named}, and {e}"))),
    }
}

#[cfg(not(target_os = "linux"))]
fn check_screen() -> Result<(), CliError> {
    Ok(())
}
