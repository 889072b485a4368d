//! What processors show to other threads.

use super::processors::{AmpView, WordEqView};

/// What a processor shows of itself, while it plays, to any thread. Clones show the same.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum View {
    /// Of an amp.
    Amp(AmpView),
    /// Of the equaliser that follows a word.
    WordEq(WordEqView),
}

impl View {
    /// What went wrong since it was asked last, for people to read. The sound goes on all the same.
    pub fn take_warning(&self) -> Option<String> {
        match self {
            Self::Amp(amp) => amp.take_muted().then(|| {
                format!("\"{}\" gave values that are no numbers; where it did, it is silent", amp.name())
            }),
            Self::WordEq(word_eq) => word_eq.take_warning(),
        }
    }
}
