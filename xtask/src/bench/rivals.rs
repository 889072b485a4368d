//! Other people's engines, measured in the same run, or before.

use super::figures::{self, Figure};
use crate::Error;
use crate::command::{Run, step};
use crate::error::At as _;
use crate::files;
use std::fs;
use std::path::{Path, PathBuf};

/// What the folder of `--against` holds.
#[derive(Debug, Default)]
pub(crate) struct Rivals {
    /// Called as `PROGRAM MODEL.nam BLOCK BLOCK …`; each prints figures.
    programs: Vec<PathBuf>,
    /// Figures that are there already.
    files: Vec<PathBuf>,
}

impl Rivals {
    /// Looks into a folder.
    ///
    /// # Errors
    /// It cannot be read, or holds nothing to compare with.
    pub fn find(folder: &Path) -> Result<Self, Error> {
        let mut rivals = Self::default();
        for path in files::in_folder(folder)? {
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                rivals.files.push(path);
            } else if is_program(&path) {
                rivals.programs.push(path);
            }
        }
        if rivals.programs.is_empty() && rivals.files.is_empty() {
            return Err(Error::NoRivals(folder.to_owned()));
        }
        rivals.programs.sort();
        rivals.files.sort();
        Ok(rivals)
    }

    /// Whether there are programs, which need models to play.
    pub fn play(&self) -> bool {
        !self.programs.is_empty()
    }

    /// Has every program play a model.
    ///
    /// # Errors
    /// One fails, or prints what is no figure.
    pub fn measure(&self, model: &Path, blocks: &[usize]) -> Result<Vec<Figure>, Error> {
        let mut found = Vec::new();
        for program in &self.programs {
            step(&format!("{} plays {}", name(program), name(model)));
            let text = Run::new(program).arg(model).args(super::texts(blocks)).text()?;
            found.extend(theirs(&text, program)?);
        }
        Ok(found)
    }

    /// What the files say of `models`.
    ///
    /// # Errors
    /// One cannot be read, or a line in it is no figure.
    pub fn written(&self, models: &[String]) -> Result<Vec<Figure>, Error> {
        let mut found = Vec::new();
        for file in &self.files {
            let text = fs::read_to_string(file).at("read", file)?;
            found.extend(theirs(&text, file)?.into_iter().filter(|figure| models.contains(&figure.model)));
        }
        Ok(found)
    }
}

fn theirs(text: &str, path: &Path) -> Result<Vec<Figure>, Error> {
    let mut figures = figures::from_lines(text, &path.display().to_string())?;
    figures.iter_mut().for_each(|figure| figure.source = Some(name(path)));
    Ok(figures)
}

fn name(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "exe")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const LINE: &str = r#"{"engine":"x","model":"seed","block":64,"mode":"hot","median_us":2.0}"#;

    #[test]
    fn programs_are_called_and_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("rival");
        // Says what it was called with where the engine's name belongs.
        let script = "#!/bin/sh\necho '{\"engine\":\"'$1,$2,$3'\",\"model\":\"seed\",\"block\":64,\
                      \"mode\":\"paced\",\"median_us\":2.0}'\n";
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("older.jsonl"), format!("{LINE}\n")).unwrap();
        fs::write(folder.path().join("README.md"), "not this").unwrap();
        let rivals = Rivals::find(folder.path()).unwrap();
        assert!(rivals.play());
        let played = rivals.measure(Path::new("seed.nam"), &[16, 64]).unwrap();
        assert_eq!(played[0].engine, "seed.nam,16,64");
        assert_eq!(played[0].source.as_deref(), Some("rival"));
        assert_eq!(rivals.written(&["seed".into()]).unwrap()[0].source.as_deref(), Some("older"));
        assert!(rivals.written(&["a1_nano".into()]).unwrap().is_empty());
    }

    #[test]
    fn a_folder_with_nothing_to_compare_with_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = Rivals::find(folder.path()).unwrap_err().to_string();
        assert!(error.contains(".jsonl"), "{error}");
    }
}
