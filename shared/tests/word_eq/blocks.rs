//! What comes out depends on no block size, no thread and no other channel; and at 0 it is what went in.

use crate::support::{RATES_HZ, busy, equaliser, noise, run};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::word_eq::{Controls, Hearing, Mode, Monitor, WordEq};
use std::sync::Arc;

/// Lengths of blocks that cover `total` samples: all `block`, or random ones for `None`.
fn blocks(total: usize, block: Option<usize>) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut lengths, mut rest) = (Vec::new(), total);
    while rest > 0 {
        let length = block.unwrap_or_else(|| rng.random_range(1..5_000)).min(rest);
        lengths.push(length);
        rest -= length;
    }
    lengths
}

#[test]
fn no_block_size_changes_a_bit() {
    for rate_hz in [44_100.0, 96_000.0] {
        let total = (1.5 * rate_hz) as usize;
        let signal = vec![noise(total, 0.5, 1), noise(total, 0.4, 2)];
        let (mut eq, _) = equaliser(rate_hz, 2, Mode::InLine);
        let mut controls = busy();
        controls.bands[2].solo = true;
        for controls in [busy(), controls] {
            eq.reset();
            let whole = run(&mut eq, &signal, &[total], |_| controls);
            assert!(whole != signal);
            for block in [Some(1), Some(17), Some(64), Some(512), Some(4096), None] {
                eq.reset();
                let parts = run(&mut eq, &signal, &blocks(total, block), |_| controls);
                assert!(parts == whole, "{rate_hz} Hz, blocks of {block:?}");
            }
        }
    }
}

#[test]
fn at_amount_0_nothing_is_changed_at_any_rate() {
    for rate_hz in RATES_HZ {
        let total = (0.7 * rate_hz) as usize;
        let signal = vec![noise(total, 1.0, 1), noise(total, 1.0, 2)];
        let (mut eq, monitor) = equaliser(rate_hz, 2, Mode::InLine);
        for level_match in [false, true] {
            eq.reset();
            let controls = Controls { word: 3, level_match, ..Controls::NEUTRAL };
            let output = run(&mut eq, &signal, &blocks(total, Some(64)), |_| controls);
            assert!(output == signal, "{rate_hz} Hz, {level_match}");
            assert_eq!(monitor.read().hearing, Hearing::Listening);
        }
    }
}

#[test]
fn after_a_word_amount_0_and_the_switch_give_back_what_went_in() {
    let total = 48_000 * 4;
    let signal = vec![noise(total, 1.0, 1)];
    let half = total / 2;
    for off in [Controls { word: 1, ..Controls::NEUTRAL }, Controls { enabled: false, ..busy() }] {
        let (mut eq, _) = equaliser(48_000.0, 1, Mode::InLine);
        let on = Controls { level_match: false, ..busy() };
        let off = Controls { level_match: false, ..off };
        let output = run(&mut eq, &signal, &blocks(total, Some(64)), |at| if at < half { on } else { off });
        assert!(output[0][..half] != signal[0][..half]);
        assert!(output[0][total - 4_800..] == signal[0][total - 4_800..], "{off:?}");
    }
}

#[test]
fn channels_have_their_own_state() {
    let total = 48_000;
    let (left, right) = (noise(total, 0.7, 1), vec![0.0; total]);
    let (mut eq, _) = equaliser(48_000.0, 2, Mode::InLine);
    let controls = Controls { level_match: false, ..busy() };
    let output = run(&mut eq, &[left.clone(), right], &[total], |_| controls);
    assert!(output[1].iter().all(|x| *x == 0.0));
    assert!(output[0] != left);
    // And the same state as it would have on the other side.
    eq.reset();
    let swapped = run(&mut eq, &[vec![0.0; total], left], &[total], |_| controls);
    assert!(swapped[1] == output[0]);
}

#[test]
fn odd_numbers_of_channels_and_surplus_ones_are_borne() {
    let total = 20_000;
    let signal: Vec<_> = (0..4).map(|i| noise(total, 0.5, i)).collect();
    let (mut eq, _) = equaliser(48_000.0, 3, Mode::InLine);
    let output = run(&mut eq, &signal, &blocks(total, Some(100)), |_| busy());
    for channel in 0..3 {
        assert!(output[channel] != signal[channel], "{channel}");
    }
    assert!(output[3] == signal[3]);
    run(&mut eq, &signal[..1], &blocks(total, Some(100)), |_| busy());
    run(&mut eq, &[], &[], |_| busy());
}

#[test]
fn the_listener_gives_what_the_calling_thread_gives() {
    let total = 48_000 * 2;
    let signal = vec![noise(total, 0.5, 1), noise(total, 0.5, 2)];
    let (mut in_line, _) = equaliser(48_000.0, 2, Mode::InLine);
    let (mut beside, monitor) = equaliser(48_000.0, 2, Mode::Listener);
    for _ in 0..2 {
        // The second time, after a reset while an analysis is under way.
        in_line.reset();
        beside.reset();
        let expected = run(&mut in_line, &signal, &blocks(total, Some(480)), |_| busy());
        let mut output = signal.clone();
        for at in (0..total).step_by(480) {
            let mut block: Vec<&mut [f32]> = output.iter_mut().map(|c| &mut c[at..at + 480]).collect();
            beside.process(&mut block, &busy());
            beside.wait_for_listener();
        }
        assert!(output == expected);
    }
    assert_eq!(monitor.read().late, 0);
}

#[test]
fn a_mode_can_be_changed_and_the_networks_stay() {
    let total = 48_000;
    let signal = vec![noise(total, 0.5, 1)];
    let (mut eq, monitor) = equaliser(48_000.0, 1, Mode::Listener);
    for mode in [Mode::InLine, Mode::Listener, Mode::InLine] {
        eq.prepare(48_000.0, 1, mode);
        let output = run(&mut eq, &signal, &[total / 2, total / 2], |_| busy());
        assert!(eq.problem().is_none());
        assert_ne!(monitor.read().hearing, Hearing::Unavailable);
        assert!(output[0] != signal[0], "{mode:?}");
    }
}

#[test]
fn without_networks_the_bands_are_the_players_alone() {
    let total = 48_000;
    let signal = vec![noise(total, 0.5, 1)];
    let broken = crate::support::model();
    for model in [None, Some(broken)] {
        let has_model = model.is_some();
        let monitor = Arc::new(Monitor::default());
        let mut eq = WordEq::new(model, Arc::clone(&monitor));
        eq.prepare(48_000.0, 1, Mode::Listener);
        assert_eq!(eq.problem().is_some(), has_model);
        let word = Controls { word: 1, amount: 1.0, ..Controls::NEUTRAL };
        assert!(run(&mut eq, &signal, &[total], |_| word) == signal);
        assert_eq!(monitor.read().hearing, Hearing::Unavailable);
        eq.reset();
        let output = run(&mut eq, &signal, &[total], |_| busy());
        assert!(output != signal);
        assert_eq!(monitor.read().applied.bands[1].gain_db, -3.0);
    }
}
