//! What a session learns from and is measured with: recordings, looked at and put right, or the virtual capture.

use crate::TrainerError;
use crate::checks;
use crate::config::{Data, PairFiles, VirtualSource};
use crate::data::{Pair, Part, check_audible, fingerprint};
use crate::finding::Finding;
use crate::knobs::Takes;
use crate::recording::{self, Memory};
use crate::virtual_capture;
use shared::model::WaveNetSpec;
use std::path::Path;

/// Recordings, ready to train from.
pub struct Material {
    /// To train from.
    pub train: Pair,
    /// The held-out recording.
    pub validation: Pair,
    /// The sample it begins at; what lies before is context.
    pub validation_start: usize,
    /// Where the gear's knobs stood when `validation` was recorded; empty without knobs.
    pub settings: Vec<f32>,
    /// What was found in the recordings to train from.
    pub findings: Vec<Finding>,
    /// The error-to-signal ratio that noise leaves at best, if it could be measured.
    pub floor_esr: Option<f64>,
    /// All recordings of gear with knobs; what is above is then the one made nearest to the knobs' defaults.
    pub takes: Option<Takes>,
}

impl Material {
    /// Reads or makes what a config asks for, for a network that can remember so much, and tells `say` what was found.
    ///
    /// # Errors
    /// A file is unusable, a recording is refused, or too little would be left to train from or to measure with.
    pub fn of(data: &Data, memory: Memory, say: &dyn Fn(&str)) -> Result<Self, TrainerError> {
        match data {
            Data::Pair(files) => recorded(files, memory, say),
            Data::Knobs(files) => Ok(Takes::read(files, memory, say)?.into_material()),
            Data::Virtual(source) if !source.drives.is_empty() => {
                say("playing and recording the virtual capture at each setting …");
                Ok(Takes::play(source)?.into_material())
            }
            Data::Virtual(source) => {
                say("playing and recording the virtual capture …");
                Ok(synthesised(source))
            }
        }
    }

    /// Tells recordings apart.
    pub fn fingerprint(&self) -> u64 {
        if let Some(takes) = &self.takes {
            return takes.fingerprint();
        }
        let (train, held_out) = (&self.train, &self.validation);
        fingerprint(&[&train.input, &train.target, &held_out.input, &held_out.target])
    }

    /// What `spec` is trained from.
    pub fn train_part(&self, spec: &WaveNetSpec) -> Part {
        if let Some(takes) = &self.takes {
            return takes.train_part(spec);
        }
        Part::new(&self.train, 0, spec.receptive_field_samples(), spec.lookahead_samples())
    }

    /// What it is measured on.
    pub fn held_out_part(&self, spec: &WaveNetSpec) -> Part {
        if let Some(takes) = &self.takes {
            return takes.held_out_part(spec);
        }
        let (field, ahead) = (spec.receptive_field_samples(), spec.lookahead_samples());
        Part::new(&self.validation, self.validation_start, field, ahead)
    }
}

fn recorded(files: &PairFiles, memory: Memory, say: &dyn Fn(&str)) -> Result<Material, TrainerError> {
    let mut settings = files.settings(memory);
    let read = |input: &Path, target: &Path, settings: &_| {
        let recording = recording::read(input, target, settings)?;
        say(&format!("{} -> {}", input.display(), target.display()));
        checks::print(&recording.findings, say);
        checks::judge(&recording.findings, target, files.checks)?;
        Ok::<_, TrainerError>(recording)
    };
    let train = read(&files.input, &files.target, &settings)?;
    if let Some(held_out) = &files.validation {
        settings.expected = Some(train.lined_up());
        let validation = read(&held_out.input, &held_out.target, &settings)?;
        if validation.rate_hz != train.rate_hz {
            let problem = format!(
                "{} Hz, but the recording to train from has {} Hz; export both at the same rate",
                validation.rate_hz, train.rate_hz
            );
            return Err(TrainerError::recording(&held_out.input, problem));
        }
        check_audible(&held_out.target, "", &validation.target)?;
        return Ok(Material {
            train: train.pair(),
            validation: validation.pair(),
            validation_start: 0,
            settings: Vec::new(),
            floor_esr: train.floor_esr,
            findings: train.findings,
            takes: None,
        });
    }
    let split = train.hold_out(files.validation_seconds, PairFiles::HELD_OUT, &files.input, &files.target)?;
    say(&format!("held out: {}", split.reason));
    let findings = train.findings.iter().cloned().chain(split.warning()).collect();
    Ok(Material {
        validation: train.part(0..split.held_out.end),
        validation_start: split.held_out.start,
        train: train.part(split.train),
        settings: Vec::new(),
        findings,
        floor_esr: train.floor_esr,
        takes: None,
    })
}

fn synthesised(source: &VirtualSource) -> Material {
    let pair = |seconds, seed| virtual_capture::capture(seconds, source.sample_rate_hz, seed);
    // Another player on the same gear.
    let held_out = source.seed.wrapping_add(0x9E37_79B9);
    let (train, validation) = std::thread::scope(|scope| {
        let other = scope.spawn(|| pair(source.validation_seconds, held_out));
        let train = pair(source.seconds, source.seed);
        // The thread only computes; if it panicked, so does this one.
        (train, other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    Material {
        train,
        validation,
        validation_start: 0,
        settings: Vec::new(),
        findings: Vec::new(),
        floor_esr: None,
        takes: None,
    }
}
