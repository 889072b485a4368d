//! What a block costs a player: each engine on each amp, at each length of block, played back to
//! back, into silence, and at a host's pace with cold caches; and what the word EQ costs.
//!
//! Prints a line of JSON a figure, as CONTRIBUTING.md describes, and what it is doing to the
//! standard error. `cargo xtask bench` runs it and makes a table; with `--counts` it runs it inside
//! valgrind.

#[path = "../../tests/support/amps.rs"]
mod amps;
mod callgrind;
mod cost;
mod equaliser;
mod figure;
mod fma_peak;
mod hot;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[path = "../../tests/support/libc_calls.rs"]
mod libc_calls;
mod options;
mod paced;
mod subject;
#[path = "../../tests/support/mod.rs"]
mod support;

use amps::{Amp, amps};
use options::{Options, Task};
use std::process::ExitCode;
use subject::Subject;

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let amps = amps(Some(&options.models));
    match &options.task {
        Task::Measure => {
            amps.iter().for_each(|amp| measure(amp, options));
            if options.models.iter().any(|name| name == equaliser::NAME) {
                equaliser::measure(options.effort)?;
            }
        }
        Task::Count => callgrind::count(&amps)?,
        Task::List => {
            amps.iter().for_each(|amp| println!("{}", amp.name));
            println!("{}", equaliser::NAME);
        }
        Task::Write(folder) => {
            for amp in &amps {
                let path = folder.join(amp.name).with_extension("nam");
                amp.model.save(&path).map_err(|error| error.to_string())?;
            }
        }
    }
    Ok(())
}

/// Measures all engines on one amp. They take turns, so that what disturbs the machine hits them alike.
fn measure(amp: &Amp, options: &Options) {
    let mut subjects = Vec::new();
    for &engine in &options.engines {
        match Subject::new(amp, engine) {
            Ok(subject) => subjects.push(subject),
            Err(problem) => eprintln!("{}: {} is left out: {problem}", amp.name, engine.name()),
        }
    }
    for &block in &options.blocks {
        eprintln!("{}, blocks of {block}", amp.name);
        let medians = hot::measure(&mut subjects, block, options.effort);
        if options.paced {
            paced::measure(&mut subjects, &medians, block, options.effort);
        }
    }
}
