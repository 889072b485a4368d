//! The noise gate, by itself.

use super::super::gate::Gate;
use super::bench::*;
use super::*;

const RATE: f64 = 48_000.0;

fn ready(format: &RackFormat, controls: &GateControls, latency_samples: usize) -> Gate {
    let mut gate = Gate::new();
    gate.prepare(format, latency_samples);
    gate.aim(controls, true);
    gate
}

/// Runs a gate whose amp only delays. Gives what comes out behind it.
fn run(gate: &mut Gate, input: &[Vec<f32>], latency_samples: usize) -> Vec<Vec<f32>> {
    let mut delays = vec![shared::dsp::delay::Delay::new(latency_samples); input.len()];
    let mut output = vec![Vec::new(); input.len()];
    for at in (0..input[0].len()).step_by(480) {
        let mut block: Vec<Vec<f32>> = input.iter().map(|c| c[at..at + 480].to_vec()).collect();
        gate.before(&mut block, 480);
        delays.iter_mut().zip(&mut block).for_each(|(delay, block)| delay.process(block));
        gate.after(&mut block, 480);
        output.iter_mut().zip(block).for_each(|(output, block)| output.extend(block));
    }
    output
}

fn controls(threshold_db: f32) -> GateControls {
    GateControls {
        on: true,
        threshold_db,
        hysteresis_db: 6.0,
        hold_ms: 50.0,
        release_ms: 100.0,
        after_amp: false,
    }
}

fn mono() -> RackFormat {
    RackFormat { channels_in: 1, channels_out: 1, ..FORMAT }
}

/// Where it is open, by what it makes of a constant.
fn gains(controls: &GateControls, input: &[f32]) -> Vec<f32> {
    let output = run(&mut ready(&mono(), controls, 0), &[input.to_vec()], 0).swap_remove(0);
    output.iter().zip(input).map(|(out, sample)| out / sample).collect()
}

#[test]
fn off_is_the_input_to_the_bit() {
    let off = GateControls { on: false, ..controls(-10.0) };
    let input = noise(2, 9_600, 100);
    assert_eq!(run(&mut ready(&FORMAT, &off, 0), &input, 0), input);
}

#[test]
fn what_is_closed_lets_80_db_less_through_and_what_is_open_all() {
    let input = sine(200.0, 0.1, 48_000, RATE);
    let closed =
        run(&mut ready(&mono(), &controls(-10.0), 0), std::slice::from_ref(&input), 0).swap_remove(0);
    assert!(peak(&closed[24_000..]) <= 1.001e-5, "{}", peak(&closed[24_000..]));
    let open = run(&mut ready(&mono(), &controls(-30.0), 0), std::slice::from_ref(&input), 0).swap_remove(0);
    assert_eq!(open[4_800..], input[4_800..]);
}

#[test]
fn it_opens_at_the_threshold_and_closes_below_the_hysteresis() {
    let level = |db: f32| 10f32.powf(db / 20.0);
    let steps = [-60.0, -33.0, -29.0, -35.0, -37.0, -33.0];
    let input: Vec<f32> = steps.iter().flat_map(|db| vec![level(*db); 24_000]).collect();
    let gains = gains(&controls(-30.0), &input);
    let at_end: Vec<bool> = (1..=steps.len()).map(|step| gains[step * 24_000 - 1] > 0.5).collect();
    assert_eq!(at_end, [false, false, true, true, false, false]);
}

#[test]
fn hold_and_release_take_the_time_they_say() {
    let mut input = vec![0.5; 24_000];
    input.extend(vec![1e-4; 48_000]);
    for (hold_ms, release_ms) in [(0.0, 50.0), (200.0, 50.0), (50.0, 400.0)] {
        let gains = gains(&GateControls { hold_ms, release_ms, ..controls(-30.0) }, &input);
        let ms = |at: usize| (at as f32 - 24_000.0) / 48.0;
        let closing = ms(gains.iter().rposition(|gain| *gain > 0.999).unwrap());
        // The envelope looks back over 36 to 40 ms.
        assert!((35.9..=42.0).contains(&(closing - hold_ms)), "{hold_ms} ms: {closing} ms");
        let closed = ms(24_000 + gains[24_000..].iter().position(|gain| *gain < 1.05e-4).unwrap());
        assert!((closed - closing - release_ms).abs() < 0.02 * release_ms + 1.0, "{closed} ms");
    }
}

#[test]
fn a_low_b_that_dies_away_closes_it_once() {
    // 31 Hz with overtones that beat, and hum below the threshold.
    let input: Vec<f32> = (0..6 * 48_000)
        .map(|i| {
            let t = f64::from(i) / RATE;
            let wave = |hz: f64| (std::f64::consts::TAU * hz * t).sin();
            let string = 0.6 * wave(30.87) + 0.25 * wave(61.9) + 0.15 * wave(92.4);
            (0.5 * (-t * 1.5).exp() * string + 1e-3 * wave(50.0) + 1e-9) as f32
        })
        .collect();
    for (hysteresis_db, hold_ms) in [(6.0, 50.0), (3.0, 0.0)] {
        let gate = GateControls { hysteresis_db, hold_ms, ..controls(-40.0) };
        let mut meter = ready(&mono(), &gate, 0);
        // A constant shows the gain itself.
        let mut open = Vec::new();
        for block in input.chunks(480) {
            let mut block = vec![block.to_vec()];
            let before = block.clone();
            meter.before(&mut block, 480);
            let loudest =
                (0..480).max_by(|a, b| before[0][*a].abs().total_cmp(&before[0][*b].abs())).unwrap();
            open.push(block[0][loudest].abs() > 0.5 * before[0][loudest].abs());
        }
        let turns = open.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(open[10] && !open[open.len() - 1] && turns <= 2, "{turns} turns");
    }
}

#[test]
fn both_channels_open_together() {
    let loud = sine(300.0, 0.5, 24_000, RATE);
    let soft = sine(500.0, 1e-3, 24_000, RATE);
    let output = run(&mut ready(&FORMAT, &controls(-20.0), 0), &[loud.clone(), soft.clone()], 0);
    assert_eq!(output[1][4_800..], soft[4_800..]);
    let output = run(&mut ready(&FORMAT, &controls(-20.0), 0), &[soft.clone(), loud], 0);
    assert_eq!(output[0][4_800..], soft[4_800..]);
}

#[test]
fn behind_the_amp_it_acts_as_late_as_the_amp_is() {
    let mut input = vec![1e-3; 4_800];
    input.extend(vec![0.5; 4_800]);
    let before = gains(&controls(-20.0), &input);
    for latency in [0, 101] {
        let after = GateControls { after_amp: true, ..controls(-20.0) };
        let output = run(&mut ready(&mono(), &after, latency), &[input.clone()], latency).swap_remove(0);
        for i in latency + 1_000..9_600 {
            let expected = before[i - latency] * input[i - latency];
            assert!((output[i] - expected).abs() < 1e-7, "{latency} late, at {i}");
        }
    }
}
