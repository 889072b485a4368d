//! Recordings with one fault each, made from a good pair: what is found, in which words, and that good pairs raise no
//! alarm. `cargo test -p trainer --test checks -- --nocapture` prints the table of `docs/capturing.md`.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use support::{noise, wav};
use trainer::finding::Verdict::{Fine, Mended, Refused, Warning};
use trainer::finding::{Finding, Verdict};
use trainer::recording::{self, Channel, Polarity, Recording, Settings, mend};
use trainer::virtual_capture::{amp::Rig, guitar};

const RATE: u32 = 24_000;

/// A good pair: silence, playing, silence, and twice the same playing; the rig with a converter's noise.
static GOOD: LazyLock<[Vec<f32>; 2]> = LazyLock::new(|| {
    let play = |seconds, seed| guitar::play(seconds, f64::from(RATE), seed);
    let rest = vec![0.0f32; RATE as usize];
    let pass = play(5.0, 2);
    let input = [&rest[..], &play(9.0, 1), &rest, &pass, &rest[..RATE as usize / 2], &pass].concat();
    let target = Rig::new(f64::from(RATE)).play(&input);
    let hiss = noise(target.len(), 1e-4, 3);
    [input, target.iter().zip(&hiss).map(|(y, n)| 0.9 * y + n).collect()]
});

fn look(input: &[f32], target: &[f32]) -> Recording {
    mend(input.to_vec(), target.to_vec(), RATE, &Settings::default(), Vec::new())
}

fn found<'a>(recording: &'a Recording, check: &str) -> &'a Finding {
    recording.findings.iter().find(|finding| finding.check == check).unwrap()
}

fn alarms(recording: &Recording) -> Vec<&Finding> {
    recording.findings.iter().filter(|finding| finding.verdict >= Warning).collect()
}

/// Makes one fault in the good pair.
type Fault = fn(&mut Vec<f32>, &mut Vec<f32>);

fn sine(hz: f64, i: usize) -> f32 {
    (TAU * hz * i as f64 / f64::from(RATE)).sin() as f32
}

fn resampled(y: &[f32], ppm: f64) -> Vec<f32> {
    let at = |i: usize| i as f64 * (1.0 + ppm * 1e-6);
    (0..y.len())
        .map(|i| {
            let (whole, part) = (at(i).floor() as usize, at(i).fract() as f32);
            let tap = |k: usize| y.get(k).copied().unwrap_or(0.0);
            tap(whole) * (1.0 - part) + tap(whole + 1) * part
        })
        .collect()
}

/// How loud a signal is, falling by half in 10 ms.
fn opening(x: &[f32]) -> Vec<f32> {
    let mut level = 0.0f32;
    x.iter()
        .map(|s| {
            level = s.abs().max(level * 0.997);
            level
        })
        .collect()
}

/// Four combs that ring for a second.
fn reverb(y: &[f32]) -> Vec<f32> {
    let mut wet = y.to_vec();
    for (delay, keep) in [(713, 0.82), (857, 0.79), (991, 0.76), (1_087, 0.74)] {
        let mut comb = y.to_vec();
        for i in delay..comb.len() {
            comb[i] += keep * comb[i - delay];
        }
        wet.iter_mut().zip(comb).for_each(|(w, c)| *w += 0.08 * c);
    }
    wet
}

/// What is done to the pair, the check that must speak, how, and words that it must say.
const FAULTS: &[(&str, Fault, &str, Verdict, &[&str])] = &[
    (
        "1,000 samples late",
        |_, y| drop(y.splice(0..0, vec![0.0; 1_000])),
        "delay",
        Mended,
        &["late", "earlier", "margin"],
    ),
    ("40 samples early", |_, y| drop(y.drain(..40)), "delay", Mended, &["early", "later", "margin"]),
    ("upside down", |_, y| y.iter_mut().for_each(|s| *s = -*s), "polarity", Mended, &["inverted", "turned"]),
    ("target longer", |_, y| y.extend([0.0; 5_000]), "length", Mended, &["longer by 5000 samples", "cut"]),
    (
        "offset of 0.01",
        |_, y| y.iter_mut().for_each(|s| *s += 0.01),
        "offset",
        Mended,
        &["0.01", "taken off"],
    ),
    (
        "offset of -0.37",
        |_, y| y.iter_mut().for_each(|s| *s -= 0.37),
        "offset",
        Refused,
        &["-0.37", "interface"],
    ),
    (
        "clipped hard",
        |_, y| y.iter_mut().for_each(|s| *s = (12.0 * *s).clamp(-1.0, 1.0)),
        "clipping",
        Refused,
        &["%", "the first at", "input gain"],
    ),
    (
        "clipped now and then",
        |_, y| {
            let peak = y.iter().fold(0.0f32, |p, s| p.max(s.abs()));
            y.iter_mut().for_each(|s| *s = (1.6 * *s / peak).clamp(-1.0, 1.0));
        },
        "clipping",
        Warning,
        &["samples", "the first at"],
    ),
    (
        "hiss at -35 dBFS",
        |_, y| {
            let hiss = noise(y.len(), 0.03, 9);
            y.iter_mut().zip(hiss).for_each(|(s, n)| *s += n);
        },
        "noise",
        Warning,
        &["no model gets below an ESR of"],
    ),
    (
        "50 Hz hum",
        |_, y| {
            y.iter_mut().enumerate().for_each(|(i, s)| *s += 0.01 * sine(50.0, i) + 0.006 * sine(150.0, i))
        },
        "hum",
        Warning,
        &["50 Hz", "dBFS", "ground loop"],
    ),
    (
        "60 Hz hum",
        |_, y| {
            y.iter_mut().enumerate().for_each(|(i, s)| *s += 0.01 * sine(60.0, i) + 0.006 * sine(180.0, i))
        },
        "hum",
        Warning,
        &["60 Hz"],
    ),
    (
        "tremolo",
        |_, y| y.iter_mut().enumerate().for_each(|(i, s)| *s *= 0.75 + 0.25 * sine(4.3, i)),
        "repeatability",
        Warning,
        &["differ by an ESR", "tremolo"],
    ),
    (
        "knob turned at the end",
        |_, y| {
            let from = y.len() - 4 * RATE as usize;
            y[from..].iter_mut().for_each(|s| *s *= 0.7);
        },
        "repeatability",
        Warning,
        &["touch no knob"],
    ),
    ("clock 60 ppm fast", |_, y| *y = resampled(y, 60.0), "clock", Refused, &["drifts", "ppm", "two clocks"]),
    ("clock 500 ppm slow", |_, y| *y = resampled(y, -500.0), "clock", Refused, &["drifts", "ppm"]),
    ("clock 5 ppm fast", |_, y| *y = resampled(y, 5.0), "clock", Warning, &["drifts", "ppm"]),
    (
        "32 samples lost",
        |_, y| drop(y.drain(290_000..290_032)),
        "clock",
        Refused,
        &["jumps by -3", "lost samples"],
    ),
    ("a hole of 10 ms", |_, y| y[100_000..100_240].fill(0.0), "gaps", Warning, &["holes", "0:04"]),
    ("very quiet", |_, y| y.iter_mut().for_each(|s| *s *= 0.005), "level", Warning, &["quiet"]),
    ("silent", |_, y| y.fill(0.0), "level", Refused, &["silence", "cable"]),
    (
        "the input itself",
        |x, y| *y = x.iter().map(|s| 0.5 * s).collect(),
        "gear",
        Refused,
        &["dry signal", "bypass"],
    ),
    (
        "the input, late, with noise",
        |x, y| {
            *y = noise(x.len(), 1e-4, 4);
            for i in 100..x.len() {
                y[i] += 0.7 * x[i - 100];
            }
        },
        "gear",
        Refused,
        &["dry signal"],
    ),
    (
        "another recording",
        |_, y| *y = guitar::play(22.0, f64::from(RATE), 77),
        "delay",
        Refused,
        &["follows from the input", "which tracks"],
    ),
    (
        "a gate at -40 dBFS",
        |x, y| y.iter_mut().zip(opening(x)).for_each(|(s, level)| *s *= f32::from(level > 0.01)),
        "gate",
        Warning,
        &["too soft", "gate closes"],
    ),
    (
        "a soft gate, 3:1 below -40 dBFS",
        |x, y| y.iter_mut().zip(opening(x)).for_each(|(s, level)| *s *= (100.0 * level).powi(2).min(1.0)),
        "gate",
        Warning,
        &["too soft", "gate closes"],
    ),
    ("a spring reverb", |_, y| *y = reverb(y), "reverb", Warning, &["rings on for", "remembers"]),
    (
        "an echo after 0.3 s",
        |_, y| {
            let dry = y.clone();
            y[7_200..].iter_mut().zip(dry).for_each(|(s, d)| *s += 0.4 * d);
        },
        "reverb",
        Refused,
        &["rings on for", "delay"],
    ),
    (
        "50 Hz hum under playing without a rest",
        |x, y| {
            // What was sent has a little noise of its own, so that it is never silent.
            *x = [&x[36_000..238_000], &x[276_000..382_000]].concat();
            x.iter_mut().zip(noise(308_000, 2e-4, 8)).for_each(|(s, n)| *s += n);
            *y = Rig::new(f64::from(RATE)).play(x);
            y.iter_mut().enumerate().for_each(|(i, s)| *s += 0.01 * sine(50.0, i) + 0.006 * sine(150.0, i));
        },
        "hum",
        Warning,
        &["50 Hz", "under the playing"],
    ),
    (
        "three seconds",
        |x, y| {
            *x = x[30_000..102_000].to_vec();
            *y = y[30_000..102_000].to_vec();
        },
        "length",
        Warning,
        &["3.0", "trainer signal"],
    ),
    (
        "half a second",
        |x, y| {
            *x = x[40_000..52_000].to_vec();
            *y = y[40_000..52_000].to_vec();
        },
        "length",
        Refused,
        &["0.5", "at least 1 s"],
    ),
];

/// The line of the table, and what is wrong with it: not found, not in these words, or something else beside it.
fn judged(
    (name, fault, check, verdict, words): &(&str, Fault, &str, Verdict, &[&str]),
) -> (String, Option<String>) {
    let [mut x, mut y] = GOOD.clone();
    fault(&mut x, &mut y);
    let recording = look(&x, &y);
    let alarms = alarms(&recording);
    let all: Vec<String> = alarms.iter().map(|f| format!("{} ({:?})", f.check, f.verdict)).collect();
    let finding = recording.findings.iter().find(|finding| finding.check == *check);
    let said = finding.map_or_else(String::new, ToString::to_string);
    let line =
        format!("| {name} | {} | {said} |", if all.is_empty() { "mended".into() } else { all.join(", ") });
    let right = finding.is_some_and(|f| f.verdict == *verdict)
        && words.iter().all(|word| said.contains(word))
        && alarms.iter().all(|alarm| alarm.check == *check);
    (line, (!right).then(|| format!("{name}: {finding:?} {all:?}")))
}

#[test]
fn every_fault_is_found_in_the_right_words_and_nothing_beside_it() {
    println!("| what was done to a good pair | what is found | said |\n|---|---|---|");
    let halves = FAULTS.split_at(FAULTS.len() / 2);
    let look = |faults: &[_]| faults.iter().map(judged).collect::<Vec<_>>();
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| look(halves.1));
        (look(halves.0), second.join().unwrap())
    });
    let mut missed = Vec::new();
    for (line, wrong) in first.into_iter().chain(second) {
        println!("{line}");
        missed.extend(wrong);
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn good_pairs_raise_no_alarm() {
    let [input, target] = &*GOOD;
    let recording = look(input, target);
    assert!(alarms(&recording).is_empty(), "{:#?}", alarms(&recording));
    assert!(recording.passes.is_some_and(|passes| passes.for_validation));
    assert!(
        recording.floor_esr.is_some_and(|floor| floor > 0.0 && floor < 1e-4),
        "{:?}",
        recording.floor_esr
    );
    // Playing alone, at another rate and through other gear.
    let rate = 44_100;
    let x = guitar::play(11.0, f64::from(rate), 5);
    let fuzz = one_pole(&x.iter().map(|x| 0.4 * (200.0 * x).tanh()).collect::<Vec<_>>(), 0.5);
    // The capacitor behind it.
    let slow = one_pole(&fuzz, 0.999);
    let fuzz: Vec<f32> = fuzz.iter().zip(slow).map(|(y, s)| y - s).collect();
    for (name, y) in [("rig", Rig::new(f64::from(rate)).play(&x)), ("fuzz", fuzz)] {
        let recording = mend(x.clone(), y, rate, &Settings::default(), Vec::new());
        assert!(alarms(&recording).is_empty(), "{name}: {:#?}", alarms(&recording));
    }
}

#[test]
fn our_signal_as_the_target_of_what_came_back_is_refused() {
    let rate = 16_000;
    let sent = trainer::signal::make(90.0, rate);
    let look = |input: &[f32], target: &[f32]| {
        mend(input.to_vec(), target.to_vec(), rate, &Settings::default(), Vec::new())
    };
    for level in [0.5f32, -0.5] {
        let returned: Vec<f32> = sent.iter().map(|x| level * (8.0 * x).tanh()).collect();
        let recording = look(&returned, &sent);
        let finding = found(&recording, "swapped");
        assert!(finding.verdict == Refused && finding.to_string().contains("test signal"), "{finding}");
    }
    let returned: Vec<f32> = sent.iter().map(|x| 0.5 * (8.0 * x).tanh()).collect();
    let right = look(&sent, &returned);
    assert!(
        right.signal.is_some() && right.findings.iter().all(|f| f.check != "swapped"),
        "{:#?}",
        right.findings
    );
}

fn one_pole(x: &[f32], keep: f32) -> Vec<f32> {
    let mut y = 0.0;
    x.iter()
        .map(|x| {
            y += (1.0 - keep) * (x - y);
            y
        })
        .collect()
}

/// Moves a signal by any number of samples: a windowed sinc of 64 taps.
fn delayed(x: &[f32], by: f64) -> Vec<f32> {
    let whole = by.floor() as i64;
    let part = by - by.floor();
    let taps: Vec<f64> = (-32..32)
        .map(|k| {
            let t = f64::from(k) - part;
            let sinc = if t.abs() < 1e-9 { 1.0 } else { (TAU / 2.0 * t).sin() / (TAU / 2.0 * t) };
            sinc * (TAU / 4.0 * (t / 33.0)).cos().powi(2)
        })
        .collect();
    (0..x.len() as i64)
        .map(|i| {
            let sum = taps.iter().zip(-32i64..).map(|(tap, k)| {
                let at = usize::try_from(i - whole - k).ok().and_then(|at| x.get(at));
                tap * f64::from(at.copied().unwrap_or(0.0))
            });
            sum.sum::<f64>() as f32
        })
        .collect()
}

#[test]
fn any_delay_is_found_below_a_sample_on_linear_gear_and_within_three_on_gear_driven_hard() {
    let rate = 48_000;
    let mut x = guitar::play(6.0, 48e3, 4);
    x.iter_mut().zip(noise(6 * 48_000, 1e-3, 5)).for_each(|(x, n)| *x += n);
    let wire: Vec<f32> = x.iter().map(|x| -0.4 * x).collect();
    let fuzz: Vec<f32> = x.iter().map(|x| 0.5 * (300.0 * x).tanh()).collect();
    for by in [-50_000.0, -4_321.4, -0.3, 700.5, 100_000.0] {
        for (name, y, inverted, tolerance) in [("wire", &wire, true, 0.1), ("fuzz", &fuzz, false, 3.0)] {
            let moved = delayed(y, by);
            let found = recording::delay::find(&x, &moved, rate);
            assert!(found.is_clear() && found.inverted == inverted, "{name} {by}: {found:?}");
            assert!((found.samples - by).abs() <= tolerance, "{name} {by}: {found:?}");
        }
    }
}

#[test]
fn what_is_mended_is_lined_up_upright_and_without_offset() {
    let [input, target] = &*GOOD;
    let still = look(input, target);
    let delivered: Vec<f32> = delayed(target, -40.0).iter().map(|y| 0.01 - y).collect();
    let mended = look(input, &delivered);
    assert!(mended.inverted && (mended.delay_samples - still.delay_samples + 40.0).abs() < 0.3, "{mended:?}");
    // The target is causal, no more than some samples late.
    let left = mended.shift_samples - 40;
    assert!((1..=6).contains(&left), "{left}");
    assert_eq!(mended.input.len(), mended.target.len());
    // Both lie as they did before the target was taken apart from its input.
    let (at, later) = (200_000, mended.shift_samples as usize);
    let (x, y) = (at + later, at + 40);
    assert_eq!(mended.input[at], input[x]);
    assert!((mended.target[at] - target[y]).abs() < 0.02, "{} {}", mended.target[at], target[y]);
    let kept = Settings { polarity: Polarity::Keep, ..Settings::default() };
    let kept = mend(input.clone(), delivered, RATE, &kept, Vec::new());
    assert!(kept.inverted && kept.target[at] == -mended.target[at]);
    assert_eq!(found(&kept, "polarity").verdict, Fine);
}

#[test]
fn files_of_any_kind_and_channel_are_read_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let [input, target] = &*GOOD;
    let path = |name: &str| folder.path().join(name);
    wav(&path("x.wav"), input, RATE);
    let stereo = |name: &str, left: &[f32], right: &[f32]| {
        shared::audio::write_wav(&path(name), &[left, right], RATE).unwrap();
    };
    let silent = vec![0.0; target.len()];
    stereo("same.wav", target, target);
    stereo("right.wav", &silent, target);
    stereo("two.wav", target, input);
    let read = |name: &str, channel| {
        let settings = Settings { channel, ..Settings::default() };
        recording::read(&path("x.wav"), &path(name), &settings)
    };
    for (name, words) in [("same.wav", "both channels are the same"), ("right.wav", "left channel is empty")]
    {
        let recording = read(name, Channel::Auto).unwrap();
        let finding = found(&recording, "channels");
        assert!(finding.verdict == Mended && finding.figure.contains(words), "{finding}");
        assert!(recording.verdict() < Warning);
    }
    let guess = read("two.wav", Channel::Auto).unwrap();
    assert_eq!(found(&guess, "channels").verdict, Warning);
    let right = read("two.wav", Channel::Right).unwrap();
    assert_eq!(found(&right, "gear").verdict, Refused, "the right channel is the input");
    assert!(read("two.wav", Channel::Mix).is_ok());
    for rate in [16, 7_999] {
        wav(&path("low.wav"), &target[..30_000], rate);
        let error = recording::read(&path("low.wav"), &path("low.wav"), &Settings::default()).unwrap_err();
        assert!(error.to_string().contains("8000 to 768000 Hz"), "{error}");
    }
    wav(&path("slow.wav"), target, 44_100);
    let error = read("slow.wav", Channel::Auto).unwrap_err().to_string();
    assert!(error.contains("44100 Hz") && error.contains("same rate"), "{error}");
}

fn captures() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/captures");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn real_recordings_are_mended_or_refused_as_they_deserve() {
    let Some(captures) = captures() else { return };
    let read = |input: &str, target: &str| {
        recording::read(&captures.join(input), &captures.join(target), &Settings::default()).unwrap()
    };
    let ds1 = read("ds1/input.wav", "ds1/target.wav");
    assert!(alarms(&ds1).is_empty(), "{:#?}", alarms(&ds1));
    assert!(
        ds1.inverted && (9..=11).contains(&ds1.shift_samples),
        "{} {}",
        ds1.delay_samples,
        ds1.shift_samples
    );
    assert_eq!(ds1.split(None).unwrap().train.len() / 48_000, 17);
    // An amp driven hard answers before its phase says so.
    let [x, y] = ["sd1/train_input.wav", "jcm/train_target.wav"].map(|name| {
        let (channels, _) = shared::audio::read_wav(&captures.join(name)).unwrap();
        channels[0][27 * 48_000..87 * 48_000].to_vec()
    });
    let jcm = mend(x, y, 48_000, &Settings::default(), Vec::new());
    assert!((20.0..22.5).contains(&jcm.delay_samples), "{}", jcm.delay_samples);
    assert!((-17..=-16).contains(&jcm.shift_samples), "{}", jcm.shift_samples);
    for gear in ["sd1", "jcm"] {
        let pair = read("sd1/test_input.wav", &format!("{gear}/test_target.wav"));
        assert!(alarms(&pair).is_empty() && !pair.inverted, "{gear} {:#?}", alarms(&pair));
        assert_eq!(pair.shift_samples == 0, gear == "sd1", "{gear} {}", pair.shift_samples);
    }
    for number in ["0", "57", "100"] {
        let klon =
            read(&format!("broken_klon/input_{number}.wav"), &format!("broken_klon/target_{number}.wav"));
        for check in ["length", "offset", "clipping"] {
            assert_eq!(found(&klon, check).verdict, Refused, "{number} {check}");
        }
    }
}
