//! Figures: one line of JSON each, ours and other people's alike. CONTRIBUTING.md describes them.

use crate::Error;
use serde::{Deserialize, Serialize};

/// What one engine took for blocks of one length of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// What ran.
    pub engine: String,
    /// What it ran.
    pub model: String,
    /// Samples in a block.
    pub block: usize,
    /// How it was called.
    pub mode: Mode,
    /// The time that half of the blocks stayed below, in microseconds.
    pub median_us: f64,
    /// The mean time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_us: Option<f64>,
    /// The longest time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_us: Option<f64>,
    /// The time that 99 % stayed below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_us: Option<f64>,
    /// The time that 99.9 % stayed below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p999_us: Option<f64>,
    /// The mean time of the blocks between undisturbed yardsticks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undisturbed_mean_us: Option<f64>,
    /// How many these are of all blocks, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undisturbed_share: Option<f64>,
    /// How long an undisturbed yardstick took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yardstick_us: Option<f64>,
    /// How many times faster than the block lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realtime_factor: Option<f64>,
    /// Calls of a block that take memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap_calls: Option<f64>,
    /// Calls of a block that give memory back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frees: Option<f64>,
    /// Calls of a block that take a lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locks: Option<f64>,
    /// Share of the processor's measured peak of multiply-adds, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fma_share: Option<f64>,
    /// The program or file that somebody else's figure comes from.
    #[serde(skip)]
    pub source: Option<String>,
}

/// How blocks are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Back to back.
    Hot,
    /// One every block's duration, with disturbed caches.
    Paced,
    /// Back to back, silence after playing.
    Silence,
    /// Back to back, subnormal numbers after that.
    Subnormal,
    /// Once in a fresh process, what is on disk forgotten before.
    Cold,
    /// Once in a fresh process.
    Warm,
}

impl Mode {
    /// As in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Paced => "paced",
            Self::Silence => "silence",
            Self::Subnormal => "subnormal",
            Self::Cold => "cold",
            Self::Warm => "warm",
        }
    }
}

/// Reads the figures among the lines that `source` wrote. A line that does not begin with a brace is not one.
///
/// # Errors
/// A line begins like a figure and is none.
pub(crate) fn from_lines(text: &str, source: &str) -> Result<Vec<Figure>, Error> {
    let lines = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with('{'));
    lines
        .map(|(i, line)| {
            let figure: Figure = serde_json::from_str(line).map_err(|problem| Error::Figures {
                source_name: source.to_owned(),
                line: i + 1,
                problem: problem.to_string(),
            })?;
            if figure.median_us > 0.0 {
                return Ok(figure);
            }
            let problem = format!("a median of {} microseconds", figure.median_us);
            Err(Error::Figures { source_name: source.to_owned(), line: i + 1, problem })
        })
        .collect()
}

/// Writes figures as lines.
pub(crate) fn to_lines(figures: &[Figure]) -> String {
    // Nothing in a figure is beyond JSON but numbers that are not finite, which become null.
    figures.iter().filter_map(|figure| serde_json::to_string(figure).ok()).map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_needs_five_things_and_may_say_more() {
        let text = "hello\n{\"engine\":\"x\",\"model\":\"seed\",\"block\":64,\"mode\":\"hot\",\
                    \"median_us\":17.5,\"weather\":\"fine\"}\n";
        let figures = from_lines(text, "x").unwrap();
        assert_eq!((figures.len(), figures[0].median_us, figures[0].p99_us), (1, 17.5, None));
        assert_eq!(from_lines(&to_lines(&figures), "x").unwrap(), figures);
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = from_lines("\n{\"engine\":\"x\"}", "their.jsonl").unwrap_err().to_string();
        assert!(
            error.contains("their.jsonl") && error.contains("line 2") && error.contains("model"),
            "{error}"
        );
        let zero = "{\"engine\":\"x\",\"model\":\"m\",\"block\":1,\"mode\":\"paced\",\"median_us\":0}";
        assert!(from_lines(zero, "x").is_err());
    }
}
