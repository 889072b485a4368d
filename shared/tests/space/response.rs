//! Impulse responses: other rates, one loudness, and what is refused.

use crate::measure::{db, decaying, energy, impulse, magnitude_db, noise, place, play, prepare};
use shared::audio::write_wav;
use shared::cabinets::CABINETS;
use shared::chain::processors::{Cabinet, Convolution};
use shared::chain::{Document, Processor};
use shared::dsp::response::{Response, ResponseError};
use std::path::Path;

const RATES: [f64; 5] = [44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0];

/// A loudspeaker's: resonances that begin at once, and one echo.
fn speaker(rate: f64) -> Vec<f32> {
    let ring = |t: f64, hz: f64, seconds: f64| (-t / seconds).exp() * (std::f64::consts::TAU * hz * t).cos();
    (0..(0.03 * rate) as usize)
        .map(|k| {
            let t = k as f64 / rate;
            let late = (t - 0.0007).max(0.0);
            let echo = if t < 0.0007 { 0.0 } else { 0.3 * ring(late, 3_100.0, 0.0003) };
            (ring(t, 110.0, 0.004) * 0.02
                + ring(t, 2_600.0, 0.0002) * 0.3
                + ring(t, 9_000.0, 0.0001) * 0.2
                + echo) as f32
        })
        .collect()
}

/// The curve stays what it was, up to 0.9 of the lower rate's half; even for a single sample, which
/// contains everything, and begins where the file does.
#[test]
fn at_another_rate_the_curve_is_the_same() {
    for from in RATES {
        for (name, original) in
            [("speaker", speaker(from)), ("sample", vec![1.0]), ("noise", decaying(600, 3))]
        {
            let response = Response::new(vec![original.clone()], from).unwrap();
            for to in RATES {
                let converted = response.at_rate(to).unwrap();
                assert_eq!(converted.sample_rate_hz(), to);
                let converted = &converted.channels()[0];
                for k in 0..200 {
                    let hz = 20.0 + 0.9 * from.min(to) / 2.0 * f64::from(k) / 200.0;
                    let (was, is) = (magnitude_db(&original, hz, from), magnitude_db(converted, hz, to));
                    // Where the curve has a hole, a tenth of a dB is nothing.
                    let floor = was < -40.0 && is < -40.0;
                    assert!(
                        floor || (was - is).abs() < 0.1,
                        "{name} {from} to {to}, {hz} Hz: {was} and {is} dB"
                    );
                }
            }
        }
    }
}

/// It is later by as much as it says, which is little.
#[test]
fn at_another_rate_it_stands_where_it_says() {
    for (from, to) in
        [(44_100.0, 48_000.0), (48_000.0, 44_100.0), (48_000.0, 192_000.0), (96_000.0, 48_000.0)]
    {
        for at in [0, 240] {
            let mut sample = vec![0.0; 300];
            sample[at] = 1.0;
            let converted = Response::new(vec![sample], from).unwrap().at_rate(to).unwrap();
            let signal = &converted.channels()[0];
            let loudest =
                (0..signal.len()).max_by(|&a, &b| signal[a].abs().total_cmp(&signal[b].abs())).unwrap();
            let expected = at as f64 / from * to + converted.delay_samples();
            println!(
                "{from} to {to}: delay {:.2}, loudest at {loudest} of {expected:.2}",
                converted.delay_samples()
            );
            assert!(
                (loudest as f64 - expected).abs() < 1.0 + to / from.min(to),
                "{from} to {to}: {loudest}, {expected}"
            );
            assert!(converted.delay_samples() / to < 0.0002);
        }
    }
}

/// In place nothing is later by more than half a sample, and the curve of a loudspeaker still is the same, to 30 dB below its
/// loudest, also where it jumps to full strength with its first sample. After some silence there is no delay at all.
#[test]
fn in_place_the_curve_is_the_same_but_for_what_nobody_hears() {
    // The body of a guitar has treble to the end, as a single sample has.
    let most_db = |id| if id == "acoustic_body" { 0.6 } else { 0.2 };
    let cabinets = CABINETS.iter().map(|cabinet| (cabinet.id, cabinet.load().unwrap(), most_db(cabinet.id)));
    let speakers = RATES.map(|rate| ("speaker", Response::new(vec![speaker(rate)], rate).unwrap(), 0.6));
    let samples = RATES.map(|rate| ("sample", Response::new(vec![vec![1.0]], rate).unwrap(), 0.6));
    let late = |rate: f64| [vec![0.0; (0.001 * rate) as usize], speaker(rate)].concat();
    let recorded = RATES.map(|rate| ("recorded", Response::new(vec![late(rate)], rate).unwrap(), 0.05));
    let points: Vec<f64> = (0..60).map(|k| 60.0 * (16_000.0f64 / 60.0).powf(f64::from(k) / 59.0)).collect();
    for (name, response, most_db) in cabinets.chain(speakers).chain(samples).chain(recorded) {
        let from = response.sample_rate_hz();
        let was: Vec<f64> =
            points.iter().map(|&hz| magnitude_db(&response.channels()[0], hz, from)).collect();
        let loudest = was.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for to in RATES {
            let converted = response.at_rate_in_place(to).unwrap();
            let most = if name == "recorded" { 1e-9 } else { 0.5 + 1e-9 };
            assert!((-1e-9..=most).contains(&converted.delay_samples()), "{name} {from} to {to}");
            let error = |(&hz, was): (&f64, &f64)| was - magnitude_db(&converted.channels()[0], hz, to);
            let heard = points.iter().zip(&was).filter(|(_, was)| **was > loudest - 30.0);
            let worst = heard.map(error).fold(0.0, |worst: f64, error| worst.max(error.abs()));
            println!("{name} {from} to {to}: {worst:.3} dB");
            assert!(worst < most_db, "{name} {from} to {to}: {worst} dB");
        }
    }
}

/// A cabinet reports that delay, and lets the dry sound wait as long.
#[test]
fn a_cabinet_at_another_rate_reports_its_delay() {
    let mut response = vec![0.0; 300];
    response[0] = 1.0;
    for (rate, most) in [(48_000.0, 0), (44_100.0, 8), (96_000.0, 16)] {
        let own = Response::new(vec![response.clone()], 48_000.0).unwrap();
        let mut cabinet = Cabinet::new(own, false).unwrap();
        cabinet.set(place(&cabinet, "mix"), 0.5);
        prepare(&mut cabinet, rate, 1, 1_000);
        let latency = cabinet.latency_samples();
        assert!(latency <= most && (latency > 0) == (most > 0), "{rate}: {latency}");
        let answer = play(&mut cabinet, &[impulse(1_000, 100)], 1_000).remove(0);
        let loudest = (0..1_000).max_by(|&a, &b| answer[a].abs().total_cmp(&answer[b].abs())).unwrap();
        assert_eq!(loudest, 100 + latency, "{rate}");
    }
}

/// Responses of different loudness sound equally loud: noise with equal power in every octave from 80 Hz to
/// 6 kHz keeps its power.
#[test]
fn normalised_responses_are_as_loud_as_no_response() {
    for (scale, rate) in [(1.0, 48_000.0), (0.01, 44_100.0), (30.0, 96_000.0)] {
        let scaled: Vec<f32> = speaker(rate).iter().map(|x| scale * x).collect();
        let levelling = Response::new(vec![scaled.clone()], rate).unwrap().levelling();
        let points = 400;
        let mean = (0..points)
            .map(|k| {
                let hz = 80.0 * (6_000.0f64 / 80.0).powf((f64::from(k) + 0.5) / f64::from(points));
                10f64.powf(magnitude_db(&scaled, hz, rate) / 10.0)
            })
            .sum::<f64>()
            / f64::from(points);
        let level = 10.0 * (mean * levelling * levelling).log10();
        assert!(level.abs() < 0.1, "{scale} at {rate}: {level} dB");
    }
    // A response with nothing there is not blown up.
    let high: Vec<f32> = (0..4_000).map(|k| if k % 2 == 0 { 1e-3 } else { -1e-3 }).collect();
    let levelling = Response::new(vec![high], 48_000.0).unwrap().levelling();
    assert!((levelling * 4.0 - 10.0).abs() < 0.1, "{levelling}");
}

/// Noise through responses without colour comes out as loud as it went in, on each side, however many channels the
/// response has; of true stereo two meet on a side.
#[test]
fn a_normalised_reverb_of_any_number_of_channels_keeps_the_level() {
    let gains = [[0.3, 0.0, 0.0, 0.0], [0.3, 0.3, 0.0, 0.0], [0.4, 0.1, -0.1, 0.4]];
    for (channels, gains) in [1, 2, 4].into_iter().zip(gains) {
        let at = |channel: usize| impulse(200, 40 * channel).iter().map(|x| x * gains[channel]).collect();
        let response = Response::new((0..channels).map(at).collect(), 48_000.0).unwrap();
        let mut reverb = Convolution::new(response, true).unwrap();
        reverb.set(place(&reverb, "mix"), 1.0);
        prepare(&mut reverb, 48_000.0, 2, 1_000);
        let input = [noise(100_000, 21), noise(100_000, 22)];
        for side in play(&mut reverb, &input, 1_000) {
            let level = db(energy(&side) / side.len() as f64);
            assert!(level.abs() < 0.1, "{channels} channels: {level} dB");
        }
    }
    // The ceiling is a side's too: both channels are 20 dB at most where they meet.
    let high: Vec<f32> = (0..4_000).map(|k| if k % 2 == 0 { 1e-3 } else { -1e-3 }).collect();
    let levelling = Response::new(vec![high; 4], 48_000.0).unwrap().levelling();
    assert!((levelling * 4.0 * 2f64.sqrt() - 10.0).abs() < 0.1, "{levelling}");
}

#[test]
fn the_lead_is_kept_unless_it_is_unwanted() {
    let mut late = vec![0.0; 100];
    late.extend(speaker(48_000.0));
    let response = Response::new(vec![late.clone()], 48_000.0).unwrap();
    assert_eq!(response.channels()[0], late);
    assert_eq!(response.without_lead().channels()[0], speaker(48_000.0));
}

#[test]
fn what_is_no_response_is_refused() {
    let refused = |channels: Vec<Vec<f32>>, rate: f64| Response::new(channels, rate).unwrap_err();
    assert!(matches!(refused(vec![], 48_000.0), ResponseError::Empty));
    assert!(matches!(refused(vec![vec![], vec![]], 48_000.0), ResponseError::Empty));
    assert!(matches!(refused(vec![vec![0.0; 9]], 48_000.0), ResponseError::Silent { samples: 9 }));
    assert!(matches!(refused(vec![vec![1.0], vec![1.0, 2.0]], 48_000.0), ResponseError::Uneven(_)));
    for rate in [0.0, 3_999.0, 800_000.0, f64::NAN] {
        assert!(matches!(refused(vec![vec![1.0]], rate), ResponseError::Rate { .. }), "{rate}");
    }
    let said = refused(vec![vec![1.0; 3], vec![1.0, f32::NAN, 1.0]], 48_000.0).to_string();
    assert!(said.contains("sample 1 of channel 2") && said.contains("NaN"), "{said}");
    let said = refused(vec![vec![1.0; 4_000 * 31]], 4_000.0).to_string();
    assert!(said.contains("31.0 s") && said.contains("30 s"), "{said}");
}

fn build(folder: &Path, text: &str) -> Result<(), String> {
    let path = folder.join("chain.yaml");
    std::fs::write(&path, text).unwrap();
    Document::load(&path).and_then(|d| d.build()).map(drop).map_err(|e| e.to_string())
}

/// Files beside the document, and what is said of those that are of no use.
#[test]
fn documents_name_responses() {
    let folder = tempfile::tempdir().unwrap();
    let file =
        |name: &str, samples: &[f32]| write_wav(&folder.path().join(name), &[samples], 48_000).unwrap();
    file("good.wav", &speaker(48_000.0));
    file("silent.wav", &[0.0; 50]);
    file("long.wav", &vec![0.1; 48_000 * 31]);
    file("nan.wav", &[0.1, f32::NAN]);
    write_wav(&folder.path().join("many.wav"), &[[0.5f32; 9]; 6], 48_000).unwrap();
    std::fs::write(folder.path().join("text.wav"), "nothing").unwrap();
    for cabinet in ["closed_4x12", "Open 1x12", "open_2x12"] {
        build(folder.path(), &format!("chain: [cabinet: {{ response: {cabinet} }}]")).unwrap();
    }
    let good = "chain:\n  - cabinet: { response: good.wav, trim: true, gain_db: -3 }\n  - convolution: { response: good.wav, mix: 0.4 }\n  - reverb: { decay: 2 }\n";
    build(folder.path(), good).unwrap();
    for kind in ["cabinet", "convolution"] {
        build(folder.path(), &format!("chain: [{kind}: {{ response: open_2x12 }}]")).unwrap();
        let said =
            build(folder.path(), &format!("chain: [{kind}: {{ response: closed_4x13 }}]")).unwrap_err();
        let named = ["closed_4x13", "no such file"].into_iter().chain(CABINETS.iter().map(|c| c.id));
        assert!(named.clone().all(|name| said.contains(name)), "{said}");
        for (name, what) in [
            ("silent", "silent"),
            ("long", "31.0 s"),
            ("nan", "NaN"),
            ("many", "6 channels"),
            ("text", "text.wav"),
            ("missing", "missing.wav"),
        ] {
            let said =
                build(folder.path(), &format!("chain: [{kind}: {{ response: {name}.wav }}]")).unwrap_err();
            assert!(said.contains(what) && said.contains(&format!("{name}.wav")), "{said}");
        }
        let said =
            build(folder.path(), &format!("chain: [{kind}: {{ response: good.wav, mix: 2 }}]")).unwrap_err();
        assert!(said.contains("mix is 2") && said.contains("0 to 1"), "{said}");
        let said =
            build(folder.path(), &format!("chain: [{kind}: {{ response: good.wav, wet: 1 }}]")).unwrap_err();
        assert!(said.contains("wet"), "{said}");
    }
    let said = build(folder.path(), "chain: [reverb: { decay: 0 }]").unwrap_err();
    assert!(said.contains("decay is 0") && said.contains("0.1 to 20 s"), "{said}");
}

/// At other rates than its own, and never wild.
fn plays(response: &Response, name: &str) {
    for rate in [44_100.0, 96_000.0] {
        let mut cabinet = Cabinet::new(response.clone(), true).unwrap();
        prepare(&mut cabinet, rate, 1, 512);
        let answer = play(&mut cabinet, &[noise(20_000, 1)], 512);
        assert!(answer[0].iter().all(|x| x.is_finite() && x.abs() < 50.0), "{name}");
        assert!(energy(&answer[0]) > 100.0, "{name} is silent");
    }
}

#[test]
fn the_loudspeakers_that_come_along_play() {
    for cabinet in CABINETS {
        plays(&cabinet.load().unwrap(), cabinet.id);
    }
}

/// Real responses, which lie outside of the repository (`docs/data.md`); where they are missing this says that it skips.
#[test]
fn recorded_responses_play() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/ir");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not there; docs/data.md tells what belongs there", folder.display());
        return;
    };
    for file in files {
        let path = file.unwrap().path();
        plays(&Response::load(&path).unwrap(), &path.display().to_string());
    }
}
