//! Writing small graphs of standard operators: networks that are no amplifier.

use super::file;
use super::proto::{self, FLOAT, GraphProto, tensor_value};

/// A graph in the making. Values are referred to by their names; every node gives a fresh one.
///
/// Opset 17. Nothing is checked here: ONNX Runtime does that when it loads the file.
#[derive(Clone, Debug)]
pub struct GraphBuilder {
    graph: GraphProto,
    values: usize,
}

impl GraphBuilder {
    /// A graph with a name and nothing in it.
    pub fn new(name: &str) -> Self {
        Self { graph: GraphProto { name: Some(name.into()), ..GraphProto::default() }, values: 0 }
    }

    /// An input of floats; gives its name.
    pub fn input(&mut self, name: &str, shape: &[usize]) -> String {
        let shape: Vec<_> = shape.iter().map(|&d| Some(d)).collect();
        self.graph.input.push(tensor_value(name, &shape));
        name.to_owned()
    }

    /// Makes a value an output of floats, under a name.
    pub fn output(&mut self, value: &str, name: &str, shape: &[usize]) {
        let shape: Vec<_> = shape.iter().map(|&d| Some(d)).collect();
        self.graph.output.push(tensor_value(name, &shape));
        self.graph.add_node("Identity", &[value], name, vec![]);
    }

    /// A constant of floats, row by row; an empty shape is a single number.
    pub fn floats(&mut self, shape: &[usize], values: &[f32]) -> String {
        let name = self.fresh();
        self.graph.add_floats(&name, shape, values);
        name
    }

    /// A constant of signed bytes, row by row.
    pub fn bytes(&mut self, shape: &[usize], values: &[i8]) -> String {
        let name = self.fresh();
        self.graph.add_bytes(&name, shape, values);
        name
    }

    /// A constant list of integers: shapes, axes, positions.
    pub fn integers(&mut self, values: &[i64]) -> String {
        let name = self.fresh();
        self.graph.add_integers(&name, values);
        name
    }

    /// What an operator makes of some values. Attributes are lists of integers or single ones, by name.
    pub fn node(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> String {
        let name = self.fresh();
        let attributes = attributes.iter().map(|(name, value)| value.proto(name)).collect();
        self.graph.add_node(operator, inputs, &name, attributes);
        name
    }

    /// As [`GraphBuilder::node`], for an operator with several outputs.
    pub fn nodes<const N: usize>(&mut self, operator: &str, inputs: &[&str]) -> [String; N] {
        let names: [String; N] = std::array::from_fn(|_| self.fresh());
        let outputs: [&str; N] = std::array::from_fn(|i| names[i].as_str());
        self.graph.add_node_of(operator, inputs, &outputs, vec![]);
        names
    }

    /// A value of another type as floats.
    pub fn cast_to_floats(&mut self, value: &str) -> String {
        self.node("Cast", &[value], &[("to", Attribute::Integer(i64::from(FLOAT)))])
    }

    /// The bytes of the file, with `metadata` in its `metadata_props`.
    pub fn finish(self, metadata: Vec<(String, String)>) -> Vec<u8> {
        file(self.graph, metadata)
    }

    fn fresh(&mut self) -> String {
        self.values += 1;
        format!("v{}", self.values)
    }
}

/// An attribute of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A number.
    Float(f32),
    /// An integer.
    Integer(i64),
    /// Several integers.
    Integers(Vec<i64>),
}

impl Attribute {
    fn proto(&self, name: &str) -> proto::AttributeProto {
        match self {
            Self::Float(value) => proto::float(name, *value),
            Self::Integer(value) => proto::int(name, *value),
            Self::Integers(values) => proto::ints(name, values),
        }
    }
}
