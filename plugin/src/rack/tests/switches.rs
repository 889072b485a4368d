//! Nothing that the player switches clicks.

use super::bench::*;
use super::*;

/// 20 ms at 48 kHz.
const FADE: f32 = 960.0;

fn assert_no_click(name: &str, off: Controls, on: Controls) {
    let mut bench = Bench::new(FORMAT);
    let tone = sine(220.0, 0.25, 48_000, 48_000.0);
    // 110 whole periods in half a second, so the tone goes on where it ended.
    let (settle, rest) = tone.split_at(24_000);
    bench.run(settle, &[480], off);
    let before = bench.run(rest, &[480], off).swap_remove(0);
    let there = bench.run(rest, &[480], on).swap_remove(0);
    let back = bench.run(rest, &[480], off).swap_remove(0);

    let steady = largest_step(&before).max(largest_step(&there[12_000..]));
    let heard = peak(&before) + peak(&there[12_000..]);
    // A fade moves by the difference of both sounds in 20 ms, at most on top of the larger step of both. The gate, which
    // opens within 1 ms as a guitar needs it, moves faster.
    // A loudspeaker that is switched on begins cold: what it hears from then on builds up under the fade, and of this
    // response, which is noise, that moves more.
    let cold = if ["cab", "blend"].contains(&name) { 5.0 } else { 1.0 };
    let bound = steady + cold * heard / FADE + 1e-4;
    for (way, from, to) in [("on", &before, &there), ("off", &there, &back)] {
        let joint: Vec<f32> = from[20_000..].iter().chain(to.iter()).copied().collect();
        let step = largest_step(&joint);
        assert!(step <= bound, "{name} {way}: {step}, {steady} without, at most {bound}");
    }
    assert!(difference(&before[12_000..], &there[12_000..]) > 2e-4, "{name} does something");
    let apart = difference(&before[23_000..], &back[23_000..]);
    assert!(apart < 1e-3, "{name} comes back: {apart}");
}

#[test]
fn no_switch_clicks() {
    let base = busy();
    let with = |change: Change| {
        let mut controls = base;
        change(&mut controls);
        controls
    };
    let cases: [(&str, Change); 10] = [
        ("amp", |c| c.amp.on = false),
        ("tone", |c| c.tone.on = false),
        ("cab", |c| c.cab.on = false),
        ("blend", |c| c.cab.blend = 1.0),
        ("equaliser", |c| c.eq.enabled = false),
        ("tuner", |c| c.tuner = TunerControls { on: true, mute: true }),
        ("bypass", |c| c.bypass = true),
        ("normalised", |c| c.output.mode = OutputMode::Normalised),
        ("calibrated output", |c| c.output.mode = OutputMode::Calibrated),
        ("calibrated input", |c| c.input.calibrated = true),
    ];
    for (name, change) in cases {
        assert_no_click(name, base, with(change));
    }
    for after_amp in [false, true] {
        let mut off = base;
        off.gate = GateControls { on: false, threshold_db: -6.0, hysteresis_db: 1.0, after_amp, ..off.gate };
        let mut on = off;
        on.gate.on = true;
        assert_no_click("closed gate", off, on);
    }
}

#[test]
fn the_gate_changes_its_place_without_a_click() {
    let mut before = busy();
    // Closed: the amp's own answer to silence is what the place makes a difference to.
    before.gate = GateControls { threshold_db: -6.0, hysteresis_db: 1.0, ..before.gate };
    let mut after = before;
    after.gate.after_amp = true;
    let mut bench = Bench::new(FORMAT);
    let tone = sine(220.0, 0.25, 48_000, 48_000.0);
    bench.run(&tone, &[480], before);
    let mut heard = Vec::new();
    for controls in [before, after, before] {
        heard.extend(bench.run(&tone[..12_000], &[480], controls).swap_remove(0));
    }
    let step = largest_step(&heard);
    assert!(step < 2e-3, "{step}");
}

#[test]
fn all_parts_off_is_the_input_to_the_bit() {
    let mut off = Controls::NEUTRAL;
    off.amp.on = false;
    off.eq.enabled = false;
    for mode in [OutputMode::Raw, OutputMode::Normalised, OutputMode::Calibrated] {
        off.output.mode = mode;
        let mut bench = Bench::new(FORMAT);
        assert_eq!(bench.rack.latency_samples(), 0);
        let input = noise(1, 20_000, 60).swap_remove(0);
        assert_eq!(bench.run(&input, &[512, 1, 33], off), [input.clone(), input]);
    }
}

#[test]
fn bypass_is_the_delayed_input_to_the_bit_even_after_the_parts_were_heard() {
    for sample_rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        let mut bench = Bench::new(RackFormat { sample_rate_hz, ..FORMAT });
        let input = noise(1, 20_000, 61).swap_remove(0);
        bench.run(&input, &[300], busy());
        let bypassed = Controls { bypass: true, ..busy() };
        bench.run(&input, &[300], bypassed);
        let output = bench.run(&input, &[300], bypassed).swap_remove(0);
        let latency = bench.rack.latency_samples();
        assert_eq!(output[latency..], input[..20_000 - latency], "{sample_rate_hz} Hz");
        assert_eq!(output[..latency], input[20_000 - latency..]);
    }
}
