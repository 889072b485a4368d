//! What lies behind the curves: a warm light, the spectra and the key to the lines.

use super::curves;
use super::graph::Graph;
use super::live::Live;
use super::spectrum::point_hz;
use super::view::FRAME;
use super::{BOTH, Now, OWN, WORD};
use crate::editor::theme::{self, Canvas};
use egui::{Align2, Color32, Painter, Pos2, Rect, Stroke, vec2};

/// Points of the spectrum for each slice of what is filled below it: the last point ends the last slice.
const SLICE: usize = 3;

/// A warm light behind the curves, as behind the amp's tubes.
pub fn backlight(painter: &Painter, canvas: Canvas, frame: Rect, now: &Now) {
    let light = theme::AMBER_DEEP.gamma_multiply(0.13 * now.strength());
    let radius = vec2(frame.width() * 0.6, canvas.px(110.0));
    theme::radial(painter, frame.center_bottom(), radius, light, Color32::TRANSPARENT);
}

/// The spectra before and after.
pub fn spectra(painter: &Painter, canvas: Canvas, graph: &Graph, live: &Live) {
    let place = |levels: &[f32]| -> Vec<Pos2> {
        let level = |(i, &dbfs): (usize, &f32)| {
            curves::settled(egui::pos2(graph.x(point_hz(i)), graph.level_y(dbfs)))
        };
        levels.iter().enumerate().map(level).collect()
    };
    let floor = graph.rect.bottom();
    let before = place(live.before.levels());
    let faint = |alpha: f32| theme::TEXT.gamma_multiply(alpha);
    let after = place(live.after.levels());
    // Narrow slices cost the processor as much as wide ones, where it paints; the line on top is exact.
    let slices: Vec<Pos2> = after.iter().step_by(SLICE).copied().collect();
    curves::area(painter, graph, &slices, floor, faint(0.20), faint(0.04));
    curves::line(painter, graph, &before, canvas.px(1.0), faint(0.16));
    curves::line(painter, graph, &after, canvas.px(1.1), faint(0.42));
}

/// Which line is which.
pub fn legend(painter: &Painter, canvas: Canvas) {
    let mut x = FRAME.0 + 38.0;
    let y = FRAME.1 + 14.0;
    let mut item = |colour: Color32, width: f32, text: &str| {
        let line = [canvas.at(x, y), canvas.at(x + 14.0, y)];
        painter.line_segment(line, Stroke::new(canvas.px(width), colour));
        let at = canvas.at(x + 20.0, y);
        let shown = canvas.label(painter, at, Align2::LEFT_CENTER, text, 8.0, theme::TEXT_DIM);
        x += 20.0 + shown.width() / canvas.scale + 14.0;
    };
    item(WORD, 1.8, "Word");
    item(OWN, 1.4, "You");
    item(BOTH, 2.6, "Both");
    item(theme::TEXT.gamma_multiply(0.20), 3.0, "In");
    item(theme::TEXT.gamma_multiply(0.55), 3.0, "Out");
}
