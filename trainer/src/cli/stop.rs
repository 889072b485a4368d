//! What ends a training before its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use trainer::out::complain;

/// Asks for a stop after some minutes, as Ctrl-C does.
pub fn pause(after_minutes: Option<f64>, stop: &Arc<AtomicBool>) {
    let Some(minutes) = after_minutes else { return };
    let stop = stop.clone();
    // It ends with the process.
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs_f64(minutes * 60.0));
        stop.store(true, Ordering::Relaxed);
    });
}

pub fn stop_on_ctrl_c() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let handler = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            leave_at_once();
        }
        complain(format_args!(
            "stopping after this step, then exporting; press Ctrl-C again to stop at once"
        ));
    });
    if let Err(error) = handler {
        complain(format_args!("warning: Ctrl-C will not export ({error})"));
    }
    stop
}

/// Ends the process without exporting, as Ctrl-C would without us. Nothing is torn down: libtorch's parts would go while
/// other threads still compute with them.
fn leave_at_once() -> ! {
    complain(format_args!("stopped at once, without a model; what was saved before stays"));
    // SAFETY: `_exit` takes a number, runs nothing of ours and does not return.
    unsafe { libc::_exit(130) }
}
