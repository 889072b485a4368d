//! One analysis: sound and what the player sets in, settings of the bands out.

use super::controls::Controls;
use super::features::Features;
use super::latent::{GRID, LATENT, Latent};
use super::monitor::Hearing;
use super::networks::Networks;
use super::polish::Polish;
use super::settings::EqSettings;
use super::target::{heard_share, wanted_with};
use super::{EqModel, WordEqError};
use std::sync::Arc;

/// What is to be analysed.
pub struct Job {
    /// Which stream it belongs to: another after each reset.
    pub epoch: u64,
    /// Number of the analysis in its stream, from 1. At 0 nothing is heard yet, and its sound does not count.
    pub index: u64,
    /// Sound before this one was lost.
    pub follows_gap: bool,
    /// What the player had set at its end.
    pub controls: Controls,
    /// One channel after the other.
    pub sound: Vec<f32>,
}

/// What an analysis found.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// As of its job.
    pub epoch: u64,
    /// As of its job.
    pub index: u64,
    /// As of its job.
    pub controls: Controls,
    /// What the word proposes.
    pub proposed: EqSettings,
    /// The balance that was heard.
    pub heard: Latent,
    /// How much of the word was heard.
    pub share: f32,
    /// What the listening does.
    pub hearing: Hearing,
    /// Sound listened to, in seconds.
    pub listened_seconds: f32,
}

impl Outcome {
    /// Before any analysis.
    pub fn nothing(hearing: Hearing) -> Self {
        Self {
            epoch: 0,
            index: 0,
            controls: Controls::NEUTRAL,
            proposed: EqSettings::flat(),
            heard: [0.0; LATENT],
            share: 0.0,
            hearing,
            listened_seconds: 0.0,
        }
    }
}

/// A curve that differs from the last by less than this, in dB root mean square, is answered alike: the
/// bands come to rest, and the decoder as well.
const SAME_DB: f32 = 0.05;

/// Listens. The same on the listener's thread and in line.
pub struct Analyser {
    model: Arc<EqModel>,
    networks: Box<dyn Networks>,
    features: Features,
    seconds: f32,
    epoch: u64,
    heard: Option<Latent>,
    listened_seconds: f32,
    /// The curve that was last asked for, and the answer.
    answered: Option<(Latent, EqSettings)>,
    polish: Polish,
}

impl Analyser {
    /// Nothing heard. `seconds` is the time from one analysis to the next.
    pub fn new(model: Arc<EqModel>, networks: Box<dyn Networks>, features: Features, seconds: f64) -> Self {
        let seconds = seconds as f32;
        Self {
            model,
            networks,
            features,
            seconds,
            epoch: 0,
            heard: None,
            listened_seconds: 0.0,
            answered: None,
            polish: Polish::default(),
        }
    }

    /// Gives the networks back.
    pub fn into_networks(self) -> Box<dyn Networks> {
        self.networks
    }

    /// Analyses what came since the last time.
    pub fn analyse(&mut self, job: &Job) -> Outcome {
        if job.epoch != self.epoch {
            self.epoch = job.epoch;
            self.features.reset();
            (self.heard, self.listened_seconds, self.answered) = (None, 0.0, None);
        }
        let hearing = self.hear(job);
        let share = finite(heard_share(&self.model.table, &job.controls, self.heard.as_ref()));
        let found = hearing.and_then(|hearing| Ok((hearing, self.propose(&job.controls, share)?)));
        let (hearing, proposed) = found.unwrap_or((Hearing::Unavailable, EqSettings::flat()));
        Outcome {
            epoch: job.epoch,
            index: job.index,
            controls: job.controls,
            proposed,
            heard: self.heard.unwrap_or([0.0; LATENT]),
            share,
            hearing,
            listened_seconds: self.listened_seconds,
        }
    }

    fn hear(&mut self, job: &Job) -> Result<Hearing, WordEqError> {
        let controls = &job.controls;
        if job.follows_gap {
            self.features.skip();
        }
        let is_sound =
            job.index > 0 && self.features.hear(&job.sound, controls.speed_seconds, controls.freeze);
        if controls.freeze {
            self.heard = controls.frozen.or(self.heard);
            return Ok(Hearing::Frozen);
        }
        if is_sound {
            self.heard = Some(self.networks.encode(&self.features.values())?);
            self.listened_seconds += self.seconds;
            return Ok(Hearing::Listening);
        }
        Ok(if self.heard.is_some() { Hearing::Holding } else { Hearing::Waiting })
    }

    fn propose(&mut self, controls: &Controls, share: f32) -> Result<EqSettings, WordEqError> {
        let wanted = wanted_with(&self.model.table, controls, share);
        if wanted.iter().all(|v| *v == 0.0) {
            return Ok(EqSettings::flat());
        }
        let wanted = wanted.map(finite);
        if let Some((curve, settings)) = &self.answered {
            let square: f32 = wanted.iter().zip(curve).map(|(a, b)| (a - b) * (a - b)).sum();
            // What is frozen depends on nothing that was before.
            let same = if controls.freeze { 0.0 } else { SAME_DB * SAME_DB * GRID as f32 };
            if square <= same {
                return Ok(*settings);
            }
        }
        let settings = EqSettings::from_values(&self.networks.decode(&wanted)?);
        let settings = self.polish.polish(&settings, &self.model.table.space().curve_db(&wanted));
        self.answered = Some((wanted, settings));
        Ok(settings)
    }
}

fn finite(value: f32) -> f32 {
    if value.is_finite() { value } else { 0.0 }
}
