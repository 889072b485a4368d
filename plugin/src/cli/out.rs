//! What is said on standard output and standard error. `println!` and `eprintln!` panic where nobody reads any more.

use super::CliError;
use shared::out::is_closed;
use std::fmt::Display;
use std::io::{self, Write};

/// Says it on standard output. Whoever reads only the beginning, as `head` does, is no fault.
pub(super) fn say(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if !is_closed(&error) => Err(CliError::Output(error)),
        _ => Ok(()),
    }
}

/// Says a line on standard error. If that is impossible there is no other place to say so.
pub(super) fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
