//! Reading what a file is, without building anything that plays.

use super::{Facts, Kind, ModelFacts, Reading, ResponseFacts};
use crate::amp::{ContentHash, architecture};
use shared::audio::Reader;
use shared::dsp::convolver::TRUE_STEREO;
use shared::model::{Model, ModelError, Network, limits};
use std::panic::catch_unwind;
use std::path::Path;

/// Largest file whose content is read for its hash alone, in bytes: more than the longest response has.
const MAX_HASHED_BYTES: u64 = 256 << 20;

/// Reads a file of a kind: what it is, and what is in it if that was read. Whatever the file holds, this comes back.
pub(super) fn read(path: &Path, kind: Kind) -> (Reading, Option<ContentHash>) {
    let reading = catch_unwind(|| match kind {
        Kind::Model => model(path),
        Kind::Response => response(path),
    });
    reading.unwrap_or_else(|_| {
        (Reading::Refused("reading it failed because of a mistake in Tonewright".into()), None)
    })
}

/// The hash of a file's content.
pub(super) fn hash(path: &Path) -> Option<ContentHash> {
    Some(ContentHash::of(&shared::fs::read_limited(path, MAX_HASHED_BYTES).ok()?))
}

fn model(path: &Path) -> (Reading, Option<ContentHash>) {
    let bytes = match shared::fs::read_limited(path, limits::FILE_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => return (Reading::Refused(error.to_string()), None),
    };
    let read = Model::from_file(&bytes, path).and_then(|model| model.check_live().map(|()| model));
    let reading = match read {
        Ok(model) => Reading::Ready(Facts::Model(Box::new(model_facts(&model)))),
        Err(error) => Reading::Refused(ModelError::to_string(&error)),
    };
    (reading, Some(ContentHash::of(&bytes)))
}

/// What is told of a model; of one with several sizes, that of the largest.
pub(super) fn model_facts(model: &Model) -> ModelFacts {
    ModelFacts {
        card: model.card.clone(),
        architecture: architecture(&model.network),
        weights: model.weight_count(),
        receptive_field_samples: model.receptive_field_samples(),
        is_recurrent: matches!(model.network.full(), Network::Lstm(_)),
    }
}

/// Looks at the header alone.
fn response(path: &Path) -> (Reading, Option<ContentHash>) {
    let reader = match Reader::open(path) {
        Ok(reader) => reader,
        Err(error) => return (Reading::Refused(error.to_string()), None),
    };
    let (channels, sample_rate_hz) = (reader.channels(), f64::from(reader.sample_rate_hz()));
    let seconds = reader.frames().map(|frames| frames as f64 / sample_rate_hz);
    let facts = ResponseFacts { seconds, channels, sample_rate_hz };
    if channels > TRUE_STEREO && !facts.is_recording() {
        let problem = format!("it has {channels} channels, at most {TRUE_STEREO} are convolved; split it");
        return (Reading::Refused(problem), None);
    }
    let hash = if facts.is_recording() { None } else { hash(path) };
    (Reading::Ready(Facts::Response(facts)), hash)
}
