//! `tonewright info` and `tonewright models`.

use super::out::say;
use super::{CliError, find_model};
use crate::amp::architecture;
use crate::factory::MODELS;
use shared::model::{Model, Network};

pub(super) fn info(name: &str) -> Result<(), CliError> {
    let model = find_model(name)?;
    let card = &model.card;
    let rate = card.sample_rate_hz;
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            text += &format!("{key:<16} {value}\n");
        }
    };
    let optional = |value: Option<String>| value.unwrap_or_default();
    line("Name", &card.name);
    line("Gear", &card.gear);
    line("Author", &card.author);
    line("Source", &card.source);
    line("Licence", &card.licence);
    line("Sample rate", &format!("{rate} Hz"));
    line(
        "ESR",
        &optional(card.esr.map(|e| format!("{e:.5} (error to signal, on material never trained on)"))),
    );
    line("Loudness", &optional(card.loudness_dbfs.map(|l| format!("{l:.1} dBFS"))));
    line("Input level", &optional(card.input_level_dbu.map(|l| format!("{l:+.1} dBu at full scale"))));
    line("Output level", &optional(card.output_level_dbu.map(|l| format!("{l:+.1} dBu at full scale"))));
    match &model.network {
        Network::Slimmable(slimmable) => {
            let mut from = 0.0;
            for (i, size) in slimmable.sizes().iter().enumerate() {
                let to = size.below.clamp(from, 1.0);
                let title = format!("Size {} of {}", i + 1, slimmable.sizes().len());
                line(&title, &format!("quality from {from:.2} to {to:.2}"));
                details(&Model { card: card.clone(), network: size.network.clone() }, &mut line);
                from = to;
            }
        }
        _ => details(&model, &mut line),
    }
    for knob in model.knobs() {
        line(
            &format!("Knob {}", knob.name),
            &format!("{} to {}, {} by default", knob.lowest, knob.highest, knob.default),
        );
    }
    let ahead = model.lookahead_samples();
    line("Latency", &format!("{ahead} samples ({:.1} ms)", milliseconds(&model, ahead)));
    line("Plays live", &model.check_live().map_or_else(|e| format!("no: {e}"), |()| "yes".into()));
    say(&text)
}

/// The network itself, and what it remembers.
fn details(model: &Model, mut line: impl FnMut(&str, &str)) {
    line("Architecture", &architecture(&model.network));
    line("Weights", &model.weight_count().map_or_else(|| "unknown".into(), |w| w.to_string()));
    let memory = match (&model.network, model.receptive_field_samples()) {
        (Network::Lstm(_), _) => "recurrent: no end to what it remembers".into(),
        (_, None) => "unknown".into(),
        (_, Some(field)) => {
            format!("{field} samples ({:.1} ms), memory and not delay", milliseconds(model, field))
        }
    };
    line("Receptive field", &memory);
}

fn milliseconds(model: &Model, samples: usize) -> f64 {
    samples as f64 / model.card.sample_rate_hz * 1e3
}

pub(super) fn models() -> Result<(), CliError> {
    let mut text = format!("{:>4}  {:<18} {:<24} {:>7}  gear\n", "slot", "id", "name", "weights");
    for factory in MODELS {
        let model = factory.load()?;
        let weights = model.weight_count().map_or_else(|| "?".into(), |w| w.to_string());
        text += &format!(
            "{:>4}  {:<18} {:<24} {weights:>7}  {}\n",
            factory.slot, factory.id, model.card.name, model.card.gear
        );
    }
    say(&text)
}
