//! Many files at once.

use crate::support::{RATE, cheap_chain, folder, go_on, names, noise, processed, written};
use shared::audio::read_wav;
use shared::stream::{Options, StreamError, StreamProcessor, process_files};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

#[test]
fn files_in_parallel_become_what_they_become_one_by_one() {
    let folder = folder();
    let make = |i: usize| {
        let sound = [noise(20_000 + 1_000 * i, i as u64), noise(20_000 + 1_000 * i, 100 + i as u64)];
        let input = written(folder.path(), &format!("in{i}.wav"), &sound, RATE);
        (input, folder.path().join(format!("out{i}.wav")))
    };
    let mut files: Vec<(PathBuf, PathBuf)> = (0..9).map(make).collect();
    files.insert(4, (folder.path().join("missing.wav"), folder.path().join("never.wav")));
    files.push((files[0].0.clone(), files[1].1.clone()));
    let done: Vec<AtomicU64> = files.iter().map(|_| AtomicU64::new(0)).collect();
    let watch = |index: usize, progress: shared::stream::Progress| {
        done[index].store(progress.done, Ordering::Relaxed);
        true
    };
    let results = process_files(&files, &Options::default(), || Ok(cheap_chain()), watch);
    assert_eq!(results.len(), files.len());
    for (i, (result, (input, output))) in results.iter().zip(&files).enumerate() {
        match (i, result) {
            (4, Err(StreamError::Audio(error))) => assert!(error.to_string().contains("missing.wav")),
            (10, Err(StreamError::SameOutput { path })) => assert_eq!(path, output),
            (_, Ok(outcome)) => {
                let (expected, _) = processed(cheap_chain(), Options::default(), input);
                assert!(read_wav(output).unwrap().0 == expected, "file {i}");
                assert_eq!(done[i].load(Ordering::Relaxed), outcome.frames);
            }
            (_, other) => panic!("file {i}: {other:?}"),
        }
    }
    assert!(!names(folder.path()).contains(&"never.wav".to_owned()));
}

#[test]
fn one_file_can_be_cancelled_and_the_others_go_on() {
    let folder = folder();
    let make = |i: usize| {
        let input = written(folder.path(), &format!("in{i}.wav"), &[noise(200_000, i as u64)], RATE);
        (input, folder.path().join(format!("out{i}.wav")))
    };
    let files: Vec<(PathBuf, PathBuf)> = (0..3).map(make).collect();
    let watch = |index: usize, progress: shared::stream::Progress| index != 1 || progress.done < 100_000;
    let results = process_files(&files, &Options::default(), || Ok(cheap_chain()), watch);
    assert!(matches!(results[1], Err(StreamError::Cancelled { .. })));
    assert!(results[0].is_ok() && results[2].is_ok());
    assert_eq!(names(folder.path()), ["in0.wav", "in1.wav", "in2.wav", "out0.wav", "out2.wav"]);
}

#[test]
fn a_chain_that_cannot_be_built_is_an_error_for_each_file() {
    let folder = folder();
    let input = written(folder.path(), "in.wav", &[noise(100, 1)], RATE);
    let broken = || Err(shared::chain::ChainError::Format("no chain".into()));
    let files = [(&input, folder.path().join("out.wav"))];
    let results = process_files(&files, &Options::default(), broken, |_, _| true);
    let error = results[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("in.wav") && error.contains("no chain"), "{error}");
    let mut processor = StreamProcessor::new(cheap_chain(), Options::default());
    assert!(processor.process_file(&input, &files[0].1, &mut go_on).is_ok());
}
