//! What an earlier run left in the out folder, and what becomes of it.

use crate::config::Config;
use crate::session::{model_path, nam_path};
use crate::{TrainerError, checkpoint, preview, report, tensorboard};
use shared::model::{Model, Network};
use std::path::{Path, PathBuf};

/// Makes sure that a new run takes nobody's place in the out folder of `config`.
///
/// # Errors
/// There is something that it would replace, or that would pass for a part of it.
pub(crate) fn check_none(config: &Config) -> Result<(), TrainerError> {
    let Some(found) = found(config) else { return Ok(()) };
    let resumable = checkpoint::paths(&config.out).contains(&found);
    Err(TrainerError::earlier_run(&config.out, &found, resumable))
}

/// The first thing in the out folder that belongs to an earlier run, or may be somebody's own.
fn found(config: &Config) -> Option<PathBuf> {
    let (out, model) = (&config.out, model_path(config));
    let named = [model.clone(), nam_path(&model), out.join(report::FILE_NAME)];
    let mut all = checkpoint::paths(out).into_iter().chain(named);
    let file = all.find(|path| path.exists()).or_else(|| Some(sizes(&model).into_iter().next()?.0));
    file.or_else(|| {
        let clips = out.join(preview::FOLDER);
        let any = std::fs::read_dir(&clips).is_ok_and(|mut entries| entries.next().is_some());
        // Beside events of ours, and without all of the above, they are what a run left that was killed before its first
        // checkpoint: the same command begins it again.
        (any && !tensorboard::are_in(out)).then_some(clips)
    })
}

/// The files beside `model` that are named as its smaller sizes are, with the weights that their names tell.
fn sizes(model: &Path) -> Vec<(PathBuf, usize)> {
    let stem = model.file_stem().unwrap_or_default().to_string_lossy();
    let weights = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        let digits = name.strip_prefix(&*stem)?.strip_prefix('-')?.strip_suffix(".onnx")?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let entries = model.parent().and_then(|folder| std::fs::read_dir(folder).ok());
    let paths = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut sizes: Vec<_> = paths.filter_map(|path| weights(&path).map(|weights| (path, weights))).collect();
    sizes.sort();
    sizes
}

/// Removes the models of the run that this one has replaced, as far as it has `written` none of the same name: they
/// would pass for its own. Only what bears this run's name is removed, of smaller sizes only what holds as many weights as
/// its name says. Tells `say`.
pub(crate) fn remove_models(config: &Config, written: &[PathBuf], say: &dyn Fn(&str)) {
    let model = model_path(config);
    let count = |model: &Model| match &model.network {
        Network::Parametric(parametric) => Some(parametric.weights().len()),
        _ => model.weight_count(),
    };
    let has = |(path, weights): &(PathBuf, usize)| {
        Model::load(path).is_ok_and(|model| count(&model) == Some(*weights))
    };
    let smaller = sizes(&model).into_iter().filter(has).map(|(path, _)| path);
    let nam = Some(nam_path(&model)).filter(|path| path.is_file());
    for path in smaller.chain(nam).filter(|path| !written.contains(path)) {
        match std::fs::remove_file(&path) {
            Ok(()) => say(&format!("removed {}: it was of the run that this one replaced", path.display())),
            Err(error) => {
                say(&format!("warning: {} is of the run that was replaced: {error}", path.display()));
            }
        }
    }
}
