//! From the config to the sources.

use super::amps::{Job, play_all};
use super::config::{AudioConfig, Recording};
use super::files::{self, Mono};
use super::{Amps, Origin, Source, rng_of, spectral, synthesis};
use crate::TrainerError;
use shared::word_eq::Kind;
use std::path::{Path, PathBuf};

/// Highest rate kept; what is above is brought to 48 kHz.
const HIGHEST_HZ: u32 = 48_000;
/// Long recordings are cut into pieces of this length, in seconds.
const PIECE_SECONDS: f64 = 12.0;
/// What is left of a recording is a piece of its own from this length on, in seconds.
const LEAST_PIECE_SECONDS: f64 = 4.0;
/// How often an instrument is played through an amp.
const PLAYS: usize = 3;

/// Something to be played through an amp, and what becomes of it.
struct Plan {
    name: String,
    group: String,
    kind: Option<Kind>,
}

/// Collects all sources in an order that depends on nothing but the config. Amp renders and synthesis differ
/// with `seed`. Says with `log` what is not there.
///
/// # Errors
/// A file is there and cannot be used.
pub fn gather(
    config: &AudioConfig,
    seed: u64,
    threads: usize,
    log: &dyn Fn(&str),
) -> Result<Vec<Source>, TrainerError> {
    let amps = Amps::load(&present(&config.models, log), &present(&config.cabinets, log))?;
    if amps.is_empty() {
        log("audio: no amp models, so no sound through amps");
    }
    let (mut sources, mut plans) = (Vec::new(), Vec::new());
    let plan = |name: &str, group: &str, kind, plays, sound: &Mono, plans: &mut Vec<(Plan, Job)>| {
        for play in 0..if amps.is_empty() { 0 } else { plays } {
            let name = format!("{name}>{play}");
            let job = (sound.clone(), rng_of(&name, seed));
            plans.push((Plan { name, group: group.to_owned(), kind }, job));
        }
    };
    for folder in present(&config.loops, log) {
        for path in files::list(&folder)? {
            let name = files::stem(&path);
            let (group, kind) = (config.group_of(&name), config.kind_of(&name));
            let sound = at_most(files::read(&path)?, HIGHEST_HZ);
            let plays = match kind {
                Some(Kind::GuitarAmp) => PLAYS,
                Some(Kind::Bass) => 1,
                _ => 0,
            };
            plan(&name, &group, kind, plays, &sound, &mut plans);
            sources.extend(Source::new(name, group, Origin::Recording, kind, sound.rate_hz, sound.samples));
        }
    }
    for recording in &config.recordings {
        if !recording.direct.exists() {
            log(&missing(&recording.direct));
            continue;
        }
        for piece in pieces(recording, log)? {
            let Piece { name, group, direct, through } = piece;
            let kind = config.kind_of(&name);
            plan(&name, &group, kind, PLAYS, &direct, &mut plans);
            for (gear, sound) in through {
                let name = format!("{name}>{gear}");
                let mut add = |name: String, sound: Mono| {
                    let group = group.clone();
                    sources.extend(Source::new(name, group, Origin::Amp, kind, sound.rate_hz, sound.samples));
                };
                if let Some((cabinet, sound)) = amps.cabinet(&sound, &mut rng_of(&name, seed)) {
                    add(format!("{name}+{cabinet}"), sound);
                }
                add(name, sound);
            }
            // What a guitar sounds like without an amp is nobody's idea of neutral.
            let kind = kind.filter(|k| *k != Kind::GuitarAmp);
            sources.extend(Source::new(name, group, Origin::Direct, kind, direct.rate_hz, direct.samples));
        }
    }
    let recorded = sources.len();
    if recorded == 0 {
        log("audio: no recording is there; all sound is synthesised");
    }
    let made = synthesis::sources(config.most_synthesised.unwrap_or(usize::MAX), seed, threads);
    for source in &made {
        if matches!(source.kind, Some(Kind::GuitarAmp | Kind::Bass)) {
            let sound = Mono { samples: source.samples.clone(), rate_hz: source.rate_hz };
            plan(&source.name, &source.group, source.kind, 1, &sound, &mut plans);
        }
    }
    sources.extend(made.into_iter().map(|mut source| {
        source.kind = source.kind.filter(|k| *k != Kind::GuitarAmp);
        source
    }));
    let is_made = |group: &str| sources.iter().any(|s| s.group == group && s.origin == Origin::Synthesis);
    let made: Vec<bool> = plans.iter().map(|(p, _)| is_made(&p.group)).collect();
    let (plans, jobs): (Vec<Plan>, Vec<Job>) = plans.into_iter().unzip();
    let played = play_all(&amps, &jobs, threads)?;
    for ((Plan { name, group, kind }, (gear, sound)), made) in plans.into_iter().zip(played).zip(made) {
        let origin = if made { Origin::Synthesis } else { Origin::Amp };
        let name = format!("{name}:{gear}");
        sources.extend(Source::new(name, group, origin, kind, sound.rate_hz, sound.samples));
    }
    Ok(sources)
}

/// The paths that exist; of the others, says so.
fn present(paths: &[PathBuf], log: &dyn Fn(&str)) -> Vec<PathBuf> {
    let (there, gone): (Vec<_>, Vec<_>) = paths.iter().cloned().partition(|path| path.exists());
    gone.iter().for_each(|path| log(&missing(path)));
    there
}

fn missing(path: &Path) -> String {
    format!("audio: {} is not there, left out", path.display())
}

fn at_most(sound: Mono, highest_hz: u32) -> Mono {
    if sound.rate_hz <= highest_hz {
        return sound;
    }
    Mono { samples: spectral::resample(&sound.samples, sound.rate_hz, highest_hz), rate_hz: highest_hz }
}

/// A piece of a recording, and of what gear made of it.
struct Piece {
    name: String,
    group: String,
    direct: Mono,
    through: Vec<(String, Mono)>,
}

fn pieces(recording: &Recording, log: &dyn Fn(&str)) -> Result<Vec<Piece>, TrainerError> {
    let direct = files::read(&recording.direct)?;
    let mut through = Vec::new();
    for path in present(&recording.through, log) {
        let sound = files::read(&path)?;
        if sound.rate_hz != direct.rate_hz {
            let problem = format!(
                "{} Hz, but {} has {} Hz; export both at one rate",
                sound.rate_hz,
                recording.direct.display(),
                direct.rate_hz
            );
            return Err(TrainerError::recording(&path, problem));
        }
        // Folders tell gear apart, files are often called alike.
        let folder = path.parent().map(files::stem).unwrap_or_default();
        through.push((format!("{folder}-{}", files::stem(&path)), sound));
    }
    let rate = f64::from(direct.rate_hz);
    let end = through.iter().map(|(_, s)| s.samples.len()).fold(direct.samples.len(), usize::min);
    let mut takes: Vec<usize> = recording.takes_seconds.iter().map(|s| (s * rate) as usize).collect();
    takes.insert(0, 0);
    takes.push(end);
    let mut pieces = Vec::new();
    for (take, bounds) in takes.windows(2).enumerate() {
        let group = format!("{}/{take}", recording.name);
        let mut from = bounds[0].min(end);
        let until = bounds[1].clamp(from, end);
        let mut number = 0;
        while (until - from) as f64 >= LEAST_PIECE_SECONDS * rate {
            let to = until.min(from + (PIECE_SECONDS * rate) as usize);
            let cut = |s: &Mono| Mono { samples: s.samples[from..to].to_vec(), rate_hz: s.rate_hz };
            pieces.push(Piece {
                name: format!("{group}#{number}"),
                group: group.clone(),
                direct: cut(&direct),
                through: through.iter().map(|(gear, sound)| (gear.clone(), cut(sound))).collect(),
            });
            (from, number) = (to, number + 1);
        }
    }
    Ok(pieces)
}
