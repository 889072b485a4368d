//! What lets the audio thread run before others.

/// Above all programs that have no deadline, and below the kernel's own threads, which are at 50.
#[cfg(target_os = "linux")]
const PRIORITY: libc::c_int = 40;

/// Gives this thread a place before other programs', where the system allows it: on Linux the user needs the
/// right to, which distributions give to the group "audio" or "realtime". Without it, it plays all the same. On other
/// systems the device's thread has such a place.
pub(super) fn raise() {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: a structure of numbers, for which zero is a value.
        let mut parameters: libc::sched_param = unsafe { std::mem::zeroed() };
        parameters.sched_priority = PRIORITY;
        let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
        // SAFETY: 0 is this thread, and the structure lives during the call.
        unsafe { libc::sched_setscheduler(0, policy, &parameters) };
    }
}
