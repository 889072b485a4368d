//! The whole equaliser on sounds that its encoder never heard: does the sound move towards the word, and is it
//! left alone the second time?
//!
//! What is measured is [`WordEq`] itself, with the networks in files as the plugin has them. Each clip is listened
//! to, then played with what was heard held, and measured before and after by [`Balance`], never by the encoder.
//! Then the treated clip is listened to anew.

use super::graph::encoder_onnx;
use super::material::{Material, TEST_SPEED_SECONDS};
use super::network::Trained;
use crate::TrainerError;
use crate::word_eq::linear::Precision;
use crate::word_eq::reference::{latent, neutrals, with_neutrals};
use crate::word_eq::sound::{Clip, Origin, Source, clip};
use crate::word_eq::{export, parallel};
use shared::dsp::balance::Balance;
use shared::dsp::spectrum::PowerSpectrum;
use shared::word_eq::{
    AUDIBLE_DB, Controls, EqModel, EqSettings, GRID, Hearing, Kind, Latent, Mode, Monitor, Neutral,
    OnnxNetworks, Reading, Reference, WordEq, WordTable, analysis_samples, grid_hz, heard_share,
};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How far the knob is turned.
const AMOUNT: f32 = 0.7;
/// The two words; one darkens and the other brightens.
const WORDS: [&str; 2] = ["warm", "bright"];
/// Variants of each source: as it is, and coloured.
const VARIANTS: [usize; 2] = [0, 3];
/// A sound shorter than this is an isolated one: a kick, a hat, a word.
const ISOLATED_SECONDS: f64 = 1.0;
/// A sound is wide if so many points of the grid are heard.
const WIDE_POINTS: usize = 32;
/// Listened to at least so long, in seconds; shorter clips are repeated.
const LEAST_SECONDS: f64 = 3.0;
/// Bands glide into place before anything is measured, in seconds.
const RUN_IN_SECONDS: f64 = 1.5;
/// Share of the word by which a sound has clearly moved.
const CLEARLY: f32 = 0.1;
/// A second pass is small if it is below this share of the first.
const SMALL: f64 = 1.0 / 3.0;

/// What kind of clips are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Musical,
    Isolated,
    Narrow,
}

impl Group {
    const ALL: [Self; 3] = [Self::Musical, Self::Isolated, Self::Narrow];

    fn name(self) -> &'static str {
        match self {
            Self::Musical => "loops, instruments, amps",
            Self::Isolated => "isolated, under 1 s",
            Self::Narrow => "under 32 of 64 points heard",
        }
    }
}

/// What is neutral.
const REFERENCES: [&str; 2] = ["of its kind", "learned from its source"];

/// What happened to a clip with one word.
#[derive(Clone, Copy, Debug)]
struct Passed {
    /// How far the measured balance moved along the word; 1 is the word itself.
    along: f32,
    /// Ratio of the spectral centroids after and before.
    centroid: f64,
    /// Change of the first and the second pass, root mean square over the grid, level removed, in dB.
    first_db: f64,
    second_db: f64,
}

struct Outcome {
    group: Group,
    /// For each of [`REFERENCES`], each of [`WORDS`].
    passed: [[Passed; 2]; 2],
}

/// Counts over all clips.
#[derive(Default)]
pub struct ClosedLoop {
    outcomes: Vec<Outcome>,
}

/// Treats clips of the folds' sources, each with the encoder that did not hear it, and neutral sounds that do not
/// include it. `decoder` is the file of the decoder.
///
/// # Errors
/// ONNX Runtime or libtorch fails, the decoder is none of the table's, or the table lacks warm or bright.
#[expect(clippy::too_many_arguments, reason = "each is a thing of its own, and there is one caller")]
pub fn close(
    sources: &[Source],
    material: &Material,
    encoders: &[Trained],
    table: &WordTable,
    decoder: &[u8],
    seed: u64,
    threads: usize,
    stop: &AtomicBool,
) -> Result<ClosedLoop, TrainerError> {
    let folds: Vec<usize> = (0..encoders.len()).collect();
    let done = parallel::map(&folds, threads, |&fold| {
        Loop::new(sources, material, &encoders[fold], table, decoder, fold)?.run(seed, stop)
    });
    let mut all = ClosedLoop::default();
    for outcomes in done {
        all.outcomes.extend(outcomes?);
    }
    Ok(all)
}

struct Loop<'a> {
    sources: &'a [Source],
    material: &'a Material,
    fold: usize,
    mean_db: [f32; GRID],
    words: [usize; 2],
    model: Arc<EqModel>,
    player: Player,
}

impl<'a> Loop<'a> {
    fn new(
        sources: &'a [Source],
        material: &'a Material,
        trained: &Trained,
        table: &WordTable,
        decoder: &[u8],
        fold: usize,
    ) -> Result<Self, TrainerError> {
        let mean_db = trained.mean_balance_db;
        let learned = material.without(fold);
        let neutrals: Vec<Neutral> = neutrals(sources, &learned, table.space(), &mean_db);
        let table = with_neutrals(table, neutrals, mean_db, &[])?;
        let slot = |name: &str| {
            let missing = || TrainerError::Setting(format!("the word table lacks `{name}`"));
            table.named(name).map(|word| word.slot).ok_or_else(missing)
        };
        let words = [slot(WORDS[0])?, slot(WORDS[1])?];
        let metadata = export::metadata("encoder", table.space(), &[]);
        let encoder = encoder_onnx(trained, table.space(), Precision::Float, metadata);
        let model = Arc::new(EqModel { table, encoder, decoder: decoder.to_vec() });
        let player = Player::new(&model)?;
        Ok(Self { sources, material, fold, mean_db, words, model, player })
    }

    fn run(&mut self, seed: u64, stop: &AtomicBool) -> Result<Vec<Outcome>, TrainerError> {
        let mut outcomes = Vec::new();
        let tested: Vec<(usize, usize)> = self
            .material
            .clips
            .iter()
            .filter(|c| c.fold == Some(self.fold) && VARIANTS.contains(&c.variant))
            .map(|c| (c.source, c.variant))
            .collect();
        for (number, variant) in tested {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let source = &self.sources[number];
            let sound = clip(source, number, variant, seed);
            let plain = clip(source, number, 0, seed);
            // What a player would learn: what the plugin heard of the sound as it is.
            let own = self.player.listen(&plain.samples, plain.rate_hz, &listening())?.heard;
            outcomes.push(self.one(source, &sound, own)?);
        }
        Ok(outcomes)
    }

    fn one(&mut self, source: &Source, clip: &Clip, own: Latent) -> Result<Outcome, TrainerError> {
        let before = Measured::of(&clip.samples, clip.rate_hz);
        let loudest = before.balance_db.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // The floor is soft: at it, a point that holds nothing reads 40 dB, and one as strong as it 37.
        let heard = before.balance_db.iter().filter(|db| **db > loudest - AUDIBLE_DB + 3.0).count();
        let group = match () {
            _ if source.origin == Origin::Recording && source.seconds() < ISOLATED_SECONDS => Group::Isolated,
            _ if heard < WIDE_POINTS => Group::Narrow,
            _ => Group::Musical,
        };
        let encoded = self.player.listen(&clip.samples, clip.rate_hz, &listening())?.heard;
        let references = [Reference::Kind(source.kind.unwrap_or(Kind::Any)), Reference::Learned(own)];
        let mut passed = Vec::with_capacity(2);
        for reference in references {
            let mut words = Vec::with_capacity(2);
            for slot in self.words {
                let controls =
                    Controls { word: slot, second_word: slot, amount: AMOUNT, reference, ..listening() };
                words.push(self.word(clip, &before, &encoded, &controls)?);
            }
            passed.push([words[0], words[1]]);
        }
        Ok(Outcome { group, passed: [passed[0], passed[1]] })
    }

    fn word(
        &mut self,
        clip: &Clip,
        before: &Measured,
        encoded: &Latent,
        controls: &Controls,
    ) -> Result<Passed, TrainerError> {
        let rate = f64::from(clip.rate_hz);
        let held = Controls { freeze: true, frozen: Some(*encoded), ..*controls };
        let (treated, first) = self.player.treat(&clip.samples, clip.rate_hz, &held)?;
        let after = Measured::of(&treated, clip.rate_hz);
        let heard = self.player.listen(&treated, clip.rate_hz, &listening())?.heard;
        let held = Controls { frozen: Some(heard), ..held };
        let second = self.player.settle(clip.rate_hz, &held)?;
        let table = &self.model.table;
        let [was, is] = [before, &after].map(|m| latent(table.space(), &m.balance_db, &self.mean_db));
        // How much of the word the sound has now, where it had none before.
        let since = Controls { reference: Reference::Learned(was), ..*controls };
        Ok(Passed {
            along: heard_share(table, &since, Some(&is)),
            centroid: after.centroid_hz / before.centroid_hz,
            first_db: change_db(&first, rate),
            second_db: change_db(&second, rate),
        })
    }
}

/// Nothing is asked for.
fn listening() -> Controls {
    Controls { speed_seconds: TEST_SPEED_SECONDS, ..Controls::NEUTRAL }
}

/// The equaliser as the plugin has it.
struct Player {
    eq: WordEq,
    monitor: Arc<Monitor>,
    rate_hz: u32,
}

impl Player {
    fn new(model: &Arc<EqModel>) -> Result<Self, TrainerError> {
        let monitor = Arc::new(Monitor::default());
        let networks = Box::new(OnnxNetworks::new(model)?);
        let eq = WordEq::with_networks(Arc::clone(model), networks, Arc::clone(&monitor));
        Ok(Self { eq, monitor, rate_hz: 0 })
    }

    fn begin(&mut self, rate_hz: u32) {
        if self.rate_hz != rate_hz {
            self.eq.prepare(f64::from(rate_hz), 1, Mode::InLine);
            self.rate_hz = rate_hz;
        } else {
            self.eq.reset();
        }
    }

    fn reading(&self) -> Result<Reading, TrainerError> {
        let reading = self.monitor.read();
        match reading.hearing {
            Hearing::Unavailable => Err(TrainerError::Setting("the networks failed while listening".into())),
            _ => Ok(reading),
        }
    }

    /// Hears a sound to its end, over and over if it is short.
    fn listen(
        &mut self,
        samples: &[f32],
        rate_hz: u32,
        controls: &Controls,
    ) -> Result<Reading, TrainerError> {
        self.begin(rate_hz);
        let least = (LEAST_SECONDS * f64::from(rate_hz)) as usize;
        let mut sound = samples.repeat(least.div_ceil(samples.len().max(1)).max(1));
        self.eq.process(&mut [&mut sound], controls);
        // What was heard last is taken over one analysis later, and shown some steps after that.
        let mut rest = vec![0.0; analysis_samples(f64::from(rate_hz))];
        self.eq.process(&mut [&mut rest], &Controls { freeze: true, ..*controls });
        self.reading()
    }

    /// A sound as it comes out once the bands are at rest, and the bands.
    fn treat(
        &mut self,
        samples: &[f32],
        rate_hz: u32,
        controls: &Controls,
    ) -> Result<(Vec<f32>, EqSettings), TrainerError> {
        self.begin(rate_hz);
        let run_in = (RUN_IN_SECONDS * f64::from(rate_hz)) as usize;
        // As if it had been going on before.
        let skipped = samples.len() - run_in % samples.len().max(1);
        let mut before: Vec<f32> = samples.iter().copied().cycle().skip(skipped).take(run_in).collect();
        self.eq.process(&mut [&mut before], controls);
        let mut treated = samples.to_vec();
        self.eq.process(&mut [&mut treated], controls);
        Ok((treated, self.reading()?.applied))
    }

    /// The bands at rest, whatever is played.
    fn settle(&mut self, rate_hz: u32, controls: &Controls) -> Result<EqSettings, TrainerError> {
        let silence = vec![0.0; (RUN_IN_SECONDS * f64::from(rate_hz)) as usize];
        Ok(self.treat(&silence, rate_hz, controls)?.1)
    }
}

/// Root mean square of the bands' response over the grid, level removed, in dB.
fn change_db(settings: &EqSettings, rate_hz: f64) -> f64 {
    let curve = grid_hz().map(|hz| settings.response_db(hz, rate_hz));
    let mean = curve.iter().sum::<f64>() / GRID as f64;
    (curve.iter().map(|db| (db - mean) * (db - mean)).sum::<f64>() / GRID as f64).sqrt()
}

struct Measured {
    balance_db: [f32; GRID],
    /// Mean of the frequencies, weighted with the magnitude of the long-term spectrum.
    centroid_hz: f64,
}

impl Measured {
    fn of(samples: &[f32], rate_hz: u32) -> Self {
        const LENGTH: usize = 1 << 14;
        let mut balance = Balance::new(f64::from(rate_hz));
        balance.push(samples);
        let mut spectrum = PowerSpectrum::<f64>::new(LENGTH);
        let mut power = vec![0.0; LENGTH / 2 + 1];
        let last = samples.len().saturating_sub(LENGTH).max(1);
        for start in (0..last).step_by(LENGTH / 4) {
            let piece = samples[start..].iter().map(|s| f64::from(*s));
            power.iter_mut().zip(spectrum.of(piece)).for_each(|(sum, p)| *sum += p);
        }
        let (mut sum, mut moment) = (0.0, 0.0);
        for (bin, power) in power.iter().enumerate() {
            sum += power.sqrt();
            moment += bin as f64 * power.sqrt();
        }
        let centroid_hz = moment / sum.max(1e-30) * f64::from(rate_hz) / LENGTH as f64;
        Self { balance_db: balance.curve_db(&grid_hz()).map(|db| db as f32), centroid_hz }
    }
}

impl fmt::Display for ClosedLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "closed loop, amount {AMOUNT}, warm and bright, on sounds the encoder never heard:")?;
        writeln!(
            f,
            "{:30}{:26}{:>6}{:>16}{:>16}{:>16}{:>10}{:>16}{:>16}{:>14}",
            "clips",
            "neutral is",
            "n",
            "towards, %",
            "by 0.1, %",
            "median",
            "apart, %",
            "second/first",
            "below 1/3, %",
            "first, dB"
        )?;
        for group in [None].into_iter().chain(Group::ALL.map(Some)) {
            let of: Vec<&Outcome> =
                self.outcomes.iter().filter(|o| group.is_none_or(|group| o.group == group)).collect();
            if of.is_empty() {
                continue;
            }
            let percent = |count: usize| 100.0 * count as f64 / of.len() as f64;
            for (r, reference) in REFERENCES.into_iter().enumerate() {
                let passed = |w: usize| of.iter().map(move |o| o.passed[r][w]);
                let both = |value: &dyn Fn(usize) -> f64, digits: usize| {
                    format!("{:.digits$} / {:.digits$}", value(0), value(1))
                };
                let towards = |w| percent(passed(w).filter(|p| p.along > 0.0).count());
                let clearly = |w| percent(passed(w).filter(|p| p.along >= CLEARLY).count());
                let median = |w| {
                    let mut along: Vec<f32> = passed(w).map(|p| p.along).collect();
                    along.sort_by(f32::total_cmp);
                    f64::from(along[along.len() / 2])
                };
                let small = |w| percent(passed(w).filter(|p| p.second_db < SMALL * p.first_db).count());
                let sum = |w, of: fn(&Passed) -> f64| passed(w).map(|p| of(&p)).sum::<f64>();
                let ratio = |w| sum(w, |p| p.second_db) / sum(w, |p| p.first_db).max(1e-9);
                let mean = |w| sum(w, |p| p.first_db) / of.len() as f64;
                let apart =
                    of.iter().filter(|o| o.passed[r][0].centroid < 1.0 && o.passed[r][1].centroid > 1.0);
                writeln!(
                    f,
                    "{:30}{:26}{:>6}{:>16}{:>16}{:>16}{:>10.1}{:>16}{:>16}{:>14}",
                    group.map_or("all clips", Group::name),
                    reference,
                    of.len(),
                    both(&towards, 1),
                    both(&clearly, 1),
                    both(&median, 2),
                    percent(apart.count()),
                    both(&ratio, 2),
                    both(&small, 0),
                    both(&mean, 1)
                )?;
            }
        }
        Ok(())
    }
}
