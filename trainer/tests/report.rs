//! The report is one well-formed page that needs nothing else, says what was measured, and keeps hostile texts texts.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use base64::Engine as _;
use roxmltree::{Document, Node, ParsingOptions};
use shared::model::{Card, Model, WaveNetSpec};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use support::desk::Desk;
use trainer::config::{Config, Origin};
use trainer::data::Pair;
use trainer::finding::{Finding, Verdict};
use trainer::history::Point;
use trainer::progress::Progress;
use trainer::report::{self, Measures, Subject};
use trainer::session::{self, Begin};

const HOSTILE: &str = "</style></script><script>alert(1)</script><img src=\"https://evil.example/x\" onerror='x'>&amp;\0\u{202e}";

/// Three seconds of decaying bursts of noise, and a model's answer to them that is 1 % off.
fn pair(model: &Model) -> Pair {
    let noise = support::noise(144_000, 0.5, 7);
    let bursts = noise.iter().enumerate().map(|(i, x)| x * (-2.0 * (i as f32 / 48_000.0) % 1.0).exp());
    let input: Vec<f32> = bursts.collect();
    let mut player = report::Player::new(model).unwrap();
    let target = player.play(&input, 0..input.len()).iter().map(|y| y * 1.01).collect();
    Pair { input, target, rate_hz: 48_000 }
}

fn model() -> Model {
    let mut model = support::random_model(&WaveNetSpec::seed(4, 3, 3, true), 1);
    model.card = Card {
        name: HOSTILE.into(),
        gear: HOSTILE.into(),
        author: HOSTILE.into(),
        source: "x".repeat(4000),
        licence: "MIT".into(),
        ..model.card
    };
    model
}

fn history() -> Vec<Point> {
    let point = |i: u32| Point {
        step: u64::from(i) * 100,
        seconds: f64::from(i),
        loss: 1.0 / f64::from(i),
        train_esr: 0.5 / f64::from(i),
        esr: if i == 7 { f64::NAN } else { 0.7 / f64::from(i) },
        learning_rate: 1e-3,
        samples_per_second: 1e6,
    };
    (1..5000).map(point).collect()
}

fn findings() -> Vec<Finding> {
    let finding = |verdict, check: &str| Finding {
        check: check.into(),
        verdict,
        figure: format!("9 samples {HOSTILE}"),
        advice: "nothing to do".into(),
    };
    let mut all = vec![finding(Verdict::Fine, "length"), finding(Verdict::Warning, "hum")];
    all.extend((0..300).map(|_| finding(Verdict::Mended, "delay")));
    all
}

/// Writes a page with all that can be on one, as hostile and as long as it may be.
fn full_page(folder: &Path) -> (String, Measures) {
    let model = model();
    let pair = pair(&model);
    let origin = Origin { text: HOSTILE.repeat(10_000).into(), command: HOSTILE.into() };
    let run = [("Device".to_owned(), HOSTILE.to_owned())];
    let path = folder.join(report::FILE_NAME);
    let measures = report::write(
        &Subject {
            model: &model,
            settings: &[],
            model_path: Path::new(HOSTILE),
            measured: &pair,
            measured_from: 48_000,
            trained: Some(&pair),
            history: &history(),
            findings: &findings(),
            floor_esr: Some(0.00005),
            versions: &[(HOSTILE.to_owned(), 0.01), ("7889 weights".to_owned(), 0.001)],
            run: &run,
            origin: &origin,
        },
        &path,
    )
    .unwrap();
    (std::fs::read_to_string(path).unwrap(), measures)
}

fn parsed(text: &str) -> Document<'_> {
    Document::parse_with_options(text, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() })
        .unwrap()
}

fn with_id<'a>(page: &'a Document<'_>, id: &str) -> Node<'a, 'a> {
    page.descendants().find(|n| n.attribute("id") == Some(id)).unwrap_or_else(|| panic!("no `{id}`"))
}

fn text_of(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|n| n.text()).collect()
}

#[test]
fn the_page_stands_alone_and_hostile_texts_stay_texts() {
    let folder = tempfile::tempdir().unwrap();
    let (text, _) = full_page(folder.path());
    assert!(text.len() < report::MAX_BYTES, "{}", text.len());
    let page = parsed(&text);
    // Two scripts or a foreign picture would have come out of a text.
    let count = |name: &str| {
        page.descendants().filter(|n| n.has_tag_name(("http://www.w3.org/1999/xhtml", name))).count()
    };
    assert_eq!((count("script"), count("style"), count("img"), count("audio")), (1, 1, 0, 3));
    for node in page.descendants() {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on"), "{name}");
            if ["src", "href", "srcset", "action", "data"].contains(&name) {
                assert!(value.starts_with("data:") || value.starts_with('#'), "{name}={:.80}", value);
            }
        }
    }
    assert!(!text.contains("@import") && !text.contains("url("));
    let policy = page.descendants().find(|n| n.attribute("http-equiv").is_some()).unwrap();
    assert!(policy.attribute("content").unwrap().starts_with("default-src 'none'"));
    assert!(text_of(with_id(&page, "card")).contains("<script>alert(1)</script>"), "shown as what it is");
    assert!(!text.contains(['\0', '\u{202e}']));
    // What the page links to is there, and no id twice.
    let ids: Vec<&str> = page.descendants().filter_map(|n| n.attribute("id")).collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "{ids:?}");
    for link in page.descendants().filter_map(|n| n.attribute("href")).filter(|h| h.starts_with('#')) {
        assert!(ids.contains(&&link[1..]), "{link}");
    }
}

#[test]
fn every_part_is_there_with_a_text_for_each_picture() {
    let folder = tempfile::tempdir().unwrap();
    let (text, _) = full_page(folder.path());
    let page = parsed(&text);
    let parts = [
        "listen",
        "waveforms",
        "course",
        "spectrum",
        "levels",
        "bands",
        "spectrogram",
        "harmonics",
        "checks",
        "card",
        "made",
    ];
    for id in parts {
        assert!(text_of(with_id(&page, id)).len() > 40, "`{id}` is empty");
    }
    for id in [
        "moment-worst",
        "moment-median",
        "moment-best",
        "course-plot",
        "spectrum-plot",
        "heat-target",
        "heat-error",
        "harmonics-plot",
        "sweep-plot",
    ] {
        let figure = with_id(&page, id);
        let svg = figure.children().find(|n| n.attribute("role") == Some("img")).unwrap();
        let texts: Vec<_> = svg.attribute("aria-labelledby").unwrap().split(' ').collect();
        assert!(texts.iter().all(|id| text_of(with_id(&page, id)).len() > 5), "{id}: {texts:?}");
        let drawn = svg
            .descendants()
            .filter(|n| n.tag_name().name() == "image" || n.attribute("class").is_some_and(|c| c != "grid"));
        assert!(drawn.count() > 0, "{id}");
    }
    let checks = text_of(with_id(&page, "checks"));
    // What is serious comes first, and what is too much is counted.
    assert!(checks.find("Warning: hum").unwrap() < checks.find("Mended: delay").unwrap());
    assert!(checks.contains("And 202 more"), "{checks:.200}");
}

#[test]
fn the_figures_are_those_that_were_measured() {
    let folder = tempfile::tempdir().unwrap();
    let (text, measures) = full_page(folder.path());
    let page = parsed(&text);
    let number = |id: &str| text_of(with_id(&page, id)).parse::<f64>().unwrap();
    // A target of 1.01 times the output.
    let expected = (0.01f64 / 1.01).powi(2);
    assert!((measures.distance.esr / expected - 1.0).abs() < 0.01, "{}", measures.distance.esr);
    assert!((number("esr") / measures.distance.esr - 1.0).abs() < 0.006, "{}", number("esr"));
    let (train, seconds) = measures.train.unwrap();
    assert!((number("train-esr") / train - 1.0).abs() < 0.006 && seconds == 3.0, "{train} {seconds}");
    assert!(text_of(with_id(&page, "floor")).contains("0.0000500"));
    // The rows of a table say the same as the measures.
    let rows = |id: &str| -> Vec<Vec<String>> {
        let body = with_id(&page, id).descendants().find(|n| n.tag_name().name() == "tbody").unwrap();
        body.children().map(|row| row.children().map(text_of).collect()).collect()
    };
    let close = |text: &str, value: f64| (text.parse::<f64>().unwrap() / value - 1.0).abs() < 0.006;
    let levels = rows("levels");
    assert_eq!(levels.len(), measures.levels.len());
    for (row, level) in levels.iter().zip(&measures.levels) {
        assert!(close(&row[2], level.esr.unwrap()), "{row:?} {level:?}");
    }
    let seconds: f64 = measures.levels.iter().map(|l| l.seconds).sum();
    assert!((seconds - 2.0).abs() < 1e-6, "{seconds}");
    for (row, band) in rows("bands").iter().zip(&measures.bands) {
        let esr = band.esr.unwrap();
        assert!(close(&row[2], esr) && (esr / expected - 1.0).abs() < 0.02, "{row:?} {band:?}");
    }
    assert!(!measures.bands.is_empty() && !measures.sines.is_empty());
}

#[test]
fn what_is_heard_is_what_was_compared() {
    let folder = tempfile::tempdir().unwrap();
    let (text, measures) = full_page(folder.path());
    let page = parsed(&text);
    let heard = ["target", "model", "dry"].map(|id| {
        let address = with_id(&page, &format!("audio-{id}")).attribute("src").unwrap();
        let data = address.strip_prefix("data:audio/wav;base64,").unwrap();
        let wav = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
        // The page's script reads samples from byte 44 on.
        assert_eq!(wav[36..40], *b"data", "{id}");
        let reader = hound::WavReader::new(&wav[..]).unwrap();
        assert_eq!(reader.spec().sample_rate, 48_000);
        reader.into_samples::<i16>().map(|s| f32::from(s.unwrap()) / 32_767.0).collect::<Vec<_>>()
    });
    assert!(heard.iter().all(|h| h.len() == 96_000), "{:?}", heard.each_ref().map(Vec::len));
    // Equally loud, so the one per cent is gone, and what is left is 16 bits' rounding.
    assert!(trainer::evaluate::esr(&heard[1], &heard[0]) < 1e-6);
    assert!((measures.clip.tracks[1].gain_db - 0.0864).abs() < 0.005, "{}", measures.clip.tracks[1].gain_db);
}

#[test]
fn a_run_ends_with_its_page_and_events_unless_told_not_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = pair(&model());
    pair.target = pair.input.iter().map(|x| 0.4 * (3.0 * x).tanh()).collect();
    support::wav(&folder.path().join("input.wav"), &pair.input, pair.rate_hz);
    support::wav(&folder.path().join("target.wav"), &pair.target, pair.rate_hz);
    let file = folder.path().join("toy.yaml");
    let text = format!(
        "# A comment that the page shows.\n\
         model: {{ seed: {{ channels: 2, blocks: 2 }} }}\n\
         data: {{ pair: {{ input: {0}/input.wav, target: {0}/target.wav, validation_seconds: 1 }} }}\n\
         train: {{ steps: 3, batch: 2, segment_samples: 500, device: cpu, workers: 1 }}\n\
         preview_seconds: 1\n\
         out: {0}/run\n",
        folder.path().display()
    );
    std::fs::write(&file, text).unwrap();
    let mut config = Config::load(&file).unwrap();
    let run = |config: &Config| {
        session::run(config, Begin::Fresh, &AtomicBool::new(false), &mut Progress::silent(), &|_| {}).unwrap()
    };
    let finished = run(&config);
    let text = std::fs::read_to_string(config.out.join("report.html")).unwrap();
    let page = parsed(&text);
    let shown: f64 = text_of(with_id(&page, "esr")).parse().unwrap();
    assert!((shown / finished.distance.esr - 1.0).abs() < 0.006, "{shown} {}", finished.distance.esr);
    assert!(text_of(with_id(&page, "made")).contains("# A comment that the page shows."));
    assert!(text_of(with_id(&page, "course")).contains("3 steps"));
    let names = |config: &Config| -> Vec<String> {
        let entries = std::fs::read_dir(&config.out).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert!(names(&config).iter().any(|n| n.starts_with("events.out.tfevents.")), "{:?}", names(&config));
    assert!(config.out.join("preview/latest.wav").exists());
    config.report = false;
    config.preview_seconds = None;
    config.out = folder.path().join("quiet");
    run(&config);
    let left = names(&config);
    assert!(left.iter().any(|n| n == "quiet.onnx"), "{left:?}");
    let beside = |n: &String| n == "report.html" || n == "preview" || n.starts_with("events");
    assert!(!left.iter().any(beside), "{left:?}");
}

#[test]
fn a_page_of_another_recording_warns_of_it() {
    let desk = Desk::new();
    let model = model();
    let pair = pair(&model);
    model.save(&desk.path("amp.onnx")).unwrap();
    support::wav(&desk.path("in.wav"), &pair.input, pair.rate_hz);
    support::wav(&desk.path("out.wav"), &support::noise(pair.input.len(), 0.3, 77), pair.rate_hz);
    let output = desk.trainer(&["report", "--model", "amp.onnx", "--input", "in.wav", "--target", "out.wav"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("lined up: nothing in the target follows"), "{said}");
    let text = std::fs::read_to_string(desk.path("amp.html")).unwrap();
    let checks = text_of(with_id(&parsed(&text), "checks"));
    assert!(checks.contains("Warning: delay") && checks.contains("same take"), "{checks}");
    assert!(!checks.contains("nothing to do"), "{checks}");
}

#[test]
fn a_page_replaces_neither_recordings_nor_models() {
    let folder = tempfile::tempdir().unwrap();
    let model = model();
    let pair = pair(&model);
    let [file, input, target] = ["amp.onnx", "in.wav", "out.wav"].map(|name| folder.path().join(name));
    model.save(&file).unwrap();
    support::wav(&input, &pair.input, pair.rate_hz);
    support::wav(&target, &pair.target, pair.rate_hz);
    for path in [&file, &input, &target] {
        let before = std::fs::read(path).unwrap();
        let error = report::of_files(&file, &input, &target, Some(path.clone())).unwrap_err().to_string();
        assert!(error.contains("would replace the"), "{error}");
        assert_eq!(std::fs::read(path).unwrap(), before);
    }
    let page = report::of_files(&file, &input, &target, None).unwrap().path;
    assert_eq!(page, folder.path().join("amp.html"));
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(text_of(with_id(&parsed(&text), "course")).contains("known only to the run"));
    // As it was delivered: upside down and 9 samples early.
    let early: Vec<f32> = pair.target[9..].iter().map(|t| -t).collect();
    support::wav(&target, &early, pair.rate_hz);
    let written = report::of_files(&file, &input, &target, None).unwrap();
    assert!(written.measures.distance.esr < 2e-4, "{}", written.measures.distance.esr);
    let text = std::fs::read_to_string(&written.path).unwrap();
    let checks = text_of(with_id(&parsed(&text), "checks"));
    for words in ["Mended: delay", "9 samples later", "upright", "nothing to do"] {
        assert!(checks.contains(words), "{checks}");
    }
    // Another sample rate than the model's.
    support::wav(&input, &pair.input, 44_100);
    support::wav(&target, &pair.target, 44_100);
    let error = report::of_files(&file, &input, &target, None).unwrap_err().to_string();
    assert!(error.contains("44100 Hz") && error.contains("48000 Hz"), "{error}");
}
