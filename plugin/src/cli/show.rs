//! `tonewright info` and `tonewright models`.

use super::{CliError, find_model};
use crate::amp::architecture;
use crate::factory::MODELS;

pub(super) fn info(name: &str) -> Result<(), CliError> {
    let model = find_model(name)?;
    let card = &model.card;
    let rate = card.sample_rate_hz;
    let line = |key: &str, value: &str| {
        if !value.is_empty() {
            println!("{key:<16} {value}");
        }
    };
    let milliseconds = |samples: usize| samples as f64 / rate * 1e3;
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
    line("Architecture", &architecture(&model));
    line("Weights", &model.weight_count().map_or_else(|| "unknown".into(), |w| w.to_string()));
    let field = model.receptive_field_samples();
    let field = field.map(|f| format!("{f} samples ({:.1} ms), memory and not delay", milliseconds(f)));
    line("Receptive field", &field.unwrap_or_else(|| "unknown".into()));
    let ahead = model.lookahead_samples();
    line("Latency", &format!("{ahead} samples ({:.1} ms)", milliseconds(ahead)));
    line("Plays live", &model.check_live().map_or_else(|e| format!("no: {e}"), |()| "yes".into()));
    Ok(())
}

pub(super) fn models() -> Result<(), CliError> {
    println!("{:>4}  {:<18} {:<24} {:>7}  gear", "slot", "id", "name", "weights");
    for factory in MODELS {
        let model = factory.load()?;
        let weights = model.weight_count().map_or_else(|| "?".into(), |w| w.to_string());
        println!(
            "{:>4}  {:<18} {:<24} {weights:>7}  {}",
            factory.slot, factory.id, model.card.name, model.card.gear
        );
    }
    Ok(())
}
