//! What is said on standard output and standard error. `println!` and `eprintln!` panic where nobody reads any more.

use super::CliError;
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

/// Whether nobody is there any more: the other end of a pipe, or the terminal, was closed.
pub(super) fn is_closed(error: &io::Error) -> bool {
    #[cfg(unix)]
    let hung_up = error.raw_os_error() == Some(libc::EIO);
    #[cfg(not(unix))]
    let hung_up = false;
    hung_up || error.kind() == io::ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_an_error_and_a_closed_pipe_is_none() {
        assert!(is_closed(&io::ErrorKind::BrokenPipe.into()));
        assert!(!is_closed(&io::ErrorKind::StorageFull.into()));
        #[cfg(unix)]
        assert!([libc::EIO, libc::EPIPE].iter().all(|&code| is_closed(&io::Error::from_raw_os_error(code))));
    }
}
