//! `tonewright live`: a chain between a sound card's input and its output.

use super::card::CardArguments;
use super::hands::Hands;
use super::keys::Action;
use super::screen::Screen;
use super::signals;
use super::terminal::{panicked, watch_panics};
use super::view::{Meter, View, stream, summary};
use crate::cli::CliError;
use crate::cli::chain::{Built, ChainArguments};
use crate::cli::out::{complain, say};
use clap::Args;
use shared::chain::{Chain, ChainError, Purpose, StreamFormat, View as Effect};
use shared::live::{LiveProcessor, State, StreamConfig};
use shared::out::is_closed;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The rate that a chain which cannot be played live is refused at, where none is asked for.
const USUAL_RATE_HZ: u32 = 48_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct PlayArguments {
    #[command(flatten)]
    card: CardArguments,
    #[command(flatten)]
    chain: ChainArguments,
    /// Ends after so many seconds; without this it plays until it is told to end.
    #[arg(long, value_parser = seconds, allow_negative_numbers = true)]
    seconds: Option<Duration>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0);
    let time = number.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| "expected a number of seconds above 0".into())
}

pub(super) fn play(arguments: &PlayArguments) -> Result<(), CliError> {
    let config = arguments.card.config()?;
    let Built { mut chain, described: through, views, warnings } = arguments.chain.build()?;
    warnings.iter().for_each(|warning| complain(format_args!("warning: {warning}")));
    check_live(&mut chain, &config)?;
    let (chain, hands) = Hands::on(chain)?;
    let meters =
        [config.channels_in, config.channels_out].map(|channels| vec![Meter::default(); channels.min(2)]);
    let backend = arguments.card.open()?;
    let name = backend.name();
    let mut live = LiveProcessor::new(chain, backend, config)?;
    signals::hear().map_err(CliError::Terminal)?;
    watch_panics();
    live.start().map_err(|e| arguments.card.explain(name, e))?;
    let begin = Instant::now();
    let [inputs, outputs] = meters;
    let mut stage = Stage { live, hands, through, views, warnings: Vec::new(), begin, inputs, outputs };
    let ended = stage.run(arguments.seconds);
    signals::end();
    stage.warnings.iter().for_each(|warning| complain(format_args!("warning: {warning}")));
    let (state, statistics, played) = (stage.live.state(), stage.live.statistics(), begin.elapsed());
    stage.live.stop();
    let said = say(&summary(&statistics, played));
    match ended {
        // Whoever watched has gone, and that is the end.
        Err(error) if !is_closed(&error) => Err(CliError::Terminal(error)),
        _ => outcome(state, panicked()).and(said),
    }
}

/// What the shell is told of an end that nothing else went wrong at.
fn outcome(state: State, panicked: bool) -> Result<(), CliError> {
    match state {
        State::Failed(reason) => Err(CliError::Lost(reason)),
        _ if panicked => Err(CliError::Panicked),
        State::Reconnecting(why) => {
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            Err(CliError::Lost(format!("it did not come back{why}")))
        }
        State::Running | State::Stopped => Ok(()),
    }
}

/// What needs a whole file is refused before any device is opened.
fn check_live(chain: &mut Chain, config: &StreamConfig) -> Result<(), ChainError> {
    if chain.measuring().is_empty() {
        return Ok(());
    }
    chain.prepare(StreamFormat {
        sample_rate_hz: f64::from(config.sample_rate_hz.unwrap_or(USUAL_RATE_HZ)),
        max_block_samples: config.buffer_samples as usize,
        channels_in: config.channels_in,
        channels_out: config.channels_out,
        purpose: Purpose::Live,
    })
}

/// Everything that happens while it plays.
struct Stage {
    live: LiveProcessor,
    hands: Hands,
    through: String,
    views: Vec<(usize, Effect)>,
    /// What went wrong while it played, each thing once.
    warnings: Vec<String>,
    begin: Instant,
    inputs: Vec<Meter>,
    outputs: Vec<Meter>,
}

impl Stage {
    /// Shows and obeys until somebody wants the end, or there is one.
    fn run(&mut self, seconds: Option<Duration>) -> io::Result<()> {
        let mut screen = Screen::open()?;
        if matches!(screen, Screen::Lines { .. }) {
            let stream = stream(&self.live.statistics());
            writeln!(io::stdout(), "playing through {}: {stream}", self.through)?;
        }
        loop {
            if panicked() {
                return Ok(());
            }
            self.show(&mut screen)?;
            let new = self.views.iter().filter_map(|(_, view)| view.take_warning());
            let new: Vec<_> = new.filter(|warning| !self.warnings.contains(warning)).collect();
            self.warnings.extend(new);
            let over = seconds.is_some_and(|seconds| self.begin.elapsed() >= seconds);
            if over || signals::asked_to_end() || matches!(self.live.state(), State::Failed(_)) {
                return Ok(());
            }
            match screen.wait()? {
                Some(Action::Quit) => return Ok(()),
                Some(Action::Clear) => self.inputs.iter_mut().chain(&mut self.outputs).for_each(Meter::clear),
                // The hands hold only what the chain has, in its range.
                Some(action) => self.hands.act(action).map_err(io::Error::other)?,
                None => {}
            }
        }
    }

    fn show(&mut self, screen: &mut Screen) -> io::Result<()> {
        let (elapsed, statistics) = (self.begin.elapsed(), self.live.statistics());
        let update = |meters: &mut [Meter], peaks: [f32; 2], clips: [u64; 2]| {
            let heard = peaks.into_iter().zip(clips);
            meters
                .iter_mut()
                .zip(heard)
                .for_each(|(meter, (peak, clips))| meter.update(peak, clips, elapsed));
        };
        update(&mut self.inputs, statistics.input_peaks, statistics.input_clips);
        update(&mut self.outputs, statistics.output_peaks, statistics.output_clips);
        screen.show(&View {
            chain: &self.through,
            state: &self.live.state(),
            statistics: &statistics,
            elapsed,
            inputs: &self.inputs,
            outputs: &self.outputs,
            bypassed: self.hands.bypassed(),
            muted: self.hands.muted(),
            volume_db: self.hands.volume_db(),
            amount: self.hands.amount(),
            warning: self.warnings.last().map(String::as_str),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_end_that_was_wanted_is_a_success() {
        let said = |state, panicked| outcome(state, panicked).map_err(|e| e.to_string());
        assert_eq!(said(State::Running, false), Ok(()));
        assert!(said(State::Running, true).is_err_and(|e| e.contains("fault")));
        assert!(said(State::Failed("pulled out".into()), true).is_err_and(|e| e.contains("pulled out")));
        let gone = State::Reconnecting(Some("\"Box\" is in use".into()));
        assert!(said(gone, false).is_err_and(|e| e.ends_with("did not come back: \"Box\" is in use")));
        assert!(said(State::Reconnecting(None), false).is_err());
    }
}
