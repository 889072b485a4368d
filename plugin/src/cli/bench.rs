//! `tonewright bench`: what each block of a chain costs on this machine.

mod sound;

use super::CliError;
use super::chain::ChainArguments;
use super::out::{complain, say};
use super::report;
use clap::Args;
use serde::Serialize;
use shared::chain::{Chain, Purpose, StreamFormat};
use std::time::Instant;

/// Sound that is played before it counts, in seconds.
const WARM_UP_SECONDS: f64 = 0.5;

/// Fewest blocks that are measured: the 99.9th percentile needs some beyond it.
const FEWEST_BLOCKS: usize = 2000;

/// Shares of all blocks that cost no more than what is shown.
const SHARES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 1.0];

#[derive(Debug, Args)]
pub(super) struct BenchArguments {
    /// Sample rate in Hz.
    #[arg(
        long, value_name = "HZ", default_value_t = 48_000, value_parser = super::rate, allow_negative_numbers = true
    )]
    rate: u32,
    /// Channels that go in, 1 or as many as come out; as `live` has it without this.
    #[arg(
        long, value_name = "N", default_value_t = 1, allow_negative_numbers = true,
        value_parser = clap::value_parser!(u16).range(1..=64)
    )]
    channels_in: u16,
    /// Channels that come out.
    #[arg(
        long, value_name = "N", default_value_t = 2, allow_negative_numbers = true,
        value_parser = clap::value_parser!(u16).range(1..=64)
    )]
    channels_out: u16,
    /// Sizes of blocks in samples.
    #[arg(
        long, value_name = "SAMPLES", value_delimiter = ',', default_value = "32,64,128,256,512,1024",
        allow_hyphen_values = true,
        value_parser = clap::value_parser!(u32).range(1..=65_536)
    )]
    blocks: Vec<u32>,
    /// Sound that is played for each row, in seconds.
    #[arg(long, default_value_t = 5.0, value_parser = seconds, allow_negative_numbers = true)]
    seconds: f64,
    /// Writes JSON in place of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    chain: ChainArguments,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds from 0.01 to 3600".into()),
    }
}

/// All that was measured.
#[derive(Serialize)]
struct Measured {
    through: String,
    chain: String,
    sample_rate_hz: u32,
    channels_in: u16,
    channels_out: u16,
    rows: Vec<Row>,
}

/// Blocks of one size and one sound.
#[derive(Serialize)]
struct Row {
    block_samples: u32,
    sound: &'static str,
    blocks: usize,
    /// How long a block lasts, in microseconds.
    deadline_us: f64,
    #[serde(flatten)]
    cost: Cost,
}

/// What no more than these shares of all blocks exceed, in microseconds.
#[derive(Serialize)]
struct Cost {
    p50_us: f64,
    p90_us: f64,
    p99_us: f64,
    p99_9_us: f64,
    max_us: f64,
}

pub(super) fn bench(arguments: &BenchArguments) -> Result<(), CliError> {
    let built = arguments.chain.build()?;
    built.warnings.iter().for_each(|warning| complain(format_args!("warning: {warning}")));
    let (mut chain, views) = (built.chain, built.views);
    let guitar = sound::guitar(f64::from(arguments.rate));
    let silence = vec![0.0; guitar.len()];
    let mut rows = Vec::new();
    for &block in &arguments.blocks {
        for (sound, signal) in [("guitar", &guitar), ("silence", &silence)] {
            rows.push(measure(&mut chain, arguments, block, sound, signal)?);
        }
    }
    for (_, view) in &views {
        view.take_warning().into_iter().for_each(|warning| complain(format_args!("warning: {warning}")));
    }
    let measured = Measured {
        through: report::amps(&views),
        chain: built.described,
        sample_rate_hz: arguments.rate,
        channels_in: arguments.channels_in,
        channels_out: arguments.channels_out,
        rows,
    };
    if arguments.json {
        say(&(serde_json::to_string_pretty(&measured).unwrap_or_default() + "\n"))
    } else {
        say(&table(&measured))
    }
}

/// Plays a signal round and round, as a sound card would ask for it but without waiting.
fn measure(
    chain: &mut Chain,
    arguments: &BenchArguments,
    block: u32,
    sound: &'static str,
    signal: &[f32],
) -> Result<Row, CliError> {
    let rate_hz = f64::from(arguments.rate);
    let [channels_in, channels_out] = [arguments.channels_in, arguments.channels_out].map(usize::from);
    let samples = block as usize;
    chain.prepare(StreamFormat {
        sample_rate_hz: rate_hz,
        max_block_samples: samples,
        channels_in,
        channels_out,
        purpose: Purpose::Live,
    })?;
    let blocks_in = |seconds: f64| (seconds * rate_hz / samples as f64).ceil() as usize;
    let warm_up = blocks_in(WARM_UP_SECONDS);
    let count = blocks_in(arguments.seconds).max(FEWEST_BLOCKS);
    let mut source = signal.iter().cycle();
    let mut memory = vec![vec![0.0f32; samples]; channels_out];
    let mut costs_us = Vec::with_capacity(count);
    for number in 0..warm_up + count {
        let (first, others) = memory.split_at_mut(1);
        first[0].iter_mut().zip(&mut source).for_each(|(to, from)| *to = *from);
        others.iter_mut().take(channels_in - 1).for_each(|other| other.copy_from_slice(&first[0]));
        let mut part: Vec<&mut [f32]> = memory.iter_mut().map(Vec::as_mut_slice).collect();
        let begin = Instant::now();
        chain.process(&mut part);
        let cost = begin.elapsed();
        if number >= warm_up {
            costs_us.push(cost.as_secs_f64() * 1e6);
        }
    }
    let deadline_us = samples as f64 / rate_hz * 1e6;
    Ok(Row { block_samples: block, sound, blocks: count, deadline_us, cost: Cost::of(costs_us) })
}

impl Cost {
    fn of(mut costs_us: Vec<f64>) -> Self {
        costs_us.sort_by(f64::total_cmp);
        let [p50_us, p90_us, p99_us, p99_9_us, max_us] = SHARES.map(|share| within(&costs_us, share));
        Self { p50_us, p90_us, p99_us, p99_9_us, max_us }
    }
}

/// The least of the ascending values that so large a share of them does not exceed (nearest rank).
fn within(ascending: &[f64], share: f64) -> f64 {
    let rank = (share * ascending.len() as f64).ceil() as usize;
    ascending.get(rank.max(1) - 1).copied().unwrap_or(0.0)
}

fn table(measured: &Measured) -> String {
    let Measured { through, chain, sample_rate_hz, channels_in, channels_out, rows } = measured;
    let channels = report::channels(usize::from(*channels_in));
    let mut text =
        format!("{through}\nchain: {chain}\n{channels} in, {channels_out} out at {sample_rate_hz} Hz\n");
    text += "microseconds that a block takes, and their share of the time it lasts\n";
    text += &format!("{:>6} {:>9}  {:<8}", "block", "lasts", "sound");
    for title in ["p50", "p90", "p99", "p99.9", "max"] {
        text += &format!("{title:>18}");
    }
    text.push('\n');
    for Row { block_samples, sound, deadline_us, cost, .. } in rows {
        text += &format!("{block_samples:>6} {deadline_us:>9.0}  {sound:<8}");
        for cost_us in [cost.p50_us, cost.p90_us, cost.p99_us, cost.p99_9_us, cost.max_us] {
            text += &format!("{cost_us:>9.1} {:>6.1} %", cost_us / deadline_us * 100.0);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_nearest_ranks() {
        let values: Vec<f64> = (1..=1000).map(f64::from).collect();
        assert_eq!(SHARES.map(|share| within(&values, share)), [500.0, 900.0, 990.0, 999.0, 1000.0]);
        assert_eq!(within(&[3.0], 0.5), 3.0);
    }
}
