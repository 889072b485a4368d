//! Where a config came from, for the report.

use std::sync::Arc;

/// The texts that a config was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file; the captures of a batch share one.
    pub text: Arc<str>,
    /// The command that named it, which may have changed some of it; empty if there was none.
    pub command: String,
}
