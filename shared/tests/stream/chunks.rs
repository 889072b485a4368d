//! Chunks of any size, in flat memory.

use crate::common::random_model;
use crate::memory::measured;
use crate::support::{
    RATE, cheap_chain, cheap_result, folder, go_on, largest_difference, noise, processed, written,
};
use shared::audio::{Reader, SampleFormat, Writer};
use shared::chain::Chain;
use shared::chain::processors::{Amp, Butterworth, Cabinet, Gain};
use shared::dsp::response::Response;
use shared::engine::EngineChoice;
use shared::model::WaveNetSpec;
use shared::stream::{Options, Progress, StreamProcessor};
use std::path::Path;

const CHUNKS: [usize; 4] = [1, 1_000, 65_536, usize::MAX];

#[test]
fn the_size_of_the_chunks_changes_nothing() {
    let folder = folder();
    let sound = [noise(70_000, 1), noise(70_000, 2)];
    let input = written(folder.path(), "in.wav", &sound, RATE);
    let chain = || {
        let filters: [Box<dyn shared::chain::Processor>; 2] =
            [Box::new(Butterworth::low_pass(3_000.0, 5)), Box::new(Gain::db(-3.0))];
        Chain::new(filters.into()).unwrap()
    };
    for sample_rate_hz in [None, Some(44_100)] {
        let with = |chunk| Options { chunk_samples: chunk, sample_rate_hz, ..Options::default() };
        let (expected, _) = processed(chain(), with(None), &input);
        for chunk in CHUNKS {
            let (result, _) = processed(chain(), with(Some(chunk)), &input);
            assert!(result == expected, "a file in chunks of {chunk}");
            let mut processor = StreamProcessor::new(chain(), with(Some(chunk)));
            let mut collected = vec![Vec::new(); 2];
            let chunks = processor.process_chunks(&input).unwrap();
            assert_eq!((chunks.sample_rate_hz(), chunks.channels()), (sample_rate_hz.unwrap_or(RATE), 2));
            let mut short = 0;
            for part in chunks {
                let part = part.unwrap();
                assert_eq!(part.first_frame, collected[0].len() as u64);
                short += usize::from(part.frames() != chunk);
                collected.iter_mut().zip(part.channels).for_each(|(all, part)| all.extend(part));
            }
            assert!(short <= 1, "only the last chunk may be shorter");
            assert!(collected == expected, "chunks of {chunk}");
        }
    }
}

#[test]
fn a_guitar_sounds_the_same_in_any_chunks() {
    let folder = folder();
    let sound = [noise(20_000, 5), noise(20_000, 6)];
    let input = written(folder.path(), "guitar.wav", &sound, 44_100);
    let model = random_model(WaveNetSpec::nam_a2(3), 1);
    let response: Vec<f32> =
        noise(2_000, 7).iter().enumerate().map(|(i, x)| x * (-0.01 * i as f32).exp()).collect();
    let chain = || {
        let cabinet = Cabinet::new(Response::new(vec![response.clone()], 48_000.0).unwrap(), true).unwrap();
        let processors: Vec<Box<dyn shared::chain::Processor>> = vec![
            Box::new(Gain::db(6.0)),
            Box::new(Butterworth::high_pass(80.0, 3)),
            // The model plays at 48 kHz: behind a resampler, with its delay.
            Box::new(Amp::new(&model, 1.0, EngineChoice::Native)),
            Box::new(cabinet),
        ];
        Chain::new(processors).unwrap()
    };
    let whole = StreamProcessor::new(chain(), Options::default()).process_samples(&sound, 44_100).unwrap();
    assert_eq!(whole[0].len(), 20_000);
    for chunk in CHUNKS {
        let options = Options { chunk_samples: Some(chunk), ..Options::default() };
        let mut processor = StreamProcessor::new(chain(), options.clone());
        let chunks = processor.process_chunks(&input).unwrap();
        let left: Vec<f32> = chunks.flat_map(|chunk| chunk.unwrap().channels.swap_remove(0)).collect();
        assert!(left == whole[0], "chunks of {chunk}");
        let (file, _) = processed(chain(), options, &input);
        assert!(file == whole, "a file in chunks of {chunk}");
    }
}

#[test]
fn what_comes_out_is_what_the_processors_make() {
    let folder = folder();
    let sound = noise(10_000, 3);
    let input = written(folder.path(), "in.wav", std::slice::from_ref(&sound), RATE);
    let (result, _) = processed(cheap_chain(), Options::default(), &input);
    assert!(largest_difference(&result[0], &cheap_result(&sound)) < 1e-6);
    let in_memory = StreamProcessor::new(cheap_chain(), Options::default()).process_samples(&[sound], RATE);
    assert_eq!(in_memory.unwrap(), result);
}

#[test]
fn progress_grows_up_to_the_total() {
    let folder = folder();
    let input = written(folder.path(), "in.wav", &[noise(10_000, 4)], RATE);
    let mut seen: Vec<Progress> = Vec::new();
    let options = Options { chunk_samples: Some(2_000), ..Options::default() };
    let mut watch = |progress| {
        seen.push(progress);
        true
    };
    let output = folder.path().join("out.wav");
    let outcome =
        StreamProcessor::new(cheap_chain(), options).process_file(&input, &output, &mut watch).unwrap();
    assert_eq!((outcome.frames, outcome.latency_samples, outcome.clipped), (10_000, 37, 0));
    assert!(seen.windows(2).all(|pair| pair[0].done <= pair[1].done), "{seen:?}");
    assert!(seen.len() >= 4, "{seen:?}");
    assert_eq!(seen.last(), Some(&Progress { done: 10_000, total: Some(10_000) }));
}

/// Minutes of a stereo file at 16 bit.
fn minutes(folder: &Path, minutes: usize) -> std::path::PathBuf {
    let path = folder.join(format!("{minutes}.wav"));
    let mut writer = Writer::create_as(&path, 2, RATE, SampleFormat::Int16).unwrap();
    let second = [noise(RATE as usize, 1), noise(RATE as usize, 2)];
    (0..60 * minutes).for_each(|_| writer.write(&second, RATE as usize).unwrap());
    writer.finish().unwrap();
    path
}

#[test]
fn memory_does_not_grow_with_the_file() {
    const LONG: usize = 10;
    let folder = folder();
    let output = folder.path().join("out.wav");
    let options = Options { sample_format: SampleFormat::Int16, ..Options::default() };
    let run = |input: &Path| {
        let mut processor = StreamProcessor::new(cheap_chain(), options.clone());
        let (outcome, used) = measured(|| processor.process_file(input, &output, &mut go_on));
        (outcome.unwrap().frames, used.peak)
    };
    let (_, short_peak) = run(&minutes(folder.path(), 1));
    let long = minutes(folder.path(), LONG);
    let (frames, peak) = run(&long);
    assert_eq!(frames, 60 * 48_000 * LONG as u64);
    assert!(peak < 4 << 20 && peak <= short_peak + (64 << 10), "{peak} bytes, {short_peak} for a tenth");
    let mut processor = StreamProcessor::new(cheap_chain(), Options::default());
    let (frames, used) = measured(|| {
        let chunks = processor.process_chunks(&long).unwrap();
        chunks.map(|chunk| chunk.unwrap().frames() as u64).sum::<u64>()
    });
    assert_eq!(Some(frames), Reader::open(&long).unwrap().frames());
    assert!(used.peak < 4 << 20, "{} bytes", used.peak);
}
