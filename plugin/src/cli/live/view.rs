//! What somebody who plays sees, as lines of text.

use shared::live::{State, Statistics};
use std::time::Duration;

/// How long a peak is held.
const HOLD: Duration = Duration::from_millis(1500);

/// The quietest level that a meter shows, in dBFS.
const FLOOR_DB: f32 = -60.0;

/// From this on a level is marked as loud.
const LOUD_DB: f32 = -6.0;

/// Widest and narrowest bar of a meter, in characters.
const BAR: std::ops::RangeInclusive<usize> = 10..=60;

/// How a piece of text is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    Faint,
    Good,
    Loud,
    Bad,
}

/// A piece of a line.
pub(super) type Span = (Look, String);

/// A level over time, as a meter shows it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    peak: f32,
    held: f32,
    held_at: Duration,
    /// Samples that have clipped, and how many of them had when the mark was cleared.
    clips: u64,
    cleared: u64,
}

impl Meter {
    /// Takes over a peak, a factor of full scale, and the count of samples that clipped, at a time of one clock.
    pub fn update(&mut self, peak: f32, clips: u64, now: Duration) {
        self.peak = peak;
        self.clips = clips;
        if peak >= self.held || now.saturating_sub(self.held_at) > HOLD {
            (self.held, self.held_at) = (peak, now);
        }
    }

    /// Forgets what was.
    pub fn clear(&mut self) {
        *self = Self { clips: self.clips, cleared: self.clips, ..Self::default() };
    }

    fn clipped(&self) -> bool {
        self.clips > self.cleared
    }

    /// The meter as text: a bar with the held peak in it, the held peak as a number, and a mark if it clipped.
    fn draw(&self, label: &str, width: usize) -> Vec<Span> {
        let bar = width.saturating_sub(28).clamp(*BAR.start(), *BAR.end());
        let cells = |peak: f32| {
            let share = (dbfs(peak).max(FLOOR_DB) - FLOOR_DB) / -FLOOR_DB;
            ((share * bar as f32).round() as usize).min(bar)
        };
        let (full, held) = (cells(self.peak), cells(self.held));
        let loud = cells(10f32.powf(LOUD_DB / 20.0));
        let piece = |look, from: usize, to: usize| (look, "█".repeat(to.saturating_sub(from)));
        let mut rest: Vec<char> = vec!['·'; bar - full];
        if held > full {
            rest[held - full - 1] = '│';
        }
        let level = if self.held > 0.0 { format!("{:6.1}", dbfs(self.held)) } else { "  -inf".into() };
        let mark = if self.clipped() { " CLIP" } else { "" };
        vec![
            (Look::Plain, format!("  {label:<6}")),
            piece(Look::Good, 0, full.min(loud)),
            piece(Look::Loud, loud, full),
            (Look::Faint, rest.into_iter().collect()),
            (Look::Plain, format!(" {level} dBFS")),
            (Look::Bad, mark.into()),
        ]
    }
}

/// All that is to be seen.
pub(super) struct View<'a> {
    /// What the sound goes through.
    pub chain: &'a str,
    pub state: &'a State,
    pub statistics: &'a Statistics,
    pub elapsed: Duration,
    pub inputs: &'a [Meter],
    pub outputs: &'a [Meter],
    pub bypassed: bool,
    pub muted: bool,
    pub volume_db: f64,
    /// What the amount keys turn, and where it stands.
    pub amount: Option<(&'a str, String)>,
    /// What went wrong last.
    pub warning: Option<&'a str>,
}

impl View<'_> {
    /// The screen, for a terminal so many characters wide.
    pub fn lines(&self, width: usize) -> Vec<Vec<Span>> {
        let (look, state) = describe(self.state);
        let mut lines = vec![
            vec![(look, state), (Look::Plain, format!(" · {} · {}", clock(self.elapsed), self.chain))],
            vec![(Look::Faint, format!("  {}", stream(self.statistics)))],
        ];
        for (label, meters) in [("in", self.inputs), ("out", self.outputs)] {
            for (channel, meter) in meters.iter().enumerate() {
                let label =
                    if meters.len() > 1 { format!("{label} {}", channel + 1) } else { label.to_owned() };
                lines.push(meter.draw(&label, width));
            }
        }
        lines.push(self.burden());
        lines.push(self.losses());
        let mut hands = vec![(Look::Plain, format!("  volume {:+.0} dB", self.volume_db))];
        if let Some((label, value)) = &self.amount {
            hands.push((Look::Plain, format!("   {label} {value}")));
        }
        if self.bypassed {
            hands.push((Look::Loud, "   BYPASSED".into()));
        }
        if self.muted {
            hands.push((Look::Loud, "   MUTED".into()));
        }
        lines.push(hands);
        let turn = if self.amount.is_some() { "   up/down amount" } else { "" };
        let keys = format!("  b bypass{turn}   left/right volume   m mute   c clear   q quit");
        lines.push(vec![(Look::Faint, keys)]);
        lines.extend(self.warning.map(|warning| vec![(Look::Bad, format!("  {warning}"))]));
        for line in &mut lines {
            cut(line, width);
        }
        lines
    }

    /// One line, for where there is no terminal.
    pub fn line(&self) -> String {
        let (_, state) = describe(self.state);
        let level = |meters: &[Meter]| {
            let shown = meters.iter().map(|m| format!("{:.1}", dbfs(m.peak).max(-99.9)));
            shown.collect::<Vec<_>>().join(" ")
        };
        let Statistics { load, worst_load, blocks, xruns, overruns, underruns, late_blocks, .. } =
            self.statistics;
        let Statistics { restarts, changes, input_clips, output_clips, .. } = self.statistics;
        let [clipped_in, clipped_out] = [input_clips, output_clips].map(|clips| clips.iter().sum::<u64>());
        format!(
            "{} {state}: in {} dBFS, out {} dBFS, load {}, worst {}, blocks {blocks}, late {late_blocks}, gaps {xruns}, \
             lost {overruns}, missing {underruns}, restarts {restarts}, changes {changes}, clipped in {clipped_in}, out \
             {clipped_out}",
            clock(self.elapsed),
            level(self.inputs),
            level(self.outputs),
            percent(*load),
            percent(*worst_load),
        )
    }

    fn burden(&self) -> Vec<Span> {
        let Statistics { load, worst_load, worst_block, late_blocks, .. } = self.statistics;
        let look = if *late_blocks > 0 { Look::Bad } else { Look::Plain };
        let worst = format!("   worst block {} ({})", milliseconds(*worst_block), percent(*worst_load));
        vec![
            (Look::Plain, format!("  load {}{worst}", percent(*load))),
            (look, format!("   late {late_blocks}")),
        ]
    }

    fn losses(&self) -> Vec<Span> {
        let Statistics { xruns, overruns, underruns, restarts, changes, clock_ratio, .. } = self.statistics;
        let count = |label: &str, count: u64| {
            (if count > 0 { Look::Bad } else { Look::Plain }, format!("   {label} {count}"))
        };
        let mut line = vec![count("gaps", *xruns), count("lost", *overruns), count("missing", *underruns)];
        line[0].1.remove(0);
        if *restarts > 0 {
            line.push((Look::Loud, format!("   restarts {restarts}")));
        }
        if *changes > 0 {
            line.push((Look::Loud, format!("   changes {changes}")));
        }
        if (clock_ratio - 1.0).abs() > 1e-7 && *clock_ratio > 0.0 {
            let off = (clock_ratio - 1.0) * 1e6;
            line.push((Look::Faint, format!("   input's clock {off:+.0} ppm")));
        }
        line
    }
}

/// What was, after the end.
pub(super) fn summary(statistics: &Statistics, played: Duration) -> String {
    let Statistics { blocks, frames, load, worst_load, worst_block, .. } = statistics;
    let Statistics { late_blocks, xruns, overruns, underruns, restarts, changes, .. } = statistics;
    let [clipped_in, clipped_out] =
        [statistics.input_clips, statistics.output_clips].map(|clips| clips.iter().sum::<u64>());
    format!(
        "played {}: {blocks} blocks, {frames} samples\n  {}\n  load {}, worst block {} ({}), {late_blocks} late\n  \
         gaps {xruns}, samples lost {overruns} and missing {underruns} between clocks, restarts {restarts}, changes {changes}\n  samples \
         that clipped: in {clipped_in}, out {clipped_out}\n",
        clock(played),
        stream(statistics),
        percent(*load),
        milliseconds(*worst_block),
        percent(*worst_load),
    )
}

/// What the device granted.
pub(super) fn stream(statistics: &Statistics) -> String {
    let Statistics { sample_rate_hz, buffer_samples, latency_samples, .. } = *statistics;
    if sample_rate_hz == 0 {
        return "no device yet".into();
    }
    let buffer = match buffer_samples {
        0 => "buffers that vary".to_owned(),
        samples => format!("buffers of {samples} samples"),
    };
    let latency_ms = latency_samples as f64 / f64::from(sample_rate_hz) * 1e3;
    format!("{sample_rate_hz} Hz, {buffer}, {latency_ms:.1} ms from input to output as reported")
}

fn describe(state: &State) -> (Look, String) {
    match state {
        State::Stopped => (Look::Faint, "stopped".into()),
        State::Running => (Look::Good, "playing".into()),
        State::Reconnecting(None) => (Look::Bad, "looking for the device …".into()),
        State::Reconnecting(Some(why)) => (Look::Bad, format!("looking for the device … ({why})")),
        State::Failed(reason) => (Look::Bad, format!("ended: {reason}")),
    }
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn dbfs(peak: f32) -> f32 {
    20.0 * peak.log10()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// A line that is wider than the terminal would break, and the next picture would be drawn in the wrong place.
fn cut(line: &mut Vec<Span>, width: usize) {
    let mut left = width;
    for (_, text) in line.iter_mut() {
        let end = text.char_indices().nth(left).map_or(text.len(), |(at, _)| at);
        text.truncate(end);
        left -= text.chars().count();
    }
    line.retain(|(_, text)| !text.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[Vec<Span>]) -> Vec<String> {
        lines.iter().map(|line| line.iter().map(|(_, text)| text.as_str()).collect()).collect()
    }

    fn meter(peak: f32) -> Meter {
        let mut meter = Meter::default();
        meter.update(peak, u64::from(peak >= 1.0), Duration::ZERO);
        meter
    }

    fn statistics() -> Statistics {
        Statistics {
            sample_rate_hz: 48_000,
            buffer_samples: 128,
            latency_samples: 384,
            blocks: 375,
            frames: 48_000,
            load: 0.234,
            worst_load: 0.61,
            worst_block: Duration::from_micros(1627),
            clock_ratio: 1.0,
            ..Statistics::default()
        }
    }

    #[test]
    fn the_screen_shows_what_happens() {
        let (statistics, inputs, outputs) = (statistics(), [meter(0.1)], [meter(1.5), meter(0.0)]);
        let mut view = View {
            chain: "amp › cabinet",
            state: &State::Running,
            statistics: &statistics,
            elapsed: Duration::from_secs(83),
            inputs: &inputs,
            outputs: &outputs,
            bypassed: false,
            muted: false,
            volume_db: -3.0,
            amount: Some(("amount", "0.70".into())),
            warning: None,
        };
        let lines = text(&view.lines(58));
        let expected = [
            "playing · 1:23 · amp › cabinet",
            "  48000 Hz, buffers of 128 samples, 8.0 ms from input to o",
            "  in    ████████████████████··········  -20.0 dBFS",
            "  out 1 ██████████████████████████████    3.5 dBFS CLIP",
            "  out 2 ······························   -inf dBFS",
            "  load 23 %   worst block 1.63 ms (61 %)   late 0",
            "  gaps 0   lost 0   missing 0",
            "  volume -3 dB   amount 0.70",
            "  b bypass   up/down amount   left/right volume   m mute  ",
        ];
        assert_eq!(lines, expected);
        let trouble = Statistics {
            late_blocks: 2,
            xruns: 3,
            overruns: 4,
            underruns: 5,
            restarts: 1,
            changes: 2,
            clock_ratio: 1.0001,
            ..statistics.clone()
        };
        let lost = State::Reconnecting(Some("\"Box\" is in use".into()));
        (view.statistics, view.state) = (&trouble, &lost);
        (view.bypassed, view.muted, view.amount) = (true, true, None);
        view.warning = Some("it cannot listen");
        let all = text(&view.lines(100)).join("\n");
        for part in [
            "looking for the device … (\"Box\" is in use)",
            "late 2",
            "gaps 3   lost 4   missing 5   restarts 1   changes 2   input's clock +100 ppm",
            "BYPASSED   MUTED",
            "\n  it cannot listen",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert!(!all.contains("amount"), "{all}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let (statistics, meters) = (statistics(), [meter(0.5), meter(2.0)]);
        let state = State::Failed("the device „Gerät“ was pulled out".into());
        let view = View {
            chain: "high_pass › gate › amp › cabinet › word_eq › reverb",
            state: &state,
            statistics: &statistics,
            elapsed: Duration::ZERO,
            inputs: &meters,
            outputs: &meters,
            bypassed: true,
            muted: true,
            volume_db: 0.0,
            amount: None,
            warning: None,
        };
        for width in 0..200 {
            let lines = text(&view.lines(width));
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}: {lines:?}");
        }
    }

    #[test]
    fn a_peak_is_held_for_a_while_and_clipping_until_it_is_cleared() {
        let (mut meter, at) = (Meter::default(), Duration::from_millis);
        meter.update(1.0, 3, at(1000));
        meter.update(0.1, 3, at(1100));
        assert_eq!((meter.peak, meter.held, meter.clipped()), (0.1, 1.0, true));
        let drawn = text(&[meter.draw("in", 48)]).remove(0);
        assert!(drawn.contains("█······│") && drawn.contains("0.0 dBFS CLIP"), "{drawn}");
        meter.update(0.2, 3, at(2501));
        assert_eq!((meter.held, meter.clipped()), (0.2, true));
        meter.clear();
        meter.update(0.2, 3, at(2600));
        assert!(!meter.clipped());
        // One that was over before anybody looked.
        meter.update(0.3, 4, at(2700));
        assert!(meter.clipped());
    }

    #[test]
    fn a_line_and_a_summary_have_the_counts() {
        let statistics = Statistics {
            xruns: 7,
            late_blocks: 2,
            restarts: 1,
            changes: 3,
            input_clips: [4, 0],
            output_clips: [5, 6],
            ..statistics()
        };
        let view = View {
            chain: "gain",
            state: &State::Running,
            statistics: &statistics,
            elapsed: Duration::from_secs(5),
            inputs: &[meter(0.1)],
            outputs: &[meter(0.0), meter(1.0)],
            bypassed: false,
            muted: false,
            volume_db: 0.0,
            amount: None,
            warning: None,
        };
        let line = view.line();
        let expected = "0:05 playing: in -20.0 dBFS, out -99.9 0.0 dBFS, load 23 %, worst 61 %, blocks 375, late 2, gaps 7, \
                        lost 0, missing 0, restarts 1, changes 3, clipped in 4, out 11";
        assert_eq!(line, expected);
        let said = summary(&statistics, Duration::from_secs(61));
        assert!(
            said.starts_with("played 1:01: 375 blocks, 48000 samples\n")
                && said.contains("gaps 7,")
                && said.contains("restarts 1, changes 3\n  samples that clipped: in 4, out 11\n"),
            "{said}"
        );
    }
}
