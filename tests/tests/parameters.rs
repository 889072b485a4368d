//! What hosts see of the parameters, set, and put on their controllers.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use nih_plug::prelude::*;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use tests::host::{Parameter, Plugin};
use tests::product;
use tests::rack::{EMPTY, fresh, told};
use tests::sound::{difference, guitar};
use tonewright::amp::Desk;
use tonewright::factory::DEFAULT_SLOT;
use tonewright::params::TonewrightParams;

/// Set to write the golden file anew. Lines may be added to it; sessions and automation hang on those that are there.
const WRITE: &str = "TONEWRIGHT_WRITE_GOLDEN";

/// Another way of listening takes a restart, which is nothing to automate.
const NOT_AUTOMATED: &str = "eq_listen";

fn golden() -> PathBuf {
    product::root().join("tests/golden/parameters.txt")
}

/// A parameter in a line: id, name, unit, least, greatest and usual value, steps.
fn line(id: &str, pointer: ParamPtr) -> String {
    // SAFETY: the parameters outlive this call.
    let (name, unit, usual) = unsafe { (pointer.name(), pointer.unit(), pointer.default_normalized_value()) };
    // SAFETY: as above.
    let plain = |normalised| unsafe { pointer.preview_plain(normalised) };
    // SAFETY: as above.
    let steps = unsafe { pointer.step_count() };
    let steps = steps.map_or_else(|| "-".to_owned(), |steps| steps.to_string());
    let unit = Some(unit.trim()).filter(|unit| !unit.is_empty()).unwrap_or("-");
    // Skewed ranges come back in the last digits of a float.
    let rounded = |value: f32| (f64::from(value) * 1e3).round() / 1e3;
    let (least, greatest, usual) = (rounded(plain(0.0)), rounded(plain(1.0)), rounded(plain(usual)));
    format!("{id}; {name}; {unit}; {least}; {greatest}; {usual}; {steps}")
}

fn lines() -> Vec<String> {
    let params = TonewrightParams::new(&Arc::new(Desk::new(DEFAULT_SLOT)));
    let map = params.param_map();
    map.iter().map(|(id, pointer, _)| line(id, *pointer)).collect()
}

#[test]
fn parameters_stay_what_sessions_and_automation_expect() {
    let now = lines();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(golden(), now.join("\n") + "\n").unwrap();
    }
    let kept = std::fs::read_to_string(golden()).unwrap();
    let kept: Vec<&str> = kept.lines().collect();
    for line in &kept {
        assert!(
            now.iter().any(|n| n == line),
            "\"{line}\" is lost or changed; old sessions need it as it was"
        );
    }
    for line in &now {
        assert!(kept.contains(&line.as_str()), "\"{line}\" is new; {WRITE}=1 adds it to {:?}", golden());
    }
    assert_eq!(now.len(), kept.len(), "a line is there twice");
}

/// The number under which hosts keep automation: Java's hash of the id, as the framework makes it, without its
/// highest bit.
fn number(id: &str) -> u32 {
    id.bytes().fold(0u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())) & !(1 << 31)
}

#[test]
fn hosts_see_the_parameters_that_are_kept() {
    let plugin = fresh();
    let kept = std::fs::read_to_string(golden()).unwrap();
    let by_id: HashMap<u32, &Parameter> = plugin.parameters().iter().map(|p| (p.id, p)).collect();
    assert_eq!(by_id.len(), plugin.parameters().len(), "two parameters have one number");
    assert_eq!(by_id.len(), kept.lines().count());
    for line in kept.lines() {
        let fields: Vec<&str> = line.split("; ").collect();
        let [id, name, _, least, greatest, usual, steps] = fields[..] else { panic!("{line}") };
        let seen = by_id.get(&number(id)).unwrap_or_else(|| panic!("no host sees {line}"));
        assert_eq!(seen.name, name);
        assert_eq!(seen.minimum, 0.0, "{line}");
        assert_eq!(seen.stepped, steps != "-", "{line}");
        assert_eq!(seen.maximum, steps.parse().unwrap_or(1.0), "{line}");
        assert!((seen.minimum..=seen.maximum).contains(&seen.default), "{line}");
        assert_eq!(seen.automatable, id != NOT_AUTOMATED, "{line}");
        assert_eq!(seen.bypass, id == "bypass", "{line}");
        if steps != "-" {
            let number = |text: &str| text.parse::<f64>().unwrap();
            assert_eq!(number(greatest) - number(least), number(steps), "{line}");
            assert!((number(usual) - number(least) - seen.default).abs() < 1e-3, "{line}");
        }
    }
}

#[test]
fn names_differ_and_values_have_units() {
    let mut plugin = fresh();
    let parameters = plugin.parameters().to_vec();
    let names: HashSet<String> = parameters.iter().map(|p| p.name.to_lowercase()).collect();
    assert_eq!(names.len(), parameters.len());
    // A number without a unit says nothing, but for a slot, which has a name.
    let mut bare = Vec::new();
    for parameter in &parameters {
        assert_eq!(plugin.value(&parameter.name).unwrap(), parameter.default, "{parameter:?}");
        let text = plugin.text(&parameter.name, parameter.default).unwrap();
        assert!(!text.trim().is_empty(), "{parameter:?}");
        if text.trim().trim_start_matches(['+', '-']).parse::<f64>().is_ok() {
            bare.push(format!("{}: {text}", parameter.name));
        }
    }
    assert_eq!(bare, Vec::<String>::new());
}

/// Values of a parameter from one end to the other: all steps, or as many as tell enough.
fn grid(parameter: &Parameter) -> Vec<f64> {
    let range = parameter.maximum - parameter.minimum;
    let steps = if parameter.stepped { range.min(200.0) } else { 100.0 };
    let at = |i: usize| parameter.minimum + i as f64 * range / steps;
    let whole = |value: f64| if parameter.stepped { value.round() } else { value };
    (0..=steps as usize).map(|i| whole(at(i))).collect()
}

#[test]
fn what_is_shown_can_be_typed() {
    let mut plugin = fresh();
    let mut faults = Vec::new();
    for parameter in plugin.parameters().to_vec() {
        for value in grid(&parameter) {
            let shown = plugin.text(&parameter.name, value).unwrap();
            let Ok(read) = plugin.read_text(&parameter.name, &shown) else {
                faults.push(format!("{}: {value} is \"{shown}\", which is not read", parameter.name));
                continue;
            };
            let again = plugin.text(&parameter.name, read).unwrap();
            // The framework keeps steps as shares in 32 bits. What is shown in few digits stands for a range.
            let far = (read - value).abs() > if parameter.stepped { 1e-3 } else { 0.1 };
            if again != shown || far || !(parameter.minimum..=parameter.maximum).contains(&read) {
                faults.push(format!("{}: {value} is \"{shown}\", {read}, \"{again}\"", parameter.name));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn nonsense_is_not_read_as_a_value() {
    let mut plugin = fresh();
    for parameter in plugin.parameters().to_vec() {
        let long = "9".repeat(5_000);
        for text in ["", " ", "nan", "inf", "-inf", "dB", "😀", "1e999", "--3", long.as_str()] {
            if let Ok(read) = plugin.read_text(&parameter.name, text) {
                let range = parameter.minimum..=parameter.maximum;
                assert!(range.contains(&read), "{}: \"{text:.20}\" is read as {read}", parameter.name);
            }
        }
    }
}

/// Whether it is no setting, but what a foot controller steps through presets and files by.
fn is_step(parameter: &Parameter) -> bool {
    ["Next ", "Previous "].iter().any(|way| parameter.name.starts_with(way))
}

/// How far a value may be from what was set: gains snap to a tenth of a dB, and steps are kept as shares in 32 bits.
fn slack(parameter: &Parameter) -> f64 {
    if parameter.stepped { 1e-3 } else { 5e-3 }
}

/// Runs `check` for each parameter, for all settings with one instance, and for each step of a foot switch with a fresh
/// one: a preset that a step leads to is loaded when the loader looks, and sets what the next check has just set.
fn for_each_parameter(block: usize, check: impl Fn(&mut Plugin, usize, &Parameter)) {
    let ready = || {
        let mut plugin = fresh();
        plugin.activate(48_000, block).unwrap();
        plugin
    };
    let mut plugin = ready();
    for (at, parameter) in plugin.parameters().to_vec().iter().enumerate() {
        if is_step(parameter) {
            check(&mut ready(), at, parameter);
        } else {
            check(&mut plugin, at, parameter);
        }
    }
}

#[test]
fn each_parameter_is_set_and_read_back() {
    let input = [vec![0.0; 64], vec![0.0; 64]];
    for_each_parameter(64, |plugin, _, parameter| {
        for value in [parameter.maximum, parameter.minimum, parameter.default] {
            plugin.set(&parameter.name, value).unwrap();
            plugin.play(&input, &[64]).unwrap();
            let read = plugin.value(&parameter.name).unwrap();
            assert!((read - value).abs() <= slack(parameter), "{}: {value} is {read}", parameter.name);
        }
        for value in [f64::NAN, f64::INFINITY, -1e300, 1e300] {
            plugin.set(&parameter.name, value).unwrap();
            plugin.play(&input, &[64]).unwrap();
            let read = plugin.value(&parameter.name).unwrap();
            assert!((parameter.minimum..=parameter.maximum).contains(&read), "{}: {read}", parameter.name);
        }
        plugin.set(&parameter.name, parameter.default).unwrap();
    });
}

/// Numbers between 0 and 1 that look like chance.
fn shares(seed: u64) -> impl Iterator<Item = f64> {
    (0..).map(move |i| ((seed as f64 + 1.0) * 0.754_877 + f64::from(i) * 0.569_840_29).fract())
}

#[test]
fn each_parameter_is_automated_with_every_block_and_inside() {
    let input = vec![guitar(2_048); 2];
    for_each_parameter(256, |plugin, at, parameter| {
        let range = parameter.maximum - parameter.minimum;
        let mut last = 0.0;
        for (i, share) in (0..48).zip(shares(at as u64)) {
            let value = parameter.minimum + share * range;
            last = if parameter.stepped { value.round() } else { value };
            // Eight blocks, and more changes than those: some at a beginning, most inside, some on one sample.
            plugin.set_at(i / 2 * 83, &parameter.name, last).unwrap();
        }
        let played = plugin.play(&input, &[256]).unwrap();
        let loudest = played
            .iter()
            .flatten()
            .fold(0.0f32, |peak, x| if x.is_finite() { peak.max(x.abs()) } else { f32::NAN });
        assert!(loudest < 100.0, "{}: {loudest}", parameter.name);
        let read = plugin.value(&parameter.name).unwrap();
        assert!((read - last).abs() <= slack(parameter), "{}: {last} is {read}", parameter.name);
        plugin.set(&parameter.name, parameter.default).unwrap();
        plugin.play(&input[..], &[256]).unwrap();
    });
}

/// A steady signal through nothing but the output's gain, which changes at sample `at`.
fn stepped(plugin: &mut Plugin, at: usize, blocks: &[usize]) -> Vec<f32> {
    let input = vec![vec![0.5f32; 8_192]; 2];
    let (high, low) = (plugin.read_text("Output", "0").unwrap(), plugin.read_text("Output", "-12").unwrap());
    plugin.set("Output", high).unwrap();
    plugin.set_at(at, "Output", low).unwrap();
    plugin.play(&input, blocks).unwrap().swap_remove(0)
}

#[test]
fn a_change_inside_a_block_happens_where_it_is_asked_for() {
    let mut plugin = told(&EMPTY);
    plugin.activate(48_000, 4_096).unwrap();
    let latency = plugin.latency_samples().unwrap();
    let expected = stepped(&mut plugin, 2_500, &[1]);
    for blocks in [&[4_096][..], &[512], &[100, 7, 3_000]] {
        let played = stepped(&mut plugin, 2_500, blocks);
        assert!((played[2_490] - 0.5).abs() < 1e-3, "before, in blocks of {blocks:?}: {}", played[2_490]);
        let there = 2_500 + latency.min(1);
        assert!(played[there + 40] < 0.499, "after, in blocks of {blocks:?}: {}", played[there + 40]);
        assert!((played[8_000] - 0.5 * 10f32.powf(-0.6)).abs() < 1e-3, "in the end: {}", played[8_000]);
        let apart = difference(&played, &expected);
        assert!(apart < 1e-3, "in blocks of {blocks:?}: {apart} from what single samples give");
    }
}

#[test]
fn controllers_reach_what_shapes_the_sound() {
    let mut plugin = fresh();
    let by_id: HashMap<u32, String> = plugin.parameters().iter().map(|p| (p.id, p.name.clone())).collect();
    let pages = plugin.remote_pages().unwrap();
    let mut reached = HashSet::new();
    let mut titles = HashSet::new();
    for page in &pages {
        assert!(!page.section.is_empty() && !page.name.is_empty(), "{page:?}");
        assert!(titles.insert(page.name.clone()), "two pages are called {}", page.name);
        assert!(page.knobs.iter().any(Option::is_some), "{page:?}");
        let mut knobs = HashSet::new();
        for id in page.knobs.iter().flatten() {
            let name = by_id.get(id).unwrap_or_else(|| panic!("{page:?} turns {id}, which is no parameter"));
            assert!(knobs.insert(id), "{name} is there twice on {page:?}");
            reached.insert(name.clone());
        }
    }
    let missing: Vec<&String> = by_id.values().filter(|name| !reached.contains(*name)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "no page turns these");
    // What a player turns while playing comes first.
    let first: Vec<&str> = pages[0].knobs.iter().flatten().map(|id| by_id[id].as_str()).collect();
    let play = ["Input", "Gate threshold", "Bass", "Mid", "Treble", "Presence", "Cabinet blend", "Output"];
    assert_eq!(first, play);
}
