//! Recordings at several settings, ready to train from.

use super::{Recorded, Table};
use crate::config::{KnobFiles, VirtualSource};
use crate::data::{Pair, Part, check_audible, fingerprint};
use crate::finding::Finding;
use crate::material::Material;
use crate::recording::{self, Memory, Recording, Settings};
use crate::virtual_capture::{amp::MOST_DRIVE, capture_at};
use crate::{TrainerError, checks};
use shared::model::{Knob, ParametricSpec, WaveNetSpec};
use std::path::Path;

/// Rows of the hidden layer for each knob, unless the config says.
const FEATURES_A_KNOB: usize = 4;

/// All recordings of a piece of gear.
#[derive(Clone, Debug)]
pub struct Takes {
    /// The knobs.
    pub knobs: Vec<Knob>,
    features: usize,
    train: Vec<Take>,
    held_out: Vec<Take>,
    findings: Vec<Finding>,
}

/// A recording at one setting, from some sample on; what lies before is context.
#[derive(Clone, Debug)]
struct Take {
    pair: Pair,
    start: usize,
    settings: Vec<f32>,
}

impl Takes {
    /// Reads the recordings that a table names, puts them right, and tells `say` what was found in each. `field` is what the network can
    /// remember, in samples.
    ///
    /// # Errors
    /// A table or a recording is refused, rates differ, a recording is too short to hold out its end, or the table to measure with has
    /// other knobs or settings beyond those that were recorded.
    pub fn read(files: &KnobFiles, memory: Memory, say: &dyn Fn(&str)) -> Result<Self, TrainerError> {
        let table = Table::read(&files.table)?;
        let mut takes = Self::new(table.knobs, files.features);
        let mut settings = files.settings(memory);
        for recorded in &table.recordings {
            let recording = takes.recorded(recorded, files, &settings, say)?;
            let found = recording.findings.iter().cloned();
            let found: Vec<_> = found.map(|f| takes.at_settings(&recorded.settings, f)).collect();
            takes.findings.extend(found);
            // All went through the same cables: what one is late, all are.
            settings.expected.get_or_insert(recording.lined_up());
            let at = recorded.settings.clone();
            if files.validation.is_some() {
                takes.train.push(Take { pair: recording.pair(), start: 0, settings: at });
                continue;
            }
            let Recorded { input, target, .. } = recorded;
            let seconds = Some(files.validation_seconds);
            let split = recording.hold_out(seconds, KnobFiles::HELD_OUT, input, target)?;
            if let Some(warning) = split.warning() {
                checks::print(std::slice::from_ref(&warning), say);
                takes.findings.push(takes.at_settings(&at, warning));
            }
            takes.train.push(Take { pair: recording.part(split.train), start: 0, settings: at.clone() });
            let (pair, start) = (recording.part(0..split.held_out.end), split.held_out.start);
            takes.held_out.push(Take { pair, start, settings: at });
        }
        if let Some(path) = &files.validation {
            let other = Table::read(path)?;
            takes.check_knobs(&files.table, path, &other)?;
            for recorded in &other.recordings {
                let recording = takes.recorded(recorded, files, &settings, say)?;
                check_audible(&recorded.target, "", &recording.target)?;
                let settings = recorded.settings.clone();
                takes.held_out.push(Take { pair: recording.pair(), start: 0, settings });
            }
        }
        Ok(takes)
    }

    /// Settings, for people.
    fn named(&self, settings: &[f32]) -> String {
        let at = self.knobs.iter().zip(settings);
        at.map(|(knob, setting)| format!("{} {setting}", knob.name)).collect::<Vec<_>>().join(", ")
    }

    /// A finding with the settings of the recording that it was made in.
    fn at_settings(&self, settings: &[f32], finding: Finding) -> Finding {
        Finding { check: format!("{}, {}", finding.check, self.named(settings)), ..finding }
    }

    /// One recording, put right and judged.
    fn recorded(
        &self,
        recorded: &Recorded,
        files: &KnobFiles,
        settings: &Settings,
        say: &dyn Fn(&str),
    ) -> Result<Recording, TrainerError> {
        let Recorded { input, target, .. } = recorded;
        let recording = recording::read(input, target, settings)?;
        let at = self.named(&recorded.settings);
        say(&format!("{} -> {}, {at}", input.display(), target.display()));
        checks::print(&recording.findings, say);
        checks::judge(&recording.findings, target, files.checks)?;
        match self.train.first() {
            Some(first) if first.pair.rate_hz != recording.rate_hz => {
                let (found, rate) = (recording.rate_hz, first.pair.rate_hz);
                let problem =
                    format!("{found} Hz, but the first recording has {rate} Hz; export all at the same rate");
                Err(TrainerError::recording(input, problem))
            }
            _ => Ok(recording),
        }
    }

    /// Whether what is measured with has the same knobs, and settings that are known of.
    fn check_knobs(&self, table: &Path, path: &Path, other: &Table) -> Result<(), TrainerError> {
        let names = |knobs: &[Knob]| -> Vec<String> { knobs.iter().map(|knob| knob.name.clone()).collect() };
        let (found, expected) = (names(&other.knobs), names(&self.knobs));
        if found != expected {
            let (found, expected, table) = (found.join(", "), expected.join(", "), table.display());
            let problem = format!(
                "its knobs are {found}, those of {table} are {expected}; give both the same columns in the same order"
            );
            return Err(TrainerError::recording(path, problem));
        }
        for recorded in &other.recordings {
            let known = self.knobs.iter().zip(&recorded.settings);
            if let Some((knob, at)) = { known }.find(|(knob, at)| !(knob.lowest..=knob.highest).contains(*at))
            {
                let Knob { name, lowest, highest, .. } = knob;
                let problem = format!(
                    "`{name}` stands at {at} in a row; it was trained from {lowest} to {highest} only, beyond which nothing is known"
                );
                return Err(TrainerError::recording(path, problem));
            }
        }
        Ok(())
    }

    /// Plays and records the virtual gear at each setting of its drive.
    ///
    /// # Errors
    /// There is one setting only, or one to measure at lies beyond those to train from.
    pub fn play(source: &VirtualSource) -> Result<Self, TrainerError> {
        let mut drives = source.drives.clone();
        drives.sort_by(f32::total_cmp);
        drives.dedup();
        let (Some(&lowest), Some(&highest)) = (drives.first(), drives.last()) else {
            return Err(TrainerError::Setting("`data.virtual.drives` is empty".into()));
        };
        if drives.len() < 2 {
            return Err(TrainerError::Setting(format!(
                "`data.virtual.drives` holds {lowest} only; a knob needs two settings, or leave `drives` out"
            )));
        }
        let measured = if source.held_out_drives.is_empty() { &drives } else { &source.held_out_drives };
        if let Some(drive) = measured.iter().find(|drive| !(lowest..=highest).contains(*drive)) {
            return Err(TrainerError::Setting(format!(
                "`data.virtual.held_out_drives` holds {drive}, beyond the {lowest} to {highest} that are trained"
            )));
        }
        debug_assert!(f64::from(highest) <= MOST_DRIVE);
        let knob = Knob { name: "Drive".into(), lowest, highest, default: drives[drives.len() / 2] };
        let mut takes = Self::new(vec![knob], None);
        // Another player on the same gear, as without knobs.
        let other = source.seed.wrapping_add(0x9E37_79B9);
        let recorded = |drives: &[f32], seconds: f64, seed: u64| -> Vec<Take> {
            std::thread::scope(|scope| {
                let play = |&drive: &f32| {
                    scope.spawn(move || Take {
                        pair: capture_at(f64::from(drive), seconds, source.sample_rate_hz, seed),
                        start: 0,
                        settings: vec![drive],
                    })
                };
                let threads: Vec<_> = drives.iter().map(play).collect();
                // The threads only compute; if one panicked, so does this one.
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                    .collect()
            })
        };
        takes.train = recorded(&drives, source.seconds / drives.len() as f64, source.seed);
        takes.held_out = recorded(measured, source.validation_seconds / measured.len() as f64, other);
        Ok(takes)
    }

    fn new(knobs: Vec<Knob>, features: Option<usize>) -> Self {
        let features = features.unwrap_or(FEATURES_A_KNOB * knobs.len());
        Self { knobs, features, train: Vec::new(), held_out: Vec::new(), findings: Vec::new() }
    }

    /// A network with the knobs in front of it.
    pub fn spec(&self, network: &WaveNetSpec) -> ParametricSpec {
        ParametricSpec { network: network.clone(), knobs: self.knobs.clone(), features: self.features }
    }

    /// What `spec` is trained from.
    pub fn train_part(&self, spec: &WaveNetSpec) -> Part {
        joined(&self.train, spec)
    }

    /// What it is measured on.
    pub fn held_out_part(&self, spec: &WaveNetSpec) -> Part {
        joined(&self.held_out, spec)
    }

    /// What a session needs of gear with knobs. Where one recording is asked for, for a level or for the report, it is the one made
    /// nearest to the knobs' defaults, where the finished model stands too.
    pub fn into_material(mut self) -> Material {
        let nearest = |takes: &[Take]| {
            let far = |take: &Take| -> f32 {
                self.knobs.iter().zip(&take.settings).map(|(knob, &setting)| knob.turn(setting).abs()).sum()
            };
            takes.iter().min_by(|a, b| far(a).total_cmp(&far(b))).cloned()
        };
        let empty =
            || Take { pair: Pair { input: vec![], target: vec![], rate_hz: 0 }, start: 0, settings: vec![] };
        let train = nearest(&self.train).unwrap_or_else(empty);
        let held_out = nearest(&self.held_out).unwrap_or_else(empty);
        Material {
            train: train.pair,
            validation: held_out.pair,
            validation_start: held_out.start,
            settings: held_out.settings,
            findings: std::mem::take(&mut self.findings),
            floor_esr: None,
            takes: Some(self),
        }
    }

    /// Length of the shortest recording to train from, in samples.
    pub fn shortest(&self) -> usize {
        self.train.iter().map(|recording| recording.pair.target.len()).min().unwrap_or(0)
    }

    /// Which recordings these are, and at which settings; see [`fingerprint`].
    pub fn fingerprint(&self) -> u64 {
        let recordings = || self.train.iter().chain(&self.held_out);
        let signals: Vec<&[f32]> =
            recordings().flat_map(|r| [&r.pair.input[..], &r.pair.target, &r.settings]).collect();
        fingerprint(&signals)
    }
}

fn joined(recordings: &[Take], spec: &WaveNetSpec) -> Part {
    let (field, ahead) = (spec.receptive_field_samples(), spec.lookahead_samples());
    let part = |r: &Take| (Part::new(&r.pair, r.start, field, ahead), r.settings.clone());
    Part::join(recordings.iter().map(part).collect())
}
