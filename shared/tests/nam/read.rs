//! What is read, and as what.

use crate::support::signal;
use crate::*;
use serde_json::{Value, json};
use shared::model::nam::Version;
use shared::model::{Activation, Gating, HeadSource, Residual};

#[test]
fn the_small_file_is_what_its_weights_say() {
    assert_eq!(SMALL_WEIGHTS, 50);
    let file = small();
    let net = wavenet(&file);
    assert_eq!(net.weights(), &weights(50)[..49]);
    assert_eq!(net.spec().head_scale, weights(50)[49], "the last weight stands in for the config's scale");
    assert_eq!(net.spec().arrays[0].head.source, HeadSource::SkipSum);
    assert_eq!(net.spec().receptive_field_samples(), 7);
}

#[test]
fn old_and_new_spellings_mean_the_same() {
    let old = wavenet(&small());
    let inactive = json!({ "active": false, "shift": true, "groups": 1 });
    let mut new = json!({
        "head_size": null, "head_bias": null, "kernel_size": null, "gated": null,
        "head": { "out_channels": 1, "kernel_size": 1, "bias": true },
        "kernel_sizes": [3, 3],
        "activation": [{ "type": "Tanh" }, "Tanh"],
        "bottleneck": 2,
        "head1x1": { "active": false, "out_channels": 1, "groups": 1 },
        "layer1x1": { "active": true, "groups": 1 },
        "groups_input": 1, "groups_input_mixin": 1,
        "gating_mode": ["none", "none"],
        "secondary_activation": ["", ""],
        "conv_post_film": false,
    });
    for key in ["conv_pre_film", "activation_post_film", "head1x1_post_film", "input_mixin_pre_film"] {
        new[key] = inactive.clone();
    }
    let mut file = with_array(new, 50);
    assert!(wavenet(&file) == old);
    // Wrapped, with remarks, and with a key that says nothing.
    file["notes"] = json!(["what this is"]);
    file["config"]["head"] = Value::Null;
    file["config"]["in_channels"] = json!(1);
    let config = file["config"].take();
    file["config"] = json!({ "model": config });
    assert!(wavenet(&file) == old);
    // A byte order mark and spaces, as some editors leave them.
    let text = format!("\u{feff} \n {file}");
    assert!(
        matches!(Model::from_nam(text.as_bytes(), "").unwrap().network, Network::WaveNet(net) if net == old)
    );
}

#[test]
fn gating_comes_in_three_spellings() {
    // The convolution and the mixin give twice the rows.
    let n = 2 + 2 * (3 * 8 + 4 + 4 + 4 + 2) + 3 + 1;
    let gated = wavenet(&with_array(json!({ "gated": true }), n));
    assert_eq!(gated.spec().arrays[0].layers[1].gating, Gating::Gated { gate: Activation::Sigmoid });
    let mode = json!({ "gated": null, "gating_mode": "gated" });
    assert!(wavenet(&with_array(mode, n)) == gated);
    let list = json!({
        "gated": null,
        "gating_mode": ["gated", "blended"],
        "secondary_activation": ["Sigmoid", { "type": "LeakyHardtanh", "max_val": 0.5 }],
    });
    let layers = only_array(&with_array(list, n)).layers;
    assert_eq!(layers[0], gated.spec().arrays[0].layers[0]);
    let blend = Activation::LeakyHardtanh { min: -1.0, max: 0.5, min_slope: 0.01, max_slope: 0.01 };
    assert_eq!(layers[1].gating, Gating::Blended { blend });
}

#[test]
fn activations_go_by_the_formats_names() {
    let prelu = |slopes: &[f32]| Activation::Prelu { negative_slopes: slopes.to_vec() };
    let leaky = |negative_slope| Activation::LeakyRelu { negative_slope };
    let hard = |max_slope| Activation::LeakyHardtanh { min: -1.0, max: 1.0, min_slope: 0.01, max_slope };
    for (written, meant) in [
        (json!("Tanh"), Activation::Tanh),
        (json!("Sigmoid"), Activation::Sigmoid),
        (json!("ReLU"), Activation::Relu),
        (json!("SiLU"), Activation::Silu),
        (json!({ "type": "Hardtanh" }), Activation::Hardtanh),
        // As the trainer writes it.
        (json!({ "type": "Hardtanh", "min_val": -1.0, "max_val": 1.0 }), Activation::Hardtanh),
        (json!("Hardswish"), Activation::Hardswish),
        (json!("Softsign"), Activation::Softsign),
        (json!("LeakyReLU"), leaky(0.01)),
        (json!({ "type": "LeakyReLU", "negative_slope": 0.25 }), leaky(0.25)),
        (json!("PReLU"), prelu(&[0.01])),
        (json!({ "type": "PReLU", "negative_slope": 0.5 }), prelu(&[0.5])),
        (json!({ "type": "PReLU", "negative_slopes": [0.5, 0.25] }), prelu(&[0.5, 0.25])),
        (json!("LeakyHardTanh"), hard(0.01)),
        (json!({ "type": "LeakyHardtanh", "max_slope": 0.5 }), hard(0.5)),
    ] {
        let array = only_array(&with_array(json!({ "activation": written }), 50));
        assert_eq!(array.layers[0].activation, meant);
    }
}

#[test]
fn sizes_groups_and_heads_are_read_where_the_format_keeps_them() {
    let changes = json!({
        "channels": 4, "bottleneck": 2, "groups_input": 2, "groups_input_mixin": 1,
        "kernel_size": null, "kernel_sizes": [2, 5],
        "layer1x1": { "active": true, "groups": 2 },
        "head1x1": { "active": true, "out_channels": 6, "groups": 2 },
        "head_size": null, "head_bias": null,
        "head": { "out_channels": 3, "kernel_size": 2, "bias": false, "head_dilation": 7 },
    });
    let layer = |taps: usize| 2 * 2 * taps + 2 + 2 + 4 + 4 + 6 + 6;
    let n = 4 + layer(2) + layer(5) + 3 * 6 * 2 + (5 * 3 * 2 + 5) + (5 + 1) + 1;
    let mut file = with_array(changes, n);
    file["config"]["head"] = json!({
        "channels": 5, "out_channels": 1, "kernel_sizes": [2, 1], "activation": "ReLU", "in_channels": 3,
    });
    let net = wavenet(&file);
    let array = &net.spec().arrays[0];
    assert_eq!((array.bottleneck, array.conv_groups, array.layer1x1_groups), (2, 2, Some(2)));
    assert_eq!(array.head1x1.map(|h| (h.channels, h.groups)), Some((6, 2)));
    assert_eq!((array.head.channels, array.head.kernel_size, array.head.dilation), (3, 2, 7));
    assert_eq!(net.spec().post_head.as_ref().unwrap().kernel_sizes, [2, 1]);
    let model = read(&file).unwrap();
    let input = signal(2_000, 1);
    let native = render(&model, EngineChoice::Native, &input);
    assert_close("grouped", &native, &render(&model, EngineChoice::OnnxRuntime, &input), 1e-5);
}

#[test]
fn a_layer_without_1x1_keeps_the_hidden_signal() {
    let array = only_array(&with_array(json!({ "layer1x1": { "active": false, "groups": 1 } }), 50 - 12));
    assert_eq!((array.layer1x1_groups, array.residual), (None, Residual::Keep));
}

#[test]
fn modulations_are_read_by_their_slots() {
    for (i, (key, rows)) in [
        ("conv_pre_film", 2),
        ("conv_post_film", 2),
        ("input_mixin_pre_film", 1),
        ("input_mixin_post_film", 2),
        ("activation_pre_film", 2),
        ("activation_post_film", 2),
    ]
    .into_iter()
    .enumerate()
    {
        for (film, factor) in [(json!({}), 2), (json!({ "active": true, "shift": false, "groups": 1 }), 1)] {
            // A weight and a bias for every row, in each of two layers.
            let file = with_array(json!({ key: film }), 50 + 2 * 2 * rows * factor);
            let array = only_array(&file);
            let films = array.films;
            let slots = [
                films.conv_pre,
                films.conv_post,
                films.mixin_pre,
                films.mixin_post,
                films.activation_pre,
                films.activation_post,
            ];
            assert_eq!(slots[i].map(|f| f.shift), Some(factor == 2), "{key}");
            assert_eq!(slots.iter().flatten().count(), 1, "{key}");
        }
    }
}

#[test]
fn the_modulation_after_a_1x1_counts_in_blended_layers_only() {
    // Its weights are there in every layer: two rows, scale and shift, a weight and a bias each.
    let film = json!({ "layer1x1_post_film": { "active": true, "shift": true, "groups": 1 } });
    let all = weights(50 + 2 * 8);
    let file = with_array(film, all.len());
    let net = wavenet(&file);
    assert!(net.spec().arrays[0].films.layer1x1_post.is_none());
    // Input 2, then layers of 22 weights, each followed by the 8 that are dropped.
    let expected: Vec<f32> = [&all[..24], &all[32..54], &all[62..65]].concat();
    assert_eq!(net.weights(), expected);

    let mixed = json!({
        "layer1x1_post_film": {}, "gated": null, "gating_mode": ["blended", "gated"],
    });
    let layer = 3 * 8 + 4 + 4 + 4 + 2;
    let all = weights(2 + 2 * (layer + 8) + 3 + 1);
    let net = wavenet(&with_array(mixed, all.len()));
    assert!(net.spec().arrays[0].films.layer1x1_post.is_some());
    assert_eq!(net.weights()[..2 + layer + 8], all[..2 + layer + 8]);
    let idle = &net.weights()[2 + 2 * layer + 8..2 + 2 * (layer + 8)];
    assert_eq!(idle, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn conditions_are_networks_with_weights_of_their_own() {
    let mut inner = small();
    inner["config"]["layers"][0]["head_size"] = json!(3);
    inner["weights"] = json!(weights(50 + 6));
    let mut outer = small();
    outer["config"]["layers"][0]["condition_size"] = json!(3);
    outer["config"]["condition_dsp"] = inner.clone();
    outer["weights"] = json!(weights(50 + 2 * 2 * 2));
    let net = wavenet(&outer);
    let condition = net.spec().condition.as_ref().unwrap();
    assert_eq!(condition.head_scale, weights(56)[55]);
    assert_eq!(net.weights(), [&weights(56)[..55], &weights(58)[..57]].concat());

    let mut lstm = outer.clone();
    lstm["config"]["condition_dsp"]["architecture"] = json!("LSTM");
    assert!(refusal(&lstm).contains("config.condition_dsp: ") && refusal(&lstm).contains("kind LSTM;"));
    let mut other_rate = outer.clone();
    other_rate["config"]["condition_dsp"]["sample_rate"] = json!(44_100);
    assert!(refusal(&other_rate).contains("config.condition_dsp.sample_rate"), "{}", refusal(&other_rate));
    let mut short = outer.clone();
    short["config"]["condition_dsp"]["weights"] = json!(weights(55));
    let error = refusal(&short);
    assert!(error.contains("config.condition_dsp.weights") && error.contains("56") && error.contains("55"));
    let mut two_rows = outer;
    two_rows["config"]["layers"][0]["condition_size"] = json!(2);
    assert!(refusal(&two_rows).contains("config.layers[0].condition_size: it is 2"));
    // Outermost, it would have three outputs.
    assert!(refusal(&inner).contains("output channels"), "{}", refusal(&inner));
    // A chain of conditions ends.
    let mut deep = small();
    for _ in 0..40 {
        let mut next = small();
        next["config"]["condition_dsp"] = deep;
        deep = next;
    }
    assert!(refusal(&deep).contains("nesting"), "{}", refusal(&deep));
}

#[test]
fn an_lstm_warms_up_as_long_as_the_reference_does() {
    let config = json!({ "input_size": 1, "hidden_size": 3, "num_layers": 2 });
    let n = (12 * 4 + 12 + 6) + (12 * 6 + 12 + 6) + 3 + 1;
    let mut lstm = file("LSTM", config, weights(n));
    for (rate, samples) in
        [(json!(48_000), 24_000), (json!(44_100), 22_050), (json!(-1), 64), (Value::Null, 64)]
    {
        lstm["sample_rate"] = rate;
        let model = read(&lstm).unwrap();
        assert_eq!(model.warm_up_samples(), Some(samples));
        let back = Model::from_nam(&model.to_nam(Version::V0_5_4).unwrap(), "a file").unwrap();
        assert!(back == model, "{samples}");
    }
    lstm["weights"] = json!(weights(n + 1));
    assert!(refusal(&lstm).starts_with("weights: "), "{}", refusal(&lstm));
    lstm["config"]["input_size"] = json!(2);
    assert!(refusal(&lstm).starts_with("config.input_size: it is 2"), "{}", refusal(&lstm));
}

#[test]
fn impulse_responses_begin_with_the_present() {
    let config = json!({ "receptive_field": 3, "bias": true, "implementation": "fft" });
    let linear = file("Linear", config, vec![1.0, 0.5, 0.25, 0.125]);
    let model = read(&linear).unwrap();
    let Network::Linear(response) = &model.network else { panic!() };
    assert_eq!((response.impulse_response(), response.bias()), (&[1.0, 0.5, 0.25][..], 0.125));
    for version in [Version::V0_5_4, Version::V0_7_0] {
        assert!(Model::from_nam(&model.to_nam(version).unwrap(), "a file").unwrap() == model);
    }
    let mut long = linear.clone();
    long["config"]["receptive_field"] = json!(2_000_000_000u32);
    assert!(refusal(&long).contains("receptive_field is 2000000000"), "{}", refusal(&long));
    let mut unbiased = linear;
    unbiased["config"]["bias"] = json!(false);
    assert!(refusal(&unbiased).starts_with("weights: "));
}

/// A ConvNet computed sample by sample, as its definition says.
fn convnet_by_hand(weights: &[f32], dilations: &[usize], normalised: bool, input: &[f32]) -> Vec<f32> {
    const N: usize = 2;
    let mut rest = weights.iter().map(|&w| f64::from(w));
    let mut take = |n: usize| -> Vec<f64> { rest.by_ref().take(n).collect() };
    // Silence long enough that the beginning is settled.
    const BEFORE: usize = 64;
    let mut rows: Vec<Vec<f64>> =
        vec![std::iter::repeat_n(0.0, BEFORE).chain(input.iter().map(|&x| f64::from(x))).collect()];
    for &d in dilations {
        let conv = take(N * rows.len() * 2);
        let (scale, bias): (Vec<f64>, Vec<f64>) = if normalised {
            let (mean, variance, weight, bias, epsilon) = (take(N), take(N), take(N), take(N), take(1)[0]);
            let scale: Vec<f64> = (0..N).map(|i| weight[i] / (epsilon + variance[i]).sqrt()).collect();
            (scale.clone(), (0..N).map(|i| bias[i] - scale[i] * mean[i]).collect())
        } else {
            (vec![1.0; N], take(N))
        };
        let out = |o: usize, t: usize| -> f64 {
            let sum: f64 = rows
                .iter()
                .enumerate()
                .map(|(i, row)| {
                    let w = &conv[(o * rows.len() + i) * 2..];
                    w[1] * row[t] + if t >= d { w[0] * row[t - d] } else { w[0] * row[0] }
                })
                .sum();
            (scale[o] * sum + bias[o]).tanh()
        };
        let length = rows[0].len();
        rows = (0..N).map(|o| (0..length).map(|t| out(o, t)).collect()).collect();
    }
    let (head, bias) = (take(N), take(1)[0]);
    assert!(rest.next().is_none(), "all weights are used");
    (BEFORE..rows[0].len()).map(|t| (head[0] * rows[0][t] + head[1] * rows[1][t] + bias) as f32).collect()
}

#[test]
fn convnets_are_played_with_and_without_batch_normalisation() {
    let dilations = [1, 2, 5];
    let input = signal(1_000, 3);
    for normalised in [false, true] {
        let after = if normalised { 9 } else { 2 };
        let n = (4 + after) + 2 * (8 + after) + 3;
        let mut values = weights(n);
        if normalised {
            // Variances and epsilons are positive.
            for at in [4 + 2, 4 + 3, 4 + 8, 13 + 8 + 2, 13 + 8 + 3, 13 + 16, 30 + 8 + 2, 30 + 8 + 3, 30 + 16]
            {
                values[at] = values[at].abs() + 0.1;
            }
        }
        let config = json!({
            "channels": 2, "dilations": dilations, "batchnorm": normalised, "activation": "Tanh",
        });
        let model = read(&file("ConvNet", config, values.clone())).unwrap();
        let expected = convnet_by_hand(&values, &dilations, normalised, &input);
        for choice in [EngineChoice::Native, EngineChoice::OnnxRuntime] {
            assert_close("ConvNet", &render(&model, choice, &input), &expected, 2e-6);
        }
        for version in [Version::V0_5_4, Version::V0_7_0] {
            let bytes = model.to_nam(version).unwrap();
            assert!(String::from_utf8_lossy(&bytes).contains(r#""architecture":"ConvNet""#));
            assert!(Model::from_nam(&bytes, "a file").unwrap() == model);
        }
    }
    let config = json!({ "channels": 1, "dilations": [1], "batchnorm": true, "activation": "Tanh" });
    let error = refusal(&file("ConvNet", config.clone(), vec![1.0, 1.0, 0.0, -1.0, 1.0, 0.0, 0.1, 1.0, 0.0]));
    assert!(error.contains("variance of channel 0"), "{error}");
    let mut grouped = config;
    grouped["groups"] = json!(2);
    assert!(refusal(&file("ConvNet", grouped, vec![])).starts_with("config.groups"));
}

#[test]
fn a_slimmable_wavenet_is_cut_where_the_reference_cuts_it() {
    let slimmable = json!({ "method": "slice_channels_uniform", "kwargs": { "allowed_channels": [1, 2] } });
    let file = with_array(json!({ "slimmable": slimmable }), 50);
    let model = read(&file).unwrap();
    let Network::Slimmable(sizes) = &model.network else { panic!() };
    let belows: Vec<f64> = sizes.sizes().iter().map(|s| s.below).collect();
    assert_eq!(belows, [0.5, 1.0]);
    let full = wavenet(&small());
    assert!(matches!(sizes.at_quality(0.5), Network::WaveNet(net) if *net == full));
    assert!(matches!(sizes.at_quality(1.0), Network::WaveNet(net) if *net == full));
    let Network::WaveNet(half) = sizes.at_quality(0.499) else { panic!() };
    // The first row and column of everything.
    let w = weights(50);
    let mut expected = vec![w[0]];
    for layer in [2, 24] {
        let l = &w[layer..];
        expected.extend([l[0], l[1], l[2], l[12], l[14], l[16], l[20]]);
    }
    expected.extend([w[46], w[48]]);
    assert_eq!(half.weights(), expected);
    assert_eq!(half.spec().arrays[0].channels, 1);

    let implied = with_array(json!({ "slimmable": { "method": "slice_channels_uniform" } }), 50);
    assert!(read(&implied).unwrap() == model);
    let written = Model::from_nam(&model.to_nam(Version::V0_7_0).unwrap(), "a file").unwrap();
    assert!(written == model);
    let error = model.to_nam(Version::V0_5_4).unwrap_err().to_string();
    assert!(error.contains("0.7.0"), "{error}");

    for (kwargs, word) in [
        (json!({ "allowed_channels": [2, 1] }), "allowed_channels"),
        (json!({ "allowed_channels": [1] }), "2 channels"),
        (json!({ "allowed_channels": [0, 2] }), "ascend"),
        (json!({ "boost": 1 }), "kwargs.boost"),
    ] {
        let slimmable = json!({ "method": "slice_channels_uniform", "kwargs": kwargs });
        let error = refusal(&with_array(json!({ "slimmable": slimmable }), 50));
        assert!(error.contains(word), "{error}");
    }
    let error = refusal(&with_array(json!({ "slimmable": { "method": "magic" } }), 50));
    assert!(error.contains("`magic`"), "{error}");
}

/// An array that is blended in one layer only and modulated after every 1x1, with its weights.
fn partly_blended(channels: usize, weights: &[f32], slimmable: bool) -> Value {
    let mut array = json!({
        "channels": channels, "gated": null, "gating_mode": ["none", "blended"], "head_bias": false,
        "layer1x1_post_film": { "active": true, "shift": true, "groups": 1 },
    });
    if slimmable {
        array["slimmable"] = json!({ "method": "slice_channels_uniform" });
    }
    let mut file = with_array(array, 0);
    file["weights"] = json!(weights);
    file
}

#[test]
fn the_modulation_of_a_smaller_size_is_cut_before_it_is_settled() {
    // Tensors of one array, row by row: the first of their rows and columns are a network too.
    let shapes = |n: usize| {
        let layer = |factor: usize| {
            [[factor * n, 3 * n], [factor * n, 1], [factor * n, 1], [n, n], [n, 1], [2 * n, 1], [2 * n, 1]]
        };
        [vec![[n, 1]], layer(1).to_vec(), layer(2).to_vec(), vec![[1, n]]].concat()
    };
    let mut full = Vec::new();
    let mut half = Vec::new();
    let total: usize = shapes(2).iter().map(|[rows, columns]| rows * columns).sum();
    let all = weights(total + 1);
    for ([rows, columns], [fewer_rows, fewer_columns]) in shapes(2).into_iter().zip(shapes(1)) {
        let tensor = &all[full.len()..full.len() + rows * columns];
        full.extend_from_slice(tensor);
        for row in tensor.chunks(columns).take(fewer_rows) {
            half.extend_from_slice(&row[..fewer_columns]);
        }
    }
    full.push(all[total]);
    half.push(all[total]);
    let model = read(&partly_blended(2, &full, true)).unwrap();
    let alone = |n, weights: &[f32]| wavenet(&partly_blended(n, weights, false));
    assert!(*model.network.at_quality(1.0) == Network::WaveNet(alone(2, &full)));
    assert!(*model.network.at_quality(0.0) == Network::WaveNet(alone(1, &half)));
}

#[test]
fn what_cannot_be_cut_is_played_at_its_full_size() {
    let slopes = json!({ "type": "PReLU", "negative_slopes": [0.5, 0.25] });
    for (change, count) in [(json!({ "groups_input": 2 }), 50 - 2 * 6), (json!({ "activation": slopes }), 50)]
    {
        let plain = with_array(change, count);
        let mut slimmable = plain.clone();
        slimmable["config"]["layers"][0]["slimmable"] = json!({ "method": "slice_channels_uniform" });
        assert!(wavenet(&slimmable) == wavenet(&plain));
    }
}

#[test]
fn a_file_runs_at_the_rate_that_its_networks_agree_on() {
    let linear = |rate: Value| {
        let mut linear = file("Linear", json!({ "receptive_field": 1, "bias": false }), vec![1.0]);
        linear["sample_rate"] = rate;
        linear
    };
    let container = |inner: [Value; 2]| {
        let [small, large] = inner;
        let submodels = json!([{ "max_value": 0.5, "model": small }, { "max_value": 1, "model": large }]);
        let mut container = file("SlimmableContainer", json!({ "submodels": submodels }), vec![]);
        container["sample_rate"] = Value::Null;
        container
    };
    let rate_hz = |file: &Value| read(file).unwrap().card.sample_rate_hz;
    for inner in [[json!(44_100), json!(44_100)], [json!(44_100), json!(-1)], [Value::Null, json!(44_100)]] {
        assert_eq!(rate_hz(&container(inner.map(linear))), 44_100.0);
    }
    assert_eq!(rate_hz(&container([Value::Null, Value::Null].map(linear))), 48_000.0);
    let mixed = container([json!(44_100), json!(48_000)].map(linear));
    let error = refusal(&mixed);
    assert!(
        error.contains("submodels[1].model.sample_rate: it is 48000") && error.contains("44100"),
        "{error}"
    );

    let mut conditioned = small();
    conditioned["sample_rate"] = Value::Null;
    conditioned["config"]["condition_dsp"] = small();
    conditioned["config"]["condition_dsp"]["sample_rate"] = json!(44_100);
    assert_eq!(rate_hz(&conditioned), 44_100.0);
    // Two networks further in, with none that says a rate between.
    let mut outermost = small();
    outermost["config"]["condition_dsp"] = conditioned;
    outermost["config"]["condition_dsp"]["sample_rate"] = Value::Null;
    assert!(refusal(&outermost).contains("another network of the file has 48000"), "{}", refusal(&outermost));
}

#[test]
fn every_size_has_a_loudness_of_its_own() {
    let mut sizes = [0.5, 1.0]
        .map(|gain: f32| file("Linear", json!({ "receptive_field": 1, "bias": false }), vec![gain]));
    sizes[0]["metadata"] = json!({ "loudness": -24.5 });
    let [small, large] = sizes;
    let submodels = json!([{ "max_value": 0.5, "model": small }, { "max_value": 1, "model": large }]);
    let mut container = file("SlimmableContainer", json!({ "submodels": submodels }), vec![]);
    container["metadata"] = json!({ "loudness": -26.5, "training": { "validation_esr": 0.25 } });
    let model = read(&container).unwrap();
    let measured = |model: &Model, quality| {
        let card = model.at_quality(quality).card;
        (card.loudness_dbfs, card.esr)
    };
    let back = Model::from_nam(&model.to_nam(Version::V0_7_0).unwrap(), "a file").unwrap();
    for model in [&model, &back] {
        assert_eq!(measured(model, 0.0), (Some(-24.5), None));
        assert_eq!(measured(model, 1.0), (Some(-26.5), Some(0.25)));
    }
    assert!(back == model);
    // What nobody measured is not claimed.
    container["config"]["submodels"][0]["model"]["metadata"] = Value::Null;
    assert_eq!(measured(&read(&container).unwrap(), 0.0), (None, None));
}

#[test]
fn a_container_holds_models_for_ranges_of_quality() {
    let linear = |gain: f32| file("Linear", json!({ "receptive_field": 1, "bias": false }), vec![gain]);
    let container = |submodels: Value| file("SlimmableContainer", json!({ "submodels": submodels }), vec![]);
    let nested = with_array(json!({ "slimmable": { "method": "slice_channels_uniform" } }), 50);
    let file = container(json!([
        { "max_value": 0.3, "model": linear(0.5) },
        { "max_value": 1.0, "model": nested },
    ]));
    let model = read(&file).unwrap();
    let Network::Slimmable(sizes) = &model.network else { panic!() };
    assert!(matches!(sizes.at_quality(0.29), Network::Linear(l) if l.impulse_response() == [0.5]));
    assert!(matches!(sizes.at_quality(0.3), Network::WaveNet(net) if *net == wavenet(&small())));
    assert!(Model::from_nam(&model.to_nam(Version::V0_7_0).unwrap(), "a file").unwrap() == model);

    let mut other_rate = linear(1.0);
    other_rate["sample_rate"] = json!(96_000);
    for (submodels, word) in [
        (json!([]), "config.submodels"),
        (json!([{ "max_value": 0.5, "model": linear(1.0) }]), "before 1"),
        (
            json!([{ "max_value": 1, "model": linear(1.0) }, { "max_value": 1, "model": linear(1.0) }]),
            "ascend",
        ),
        (
            json!([{ "max_value": 1.5, "model": linear(1.0) }, { "max_value": 2, "model": linear(1.0) }]),
            "ends at quality 1.5",
        ),
        (
            json!([{ "max_value": 0, "model": linear(1.0) }, { "max_value": 1, "model": linear(1.0) }]),
            "ends at quality 0;",
        ),
        (json!([{ "max_value": 1, "model": other_rate }]), "submodels[0].model.sample_rate"),
        (json!([{ "max_value": 1, "model": linear(1.0), "gain": 2 }]), "submodels[0].gain"),
        (json!([{ "model": linear(1.0) }]), "max_value"),
    ] {
        let error = refusal(&container(submodels));
        assert!(error.contains(word), "{error}");
    }
    let mut weighted = file;
    weighted["weights"] = json!([1.0]);
    assert!(refusal(&weighted).starts_with("weights: the architecture has 0"), "{}", refusal(&weighted));
}

#[test]
fn metadata_of_all_ages_fill_the_card() {
    let mut file = small();
    assert_eq!(read(&file).unwrap().card.name, "a file");
    file["sample_rate"] = Value::Null;
    assert_eq!(read(&file).unwrap().card.sample_rate_hz, 48_000.0);
    file["sample_rate"] = json!(44_100.0);
    file["metadata"] = json!({
        "date": { "year": 2024, "month": 1, "day": 20, "hour": 19, "minute": 34, "second": 16 },
        "loudness": -18.5, "gain": 0.6, "name": " Obsidian ", "modeled_by": "Somebody",
        "gear_type": "amp", "gear_make": "Omega", "gear_model": "Obsidian", "tone_type": "hi_gain",
        "input_level_dbu": 18.25, "output_level_dbu": null,
        "training": { "settings": { "ignore_checks": true }, "validation_esr": 0.0125 },
        "something": { "else": [1, 2, 3] },
    });
    let card = read(&file).unwrap().card;
    assert_eq!((card.name.as_str(), card.author.as_str()), ("Obsidian", "Somebody"));
    assert_eq!(card.gear, "Omega Obsidian (amp, hi gain)");
    assert_eq!(card.source, "Neural Amp Modeler capture of 2024-01-20");
    assert_eq!((card.loudness_dbfs, card.input_level_dbu), (Some(-18.5), Some(18.25)));
    assert_eq!((card.output_level_dbu, card.esr, card.sample_rate_hz), (None, Some(0.0125), 44_100.0));

    let mut model = read(&file).unwrap();
    model.card.licence = "CC0".into();
    let back = Model::from_nam(&model.to_nam(Version::V0_5_4).unwrap(), "").unwrap();
    assert_eq!(back.card, model.card);

    file["metadata"] = json!([]);
    assert!(refusal(&file).contains("metadata"), "{}", refusal(&file));
    // What does not change the network does no harm.
    file["metadata"] = json!({ "loudness": -350, "input_level_dbu": 1e9, "output_level_dbu": "loud" });
    let card = read(&file).unwrap().card;
    assert_eq!((card.loudness_dbfs, card.input_level_dbu, card.output_level_dbu), (None, None, None));
    file["metadata"] = json!({ "weights": ["kg"], "scales": { "weights": { "unit": "lb" } } });
    assert!(read(&file).is_ok());
    file["metadata"] = json!({ "loudness": "<1>", "gain": "<2>", "training": { "validation_esr": "<3>" } });
    let text = file.to_string().replace(r#""<1>""#, "NaN").replace(r#""<2>""#, "-Infinity");
    let card = Model::from_nam(text.replace(r#""<3>""#, "Infinity").as_bytes(), "").unwrap().card;
    assert_eq!((card.loudness_dbfs, card.esr), (None, None));
    file["metadata"] = json!({ "name": 5, "gear_make": "é".repeat(5_000), "date": "today" });
    assert_eq!(read(&file).unwrap().card.name, "a file");
}
