//! The host of `cargo xtask demo`: plays every recording of a folder through a CLAP and writes what
//! went in and what came out.
//!
//! `play PLUGIN.clap RECORDINGS OUTPUT`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use tests::host::Plugin;
use tests::sound::{dbfs, peak, read, rms, write};

/// As a studio on a fast machine sets it.
const BLOCK_SAMPLES: usize = 256;

fn main() -> ExitCode {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [plugin, recordings, output] = args.as_slice() else {
        eprintln!("usage: play PLUGIN.clap RECORDINGS OUTPUT");
        return ExitCode::from(2);
    };
    match play_all(plugin, recordings, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play_all(plugin: &Path, recordings: &Path, output: &Path) -> Result<(), Box<dyn Error>> {
    let entries = std::fs::read_dir(recordings).map_err(|e| format!("{}: {e}", recordings.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|suffix| suffix == "wav"));
    files.sort();
    if files.is_empty() {
        return Err(format!("{}: no recording to play", recordings.display()).into());
    }
    std::fs::create_dir_all(output).map_err(|e| format!("{}: {e}", output.display()))?;
    for file in files {
        play(plugin, &file, output).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(())
}

fn play(plugin: &Path, file: &Path, output: &Path) -> Result<(), Box<dyn Error>> {
    let (before, rate_hz) = read(file)?;
    let frames = before.first().map_or(0, Vec::len);
    let mut plugin = Plugin::load(plugin)?;
    plugin.select_channels(before.len())?;
    plugin.activate(rate_hz, BLOCK_SAMPLES)?;
    let latency_samples = plugin.latency_samples()?;
    let model = plugin.value("Model")?;
    let model = plugin.text("Model", model)?;

    // The end of the recording leaves the plugin as much later as it says.
    let input: Vec<Vec<f32>> =
        before.iter().map(|channel| [channel.as_slice(), &vec![0.0; latency_samples]].concat()).collect();
    let begun = Instant::now();
    let mut after = plugin.play(&input, &[BLOCK_SAMPLES])?;
    let elapsed = begun.elapsed();
    for channel in &mut after {
        channel.drain(..latency_samples);
    }

    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let place = |what: &str| output.join(format!("{stem}_{what}.wav"));
    println!("{}, {rate_hz} Hz, blocks of {BLOCK_SAMPLES}, through {model}:", file.display());
    for (what, channels) in [("before", &before), ("after", &after)] {
        let all = channels.concat();
        write(&place(what), channels, rate_hz)?;
        println!(
            "  {what:<7} peak {:6.1} dBFS   RMS {:6.1} dBFS   {}",
            dbfs(peak(&all)),
            dbfs(rms(&all)),
            place(what).display()
        );
        if !all.iter().all(|sample| sample.is_finite()) {
            return Err(format!("{what}: not every sample is a number").into());
        }
    }
    if peak(&after.concat()) == 0.0 {
        return Err("the plugin gave only silence".into());
    }
    let seconds = frames as f64 / f64::from(rate_hz);
    println!(
        "  {seconds:.1} s of audio in {:.2} s: {:.0} times faster than real time; longest block {:.2} ms of {:.2} ms; \
         latency {latency_samples} samples",
        elapsed.as_secs_f64(),
        seconds / elapsed.as_secs_f64(),
        plugin.longest_block().as_secs_f64() * 1e3,
        BLOCK_SAMPLES as f64 / f64::from(rate_hz) * 1e3,
    );
    Ok(())
}
