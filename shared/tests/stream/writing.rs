//! What is written.

use crate::support::{RATE, cheap_chain, folder, go_on, noise, written};
use shared::audio::{SampleFormat, Writer, read_wav};
use shared::chain::Chain;
use shared::chain::processors::Gain;
use shared::stream::{Options, StreamProcessor};

/// Writes a sound as integers and gives them.
fn integers(sound: &[f32], format: SampleFormat, block: usize) -> (Vec<i32>, u64) {
    let folder = folder();
    let path = folder.path().join("out.wav");
    let mut writer = Writer::create_as(&path, 1, RATE, format).unwrap();
    for part in sound.chunks(block) {
        writer.write(&[part], part.len()).unwrap();
    }
    let clipped = writer.clipped();
    writer.finish().unwrap();
    let mut reader = hound::WavReader::open(&path).unwrap();
    assert_eq!(u64::from(reader.spec().bits_per_sample), 8 * format.bytes());
    (reader.samples::<i32>().map(Result::unwrap).collect(), clipped)
}

#[test]
fn dither_makes_the_error_independent_of_the_sound() {
    const SAMPLES: usize = 200_000;
    for (format, bits) in [(SampleFormat::Int16, 16), (SampleFormat::Int24, 24)] {
        let step = 0.5f64.powi(bits - 1);
        for offset in [0.0, 0.25, 0.5, 0.875] {
            // 3 and a bit steps of the result.
            let value = ((3.0 + offset) * step) as f32;
            let (written, _) = integers(&vec![value; SAMPLES], format, SAMPLES);
            let errors = || written.iter().map(|x| f64::from(*x) - 3.0 - offset);
            let mean = errors().sum::<f64>() / SAMPLES as f64;
            let power = errors().map(|e| e * e).sum::<f64>() / SAMPLES as f64;
            let far = errors().map(f64::abs).fold(0.0, f64::max);
            // A quarter of a step squared: a twelfth by rounding, a sixth by the noise. Five standard errors.
            assert!(
                mean.abs() < 0.006 && (power - 0.25).abs() < 0.006,
                "{bits} bit at {offset}: {mean}, {power}"
            );
            assert!(far <= 1.5, "{far}");
            let next = errors().zip(errors().skip(1)).map(|(a, b)| a * b).sum::<f64>() / SAMPLES as f64;
            assert!(next.abs() < 0.006, "one error tells the next: {next}");
        }
    }
}

#[test]
fn dither_is_the_same_each_time_and_in_every_block() {
    let sound = noise(10_000, 1);
    let expected = integers(&sound, SampleFormat::Int16, 10_000);
    for block in [1, 37, 4_096] {
        assert!(integers(&sound, SampleFormat::Int16, block) == expected, "blocks of {block}");
    }
}

#[test]
fn what_is_beyond_full_scale_is_cut_off_and_counted() {
    let sound = [1.5, -1.5, 1.0, -1.0, 0.0, 0.5];
    let (written, clipped) = integers(&sound, SampleFormat::Int16, 6);
    assert_eq!(clipped, 2);
    for (x, expected) in written.iter().zip([32_767, -32_768, 32_767, -32_768, 0, 16_384]) {
        assert!((-32_768..=32_767).contains(x) && (x - expected).abs() <= 1, "{x} instead of {expected}");
    }
    let folder = folder();
    let input = written_loud(folder.path());
    let output = folder.path().join("out.wav");
    for (sample_format, expected) in
        [(SampleFormat::Float32, 0), (SampleFormat::Int16, 2_000), (SampleFormat::Int24, 2_000)]
    {
        let chain = Chain::new(vec![Box::new(Gain::linear(4.0))]).unwrap();
        let options = Options { sample_format, ..Options::default() };
        let outcome = StreamProcessor::new(chain, options).process_file(&input, &output, &mut go_on).unwrap();
        assert_eq!(outcome.clipped, expected);
        assert_eq!((outcome.before.peak, outcome.after.peak), (0.5, 2.0));
        assert!((outcome.after.mean_square - 2.0).abs() < 1e-6);
    }
}

/// Half of it twice full scale after a gain of 4, the rest 0.
fn written_loud(folder: &std::path::Path) -> std::path::PathBuf {
    let sound = (0..4_000).map(|i| if i % 2 == 0 { 0.5 } else { 0.0 }).collect();
    written(folder, "loud.wav", &[sound], RATE)
}

#[test]
fn integers_come_back_within_their_step() {
    let folder = folder();
    let sound = [noise(5_000, 2), noise(5_000, 3)];
    let input = written(folder.path(), "in.wav", &sound, RATE);
    for (sample_format, steps) in [(SampleFormat::Int16, 15), (SampleFormat::Int24, 23)] {
        let output = folder.path().join("out.wav");
        let options = Options { sample_format, ..Options::default() };
        let chain = Chain::new(Vec::new()).unwrap();
        StreamProcessor::new(chain, options).process_file(&input, &output, &mut go_on).unwrap();
        let (result, _) = read_wav(&output).unwrap();
        for (x, y) in result.iter().flatten().zip(sound.iter().flatten()) {
            assert!((x - y).abs() <= 1.5 * 0.5f32.powi(steps), "{x} instead of {y}");
        }
    }
}

#[test]
fn a_result_that_is_no_wav_by_its_name_is_refused() {
    let folder = folder();
    let input = written(folder.path(), "in.wav", &[noise(100, 1)], RATE);
    let mut processor = StreamProcessor::new(cheap_chain(), Options::default());
    let error = processor.process_file(&input, &folder.path().join("out.flac"), &mut go_on).unwrap_err();
    assert!(error.to_string().contains("out.flac") && error.to_string().contains(".wav"), "{error}");
    for name in ["out.WAV", "out.wave", "out"] {
        processor.process_file(&input, &folder.path().join(name), &mut go_on).unwrap();
    }
}
