//! Findings as a player reads them.

use crate::TrainerError;
use crate::finding::{Finding, Verdict};
use serde::Deserialize;
use std::path::Path;

/// What a refusal does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It ends the run.
    #[default]
    Refuse,
    /// It is said, and the run goes on.
    Warn,
}

/// Tells `say` what was found, a line each, what is serious marked.
pub fn print(findings: &[Finding], say: &dyn Fn(&str)) {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    for finding in findings {
        let mark = match finding.verdict {
            Verdict::Fine => "  fine    ",
            Verdict::Mended => "  mended  ",
            Verdict::Warning => "! warning ",
            Verdict::Refused => "X refused ",
        };
        say(&format!("{mark} {:width$}  {}", finding.check, finding.figure));
        if !finding.advice.is_empty() {
            say(&format!("           {:width$}  -> {}", "", finding.advice));
        }
    }
}

/// Turns what is refused into an error about `path`, in one line.
///
/// # Errors
/// A finding is a refusal and `mode` does not let it pass.
pub fn judge(findings: &[Finding], path: &Path, mode: Mode) -> Result<(), TrainerError> {
    let refused: Vec<String> = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Refused)
        .map(ToString::to_string)
        .collect();
    if refused.is_empty() || mode == Mode::Warn {
        return Ok(());
    }
    let problem = format!("refused: {} (`--ignore-checks` trains all the same)", refused.join("; "));
    Err(TrainerError::recording(path, problem))
}
