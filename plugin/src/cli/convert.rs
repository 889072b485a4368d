//! `tonewright convert`: a model as another kind of file.

use super::out::say;
use super::{CliError, ConvertArguments, find_model};
use crate::amp::{Quality, architecture};
use shared::model::{Model, ModelError, Network};
use std::path::Path;

pub(super) fn convert(arguments: &ConvertArguments) -> Result<(), CliError> {
    let output = &arguments.output;
    // A size or a setting that is written drops the others, of which there may be no copy.
    if let (Ok(from), Ok(to)) = (Path::new(&arguments.input).canonicalize(), output.canonicalize())
        && from == to
    {
        return Err(CliError::OwnSource(output.clone()));
    }
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
        knobs => {
            let chosen = knobs.iter().map(|(name, setting)| (name.as_str(), *setting));
            model.at_settings(&model.settings(chosen)?)
        }
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

fn write(model: &Model, arguments: &ConvertArguments) -> Result<(), ModelError> {
    let path: &Path = &arguments.output;
    let Some(version) = arguments.nam_version else { return model.save(path) };
    let bytes = model.to_nam(version).map_err(|e| e.in_file(path))?;
    shared::fs::write_atomic(path, &bytes)
        .map_err(|source| ModelError::File { path: path.to_owned(), source })
}
