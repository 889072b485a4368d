//! Benchmarks: what a block costs, and whether the compiler still does what it did.

mod counts;
mod figures;
mod program;
mod rivals;
mod scan;
mod table;

use crate::Error;
use crate::command::{Run, step};
use crate::error::At as _;
use crate::files;
use crate::setup::{self, Scope};
use crate::workspace::Workspace;
use figures::Figure;
use rivals::Rivals;
use std::fs;
use std::path::{Path, PathBuf};

/// The whole rack, which is measured by a program of the plugin's.
const RACK: &str = "rack";

/// What to measure, and how.
#[derive(Debug, clap::Args)]
pub struct BenchOptions {
    /// Take a tenth of the time: for a first look, not for a report
    #[arg(long)]
    quick: bool,
    /// Leave out the measurement at a host's pace, which takes most of the time
    #[arg(long)]
    hot: bool,
    /// Only these models, separated by commas: seed, a1_standard, …, word_eq; rack, which is all of the plugin; and scan,
    /// which is what a host spends on its file when it looks for plugins (cold if root asks)
    #[arg(long, value_delimiter = ',')]
    models: Vec<String>,
    /// Only these engines, separated by commas: native-avx2, onnxruntime-fused, …
    #[arg(long, value_delimiter = ',')]
    engines: Vec<String>,
    /// Only these lengths of blocks, in samples, separated by commas
    #[arg(long, value_delimiter = ',')]
    blocks: Vec<usize>,
    /// Compare with other engines: programs in this folder that play our models and print figures,
    /// and .jsonl files of figures
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Where to write the figures, a line of JSON each [default: target/bench/figures.jsonl]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the models as .nam files into this folder, and measure nothing
    #[arg(long, value_name = "DIR")]
    write_models: Option<PathBuf>,
    /// Count instructions instead, in valgrind, and compare with the reference in the repository
    #[arg(long)]
    counts: bool,
    /// Make the counts the new reference
    #[arg(long, requires = "counts")]
    accept: bool,
    /// Run criterion instead, which says whether the native engine became faster or slower since it
    /// was run last; only on models whose name contains this
    #[arg(
        long,
        value_name = "NAME",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with_all = [
            "quick", "hot", "models", "engines", "blocks", "against", "json", "write_models", "counts",
        ]
    )]
    changes: Option<String>,
}

impl BenchOptions {
    /// Whether something that is no model of the engines' is to be measured: all is, unless something is named.
    fn asks_for(&self, name: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|asked| asked == name)
    }

    /// The models of the engines' that are asked for; none named are all, and `None` is none.
    fn engines_models(&self) -> Option<Vec<String>> {
        let asked: Vec<_> =
            self.models.iter().filter(|name| ![RACK, scan::SCAN].contains(&name.as_str())).cloned().collect();
        (self.models.is_empty() || !asked.is_empty() || self.counts || self.write_models.is_some())
            .then_some(asked)
    }
}

/// Does what the options ask for.
pub(crate) fn bench(workspace: &Workspace, options: &BenchOptions) -> Result<(), Error> {
    setup::all(workspace, Scope { counts: options.counts, ..Scope::PLUGIN })?;
    if let Some(name) = &options.changes {
        let name = Some(name).filter(|name| !name.is_empty());
        return program::cargo_bench("shared", "engines").arg("--").args(name).run();
    }
    let mut figures = Vec::new();
    if let Some(asked) = options.engines_models() {
        step("building what measures");
        let program = program::build("shared", "measure")?;
        if options.counts {
            return counts::check(workspace, &program, options.accept);
        }
        if let Some(folder) = &options.write_models {
            return write_models(&program, folder, &asked);
        }
        figures = measure(workspace, &program, &asked, options)?;
    }
    if options.asks_for(RACK) {
        figures.extend(measure_rack(options)?);
    }
    let (ours, theirs): (Vec<_>, Vec<_>) = figures.iter().partition(|figure| figure.source.is_none());
    if !figures.is_empty() {
        println!("{}", table::costs(&figures));
    }
    print!("{}", table::shares(&figures));
    if !theirs.is_empty() {
        println!("{}", table::ratios(&ours, &theirs));
    }
    if options.asks_for(scan::SCAN) {
        figures.extend(scan::measure(workspace)?);
    }
    let path = options.json.clone().unwrap_or_else(|| workspace.target.join("bench/figures.jsonl"));
    if let Some(folder) = path.parent() {
        files::create(folder)?;
    }
    fs::write(&path, figures::to_lines(&figures)).at("write", &path)?;
    step(&format!("figures in {}", path.display()));
    Ok(())
}

/// Measures a model at a time, ours and theirs in turn, so that all meet the machine in the same mood.
fn measure(
    workspace: &Workspace,
    program: &Path,
    asked: &[String],
    options: &BenchOptions,
) -> Result<Vec<Figure>, Error> {
    let rivals = options.against.as_deref().map(Rivals::find).transpose()?.unwrap_or_default();
    let models = models(program, asked)?;
    let nams = workspace.target.join("bench/models");
    if rivals.play() {
        write_models(program, &nams, &models)?;
    }
    let mut arguments = Vec::new();
    for (name, values) in [("--engines", options.engines.clone()), ("--blocks", texts(&options.blocks))] {
        if !values.is_empty() {
            arguments.extend([name.to_owned(), values.join(",")]);
        }
    }
    arguments.extend(options.quick.then(|| "--quick".to_owned()));
    arguments.extend(options.hot.then(|| "--hot".to_owned()));
    let mut found = Vec::new();
    for model in &models {
        let text = Run::new(program).args(["--models", model]).args(&arguments).text()?;
        let ours = figures::from_lines(&text, "the measuring program")?;
        let mut blocks: Vec<_> = ours.iter().map(|figure| figure.block).collect();
        blocks.sort_unstable();
        blocks.dedup();
        found.extend(ours);
        found.extend(rivals.measure(&nams.join(model).with_extension("nam"), &blocks)?);
    }
    found.extend(rivals.written(&models)?);
    Ok(found)
}

/// Measures the rack, in blocks of 64 unless others are asked for.
fn measure_rack(options: &BenchOptions) -> Result<Vec<Figure>, Error> {
    let program = program::build("tonewright", RACK)?;
    let mut run = Run::new(&program);
    if !options.blocks.is_empty() {
        run = run.args(["--blocks", &texts(&options.blocks).join(",")]);
    }
    let flags = [(options.quick, "--quick"), (options.hot, "--hot")];
    run = run.args(flags.into_iter().filter(|(is_on, _)| *is_on).map(|(_, flag)| flag));
    figures::from_lines(&run.text()?, "the program that measures the rack")
}

/// The models asked for, or all there are.
fn models(program: &Path, asked: &[String]) -> Result<Vec<String>, Error> {
    if !asked.is_empty() {
        return Ok(asked.to_vec());
    }
    Ok(Run::new(program).args(["--list"]).text()?.lines().map(str::to_owned).collect())
}

fn write_models(program: &Path, folder: &Path, models: &[String]) -> Result<(), Error> {
    files::create(folder)?;
    let models = self::models(program, models)?;
    Run::new(program).args(["--models", &models.join(",")]).arg("--write-models").arg(folder).run()
}

fn texts(numbers: &[usize]) -> Vec<String> {
    numbers.iter().map(usize::to_string).collect()
}
