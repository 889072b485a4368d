//! Parameters from outside.

use super::known::{Late, run, sine, stream};
use shared::chain::processors::Gain;
use shared::chain::{Chain, ChainError, Controls, Format, Parameter, Processor, ProcessorError, Purpose};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

fn chain() -> Chain {
    Chain::new(vec![Box::new(Late::new(0)), Box::new(Gain::db(0.0)), Box::new(Gain::linear(1.0))]).unwrap()
}

#[test]
fn parameters_are_addressed_by_place_and_name() {
    let chain = chain();
    let paths: Vec<String> = chain.controls().parameters().map(|(path, _)| path).collect();
    assert_eq!(paths, ["0.on", "0.factor", "1.on", "1.gain_db", "2.on", "2.gain"]);
    chain.set("2.gain", 0.7).unwrap();
    chain.set("1.gain_db", "-6 dB").unwrap();
    chain.set("0.on", false).unwrap();
    let now = |path| chain.controls().get(path).unwrap();
    assert_eq!((now("2.gain"), now("1.gain_db"), now("0.on")), (0.7, -6.0, 0.0));
}

#[test]
fn what_there_is_not_is_refused_with_what_there_is() {
    let chain = chain();
    for path in ["3.gain", "2.gian", "gain", "2.", ".gain", "", "2.gain.x", "-1.gain", "two.gain"] {
        let error = chain.set(path, 1.0).unwrap_err();
        assert!(matches!(error, ChainError::UnknownParameter { .. }), "{path}");
        assert!(error.to_string().contains("1.gain_db, 2.on, 2.gain"), "{error}");
    }
    for value in [-1.0, 1001.0, f64::NAN, f64::INFINITY] {
        let said = chain.set("2.gain", value).unwrap_err().to_string();
        assert!(said.contains("\"2.gain\"") && said.contains("0 to 1000"), "{said}");
    }
    assert_eq!(chain.controls().get("2.gain").unwrap(), 1.0);
    let error = Chain::new(vec![Box::new(Gain::linear(1.0)), Box::new(Gain::db(90.0))]).err().unwrap();
    let said = error.to_string();
    assert!(
        said.contains("processor 1, gain") && said.contains("90") && said.contains("-60 to 60 dB"),
        "{said}"
    );
}

#[test]
fn changes_are_heard_from_the_next_block_on() {
    let mut chain = Chain::new(vec![Box::new(Late::new(0))]).unwrap();
    chain.prepare(stream(1, 1, Purpose::Live)).unwrap();
    let controls = chain.controls();
    let mut hear = |factor: f64| {
        controls.set("0.factor", factor).unwrap();
        let mut sound = vec![vec![1.0; 100]];
        run(&mut chain, &mut sound, 100);
        assert!(sound[0].iter().all(|s| *s == sound[0][0]));
        sound[0][0]
    };
    assert_eq!([2.0, 3.0, -1.0].map(&mut hear), [2.0, 3.0, -1.0]);
}

#[test]
fn what_is_set_outlives_a_change_of_the_stream() {
    let mut chain = chain();
    chain.set("2.gain", 0.5).unwrap();
    for rate in [44_100.0, 96_000.0] {
        let mut format = stream(1, 1, Purpose::Live);
        format.sample_rate_hz = rate;
        chain.prepare(format).unwrap();
        let mut sound = vec![vec![1.0; 10]];
        run(&mut chain, &mut sound, 10);
        assert_eq!(sound[0], [0.5; 10], "no glide from another value at the beginning");
    }
}

/// Does something while it is being prepared, as a player may in another thread.
struct Meanwhile<F>(F);

impl<F: FnMut() + Send> Processor for Meanwhile<F> {
    fn kind(&self) -> &'static str {
        "meanwhile"
    }

    fn prepare(&mut self, _: Format, _: Purpose) -> Result<(), ProcessorError> {
        (self.0)();
        Ok(())
    }

    fn process(&mut self, _: &mut [&mut [f32]]) {}

    fn reset(&mut self) {}
}

#[test]
fn what_is_set_while_the_chain_is_prepared_is_not_lost() {
    for (last, on, expected) in [(3.0, true, 3.0), (5.0, true, 5.0), (2.0, false, 1.0)] {
        let own: Arc<OnceLock<Controls>> = Arc::default();
        let setting = |factor: f64, on: bool| {
            let own = own.clone();
            Box::new(Meanwhile(move || {
                let controls = own.get().unwrap();
                controls.set("1.factor", factor).unwrap();
                controls.set("1.on", on).unwrap();
            }))
        };
        let stages: Vec<Box<dyn Processor>> =
            vec![setting(5.0, false), Box::new(Late::new(0)), setting(last, on)];
        let mut chain = Chain::new(stages).unwrap();
        assert!(own.set(chain.controls()).is_ok());
        chain.set("1.factor", 3.0).unwrap();
        chain.prepare(stream(1, 1, Purpose::Live)).unwrap();
        let mut sound = vec![vec![1.0; 2_000]];
        run(&mut chain, &mut sound, 64);
        assert_eq!(sound[0][1_999], expected, "{last}, {on}");
        // It was on when it began, so it does not come out of silence.
        assert!((sound[0][0] - last as f32).abs() < 0.01, "{last}, {on}: {}", sound[0][0]);
    }
}

/// Has a frequency, and refuses to be played live.
struct Tuned([Parameter; 1]);

impl Processor for Tuned {
    fn kind(&self) -> &'static str {
        "tuned"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.0
    }

    fn prepare(&mut self, _: Format, purpose: Purpose) -> Result<(), ProcessorError> {
        match purpose {
            Purpose::Live => Err(ProcessorError::NotLive("it knows the future")),
            Purpose::File => Ok(()),
        }
    }

    fn process(&mut self, _: &mut [&mut [f32]]) {}

    fn reset(&mut self) {}
}

#[test]
fn a_frequency_must_lie_below_half_the_rate_whenever_it_is_set() {
    let tuned = Tuned([Parameter::frequency("tune", 10.0, 96_000.0, 30_000.0)]);
    let mut chain = Chain::new(vec![Box::new(Gain::linear(1.0)), Box::new(tuned)]).unwrap();
    let said = chain.prepare(stream(1, 1, Purpose::File)).unwrap_err().to_string();
    assert!(said.contains("processor 1, tuned"), "{said}");
    assert!(said.contains("30000 Hz") && said.contains("24000 Hz") && said.contains("48000 Hz"), "{said}");
    // It is not in a stream, so the value can be put right.
    chain.set("1.tune", 20_000.0).unwrap();
    chain.prepare(stream(1, 1, Purpose::File)).unwrap();
    let said = chain.set("1.tune", 24_000).unwrap_err().to_string();
    assert!(said.contains("24000 Hz") && said.contains("48000 Hz"), "{said}");
    assert_eq!(chain.controls().get("1.tune").unwrap(), 20_000.0);
    let said = chain.prepare(stream(1, 1, Purpose::Live)).unwrap_err().to_string();
    assert!(said.contains("cannot be played live") && said.contains("knows the future"), "{said}");
}

#[test]
fn four_threads_may_storm_and_the_last_word_counts() {
    let mut chain = chain();
    chain.prepare(stream(2, 2, Purpose::Live)).unwrap();
    let running = Arc::new(AtomicBool::new(true));
    let sets = Arc::new(AtomicU64::new(0));
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let (controls, running, sets) = (chain.controls(), running.clone(), sets.clone());
            std::thread::spawn(move || {
                let mut i = 0u32;
                while running.load(Ordering::Relaxed) {
                    i += 1;
                    controls.set("2.gain", f64::from(i % 100) / 100.0).unwrap();
                    controls.set("1.gain_db", -f64::from((i + thread) % 60)).unwrap();
                    controls.set("1.on", !i.is_multiple_of(3)).unwrap();
                    controls.set_bypassed(i.is_multiple_of(5));
                    assert!(controls.set("1.gain_db", 61.0).is_err());
                    sets.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let tone = sine(512, 1000.0);
    let mut blocks = 0;
    while sets.load(Ordering::Relaxed) < 20_000 || blocks < 1000 {
        let mut sound = vec![tone.clone(); 2];
        run(&mut chain, &mut sound, 64);
        assert!(sound.iter().flatten().all(|s| s.abs() <= 0.5), "louder than any of the gains");
        blocks += 1;
    }
    running.store(false, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    chain.set("2.gain", 0.5).unwrap();
    chain.set("1.gain_db", 0).unwrap();
    chain.set("1.on", true).unwrap();
    chain.controls().set_bypassed(false);
    let mut sound = vec![vec![1.0; 48_000]; 2];
    run(&mut chain, &mut sound, 64);
    assert_eq!(sound[1][47_999], 0.5);
}
