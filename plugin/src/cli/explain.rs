//! `tonewright chain`: how a chain is written down, and what in it can be set.

use super::CliError;
use super::out::say;
use shared::chain::processors::{
    Amp, Butterworth, Cabinet, Convolution, Gain, Gate, GateEntry, Normalise, Reverb, ReverbEntry, ToneStack,
    ToneStackEntry, WordEqualiser,
};
use shared::chain::{Chain, ChainError, Document, Parameter, Processor, ProcessorError, Range};
use shared::dsp::response::Response;
use shared::engine::EngineChoice;
use shared::factory::{DEFAULT_SLOT, Factory};
use shared::word_eq::{Controls, EqModel};
use std::path::Path;

/// A chain with comments.
const EXAMPLE: &str = include_str!("../../../assets/chains/guitar.yaml");

pub(super) fn explain(file: Option<&Path>) -> Result<(), CliError> {
    let text = match file {
        None => format!("{EXAMPLE}\n{}", processors()?),
        Some(path) => addresses(&Document::load(path)?.build()?),
    };
    say(&text)
}

/// All parameters of a chain with their addresses and values.
fn addresses(chain: &Chain) -> String {
    let controls = chain.controls();
    let mut text = String::new();
    for (position, kind) in chain.kinds().enumerate() {
        text += &format!("{position} {kind}\n");
        let own = format!("{position}.");
        for (path, parameter) in controls.parameters().filter(|(path, _)| path.starts_with(&own)) {
            text += &row(&path, parameter);
        }
    }
    if text.is_empty() { "this chain has no processors\n".into() } else { text }
}

/// All processors with their parameters.
fn processors() -> Result<String, CliError> {
    let mut text = "# Parameters, to be set while a chain plays and with --set PATH=VALUE, as in --set 2.gain=0.5.\n\
                    # The number is the processor's place in the chain, from 0. Every processor has the switch `on`.\n"
        .to_owned();
    for (position, processor) in examples().map_err(refused)?.iter().enumerate() {
        // Gains come in two kinds, which differ in their parameter.
        let again = position > 0 && processor.kind() == "gain";
        text += &if again { String::new() } else { format!("#\n# {}\n", processor.kind()) };
        if processor.parameters().is_empty() {
            text += "#   none\n";
        }
        for parameter in processor.parameters() {
            text += &format!("# {}", row(parameter.name, parameter));
        }
    }
    Ok(text)
}

fn refused(source: ProcessorError) -> CliError {
    CliError::Chain(ChainError::Format(source.to_string()))
}

fn row(name: &str, parameter: &Parameter) -> String {
    let symbol = parameter.unit.symbol();
    let value = match &parameter.range {
        Range::Switch => (if parameter.value == 0.0 { "off" } else { "on" }).to_owned(),
        Range::Choice(names) => names.get(parameter.value as usize).cloned().unwrap_or_default(),
        Range::Number(..) | Range::Frequency(..) => format!("{} {symbol}", parameter.value),
    };
    let (value, range) = (value.trim_end(), parameter.describe_range());
    format!("  {name:<26} {value:<12} {range}\n")
}

/// One of each processor, with its usual values.
fn examples() -> Result<Vec<Box<dyn Processor>>, ProcessorError> {
    let response =
        || Response::new(vec![vec![1.0]], 48_000.0).map_err(|e| ProcessorError::Other(e.to_string()));
    let model = Factory::in_slot(DEFAULT_SLOT).ok_or_else(|| ProcessorError::Other("no models".into()))?;
    Ok(vec![
        Box::new(Gain::db(0.0)),
        Box::new(Gain::linear(1.0)),
        Box::new(Normalise::peak(1.0)),
        Box::new(Butterworth::low_pass(8_000.0, 2)),
        Box::new(Butterworth::high_pass(80.0, 2)),
        Box::new(Gate::new(GateEntry::default())),
        Box::new(Amp::new(&model.load()?, 1.0, EngineChoice::Auto)),
        Box::new(ToneStack::new(ToneStackEntry::default())),
        Box::new(Cabinet::new(response()?, true)?),
        Box::new(WordEqualiser::new(
            Some(EqModel::factory()?),
            Controls { amount: 0.7, ..Controls::NEUTRAL },
        )),
        Box::new(Reverb::new(ReverbEntry::default())),
        Box::new(Convolution::new(response()?, true)?),
    ])
}
