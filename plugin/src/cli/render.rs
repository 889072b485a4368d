//! `tonewright render`: a file through a model, by the code that plays in the plugin.

use super::{CliError, RenderArguments, find_model};
use crate::amp::{Controls, Format, Quality, Rig, Voice};
use shared::audio::{BYTES_PER_SAMPLE, MAX_DATA_BYTES, Reader, Writer};
use shared::engine::EngineError;
use shared::model::Model;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(super) fn render(arguments: &RenderArguments) -> Result<(), CliError> {
    check_output(arguments)?;
    let model = if is_none(&arguments.model) { None } else { Some(find_model(&arguments.model)?) };
    let mut reader = Reader::open(&arguments.input)?;
    let (rate_hz, channels, frames) = (reader.sample_rate_hz(), reader.channels(), reader.frames());
    // A recording of fewer bits may be twice or four times as long: better said now than in an hour.
    if frames.saturating_mul(channels as u64 * BYTES_PER_SAMPLE) > MAX_DATA_BYTES {
        return Err(CliError::TooLong { path: arguments.input.clone(), frames, channels });
    }
    let block = arguments.block as usize;
    let format = Format { sample_rate_hz: f64::from(rate_hz), max_block_samples: block, channels };
    let voice = model.as_ref().map(|model| voice(model, arguments, format)).transpose()?;
    let through = described(voice.as_ref());
    if voice.as_ref().is_none_or(|voice| voice.info().sizes.is_none()) && arguments.quality != 1.0 {
        eprintln!("warning: there is only one size to choose from; --quality changes nothing");
    }
    let equalising = arguments.eq.read()?;
    let eq_model = equalising.as_ref().and_then(|e| e.model.clone());
    let mut rig = Rig::rendering(voice, format, eq_model);
    let view = rig.eq_view();
    let mut controls = Controls {
        input_gain: gain(arguments.input_gain),
        output_gain: gain(arguments.output_gain),
        ..Controls::NEUTRAL
    };
    controls.eq.enabled = equalising.is_some();
    if let Some(equalising) = &equalising {
        equalising.check(&view)?;
        controls.eq = equalising.controls;
    }

    let mut writer = Writer::create(&arguments.output, channels, rate_hz)?;
    let mut memory = vec![vec![0.0f32; block]; channels];
    let (mut before, mut after) = (Level::default(), Level::default());
    let mut computing = Duration::ZERO;
    // What comes out first is the delay; it is left out, and the end is pushed out with silence.
    let mut early = rig.latency_samples();
    let mut left = frames;
    while left > 0 {
        let read = reader.read(&mut memory)?;
        for channel in &mut memory {
            before.add(&channel[..read]);
            channel[read..].fill(0.0);
        }
        let begin = Instant::now();
        let mut signals: Vec<&mut [f32]> = memory.iter_mut().map(Vec::as_mut_slice).collect();
        rig.process(&mut signals, controls);
        computing += begin.elapsed();

        let skip = early.min(block);
        early -= skip;
        let keep = ((block - skip) as u64).min(left) as usize;
        let kept: Vec<&[f32]> = memory.iter().map(|c| &c[skip..skip + keep]).collect();
        kept.iter().for_each(|c| after.add(c));
        writer.write(&kept, keep)?;
        left -= keep as u64;
    }
    if let Some(equalising) = &equalising {
        equalising.check(&view)?;
    }
    writer.finish()?;

    let seconds = frames as f64 / f64::from(rate_hz);
    let factor = seconds / computing.as_secs_f64().max(1e-9);
    println!("{} {through}", arguments.input.display());
    println!("  in   {before}");
    println!("  out  {after}");
    println!("  {seconds:.2} s, {channels} channels at {rate_hz} Hz, {factor:.0} times as fast as real time");
    if let Some(equalising) = &equalising {
        print!("{}", equalising.report(&view));
    }
    println!(
        "  delay of {} samples taken out; written to {}",
        rig.latency_samples(),
        arguments.output.display()
    );
    if rig.take_muted() {
        eprintln!("warning: the model gave values that are no numbers; where it did, the result is silent");
    }
    Ok(())
}

/// Whether the player wants no amp at all.
fn is_none(model: &str) -> bool {
    model.trim().eq_ignore_ascii_case("none")
}

fn voice(model: &Model, arguments: &RenderArguments, format: Format) -> Result<Voice, CliError> {
    let quality = Quality::new(arguments.quality);
    Voice::build(model, quality, arguments.engine, format).map_err(|source| {
        let path = match source {
            EngineError::Resampler { .. } => arguments.input.clone(),
            _ => PathBuf::from(&arguments.model),
        };
        CliError::Engine { path, source }
    })
}

/// What the recording goes through.
fn described(voice: Option<&Voice>) -> String {
    let Some(info) = voice.map(Voice::info) else { return "without an amp".into() };
    let engine = info.engine.map_or("no", |e| e.name());
    let size = info.sizes.as_ref();
    let size = size.map_or_else(String::new, |s| format!(", size {} of {}", s.chosen + 1, s.count));
    format!("through \"{}\"{size}, engine {engine}", info.card.name)
}

/// A result may replace an earlier one, but neither a model nor the recording it is made from.
fn check_output(arguments: &RenderArguments) -> Result<(), CliError> {
    let output = &arguments.output;
    let is_model =
        output.extension().is_some_and(|e| ["nam", "onnx"].iter().any(|kind| e.eq_ignore_ascii_case(kind)));
    let same = |other: &Path| match (output.canonicalize(), other.canonicalize()) {
        (Ok(output), Ok(other)) => output == other,
        _ => false,
    };
    if is_model || same(&arguments.input) || same(Path::new(&arguments.model)) {
        return Err(CliError::WouldReplace(output.clone()));
    }
    Ok(())
}

/// The factor of the plugin's knobs.
fn gain(db: f32) -> f32 {
    nih_plug::util::db_to_gain(db)
}

/// Peak and rms over all channels.
#[derive(Default)]
struct Level {
    peak: f32,
    sum: f64,
    samples: u64,
}

impl Level {
    fn add(&mut self, signal: &[f32]) {
        for &sample in signal {
            self.peak = self.peak.max(sample.abs());
            self.sum += f64::from(sample).powi(2);
        }
        self.samples += signal.len() as u64;
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rms = (self.sum / self.samples.max(1) as f64).sqrt();
        let db =
            |value: f64| if value > 0.0 { format!("{:6.1}", 20.0 * value.log10()) } else { "  -inf".into() };
        write!(f, "peak {} dBFS, rms {} dBFS", db(f64::from(self.peak)), db(rms))
    }
}
