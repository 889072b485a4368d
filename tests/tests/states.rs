//! Sessions: what is saved comes back to the byte, and what is no session changes nothing.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::child;
use tests::host::Plugin;
use tests::rack::fresh;
use tests::sound::guitar;

const MIB: usize = 1 << 20;

fn input(frames: usize) -> Vec<Vec<f32>> {
    vec![guitar(frames); 2]
}

/// An instance in which every parameter is somewhere, and none where it was.
fn moved(seed: u64) -> Plugin {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut plugin = fresh();
    plugin.activate(48_000, 256).unwrap();
    for parameter in plugin.parameters().to_vec() {
        // What a foot controller steps through is no setting.
        if parameter.name.starts_with("Next") || parameter.name.starts_with("Previous") {
            continue;
        }
        let value = rng.random_range(parameter.minimum..=parameter.maximum);
        plugin.set(&parameter.name, if parameter.stepped { value.round() } else { value }).unwrap();
    }
    plugin.set("Bypass", 0.0).unwrap();
    plugin.play(&input(256), &[256]).unwrap();
    plugin
}

/// A state as CLAP hands it over: JSON behind its length in eight bytes.
fn framed(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text].concat()
}

fn unframed(state: &[u8]) -> Value {
    serde_json::from_slice(&state[8..]).unwrap()
}

/// What must hold whatever was loaded: values are in range, what is saved can be loaded, and it plays.
fn sane(plugin: &mut Plugin, after: &str) {
    for parameter in plugin.parameters().to_vec() {
        let value = plugin.value(&parameter.name).unwrap();
        assert!(
            (parameter.minimum..=parameter.maximum).contains(&value),
            "{after}: {} is {value}",
            parameter.name
        );
        assert!(!plugin.text(&parameter.name, value).unwrap().is_empty(), "{after}: {}", parameter.name);
    }
    let played = plugin.play(&input(512), &[256]).unwrap();
    assert!(played.iter().flatten().all(|x| x.abs() < 100.0), "{after}: it plays what is no sound");
    let saved = plugin.save().unwrap();
    plugin.restore(&saved).unwrap();
    assert!(plugin.save().unwrap() == saved, "{after}: what it saves does not come back");
}

#[test]
fn a_session_comes_back_to_the_byte() {
    for seed in 0..3 {
        let mut first = moved(seed);
        let saved = first.save().unwrap();
        let (mut second, mut third) = (fresh(), fresh());
        second.restore(&saved).unwrap();
        let again = second.save().unwrap();
        assert!(saved == again, "{}\nis not\n{}", unframed(&saved), unframed(&again));
        third.restore(&again).unwrap();
        third.activate(44_100, 64).unwrap();
        third.play(&input(640), &[64]).unwrap();
        assert!(saved == third.save().unwrap(), "playing changes what is saved");
        for parameter in first.parameters().to_vec() {
            let (a, b) = (first.value(&parameter.name).unwrap(), third.value(&parameter.name).unwrap());
            assert_eq!(a, b, "{}", parameter.name);
        }
    }
}

fn fields(plugin: &mut Plugin) -> Value {
    unframed(&plugin.save().unwrap())["fields"].clone()
}

/// Lets a switch go, presses it, and waits until the loader has done that step. Gives what is saved beside the values then.
fn press(plugin: &mut Plugin, name: &str) -> Value {
    let before = fields(plugin);
    plugin.set(name, 0.0).unwrap();
    plugin.set_at(256, name, 1.0).unwrap();
    plugin.play(&input(512), &[256]).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let after = fields(plugin);
        if after != before {
            return after;
        }
        assert!(Instant::now() < deadline, "no step was made");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_switch_that_was_held_is_no_step() {
    let mut first = fresh();
    first.activate(48_000, 256).unwrap();
    first.play(&input(256), &[256]).unwrap();
    // The framework saves values, so what is held is in the session that a foot stands on.
    let mut held = unframed(&first.save().unwrap());
    for id in ["model_next", "cab_previous", "preset_next"] {
        held["params"][id] = json!({ "bool": true });
    }
    let mut second = fresh();
    second.activate(48_000, 256).unwrap();
    second.restore(&framed(&serde_json::to_vec(&held).unwrap())).unwrap();
    second.play(&input(256), &[256]).unwrap();
    for name in ["Next model", "Previous cabinet", "Next preset"] {
        assert_eq!(second.value(name).unwrap(), 1.0, "{name}");
    }
    // Let go and pressed again, it is one. The loader does what is asked for in rounds: once it has done a second step, it
    // has long done all that the session might have asked for.
    for _ in 0..2 {
        let expected = press(&mut first, "Next model");
        assert_eq!(press(&mut second, "Next model"), expected, "what was held made a step");
    }
}

#[test]
fn a_session_cut_short_changes_nothing() {
    if !child::is_quiet("a_session_cut_short_changes_nothing") {
        return;
    }
    let whole = moved(1).save().unwrap();
    let mut plugin = moved(2);
    let before = plugin.save().unwrap();
    for length in 0..whole.len() {
        assert!(plugin.restore(&whole[..length]).is_err(), "{length} of {} bytes are taken", whole.len());
        assert!(plugin.save().unwrap() == before, "{length} of {} bytes change something", whole.len());
    }
    // A length that promises more or less than there is.
    let text = &whole[8..];
    for length in [0, 1, text.len() / 2, text.len() - 1, text.len() + 1, MIB, usize::MAX >> 1, usize::MAX] {
        let spoiled = [&(length as u64).to_le_bytes()[..], text].concat();
        let refused = plugin.restore(&spoiled).is_err();
        // More than there is may be forgiven where what is there is whole.
        assert!(refused || length > text.len(), "{length} in place of {}", text.len());
        if refused {
            assert!(plugin.save().unwrap() == before, "{length} in place of {}", text.len());
        } else {
            plugin.restore(&before).unwrap();
        }
    }
    plugin.restore(&whole).unwrap();
    assert!(plugin.save().unwrap() == whole);
}

#[test]
fn a_hundred_random_megabytes_change_nothing() {
    if !child::is_quiet("a_hundred_random_megabytes_change_nothing") {
        return;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut plugin = moved(4);
    let before = plugin.save().unwrap();
    let mut left = 100 * MIB;
    while left > 0 {
        // From single bytes to megabytes, as many of each magnitude.
        let length = (1usize << rng.random_range(0..24)).min(left);
        let length = rng.random_range(length.div_ceil(2)..=length);
        let mut bytes = vec![0; length];
        rng.fill_bytes(&mut bytes);
        match rng.random_range(0..4) {
            // As they are, their beginning taken for a length.
            0 => {}
            // Behind their own length.
            1 => bytes = framed(&bytes),
            // Where JSON is expected to go on.
            2 => bytes = framed(&[b"{\"version\":\"0.1.0\",\"params\":{\"input\":", &bytes[..]].concat()),
            // As a text of JSON, which takes it for a string.
            _ => {
                let text: String = bytes.iter().map(|byte| char::from(b' ' + byte % 95)).collect();
                bytes = framed(json!({ "version": text }).to_string().as_bytes());
            }
        }
        assert!(plugin.restore(&bytes).is_err(), "{length} random bytes are taken");
        assert!(plugin.save().unwrap() == before, "{length} random bytes change something");
        left -= length;
    }
    sane(&mut plugin, "random megabytes");
}

#[test]
fn a_session_with_spoiled_bytes_is_refused_or_sane() {
    if !child::is_quiet("a_session_with_spoiled_bytes_is_refused_or_sane") {
        return;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let good = moved(6).save().unwrap();
    let mut plugin = moved(7);
    let (mut taken, mut refused) = (0, 0);
    for round in 0..400 {
        let before = plugin.save().unwrap();
        let mut bad = good.clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(8..bad.len());
            // Mostly what JSON is made of, or numbers would never change into other numbers.
            bad[at] = if rng.random_bool(0.8) {
                *b"0123456789-.e\"[]{},:nullt".get(rng.random_range(0..25)).unwrap()
            } else {
                rng.random()
            };
        }
        if plugin.restore(&bad).is_err() {
            refused += 1;
            assert!(plugin.save().unwrap() == before, "round {round}");
        } else {
            taken += 1;
            if taken % 8 == 0 {
                sane(&mut plugin, &format!("round {round}"));
            }
        }
    }
    assert!(taken > 20 && refused > 20, "{taken} taken, {refused} refused");
}

#[test]
fn a_session_of_a_later_version_keeps_what_is_known() {
    let mut first = moved(8);
    let saved = first.save().unwrap();
    let mut later = unframed(&saved);
    later["version"] = json!("99.1.0");
    later["and more"] = json!({ "of": ["a later", "version"] });
    for (id, value) in [("reverb_mix", json!({ "f32": 0.5 })), ("reverb_kind", json!({ "string": "hall" }))] {
        later["params"][id] = value;
    }
    for (key, value) in [("reverb-file", "{\"path\":\"/rooms/hall.wav\"}"), ("more", "[1,2,{}]")] {
        later["fields"][key] = json!(value);
    }
    // What is known may know more, too.
    later["fields"]["own-file"] = json!("{\"path\":null,\"tags\":[\"new\"]}");
    later["params"]["engine"] = json!({ "string": "quantum" });
    let mut second = fresh();
    second.restore(&framed(&serde_json::to_vec(&later).unwrap())).unwrap();
    for parameter in first.parameters().to_vec() {
        let (a, b) = (first.value(&parameter.name).unwrap(), second.value(&parameter.name).unwrap());
        assert!(parameter.name == "Engine" || a == b, "{}: {a} became {b}", parameter.name);
    }
    second.activate(48_000, 256).unwrap();
    sane(&mut second, "a later version");
}

#[test]
fn what_a_session_does_not_say_is_as_in_a_fresh_instance() {
    let mut plugin = moved(20);
    let saved = unframed(&plugin.save().unwrap());
    let expected = unframed(&fresh().save().unwrap());
    assert_ne!(saved["params"], expected["params"]);
    let empty = json!({ "version": "0.1.0", "params": {}, "fields": {} });
    plugin.restore(&framed(&serde_json::to_vec(&empty).unwrap())).unwrap();
    assert_eq!(unframed(&plugin.save().unwrap()), expected);
}

/// What JSON can hold and no session does.
fn hostile(good: &Value) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let values = [
        "null",
        "1e999",
        "3",
        "[]",
        "{}",
        "\"😀\"",
        "{\"f32\":1e38}",
        "{\"f32\":-1e38}",
        "{\"f32\":1e300}",
        "{\"f32\":1e999}",
        "{\"f32\":null}",
        "{\"f64\":1}",
        "{\"i32\":2147483647}",
        "{\"i32\":-2147483648}",
        "{\"i32\":2147483648}",
        "{\"i32\":0.5}",
        "{\"bool\":true}",
        "{\"bool\":1}",
        "{\"string\":\"\"}",
        "{\"string\":\"nan\"}",
        "{\"string\":{}}",
    ];
    for value in values {
        // The value everywhere at once: what is refused as a whole is tried one by one below.
        let mut text = String::from("{\"version\":\"0.1.0\",\"params\":{");
        let ids: Vec<&String> = good["params"].as_object().unwrap().keys().collect();
        text += &ids.iter().map(|id| format!("\"{id}\":{value}")).collect::<Vec<_>>().join(",");
        all.push((format!("{value} for all parameters"), (text + "},\"fields\":{}}").into_bytes()));
        let mut text = String::from("{\"version\":\"0.1.0\",\"params\":{},\"fields\":{");
        let keys: Vec<&String> = good["fields"].as_object().unwrap().keys().collect();
        let quoted = json!(value).to_string();
        text += &keys.iter().map(|key| format!("\"{key}\":{quoted}")).collect::<Vec<_>>().join(",");
        all.push((format!("{value} in all fields"), (text + "}}").into_bytes()));
        all.push((format!("{value} as a session"), value.into()));
    }
    let with_fields = |fields: Value| {
        json!({ "version": "0.1.0", "params": {}, "fields": fields }).to_string().into_bytes()
    };
    let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
    all.push(("deep brackets".into(), deep(200_000).into_bytes()));
    all.push(("deep braces".into(), "{\"a\":".repeat(200_000).into_bytes()));
    for key in ["own-file", "cab-a-file", "cab-b-file", "eq-learned", "eq-frozen", "window", "page"] {
        all.push((format!("deep brackets in {key}"), with_fields(json!({ key: deep(100_000) }))));
        for inner in [
            "[1e30,-1e30]",
            "[null,null]",
            "{\"path\":7}",
            "{\"path\":[]}",
            "[0.0,0.0]",
            "\"\\u0000\"",
            "[-5,1e38]",
        ] {
            all.push((format!("{inner} in {key}"), with_fields(json!({ key: inner }))));
        }
    }
    // Put together by hand: without optimisations a writer of JSON takes its time for this much.
    let long = "x".repeat(50 * MIB);
    let text = |before: &str, after: &str| [before, &long, after].concat().into_bytes();
    all.push(("50 MiB of version".into(), text("{\"version\":\"", "\",\"params\":{},\"fields\":{}}")));
    let engine = text("{\"version\":\"1\",\"params\":{\"engine\":{\"string\":\"", "\"}},\"fields\":{}}");
    all.push(("50 MiB for the engine".into(), engine));
    let path =
        text("{\"version\":\"1\",\"params\":{},\"fields\":{\"own-file\":\"{\\\"path\\\":\\\"", "\\\"}\"}}");
    all.push(("50 MiB of path".into(), path));
    let long = "x".repeat(MIB);
    for key in ["own-file", "cab-a-file", "eq-learned", "page"] {
        let inner = json!({ "path": long }).to_string();
        all.push((format!("1 MiB of path in {key}"), with_fields(json!({ key: inner }))));
        all.push((format!("1 MiB in {key}"), with_fields(json!({ key: long }))));
    }
    let many: serde_json::Map<String, Value> =
        (0..20_000).map(|i| (format!("p{i}"), json!({ "f32": i }))).collect();
    all.push((
        "20,000 parameters".into(),
        json!({ "version": "1", "params": many, "fields": {} }).to_string().into_bytes(),
    ));
    all
}

#[test]
fn hostile_sessions_are_refused_or_sane() {
    if !child::is_quiet("hostile_sessions_are_refused_or_sane") {
        return;
    }
    let good = moved(9).save().unwrap();
    let mut plugin = moved(10);
    for (what, text) in hostile(&unframed(&good)) {
        plugin.restore(&good).unwrap();
        let before = plugin.save().unwrap();
        if plugin.restore(&framed(&text)).is_err() {
            assert!(plugin.save().unwrap() == before, "{what} is refused and changes something");
        }
        sane(&mut plugin, &what);
    }
    // One by one, for what the framework takes as a whole or not at all.
    for id in unframed(&good)["params"].as_object().unwrap().keys() {
        let numbers =
            [json!({ "f32": -1e38 }), json!({ "f32": 1e38 }), json!({ "i32": -1 }), json!({ "i32": 99_999 })];
        for value in numbers.into_iter().chain([json!({ "string": "?" }), json!({ "bool": true })]) {
            let state = json!({ "version": "0.1.0", "params": { id: value }, "fields": {} });
            let _ = plugin.restore(&framed(&serde_json::to_vec(&state).unwrap()));
            let saved = plugin.save().unwrap();
            plugin.restore(&saved).unwrap();
            assert!(plugin.save().unwrap() == saved, "{id} set to {value} does not come back");
        }
    }
    sane(&mut plugin, "one by one");
    plugin.restore(&good).unwrap();
    assert!(plugin.save().unwrap() == good);
}

#[test]
fn sessions_are_loaded_while_it_plays() {
    let state = |seed| {
        let mut plugin = moved(seed);
        // What is frozen is what it hears, which is another thing each time.
        plugin.set("EQ freeze", 0.0).unwrap();
        plugin.play(&input(256), &[256]).unwrap();
        plugin.save().unwrap()
    };
    let states: Vec<Vec<u8>> = (11..15).map(state).collect();
    let mut plugin = fresh();
    plugin.activate(48_000, 256).unwrap();
    let played = plugin
        .play_live(&input(72_000), &[64, 256, 1], |plugin| {
            for state in states.iter().cycle().take(202) {
                plugin.restore(state)?;
                plugin.save()?;
                plugin.pump();
            }
            Ok(())
        })
        .unwrap();
    assert!(played.iter().flatten().all(|x| x.abs() < 100.0));
    assert!(plugin.save().unwrap() == states[201 % 4]);
    sane(&mut plugin, "many sessions");
}
