//! The field the curves lie on: frequency across, gain and level upwards.

use crate::editor::theme::{self, Canvas};
use egui::{Align2, Painter, Pos2, Rangef, Rect, pos2};

/// Frequency at the left edge, in Hz.
pub const LOWEST_HZ: f32 = 20.0;

/// Frequency at the right edge, in Hz.
pub const HIGHEST_HZ: f32 = 20_000.0;

/// Gain at the edges of the page's graph, in dB: a band turned all the way stays inside.
pub const EDGE_DB: f32 = 14.0;

/// Levels of the spectrum at the upper and the lower edge, in dBFS of a sixth of an octave.
pub const HIGHEST_DBFS: f32 = 0.0;
pub const LOWEST_DBFS: f32 = -84.0;

/// Lettered frequencies.
const DECADES: [(f32, &str); 10] = [
    (20.0, "20"),
    (50.0, "50"),
    (100.0, "100"),
    (200.0, "200"),
    (500.0, "500"),
    (1_000.0, "1k"),
    (2_000.0, "2k"),
    (5_000.0, "5k"),
    (10_000.0, "10k"),
    (20_000.0, "20k"),
];

/// A field in the window.
#[derive(Clone, Copy, Debug)]
pub struct Graph {
    /// Where it lies, in window pixels.
    pub rect: Rect,
    /// Gain at the upper edge, and below 0 at the lower one, in dB.
    pub edge_db: f32,
}

impl Graph {
    /// Where a frequency in Hz lies.
    pub fn x(&self, hz: f32) -> f32 {
        let octaves = (HIGHEST_HZ / LOWEST_HZ).ln();
        self.rect.left() + self.rect.width() * (hz.max(1.0) / LOWEST_HZ).ln() / octaves
    }

    /// The frequency in Hz that lies there.
    pub fn hz(&self, x: f32) -> f32 {
        let share = (x - self.rect.left()) / self.rect.width();
        LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ).powf(share)
    }

    /// Where a gain in dB lies.
    pub fn y(&self, gain_db: f32) -> f32 {
        self.rect.center().y - gain_db / self.edge_db * self.rect.height() / 2.0
    }

    /// The gain in dB that lies there.
    pub fn gain_db(&self, y: f32) -> f32 {
        (self.rect.center().y - y) / (self.rect.height() / 2.0) * self.edge_db
    }

    /// Where a level in dBFS lies; what is softer than the scale lies on its lower edge.
    pub fn level_y(&self, dbfs: f32) -> f32 {
        let share = (dbfs.max(LOWEST_DBFS) - LOWEST_DBFS) / (HIGHEST_DBFS - LOWEST_DBFS);
        self.rect.bottom() - share * self.rect.height()
    }

    /// A point at a frequency in Hz and a gain in dB.
    pub fn at(&self, hz: f32, gain_db: f32) -> Pos2 {
        pos2(self.x(hz), self.y(gain_db))
    }

    /// Draws the lines and their lettering.
    pub fn grid(&self, painter: &Painter, canvas: Canvas) {
        let thin = |x: Rangef, y: Rangef, alpha: f32| {
            let rect = Rect::from_x_y_ranges(x, y);
            theme::crisp(painter, rect, theme::TEXT.gamma_multiply(alpha));
        };
        let around = |middle: f32| Rangef::new(middle - 0.5, middle + 0.5);
        for decade in [10.0, 100.0, 1_000.0, 10_000.0] {
            for step in 1..10 {
                let hz = decade * step as f32;
                if hz > LOWEST_HZ && hz < HIGHEST_HZ {
                    let alpha = if step == 1 { 0.11 } else { 0.045 };
                    thin(around(self.x(hz)), self.rect.y_range(), alpha);
                }
            }
        }
        for step in -4..=4_i32 {
            let gain_db = 3.0 * step as f32;
            let alpha = if step == 0 {
                0.22
            } else if step % 2 == 0 {
                0.075
            } else {
                0.03
            };
            thin(self.rect.x_range(), around(self.y(gain_db)), alpha);
        }
        let font = canvas.figures(8.5);
        let colour = theme::TEXT_DIM;
        for (hz, text) in DECADES {
            let anchor = match hz {
                _ if hz <= LOWEST_HZ => Align2::LEFT_BOTTOM,
                _ if hz >= HIGHEST_HZ => Align2::RIGHT_BOTTOM,
                _ => Align2::CENTER_BOTTOM,
            };
            let inside = if anchor == Align2::CENTER_BOTTOM { 0.0 } else { canvas.px(4.0) };
            let x = self.x(hz) + if anchor == Align2::LEFT_BOTTOM { inside } else { -inside };
            painter.text(pos2(x, self.rect.bottom() - canvas.px(3.0)), anchor, text, font.clone(), colour);
        }
        // None at 0: there the curve itself lies.
        for gain_db in [12.0, 6.0, -6.0, -12.0] {
            let unit = if gain_db == 12.0 { " dB" } else { "" };
            let text = format!("{gain_db:+.0}{unit}");
            let at = pos2(self.rect.right() - canvas.px(5.0), self.y(gain_db) - canvas.px(2.5));
            painter.text(at, Align2::RIGHT_BOTTOM, text.replace('-', "−"), font.clone(), colour);
        }
        for dbfs in [-12.0, -36.0, -60.0_f32] {
            let at = pos2(self.rect.left() + canvas.px(5.0), self.level_y(dbfs));
            let text = format!("{dbfs:.0}").replace('-', "−");
            painter.text(at, Align2::LEFT_CENTER, text, font.clone(), theme::TEXT_FAINT);
        }
    }
}

/// A frequency for people: "84 Hz", "1.25 kHz".
pub fn hertz(hz: f32) -> String {
    if hz < 1_000.0 {
        format!("{hz:.0} Hz")
    } else if hz < 10_000.0 {
        format!("{:.2} kHz", hz / 1e3)
    } else {
        format!("{:.1} kHz", hz / 1e3)
    }
}

/// A gain with its sign: "+3.2", "−0.5", "0.0".
pub fn signed(value: f32) -> String {
    if value.abs() < 0.05 { "0.0".to_owned() } else { format!("{value:+.1}").replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph() -> Graph {
        Graph { rect: Rect::from_min_max(pos2(100.0, 50.0), pos2(700.0, 330.0)), edge_db: EDGE_DB }
    }

    #[test]
    fn the_edges_are_the_ends_of_the_scales() {
        let graph = graph();
        assert_eq!((graph.x(20.0), graph.x(20_000.0)), (100.0, 700.0));
        assert!((graph.x(200.0) - 300.0).abs() < 1e-3, "decades are equally wide: {}", graph.x(200.0));
        assert_eq!((graph.y(EDGE_DB), graph.y(0.0), graph.y(-EDGE_DB)), (50.0, 190.0, 330.0));
        assert_eq!((graph.level_y(0.0), graph.level_y(-84.0), graph.level_y(-200.0)), (50.0, 330.0, 330.0));
    }

    #[test]
    fn places_lead_back_to_their_values() {
        let graph = graph();
        for hz in [20.0, 82.0, 440.0, 3_900.0, 20_000.0] {
            assert!((graph.hz(graph.x(hz)) / hz - 1.0).abs() < 1e-4, "{hz}");
        }
        for gain_db in [-12.0, -0.1, 0.0, 7.5] {
            assert!((graph.gain_db(graph.y(gain_db)) - gain_db).abs() < 1e-4, "{gain_db}");
        }
    }

    #[test]
    fn figures_are_for_people() {
        assert_eq!([84.4, 999.0, 1_250.0, 12_345.0].map(hertz), ["84 Hz", "999 Hz", "1.25 kHz", "12.3 kHz"]);
        assert_eq!([3.21, -0.5, -0.01].map(signed), ["+3.2", "−0.5", "0.0"]);
    }
}
