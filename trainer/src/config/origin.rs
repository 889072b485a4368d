//! Where a config came from, for the report.

/// The texts that a config was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub text: String,
    /// The command that named it, which may have changed some of it; empty if there was none.
    pub command: String,
}
