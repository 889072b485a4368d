//! Where the sound lies, and what kind of sound it is.

use serde::Deserialize;
use shared::word_eq::Kind;
use std::path::PathBuf;

/// The `audio` part of the config. What is not there is left out, and said.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AudioConfig {
    /// Folders of recordings, WAV or FLAC, each file a source.
    pub loops: Vec<PathBuf>,
    /// Recordings of instruments, direct, with what gear made of them if that was recorded too.
    pub recordings: Vec<Recording>,
    /// Impulse responses of cabinets to play amplifiers through.
    pub cabinets: Vec<PathBuf>,
    /// Amp models to play guitars and basses through.
    pub models: Vec<PathBuf>,
    /// Whose recordings these are and under what licence, for the files that are made from them.
    pub credits: Vec<String>,
    /// What kind of sound a source is: the first rule counts whose pattern its name fits.
    pub kinds: Vec<KindRule>,
    /// Most synthesised sounds of each sort; all there are if not given.
    pub most_synthesised: Option<usize>,
    /// Names whose sources are one group although their files are several: patterns.
    pub groups: Vec<String>,
}

/// A recording of an instrument.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// What its sources are called.
    pub name: String,
    /// The instrument, direct.
    pub direct: PathBuf,
    /// What gear made of it: as long, and aligned to some milliseconds.
    #[serde(default)]
    pub through: Vec<PathBuf>,
    /// Where another take begins, in seconds: each take is a group.
    #[serde(default)]
    pub takes_seconds: Vec<f64>,
}

/// What kind of sound those of a name are.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindRule {
    /// The name, in which `*` stands for anything.
    pub name: String,
    /// The kind. A guitar without an amplifier is learned from and is no reference.
    pub kind: Kind,
}

impl AudioConfig {
    /// The kind that the rules give a name.
    pub fn kind_of(&self, name: &str) -> Option<Kind> {
        self.kinds.iter().find(|rule| fits(&rule.name, name)).map(|rule| rule.kind)
    }

    /// The group of a file.
    pub fn group_of(&self, name: &str) -> String {
        self.groups.iter().find(|pattern| fits(pattern, name)).map_or(name, String::as_str).to_owned()
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => {
            let Some(tail) = name.strip_prefix(head) else { return false };
            tail.char_indices().map(|(i, _)| i).chain([tail.len()]).any(|i| fits(rest, &tail[i..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_names() {
        for (pattern, name, expected) in [
            ("guit_*", "guit_em9", true),
            ("guit_*", "bass_guit_x", false),
            ("*bass*", "glitch_bass_g", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
            ("kick", "kick", true),
            ("kick", "kicks", false),
            ("*", "", true),
            ("é*", "éa", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_first_rule_counts() {
        let rule = |name: &str, kind| KindRule { name: name.into(), kind };
        let config = AudioConfig {
            kinds: vec![rule("loop_amen*", Kind::Drums), rule("loop_*", Kind::FullMix)],
            groups: vec!["loop_amen*".into()],
            ..AudioConfig::default()
        };
        assert_eq!(config.kind_of("loop_amen_full"), Some(Kind::Drums));
        assert_eq!(config.kind_of("loop_mika"), Some(Kind::FullMix));
        assert_eq!(config.kind_of("misc_crow"), None);
        assert_eq!(config.group_of("loop_amen"), config.group_of("loop_amen_full"));
        assert_eq!(config.group_of("loop_mika"), "loop_mika");
    }
}
