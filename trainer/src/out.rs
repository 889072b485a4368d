//! What is said on standard output and standard error.
//!
//! `println!` and `eprintln!` panic where nobody reads any more: a training must not end because `head` has seen enough,
//! or because the terminal was closed.

use shared::out::is_closed;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::sync::Mutex;

/// Why standard output could not be written to, the first time.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// Says a line on standard output. If that fails the program goes on, and [`lost`] tells.
pub fn say(line: impl Display) {
    if let Err(error) = writeln!(io::stdout(), "{line}")
        && !is_closed(&error)
        && let Ok(mut lost) = LOST.lock()
    {
        lost.get_or_insert(error);
    }
}

/// Says a line on standard error. If that is impossible there is no other place to say so.
pub fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Why something that was said is lost, a full disk perhaps. Whoever stopped reading, as `head` does, lost nothing.
pub fn lost() -> Option<io::Error> {
    LOST.lock().ok()?.take()
}
