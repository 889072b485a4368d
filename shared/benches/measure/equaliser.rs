//! The word EQ: a block of stereo on the audio thread, and the parts of an analysis beside it.

use crate::figure::Figure;
use crate::options::Effort;
use crate::subject::RATE_HZ;
use crate::support::signal;
use shared::word_eq::{
    Controls, EqModel, EqSettings, Features, Mode, Monitor, Networks, OnnxNetworks, Polish, WordEq,
    analysis_samples, wanted,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// What it is called among the models.
pub const NAME: &str = "word_eq";
/// Samples in a block of the audio thread.
const BLOCK: usize = 64;
/// Networks in whole numbers, if the trainer left them beside the others.
const INT8: [&str; 2] = ["encoder_int8.onnx", "decoder_int8.onnx"];

/// Measures all of it and prints the figures.
///
/// # Errors
/// The networks that come with Tonewright cannot be run.
pub fn measure(effort: Effort) -> Result<(), String> {
    let model = EqModel::factory().map_err(|e| e.to_string())?;
    blocks(&model, effort);
    analysis(&model, effort)
}

/// Blocks on the audio thread while the listener listens.
fn blocks(model: &Arc<EqModel>, effort: Effort) {
    let word = Controls { amount: 0.7, freeze: true, ..Controls::NEUTRAL };
    for (name, controls, gliding) in [
        ("neutral", Controls::NEUTRAL, false),
        ("steady", word, false),
        ("gliding", word, true),
        ("steady, level match", Controls { level_match: true, ..word }, false),
    ] {
        let mut eq = WordEq::new(Some(Arc::clone(model)), Arc::new(Monitor::default()));
        eq.prepare(RATE_HZ, 2, Mode::Listener);
        let sound = signal(BLOCK, 1);
        let mut out = [sound.clone(), sound.clone()];
        let mut count = 0u32;
        let mut block = || {
            count += 1;
            let mut controls = controls;
            if gliding {
                // To and fro before anything arrives.
                let sign = if (count / 32).is_multiple_of(2) { 1.0 } else { -1.0 };
                controls.bands[1].gain_offset_db = 4.0 * sign;
                controls.bands[3].frequency_offset_octaves = 0.3 * sign;
            }
            let [left, right] = &mut out;
            left.copy_from_slice(&sound);
            right.copy_from_slice(&sound);
            eq.process(&mut [left, right], &controls);
        };
        // Until what glides at the beginning has arrived.
        (0..5_000).for_each(|_| block());
        print(&format!("stereo, {name}"), BLOCK, effort, block);
    }
}

/// What the listener does every 2048 samples.
fn analysis(model: &Arc<EqModel>, effort: Effort) -> Result<(), String> {
    let samples = analysis_samples(RATE_HZ);
    let sound = signal(2 * samples, 1);
    let mut features = Features::new(RATE_HZ, 2);
    print("features", samples, effort, || {
        features.hear(&sound, 3.0, false);
    });
    let values = features.values();
    let controls = Controls { amount: 0.7, ..Controls::NEUTRAL };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/words");
    let int8: Option<Vec<_>> = INT8.iter().map(|name| std::fs::read(folder.join(name)).ok()).collect();
    let int8 = int8.map(|mut files| {
        let decoder = files.pop().unwrap_or_default();
        EqModel { encoder: files.pop().unwrap_or_default(), decoder, ..EqModel::clone(model) }
    });
    let float = read(&folder).map(|[encoder, decoder]| EqModel { encoder, decoder, ..EqModel::clone(model) });
    for (kind, model) in [("fp32", &float), ("int8", &int8)] {
        let Some(model) = model else {
            eprintln!("{NAME}: {kind} is left out, its files are not in assets/words");
            continue;
        };
        let mut networks = OnnxNetworks::new(model).map_err(|e| e.to_string())?;
        let mut heard = networks.encode(&values).map_err(|e| e.to_string())?;
        print(&format!("encoder, {kind}"), samples, effort, || {
            heard = networks.encode(&values).unwrap_or(heard);
        });
        let curve = wanted(&model.table, &controls, Some(&heard));
        let mut settings = networks.decode(&curve).map_err(|e| e.to_string())?;
        print(&format!("decoder, {kind}"), samples, effort, || {
            settings = networks.decode(&curve).unwrap_or(settings);
        });
        if kind == "fp32" {
            let mut asked = curve;
            print("rule", samples, effort, || asked = wanted(&model.table, &controls, Some(&heard)));
            let (polish, target) = (Polish::default(), model.table.space().curve_db(&asked));
            let guess = EqSettings::from_values(&settings);
            let mut polished = guess;
            print("polish", samples, effort, || polished = polish.polish(&guess, &target));
            std::hint::black_box(polished);
        }
    }
    Ok(())
}

fn read(folder: &Path) -> Option<[Vec<u8>; 2]> {
    let file = |name: &str| std::fs::read(folder.join(name)).ok();
    Some([file("encoder.onnx")?, file("decoder.onnx")?])
}

fn print(engine: &str, block: usize, effort: Effort, mut run: impl FnMut()) {
    // As many as an amp's blocks get, and at least enough for a median.
    let mut times_us = Vec::new();
    let begin = Instant::now();
    let limit_us = effort.turn_us * effort.rounds as f64;
    while times_us.len() < 200 || (begin.elapsed().as_secs_f64() * 1e6 < limit_us && times_us.len() < 20_000)
    {
        let start = Instant::now();
        run();
        times_us.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Figure::new(engine.to_owned(), NAME, block, "hot", &mut times_us).print();
}
