//! Many files at once.

use super::{Options, Outcome, Progress, StreamError, StreamProcessor};
use crate::chain::{Chain, ChainError};
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Processes several files at once, on all cores of the rayon pool it is called in, and
/// gives what became of each, in their order. A file that fails does not keep the others from going on.
///
/// `files` are inputs and outputs. `make_chain` is called for as many chains as files are processed at once; each
/// serves one file after the other, each from silence. `progress` is told, on any of the threads, which file is how far;
/// what it returns says whether to go on with that file.
pub fn process_files<I, O, F, P>(
    files: &[(I, O)],
    options: &Options,
    make_chain: F,
    progress: P,
) -> Vec<Result<Outcome, StreamError>>
where
    I: AsRef<Path> + Sync,
    O: AsRef<Path> + Sync,
    F: Fn() -> Result<Chain, ChainError> + Sync,
    P: Fn(usize, Progress) -> bool + Sync,
{
    process_files_with(files, options, make_chain, progress, |_, _, _| ())
}

/// As [`process_files`]; as soon as a file is done, `finished` is told, on any of the threads, which, what became of it,
/// and the chain it went through, if it got so far: to look at what its processors have to say.
pub fn process_files_with<I, O, F, P, D>(
    files: &[(I, O)],
    options: &Options,
    make_chain: F,
    progress: P,
    finished: D,
) -> Vec<Result<Outcome, StreamError>>
where
    I: AsRef<Path> + Sync,
    O: AsRef<Path> + Sync,
    F: Fn() -> Result<Chain, ChainError> + Sync,
    P: Fn(usize, Progress) -> bool + Sync,
    D: Fn(usize, &Result<Outcome, StreamError>, Option<&Chain>) + Sync,
{
    let mut names = HashSet::new();
    let is_first = |(_, output): &(I, O)| names.insert(absolute(output.as_ref()));
    let firsts: Vec<bool> = files.iter().map(is_first).collect();
    let idle: Mutex<Vec<StreamProcessor>> = Mutex::default();
    let lock = || idle.lock().unwrap_or_else(PoisonError::into_inner);
    let begin = |input: &Path| {
        let waiting = lock().pop();
        waiting.map_or_else(
            || {
                let chain = make_chain().map_err(|source| StreamError::chain(input, source))?;
                Ok(StreamProcessor::new(chain, options.clone()))
            },
            Ok,
        )
    };
    let process = |index: usize, input: &Path, output: &Path, is_first: bool| {
        if !is_first {
            return (Err(StreamError::SameOutput { path: output.to_owned() }), None);
        }
        if !progress(index, Progress::default()) {
            return (Err(StreamError::Cancelled { path: input.to_owned() }), None);
        }
        let mut processor = match begin(input) {
            Ok(processor) => processor,
            Err(error) => return (Err(error), None),
        };
        let result = processor.process_file(input, output, &mut |state| progress(index, state));
        (result, Some(processor))
    };
    // One file is one task: they are few, and long.
    let tasks = files.par_iter().zip(firsts).enumerate().with_max_len(1);
    let done = tasks.map(|(index, ((input, output), is_first))| {
        let (result, processor) = process(index, input.as_ref(), output.as_ref(), is_first);
        finished(index, &result, processor.as_ref().map(StreamProcessor::chain));
        lock().extend(processor);
        result
    });
    done.collect()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
