//! A run that was interrupted, in whatever way, ends as one that was not.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::model::WaveNetSpec;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use support::toy::{Fate, Means, sizes, timeless, toy, train};
use tempfile::tempdir;
use trainer::checkpoint::{Checkpoint, paths};
use trainer::config::{ScheduleKind, Train};
use trainer::train::End;

const STEPS: u64 = 60;

fn config() -> Train {
    Train {
        batch: 3,
        segment_samples: 500,
        steps: STEPS,
        average: Some(0.9),
        checkpoint_seconds: 3600.0,
        ..Train::default()
    }
}

#[test]
fn stopped_at_random_steps_it_ends_with_the_same_bits() {
    support::round_alike();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for means in Means::ALL {
        let whole = tempdir().unwrap();
        let outcomes = train(&sizes(), means, &config(), whole.path(), Fate::Lives).unwrap();
        for outcome in &outcomes {
            assert_eq!((outcome.end, outcome.steps), (End::Steps, STEPS));
            assert!(outcome.esr < 0.9 * outcome.first_esr, "{} {}", outcome.first_esr, outcome.esr);
            assert!(outcome.history.len() > 3, "{}", outcome.history.len());
        }
        for _ in 0..3 {
            let parts = tempdir().unwrap();
            let mut steps = 0;
            while steps < STEPS {
                let flag = AtomicBool::new(false);
                let more = rng.random_range(1..40);
                let fate = Fate::Stopped(more, &flag);
                let part = train(&sizes(), means, &config(), parts.path(), fate).unwrap();
                steps = (steps + more).min(STEPS);
                let expected = if steps == STEPS { End::Steps } else { End::Interrupted };
                assert_eq!((part[0].end, part[0].steps), (expected, steps));
                // What is exported now was measured, even if the checkpoint knows nothing of it.
                assert_eq!(part[0].history.last().unwrap().step, steps);
            }
            assert_eq!(timeless(parts.path()), timeless(whole.path()), "{means:?}");
        }
    }
}

#[test]
fn killed_at_random_steps_it_ends_with_the_same_bits() {
    support::round_alike();
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    // A checkpoint after every step, or none before the end.
    for checkpoint_seconds in [0.0, 3600.0] {
        let config = Train { checkpoint_seconds, ..config() };
        let whole = tempdir().unwrap();
        train(&sizes(), Means::Kernel, &config, whole.path(), Fate::Lives).unwrap();
        let parts = tempdir().unwrap();
        for _ in 0..3 {
            let fate = Fate::Killed(rng.random_range(1..20));
            train(&sizes(), Means::Kernel, &config, parts.path(), fate).unwrap_err();
            assert_eq!(paths(parts.path())[0].exists(), checkpoint_seconds == 0.0);
        }
        train(&sizes(), Means::Kernel, &config, parts.path(), Fate::Lives).unwrap();
        assert_eq!(timeless(parts.path()), timeless(whole.path()));
    }
}

#[test]
fn out_of_time_it_goes_on_with_the_same_bits() {
    support::round_alike();
    // A rate that follows the time would not be the same in two sittings.
    let config = Train { schedule: ScheduleKind::Constant, ..config() };
    let (whole, parts) = (tempdir().unwrap(), tempdir().unwrap());
    train(&sizes(), Means::Kernel, &config, whole.path(), Fate::Lives).unwrap();
    let flag = AtomicBool::new(false);
    train(&sizes(), Means::Kernel, &config, parts.path(), Fate::Stopped(21, &flag)).unwrap();
    let spent = Train { max_minutes: Some(1e-12), ..config.clone() };
    let part = train(&sizes(), Means::Kernel, &spent, parts.path(), Fate::Lives).unwrap();
    assert_eq!((part[0].end, part[0].steps), (End::Time, 21));
    train(&sizes(), Means::Kernel, &config, parts.path(), Fate::Lives).unwrap();
    assert_eq!(timeless(parts.path()), timeless(whole.path()));
}

#[test]
fn the_number_of_workers_changes_not_a_bit_of_a_run() {
    support::round_alike();
    for means in [Means::Kernel, Means::Libtorch] {
        let [one, four] = [1, 4].map(|workers| {
            let folder = tempdir().unwrap();
            let config = Train { workers: Some(workers), steps: 20, ..config() };
            train(&sizes(), means, &config, folder.path(), Fate::Lives).unwrap();
            timeless(folder.path())
        });
        assert_eq!(one, four, "{means:?}");
    }
}

#[test]
fn sizes_learn_together_as_they_would_alone() {
    support::round_alike();
    let together = tempdir().unwrap();
    train(&sizes(), Means::Kernel, &config(), together.path(), Fate::Lives).unwrap();
    for (i, spec) in sizes().into_iter().enumerate() {
        let alone = tempdir().unwrap();
        train(&[spec], Means::Kernel, &config(), alone.path(), Fate::Lives).unwrap();
        assert_eq!(timeless(together.path()).networks[i], timeless(alone.path()).networks[0]);
    }
}

#[test]
fn a_device_learns_what_the_host_learns() {
    support::round_alike();
    let [host, device] = [Means::Libtorch, Means::Device].map(|means| {
        let folder = tempdir().unwrap();
        train(&sizes(), means, &config(), folder.path(), Fate::Lives).unwrap();
        timeless(folder.path())
    });
    for (a, b) in host.networks.iter().zip(&device.networks) {
        let apart = support::largest_difference(&a.weights, &b.weights);
        assert!(apart < 2e-3, "{apart}");
        assert_eq!(a.adam.steps(), b.adam.steps());
        for (p, q) in a.history.iter().zip(&b.history) {
            assert_eq!(p.step, q.step);
            for (p, q) in [(p.loss, q.loss), (p.train_esr, q.train_esr), (p.esr, q.esr)] {
                assert!((p - q).abs() < 0.01 * p, "{p} {q}");
            }
        }
    }
}

#[test]
fn a_damaged_checkpoint_gives_way_to_the_one_before() {
    support::round_alike();
    let config = Train { checkpoint_seconds: 0.0, ..config() };
    let (whole, parts) = (tempdir().unwrap(), tempdir().unwrap());
    train(&sizes(), Means::Kernel, &config, whole.path(), Fate::Lives).unwrap();
    train(&sizes(), Means::Kernel, &config, parts.path(), Fate::Killed(31)).unwrap_err();
    let [last, previous] = paths(parts.path());
    let bytes = std::fs::read(&last).unwrap();
    let flipped: Vec<u8> =
        bytes.iter().enumerate().map(|(i, b)| b ^ u8::from(i == bytes.len() - 77)).collect();
    let cut = |length: usize| bytes[..length].to_vec();
    for damaged in [flipped, cut(0), cut(7), cut(60), cut(bytes.len() / 2), cut(bytes.len() - 1)] {
        std::fs::write(&last, damaged).unwrap();
        let error = Checkpoint::load(&last).unwrap_err().to_string();
        assert!(error.contains("last.safetensors") && error.contains("not a usable checkpoint"), "{error}");
        let (checkpoint, path, damage) = Checkpoint::load_from(parts.path()).unwrap();
        assert_eq!((checkpoint.state.step, &path), (30, &previous));
        assert_eq!(damage.unwrap().to_string(), error);
    }
    let whole_one = std::fs::read(&previous).unwrap();
    std::fs::write(&previous, cut(60)).unwrap();
    let error = Checkpoint::load_from(parts.path()).unwrap_err().to_string();
    for words in ["last.safetensors", "previous.safetensors", "--overwrite"] {
        assert!(error.contains(words), "`{words}`: {error}");
    }
    std::fs::write(&previous, whole_one).unwrap();
    std::fs::remove_file(&last).unwrap();
    assert_eq!(Checkpoint::load_from(parts.path()).unwrap().0.state.step, 30);
    train(&sizes(), Means::Kernel, &config, parts.path(), Fate::Lives).unwrap();
    assert_eq!(timeless(parts.path()), timeless(whole.path()));
}

#[test]
fn a_checkpoint_that_was_gone_back_to_stays_until_another_is_whole() {
    support::round_alike();
    let config = Train { checkpoint_seconds: 0.0, ..config() };
    let folder = tempdir().unwrap();
    let sitting = |fate| train(&sizes(), Means::Kernel, &config, folder.path(), fate);
    sitting(Fate::Killed(31)).unwrap_err();
    let [last, previous] = paths(folder.path());
    let whole = std::fs::read(&previous).unwrap();
    // Something is in the way of the first one that is saved.
    std::fs::remove_file(&last).unwrap();
    std::fs::create_dir(&last).unwrap();
    let error = sitting(Fate::Lives).unwrap_err().to_string();
    assert!(error.contains("last.safetensors"), "{error}");
    assert_eq!(std::fs::read(&previous).unwrap(), whole);
    std::fs::remove_dir(&last).unwrap();
    std::fs::write(&last, b"damaged").unwrap();
    sitting(Fate::Killed(1)).unwrap_err();
    assert!(std::fs::read(&previous).unwrap() == whole, "a damaged one took its place");
    assert_eq!(Checkpoint::load(&last).unwrap().state.step, 31);
    sitting(Fate::Killed(2)).unwrap_err();
    let steps = [last, previous].map(|path| Checkpoint::load(&path).unwrap().state.step);
    assert_eq!(steps, [33, 32]);
}

#[test]
fn training_ends_when_it_is_good_enough() {
    support::round_alike();
    let spec = [WaveNetSpec::seed(4, 3, 3, true)];
    let run = |target_esr| {
        let folder = tempdir().unwrap();
        let config = Train { target_esr, ..config() };
        train(&spec, Means::Kernel, &config, folder.path(), Fate::Lives).unwrap().remove(0)
    };
    let whole = run(None);
    // What the run reached at its second measurement is enough.
    let enough = whole.history[1];
    assert!(enough.esr < whole.history[0].esr);
    let short = run(Some(enough.esr));
    assert_eq!((short.end, short.steps, short.esr), (End::Target, enough.step, enough.esr));
    assert_eq!(run(Some(1e-12)).end, End::Steps);
}

#[test]
fn the_better_of_weights_and_average_counts() {
    support::round_alike();
    // An average lags behind weights that crawl and is worse; it is better than weights that jump about.
    for (learning_rate, average_helps) in [(5e-4, false), (0.05, true)] {
        let [with, without] = [Some(0.99), None].map(|average| {
            let folder = tempdir().unwrap();
            let config = Train { learning_rate, schedule: ScheduleKind::Constant, average, ..config() };
            train(&sizes()[1..], Means::Kernel, &config, folder.path(), Fate::Lives).unwrap().remove(0)
        });
        let pairs: Vec<_> = with.history.iter().zip(&without.history).map(|(a, b)| (a.esr, b.esr)).collect();
        assert!(pairs.iter().all(|(with, without)| with <= without), "{pairs:?}");
        let (with, without) = pairs.last().unwrap();
        assert_eq!(with < without, average_helps, "{pairs:?}");
    }
}

#[test]
fn a_killed_process_is_gone_on_with() {
    let desk = tempdir().unwrap();
    let pair = toy(3 * 8_000, 1);
    support::wav(&desk.path().join("input.wav"), &pair.input, 8_000);
    support::wav(&desk.path().join("target.wav"), &pair.target, 8_000);
    let text = "model: { seed: { channels: 2, blocks: 2 } }\n\
                data: { pair: { input: input.wav, target: target.wav, validation_seconds: 1 } }\n\
                train: { steps: 300, batch: 2, segment_samples: 400, device: cpu, workers: 1, checkpoint_seconds: 0 }\n\
                out: run\n";
    std::fs::write(desk.path().join("c.yaml"), text).unwrap();
    let trainer = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
        command.current_dir(desk.path()).args(["--config", "c.yaml"]).args(args);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
    };
    assert!(trainer(&["--out", "whole"]).wait().unwrap().success());
    let mut child = trainer(&[]);
    // Wherever it is by then, even at its end: what it leaves can be gone on with.
    let begun = std::time::Instant::now();
    while !paths(&desk.path().join("run"))[1].exists() {
        assert!(begun.elapsed().as_secs() < 120, "training did not begin");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(trainer(&["--resume"]).wait().unwrap().success());
    assert_eq!(timeless(&desk.path().join("run")), timeless(&desk.path().join("whole")));
    let [a, b] = ["run/run.onnx", "whole/whole.onnx"].map(|name| {
        let model = shared::model::Model::load(&desk.path().join(name)).unwrap();
        (model.network, model.card.esr)
    });
    assert_eq!(a, b);
}
