//! The guard against spills: instructions, loads and stores a sample, counted by valgrind and compared
//! with the reference in the repository.
//!
//! When the compiler no longer keeps a kernel's sums in registers, it stores and loads them instead:
//! the sound is the same, the time twice to seven times as long. Times are too noisy to fail on;
//! these counts are the same on every run and every machine.

use crate::Error;
use crate::command::{Run, step};
use crate::error::At as _;
use crate::files;
use crate::workspace::Workspace;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// How much more than the reference is still taken for the same, as a share. Compilers differ by
/// less in anything but a spill.
const TOLERANCE: f64 = 0.03;

/// The reference, as it lies in the repository.
#[derive(Debug, Serialize, Deserialize)]
struct Reference {
    /// The compiler that it was made with.
    compiler: String,
    /// By model, then by the instructions that the kernel was compiled for.
    counts: Counts,
}

type Counts = BTreeMap<String, BTreeMap<String, Count>>;

/// What one sample takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Count {
    instructions: f64,
    loads: f64,
    stores: f64,
}

impl Count {
    fn each(self) -> [(&'static str, f64); 3] {
        [("instructions", self.instructions), ("loads", self.loads), ("stores", self.stores)]
    }
}

/// Counts, and compares with the reference or makes it anew.
///
/// # Errors
/// More is needed than the reference says, or nothing can be counted.
pub(crate) fn check(workspace: &Workspace, program: &Path, accept: bool) -> Result<(), Error> {
    step("counting instructions in valgrind");
    let counts = count(program)?;
    let compiler = Run::new("rustc").args(["--version"]).output().unwrap_or_default();
    let path = workspace.root.join("xtask/reference/instruction-counts.json");
    if accept {
        let reference = Reference { compiler, counts };
        println!("{}", table(&reference.counts, None));
        let text = serde_json::to_string_pretty(&reference).map_err(|e| Error::Counts(e.to_string()))?;
        fs::write(&path, text + "\n").at("write", &path)?;
        step(&format!("the reference is now {}", path.display()));
        return Ok(());
    }
    let text = fs::read(&path).at("read", &path)?;
    let reference: Reference = serde_json::from_slice(&text).map_err(|e| {
        Error::Counts(format!(
            "{}: {e}; `cargo xtask bench --counts --accept` writes it anew",
            path.display()
        ))
    })?;
    println!("{}", table(&counts, Some(&reference.counts)));
    let problems = compare(&counts, &reference.counts);
    if problems.is_empty() {
        return Ok(());
    }
    let mut message = problems.join("\n");
    let _ = write!(
        message,
        "\nMore stores mean that the compiler keeps a kernel's sums in memory. If what is new is meant to be, \
         `cargo xtask bench --counts --accept`."
    );
    if compiler != reference.compiler {
        let _ = write!(message, "\nThe reference was made with {}, this is {compiler}.", reference.compiler);
    }
    Err(Error::Counts(message))
}

/// What is worse than the reference, or missing on either side.
fn compare(counts: &Counts, reference: &Counts) -> Vec<String> {
    let mut problems = Vec::new();
    let get = |counts: &Counts, model: &str, level: &str| counts.get(model)?.get(level).copied();
    for (model, level) in keys(counts) {
        let Some(before) = get(reference, model, level) else {
            problems.push(format!("{model}, {level}: the reference does not know it"));
            continue;
        };
        let now = get(counts, model, level).unwrap_or(before);
        for ((what, now), (_, before)) in now.each().into_iter().zip(before.each()) {
            if now > before * (1.0 + TOLERANCE) {
                let percent = (now / before - 1.0) * 100.0;
                problems.push(format!(
                    "{model}, {level}: {now:.1} {what} a sample, {percent:.0} % more than the reference's {before:.1}"
                ));
            }
        }
    }
    for (model, level) in keys(reference) {
        if get(counts, model, level).is_none() {
            problems.push(format!("{model}, {level}: the reference knows it, and it was not counted"));
        }
    }
    problems
}

fn keys(counts: &Counts) -> impl Iterator<Item = (&str, &str)> {
    counts.iter().flat_map(|(model, levels)| levels.keys().map(|level| (model.as_str(), level.as_str())))
}

fn table(counts: &Counts, reference: Option<&Counts>) -> String {
    let mut text = format!("{:<14}{:<10}", "a sample of", "with");
    for what in ["instructions", "loads", "stores"] {
        let _ = write!(text, "{what:>15}{:>8}", if reference.is_some() { "change" } else { "" });
    }
    text.push('\n');
    for (model, levels) in counts {
        for (level, count) in levels {
            let before = reference.and_then(|reference| reference.get(model)?.get(level));
            let _ = write!(text, "{model:<14}{level:<10}");
            for (i, (_, now)) in count.each().into_iter().enumerate() {
                let change = before.map_or(String::new(), |before| {
                    format!("{:+.1}%", (now / before.each()[i].1 - 1.0) * 100.0)
                });
                let _ = write!(text, "{now:>15.1}{change:>8}");
            }
            text.push('\n');
        }
    }
    text
}

fn count(program: &Path) -> Result<Counts, Error> {
    let folder = tempfile::tempdir().at("create", &std::env::temp_dir())?;
    let out = folder.path().join("counts");
    Run::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--instr-atstart=no", "--cache-sim=yes"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .arg("--count")
        .run()?;
    let mut counts = Counts::new();
    for dump in files::in_folder(folder.path())? {
        let text = fs::read_to_string(&dump).at("read", &dump)?;
        if let Some((model, level, count)) = read(&text) {
            counts.entry(model).or_default().insert(level, count);
        }
    }
    if counts.is_empty() {
        return Err(Error::Counts("valgrind ran and counted nothing".to_owned()));
    }
    Ok(counts)
}

/// Reads one of callgrind's dumps: the name it was asked for under, `model level samples`, and its
/// totals in the order of its events.
fn read(dump: &str) -> Option<(String, String, Count)> {
    let after = |key: &str| dump.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    let mut name = after("desc: Trigger: Client Request: ")?.split_whitespace();
    let (model, level) = (name.next()?.to_owned(), name.next()?.to_owned());
    let samples: f64 = name.next()?.parse().ok()?;
    let events = after("events: ")?.split_whitespace();
    let totals: BTreeMap<_, _> = events.zip(after("totals: ")?.split_whitespace()).collect();
    // To a tenth: more would be noise in the reference's history.
    let a_sample =
        |event: &str| Some((totals.get(event)?.parse::<f64>().ok()? / samples * 10.0).round() / 10.0);
    Some((
        model,
        level,
        Count { instructions: a_sample("Ir")?, loads: a_sample("Dr")?, stores: a_sample("Dw")? },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(stores: f64) -> Counts {
        let count = Count { instructions: 100.0, loads: 50.0, stores };
        BTreeMap::from([("seed".to_owned(), BTreeMap::from([("avx2".to_owned(), count)]))])
    }

    #[test]
    fn a_dump_is_read() {
        let dump = "# callgrind format\ndesc: Trigger: Client Request: seed avx2 1024\n\npositions: line\n\
                    events: Ir Dr Dw I1mr\nsummary: 0\n\ntotals: 2048 1024 512 7\n";
        let count = Count { instructions: 2.0, loads: 1.0, stores: 0.5 };
        assert_eq!(read(dump), Some(("seed".into(), "avx2".into(), count)));
        assert_eq!(read("desc: Trigger: Program termination\nevents: Ir\ntotals: 0\n"), None);
    }

    #[test]
    fn a_spill_is_a_problem_and_a_gain_is_none() {
        assert!(compare(&counts(10.2), &counts(10.0)).is_empty());
        assert!(compare(&counts(5.0), &counts(10.0)).is_empty());
        let problems = compare(&counts(40.0), &counts(10.0));
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].contains("seed, avx2: 40.0 stores") && problems[0].contains("300 %"),
            "{problems:?}"
        );
    }

    #[test]
    fn what_only_one_side_knows_is_a_problem() {
        assert_eq!(compare(&counts(1.0), &Counts::new()).len(), 1);
        assert_eq!(compare(&Counts::new(), &counts(1.0)).len(), 1);
    }
}
