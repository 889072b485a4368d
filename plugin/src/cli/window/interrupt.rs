//! Ctrl-C while the window is open.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long the window has to close by itself.
const GRACE: Duration = Duration::from_millis(1500);

/// Ends the program on Ctrl-C: the framework's own handler is not heard while its window is
/// open. Must run before any other thread is started, since threads inherit the signal mask.
pub fn close_on_interrupt() {
    static RUNNING: AtomicBool = AtomicBool::new(false);
    if RUNNING.swap(true, Ordering::AcqRel) {
        return;
    }
    let mut signals = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: both functions only write to the set they are given.
    let signals = unsafe {
        libc::sigemptyset(signals.as_mut_ptr());
        libc::sigaddset(signals.as_mut_ptr(), libc::SIGINT);
        libc::sigaddset(signals.as_mut_ptr(), libc::SIGTERM);
        signals.assume_init()
    };
    // SAFETY: the set is initialised; the old mask is not asked for.
    if unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &signals, std::ptr::null_mut()) } != 0 {
        return;
    }
    // Without this thread the signals would only be ignored: nothing worse than before.
    let _ = std::thread::Builder::new().name("interrupt".into()).spawn(move || {
        let mut signal = 0;
        // SAFETY: waits for one of the signals in an initialised set.
        if unsafe { libc::sigwait(&signals, &mut signal) } == 0 {
            crate::editor::close_all();
            std::thread::sleep(GRACE);
            // No window was there to close.
            std::process::exit(0);
        }
    });
}
