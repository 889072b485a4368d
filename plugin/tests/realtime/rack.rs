//! The whole rack: everything at random, and everything at once.

use crate::heap::{heap_calls, live_bytes};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::cabinets::FactoryCabinet;
use shared::engine::EngineChoice;
use shared::word_eq::{Kind, Reference};
use std::sync::Arc;
use std::time::Duration;
use tonewright::amp::{Desk, Loader, Part, Quality, Voice};
use tonewright::factory::Factory;
use tonewright::rack::{
    AmpControls, CabControls, Controls, GateControls, InputChannels, InputControls, Link, OutputControls,
    OutputMode, Rack, RackFormat, Speaker, Telemetry, ToneControls, TunerControls,
};

const FORMAT: RackFormat =
    RackFormat { sample_rate_hz: 48_000.0, max_block_samples: 64, channels_in: 2, channels_out: 2 };

/// Small factory models, so that many blocks take little time.
const SLOTS: [usize; 3] = [2, 5, 7];

const CHANNELS: [InputChannels; 4] =
    [InputChannels::Stereo, InputChannels::Left, InputChannels::Right, InputChannels::Sum];

fn any_controls(rng: &mut ChaCha8Rng) -> Controls {
    let mut controls = Controls {
        bypass: rng.random_bool(0.1),
        input: InputControls {
            channels: CHANNELS[rng.random_range(0..CHANNELS.len())],
            trim_db: rng.random_range(-24.0..24.0),
            calibrated: rng.random_bool(0.5),
            full_scale_dbu: rng.random_range(-10.0..30.0),
        },
        tuner: TunerControls { on: rng.random_bool(0.3), mute: rng.random_bool(0.5) },
        gate: GateControls {
            on: rng.random_bool(0.6),
            threshold_db: rng.random_range(-100.0..0.0),
            hysteresis_db: rng.random_range(0.0..24.0),
            hold_ms: rng.random_range(0.0..50.0),
            release_ms: rng.random_range(5.0..100.0),
            after_amp: rng.random_bool(0.5),
        },
        amp: AmpControls { on: rng.random_bool(0.9) },
        tone: ToneControls {
            on: rng.random_bool(0.8),
            bass_db: rng.random_range(-12.0..12.0),
            mid_db: rng.random_range(-12.0..12.0),
            treble_db: rng.random_range(-12.0..12.0),
            presence_db: rng.random_range(-12.0..12.0),
        },
        cab: CabControls {
            on: rng.random_bool(0.8),
            blend: rng.random_range(0.0..1.0),
            low_cut_hz: rng.random_range(20.0..500.0),
            high_cut_hz: rng.random_range(1_000.0..20_000.0),
        },
        output: OutputControls {
            mode: [OutputMode::Raw, OutputMode::Normalised, OutputMode::Calibrated][rng.random_range(0..3)],
            gain_db: rng.random_range(-24.0..24.0),
            match_db: rng.random_range(-12.0..12.0),
        },
        ..Controls::NEUTRAL
    };
    let eq = &mut controls.eq;
    eq.enabled = rng.random_bool(0.9);
    eq.word = rng.random_range(0..1100);
    eq.amount = rng.random_range(-1.0..1.0);
    eq.speed_seconds = rng.random_range(0.1..20.0);
    eq.freeze = rng.random_bool(0.1);
    eq.level_match = rng.random_bool(0.3);
    eq.reference = Reference::Kind(Kind::ALL[rng.random_range(0..Kind::ALL.len())]);
    for band in &mut eq.bands {
        band.gain_offset_db = rng.random_range(-12.0..12.0);
        band.frequency_offset_octaves = rng.random_range(-6.0..6.0);
        band.off = rng.random_bool(0.1);
        band.solo = rng.random_bool(0.02);
    }
    controls
}

#[test]
fn a_hundred_thousand_blocks_of_the_whole_rack_make_no_heap_call() {
    let desk = Arc::new(Desk::new(SLOTS[0]));
    desk.set_engine(EngineChoice::Native);
    let link = Arc::new(Link::default());
    let loader = Loader::start(desk.clone(), link.clone());
    let mut rack = Rack::new(link, Arc::new(Telemetry::default()));
    desk.set_format(FORMAT);
    assert!(desk.wait_until_settled(Duration::from_secs(60)));
    assert_eq!(loader.status().get().error, None);
    rack.prepare(FORMAT);

    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut memory = [[0.0f32; 96]; 2];
    let mut controls = Controls::NEUTRAL;
    let (mut calls, mut slept, mut woke, mut swapped) = (0, 0, 0, 0);
    for block in 0..100_000u32 {
        // Mostly short, sometimes more than was prepared for. In silence long ones, so that it falls asleep.
        let silent = block % 20_000 > 10_000;
        let length = match block % 100 {
            _ if silent => 64,
            0 => 96,
            50 => 1,
            _ => rng.random_range(1..16),
        };
        for channel in &mut memory {
            let sound = |rng: &mut ChaCha8Rng| if silent { 0.0 } else { rng.random_range(-0.5..0.5) };
            channel[..length].iter_mut().for_each(|sample| *sample = sound(&mut rng));
        }
        // Silence with controls that change would never be asleep.
        if block % 3 == 0 && !silent {
            controls = any_controls(&mut rng);
        }
        if block % 500 == 499 {
            let next = rng.random_range(0..3);
            calls += heap_calls(|| match block % 2000 {
                499 => desk.set_slot(Part::Model, SLOTS[next]),
                999 => desk.set_slot(Part::CabA, 1 + next),
                1499 => desk.set_slot(Part::CabB, 1 + next),
                _ => desk.set_oversampling(1 + usize::from(next == 0)),
            });
            // Some are awaited, so that fades surely happen; others race.
            if block % 1000 == 499 {
                assert!(desk.wait_until_settled(Duration::from_secs(60)));
                swapped += 1;
            }
        }
        let was_asleep = rack.is_asleep();
        let [left, right] = &mut memory;
        let mut channels = [&mut left[..length], &mut right[..length]];
        calls += heap_calls(|| rack.process(&mut channels, controls));
        assert!(channels.iter().all(|channel| channel.iter().all(|sample| sample.is_finite())));
        slept += u32::from(!was_asleep && rack.is_asleep());
        woke += u32::from(was_asleep && !rack.is_asleep());
        if block % 25_000 == 24_999 {
            calls += heap_calls(|| rack.reset());
        }
    }
    assert_eq!(calls, 0);
    assert_eq!(swapped, 100);
    assert!(slept >= 3 && woke >= 3, "it slept {slept} times and woke {woke} times");
}

#[test]
fn a_thousand_swaps_leave_memory_as_it_was() {
    let models = SLOTS.map(|slot| Factory::in_slot(slot).unwrap().load().unwrap());
    let cabinets = [1, 2, 3].map(|slot| FactoryCabinet::in_slot(slot).unwrap().load().unwrap());
    let link = Arc::new(Link::default());
    let mut rack = Rack::with_eq(link.clone(), Arc::default(), None);
    rack.prepare(FORMAT);
    let mut controls = Controls::NEUTRAL;
    controls.cab.on = true;
    let mut memory = [[0.1f32; 64]; 2];
    let mut live = Vec::with_capacity(100);
    for swap in 0..=1_000 {
        // Now and then the next comes before the last one's fade is over.
        for part in 0..1 + swap % 2 {
            let next = (swap + part) % 3;
            let voice = Voice::build(&models[next], Quality::FULL, EngineChoice::Native, FORMAT.narrow());
            link.voices.send(Box::new(voice.unwrap()));
            let speaker = Speaker::build(&cabinets[next], FORMAT).unwrap();
            link.speakers[swap % 2].send(Box::new(speaker));
            for _ in 0..2 + 16 * part {
                let [left, right] = &mut memory;
                rack.process(&mut [left, right], controls);
                memory.as_flattened_mut().fill(0.1);
            }
        }
        // Every twelve swaps the same ones play.
        if swap % 12 == 4 {
            for _ in 0..40 {
                let [left, right] = &mut memory;
                rack.process(&mut [left, right], controls);
            }
            link.sweep();
            live.push(live_bytes());
        }
        link.sweep();
    }
    // The first times the same comes around, tables that all share are made.
    let (first, rest) = live.split_at(2);
    assert!(rest.iter().all(|bytes| *bytes == first[1]), "{live:?}");
}
