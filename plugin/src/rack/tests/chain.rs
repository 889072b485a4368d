//! The rack and the chain that renders files are two paths that must sound alike.

use super::*;
use crate::words;
use shared::chain::processors::{Amp as AmpProcessor, Gain, WordEqualiser};
use shared::chain::{Chain, Purpose, StreamFormat};
use shared::word_eq::{self, Kind, Reference};

#[test]
fn a_chain_of_the_same_parts_plays_what_the_rig_plays() {
    for sample_rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        let format = RackFormat { sample_rate_hz, ..FORMAT };
        let model = MODELS[1].load().unwrap();
        let mut eq = word_eq::Controls {
            amount: 0.8,
            level_match: true,
            reference: Reference::Kind(Kind::Any),
            ..word_eq::Controls::NEUTRAL
        };
        eq.bands[1].gain_offset_db = 3.0;
        eq.bands[2].q_offset_octaves = 1.0;
        eq.bands[4].off = true;

        let voice = Voice::build(&model, Quality::FULL, EngineChoice::Native, format.narrow()).unwrap();
        let mut rack = rendering(Some(voice), format, words::model().cloned());
        let input = noise(2, 3 * 48_000, 50);
        let mut expected = input.clone();
        let controls = Controls { input: input_gain(2.0), output: output_gain(0.5), eq, ..Controls::NEUTRAL };
        for at in (0..expected[0].len()).step_by(480) {
            let to = (at + 480).min(expected[0].len());
            let mut part: Vec<&mut [f32]> = expected.iter_mut().map(|c| &mut c[at..to]).collect();
            rack.process(&mut part, controls);
        }

        let mut chain = Chain::new(vec![
            Box::new(Gain::linear(2.0)),
            Box::new(AmpProcessor::new(&model, 1.0, EngineChoice::Native)),
            Box::new(WordEqualiser::new(words::model().cloned(), eq)),
            Box::new(Gain::linear(0.5)),
        ])
        .unwrap();
        let purpose = Purpose::File;
        chain
            .prepare(StreamFormat {
                sample_rate_hz,
                max_block_samples: 1000,
                channels_in: 2,
                channels_out: 2,
                purpose,
            })
            .unwrap();
        let mut played = input;
        let mut channels: Vec<&mut [f32]> = played.iter_mut().map(Vec::as_mut_slice).collect();
        chain.process(&mut channels);
        // The rack makes all voices as late as each other, a chain only as late as its amp has to be.
        let (late, early) = (rack.latency_samples(), chain.latency_samples());
        assert!(late >= early);
        for (played, expected) in played.iter().zip(&expected) {
            let length = played.len() - late;
            let apart = difference(&played[early..early + length], &expected[late..late + length]);
            assert!(apart <= 1e-6, "{sample_rate_hz} Hz: {apart:e}");
        }
    }
}
