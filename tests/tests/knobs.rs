//! A model's own knobs, turned by a host.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

#[path = "../../shared/tests/support/two_knobs.rs"]
mod two_knobs;

use std::path::{Path, PathBuf};
use tests::host::Plugin;
use tests::product;
use tests::rack::{AMP_ALONE, asking_for, fresh, tell};
use tests::sound::{difference, guitar, peak, sine};
use two_knobs::two_knobs;

const RATE_HZ: u32 = 48_000;
const TONE_HZ: f32 = 110.0;

/// Length of the blocks.
const BLOCK: usize = 256;

fn saved(folder: &Path) -> PathBuf {
    let path = folder.join("two knobs.onnx");
    two_knobs().save(&path).unwrap();
    path
}

/// The amp alone, offline.
fn opened(session: &[u8]) -> Plugin {
    let mut plugin = fresh();
    plugin.restore(session).unwrap();
    plugin.set_offline(true).unwrap();
    tell(&mut plugin, &AMP_ALONE).unwrap();
    plugin.activate(RATE_HZ, BLOCK).unwrap();
    plugin
}

fn played(plugin: &mut Plugin) -> Vec<f32> {
    let input = vec![guitar(12_000); 2];
    plugin.play(&input, &[BLOCK]).unwrap();
    plugin.play(&input, &[BLOCK]).unwrap().swap_remove(0)
}

/// What the program makes of the file at a setting, played as any other model.
fn converted(file: &Path, settings: &[&str]) -> Vec<f32> {
    let fixed = file.with_file_name("fixed.onnx");
    let mut arguments = vec!["convert", "--overwrite"];
    let (from, to) = (file.display().to_string(), fixed.display().to_string());
    arguments.extend([from.as_str(), to.as_str()]);
    settings.iter().for_each(|setting| arguments.extend(["--knob", setting]));
    let made = product::tonewright(arguments);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    played(&mut opened(&asking_for(&fixed)))
}

#[test]
fn a_knob_is_named_typed_heard_and_saved() {
    let folder = tempfile::tempdir().unwrap();
    let file = saved(folder.path());
    let mut plugin = opened(&asking_for(&file));
    assert_eq!(plugin.text("Amp knob 1", 0.5).unwrap(), "Gain: 4.0");
    assert_eq!(plugin.text("Amp knob 2", 1.0).unwrap(), "Tone: 10.0");
    assert_eq!(plugin.text("Amp knob 3", 0.25).unwrap(), "25.0 %", "it turns nothing");
    let usual = played(&mut plugin);
    assert!(peak(&usual) > 1e-3 && difference(&usual, &converted(&file, &[])) <= 1e-6);

    tell(&mut plugin, &[("Amp knob 1", "7"), ("Amp knob 2", "Tone: 2.5"), ("Amp knob 8", "90 %")]).unwrap();
    let turned = played(&mut plugin);
    let expected = converted(&file, &["Gain=7", "Tone=2.5"]);
    let apart = difference(&turned, &expected);
    assert!(apart <= 1e-6, "{apart} from what `tonewright convert --knob` makes");
    assert!(difference(&turned, &usual) > 1e-2, "the knobs are not heard");

    let session = plugin.save().unwrap();
    let mut again = opened(&session);
    assert!(difference(&played(&mut again), &expected) <= 1e-6, "a session comes back with its knobs");
    assert_eq!(plugin.value("Amp knob 8").unwrap(), again.value("Amp knob 8").unwrap());

    // An amp without knobs takes no notice, and back at this one they are where they were.
    let seed = plugin.read_text("Model", "virtual_seed").unwrap();
    plugin.set("Model", seed).unwrap();
    let plain = played(&mut plugin);
    assert_eq!(plugin.text("Amp knob 1", 0.75).unwrap(), "75.0 %");
    plugin.set("Amp knob 1", 0.0).unwrap();
    assert!(difference(&played(&mut plugin), &plain) <= 1e-6, "a knob that is not there is heard");
}

/// Plays a tone while both knobs are swept all the way, and gives it from when it sounds.
fn swept(session: &[u8], turns: bool) -> Vec<f32> {
    let mut plugin = opened(session);
    let tone = sine(f64::from(TONE_HZ), 0.1, RATE_HZ, 96_000);
    if turns {
        for step in 0..900 {
            let share = f64::from(step) / 900.0;
            // At samples where no block begins, as hosts automate.
            let at = 2_000 + 100 * step as usize + 7;
            plugin.set_at(at, "Amp knob 1", share).unwrap();
            plugin.set_at(at, "Amp knob 2", 1.0 - share).unwrap();
        }
    }
    plugin.play(&[tone.clone(), tone], &[BLOCK]).unwrap().swap_remove(0)
}

#[test]
fn a_bounce_with_turning_knobs_is_smooth_and_repeatable() {
    let folder = tempfile::tempdir().unwrap();
    let session = asking_for(&saved(folder.path()));
    let (first, second) = (swept(&session, true), swept(&session, true));
    assert!(first == second, "{} apart", difference(&first, &second));
    let step = |signal: &[f32]| signal[1_000..].windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    let still = swept(&session, false);
    assert!(first.iter().all(|x| x.is_finite()) && difference(&first, &still) > 1e-2, "the knobs are heard");
    // Where the settings let most of the tone through it is as steep as a sine that fills the range. A setting's share of the
    // range, a hundredth and more, would be one step without a fade.
    let ends = [f32::min, f32::max].map(|end| first[1_000..].iter().copied().reduce(end).unwrap());
    let (turning, resting, range) = (step(&first), step(&still), ends[1] - ends[0]);
    let steepest = std::f32::consts::PI * TONE_HZ / RATE_HZ as f32 * range;
    assert!(turning < 1.5 * steepest, "{turning} while turning, {resting} at rest, {range} in all");
}
