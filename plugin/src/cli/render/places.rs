//! Where results go.

use crate::cli::CliError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files that are something else than sound.
const NO_SOUND: [&str; 5] = ["nam", "onnx", "yaml", "yml", "json"];

/// A recording and its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub input: PathBuf,
    pub output: PathBuf,
}

/// Finds a place for each result: `output` itself for a single recording, or a file in it, if it is a
/// folder or there are several recordings. A result may replace an earlier one,
/// but no recording and none of `kept`.
pub fn jobs(inputs: &[PathBuf], output: &Path, kept: &[PathBuf]) -> Result<Vec<Job>, CliError> {
    let ends_as_folder = output.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    let is_folder = output.is_dir() || ends_as_folder || inputs.len() > 1;
    if is_folder && output.exists() && !output.is_dir() {
        return Err(CliError::NoFolder(output.to_owned()));
    }
    // An existing folder may be called as it likes.
    if inputs.len() > 1 && !ends_as_folder && !output.is_dir() && is_wav(output) {
        return Err(CliError::NamedAsFile(output.to_owned()));
    }
    let mut jobs = Vec::with_capacity(inputs.len());
    let mut taken: BTreeMap<PathBuf, &PathBuf> = BTreeMap::new();
    for input in inputs {
        let place = if is_folder {
            let name = input.file_stem().ok_or_else(|| CliError::NoName(input.clone()))?;
            let mut name = name.to_owned();
            name.push(".wav");
            output.join(name)
        } else {
            output.to_owned()
        };
        check(&place, inputs, kept)?;
        if let Some(first) = taken.insert(place.clone(), input) {
            let (first, second) = (first.clone(), input.clone());
            return Err(CliError::SameResult { first, second, output: place });
        }
        jobs.push(Job { input: input.clone(), output: place });
    }
    Ok(jobs)
}

/// Makes the folder that `output` shall be for these jobs, unless it is there or is no folder; says whether it did.
pub fn make_folder(output: &Path, jobs: &[Job]) -> Result<bool, CliError> {
    if output.exists() || jobs.iter().any(|job| job.output == output) {
        return Ok(false);
    }
    let failed = |source| CliError::Folder { path: output.to_owned(), source };
    std::fs::create_dir_all(output).map_err(failed)?;
    Ok(true)
}

fn is_wav(path: &Path) -> bool {
    path.extension().is_some_and(|e| ["wav", "wave"].iter().any(|kind| e.eq_ignore_ascii_case(kind)))
}

fn check(place: &Path, inputs: &[PathBuf], kept: &[PathBuf]) -> Result<(), CliError> {
    let is_no_sound =
        place.extension().is_some_and(|e| NO_SOUND.iter().any(|kind| e.eq_ignore_ascii_case(kind)));
    let same = |other: &PathBuf| match (place.canonicalize(), other.canonicalize()) {
        (Ok(place), Ok(other)) => place == other,
        _ => false,
    };
    if is_no_sound || inputs.iter().chain(kept).any(same) {
        return Err(CliError::WouldReplace(place.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_find_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (a, b) = (at("a.flac"), at("b.wav"));
        std::fs::write(&b, b"recorded").unwrap();
        let one = jobs(std::slice::from_ref(&a), &at("out.wav"), &[]).unwrap();
        assert_eq!(one, [Job { input: a.clone(), output: at("out.wav") }]);
        let into = jobs(std::slice::from_ref(&a), folder.path(), &[]).unwrap();
        assert_eq!(into, [Job { input: a.clone(), output: at("a.wav") }]);
        let several = jobs(&[a.clone(), b.clone()], &at("new"), &[]).unwrap();
        make_folder(&at("new"), &several).unwrap();
        assert!(at("new").is_dir());
        assert_eq!(several[1], Job { input: b.clone(), output: at("new/b.wav") });

        let refused = |inputs: &[&PathBuf], output: PathBuf, kept: &[PathBuf]| {
            let inputs: Vec<PathBuf> = inputs.iter().map(|i| (*i).clone()).collect();
            jobs(&inputs, &output, kept).unwrap_err().to_string()
        };
        assert!(refused(&[&a, &b], at("b.wav"), &[]).contains("this is a file"));
        assert!(refused(&[&a, &b], at("out.wav"), &[]).contains("name of a WAV file"));
        assert!(refused(&[&a, &b], at("out.WAVE"), &[]).contains("name of a WAV file"));
        std::fs::create_dir(at("folder.wav")).unwrap();
        assert!(jobs(&[a.clone(), at("c.wav")], &at("folder.wav"), &[]).is_ok());
        assert!(refused(&[&a, &b], folder.path().into(), &[]).contains("choose another name"));
        assert!(refused(&[&a], b.clone(), std::slice::from_ref(&b)).contains("choose another name"));
        assert!(refused(&[&a], at("my.nam"), &[]).contains("choose another name"));
        assert!(refused(&[&a], at("chain.yaml"), &[]).contains("choose another name"));
        let twin = at("other/a.wav");
        assert!(refused(&[&a, &twin], at("new"), &[]).contains("into different folders"));
        assert!(refused(&[&a, &twin], b.join("new"), &[]).contains("into different folders"));
        let nowhere = jobs(&[a], &b.join("new/"), &[]).unwrap();
        assert!(make_folder(&b.join("new/"), &nowhere).unwrap_err().to_string().contains("cannot be made"));
    }
}
