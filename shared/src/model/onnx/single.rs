//! The graph around an operator that holds a whole network. It is no model file: it lives only in
//! the session that knows the operator.

use super::proto::{GraphProto, ModelProto, NodeProto, OperatorSetIdProto, tensor_value};
use super::{IR_VERSION, OPSET, PRODUCER};
use prost::Message;

/// The bytes of a graph that is one operator, named with its domain, from one list of floats to
/// another, each given by its name and length.
pub fn single_operator(
    (domain, operator): (&str, &str),
    (input, input_len): (&str, usize),
    (output, output_len): (&str, usize),
) -> Vec<u8> {
    let node = NodeProto {
        input: vec![input.into()],
        output: vec![output.into()],
        name: Some(operator.into()),
        op_type: Some(operator.into()),
        attribute: Vec::new(),
        domain: Some(domain.into()),
    };
    let graph = GraphProto {
        node: vec![node],
        name: Some(operator.into()),
        initializer: Vec::new(),
        input: vec![tensor_value(input, &[Some(input_len)])],
        output: vec![tensor_value(output, &[Some(output_len)])],
    };
    let opset =
        |domain: &str, version| OperatorSetIdProto { domain: Some(domain.into()), version: Some(version) };
    let model = ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some(PRODUCER.into()),
        graph: Some(graph),
        opset_import: vec![opset("", OPSET), opset(domain, 1)],
        ..ModelProto::default()
    };
    model.encode_to_vec()
}
