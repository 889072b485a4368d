//! Clips as the equaliser hears them: features at some moments, and the balance that is the truth.

use crate::word_eq::parallel;
use crate::word_eq::sound::{Folds, Origin, Source, clip, rng_of};
use rand::Rng;
use shared::dsp::mel::MEL_BANDS;
use shared::word_eq::{FEATURES, Features, GRID, RECENT_FRAMES, RECENT_ROW, analysis_samples};

/// Variants of each source that are learned from.
pub const VARIANTS: usize = 16;
/// Variants that are tested with, of sources that were not learned from: two plain ones, six coloured.
pub const TEST_VARIANTS: usize = 8;
/// Time constant that is tested with, in seconds: the plugin's own setting.
pub const TEST_SPEED_SECONDS: f32 = 3.0;
/// Moments of a clip drawn to learn from, beside those of [`TIMES`].
const DRAWN: usize = 8;
/// Analyses that moments are drawn from.
pub(super) const ANALYSES: usize = 116;
/// Windows of [`RECENT_FRAMES`] frames kept of each clip, for networks that hear one window only.
pub const WINDOWS: usize = 17;
/// Analyses from one such window to the next.
const WINDOW_STEP: usize = 4;
/// Values of a window.
pub const WINDOW: usize = RECENT_FRAMES * MEL_BANDS;

/// How long was listened: what it is called, and its length in seconds; 0 stands for one window.
pub const TIMES: [(&str, f64); 3] = [("85 ms", 0.0), ("0.5 s", 0.5), ("3 s", 3.0)];

/// The analysis that ends a time, from 1: the last that lies in it, and the second at least.
pub fn analysis_at(seconds: f64, rate_hz: u32) -> usize {
    let rate = f64::from(rate_hz);
    ((seconds * rate) as usize / analysis_samples(rate)).max(2)
}

/// A clip.
#[derive(Clone, Debug)]
pub struct ClipInfo {
    /// Number of its source.
    pub source: usize,
    /// Number of the variant.
    pub variant: usize,
    /// Where its source comes from.
    pub origin: Origin,
    /// Length of its source in seconds; short ones are repeated.
    pub source_seconds: f64,
    /// The fold it is tested in, if any.
    pub fold: Option<usize>,
    /// Its balance.
    pub balance_db: [f32; GRID],
    /// Windows of it that are kept at each of [`TIMES`].
    pub windows: [usize; TIMES.len()],
}

/// All clips.
pub struct Material {
    /// The clips.
    pub clips: Vec<ClipInfo>,
    /// Features of each clip at each moment: those of [`TIMES`], then drawn ones.
    features: Vec<f32>,
    windows: Vec<f32>,
}

/// Moments of each clip.
pub const MOMENTS: usize = TIMES.len() + DRAWN;

impl Material {
    /// Colours and hears all sources, on several threads.
    pub fn hear(sources: &[Source], folds: &Folds, seed: u64, threads: usize) -> Self {
        let jobs: Vec<(usize, usize)> =
            (0..sources.len()).flat_map(|s| (0..VARIANTS).map(move |v| (s, v))).collect();
        let heard = parallel::map(&jobs, threads, |&(source, variant)| {
            let clip = clip(&sources[source], source, variant, seed);
            let mut rng = rng_of(&format!("moments {}|{variant}", sources[source].name), seed);
            // A share is heard at other speeds, so that the network knows them.
            let speed = if variant < TEST_VARIANTS || rng.random_bool(0.5) {
                TEST_SPEED_SECONDS
            } else {
                0.5 * 40f32.powf(rng.random())
            };
            let times = TIMES.map(|(_, seconds)| analysis_at(seconds, clip.rate_hz));
            let mut moments = times.to_vec();
            moments.extend((0..DRAWN).map(|_| {
                let drawn = ((ANALYSES as f64 + 1.0).powf(rng.random()) - 1.0) as usize;
                drawn.min(ANALYSES - 1) + 2
            }));
            let (features, windows) = hear(&clip.samples, clip.rate_hz, speed, &moments);
            let info = ClipInfo {
                source,
                variant,
                origin: sources[source].origin,
                source_seconds: sources[source].seconds(),
                fold: folds[source],
                balance_db: clip.balance_db,
                windows: times.map(|t| ((t - 2) / WINDOW_STEP + 1).min(WINDOWS)),
            };
            (info, features, windows)
        });
        let mut material = Self { clips: Vec::new(), features: Vec::new(), windows: Vec::new() };
        for (info, features, windows) in heard {
            material.clips.push(info);
            material.features.extend(features);
            material.windows.extend(windows);
        }
        material
    }

    /// Features of a clip at a moment.
    pub fn features(&self, clip: usize, moment: usize) -> &[f32] {
        &self.features[(clip * MOMENTS + moment) * FEATURES..][..FEATURES]
    }

    /// A window of a clip: its frames as they are among the features.
    pub fn window(&self, clip: usize, window: usize) -> &[f32] {
        &self.windows[(clip * WINDOWS + window) * WINDOW..][..WINDOW]
    }

    /// Clips to learn from when a fold is left out.
    pub fn training(&self, fold: Option<usize>) -> Vec<usize> {
        let learned = |i: &usize| fold.is_none() || self.clips[*i].fold != fold;
        (0..self.clips.len()).filter(learned).collect()
    }

    /// Clips to test a fold with.
    pub fn testing(&self, fold: usize) -> Vec<usize> {
        let tested = |i: &usize| self.clips[*i].fold == Some(fold) && self.clips[*i].variant < TEST_VARIANTS;
        (0..self.clips.len()).filter(tested).collect()
    }

    /// The clips without those of a fold, for what looks at balances alone: features are left out.
    pub fn without(&self, fold: usize) -> Self {
        let clips = self.training(Some(fold)).into_iter().map(|c| self.clips[c].clone()).collect();
        Self { clips, features: Vec::new(), windows: Vec::new() }
    }

    /// The mean balance of some clips.
    pub fn mean_balance_db(&self, clips: &[usize]) -> [f32; GRID] {
        let count = clips.len().max(1) as f64;
        std::array::from_fn(|i| {
            (clips.iter().map(|&c| f64::from(self.clips[c].balance_db[i])).sum::<f64>() / count) as f32
        })
    }
}

/// Features of a sound at some analyses (from 1), and its windows.
fn hear(samples: &[f32], rate_hz: u32, speed_seconds: f32, moments: &[usize]) -> (Vec<f32>, Vec<f32>) {
    let step = analysis_samples(f64::from(rate_hz));
    let mut features = Features::new(f64::from(rate_hz), 1);
    let mut found = vec![[0.0; FEATURES]; moments.len()];
    let mut windows = Vec::with_capacity(WINDOWS * WINDOW);
    let last = moments.iter().copied().max().unwrap_or(0).max(2 + WINDOW_STEP * (WINDOWS - 1));
    // Short clips go round.
    let mut sound = samples.iter().copied().cycle();
    for analysis in 1..=last {
        let piece: Vec<f32> = sound.by_ref().take(step).collect();
        features.hear(&piece, speed_seconds, false);
        let is_window =
            analysis >= 2 && (analysis - 2).is_multiple_of(WINDOW_STEP) && windows.len() < WINDOWS * WINDOW;
        if !is_window && !moments.contains(&analysis) {
            continue;
        }
        let values = features.values();
        if is_window {
            windows.extend_from_slice(&values[RECENT_ROW * MEL_BANDS..][..WINDOW]);
        }
        for (found, _) in found.iter_mut().zip(moments).filter(|(_, m)| **m == analysis) {
            *found = values;
        }
    }
    (found.into_flattened(), windows)
}
