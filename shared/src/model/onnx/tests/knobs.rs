//! Knobs in the graph, turned by whoever runs it.

use super::super::proto::ModelProto;
use super::super::write::parametric_graph;
use crate::engine::{self, EngineChoice};
use crate::model::{Card, Knob, Model, Network, Parametric, ParametricSpec, WaveNetSpec};
use prost::Message;

fn parametric() -> Parametric {
    let knob = |name: &str, default| Knob { name: name.into(), lowest: 0.0, highest: 10.0, default };
    let network = WaveNetSpec::seed(4, 3, 3, true);
    let spec = ParametricSpec { network, knobs: vec![knob("Gain", 5.0), knob("Tone", 2.5)], features: 3 };
    let weights = (0..spec.weight_count()).map(|i| 0.5 * (i as f32 * 0.37).sin()).collect();
    Parametric::new(spec, weights).unwrap()
}

fn played(model: &Model, choice: EngineChoice) -> Vec<f32> {
    let mut engine = engine::build(model, choice).unwrap();
    engine.prepare(48_000.0, 256).unwrap();
    let input: Vec<f32> = (0..256).map(|i| 0.5 * (i as f32 * 0.11).sin()).collect();
    let mut output = vec![0.0; input.len()];
    engine.process(&input, &mut output);
    output
}

/// A file in which the knobs' state is a constant: a graph that nobody but ONNX Runtime can run.
fn turned(net: &Parametric, settings: &[f32]) -> Model {
    let model = Model { card: Card::default(), network: Network::Parametric(net.clone()) };
    let mut file = ModelProto::decode(model.to_onnx().as_slice()).unwrap();
    let graph = file.graph.as_mut().unwrap();
    graph.input.retain(|input| input.name.as_deref() != Some("state_knobs"));
    graph.output.retain(|output| output.name.as_deref() != Some("state_knobs_out"));
    graph.node.retain(|node| node.output != ["state_knobs_out"]);
    let turns: Vec<f32> = net.spec().turns(settings).collect();
    graph.add_floats("state_knobs", &[1, turns.len()], &turns);
    let model = Model::from_onnx(&file.encode_to_vec(), "turned").unwrap();
    assert!(matches!(model.network, Network::Graph(_)));
    model
}

#[test]
fn what_is_turned_in_the_graph_plays_as_the_network_at_that_setting() {
    let net = parametric();
    let mut heard: Vec<Vec<f32>> = Vec::new();
    for settings in [[5.0, 2.5], [0.0, 0.0], [10.0, 0.0], [2.0, 10.0], [7.5, 6.0]] {
        let plain = Model { card: Card::default(), network: Network::WaveNet(net.at(&settings)) };
        let native = played(&plain, EngineChoice::Native);
        let graph = played(&turned(&net, &settings), EngineChoice::OnnxRuntime);
        let apart = native.iter().zip(&graph).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(apart <= 1e-5, "{settings:?}: {apart:e}");
        let differs = |other: &Vec<f32>| other.iter().zip(&native).any(|(a, b)| (a - b).abs() > 1e-3);
        assert!(heard.iter().all(differs), "{settings:?} sounds as another setting");
        heard.push(native);
    }
}

#[test]
fn the_state_is_given_back_as_it_is() {
    let graph = parametric_graph(&parametric());
    let node = graph.node.iter().find(|node| node.output == ["state_knobs_out"]).unwrap();
    assert_eq!(
        (node.op_type.as_deref(), &node.input[..]),
        (Some("Identity"), &["state_knobs".to_owned()][..])
    );
}
