//! Diagrams as SVG that stands in the page: lines over two axes, in the page's own colours.

use super::html::escape;
use std::fmt::Write;

/// Size of a diagram, in its own units; the page scales it.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 44.0;
/// Most points of a line: more than that is not seen.
const POINTS: usize = 700;

/// One axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Where it begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// Whether equal steps are equal ratios.
    pub logarithmic: bool,
    /// Values with a line and a text.
    pub ticks: Vec<(f64, String)>,
    /// What it is, with its unit.
    pub title: String,
}

impl Axis {
    /// Frequencies, in Hz.
    pub fn hertz(low: f64, high: f64) -> Self {
        let ticks = [50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0, 20_000.0]
            .into_iter()
            .filter(|hz| (low..=high * 1.001).contains(hz))
            .map(|hz| (hz, if hz < 1000.0 { format!("{hz}") } else { format!("{} k", hz / 1000.0) }))
            .collect();
        Self { low, high, logarithmic: true, ticks, title: "frequency in Hz".into() }
    }

    /// Even steps of a whole number of units.
    pub fn steps(low: f64, high: f64, step: f64, title: &str) -> Self {
        let first = (low / step).ceil() as i64;
        let last = (high / step).floor() as i64;
        let ticks =
            (first..=last).map(|i| (i as f64 * step, format!("{}", rounded(i as f64 * step)))).collect();
        Self { low, high, logarithmic: false, ticks, title: title.into() }
    }

    /// Even steps, about five of them, with a round distance.
    pub fn round(low: f64, high: f64, title: &str) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let raw = (high - low) / 5.0;
        let ten = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * ten).find(|s| *s >= raw).unwrap_or(raw);
        Self::steps(low, high, step, title)
    }

    /// Powers of ten around the values.
    pub fn decades(low: f64, high: f64, title: &str) -> Self {
        let first = low.max(1e-12).log10().floor() as i32;
        let last = (high.max(1e-12).log10().ceil() as i32).max(first + 1);
        // No more than six of them have room.
        let every = ((last - first) as usize).div_ceil(6).max(1);
        let ticks = (first..=last).step_by(every).map(|e| {
            let text =
                if (-4..=4).contains(&e) { format!("{}", rounded(10f64.powi(e))) } else { format!("1e{e}") };
            (10f64.powi(e), text)
        });
        Self {
            low: 10f64.powi(first),
            high: 10f64.powi(last),
            logarithmic: true,
            ticks: ticks.collect(),
            title: title.into(),
        }
    }

    /// Where a value is, 0 to 1; what is beyond an end is at it.
    fn place(&self, value: f64) -> f64 {
        let at = match self.logarithmic {
            true => (value.max(1e-30) / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        if at.is_finite() { at.clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// A number without the digits that floating point adds.
fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

/// A line of a diagram.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it shows, for the legend.
    pub label: String,
    /// The class that gives colour and dashes: `target`, `model`, `error` or `dry`.
    pub class: &'static str,
    /// Points, from left to right.
    pub points: Vec<(f64, f64)>,
}

/// A diagram.
#[derive(Clone, Debug)]
pub struct Diagram {
    /// What it is called.
    pub title: String,
    /// What it shows, in a sentence, for who cannot see it.
    pub description: String,
    /// To the right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// The lines, the first at the back.
    pub lines: Vec<Line>,
    /// A picture behind them that fills the diagram, as an address.
    pub picture: Option<String>,
}

impl Diagram {
    /// A figure with the diagram and its legend, well formed as XML. `id` is the page's only one of that name.
    pub fn figure(&self, id: &str) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail, here and below.
        let _ = write!(
            out,
            "<figure id=\"{id}\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\
             <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
            escape(&self.title),
            escape(&self.description)
        );
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        if let Some(picture) = &self.picture {
            let _ = write!(
                out,
                "<image x=\"{LEFT}\" y=\"{TOP}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" href=\"{picture}\"/>",
                right - LEFT,
                bottom - TOP
            );
        }
        for (value, text) in &self.x.ticks {
            let x = self.x_of(*value);
            let _ = write!(
                out,
                "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom}\"/><text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                bottom + 18.0,
                escape(text)
            );
        }
        for (value, text) in &self.y.ticks {
            let y = self.y_of(*value);
            let _ = write!(
                out,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                y + 4.5,
                escape(text)
            );
        }
        for line in &self.lines {
            let _ = write!(out, "<path class=\"{}\" d=\"{}\"/>", line.class, self.path(&line.points));
        }
        let _ = write!(
            out,
            "<text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text></svg><figcaption><span class=\"axes\"><b>{}.</b> Upwards: {}</span>",
            right,
            HEIGHT - 7.0,
            escape(&self.x.title),
            escape(&self.title),
            escape(&self.y.title)
        );
        for line in &self.lines {
            let _ = write!(
                out,
                "<span class=\"key\"><svg viewBox=\"0 0 30 8\" aria-hidden=\"true\"><path class=\"{}\" d=\"M0 4H30\"/></svg>{}</span>",
                line.class,
                escape(&line.label)
            );
        }
        out.push_str("</figcaption></figure>");
        out
    }

    fn x_of(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (WIDTH - RIGHT - LEFT)
    }

    fn y_of(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - BOTTOM - TOP)
    }

    /// The points as a path; what is no number leaves a gap.
    fn path(&self, points: &[(f64, f64)]) -> String {
        let every = points.len().div_ceil(POINTS).max(1);
        let last = points.len().saturating_sub(1);
        let mut path = String::new();
        let mut pen = 'M';
        for (i, &(x, y)) in points.iter().enumerate() {
            if i % every != 0 && i != last {
                continue;
            }
            if x.is_finite() && y.is_finite() {
                let _ = write!(path, "{pen}{:.1} {:.1}", self.x_of(x), self.y_of(y));
                pen = 'L';
            } else {
                pen = 'M';
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagram(points: Vec<(f64, f64)>) -> Diagram {
        Diagram {
            title: "<a> & \"b\"".into(),
            description: "d".into(),
            x: Axis::round(0.0, 10.0, "x"),
            y: Axis::decades(0.002, 0.5, "y"),
            lines: vec![Line { label: "l".into(), class: "model", points }],
            picture: None,
        }
    }

    #[test]
    fn axes_have_round_ticks() {
        let text = |axis: &Axis| axis.ticks.iter().map(|t| t.1.clone()).collect::<Vec<_>>().join(" ");
        assert_eq!(text(&Axis::round(0.0, 10.0, "")), "0 2 4 6 8 10");
        assert_eq!(text(&Axis::round(-0.3, 0.3, "")), "-0.2 0 0.2");
        assert_eq!(text(&Axis::decades(0.002, 0.5, "")), "0.001 0.01 0.1 1");
        assert_eq!(text(&Axis::decades(1e-6, 1.0, "")), "1e-6 1e-5 0.0001 0.001 0.01 0.1 1");
        assert_eq!(text(&Axis::hertz(40.0, 24_000.0)), "50 100 200 500 1 k 2 k 5 k 10 k 20 k");
        assert_eq!(text(&Axis::round(3.0, 3.0, "")), "3 3.2 3.4 3.6 3.8 4");
    }

    #[test]
    fn what_is_no_number_leaves_a_gap_and_what_is_outside_stays_on_the_edge() {
        let d = diagram(vec![(0.0, 1.0), (5.0, f64::NAN), (10.0, 0.001), (20.0, 7.0)]);
        assert_eq!(d.path(&d.lines[0].points), "M62.0 14.0M576.0 256.0L576.0 14.0");
    }

    #[test]
    fn texts_are_escaped_and_long_lines_thinned() {
        let d = diagram((0..50_000).map(|i| (f64::from(i) / 5000.0, 0.01)).collect());
        let figure = d.figure("test");
        assert!(figure.contains("&lt;a&gt; &amp; &quot;b&quot;") && !figure.contains("<a>"), "{figure}");
        assert!(figure.len() < 15_000, "{}", figure.len());
        assert!(figure.contains("L576.0 "), "the last point stays");
    }
}
