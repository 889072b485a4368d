//! What the person who waits sees.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use shared::stream::Progress;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A bar for each recording that is being processed, on standard error and only if that is a terminal.
pub struct Bars {
    all: MultiProgress,
    shown: Mutex<BTreeMap<usize, ProgressBar>>,
}

impl Bars {
    pub fn new() -> Self {
        Self { all: MultiProgress::new(), shown: Mutex::default() }
    }

    /// How far the recording of that number is.
    pub fn show(&self, index: usize, input: &Path, progress: Progress) {
        let bar = self.bars().entry(index).or_insert_with(|| self.begin(input)).clone();
        // A file that does not say how long it is has no share that is done.
        match progress.total {
            Some(total) if bar.length() != Some(total) => {
                bar.set_length(total);
                set_style(&bar, "{msg:24!} [{wide_bar}] {percent:>3} %, {eta} left");
            }
            _ => {}
        }
        bar.set_position(progress.done);
    }

    /// The recording of that number is done.
    pub fn end(&self, index: usize) {
        if let Some(bar) = self.bars().remove(&index) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    /// Says something between the bars.
    pub fn say(&self, what: impl FnOnce()) {
        self.all.suspend(what);
    }

    fn begin(&self, input: &Path) -> ProgressBar {
        let bar = self.all.add(ProgressBar::no_length());
        set_style(&bar, "{msg:24!} {spinner} {elapsed}");
        let name = input.file_name().unwrap_or(input.as_os_str());
        bar.set_message(name.to_string_lossy().into_owned());
        bar
    }

    fn bars(&self) -> MutexGuard<'_, BTreeMap<usize, ProgressBar>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn set_style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
}
