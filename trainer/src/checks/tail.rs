//! Reverb and echoes: what rings on for longer than a network remembers.

use super::{Facts, finding, fine, median};
use crate::finding::{Finding, Verdict};
use crate::recording::response;

/// Longest tail that is looked for, in seconds.
const LONGEST_SECONDS: f64 = 2.0;
/// Memory that is taken if no network is given, in seconds: NAM's standard size at 48 kHz.
const MEMORY_SECONDS: f64 = 0.085;
/// Blocks in which energy is summed, in seconds.
const BLOCK_SECONDS: f64 = 0.01;
/// How much of the response may ring beyond, as a share of its energy.
const MUCH: f64 = 2e-3;
/// From here on the network would only learn to be wrong.
const TOO_MUCH: f64 = 0.2;
/// What is heard must be this many times what is there before the sound, which is chance and distortion.
const HEARD: f64 = 2.5;

/// Looks for a tail in the response of the pair: what comes before the sound tells how much of it is chance.
pub(super) fn tail(facts: &Facts) -> Finding {
    let rate = f64::from(facts.rate_hz);
    let reach = ((LONGEST_SECONDS * rate) as usize).min(facts.input.len() / 4);
    let block = ((BLOCK_SECONDS * rate) as usize).max(1);
    let memory = facts.receptive_field_samples.unwrap_or((MEMORY_SECONDS * rate) as usize);
    if reach < memory + 10 * block {
        return fine("reverb", "too short to tell");
    }
    let [before, after] = response(facts.input, facts.target, reach);
    let energies = |side: &[f32]| -> Vec<f64> {
        side.chunks_exact(block).map(|b| b.iter().map(|&s| f64::from(s).powi(2)).sum()).collect()
    };
    let (before, after) = (energies(&before), energies(&after));
    // The first blocks before the sound hold the ringing of the measurement.
    let chance = median(before[before.len() / 4..].to_vec());
    let total: f64 = after.iter().map(|e| (e - chance).max(0.0)).sum();
    let from = memory.div_ceil(block);
    let beyond: f64 = after[from..].iter().map(|e| e - chance).sum();
    let share = (beyond / total.max(1e-30)).max(0.0);
    let loudest = after[from..].iter().copied().fold(0.0, f64::max);
    let mean = after[from..].iter().sum::<f64>() / (after.len() - from) as f64;
    let heard = mean > HEARD * chance || loudest > 20.0 * HEARD * chance;
    let last = after.iter().rposition(|e| *e > 2.0 * HEARD * chance).map_or(0, |i| i + 1);
    let ms = |samples: f64| samples / rate * 1e3;
    if !heard || share < MUCH {
        return fine("reverb", format!("nothing rings on beyond {:.0} ms", ms(memory as f64)));
    }
    let figure = format!(
        "{:.1} % of the response comes later than the {:.0} ms that the network remembers; it rings for {:.0} ms or more",
        share * 100.0,
        ms(memory as f64),
        ms((last * block) as f64)
    );
    let advice = "turn off reverb and delay, record without the room, and add them in the plugin's rack";
    let verdict = if share > TOO_MUCH { Verdict::Refused } else { Verdict::Warning };
    finding("reverb", verdict, figure, advice)
}
