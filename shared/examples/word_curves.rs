//! Draws what the words mean, for the documentation: `cargo run -p shared --example word_curves > docs/words.svg`.

use shared::word_eq::{Controls, EqModel, GRID, Reference, Word, WordEqError, WordTable, grid_hz, wanted};
use std::fmt::Write;

const WIDTH: f64 = 860.0;
const PANEL: f64 = 300.0;
const LEFT: f64 = 52.0;
const RANGE_DB: f64 = 9.0;

fn main() -> Result<(), WordEqError> {
    let model = EqModel::factory()?;
    print!("{}", picture(&model.table));
    Ok(())
}

fn picture(table: &WordTable) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fffdf9\"/>\n",
        2.0 * PANEL + 20.0
    );
    let first = Panel { top: 10.0 };
    first.frame(&mut svg, "What people turn when they say it: mean, and where two thirds of them lie");
    let main = table.words().iter().filter(|word| !word.experimental);
    for (word, (colour, at)) in main.zip([("#b4541a", 0.30), ("#2463a6", 0.72)]) {
        let curve = table.space().curve_db(&word.latent);
        first.band(&mut svg, &curve, word, colour);
        first.line(&mut svg, &curve, colour, 3.0, "");
        first.label(&mut svg, at, &curve, colour, &format!("{}, {} settings", word.name, word.count));
    }
    let second = Panel { top: PANEL + 10.0 };
    let warm = table.word(0);
    second.frame(
        &mut svg,
        &format!("What “{}” at 70 % adds to a sound that has so much of it already", warm.name),
    );
    for (there, colour) in [(-0.7, "#7a2e0b"), (0.0, "#b4541a"), (0.35, "#d98a4b"), (0.7, "#e9bd97")] {
        let heard = warm.latent.map(|v| v * there);
        let controls = Controls { amount: 0.7, reference: Reference::Learned([0.0; _]), ..Controls::NEUTRAL };
        let curve = table.space().curve_db(&wanted(table, &controls, Some(&heard)));
        second.line(&mut svg, &curve, colour, 2.5, "");
        second.label(&mut svg, 0.40, &curve, colour, &format!("{:.0} %", there * 100.0));
    }
    svg.push_str("</svg>\n");
    svg
}

/// A plot of gain over frequency.
struct Panel {
    top: f64,
}

impl Panel {
    const HEIGHT: f64 = PANEL - 62.0;

    fn x(frequency_hz: f64) -> f64 {
        let grid = grid_hz();
        let share = (frequency_hz / grid[0]).ln() / (grid[GRID - 1] / grid[0]).ln();
        LEFT + share * (WIDTH - LEFT - 20.0)
    }

    fn y(&self, db: f64) -> f64 {
        self.top + 30.0 + (0.5 - db.clamp(-RANGE_DB, RANGE_DB) / (2.0 * RANGE_DB)) * Self::HEIGHT
    }

    fn frame(&self, svg: &mut String, title: &str) {
        let (left, right) = (LEFT, WIDTH - 20.0);
        let mut put = |text: String| {
            svg.push_str(&text);
            svg.push('\n');
        };
        put(format!(
            "<text x=\"{left}\" y=\"{}\" font-size=\"15\" fill=\"#222\">{title}</text>",
            self.top + 16.0
        ));
        for db in [-6.0, -3.0, 0.0, 3.0, 6.0] {
            let (y, width) = (self.y(db), if db == 0.0 { 1.2 } else { 0.5 });
            put(format!("<path d=\"M{left} {y:.1}H{right}\" stroke=\"#999\" stroke-width=\"{width}\"/>"));
            put(format!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555\">{db:+.0} dB</text>",
                left - 6.0,
                y + 4.0
            ));
        }
        for (hz, name) in [
            (50.0, "50"),
            (100.0, "100"),
            (200.0, "200"),
            (500.0, "500"),
            (1e3, "1k"),
            (2e3, "2k"),
            (5e3, "5k"),
            (1e4, "10k"),
        ] {
            let (x, bottom) = (Self::x(hz), self.top + 30.0 + Self::HEIGHT);
            put(format!(
                "<path d=\"M{x:.1} {:.1}V{bottom:.1}\" stroke=\"#ccc\" stroke-width=\"0.5\"/>",
                self.top + 30.0
            ));
            put(format!(
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555\">{name}</text>",
                bottom + 16.0
            ));
        }
    }

    fn points(&self, curve: &[f64; GRID]) -> Vec<(f64, f64)> {
        grid_hz().iter().zip(curve).map(|(hz, db)| (Self::x(*hz), self.y(*db))).collect()
    }

    fn line(&self, svg: &mut String, curve: &[f64; GRID], colour: &str, width: f64, more: &str) {
        let path = path(self.points(curve).into_iter());
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" {more}/>"
        );
    }

    /// One standard deviation either way; the table holds mean² over mean² and variance.
    fn band(&self, svg: &mut String, curve: &[f64; GRID], word: &Word, colour: &str) {
        let spread = |i: usize| {
            let agreement = f64::from(word.agreement[i]).clamp(1e-3, 1.0);
            (curve[i].abs() * ((1.0 - agreement) / agreement).sqrt()).min(RANGE_DB)
        };
        let edge = |sign: f64| self.points(&std::array::from_fn(|i| curve[i] + sign * spread(i)));
        let outline = path(edge(1.0).into_iter().chain(edge(-1.0).into_iter().rev()));
        let _ = writeln!(svg, "<path d=\"{outline}Z\" fill=\"{colour}\" fill-opacity=\"0.13\"/>");
    }

    fn label(&self, svg: &mut String, at: f64, curve: &[f64; GRID], colour: &str, text: &str) {
        let i = (at * (GRID - 1) as f64) as usize;
        let (x, y) = (Self::x(grid_hz()[i]), self.y(curve[i]) - 8.0);
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{colour}\" text-anchor=\"middle\">{text}</text>"
        );
    }
}

fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (i, (x, y)) in points.enumerate() {
        let _ = write!(path, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
    }
    path
}
