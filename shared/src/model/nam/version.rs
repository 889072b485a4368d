//! Versions of the file format.

use super::super::ModelError;
use super::node::Node;
use std::fmt;

/// Smallest version that is read.
const EARLIEST: (u32, u32) = (0, 5);
/// Largest version that is read, whatever its last number.
const LATEST: (u32, u32) = (0, 7);

/// A version of the `.nam` format that can be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// For older players: plain WaveNets, LSTMs, ConvNets and impulse responses.
    V0_5_4,
    /// Everything the format knows.
    #[default]
    V0_7_0,
}

impl Version {
    /// As the file says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V0_5_4 => "0.5.4",
            Self::V0_7_0 => "0.7.0",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Refuses files of versions that are not read.
pub(super) fn check(node: &Node<'_>) -> Result<(), ModelError> {
    let text = node.text()?;
    let numbers: Vec<u32> = text.split('.').map_while(number).collect();
    let whole = text.split('.').count() == 3;
    match numbers[..] {
        [major, minor, _] if whole && (EARLIEST..=LATEST).contains(&(major, minor)) => Ok(()),
        _ => {
            let text: String = text.chars().take(64).collect();
            Err(node.refuse(format!(
                "`{text}` is not read, 0.5.0 to 0.7 are; newer files need a newer Tonewright, older ones another export"
            )))
        }
    }
}

fn number(text: &str) -> Option<u32> {
    // `parse` would take a plus sign.
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::super::json::Json;
    use super::*;

    #[test]
    fn versions_from_0_5_0_to_0_7_are_read() {
        let check = |text: &str| check(&Node::root(&Json::Text(text.into())));
        for good in ["0.5.0", "0.5.1", "0.5.4", "0.6.0", "0.7.0", "0.7.12"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["0.4.9", "0.8.0", "1.0.0", "0.5", "0.5.0.1", "0.5.x", "0.5.-1", "0.+5.0", "", "0..5"] {
            let error = check(bad).unwrap_err().to_string();
            assert!(error.contains(&format!("`{bad}`")), "{error}");
        }
    }
}
