//! What is said on standard output and standard error.
//!
//! `println!` and `eprintln!` panic where nobody reads any more: a training must not end because `head` has seen enough,
//! or because the terminal was closed.

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

/// Whether nobody is there any more: the other end of a pipe, or the terminal, was closed.
fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe || cfg!(unix) && error.raw_os_error() == Some(libc::EIO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_loses_something_and_a_closed_pipe_does_not() {
        assert!(is_closed(&io::ErrorKind::BrokenPipe.into()));
        assert!(!is_closed(&io::ErrorKind::StorageFull.into()));
        #[cfg(unix)]
        assert!([libc::EIO, libc::EPIPE].iter().all(|&code| is_closed(&io::Error::from_raw_os_error(code))));
    }
}
