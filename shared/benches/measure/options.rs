//! The command line. `cargo xtask bench` writes it, so it is plain.

use crate::amps;
use crate::equaliser;
use crate::subject::EngineName;
use std::path::PathBuf;

/// What to measure.
pub struct Options {
    /// Names of amps.
    pub models: Vec<String>,
    /// What runs them.
    pub engines: Vec<EngineName>,
    /// Lengths of blocks, in samples.
    pub blocks: Vec<usize>,
    /// Whether to measure at a host's pace too, which takes that long.
    pub paced: bool,
    /// How much time to take.
    pub effort: Effort,
    /// What to do.
    pub task: Task,
}

/// What to do with the models.
pub enum Task {
    /// Measure them.
    Measure,
    /// Count their instructions, inside valgrind.
    Count,
    /// Print their names.
    List,
    /// Write them into this folder as `.nam` files.
    Write(PathBuf),
}

/// How much time to take for each engine, amp and length of block.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Turns.
    pub rounds: usize,
    /// Length of a turn, in microseconds.
    pub turn_us: f64,
    /// Blocks at a host's pace.
    pub paced_blocks: usize,
}

/// A thousand blocks and more, so that 99.9 % of them mean something.
const FULL: Effort = Effort { rounds: 25, turn_us: 8_000.0, paced_blocks: 1_500 };
const QUICK: Effort = Effort { rounds: 10, turn_us: 2_000.0, paced_blocks: 150 };

impl Options {
    /// Reads `--models a,b --engines a,b --blocks 16,64 --hot --quick`, and what to do instead of
    /// measuring: `--count`, `--list` or `--write-models DIR`.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            models: amps::NAMES.into_iter().chain([equaliser::NAME]).map(str::to_owned).collect(),
            engines: EngineName::all(),
            blocks: vec![16, 32, 64, 128, 256, 512],
            paced: true,
            effort: FULL,
            task: Task::Measure,
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut list = || {
                let list = arguments.next().ok_or(format!("{argument} wants a list"))?;
                Ok::<_, String>(list.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
            };
            match argument.as_str() {
                "--models" => {
                    options.models = list()?;
                    let known = |m: &str| amps::NAMES.contains(&m) || m == equaliser::NAME;
                    if let Some(name) = options.models.iter().find(|m| !known(m)) {
                        let (amps, eq) = (amps::NAMES.join(", "), equaliser::NAME);
                        return Err(format!("no model is called `{name}`; there are {amps} and {eq}"));
                    }
                }
                "--engines" => {
                    options.engines = list()?.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
                }
                "--blocks" => {
                    let length = |text: &String| match text.parse() {
                        Ok(samples @ 1..=65_536) => Ok(samples),
                        _ => Err(format!("a block has 1 to 65536 samples, not `{text}`")),
                    };
                    options.blocks = list()?.iter().map(length).collect::<Result<_, _>>()?;
                }
                "--hot" => options.paced = false,
                "--quick" => options.effort = QUICK,
                "--count" => options.task = Task::Count,
                "--list" => options.task = Task::List,
                "--write-models" => {
                    let folder = arguments.next().ok_or("--write-models wants a folder")?;
                    options.task = Task::Write(folder.into());
                }
                // Cargo says it to every benchmark.
                "--bench" => {}
                other => return Err(format!("what does `{other}` mean?")),
            }
        }
        Ok(options)
    }
}
