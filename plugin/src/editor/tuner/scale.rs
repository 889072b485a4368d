//! The scale of the tuner: fifty cents either way, and the needle.

use super::{IN_TUNE_CENTS, Tuner};
use crate::editor::theme::{self, Canvas};
use egui::{Align2, Shape, Stroke, Ui, pos2};

/// Marks from in tune to fifty cents.
const MARKS: i32 = 10;

/// Where a scale lies, in the design.
#[derive(Clone, Copy)]
pub struct Scale {
    /// Where fifty cents flat and fifty cents sharp are.
    pub ends: (f32, f32),
    /// Its middle, and half its height.
    pub y: f32,
    pub half: f32,
    /// Width of the needle.
    pub needle: f32,
    /// Whether figures stand below it, and an arrow above the needle.
    pub lettered: bool,
}

impl Scale {
    /// Shows the scale of a tuner.
    pub fn show(&self, ui: &Ui, canvas: Canvas, tuner: &Tuner) {
        let (left, right) = self.ends;
        let at = |cents: f64| left + (right - left) * (0.5 + cents as f32 / 100.0);
        let (top, height) = (self.y - self.half, 2.0 * self.half);
        let painter = ui.painter();
        let bar = canvas.rect(left - 12.0, top, right - left + 24.0, height);
        canvas.inset(painter, bar, 6.0);
        let in_tune = tuner.in_tune();
        let zone = canvas.rect(at(-IN_TUNE_CENTS), top, at(IN_TUNE_CENTS) - at(-IN_TUNE_CENTS), height);
        let green = theme::GREEN.gamma_multiply(if in_tune { 0.5 } else { 0.22 });
        painter.rect_filled(zone, 0.0, green);
        for mark in -MARKS..=MARKS {
            let cents = f64::from(mark) * 50.0 / f64::from(MARKS);
            let (long, colour) = if mark % 5 == 0 { (0.54, theme::TEXT_DIM) } else { (0.28, theme::MARK) };
            let line = [-1.0, 1.0].map(|way| canvas.at(at(cents), self.y + way * long * self.half));
            painter.line_segment(line, Stroke::new(canvas.px(1.4), colour));
        }
        if let Some(heard) = tuner.heard {
            let colour = if in_tune { theme::GREEN } else { theme::AMBER };
            let x = at(heard.needle.clamp(-50.0, 50.0));
            let long = 0.88 * self.half;
            let needle = canvas.rect(x - 0.5 * self.needle, self.y - long, self.needle, 2.0 * long);
            painter.rect_filled(needle, canvas.px(0.5 * self.needle), colour);
            if self.lettered {
                let tip = canvas.at(x, top - 8.0);
                let wing = canvas.px(9.0);
                let arrow =
                    vec![tip, pos2(tip.x - wing, tip.y - 1.4 * wing), pos2(tip.x + wing, tip.y - 1.4 * wing)];
                painter.add(Shape::convex_polygon(arrow, colour, Stroke::NONE));
            }
        }
        if self.lettered {
            let texts = [(-50.0, "−50"), (-25.0, "−25"), (0.0, "0"), (25.0, "+25"), (50.0, "+50")];
            for (cents, text) in texts {
                let place = canvas.at(at(cents), self.y + self.half + 18.0);
                painter.text(place, Align2::CENTER_CENTER, text, canvas.figures(15.0), theme::TEXT_DIM);
            }
        }
    }
}
