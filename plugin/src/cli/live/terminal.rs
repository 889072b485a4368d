//! The terminal: taken at the beginning, given back at the end, whichever end it is.

use crossterm::cursor::{Hide, Show};
use crossterm::{execute, terminal};
use std::io::{self, IsTerminal};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal is ours. It is given back from the one place where this becomes false.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether there was a panic.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// The terminal, told to give single keys and to show none. Dropping it gives it back; so does a panic, on whichever
/// thread, before its message is printed.
pub(super) struct Terminal(());

impl Terminal {
    /// Whether somebody sits in front of this program.
    pub fn is_there() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    pub fn take() -> io::Result<Self> {
        #[cfg(unix)]
        at_once::remember();
        terminal::enable_raw_mode()?;
        TAKEN.store(true, Ordering::Release);
        let terminal = Self(());
        execute!(io::stdout(), Hide)?;
        Ok(terminal)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// From now on a panic on whichever thread gives the terminal back, and is remembered.
pub(super) fn watch_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICKED.store(true, Ordering::Release);
            give_back();
            usual(panic);
        }));
    });
}

/// Whether there was a panic since [`watch_panics`].
pub(super) fn panicked() -> bool {
    PANICKED.load(Ordering::Acquire)
}

fn give_back() {
    if TAKEN.swap(false, Ordering::AcqRel) {
        // There is nobody left to tell that it failed.
        let _ = terminal::disable_raw_mode();
        let _ = execute!(io::stdout(), Show);
    }
}

#[cfg(unix)]
pub(super) use at_once::give_back as give_back_at_once;

#[cfg(unix)]
mod at_once {
    use std::sync::OnceLock;

    /// As the terminal was before it was taken.
    static MODES: OnceLock<libc::termios> = OnceLock::new();

    /// The usual colour, the cursor, and a new line.
    const SHOW: &[u8] = b"\x1b[0m\x1b[?25h\r\n";

    pub fn remember() {
        let mut modes = std::mem::MaybeUninit::uninit();
        // SAFETY: writes the modes if it succeeds.
        if unsafe { libc::tcgetattr(libc::STDIN_FILENO, modes.as_mut_ptr()) } == 0 {
            // SAFETY: it has succeeded.
            MODES.get_or_init(|| unsafe { modes.assume_init() });
        }
    }

    /// Gives the terminal back if it was ever taken, in a signal handler, where one may neither lock nor allocate, nor
    /// wait for a terminal that takes no more text.
    pub fn give_back() {
        let Some(modes) = MODES.get() else { return };
        let mut out = libc::pollfd { fd: libc::STDOUT_FILENO, events: libc::POLLOUT, revents: 0 };
        // SAFETY: all three are allowed in a handler; the modes and the text stay, and one descriptor is asked about.
        unsafe {
            libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, modes);
            if libc::poll(&mut out, 1, 0) == 1 {
                libc::write(libc::STDOUT_FILENO, SHOW.as_ptr().cast(), SHOW.len());
            }
        }
    }
}
