mod knobs;

use super::proto::{Dimension, FLOAT, INT64, ModelProto, tensor_value};
use super::*;
use crate::engine::{self, EngineChoice};
use crate::model::{Card, Linear, Lstm, LstmSpec, ModelError, WaveNet, WaveNetSpec};

fn model() -> Model {
    let spec = WaveNetSpec::seed(4, 3, 3, true);
    let weights = (0..spec.weight_count()).map(|i| (i as f32 * 0.37).sin()).collect();
    Model { card: Card::default(), network: Network::WaveNet(WaveNet::new(spec, weights).unwrap()) }
}

fn broken(change: impl FnOnce(&mut ModelProto)) -> String {
    let mut proto = ModelProto::decode(model().to_onnx().as_slice()).unwrap();
    change(&mut proto);
    match Model::from_onnx(&proto.encode_to_vec(), "test") {
        Ok(model) => panic!("accepted as {:?}", model.network),
        Err(error) => error.to_string(),
    }
}

/// An array whose settling would take minutes.
fn wide() -> crate::model::LayerArray {
    let mut array = WaveNetSpec::seed(512, 4, 3, true).arrays.swap_remove(0);
    array.layers[3].dilation = 14_000;
    array
}

fn set_architecture(proto: &mut ModelProto, text: &str) {
    let entry = proto.metadata_props.iter_mut().find(|p| p.key.as_deref() == Some(ARCHITECTURE));
    entry.unwrap().value = Some(text.into());
}

#[test]
fn lies_about_sizes_are_named() {
    let error = broken(|p| {
        let graph = p.graph.as_mut().unwrap();
        let tensor = graph.initializer.iter_mut().find(|t| t.dims.len() == 3).unwrap();
        tensor.raw_data.as_mut().unwrap().truncate(5);
    });
    assert!(error.contains("array0") && error.contains("5 bytes"), "{error}");

    let error = broken(|p| {
        let graph = p.graph.as_mut().unwrap();
        graph.initializer.iter_mut().find(|t| t.dims.len() == 3).unwrap().dims[0] = i64::MAX;
    });
    assert!(error.contains("9223372036854775807"), "{error}");

    let error = broken(|p| {
        let graph = p.graph.as_mut().unwrap();
        graph.initializer.iter_mut().find(|t| t.dims.len() == 3).unwrap().data_type = Some(INT64);
    });
    assert!(error.contains("data type is 7"), "{error}");

    let error = broken(|p| {
        let graph = p.graph.as_mut().unwrap();
        let tensor = graph.initializer.iter_mut().find(|t| t.dims.len() == 3).unwrap();
        tensor.raw_data.as_mut().unwrap()[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    assert!(error.contains("NaN") && error.contains("array0.input.weight"), "{error}");

    let error = broken(|p| {
        p.graph.as_mut().unwrap().initializer.retain(|t| t.name.as_deref() != Some("array0.head.bias"));
    });
    assert!(error.contains("array0.head.bias") && error.contains("does not hold"), "{error}");
}

#[test]
fn impossible_architectures_are_refused_before_anything_is_allocated() {
    let spec = |change: fn(&mut WaveNetSpec)| {
        let mut spec = WaveNetSpec::seed(4, 3, 3, true);
        change(&mut spec);
        serde_json::to_string(&spec).unwrap()
    };
    for (architecture, expected) in [
        (spec(|s| s.arrays[0].channels = 1 << 40), "channels of array 0 is 1099511627776"),
        (spec(|s| s.arrays[0].layers[1].dilation = usize::MAX), "dilation of layer 1"),
        (spec(|s| s.arrays[0].layers[1].kernel_size = 0), "kernel size of layer 1 of array 0 is 0"),
        (spec(|s| s.arrays[0].layers.clear()), "number of layers of array 0 is 0"),
        (spec(|s| s.arrays.clear()), "number of layer arrays is 0"),
        (spec(|s| s.arrays[0].conv_groups = 0), "0 groups"),
        (spec(|s| s.arrays[0].bottleneck = 3), "3 rows of activations to 4 channels"),
        (spec(|s| s.arrays[0].head.channels = 2), "number of output channels is 2"),
        (
            spec(|s| s.arrays[0].head1x1 = Some(crate::model::Head1x1 { channels: 64, groups: 1 })),
            "the head reads the hidden signal",
        ),
        (spec(|s| s.arrays[0] = wide()), "settling the network"),
        (
            "{\"lstm\":{\"layers\":1,\"hidden\":4096,\"warm_up_samples\":0}}".into(),
            "LSTM cells in a layer is 4096",
        ),
        ("{\"lstm\":{\"layers\":0,\"hidden\":4,\"warm_up_samples\":0}}".into(), "LSTM layers is 0"),
        ("{\"lstm\":{\"layers\":1}}".into(), "missing field `hidden`"),
        ("{\"linear\":{\"taps\":1099511627776}}".into(), "impulse response in samples is 1099511627776"),
        ("{\"linear\":{\"taps\":0}}".into(), "impulse response in samples is 0"),
        ("{\"linear\":{\"taps\":3,\"gain\":2}}".into(), "unknown field `gain`"),
        ("[]".into(), "description of a WaveNet"),
        ("{\"causal\":true".into(), "description of a WaveNet"),
        ("[".repeat(100_000), "description of a WaveNet"),
    ] {
        let error = broken(|p| set_architecture(p, &architecture));
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn graphs_off_the_contract_are_told_what_is_missing() {
    let remove_architecture = |p: &mut ModelProto| p.metadata_props.clear();
    let graph_error = |change: fn(&mut GraphProto)| {
        broken(|p| {
            remove_architecture(p);
            change(p.graph.as_mut().unwrap());
        })
    };
    for (change, expected) in [
        (
            (|g| g.input.retain(|i| i.name.as_deref() != Some(AUDIO_IN))) as fn(&mut GraphProto),
            "no input `audio`",
        ),
        (|g| g.output.retain(|i| i.name.as_deref() != Some(AUDIO_OUT)), "no output `audio_out`"),
        (|g| g.output.truncate(2), "has no output"),
        (|g| g.output.push(tensor_value("spare", &[Some(1)])), "outputs for"),
        (|g| g.input[1] = tensor_value("state_array0.layer0.conv", &[Some(1), Some(4), None]), "not fixed"),
        (
            |g| g.input[1] = tensor_value("state_array0.layer0.conv", &[Some(1), Some(4), Some(3)]),
            "its output [1, 4, 2]",
        ),
        (|g| g.input[0] = tensor_value(AUDIO_IN, &[Some(1), Some(2), None]), "[1, 2, ?]"),
        (|g| g.input[0].r#type = None, "not a tensor"),
        (
            |g| {
                let tensor = g.input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
                tensor.elem_type = Some(FLOAT + 10);
            },
            "32 bit floats",
        ),
        (
            |g| {
                let tensor = g.input[1].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
                tensor.shape.as_mut().unwrap().dim[2].value = Some(Dimension::Value(-5));
            },
            "negative dimension",
        ),
        (
            |g| {
                for value in [&mut g.input[1], &mut g.output[1]] {
                    let name = value.name.clone().unwrap();
                    *value = tensor_value(&name, &[Some(1 << 30), Some(1 << 30), Some(1 << 30)]);
                }
            },
            "values of history",
        ),
    ] {
        let error = graph_error(change);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn any_prefix_of_a_file_is_refused() {
    let bytes = model().to_onnx();
    for end in 0..bytes.len() {
        assert!(Model::from_onnx(&bytes[..end], "test").is_err(), "{end} of {} bytes", bytes.len());
    }
}

#[test]
fn other_files_are_refused_as_such() {
    for bytes in [&b""[..], b"RIFF\0\0\0\0WAVE", b"{\"version\": \"0.5.4\"}", &[0xff; 4096]] {
        let error = Model::from_onnx(bytes, "test").unwrap_err();
        assert!(matches!(error, ModelError::NotOnnx(_)), "{error}");
    }
}

#[test]
fn lies_about_other_networks_are_named_too() {
    let spec = LstmSpec { layers: 2, hidden: 3, warm_up_samples: 5 };
    let weights = (0..spec.weight_count()).map(|i| (i as f32 * 0.37).sin()).collect();
    let networks = [
        (Network::Lstm(Lstm::new(spec, weights).unwrap()), "lstm1.hidden_weight"),
        (Network::Linear(Linear::new(vec![0.5, 0.25], 0.0).unwrap()), "linear.weight"),
    ];
    for (network, tensor) in networks {
        let bytes = Model { card: Card::default(), network }.to_onnx();
        let error = |change: &dyn Fn(&mut proto::TensorProto)| {
            let mut proto = ModelProto::decode(bytes.as_slice()).unwrap();
            let tensors = &mut proto.graph.as_mut().unwrap().initializer;
            change(tensors.iter_mut().find(|t| t.name.as_deref() == Some(tensor)).unwrap());
            Model::from_onnx(&proto.encode_to_vec(), "test").unwrap_err().to_string()
        };
        let short = error(&|t| t.raw_data.as_mut().unwrap().truncate(5));
        assert!(short.contains(tensor) && short.contains("5 bytes"), "{short}");
        let missing = error(&|t| t.name = None);
        assert!(missing.contains(tensor) && missing.contains("does not hold"), "{missing}");
        let nan = error(&|t| t.raw_data.as_mut().unwrap()[..4].copy_from_slice(&f32::NAN.to_le_bytes()));
        assert!(nan.contains("NaN"), "{nan}");
        // Another operator in the graph: it is run as it is.
        let mut proto = ModelProto::decode(bytes.as_slice()).unwrap();
        proto.graph.as_mut().unwrap().node.last_mut().unwrap().name = Some("renamed".into());
        let read = Model::from_onnx(&proto.encode_to_vec(), "test").unwrap();
        assert!(matches!(read.network, Network::Graph(_)));
        for end in 0..bytes.len() {
            assert!(Model::from_onnx(&bytes[..end], "test").is_err(), "{end} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn a_graph_that_differs_from_its_architecture_is_run_as_it_is() {
    let mut proto = ModelProto::decode(model().to_onnx().as_slice()).unwrap();
    let graph = proto.graph.as_mut().unwrap();
    let tanh = graph.node.iter_mut().find(|n| n.op_type.as_deref() == Some("Tanh")).unwrap();
    tanh.op_type = Some("Sigmoid".into());
    let read = Model::from_onnx(&proto.encode_to_vec(), "test").unwrap();
    assert!(matches!(read.network, Network::Graph(_)));
}

/// Messages with fields that our own structs leave out, as other programs write them.
mod foreign {
    use super::super::proto::{TensorProto, ValueInfoProto};
    use prost::Message;

    #[derive(Clone, PartialEq, Message)]
    pub struct Model {
        #[prost(int64, optional, tag = "1")]
        pub ir_version: Option<i64>,
        #[prost(message, optional, tag = "7")]
        pub graph: Option<Graph>,
        #[prost(message, repeated, tag = "8")]
        pub opset_import: Vec<super::super::proto::OperatorSetIdProto>,
        #[prost(message, repeated, tag = "14")]
        pub metadata_props: Vec<super::super::proto::StringStringEntryProto>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Graph {
        #[prost(message, repeated, tag = "1")]
        pub node: Vec<Node>,
        #[prost(string, optional, tag = "2")]
        pub name: Option<String>,
        #[prost(message, repeated, tag = "5")]
        pub initializer: Vec<FloatTensor>,
        #[prost(message, repeated, tag = "11")]
        pub input: Vec<ValueInfoProto>,
        #[prost(message, repeated, tag = "12")]
        pub output: Vec<ValueInfoProto>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Node {
        #[prost(string, repeated, tag = "1")]
        pub input: Vec<String>,
        #[prost(string, repeated, tag = "2")]
        pub output: Vec<String>,
        #[prost(string, optional, tag = "4")]
        pub op_type: Option<String>,
        #[prost(message, repeated, tag = "5")]
        pub attribute: Vec<TensorAttribute>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct TensorAttribute {
        #[prost(string, optional, tag = "1")]
        pub name: Option<String>,
        #[prost(message, optional, tag = "5")]
        pub t: Option<TensorProto>,
        #[prost(int32, optional, tag = "20")]
        pub r#type: Option<i32>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct FloatTensor {
        #[prost(int64, repeated, packed = "true", tag = "1")]
        pub dims: Vec<i64>,
        #[prost(int32, optional, tag = "2")]
        pub data_type: Option<i32>,
        #[prost(float, repeated, packed = "true", tag = "4")]
        pub float_data: Vec<f32>,
        #[prost(string, optional, tag = "8")]
        pub name: Option<String>,
    }
}

/// `audio_out = audio * 0.5 + 0.25`, with a `Constant` node and numbers that are not raw bytes.
fn foreign_model() -> Vec<u8> {
    let node = |op: &str, input: &[&str], output: &str, attribute| foreign::Node {
        input: input.iter().map(|&i| i.to_owned()).collect(),
        output: vec![output.to_owned()],
        op_type: Some(op.to_owned()),
        attribute,
    };
    let half = proto::TensorProto {
        dims: vec![1],
        data_type: Some(FLOAT),
        name: None,
        raw_data: Some(0.5f32.to_le_bytes().to_vec()),
    };
    const TENSOR_ATTRIBUTE: i32 = 4;
    let value = foreign::TensorAttribute {
        name: Some("value".into()),
        t: Some(half),
        r#type: Some(TENSOR_ATTRIBUTE),
    };
    let graph = foreign::Graph {
        node: vec![
            node("Constant", &[], "half", vec![value]),
            node("Mul", &[AUDIO_IN, "half"], "scaled", vec![]),
            node("Add", &["scaled", "offset"], AUDIO_OUT, vec![]),
        ],
        name: Some("foreign".into()),
        initializer: vec![foreign::FloatTensor {
            dims: vec![1],
            data_type: Some(FLOAT),
            float_data: vec![0.25],
            name: Some("offset".into()),
        }],
        input: vec![tensor_value(AUDIO_IN, &[Some(1), Some(1), None])],
        output: vec![tensor_value(AUDIO_OUT, &[Some(1), Some(1), None])],
    };
    let metadata = [("name", "Half"), ("their_own", "stays")];
    let model = foreign::Model {
        ir_version: Some(8),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(17) }],
        metadata_props: metadata.map(|(k, v)| entry((k.into(), v.into()))).into(),
    };
    model.encode_to_vec()
}

#[test]
fn graphs_of_other_programs_are_run_and_written_whole() {
    let bytes = foreign_model();
    let mut read = Model::from_onnx(&bytes, "test").unwrap();
    assert_eq!(read.card.name, "Half");
    read.card.gear = "attenuator".into();
    let written = read.to_onnx();
    for bytes in [bytes, written.clone()] {
        let model = Model::from_onnx(&bytes, "test").unwrap();
        let mut engine = engine::build(&model, EngineChoice::Auto).unwrap();
        engine.prepare(48_000.0, 8).unwrap();
        let mut out = [0.0; 3];
        engine.process(&[0.0, 1.0, -0.5], &mut out);
        assert_eq!(out, [0.25, 0.75, 0.0]);
    }
    let model = foreign::Model::decode(written.as_slice()).unwrap();
    let find = |key: &str| -> Vec<_> {
        model.metadata_props.iter().filter(|p| p.key.as_deref() == Some(key)).collect()
    };
    assert_eq!(find("name").len(), 1);
    assert_eq!(find("gear")[0].value.as_deref(), Some("attenuator"));
    assert_eq!(find("their_own")[0].value.as_deref(), Some("stays"));
}

#[test]
fn small_files_do_not_grow_in_memory() {
    // An empty node takes two bytes in the file and a hundred times that once decoded.
    let nodes = [0x0a, 0x00].repeat(8 << 20);
    let mut bytes = vec![0x3a];
    prost::encoding::encode_varint(nodes.len() as u64, &mut bytes);
    bytes.extend(nodes);
    let error = Model::from_onnx(&bytes, "test").unwrap_err().to_string();
    assert!(error.contains("more than 1048576 nodes"), "{error}");
}
