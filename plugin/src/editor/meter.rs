//! Peak meters with hold and a light for clipping.

use super::theme::{self, Canvas};
use crate::rack::METERED;
use egui::{Align2, Id, Rect, Sense, Stroke, Ui, pos2};

/// Both ends of the scale, in dBFS.
const LOWEST_DB: f32 = -60.0;
const HIGHEST_DB: f32 = 6.0;

/// How fast bars fall, in dB a second: as fast as most meters of the kind (IEC 60268-10 type I falls 20 dB in 1.7 s,
/// which is too slow to see single notes).
const FALL_DB: f32 = 30.0;

/// Smaller movements cannot be seen, in dB.
const VISIBLE_DB: f32 = 0.2;

/// How long peaks are held, in seconds.
const HOLD_SECONDS: f32 = 1.2;

const MARKS: [(f32, &str); 9] = [
    (6.0, "+6"),
    (0.0, "0"),
    (-6.0, "6"),
    (-12.0, "12"),
    (-18.0, "18"),
    (-24.0, "24"),
    (-36.0, "36"),
    (-48.0, "48"),
    (-60.0, "60"),
];

/// Where a meter has its scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// To the left of the bars.
    Left,
    /// To the right.
    Right,
}

/// What a meter shows of each channel.
#[derive(Debug)]
pub struct Meter {
    bars: [Bar; METERED],
    /// Highest peak since the last click, in dBFS.
    highest_db: f32,
    /// Full scale was reached since then.
    clipped: bool,
    /// How far a bar or a held peak moved in the last frame, in dB.
    moved_db: f32,
}

#[derive(Clone, Copy, Debug)]
struct Bar {
    level_db: f32,
    held_db: f32,
    held_for: f32,
}

impl Default for Meter {
    fn default() -> Self {
        let bar = Bar { level_db: LOWEST_DB, held_db: LOWEST_DB, held_for: 0.0 };
        Self { bars: [bar; METERED], highest_db: f32::NEG_INFINITY, clipped: false, moved_db: 0.0 }
    }
}

impl Meter {
    /// Takes the peaks since the last frame, which lasted `seconds`.
    pub fn update(&mut self, peaks: [f32; METERED], seconds: f32) {
        self.moved_db = 0.0;
        for (bar, peak) in self.bars.iter_mut().zip(peaks) {
            let before = *bar;
            let db = 20.0 * peak.max(1e-6).log10();
            self.highest_db = self.highest_db.max(if peak > 0.0 { db } else { f32::NEG_INFINITY });
            bar.level_db = db.max(bar.level_db - FALL_DB * seconds).clamp(LOWEST_DB, HIGHEST_DB);
            bar.held_for += seconds;
            if bar.level_db >= bar.held_db {
                (bar.held_db, bar.held_for) = (bar.level_db, 0.0);
            } else if bar.held_for > HOLD_SECONDS {
                bar.held_db = (bar.held_db - FALL_DB * seconds).max(bar.level_db);
            }
            // A peak that is held will move by itself.
            let waits = if bar.held_db > bar.level_db + VISIBLE_DB { FALL_DB } else { 0.0 };
            let moved = (bar.level_db - before.level_db).abs().max((bar.held_db - before.held_db).abs());
            self.moved_db = self.moved_db.max(moved).max(waits);
        }
    }

    /// Lights the clip lamp where something `clipped`, until the player resets it.
    pub fn clip(&mut self, clipped: bool) {
        self.clipped |= clipped;
    }

    /// Whether anything moved so far in the last frame that it can be seen.
    pub fn moves(&self) -> bool {
        self.moved_db > VISIBLE_DB
    }

    /// The bars, as magnitudes.
    pub fn levels(&self) -> [f32; METERED] {
        self.bars.map(|bar| 10f32.powf(bar.level_db / 20.0))
    }

    /// The louder bar, in dBFS.
    pub fn level_db(&self) -> f32 {
        self.bars.iter().fold(LOWEST_DB, |m, b| m.max(b.level_db))
    }

    /// The louder bar, from 0 (silence) to 1 (full scale).
    pub fn loudness(&self) -> f32 {
        let db = self.level_db();
        ((db - LOWEST_DB) / -LOWEST_DB).clamp(0.0, 1.0)
    }

    /// Shows `channels` bars in `(x, y, width, height)` of the design, the scale beside them. A click forgets the highest peak.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        canvas: Canvas,
        name: &str,
        (x, y, width, height): (f32, f32, f32, f32),
        channels: usize,
        scale: Side,
    ) {
        let frame = canvas.rect(x, y, width, height);
        let response = ui.interact(frame.expand(canvas.px(6.0)), Id::unique(("meter", name)), Sense::click());
        if response.clicked() {
            self.highest_db = f32::NEG_INFINITY;
            self.clipped = false;
        }
        super::control::focus_ring(ui, canvas, &response, frame, 5.0);
        let painter = ui.painter();
        canvas.inset(painter, frame, 4.0);

        let clipped = self.clipped;
        let light = canvas.rect(x + 3.0, y + 3.0, width - 6.0, 7.0);
        let colour = if clipped { theme::RED } else { theme::RED.gamma_multiply(0.18) };
        painter.rect_filled(light, canvas.px(2.0), colour);

        let channels = channels.clamp(1, METERED);
        let inner = Rect::from_min_max(
            frame.min + canvas.px(3.0) * egui::vec2(1.0, 4.4),
            frame.max - canvas.px(3.0) * egui::Vec2::splat(1.0),
        );
        let to_y = |db: f32| {
            let share = (db - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB);
            inner.bottom() - share * inner.height()
        };
        let gap = canvas.px(2.0);
        let bar_width = (inner.width() - gap * (channels - 1) as f32) / channels as f32;
        for (i, bar) in self.bars.iter().take(channels).enumerate() {
            let left = inner.left() + i as f32 * (bar_width + gap);
            draw_bar(ui, canvas, left, bar_width, &to_y, bar);
        }
        for (db, text) in MARKS {
            let at = to_y(db);
            let (from, to, anchor) = match scale {
                Side::Left => (frame.left(), -1.0, Align2::RIGHT_CENTER),
                Side::Right => (frame.right(), 1.0, Align2::LEFT_CENTER),
            };
            let tick = [pos2(from + to * canvas.px(3.0), at), pos2(from + to * canvas.px(7.0), at)];
            painter.line_segment(tick, Stroke::new(canvas.px(1.0), theme::MARK));
            let text_at = pos2(from + to * canvas.px(10.0), at);
            painter.text(text_at, anchor, text, canvas.figures(11.0), theme::TEXT_DIM);
        }
        let highest =
            if self.highest_db > LOWEST_DB { format!("{:+.1}", self.highest_db) } else { "–".into() };
        let colour = if clipped { theme::RED_TEXT } else { theme::TEXT };
        let below = canvas.at(x + width / 2.0, y + height + 15.0);
        painter.text(below, Align2::CENTER_CENTER, highest, canvas.figures(12.5), colour);
        response.on_hover_ui(|ui| {
            ui.label(
                "Peaks in dBFS, held for a moment. The figure is the highest one yet: click to reset it.",
            );
        });
    }
}

fn draw_bar(ui: &Ui, canvas: Canvas, left: f32, width: f32, to_y: &impl Fn(f32) -> f32, bar: &Bar) {
    let painter = ui.painter();
    let column = |from_db: f32, to_db: f32| {
        Rect::from_min_max(pos2(left, to_y(to_db)), pos2(left + width, to_y(from_db)))
    };
    // Unlit segments, so that the scale can be read at rest.
    let zones = [
        (LOWEST_DB, -18.0, theme::GREEN.gamma_multiply(0.75), theme::GREEN),
        (-18.0, -6.0, theme::GREEN, theme::AMBER),
        (-6.0, 0.0, theme::AMBER, theme::AMBER),
        (0.0, HIGHEST_DB, theme::RED, theme::RED),
    ];
    for (from, to, low, high) in zones {
        let unlit = |c: egui::Color32| c.gamma_multiply(0.10);
        theme::vertical(painter, column(from, to), unlit(high), unlit(low));
        if bar.level_db > from {
            let top = bar.level_db.min(to);
            let share = (top - from) / (to - from);
            theme::vertical(painter, column(from, top), low.lerp_to_gamma(high, share), low);
        }
    }
    if bar.held_db > LOWEST_DB + 0.5 {
        let colour = if bar.held_db > 0.0 { theme::RED } else { theme::TEXT };
        let y = to_y(bar.held_db);
        painter.hline(left..=left + width, y, Stroke::new(canvas.px(1.5), colour));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_at_once_holds_and_falls() {
        let mut meter = Meter::default();
        meter.update([0.5, 0.0], 0.02);
        assert!((meter.bars[0].level_db + 6.02).abs() < 0.01);
        assert_eq!(meter.bars[1].level_db, LOWEST_DB);
        for _ in 0..50 {
            meter.update([0.0; METERED], 0.02);
        }
        assert!((meter.bars[0].level_db + 36.0).abs() < 0.1, "{}", meter.bars[0].level_db);
        assert!((meter.bars[0].held_db + 6.02).abs() < 0.01);
        for _ in 0..250 {
            meter.update([0.0; METERED], 0.02);
        }
        assert_eq!(meter.bars[0].held_db, LOWEST_DB);
        assert!((meter.highest_db + 6.02).abs() < 0.01, "the highest peak stays");
    }

    #[test]
    fn survives_what_is_no_level() {
        let mut meter = Meter::default();
        meter.update([f32::INFINITY, f32::NAN], 0.02);
        assert!(meter.bars.iter().all(|b| (LOWEST_DB..=HIGHEST_DB).contains(&b.level_db)));
    }
}
