//! Requests to end: Ctrl-C, `kill`, or a terminal that was closed. The first is a flag, and the program ends in order; the
//! next one ends it at once, as a driver may hang.

#[cfg(unix)]
pub(super) use unix::{asked_to_end, end, hear};

#[cfg(unix)]
mod unix {
    use crate::cli::live::terminal::give_back_at_once;
    use std::io;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Requests that come within this time, in ms, are one: `timeout` asks twice, and so do shells that a terminal leaves.
    const ONE_REQUEST_MS: u64 = 300;

    /// When the end was asked for first, in ms of the clock below; 0 before.
    static ASKED_MS: AtomicU64 = AtomicU64::new(0);

    /// Whether somebody asked the program to end.
    pub fn asked_to_end() -> bool {
        ASKED_MS.load(Ordering::Relaxed) != 0
    }

    /// The program ends by itself: from now on a signal ends it at once.
    pub fn end() {
        request();
    }

    /// From now on a request to end is heard here. One that was ignored from the beginning stays ignored: so `nohup`
    /// keeps a program, and a shell one in the background.
    pub fn hear() -> io::Result<()> {
        let signals = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];
        let handler: extern "C" fn(libc::c_int) = on_signal;
        for signal in signals {
            // SAFETY: structures of numbers and sets, which may all be 0. The first call writes one of them, the others
            // the set in the other one. The handler does only what is allowed in one.
            let done = unsafe {
                let mut before: libc::sigaction = std::mem::zeroed();
                let mut ours: libc::sigaction = std::mem::zeroed();
                if libc::sigaction(signal, std::ptr::null(), &mut before) == 0
                    && before.sa_sigaction == libc::SIG_IGN
                {
                    continue;
                }
                ours.sa_sigaction = handler as libc::sighandler_t;
                ours.sa_flags = libc::SA_RESTART;
                // One after the other; and setting the terminal from the background shall not stop the program.
                signals.iter().chain(&[libc::SIGTTOU]).for_each(|&s| {
                    libc::sigaddset(&mut ours.sa_mask, s);
                });
                libc::sigaction(signal, &ours, std::ptr::null_mut())
            };
            if done != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    }

    /// Notes that the end is wanted, and says for how many ms it has been.
    fn request() -> u64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: writes the time, and is allowed in a signal handler.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
        let now_ms = (time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000).max(1);
        let first = ASKED_MS.compare_exchange(0, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        first.map_or_else(|first_ms| now_ms.saturating_sub(first_ms), |_| 0)
    }

    extern "C" fn on_signal(signal: libc::c_int) {
        if request() < ONE_REQUEST_MS {
            return;
        }
        give_back_at_once();
        // SAFETY: both are allowed here. The signal waits until this returns, and then does what it does to others.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }
}

/// Elsewhere the system ends the program.
#[cfg(not(unix))]
pub(super) fn asked_to_end() -> bool {
    false
}

#[cfg(not(unix))]
pub(super) fn end() {}

#[cfg(not(unix))]
pub(super) fn hear() -> std::io::Result<()> {
    Ok(())
}
