//! A graph as a function of floats: one input and one output, both of fixed shape.

use super::WARM_UP_RUNS;
use super::session::{Session, failed, zeros};
use crate::engine::EngineError;
use ort::session::{IoBinding, Session as OrtSession};
use ort::value::{Tensor, TensorElementType};

/// Most values of an input or output: a file nobody vouches for takes no more memory than that.
const MAX_VALUES: usize = 1 << 20;

/// A graph that is neither an amplifier nor streamed, bound to its own memory.
pub struct GraphFunction {
    session: Session,
    input: Tensor<f32>,
    output: Tensor<f32>,
    binding: IoBinding,
    name: String,
    input_name: String,
    output_name: String,
}

impl GraphFunction {
    /// Loads a graph from the bytes of a file. Loads ONNX Runtime if need be; not for the audio thread.
    ///
    /// # Errors
    /// The library is missing or unusable, it refuses the graph, or the graph has more than one input or
    /// output, or one that is no tensor of floats of fixed shape, or has more than a million values.
    pub fn new(name: &str, onnx: &[u8]) -> Result<Self, EngineError> {
        let session = Session::new(name, |mut builder| builder.commit_from_memory(onnx))?;
        let refuse =
            |problem: &str| EngineError::Runtime { name: name.to_owned(), problem: problem.to_owned() };
        let (Some(from), Some(to)) = (only(session.inner(), true), only(session.inner(), false)) else {
            return Err(refuse("one input and one output of fixed shape are needed"));
        };
        let mut function = Self::bound(session, name, from, to).map_err(|e| failed(name, &e))?;
        for _ in 0..WARM_UP_RUNS {
            function.run().map_err(|e| failed(name, &e))?;
        }
        Ok(function)
    }

    fn bound(session: Session, name: &str, from: Port, to: Port) -> ort::Result<Self> {
        let (input, mut output) = (zeros::<f32>(&from.1)?, zeros::<f32>(&to.1)?);
        let mut binding = session.inner().create_binding()?;
        binding.bind_input(from.0.as_str(), &input)?;
        binding.bind_output(to.0.as_str(), &mut output)?;
        let name = name.to_owned();
        Ok(Self { session, input, output, binding, name, input_name: from.0, output_name: to.0 })
    }

    fn run(&mut self) -> ort::Result<()> {
        self.session.run(&self.binding)
    }

    /// What the file says under a key of its `metadata_props`.
    pub fn metadata(&self, key: &str) -> Option<String> {
        self.session.inner().metadata().ok()?.custom(key)
    }

    /// Name of what goes in.
    pub fn input_name(&self) -> &str {
        &self.input_name
    }

    /// Name of what comes out.
    pub fn output_name(&self) -> &str {
        &self.output_name
    }

    /// Values that come out.
    pub fn output_len(&self) -> usize {
        self.output.extract_tensor().1.len()
    }

    /// Values that go in.
    pub fn input_len(&self) -> usize {
        self.input.extract_tensor().1.len()
    }

    /// What the graph makes of `input`, row by row.
    ///
    /// # Errors
    /// ONNX Runtime says so.
    ///
    /// # Panics
    /// The input is shorter or longer than [`GraphFunction::input_len`].
    pub fn call(&mut self, input: &[f32]) -> Result<&[f32], EngineError> {
        self.input.extract_tensor_mut().1.copy_from_slice(input);
        self.run().map_err(|e| failed(&self.name, &e))?;
        Ok(self.output.extract_tensor().1)
    }
}

/// Name and shape of an input or output.
type Port = (String, Vec<usize>);

fn only(session: &OrtSession, input: bool) -> Option<Port> {
    let [port] = (if input { session.inputs() } else { session.outputs() }) else { return None };
    let shape = port.dtype().tensor_shape()?.iter();
    let shape = shape.map(|&d| usize::try_from(d).ok().filter(|&d| d > 0)).collect::<Option<Vec<_>>>()?;
    let values = shape.iter().try_fold(1usize, |count, &d| count.checked_mul(d))?;
    let floats = port.dtype().tensor_type() == Some(TensorElementType::Float32);
    if values > MAX_VALUES || !floats {
        return None;
    }
    Some((port.name().to_owned(), shape))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::onnx::{Attribute, GraphBuilder};

    #[test]
    fn a_graph_is_a_function() {
        let mut graph = GraphBuilder::new("affine");
        let x = graph.input("x", &[1, 2]);
        let weights = graph.floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let y = graph.node("Gemm", &[&x, &weights], &[("alpha", Attribute::Float(0.5))]);
        graph.output(&y, "y", &[1, 3]);
        let onnx = graph.finish(vec![("kind".into(), "a test".into())]);
        let mut function = GraphFunction::new("affine", &onnx).unwrap();
        assert_eq!(function.input_len(), 2);
        assert_eq!(function.call(&[2.0, 4.0]).unwrap(), [9.0, 12.0, 15.0]);
        assert_eq!(function.call(&[0.0, 2.0]).unwrap(), [4.0, 5.0, 6.0]);
    }

    #[test]
    fn other_graphs_are_refused() {
        let mut two = GraphBuilder::new("two");
        let (a, b) = (two.input("a", &[1]), two.input("b", &[1]));
        let sum = two.node("Add", &[&a, &b], &[]);
        two.output(&sum, "sum", &[1]);
        let error = GraphFunction::new("two", &two.finish(vec![])).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("two") && error.contains("one input"), "{error}");
        assert!(GraphFunction::new("none", b"nothing").is_err());
    }
}
