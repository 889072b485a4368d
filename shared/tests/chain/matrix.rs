//! What holds for every effect, at every rate, in every block and for every purpose.

use crate::support::{BLOCKS, RATES_HZ, Sound, blocks, file, live, noise, play};
use shared::chain::processors::{
    Butterworth, Function, Gain, Gate, GateEntry, Level, Measure, Normalise, ToneStack, ToneStackEntry,
};
use shared::chain::{Chain, Processor, Purpose, StreamFormat};

/// Rates that no sound card has.
const ODD_RATES_HZ: [f64; 3] = [8_000.0, 22_050.5, 767_999.0];

/// Halves, and remembers a sample.
fn blur(block: &mut [f32]) {
    for i in (1..block.len()).rev() {
        block[i] = 0.5 * (block[i] + block[i - 1]);
    }
}

/// A parameter and what it is turned to.
type Turn = Option<(&'static str, f64)>;

/// All of them, with what is turned of them.
fn effects() -> Vec<(Box<dyn Processor>, Turn)> {
    let gate = GateEntry { threshold_db: -30.0, hold_ms: 1.0, release_ms: 5.0, ..GateEntry::default() };
    let knobs = ToneStackEntry { bass_db: 6.0, mid_db: -4.0, treble_db: 3.0, presence_db: -12.0 };
    let mut effects: Vec<(Box<dyn Processor>, Turn)> = vec![
        (Box::new(Gain::linear(0.7)), Some(("0.gain", 0.1))),
        (Box::new(Gain::db(3.0)), Some(("0.gain_db", -9.0))),
        (Box::new(Function::new("blur", 1, blur)), None),
        (Box::new(Gate::new(gate)), Some(("0.threshold_db", -10.0))),
        (Box::new(ToneStack::new(knobs)), Some(("0.mid_db", 9.0))),
        (Box::new(ToneStack::default()), Some(("0.treble_db", -5.0))),
        (Box::new(Normalise::peak(0.95)), Some(("0.level", 0.5))),
        (Box::new(Normalise::new(Measure::Rms, Level::Db(-12.0)).per_channel()), Some(("0.level_db", 1.0))),
        (Box::new(Normalise::new(Measure::Percentile(90.0), Level::Factor(0.2))), Some(("0.level", 0.1))),
    ];
    for order in 1..=16 {
        effects.push((Box::new(Butterworth::low_pass(900.0, order)), Some(("0.cutoff", 3_000.0))));
        effects.push((Box::new(Butterworth::high_pass(900.0, order)), Some(("0.cutoff", 200.0))));
    }
    effects
}

/// Louder and softer noise, so that a gate has its work.
fn sound() -> Sound {
    let channel = |seed| {
        let noise = noise(2_500, seed).into_iter().enumerate();
        noise.map(|(i, x)| if (i / 600) % 2 == 0 { x } else { 0.001 * x }).collect()
    };
    vec![channel(1), channel(2)]
}

/// Plays the sound in a chain that is prepared, and turns the parameter in between, at a sample that few
/// blocks end at.
fn heard(chain: &mut Chain, turn: Turn, block: usize) -> Sound {
    let sound = sound();
    if !chain.measuring().is_empty() {
        let mut sound = sound.clone();
        blocks(&mut sound, block, |views| chain.measure(0, views));
        chain.measured(0).unwrap();
    }
    let part =
        |range: std::ops::Range<usize>| sound.iter().map(|channel| channel[range.clone()].to_vec()).collect();
    let mut out = play(chain, &part(0..1_111), block);
    if let Some((path, value)) = turn {
        chain.set(path, value).unwrap();
    }
    let rest = play(chain, &part(1_111..2_500), block);
    out.iter_mut().zip(rest).for_each(|(out, rest)| out.extend(rest));
    out
}

#[test]
fn blocks_and_purposes_change_nothing_and_a_reset_is_a_beginning() {
    for rate in RATES_HZ.into_iter().chain(ODD_RATES_HZ) {
        for (effect, turn) in effects() {
            let mut chain = Chain::new(vec![effect]).unwrap();
            let kind = chain.kinds().next().unwrap();
            let first = turn.map(|(path, _)| (path, chain.controls().get(path).unwrap()));
            chain.prepare(file(rate, 2, 1 << 20)).unwrap();
            let whole = heard(&mut chain, turn, 1 << 20);
            assert!(whole.iter().flatten().all(|x| x.is_finite() && x.abs() < 30.0), "{kind} at {rate} Hz");
            assert_ne!(whole, sound(), "{kind} does nothing");
            let measures = !chain.measuring().is_empty();
            for block in BLOCKS {
                for purpose in [Purpose::File, Purpose::Live] {
                    if measures && purpose == Purpose::Live {
                        continue;
                    }
                    // Where it was turned to the last time, it begins where it began.
                    if let Some((path, value)) = first {
                        chain.set(path, value).unwrap();
                    }
                    chain.prepare(StreamFormat { purpose, ..live(rate, 2, block) }).unwrap();
                    assert!(
                        heard(&mut chain, turn, block) == whole,
                        "{kind}, {rate} Hz, {block}, {purpose:?}"
                    );
                }
            }
            if let Some((path, value)) = first {
                chain.set(path, value).unwrap();
                // It takes a change over with the next block, however short.
                play(&mut chain, &vec![vec![0.5]; 2], 1);
            }
            chain.reset();
            assert!(heard(&mut chain, turn, 64) == whole, "{kind} after a reset at {rate} Hz");
        }
    }
}

#[test]
fn nothing_in_nothing_out() {
    for (effect, _) in effects() {
        let mut chain = Chain::new(vec![effect]).unwrap();
        chain.prepare(file(48_000.0, 2, 64)).unwrap();
        chain.process(&mut [&mut [], &mut []]);
        let silence = vec![vec![0.0; 300]; 2];
        assert_eq!(play(&mut chain, &silence, 64), silence);
        assert_eq!(chain.latency_samples(), 0);
    }
}
