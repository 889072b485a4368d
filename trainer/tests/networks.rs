//! The configs describe the networks they say they do, and libtorch computes what they mean.

mod support;

use shared::model::{Activation, Gating, WaveNetSpec};
use support::{configs, naive, noise, presets, random_weights};
use trainer::config::Config;
use trainer::torch_net::{TorchNet, check_trainable};

#[test]
fn configs_have_the_published_weights_receptive_fields_and_latencies() {
    let expected = [
        ("amp", 7_889, 2_047, 0),
        ("amp_realtime", 4_753, 127, 0),
        ("amp_noncausal", 7_889, 2_047, 1_023),
        ("nam_standard", 13_801, 4_093, 0),
        ("nam_a2", 12_145, 6_347, 0),
        ("demo", 7_889, 2_047, 0),
    ];
    for (name, weights, field, latency) in expected {
        let spec = Config::load(&configs().join(format!("{name}.yaml"))).unwrap().model.spec().unwrap();
        let found = (spec.weight_count(), spec.receptive_field_samples(), spec.lookahead_samples());
        assert_eq!(found, (weights, field, latency), "{name}");
        let text = trainer::session::describe(&spec, 48_000);
        let latency = format!("algorithmic latency {latency} samples");
        assert!(text.contains(&format!("{weights} weights")) && text.contains(&latency), "{text}");
        assert!(text.contains(&format!("receptive field {field} samples = ")), "{text}");
    }
    for (name, spec) in presets() {
        assert_eq!(
            Config::load(&configs().join(format!("{name}.yaml"))).unwrap().model.spec().unwrap(),
            spec
        );
    }
}

#[test]
fn every_factory_config_names_source_and_licence() {
    let mut count = 0;
    for entry in std::fs::read_dir(configs().join("factory")).unwrap() {
        let path = entry.unwrap().path();
        let config = Config::load(&path).unwrap();
        let card = config.card(48_000);
        assert!(!card.source.is_empty() && !card.licence.is_empty(), "{}", path.display());
        count += 1;
    }
    assert_eq!(count, 7);
}

#[test]
fn libtorch_computes_the_definition() {
    support::round_alike();
    let mut specs: Vec<(&str, WaveNetSpec)> = presets().into_iter().collect();
    let mut other = WaveNetSpec::nam_a1(5, 3, &[vec![1, 4], vec![2, 3, 1]]);
    other.arrays[1].head.kernel_size = 4;
    other.arrays[0].head.kernel_size = 3;
    other.arrays[0].layer1x1_groups = None;
    other.arrays[0].layers[1].activation = Activation::Softsign;
    other.head_scale = 0.7;
    specs.push(("two arrays with long heads", other));
    for (name, spec) in specs {
        let weights = random_weights(&spec, 3);
        let input = noise(spec.receptive_field_samples() + 99, 0.5, 4);
        let mut net = TorchNet::new(&spec, tch::Device::Cpu).unwrap();
        net.set_weights(&weights).unwrap();
        let output = net.run(&input).unwrap();
        let expected = naive(&spec, &weights, &input);
        assert_eq!(output.len(), 100, "{name}");
        // Single precision is a matter of the level.
        let peak = expected.iter().fold(1.0f64, |m, y| m.max(y.abs()));
        assert!(expected.iter().any(|y| y.abs() > 1e-3), "{name} is silent");
        for (y, e) in output.iter().zip(&expected) {
            assert!((f64::from(*y) - e).abs() < 1e-5 * peak, "{name}: {y} {e}");
        }
    }
}

#[test]
fn what_cannot_be_trained_is_refused_in_words() {
    let refused = |change: &dyn Fn(&mut WaveNetSpec), word: &str| {
        let mut spec = WaveNetSpec::nam_a1(4, 2, &[vec![1, 2], vec![1, 2]]);
        change(&mut spec);
        let error = check_trainable(&spec).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    refused(&|s| s.arrays[0].layers[1].gating = Gating::Gated { gate: Activation::Sigmoid }, "gated");
    refused(&|s| s.arrays[0].conv_groups = 2, "groups");
    refused(
        &|s| s.arrays[1].layers[0].activation = Activation::Prelu { negative_slopes: vec![0.1] },
        "layer 0 of array 1",
    );
    refused(&|s| s.condition = Some(Box::new(WaveNetSpec::seed(2, 1, 3, true))), "condition");
    refused(&|s| s.arrays[0].layers.clear(), "number of layers");
}
