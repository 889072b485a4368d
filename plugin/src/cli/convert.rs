//! `tonewright convert`: a model as another kind of file.

use super::out::say;
use super::{CliError, ConvertArguments, find_model};
use crate::amp::{Quality, architecture};
use shared::model::{Model, ModelError, Network};
use std::path::Path;

pub(super) fn convert(arguments: &ConvertArguments) -> Result<(), CliError> {
    let output = &arguments.output;
    if !arguments.overwrite && output.symlink_metadata().is_ok() {
        return Err(CliError::Exists(output.clone()));
    }
    let is_nam = output.extension().is_some_and(|e| e.eq_ignore_ascii_case("nam"));
    if arguments.nam_version.is_some() && !is_nam {
        return Err(CliError::NoNam(output.clone()));
    }
    let whole = find_model(&arguments.input)?;
    let model = match arguments.quality {
        Some(quality) => whole.at_quality(Quality::new(quality).value()),
        None => whole.clone(),
    };
    let model = match &arguments.knob[..] {
        [] => model,
        knobs => model.at_settings(&settings(&model, knobs)?),
    };
    write(&model, arguments)?;

    // What the file holds, not what was asked for: an ONNX graph has one size.
    let held = match &model.network {
        Network::Slimmable(_) if !is_nam => model.network.full(),
        held => held,
    };
    let mut text = format!("\"{}\" written to {}\n", model.card.name, output.display());
    text += &format!("  {}\n", architecture(held));
    if let Network::Slimmable(slimmable) = &whole.network
        && !matches!(held, Network::Slimmable(_))
    {
        let at = slimmable.sizes().iter().position(|size| size.network == *held);
        let at = at.map_or(slimmable.sizes().len(), |at| at + 1);
        text += &format!("  size {at} of {}; --quality chooses another\n", slimmable.sizes().len());
    }
    say(&text)
}

/// The settings of all of a model's knobs.
fn settings(model: &Model, chosen: &[(String, f32)]) -> Result<Vec<f32>, CliError> {
    let mut settings: Vec<f32> = model.knobs().iter().map(|knob| knob.default).collect();
    for (name, setting) in chosen {
        let Some(at) = model.knobs().iter().position(|knob| knob.name.eq_ignore_ascii_case(name)) else {
            let known: Vec<&str> = model.knobs().iter().map(|knob| knob.name.as_str()).collect();
            return Err(CliError::NoKnob { name: name.clone(), known: known.join(", ") });
        };
        let knob = &model.knobs()[at];
        if !(knob.lowest..=knob.highest).contains(setting) {
            let (lowest, highest) = (knob.lowest, knob.highest);
            return Err(CliError::Setting { name: knob.name.clone(), setting: *setting, lowest, highest });
        }
        settings[at] = *setting;
    }
    Ok(settings)
}

fn write(model: &Model, arguments: &ConvertArguments) -> Result<(), ModelError> {
    let path: &Path = &arguments.output;
    let Some(version) = arguments.nam_version else { return model.save(path) };
    let bytes = model.to_nam(version).map_err(|e| e.in_file(path))?;
    shared::fs::write_atomic(path, &bytes)
        .map_err(|source| ModelError::File { path: path.to_owned(), source })
}
