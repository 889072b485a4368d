//! Searches and sorts what the pane lists: at once where that takes no time, beside the window where there is much.

use crate::library::{Entry, Query, Settings, Snapshot, pin_module, search};
use crossbeam::channel::{Receiver, bounded};
use egui::Context;
use std::sync::Arc;

/// So many entries are searched and sorted within a frame.
const AT_ONCE: usize = 2_000;

/// What was asked: of this version of the library, this.
pub type Asked = (u64, Query);

/// A list, and what it answers.
pub type Answer = (Asked, Vec<Arc<Entry>>);

/// The search that goes on, if one does.
#[derive(Default)]
pub struct Finder {
    busy: Option<(Query, Receiver<Answer>)>,
}

impl Finder {
    /// The list for what is asked, now or later by [`Self::answer`].
    pub fn ask(
        &mut self,
        context: &Context,
        snapshot: &Snapshot,
        settings: &Arc<Settings>,
        asked: Asked,
    ) -> Option<Answer> {
        self.busy = None;
        if snapshot.entries.len() > AT_ONCE {
            let (sender, answer) = bounded(1);
            let (entries, settings, context) = (snapshot.entries.clone(), settings.clone(), context.clone());
            let question = asked.clone();
            pin_module();
            let started = std::thread::Builder::new().name("tonewright-search".into()).spawn(move || {
                let found = search(&entries, &settings, &question.1);
                // The player may have asked for something else by now.
                if sender.send((question, found)).is_ok() {
                    context.request_repaint();
                }
            });
            if started.is_ok() {
                self.busy = Some((asked.1, answer));
                return None;
            }
        }
        let found = search(&snapshot.entries, settings, &asked.1);
        Some((asked, found))
    }

    /// What is being looked for beside the window.
    pub fn looks_for(&self) -> Option<&Query> {
        self.busy.as_ref().map(|(query, _)| query)
    }

    /// The list that was made beside the window since the last call.
    pub fn answer(&mut self) -> Option<Answer> {
        let answer = self.busy.as_ref()?.1.try_recv().ok()?;
        self.busy = None;
        Some(answer)
    }
}
