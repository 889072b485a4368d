//! A preset as a file.

use super::dials::{Dials, OVERSAMPLING};
use super::sound::{Sound, slot_id};
use super::value::{Read, Value};
use crate::amp::{ContentHash, Part, SavedSource};
use crate::library::FilePath;
use serde::{Deserialize, Serialize, Serializer};
use serde_saphyr::FlowSeq;
use shared::word_eq::{Curve, GRID};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Version of the files that are written.
const VERSION: u32 = 1;

/// Largest preset that is read, in bytes.
const MAX_BYTES: u64 = 1 << 18;

/// Longest text that a file may give for its name, author or a tag, in characters.
const MAX_NAME: usize = 120;

/// Larger balances mean nothing, in dB.
const LIMIT_DB: f32 = 1_000.0;

/// Why a file is no preset.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    /// It cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("{} is no preset: {problem}", path.display())]
    NoPreset {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// It cannot be written as text.
    #[error("the preset \"{name}\" cannot be written: {problem}")]
    Unwritable {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// There is one of that name.
    #[error("there is a preset \"{0}\" already; choose another name, or replace it")]
    Exists(String),
    /// A name that no file can have.
    #[error("\"{0}\" is no name for a preset; use letters or digits")]
    NoName(String),
    /// There is none of that name.
    #[error(
        "there is no preset \"{name}\"; the factory's are {known}, and `tonewright presets` lists yours too"
    )]
    Unknown {
        /// The name.
        name: String,
        /// The names that would do.
        known: String,
    },
    /// No folder can be named for them.
    #[error("there is no folder for presets: {0}; set TONEWRIGHT_CONFIG to a folder that can be written")]
    NoFolder(String),
    /// It is not the player's own.
    #[error("\"{0}\" comes along with Tonewright and stays as it is; save it under a name of your own")]
    Factory(String),
}

/// A preset: a sound, and what people call it.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// What it is called.
    pub name: String,
    /// Who made it.
    pub author: String,
    /// What it is for, in a line.
    pub description: String,
    /// What it can be found by.
    pub tags: Vec<String>,
    /// How it sounds.
    pub sound: Sound,
}

/// What is read before the rest: a later version may know more.
#[derive(Deserialize)]
struct Versioned {
    version: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(rename = "version")]
    _version: u32,
    name: String,
    #[serde(default)]
    author: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
    #[serde(default)]
    sources: BTreeMap<String, Source>,
    #[serde(default)]
    balances: BTreeMap<String, Vec<f32>>,
}

/// A file of the player's own, as people read it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    path: FilePath,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<ContentHash>,
    /// Its size, by which a library sees without reading which files it cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    author: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<FlowSeq<&'a [String]>>,
    parameters: InOrder<'a, Value>,
    #[serde(skip_serializing_if = "InOrder::is_empty")]
    sources: InOrder<'a, Source>,
    #[serde(skip_serializing_if = "InOrder::is_empty")]
    balances: InOrder<'a, FlowSeq<Vec<f32>>>,
}

/// A map that is written in the order of the rack.
struct InOrder<'a, T>(Vec<(&'a str, T)>);

impl<T> InOrder<'_, T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Serialize> Serialize for InOrder<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

const BALANCES: [&str; 2] = ["learned", "frozen"];

impl Preset {
    /// Reads a file. What in it is unknown or out of range is left out or brought near, and said in the list.
    ///
    /// # Errors
    /// It cannot be read, or is no preset, or one of a later version.
    pub fn load(path: &Path, dials: &Dials) -> Result<(Self, Vec<String>), PresetError> {
        let refused = |problem| PresetError::NoPreset { path: path.to_owned(), problem };
        Self::parse(&Self::text_in(path)?, path.parent(), dials).map_err(refused)
    }

    /// What stands in a file.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    pub(super) fn text_in(path: &Path) -> Result<String, PresetError> {
        let failed = |source| PresetError::File { path: path.to_owned(), source };
        let bytes = shared::fs::read_limited(path, MAX_BYTES).map_err(failed)?;
        String::from_utf8(bytes).map_err(|error| PresetError::NoPreset {
            path: path.to_owned(),
            problem: format!("this is no text: {error}"),
        })
    }

    /// Reads a text; paths that are not absolute start from `folder`.
    pub(super) fn parse(
        text: &str,
        folder: Option<&Path>,
        dials: &Dials,
    ) -> Result<(Self, Vec<String>), String> {
        let Versioned { version } = serde_saphyr::from_str(text).map_err(|e| described(&e))?;
        match version {
            None => return Err(format!("it has no version; write \"version: {VERSION}\" in its first line")),
            Some(VERSION) => {}
            Some(version) => {
                return Err(format!(
                    "it is of version {version}, and this Tonewright reads version {VERSION}; a newer one may read it"
                ));
            }
        }
        let text: Text = serde_saphyr::from_str(text).map_err(|e| described(&e))?;
        for name in [&text.name, &text.author].into_iter().chain(&text.tags) {
            if name.chars().count() > MAX_NAME {
                let begin: String = name.chars().take(40).collect();
                return Err(format!(
                    "\"{begin}…\" is too long; names and tags have at most {MAX_NAME} characters"
                ));
            }
        }
        if text.name.trim().is_empty() {
            return Err("it has no name; write one behind \"name:\"".into());
        }
        let mut said = Vec::new();
        let mut sound = Sound::usual(dials);
        sound.leaves = sound.leaves.filter(|at| !text.parameters.contains_key(dials.id(*at)));
        for (id, value) in &text.parameters {
            match dials.place(id).map(|at| (at, value.read(dials, at))) {
                None => said.push(format!("{}: no sound has such a parameter; it is left out", clipped(id))),
                Some((at, Read::Is(value))) => sound.values[at] = value,
                Some((at, Read::Near(value, problem))) => {
                    sound.values[at] = value;
                    said.push(problem);
                }
                Some((_, Read::Refused(problem))) => said.push(problem),
            }
        }
        for (id, source) in &text.sources {
            match Part::ALL.into_iter().find(|part| slot_id(*part) == id) {
                None => said
                    .push(format!("{}: sources are of model, cab_a and cab_b; it is left out", clipped(id))),
                Some(part) => {
                    let Source { path: FilePath(path), name, hash, bytes } = source;
                    let path = folder.map_or_else(|| path.clone(), |folder| folder.join(path));
                    let other = dials.place(id).filter(|_| sound.plays_file(part, dials).is_none());
                    if let Some(at) = other {
                        let other = Value::write(dials, at, sound.values[at]);
                        said.push(format!(
                            "{id}: {} is not played, for {id} is {other} among the parameters; write {id}: \"Own file\" there",
                            path.display()
                        ));
                    } else if hash.is_none() && !path.is_file() {
                        // With its hash it can be found elsewhere.
                        said.push(format!("{id}: {} is not there", path.display()));
                    }
                    sound.files[part as usize] = SavedSource {
                        path: Some(path),
                        name: name.clone(),
                        hash: *hash,
                        bytes: *bytes,
                        slot: None,
                    };
                }
            }
        }
        for (id, values) in text.balances {
            let place = BALANCES.iter().position(|balance| *balance == id);
            let curve =
                Curve::try_from(values).ok().filter(|curve| curve.iter().all(|db| db.abs() <= LIMIT_DB));
            match (place, curve) {
                (Some(at), Some(curve)) => sound.balances[at] = Some(curve),
                _ => said.push(format!(
                    "{}: a balance is called learned or frozen and has {GRID} numbers of dB; it is left out",
                    clipped(&id)
                )),
            }
        }
        let Text { name, author, description, tags, .. } = text;
        Ok((Self { name: name.trim().to_owned(), author, description, tags, sound }, said))
    }

    /// The text of a file: what differs from a fresh instance, with the values people read.
    ///
    /// # Errors
    /// A text cannot be written as YAML, or the name is longer than is read.
    pub fn text(&self, dials: &Dials) -> Result<String, PresetError> {
        // What is written is read again.
        if self.name.chars().count() > MAX_NAME {
            let problem = format!("names have at most {MAX_NAME} characters");
            return Err(PresetError::Unwritable { name: clipped(&self.name), problem });
        }
        // What a sound begins with is always said, however usual.
        let always = ["model", "cab_a", OVERSAMPLING];
        let parameters = (0..dials.len()).filter(|&at| {
            let is_said = always.contains(&dials.id(at)) && self.sound.leaves != Some(at);
            is_said || (self.sound.values[at] - dials.usual(at)).abs() > 1e-6
        });
        let parameters = parameters.map(|at| (dials.id(at), Value::write(dials, at, self.sound.values[at])));
        let sources = Part::ALL.into_iter().filter_map(|part| {
            let SavedSource { path, name, hash, bytes, .. } = self.sound.plays_file(part, dials)?.clone();
            Some((slot_id(part), Source { path: FilePath(path?), name, hash, bytes }))
        });
        let wanted = [self.is("eq_reference", "learned", dials), self.is("eq_freeze", "on", dials)];
        let balances = BALANCES.into_iter().zip(self.sound.balances).zip(wanted);
        let balances = balances
            .filter(|(_, wanted)| *wanted)
            .filter_map(|((id, b), _)| Some((id, FlowSeq(b?.to_vec()))));
        let written = Written {
            version: VERSION,
            name: &self.name,
            author: &self.author,
            description: &self.description,
            tags: Some(FlowSeq(&*self.tags)).filter(|tags| !tags.0.is_empty()),
            parameters: InOrder(parameters.collect()),
            sources: InOrder(sources.collect()),
            balances: InOrder(balances.collect()),
        };
        serde_saphyr::to_string(&written)
            .map_err(|e| PresetError::Unwritable { name: self.name.clone(), problem: e.to_string() })
    }

    fn is(&self, id: &str, text: &str, dials: &Dials) -> bool {
        let shown = |at: usize| dials.text(at, self.sound.values[at]).to_lowercase();
        dials.place(id).is_some_and(|at| shown(at) == text)
    }
}

fn clipped(text: &str) -> String {
    text.chars().take(80).collect()
}

/// What is wrong, without what only programmers can do about it.
fn described(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    text.replace(", set DuplicateKeyPolicy in Options if acceptable", "; each may be there only once")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::Desk;
    use crate::factory::DEFAULT_SLOT;
    use std::sync::Arc;

    fn dials() -> Dials {
        Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)))
    }

    fn parse(text: &str) -> Result<(Preset, Vec<String>), String> {
        Preset::parse(text, Some(Path::new("/presets")), &dials())
    }

    const TEXT: &str = "version: 1\nname: Mine\nauthor: Me\ndescription: \"Clean: with air\"\ntags: [clean, bright]\n\
                        parameters:\n  model: sd1_a2\n  gate_on: true\n  gate_threshold: -55\n  cab_blend: 35\n";

    #[test]
    fn a_preset_is_text_both_ways() {
        let dials = dials();
        let (mut preset, said) = parse(TEXT).unwrap();
        assert_eq!(said, Vec::<String>::new());
        assert_eq!((preset.name.as_str(), preset.tags.len()), ("Mine", 2));
        let frozen = dials.place("eq_freeze").unwrap();
        preset.sound.values[frozen] = 1.0;
        preset.sound.balances[1] = Some([1.5; GRID]);
        let trim = dials.place("input").unwrap();
        preset.sound.values[trim] = dials.value_of(trim, "-18.1").unwrap();
        let slot = dials.place("model").unwrap();
        preset.sound.values[slot] = 0.0;
        preset.sound.files[0] = SavedSource {
            path: Some("/amps/a: \"b\".nam".into()),
            name: Some("b.nam".into()),
            hash: Some(ContentHash::of(b"abc")),
            bytes: Some(3),
            slot: None,
        };
        let text = preset.text(&dials).unwrap();
        let (again, said) = parse(&text).unwrap();
        assert_eq!(said, Vec::<String>::new());
        let far = again.sound.values.iter().zip(&preset.sound.values).map(|(a, b)| (a - b).abs());
        assert!(far.fold(0.0, f32::max) < 1e-6, "{text}");
        assert_eq!(Preset { sound: preset.sound.clone(), ..again }, preset);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_unicode_is_written_and_read() {
        use std::os::unix::ffi::OsStringExt;
        let dials = dials();
        let (mut preset, _) = parse(TEXT).unwrap();
        preset.sound.values[dials.place("cab_a").unwrap()] = 0.0;
        let path = PathBuf::from(std::ffi::OsString::from_vec(b"/irs/b\xf6se.wav".to_vec()));
        preset.sound.files[1].path = Some(path.clone());
        let (again, _) = parse(&preset.text(&dials).unwrap()).unwrap();
        assert_eq!(again.sound.files[1].path, Some(path));
    }

    #[test]
    fn oversampling_is_written_where_it_is_the_sounds() {
        let (dials, mut preset) = (dials(), parse(TEXT).unwrap().0);
        let at = dials.place(OVERSAMPLING);
        assert_eq!(preset.sound.leaves, at);
        assert!(!preset.text(&dials).unwrap().contains(OVERSAMPLING));
        preset.sound.leaves = None;
        let text = preset.text(&dials).unwrap();
        assert!(text.contains("oversampling: 1x"), "{text}");
        assert_eq!(parse(&text).unwrap().0.sound.leaves, None);
        let Preset { sound, .. } = parse(&text.replace("1x", "4x")).unwrap().0;
        assert_eq!(dials.text(at.unwrap(), sound.values[at.unwrap()]), "4x");
    }

    #[test]
    fn what_is_unknown_is_said_and_the_rest_is_read() {
        let text = format!(
            "{TEXT}  warp: 9\n  tone_mid: lots\n  tone_bass: 99\nsources:\n  pedal: {{ path: a.nam }}\nbalances:\n  frozen: [1, 2]\n"
        );
        let (preset, said) = parse(&text).unwrap();
        assert_eq!(said.len(), 5, "{said:?}");
        for hint in [
            "warp: no sound has",
            "tone_mid: \"lots\"",
            "tone_bass: 99",
            "pedal: sources",
            "frozen: a balance",
        ] {
            assert!(said.iter().any(|line| line.starts_with(hint)), "{hint}: {said:?}");
        }
        let dials = dials();
        let plain =
            |id: &str| dials.plain(dials.place(id).unwrap(), preset.sound.values[dials.place(id).unwrap()]);
        assert_eq!((plain("gate_threshold"), plain("tone_mid")), (-55.0, 0.0));
        assert_eq!(plain("tone_bass"), dials.plain(dials.place("tone_bass").unwrap(), 1.0));
    }

    #[test]
    fn a_file_that_another_choice_keeps_from_playing_is_told_of() {
        let dials = dials();
        let text = |cab: &str| format!("{TEXT}{cab}sources:\n  cab_a: {{ path: my-cab.wav }}\n");
        let unused = "cab_a: /presets/my-cab.wav is not played, for cab_a is";
        for (cab, plays) in [("  cab_a: open_2x12\n", "open_2x12"), ("", "closed_4x12")] {
            let (preset, said) = parse(&text(cab)).unwrap();
            let line = format!("{unused} \"{plays}\" among the parameters; write cab_a: \"Own file\" there");
            assert_eq!(said, [line]);
            assert!(preset.sound.plays_file(Part::CabA, &dials).is_none());
        }
        let (preset, said) = parse(&text("  cab_a: \"Own file\"\n")).unwrap();
        assert_eq!(said, ["cab_a: /presets/my-cab.wav is not there"]);
        assert!(preset.sound.plays_file(Part::CabA, &dials).is_some());
    }

    #[test]
    fn the_example_in_the_documentation_plays_all_that_it_names() {
        let (_, example) = include_str!("../../../docs/presets.md").split_once("```yaml\n").unwrap();
        let (preset, said) = parse(example.split_once("```").unwrap().0).unwrap();
        // The player's own file is nowhere but in the example.
        assert_eq!(said, ["cab_a: /presets/my-cab.wav is not there"]);
        assert!(preset.sound.plays_file(Part::CabA, &dials()).is_some());
    }

    #[test]
    fn what_is_no_preset_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "version"),
            ("name: x\n", "no version"),
            ("version: 2\nname: x\nnew: thing\n", "of version 2"),
            ("version: 1\n", "name"),
            ("version: 1\nname: ' '\n", "no name"),
            ("version: 1\nname: x\ncolour: red\n", "colour"),
            ("version: 1\nname: x\nname: y\n", "only once"),
            ("version: 1\nname: x\nparameters: [1]\n", "line 3"),
            ("- a\n- b\n", "line 1"),
            ("{{{{", "line"),
            (&format!("version: 1\nname: {}\n", "x".repeat(200)), "at most 120"),
        ] {
            let problem = parse(text).map(|_| ()).unwrap_err();
            assert!(problem.contains(reason), "{text:?}: {problem}");
        }
    }

    #[test]
    fn no_bytes_make_a_panic() {
        use rand::{Rng, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let dials = dials();
        for _ in 0..3_000 {
            let mut bytes = TEXT.as_bytes().to_vec();
            for _ in 0..rng.random_range(1..6) {
                let at = rng.random_range(0..bytes.len());
                match rng.random_range(0..3) {
                    0 => bytes[at] = rng.random(),
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, rng.random_range(32..127)),
                }
            }
            if let Ok(text) = String::from_utf8(bytes)
                && let Ok((preset, _)) = Preset::parse(&text, None, &dials)
            {
                assert!(preset.sound.values.iter().all(|value| (0.0..=1.0).contains(value)), "{text}");
            }
        }
    }
}
