//! What is said of a finished training.

use trainer::out::{complain, say};
use trainer::progress::clock;
use trainer::session::Finished;
use trainer::train::End;
use trainer::{TrainerError, export};

/// Says how it went.
///
/// # Errors
/// It broke off, or an engine does not play the model as libtorch does.
pub fn tell(finished: &Finished) -> Result<(), TrainerError> {
    let o = &finished.outcome;
    say(format_args!(
        "{}: {} steps in {}, {:.0} k samples/s; best after step {}",
        o.end.reason(),
        o.steps,
        clock(o.seconds),
        o.samples_per_second / 1e3,
        o.step
    ));
    let d = &finished.distance;
    say(format_args!(
        "held-out ESR {:.6} (before training {:.4}), peak error {:.5}",
        d.esr, o.first_esr, d.peak_error
    ));
    for size in &finished.smaller {
        let (weights, esr) = (size.outcome.weights.len(), size.distance.esr);
        say(format_args!("with {weights} weights: held-out ESR {esr:.6}, {}", size.path.display()));
    }
    if finished.smaller.is_empty() {
        for (at, esr) in finished.versions() {
            say(format_args!("  at {at}: {esr:.6}"));
        }
    }
    let mut apart = None;
    for parity in finished.parity.iter().chain(finished.smaller.iter().flat_map(|size| &size.parity)) {
        match &parity.difference {
            Ok(difference) => {
                let same = *difference <= export::PARITY_TOLERANCE;
                let verdict = if same { "the same" } else { "DIFFERENT" };
                say(format_args!(
                    "parity: libtorch and {}: {verdict}, at most {difference:.1e} apart",
                    parity.engine
                ));
                if !same {
                    apart = Some((parity.engine, *difference));
                }
            }
            Err(error) => say(format_args!("parity: {} was not compared: {error}", parity.engine)),
        }
    }
    let card = &finished.model.card;
    say(format_args!("model: {}", finished.path.display()));
    if let Some(nam) = &finished.nam {
        let knobs = if finished.settings.is_empty() { "" } else { ", its knobs fixed at their defaults" };
        say(format_args!("for Neural Amp Modeler: {}{knobs}", nam.display()));
    }
    for (key, value) in card.to_metadata() {
        say(format_args!("  {key}: {value}"));
    }
    if let End::Diverged(divergence) = o.end {
        complain(format_args!(
            "warning: training broke off; the model holds the best weights before, after step {}",
            o.step
        ));
        return Err(TrainerError::Diverged(divergence));
    }
    match apart {
        None => Ok(()),
        Some((engine, difference)) => Err(TrainerError::recording(
            &finished.path,
            format!(
                "the engine {engine} is {difference:e} away from libtorch, more than {:e}",
                export::PARITY_TOLERANCE
            ),
        )),
    }
}
