//! What is refused, and with which words.

use crate::{file, merge, refusal, small, weights, with_array};
use serde_json::{Value, json};
use shared::model::Model;

#[test]
fn what_cannot_be_played_is_refused_by_the_name_of_the_culprit() {
    let top: [(Value, &[&str]); 13] = [
        (json!({ "version": "0.4.0" }), &["version", "`0.4.0`", "0.5.0"]),
        (json!({ "version": "0.8.0" }), &["version", "`0.8.0`", "newer"]),
        (json!({ "version": 7 }), &["version", "7", "a text"]),
        (json!({ "version": null }), &["version", "missing"]),
        (json!({ "architecture": "sequential" }), &["architecture", "`sequential`", "WaveNet"]),
        (json!({ "architecture": null }), &["architecture", "missing"]),
        (json!({ "config": null }), &["config", "missing"]),
        (json!({ "weights": null }), &["weights", "missing"]),
        (json!({ "weights": "none" }), &["weights", "`none`", "a list of numbers"]),
        (json!({ "weights": weights(49) }), &["weights", "50", "49"]),
        (json!({ "weights": weights(51) }), &["weights", "50", "51"]),
        (json!({ "sample_rate": 10 }), &["sample_rate", "10", "8000"]),
        (json!({ "sample_rate": "48k" }), &["sample_rate", "`48k`"]),
    ];
    for (change, words) in top {
        let mut file = small();
        merge(&mut file, change.clone());
        let error = refusal(&file);
        assert!(words.iter().all(|w| error.contains(w)), "{change}: {error}");
    }
    let config: [(Value, &[&str]); 7] = [
        (json!({ "layers": null }), &["config.layers", "missing"]),
        (json!({ "layers": [] }), &["config.layers", "0 values"]),
        (json!({ "head_scale": null }), &["config.head_scale", "missing"]),
        (json!({ "in_channels": 2 }), &["config.in_channels", "2", "one audio channel"]),
        (json!({ "waveshaper": {} }), &["config.waveshaper", "not known", "head_scale"]),
        (json!({ "head": { "channels": 2 } }), &["config.head.activation", "missing"]),
        (json!({ "head": 5 }), &["config.head", "5", "an object"]),
    ];
    for (change, words) in config {
        let mut file = small();
        merge(&mut file["config"], change.clone());
        let error = refusal(&file);
        assert!(words.iter().all(|w| error.contains(w)), "{change}: {error}");
    }
    let array: [(Value, &[&str]); 28] = [
        (json!({ "channels": null }), &["config.layers[0].channels", "missing"]),
        (json!({ "channels": 2.5 }), &["channels", "2.5", "whole number"]),
        (json!({ "channels": -2 }), &["channels", "-2"]),
        (json!({ "channels": 1e300 }), &["channels", "1e300", "whole number"]),
        (json!({ "channels": 0 }), &["channels of array 0 is 0"]),
        (json!({ "channels": 100_000 }), &["channels of array 0 is 100000", "512"]),
        (json!({ "input_size": 2 }), &["layers[0].input_size", "2", "1"]),
        (json!({ "condition_size": 2 }), &["layers[0].condition_size", "2", "1"]),
        (json!({ "head_size": null }), &["layers[0].head", "head_size"]),
        (json!({ "head_bias": null }), &["layers[0].head_bias", "missing"]),
        (json!({ "head_bias": 1 }), &["layers[0].head_bias", "true or false"]),
        (json!({ "kernel_size": null }), &["layers[0].kernel_size", "missing"]),
        (json!({ "kernel_sizes": [3, 3] }), &["layers[0].kernel_sizes", "only one"]),
        (json!({ "kernel_size": null, "kernel_sizes": [3] }), &["kernel_sizes", "1 values", "2"]),
        (json!({ "kernel_size": 0 }), &["kernel size of layer 0 of array 0 is 0"]),
        (json!({ "dilations": [] }), &["layers[0].dilations", "0 values"]),
        (json!({ "dilations": [1, 99_999_999] }), &["dilation of layer 1 of array 0 is 99999999"]),
        (json!({ "activation": "Softsigmoid" }), &["layers[0].activation", "`Softsigmoid`", "Tanh"]),
        (json!({ "activation": "Fasttanh" }), &["layers[0].activation", "approximation of Tanh"]),
        (
            json!({ "activation": { "type": "Hardtanh", "max_val": 0.5 } }),
            &["activation.max_val: it is 0.5", "from -1 to 1"],
        ),
        (json!({ "activation": ["Tanh"] }), &["layers[0].activation", "1 values"]),
        (json!({ "activation": { "type": "Tanh", "gain": 2 } }), &["activation.gain", "not known"]),
        (
            json!({ "activation": { "type": "PReLU", "negative_slopes": [0.1, 0.1, 0.1] } }),
            &["3 slopes for 2 channels"],
        ),
        (json!({ "gating_mode": "swapped" }), &["layers[0].gating_mode", "`swapped`"]),
        (json!({ "groups_input": 3 }), &["3 groups do not divide 2 channels"]),
        (json!({ "layer1x1": { "groups": 1 } }), &["layers[0].layer1x1.active", "missing"]),
        (json!({ "conv_pre_film": true }), &["layers[0].conv_pre_film", "true"]),
        (json!({ "oversampling": 2 }), &["layers[0].oversampling", "not known"]),
    ];
    for (change, words) in array {
        let error = refusal(&with_array(change.clone(), 50));
        assert!(words.iter().all(|w| error.contains(w)), "{change}: {error}");
    }
}

#[test]
fn weights_that_are_no_numbers_are_refused_by_the_name_of_their_tensor() {
    let text = small().to_string();
    let at = text.find(r#""weights":["#).unwrap() + r#""weights":["#.len();
    let end = at + text[at..].find(',').unwrap();
    for (number, word) in
        [("NaN", "NaN"), ("-Infinity", "Infinity"), ("1e39", "out of range"), ("1e999", "out of range")]
    {
        let changed = format!("{}{number}{}", &text[..at], &text[end..]);
        let error = Model::from_nam(changed.as_bytes(), "").unwrap_err().to_string();
        assert!(error.contains(word), "{number}: {error}");
    }
    let twice = text.replacen(r#""version""#, r#""version":"0.5.0","version""#, 1);
    assert!(
        Model::from_nam(twice.as_bytes(), "").unwrap_err().to_string().contains("`version` appears twice")
    );
}

#[test]
fn hostile_files_are_refused_soon() {
    let many_layers = with_array(json!({ "dilations": vec![1; 100_000] }), 50);
    assert!(refusal(&many_layers).contains("dilations"), "{}", refusal(&many_layers));
    let mut many_arrays = small();
    many_arrays["config"]["layers"] = json!(vec![small()["config"]["layers"][0].clone(); 1_000]);
    assert!(
        refusal(&many_arrays).contains("config.layers: it holds 1000 values"),
        "{}",
        refusal(&many_arrays)
    );
    let slopes = json!({ "type": "PReLU", "negative_slopes": vec![0.1; 100_000] });
    assert!(refusal(&with_array(json!({ "activation": slopes }), 50)).contains("negative_slopes"));
    let heavy = with_array(json!({ "channels": 512, "kernel_size": 4096 }), 50);
    assert!(refusal(&heavy).contains("number of"), "{}", refusal(&heavy));
    let containers = (0..60).fold(small(), |model, _| {
        file("SlimmableContainer", json!({ "submodels": [{ "max_value": 1, "model": model }] }), vec![])
    });
    assert!(refusal(&containers).contains("nesting") || refusal(&containers).contains("recursion"));
    for text in ["", "{", "[]", "null", "{}", "\u{feff}", r#"{"version":"0.5.4"}"#] {
        assert!(Model::from_nam(text.as_bytes(), "").is_err(), "{text}");
    }
    let deep = format!(r#"{{"metadata":{}"#, "[".repeat(1 << 20));
    assert!(Model::from_nam(deep.as_bytes(), "").unwrap_err().to_string().contains("recursion"));
    let many = format!(r#"{{"metadata":[{}0]}}"#, "{},".repeat(1 << 20));
    assert!(Model::from_nam(many.as_bytes(), "").unwrap_err().to_string().contains("more than"));
    let truncated = small().to_string();
    for end in 0..truncated.len() {
        assert!(Model::from_nam(&truncated.as_bytes()[..end], "").is_err(), "cut at {end}");
    }
}
