//! Processors that hear a file before they process it.

use crate::support::{Late, RATE, cheap_result, folder, go_on, noise, smoother, written};
use shared::chain::processors::{Gain, Level, Measure, Normalise, Reverb, ReverbEntry};
use shared::chain::{Chain, Format, Processor, ProcessorError, Purpose};
use shared::stream::{Options, Progress, StreamProcessor};

/// Makes the largest sample of all channels 1.
struct ToPeak {
    peak: f32,
    heard: u64,
}

impl ToPeak {
    fn boxed() -> Box<dyn Processor> {
        Box::new(Self { peak: 0.0, heard: 0 })
    }
}

impl Processor for ToPeak {
    fn kind(&self) -> &'static str {
        "to_peak"
    }

    fn prepare(&mut self, _: Format, _: Purpose) -> Result<(), ProcessorError> {
        (self.peak, self.heard) = (0.0, 0);
        Ok(())
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        channels.iter_mut().for_each(|channel| channel.iter_mut().for_each(|x| *x /= self.peak));
    }

    fn reset(&mut self) {}

    fn needs_measuring(&self) -> bool {
        true
    }

    fn measure(&mut self, channels: &[&mut [f32]]) {
        self.heard += channels[0].len() as u64;
        let peaks = channels.iter().flat_map(|channel| channel.iter()).map(|x| x.abs());
        self.peak = peaks.fold(self.peak, f32::max);
    }

    fn measured(&mut self) -> Result<(), ProcessorError> {
        match self.peak {
            0.0 => Err(ProcessorError::Other("silence".into())),
            _ if self.heard != 10_000 => Err(ProcessorError::Other(format!("heard {}", self.heard))),
            _ => Ok(()),
        }
    }
}

#[test]
fn each_normaliser_hears_what_those_before_it_make() {
    let folder = folder();
    let sound = noise(10_000, 1);
    let input = written(folder.path(), "in.wav", std::slice::from_ref(&sound), RATE);
    // The second normaliser must hear what is 1 at its peak, halved: then it doubles it.
    let chain = Chain::new(vec![
        Box::new(Gain::linear(0.7)),
        smoother(),
        Box::new(Late::by(37)),
        ToPeak::boxed(),
        Box::new(Gain::linear(0.5)),
        Box::new(Late::by(1_500)),
        ToPeak::boxed(),
    ]);
    let mut seen = Vec::new();
    let mut watch = |progress: Progress| {
        seen.push(progress);
        true
    };
    let output = folder.path().join("out.wav");
    let mut processor = StreamProcessor::new(chain.unwrap(), Options::default());
    // Twice: what was heard of the first file must be forgotten.
    for _ in 0..2 {
        processor.process_file(&input, &output, &mut watch).unwrap();
        let (result, _) = shared::audio::read_wav(&output).unwrap();
        let plain = cheap_result(&sound);
        let peak = plain.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        assert_eq!(result[0].len(), plain.len());
        for (x, plain) in result[0].iter().zip(&plain) {
            assert!((x - plain / peak).abs() < 1e-6);
        }
    }
    assert_eq!(seen.last(), Some(&Progress { done: 30_000, total: Some(30_000) }));
}

#[test]
fn a_file_comes_to_its_level() {
    let folder = folder();
    let sound = [noise(30_000, 1), noise(30_000, 2)];
    let input = written(folder.path(), "in.wav", &sound, RATE);
    let output = folder.path().join("out.wav");
    let chain = || Chain::new(vec![Box::new(Gain::linear(0.8)), Box::new(Normalise::peak(0.95))]).unwrap();
    for chunk_samples in [None, Some(1), Some(1_000)] {
        let options = Options { chunk_samples, ..Options::default() };
        let outcome =
            StreamProcessor::new(chain(), options).process_file(&input, &output, &mut go_on).unwrap();
        assert!((outcome.after.peak - 0.95).abs() < 1e-6, "{}", outcome.after.peak);
        let (result, _) = shared::audio::read_wav(&output).unwrap();
        let peak = sound.iter().flatten().fold(0.0f32, |peak, x| peak.max(x.abs()));
        for (x, plain) in result.iter().flatten().zip(sound.iter().flatten()) {
            assert!((x - 0.95 * plain / peak).abs() < 1e-6);
        }
    }
    // From one file to the next nothing is kept.
    let mut processor = StreamProcessor::new(chain(), Options::default());
    let soft: Vec<f32> = sound[0].iter().map(|x| x / 64.0).collect();
    let soft = written(folder.path(), "soft.wav", &[soft], RATE);
    for file in [&input, &soft, &input] {
        let outcome = processor.process_file(file, &output, &mut go_on).unwrap();
        assert!((outcome.after.peak - 0.95).abs() < 1e-6, "{}", outcome.after.peak);
    }
}

#[test]
fn a_normaliser_with_nothing_to_go_by_says_in_which_file() {
    let folder = folder();
    let input = written(folder.path(), "silence.wav", &[vec![0.0; 10_000]], RATE);
    let chain = Chain::new(vec![ToPeak::boxed()]).unwrap();
    let output = folder.path().join("out.wav");
    let result = StreamProcessor::new(chain, Options::default()).process_file(&input, &output, &mut go_on);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("silence.wav") && error.contains("to_peak"), "{error}");
    assert!(!output.exists());
}

/// A room that sounds on is louder after the end than before it.
#[test]
fn with_its_tail_it_comes_to_its_level_too() {
    let folder = folder();
    let input = written(folder.path(), "in.wav", &[noise(500, 3), noise(500, 4)], RATE);
    let output = folder.path().join("out.wav");
    let options = Options { tail: true, ..Options::default() };
    for measure in [Measure::Peak, Measure::Rms, Measure::Percentile(99.0)] {
        let room = Reverb::new(ReverbEntry { mix: 1.0, decay: 0.5, ..ReverbEntry::default() });
        let normalise = Normalise::new(measure, Level::Db(-6.0));
        let chain = Chain::new(vec![Box::new(room), Box::new(normalise)]).unwrap();
        let (mut last, mut most) = (Progress::default(), 0);
        let mut watch = |progress: Progress| {
            (last, most) = (progress, progress.done.max(most));
            assert!(progress.total.is_some_and(|total| progress.done <= total), "{progress:?}");
            true
        };
        let mut processor = StreamProcessor::new(chain, options.clone());
        let outcome = processor.process_file(&input, &output, &mut watch).unwrap();
        let tail = processor.chain().tail_samples() as u64;
        assert!(tail > u64::from(RATE) / 4 && outcome.frames == 500 + tail, "{tail}");
        assert_eq!(last, Progress { done: 2 * (500 + tail), total: Some(2 * (500 + tail)) });
        let (result, _) = shared::audio::read_wav(&output).unwrap();
        let mut all: Vec<f64> = result.iter().flatten().map(|x| f64::from(x.abs())).collect();
        all.sort_by(f64::total_cmp);
        let level = match measure {
            Measure::Peak => all[all.len() - 1],
            Measure::Rms => (all.iter().map(|x| x * x).sum::<f64>() / all.len() as f64).sqrt(),
            Measure::Percentile(percentile) => all[(percentile / 100.0 * (all.len() - 1) as f64) as usize],
        };
        let off_db = 20.0 * level.log10() + 6.0;
        assert!(off_db.abs() < 0.02, "{measure:?}: {off_db} dB off");
    }
}
