//! Where presets lie: those that come along, and a folder of the player's own.

use super::rename::renamed;
use super::{Dials, FactoryPreset, PRESETS, Preset, PresetError, Sound};
use etcetera::BaseStrategy;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How the names of presets end.
const EXTENSION: &str = "yaml";

/// Where what was deleted goes, in the folder of presets.
const TRASH: &str = ".trash";

/// Presets that are listed at most.
const MOST: usize = 5_000;

/// Folders inside folders that are looked into.
const DEEPEST: usize = 4;

/// Longest name of a file that is made, in characters.
const LONGEST: usize = 80;

/// Where a preset lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It comes along: its id.
    Factory(&'static str),
    /// A file of the player's own.
    File(PathBuf),
}

impl Place {
    /// As a session keeps it.
    pub fn text(&self) -> String {
        match self {
            Self::Factory(id) => format!("factory:{id}"),
            Self::File(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// What [`Place::text`] gave.
    pub fn of(text: &str) -> Option<Self> {
        match text.strip_prefix("factory:") {
            Some(id) => PRESETS.iter().find(|p| p.id == id).map(|p| Self::Factory(p.id)),
            None => Some(text).filter(|t| !t.is_empty()).map(|text| Self::File(text.into())),
        }
    }
}

/// A preset in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it lies.
    pub place: Place,
    /// What it is called.
    pub name: String,
    /// What it is listed under: the folder of the player's own.
    pub category: String,
    /// Who made it.
    pub author: String,
    /// What it is for.
    pub description: String,
    /// What it can be found by.
    pub tags: Vec<String>,
    /// How it sounds; what cannot be read sounds like nothing.
    pub sound: Option<Sound>,
    /// Why it cannot be read, or what in it is not as it should be.
    pub problem: Option<String>,
}

/// The presets on this machine. Its functions read and write files: not for the audio thread.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

/// A preset that was deleted, and can be put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    from: PathBuf,
    to: PathBuf,
}

impl Shelf {
    /// The shelf in the folder `presets` of `TONEWRIGHT_CONFIG`, or else of the player's data.
    ///
    /// # Errors
    /// The system names no home.
    pub fn usual() -> Result<Self, PresetError> {
        let named = std::env::var_os("TONEWRIGHT_CONFIG").filter(|folder| !folder.is_empty());
        let folder = match named {
            Some(folder) => PathBuf::from(folder),
            None => {
                let strategy =
                    etcetera::choose_base_strategy().map_err(|e| PresetError::NoFolder(e.to_string()))?;
                strategy.data_dir().join("tonewright")
            }
        };
        Ok(Self::at(folder.join("presets")))
    }

    /// The shelf in that folder, which need not be there yet.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder of the player's own.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All presets: those that come along, then the player's own by folder and name.
    pub fn list(&self, dials: &Dials) -> Vec<Entry> {
        let factory = PRESETS.iter().map(|preset| entry_of(preset, dials));
        let mut files = Vec::new();
        collect(&self.folder, DEEPEST, &mut files);
        let mut own: Vec<Entry> = files.into_iter().map(|path| self.entry(path, dials)).collect();
        own.sort_by_cached_key(|entry| (entry.category.to_lowercase(), entry.name.to_lowercase()));
        factory.chain(own).collect()
    }

    fn entry(&self, path: PathBuf, dials: &Dials) -> Entry {
        let folder = path.parent().and_then(|folder| folder.strip_prefix(&self.folder).ok());
        let category = folder.map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
        let category = if category.is_empty() { "Own".to_owned() } else { category };
        match Preset::load(&path, dials) {
            Ok((preset, said)) => Entry {
                place: Place::File(path),
                name: preset.name,
                category,
                author: preset.author,
                description: preset.description,
                tags: preset.tags,
                sound: Some(preset.sound),
                problem: Some(said.join("; ")).filter(|said| !said.is_empty()),
            },
            Err(error) => Entry {
                name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
                place: Place::File(path),
                category,
                author: String::new(),
                description: String::new(),
                tags: Vec::new(),
                sound: None,
                problem: Some(error.to_string()),
            },
        }
    }

    /// Where a preset of that name and category is written.
    ///
    /// # Errors
    /// No file can have that name.
    pub fn path_for(&self, name: &str, category: &str) -> Result<PathBuf, PresetError> {
        let mut folder = self.folder.clone();
        if category != "Own" {
            for part in category.split(['/', '\\']).filter(|part| !part.trim().is_empty()) {
                folder.push(file_name(part)?);
            }
        }
        Ok(folder.join(format!("{}.{EXTENSION}", file_name(name)?)))
    }

    /// Writes a preset under its name. One that is there already is only replaced when told so.
    ///
    /// # Errors
    /// There is one and it is not to be replaced, or the file cannot be written.
    pub fn save(
        &self,
        preset: &Preset,
        category: &str,
        replace: bool,
        dials: &Dials,
    ) -> Result<PathBuf, PresetError> {
        let path = self.path_for(&preset.name, category)?;
        let text = preset.text(dials)?;
        if let Some(folder) = path.parent() {
            let failed = |source| PresetError::File { path: folder.to_owned(), source };
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        write(&path, &text, &preset.name, replace)?;
        Ok(path)
    }

    /// Gives a file of the player's own another name. What else stands in it stays as it is: remarks, and what only a later version
    /// understands.
    ///
    /// # Errors
    /// There is one of that name, or the file cannot be read or written.
    pub fn rename(&self, path: &Path, name: &str, dials: &Dials) -> Result<PathBuf, PresetError> {
        let text = Preset::text_in(path)?;
        let refused = |problem| PresetError::NoPreset { path: path.to_owned(), problem };
        Preset::parse(&text, path.parent(), dials).map_err(refused)?;
        let name = name.trim();
        let new = path.with_file_name(format!("{}.{EXTENSION}", file_name(name)?));
        let text = renamed(&text, name)
            .and_then(|text| Preset::parse(&text, path.parent(), dials).map(|_| text))
            .map_err(|problem| PresetError::Unwritable {
                name: name.chars().take(LONGEST).collect(),
                problem,
            })?;
        // On file systems that do not tell capitals apart the new name may be the old file.
        let same = new == *path || std::fs::canonicalize(&new).ok() == std::fs::canonicalize(path).ok();
        write(&new, &text, name, same)?;
        if !same {
            std::fs::remove_file(path)
                .map_err(|source| PresetError::File { path: path.to_owned(), source })?;
        }
        Ok(new)
    }

    /// Puts a file of the player's own aside, from where it can be [restored](Shelf::restore).
    ///
    /// # Errors
    /// The file cannot be moved.
    pub fn delete(&self, path: &Path) -> Result<Deleted, PresetError> {
        let failed = |source| PresetError::File { path: path.to_owned(), source };
        let trash = self.folder.join(TRASH);
        std::fs::create_dir_all(&trash).map_err(failed)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut number = 1;
        loop {
            let to = trash.join(format!("{stem} {number}.{EXTENSION}"));
            match shared::fs::move_new(path, &to) {
                Ok(()) => return Ok(Deleted { from: path.to_owned(), to }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// Puts back what was deleted.
    ///
    /// # Errors
    /// There is another one in its place, or the file cannot be moved.
    pub fn restore(&self, deleted: &Deleted) -> Result<(), PresetError> {
        let Deleted { from, to } = deleted;
        shared::fs::move_new(to, from).map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => {
                PresetError::Exists(from.file_stem().unwrap_or_default().to_string_lossy().into_owned())
            }
            _ => PresetError::File { path: to.clone(), source },
        })
    }
}

/// Writes a preset's text. What is there stays unless it is to be replaced, also where somebody else writes it at this moment.
fn write(path: &Path, text: &str, name: &str, replace: bool) -> Result<(), PresetError> {
    let write = if replace { shared::fs::write_atomic } else { shared::fs::write_new };
    write(path, text.as_bytes()).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => PresetError::Exists(name.to_owned()),
        _ => PresetError::File { path: path.to_owned(), source },
    })
}

fn entry_of(preset: &FactoryPreset, dials: &Dials) -> Entry {
    let (read, problem) = match preset.read(dials) {
        Ok(read) => (Some(read), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let text = |of: fn(&Preset) -> &String| read.as_ref().map(|r| of(r).clone()).unwrap_or_default();
    Entry {
        place: Place::Factory(preset.id),
        name: text(|read| &read.name),
        category: preset.category.to_owned(),
        author: text(|read| &read.author),
        description: text(|read| &read.description),
        tags: read.as_ref().map(|read| read.tags.clone()).unwrap_or_default(),
        sound: read.map(|read| read.sound),
        problem,
    }
}

/// The preset of that name, one that comes along or the player's own, or the one in that file; and what in it is not as it should be.
///
/// # Errors
/// There is none, or the file is no preset.
pub fn found(name: &str, dials: &Dials) -> Result<(Preset, Vec<String>), PresetError> {
    if let Some(preset) = FactoryPreset::named(name, dials) {
        return Ok((preset.read(dials)?, Vec::new()));
    }
    let path = Path::new(name);
    // A name with a folder or an extension is meant as a file: say what is wrong with it.
    if path.exists() || path.extension().is_some() || path.components().count() > 1 {
        return Preset::load(path, dials);
    }
    let own = Shelf::usual().map(|shelf| shelf.list(dials)).unwrap_or_default();
    match own.into_iter().find(|entry| entry.name.eq_ignore_ascii_case(name.trim())).map(|entry| entry.place)
    {
        Some(Place::File(path)) => Preset::load(&path, dials),
        _ => {
            let known: Vec<String> =
                PRESETS.iter().filter_map(|preset| Some(preset.read(dials).ok()?.name)).collect();
            Err(PresetError::Unknown { name: name.to_owned(), known: known.join(", ") })
        }
    }
}

fn collect(folder: &Path, deeper: usize, files: &mut Vec<PathBuf>) {
    // A folder that is not there yet holds nothing.
    let Ok(read) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = read.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if hidden || files.len() >= MOST {
            continue;
        }
        if path.is_dir() {
            if deeper > 0 {
                collect(&path, deeper - 1, files);
            }
        } else if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case(EXTENSION) || e.eq_ignore_ascii_case("yml"))
        {
            files.push(path);
        }
    }
}

/// A file's name without what no system takes.
fn file_name(name: &str) -> Result<String, PresetError> {
    let kept = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '-' } else { c };
    let clean: String = name.trim().chars().map(kept).take(LONGEST).collect();
    let clean = clean.trim_matches(['.', ' ']).to_owned();
    // Names that Windows keeps for devices.
    let device = ["con", "prn", "aux", "nul"].contains(&clean.to_lowercase().as_str());
    if clean.chars().any(char::is_alphanumeric) && !device {
        Ok(clean)
    } else {
        Err(PresetError::NoName(name.chars().take(LONGEST).collect()))
    }
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

    fn preset(name: &str, dials: &Dials) -> Preset {
        Preset {
            name: name.into(),
            author: String::new(),
            description: String::new(),
            tags: Vec::new(),
            sound: Sound::usual(dials),
        }
    }

    fn own(shelf: &Shelf, dials: &Dials) -> Vec<(String, String)> {
        let own = shelf.list(dials).into_iter().filter(|entry| matches!(entry.place, Place::File(_)));
        own.map(|entry| (entry.category, entry.name)).collect()
    }

    #[test]
    fn presets_are_saved_renamed_deleted_and_put_back() {
        let (folder, dials) = (tempfile::tempdir().unwrap(), dials());
        let shelf = Shelf::at(folder.path().join("presets"));
        assert_eq!(own(&shelf, &dials), []);
        let path = shelf.save(&preset("Mine: all", &dials), "Own", false, &dials).unwrap();
        let again = shelf.save(&preset("Mine: all", &dials), "Own", false, &dials);
        assert!(matches!(again, Err(PresetError::Exists(name)) if name == "Mine: all"));
        shelf.save(&preset("Mine: all", &dials), "Own", true, &dials).unwrap();
        let other = shelf.save(&preset("B", &dials), "Band/Live", false, &dials).unwrap();
        assert!(other.ends_with("Band/Live/B.yaml"));
        let row = |category: &str, name: &str| (category.to_owned(), name.to_owned());
        assert_eq!(own(&shelf, &dials), [row("Band/Live", "B"), row("Own", "Mine: all")]);

        let renamed = shelf.rename(&path, "Yours", &dials).unwrap();
        assert_eq!(own(&shelf, &dials), [row("Band/Live", "B"), row("Own", "Yours")]);
        assert!(shelf.rename(&renamed, "Yours", &dials).is_ok());
        shelf.save(&preset("C", &dials), "Own", false, &dials).unwrap();
        assert!(matches!(shelf.rename(&renamed, "C", &dials), Err(PresetError::Exists(_))));

        let deleted = shelf.delete(&renamed).unwrap();
        assert_eq!(own(&shelf, &dials), [row("Band/Live", "B"), row("Own", "C")]);
        shelf.restore(&deleted).unwrap();
        assert_eq!(own(&shelf, &dials).len(), 3);
        shelf.delete(&renamed).unwrap();
        shelf.save(&preset("Yours", &dials), "Own", false, &dials).unwrap();
        shelf.delete(&renamed).unwrap();
        assert!(shelf.restore(&deleted).is_ok());
    }

    #[test]
    fn renaming_changes_the_name_alone() {
        let (folder, dials) = (tempfile::tempdir().unwrap(), dials());
        let shelf = Shelf::at(folder.path().to_owned());
        let path = folder.path().join("Old.yml");
        let text = "# Mine, for the second song\nversion: 1 # as yet\nname:   Old  # a working title\n\nparameters:\n  \
                    warp_drive: 9 # of a later version\n  input: -9\n";
        std::fs::write(&path, text).unwrap();
        let new = shelf.rename(&path, " The: new # one ", &dials).unwrap();
        let found = std::fs::read_to_string(&new).unwrap();
        let (preset, said) = Preset::load(&new, &dials).unwrap();
        assert_eq!((preset.name.as_str(), said.len()), ("The: new # one", 1));
        let name_of = |text: &str| text.lines().position(|line| line.starts_with("name:")).unwrap();
        let rest = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.remove(name_of(text));
            lines
        };
        assert_eq!(rest(&found), rest(text));
        assert!(found.contains("# a working title"), "{found}");
        assert!(!path.exists());
        let long = shelf.rename(&new, &"x".repeat(200), &dials).unwrap_err().to_string();
        assert!(long.contains("at most 120") && new.exists(), "{long}");
    }

    #[test]
    fn nothing_is_put_back_over_another() {
        let (folder, dials) = (tempfile::tempdir().unwrap(), dials());
        let shelf = Shelf::at(folder.path().to_owned());
        let path = shelf.save(&preset("A", &dials), "Own", false, &dials).unwrap();
        let deleted = shelf.delete(&path).unwrap();
        std::fs::write(&path, "another's").unwrap();
        assert!(matches!(shelf.restore(&deleted), Err(PresetError::Exists(name)) if name == "A"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "another's");
        std::fs::remove_file(&path).unwrap();
        shelf.restore(&deleted).unwrap();
        assert!(Preset::load(&path, &dials).is_ok());
        assert!(shelf.save(&preset(&"x".repeat(121), &dials), "Own", false, &dials).is_err(), "unreadable");
    }

    #[test]
    fn what_is_damaged_is_listed_with_its_error() {
        let (folder, dials) = (tempfile::tempdir().unwrap(), dials());
        std::fs::write(folder.path().join("torn.yaml"), "version: 1\nname: [").unwrap();
        std::fs::write(folder.path().join("odd.YML"), "version: 1\nname: Odd\nparameters: { warp: 1 }")
            .unwrap();
        std::fs::write(folder.path().join("notes.txt"), "version: 1\nname: Notes").unwrap();
        std::fs::write(folder.path().join(".hidden.yaml"), "version: 1\nname: Hidden").unwrap();
        let entries = Shelf::at(folder.path().to_owned()).list(&dials);
        let own: Vec<&Entry> = entries.iter().filter(|e| matches!(e.place, Place::File(_))).collect();
        assert_eq!(own.len(), 2);
        assert!(own[0].name == "Odd" && own[0].sound.is_some());
        assert!(own[0].problem.as_ref().unwrap().contains("warp"));
        assert!(own[1].name == "torn" && own[1].sound.is_none());
        assert!(own[1].problem.as_ref().unwrap().contains("torn.yaml"));
    }

    #[test]
    fn names_become_names_of_files() {
        for (name, file) in [
            ("AC/DC?", "AC-DC-"),
            (" ..Nice. ", "Nice"),
            ("Grün", "Grün"),
            (&"x".repeat(300), &"x".repeat(80)),
        ] {
            assert_eq!(file_name(name).unwrap(), file);
        }
        for name in ["", "..", "/", "NUL", "???"] {
            assert!(file_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn places_are_texts_both_ways() {
        for place in [Place::Factory("glass"), Place::File("/a/b.yaml".into())] {
            assert_eq!(Place::of(&place.text()), Some(place));
        }
        assert_eq!(Place::of("factory:none"), None);
        assert_eq!(Place::of(""), None);
    }
}
