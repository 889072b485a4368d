//! What looking at a recording or at a run found: one figure each, a verdict, and what to do.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Fine,
    /// Found and put right; the figure says by how much.
    Mended,
    /// Training goes on, and the result may be worse for it.
    Warning,
    /// No model worth having can come of it.
    Refused,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at, such as "delay" or "clipping": a word or two, the same in every run.
    pub check: String,
    /// How serious it is.
    pub verdict: Verdict,
    /// What was measured, with its unit, as a sentence's part: "the target is 9 samples (0.19 ms) early".
    pub figure: String,
    /// What was done about it, or what the player should do; empty where nothing is needed.
    pub advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.figure)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, "; {}", self.advice) }
    }
}
