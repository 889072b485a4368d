//! Sound as a picture: time to the right, frequency upwards, darker is louder.

use crate::evaluate::bands::Spectrum;

/// Columns and rows of a picture.
const COLUMNS: usize = 400;
const ROWS: usize = 110;
/// Lowest frequency that is shown.
pub const LOWEST_HZ: f64 = 40.0;
/// Highest, where the sample rate has it.
pub const HIGHEST_HZ: f64 = 20_000.0;
/// Longest piece that is heard for one column, in seconds.
const LONGEST_PIECE_SECONDS: f64 = 0.6;

/// Power over time and frequency.
#[derive(Clone, Debug)]
pub struct Heat {
    /// Power of each cell, row by row from the top (the highest frequencies).
    power: Vec<f64>,
    columns: usize,
    /// Upper end of the picture.
    pub highest_hz: f64,
    /// Length of the signal.
    pub seconds: f64,
}

impl Heat {
    /// Of a signal at `rate_hz`.
    pub fn of(signal: &[f32], rate_hz: f64) -> Self {
        let highest_hz = HIGHEST_HZ.min(rate_hz / 2.0);
        let columns = COLUMNS.min(signal.len().max(1));
        let longest = (LONGEST_PIECE_SECONDS * rate_hz) as usize;
        let mut power = vec![0.0; columns * ROWS];
        for column in 0..columns {
            let (begin, end) = (column * signal.len() / columns, (column + 1) * signal.len() / columns);
            let piece = &signal[begin..end.min(begin + longest)];
            let spectrum = Spectrum::of(piece, rate_hz);
            for row in 0..ROWS {
                let edge = |row: usize| highest_hz * (LOWEST_HZ / highest_hz).powf(row as f64 / ROWS as f64);
                power[row * columns + column] = spectrum.between(edge(row + 1), edge(row));
            }
        }
        Self { power, columns, highest_hz, seconds: signal.len() as f64 / rate_hz }
    }

    /// Power of the loudest cell.
    pub fn loudest(&self) -> f64 {
        self.power.iter().copied().fold(0.0, f64::max)
    }

    /// The picture as a PNG file in a `data:` address: a colour that is the more opaque the louder it is, from `range_db` below
    /// `loudest` up, so that it suits a light page and a dark one.
    pub fn picture(&self, loudest: f64, range_db: f64, colour: [u8; 3]) -> String {
        let shade = |p: &f64| {
            let db = 10.0 * (p.max(1e-30) / loudest.max(1e-30)).log10();
            // Bent, so that what is faint looks faint.
            (255.0 * (1.0 + db / range_db).clamp(0.0, 1.0).powf(1.8)) as u8
        };
        let shades: Vec<u8> = self.power.iter().map(shade).collect();
        let file = super::png::shades(&shades, self.columns, colour);
        format!("data:image/png;base64,{}", super::base64(&file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn a_tone_is_a_line_at_its_frequency_while_it_lasts() {
        let tone =
            |i: usize| if i < 24_000 { (TAU * 1000.0 * i as f64 / 48_000.0).sin() as f32 } else { 0.0 };
        let signal: Vec<f32> = (0..48_000).map(tone).collect();
        let heat = Heat::of(&signal, 48_000.0);
        assert_eq!((heat.columns, heat.highest_hz, heat.seconds), (COLUMNS, 20_000.0, 1.0));
        let at = heat.power.iter().position(|p| *p == heat.loudest()).unwrap();
        let (row, column) = (at / COLUMNS, at % COLUMNS);
        let hz = 20_000.0 * (40f64 / 20_000.0).powf((row as f64 + 0.5) / ROWS as f64);
        assert!((hz / 1000.0).log2().abs() < 0.1 && column < COLUMNS / 2, "{hz} {column}");
        assert!(heat.power[row * COLUMNS + COLUMNS * 3 / 4] < 1e-20);
    }
}
