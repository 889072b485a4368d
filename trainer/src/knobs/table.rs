//! The table of recordings: which file was made at which setting.

use crate::TrainerError;
use crate::csv::Csv;
use shared::model::{Knob, limits};
use std::path::{Path, PathBuf};

/// Columns that are no knobs.
const FILES: [&str; 2] = ["input", "target"];
/// Most recordings of a table.
const MOST: usize = 1000;

/// A recording and where the knobs stood.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// What went into the gear.
    pub input: PathBuf,
    /// What came out of it.
    pub target: PathBuf,
    /// The setting of each of [`Table::knobs`], in its own figures.
    pub settings: Vec<f32>,
}

/// A table of recordings, made at several settings of the same gear.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The knobs: their ends are the outermost settings, their default is the one in the middle of those recorded.
    pub knobs: Vec<Knob>,
    /// The recordings, in the order of the file.
    pub recordings: Vec<Recorded>,
}

impl Table {
    /// Reads a table of comma-separated values: columns `input` and `target` with paths relative to the table's own folder, and one
    /// column a knob, which is named by its header.
    ///
    /// # Errors
    /// The file cannot be read; it has no recordings, or too many; a column is missing; there is no knob, or there are too many; a setting
    /// is no number, or a knob was recorded at one setting only.
    pub fn read(path: &Path) -> Result<Self, TrainerError> {
        let refuse = |problem: String| TrainerError::recording(path, problem);
        let csv = Csv::read(path)?;
        csv.require(&FILES)?;
        let names = csv.columns(|name| !FILES.contains(&name));
        if names.is_empty() || names.len() > limits::KNOBS {
            return Err(refuse(format!(
                "{} columns beside `input` and `target`; 1 to {} are needed, one a knob, named by its header",
                names.len(),
                limits::KNOBS
            )));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut recordings = Vec::new();
        for row in csv.rows() {
            let file = |column: &str| match row.text(column)? {
                "" => Err(row.refuse(format!("`{column}` is empty; a WAV or FLAC file is needed"))),
                name => Ok(folder.join(name)),
            };
            let setting = |name: &&str| row.number(name, -1e6, 1e6).map(|setting| setting as f32);
            let settings = names.iter().map(setting).collect::<Result<_, _>>()?;
            recordings.push(Recorded { input: file("input")?, target: file("target")?, settings });
        }
        if recordings.len() < 2 || recordings.len() > MOST {
            return Err(refuse(format!("{} recordings; 2 to {MOST} are needed", recordings.len())));
        }
        let knob = |(i, name): (usize, &&str)| {
            let mut settings: Vec<f32> = recordings.iter().map(|recorded| recorded.settings[i]).collect();
            settings.sort_by(f32::total_cmp);
            settings.dedup();
            match settings[..] {
                [lowest, .., highest] => Ok(Knob {
                    name: (*name).to_owned(),
                    lowest,
                    highest,
                    default: settings[settings.len() / 2],
                }),
                _ => Err(refuse(format!(
                    "`{name}` stands at {} in every row; leave the column out, or record at another setting too",
                    settings[0]
                ))),
            }
        };
        let knobs = names.iter().enumerate().map(knob).collect::<Result<_, _>>()?;
        Ok(Self { knobs, recordings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Table, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("amp.csv");
        std::fs::write(&path, text).unwrap();
        Table::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn knobs_are_named_by_the_header_and_reach_as_far_as_was_recorded() {
        let table = read("target,Gain,input,Tone\na.wav,0,in.wav,5\nb.wav,10,in.wav,5\nc.wav,4,in.wav,2.5\n")
            .unwrap();
        let knobs: Vec<_> =
            table.knobs.iter().map(|k| (k.name.as_str(), k.lowest, k.default, k.highest)).collect();
        assert_eq!(knobs, [("Gain", 0.0, 4.0, 10.0), ("Tone", 2.5, 5.0, 5.0)]);
        assert_eq!(table.recordings[2].settings, [4.0, 2.5]);
        assert!(table.recordings[2].target.ends_with("c.wav") && table.recordings[2].target.is_absolute());
    }

    #[test]
    fn what_is_missing_is_told() {
        let cases = [
            ("input,target\na,b\nc,d\n", "0 columns beside"),
            ("input,Gain\na,1\nc,2\n", "no column `target`"),
            ("Input,Target,Gain\na,b,1\nc,d,2\n", "no column `input`"),
            ("input;target;Gain\na;b;1,5\nc;d;2\n", "semicolons"),
            ("input,target,Gain,Gain\na,b,1,1\nc,d,2,2\n", "two columns are called `Gain`"),
            ("input,target,Gain\na,b,1\n", "1 recordings"),
            ("input,target,Gain\na,b,1\nc,d,1\n", "`Gain` stands at 1 in every row"),
            ("input,target,Gain\na,b,1\nc,d,loud\n", "line 3: `Gain` is `loud`"),
            ("input,target,Gain\na,b,1\nc,,2\n", "line 3: `target` is empty"),
        ];
        for (text, expected) in cases {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }
}
