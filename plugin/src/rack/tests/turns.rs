//! Knobs that are turned while sound goes by, at every rate and oversampling.

use super::bench::{Bench, largest_step, peak, sine, voice};
use super::two_knobs::two_knobs;
use super::*;
use crate::amp::{Turn, setting};

/// How the model is played.
#[derive(Clone, Copy, Debug)]
struct Case {
    model_hz: f64,
    host_hz: f64,
    oversampling: usize,
}

const CASES: [Case; 7] = [
    Case { model_hz: 48_000.0, host_hz: 48_000.0, oversampling: 1 },
    Case { model_hz: 48_000.0, host_hz: 44_100.0, oversampling: 1 },
    Case { model_hz: 48_000.0, host_hz: 96_000.0, oversampling: 1 },
    // All it has to be delayed by is the delay of those of 48 kHz.
    Case { model_hz: 44_100.0, host_hz: 44_100.0, oversampling: 1 },
    Case { model_hz: 48_000.0, host_hz: 48_000.0, oversampling: 4 },
    Case { model_hz: 48_000.0, host_hz: 48_000.0, oversampling: 8 },
    Case { model_hz: 48_000.0, host_hz: 44_100.0, oversampling: 8 },
];

impl Case {
    fn model(self) -> Model {
        let mut model = two_knobs();
        model.card.sample_rate_hz = self.model_hz;
        model
    }

    fn format(self) -> RackFormat {
        RackFormat { sample_rate_hz: self.host_hz, ..FORMAT }
    }

    /// A rack that plays the model.
    fn playing(self) -> Amp {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("knobs.onnx");
        self.model().save(&path).unwrap();
        let mut amp = Amp::restored(|desk| {
            desk.set_file(Part::Model, Some(path));
            desk.set_slot(Part::Model, OWN_FILE_SLOT);
            desk.set_oversampling(self.oversampling);
            // Only native kernels turn, so it is these that play whatever is asked for.
            desk.set_engine(EngineChoice::OnnxRuntime);
        });
        amp.prepare(self.format());
        let status = amp.loader.status().get();
        let playing = status.playing.map(|info| (info.card.name, info.engine));
        assert_eq!((status.error, playing), (None, Some(("Two knobs".into(), Some(EngineKind::Native)))));
        // Nobody waits between two turns.
        amp.desk.set_offline(true);
        amp
    }

    /// What a voice makes of a signal that had its knobs there all along, as late as the rack is.
    fn turned(self, positions: [f32; 2], input: &[f32]) -> Vec<f32> {
        let model = self.model();
        let settings: Vec<f32> =
            model.knobs().iter().zip(positions).map(|(knob, at)| setting(knob, at)).collect();
        let manner = Manner {
            quality: Quality::FULL,
            engine: EngineChoice::Native,
            oversampling: self.oversampling,
            probe: None,
            align: false,
        };
        let format = RackFormat { channels_in: 1, channels_out: 1, ..self.format() };
        let voice = Voice::build_as(&model.at_settings(&settings), manner, format.narrow()).unwrap();
        let mut output = input.to_vec();
        let mut rack = rendering(Some(voice), format, None);
        output.chunks_mut(512).for_each(|block| rack.process(&mut [block], Controls::NEUTRAL));
        output
    }
}

fn turn(amp: &Amp, positions: [f32; 2]) {
    positions.into_iter().enumerate().for_each(|(at, position)| amp.desk.set_knob(at, position));
    amp.settle();
}

/// Some of every channel.
fn part(input: &[Vec<f32>], range: std::ops::Range<usize>) -> Vec<Vec<f32>> {
    input.iter().map(|channel| channel[range.clone()].to_vec()).collect()
}

#[test]
fn a_turn_goes_on_from_what_was_heard() {
    for case in CASES {
        let mut amp = case.playing();
        let second = case.host_hz as usize;
        let (heard, total) = (second / 10, second / 4);
        let input = noise(2, total, 55);
        amp.run(&part(&input, 0..heard), 512, Controls::NEUTRAL);
        // As little as a mouse moves: nearly the same network, which would sound quite different after silence.
        turn(&amp, [0.505, 0.5]);
        let output = amp.run(&part(&input, heard..total), 512, Controls::NEUTRAL);
        let [old, new] = [0.5, 0.505].map(|gain| case.turned([gain, 0.5], &input[0])[heard..].to_vec());
        let from_silence = case.turned([0.505, 0.5], &input[0][heard..]);
        let fade = second / 50;
        let (apart, most) = (difference(&old, &new), difference(&new[..fade], &from_silence[..fade]));
        assert!(most > 10.0 * apart, "{case:?}: {most} {apart}");
        for channel in [0, 1] {
            let [old, new] = if channel == 0 {
                [old.clone(), new.clone()]
            } else {
                [0.5, 0.505].map(|gain| case.turned([gain, 0.5], &input[1])[heard..].to_vec())
            };
            let output = &output[channel];
            // What the network remembers and what lies in the filters when the fade begins and ends.
            let settled = fade + second / 100;
            for i in 0..settled {
                let (low, high) = (old[i].min(new[i]) - apart, old[i].max(new[i]) + apart);
                assert!((low..=high).contains(&output[i]), "{case:?}, {i}: {} in {low} to {high}", output[i]);
            }
            let left = difference(&output[settled..], &new[settled..]);
            assert!(left < 1e-5, "{case:?}: {left} of the old setting stays");
        }
    }
}

#[test]
fn a_turn_makes_no_step() {
    for case in CASES {
        let mut amp = case.playing();
        let mut rng = ChaCha8Rng::seed_from_u64(57);
        let second = case.host_hz as usize;
        let period = second / 100;
        let input = vec![sine(100.0, 0.2, period, case.host_hz); 2];
        let corners = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.5]].map(|positions| {
            let long: Vec<f32> = input[0].iter().copied().cycle().take(20 * period).collect();
            case.turned(positions, &long)[10 * period..].to_vec()
        });
        let usual = corners.iter().map(|corner| largest_step(corner)).fold(0.0, f32::max);
        let all = corners.concat();
        let ends = [f32::min, f32::max].map(|end| all.iter().copied().reduce(end).unwrap());
        let range = ends[1] - ends[0];
        (0..10).for_each(|_| drop(amp.run(&input, period, Controls::NEUTRAL)));
        let mut last: Option<f32> = None;
        let mut positions = [0.5f32; 2];
        for turns in 0..40 {
            // As a hand turns; and from end to end at once, which no hand does.
            let wild = turns % 4 == 3;
            for position in &mut positions {
                *position = match wild {
                    true => rng.random_range(0..2) as f32,
                    false => (*position + rng.random_range(-0.05..0.05)).clamp(0.0, 1.0),
                };
            }
            let most = usual + range * if wild { 0.02 } else { 0.0005 };
            turn(&amp, positions);
            // Longer than a turn takes.
            for _ in 0..rng.random_range(3..6) {
                let block = [16, 64, 100, 512][rng.random_range(0..4)];
                let output = amp.run(&input, block, Controls::NEUTRAL).swap_remove(0);
                assert!(output.iter().all(|s| s.is_finite()));
                let joint = last.map_or(0.0, |last| (output[0] - last).abs());
                let step = largest_step(&output).max(joint);
                assert!(step < most, "{case:?}, turn {turns}: {step}, {usual} without, all between {ends:?}");
                last = output.last().copied();
            }
        }
    }
}

#[test]
fn a_rendering_does_not_depend_on_its_blocks() {
    for case in CASES {
        let input = noise(2, 9_600, 64);
        let render = |block: usize| {
            let mut amp = case.playing();
            let mut output = Vec::new();
            // The first comes before any sound. At 96 kHz each fade ends when the next begins.
            for (at, gain) in [0.2, 0.9, 0.4, 0.7, 0.1].into_iter().enumerate() {
                turn(&amp, [gain, 0.5]);
                let next = part(&input, 1_920 * at..1_920 * (at + 1));
                output.extend(amp.run(&next, block, Controls::NEUTRAL).swap_remove(0));
            }
            output
        };
        let whole = render(1_920);
        assert!(peak(&whole) > 0.01);
        assert_eq!(render(1_920), whole, "{case:?}");
        for block in [24, 480] {
            assert!(difference(&render(block), &whole) < 1e-6, "{case:?}, blocks of {block}");
        }
    }
}

#[test]
fn a_turn_is_for_one_voice_alone() {
    let [mut old, new] = [[2.0, 5.0], [4.0, 5.0]].map(|settings| two_knobs().at_settings(&settings));
    // Were it turned by mistake, it would sound like this.
    let far = two_knobs().at_settings(&[10.0, 0.0]);
    old.card.name = "Old".into();
    let mut bench = Bench::playing(&old, FORMAT);
    let send_voice = |bench: &Bench, model: &Model, lineage: u64| {
        let mut new = voice(model, FORMAT);
        new.set_lineage(lineage);
        bench.link.voices.send(Box::new(new));
    };
    let send_turn = |bench: &Bench, model: &Model, lineage: u64| {
        let turn = Turn::build(model, 1, FORMAT.narrow(), lineage).unwrap();
        bench.link.turns.send(Box::new(turn));
    };
    let input = noise(1, 4_800, 65).swap_remove(0);
    let play = |bench: &mut Bench| bench.run(&input, &[480], Controls::NEUTRAL).swap_remove(0);
    let tail = |sound: &[f32]| sound[2_400..].to_vec();
    let [sounds_old, sounds_new, sounds_far] = [&old, &new, &far].map(|model| {
        let mut bench = Bench::playing(model, FORMAT);
        play(&mut bench);
        tail(&play(&mut bench))
    });
    assert!(difference(&sounds_old, &sounds_new) > 1e-2 && difference(&sounds_new, &sounds_far) > 1e-2);

    send_voice(&bench, &old, 5);
    play(&mut bench);
    // Its voice is long gone, and one that waits is replaced by the newest.
    send_turn(&bench, &far, 4);
    assert_eq!(tail(&play(&mut bench)), sounds_old);
    // It comes before its voice does.
    for model in [&far, &new] {
        send_turn(&bench, model, 6);
        assert_eq!(tail(&play(&mut bench)), sounds_old);
    }
    send_voice(&bench, &far, 6);
    play(&mut bench);
    assert!(difference(&tail(&play(&mut bench)), &sounds_new) < 1e-6);
    // Without a voice that it is for it keeps nobody awake for long.
    send_turn(&bench, &far, 5);
    assert_eq!(tail(&play(&mut bench)), sounds_new);
    let silence = vec![0.0; 4_800];
    for _ in 0..100 {
        bench.run(&silence, &[480], Controls::NEUTRAL);
    }
    assert!(bench.rack.is_asleep());
    // A turn while it sleeps is made, not kept for when there is sound.
    send_turn(&bench, &far, 6);
    bench.run(&silence, &[480], Controls::NEUTRAL);
    assert!(!bench.rack.is_asleep());
    bench.run(&silence, &[480], Controls::NEUTRAL);
    bench.run(&silence, &[480], Controls::NEUTRAL);
    assert!(difference(&tail(&play(&mut bench)), &sounds_far) < 1e-6);
}
