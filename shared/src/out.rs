//! What programs say on standard output.

use std::io;

/// Whether nobody is there any more to read it: the other end of a pipe, or the terminal, was closed.
pub fn is_closed(error: &io::Error) -> bool {
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
