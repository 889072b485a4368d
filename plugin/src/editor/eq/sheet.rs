//! What is known of a word, beside the map: its curve, and how many people set it.

use super::curves;
use super::graph::Graph;
use super::panels;
use crate::editor::control::focus_ring;
use crate::editor::theme::{self, Canvas};
use egui::{Align2, Color32, Id, Pos2, Sense, Stroke, Ui};
use shared::word_eq::{Word, WordTable, grid_hz};

/// Left and right edge, in the design.
const LEFT: f32 = 650.0;
const RIGHT: f32 = 844.0;

/// Gain at the edges of the small graph, in dB: the mean of what people set is far from the ends.
const EDGE_DB: f32 = 8.0;

/// Words that are listed at most.
const MOST: usize = 5;

/// Shows a word and what was found; the slot of the found word that was clicked.
pub fn show(ui: &mut Ui, canvas: Canvas, table: &WordTable, word: &Word, results: &[&Word]) -> Option<usize> {
    let painter = ui.painter().clone();
    let at = canvas.at(LEFT + 2.0, 124.0);
    canvas.line(
        &painter,
        (at, Align2::LEFT_CENTER),
        &word.name,
        canvas.font(23.0),
        theme::TEXT,
        RIGHT - LEFT,
    );
    let at = canvas.at(LEFT + 2.0, 144.0);
    canvas.label(&painter, at, Align2::LEFT_CENTER, &panels::about(word), 8.4, theme::TEXT_FAINT);

    let frame = canvas.rect(LEFT, 158.0, RIGHT - LEFT, 118.0);
    canvas.inset(&painter, frame, 4.0);
    let graph = Graph { rect: frame, edge_db: EDGE_DB };
    let clipped = painter.with_clip_rect(frame);
    for (hz, alpha) in [(100.0, 0.09), (1_000.0, 0.09), (10_000.0, 0.09)] {
        clipped.vline(graph.x(hz), frame.y_range(), Stroke::new(1.0, theme::TEXT.gamma_multiply(alpha)));
    }
    for gain_db in [-6.0, -3.0, 0.0, 3.0, 6.0] {
        let alpha = if gain_db == 0.0 { 0.22 } else { 0.07 };
        clipped.hline(frame.x_range(), graph.y(gain_db), Stroke::new(1.0, theme::TEXT.gamma_multiply(alpha)));
    }
    let hz = grid_hz().map(|hz| hz as f32);
    let curve: Vec<Pos2> =
        curves::points(&graph, &hz, &table.space().curve_db(&word.latent).map(|db| db as f32));
    let zero = graph.y(0.0);
    let far = theme::AMBER.gamma_multiply(0.5);
    curves::area(&clipped, &graph, &curve, zero, far, Color32::TRANSPARENT);
    curves::line(&clipped, &graph, &curve, canvas.px(2.0), theme::AMBER);
    for (hz, text) in [(100.0, "100"), (1_000.0, "1k"), (10_000.0, "10k")] {
        let at = egui::pos2(graph.x(hz), frame.bottom() - canvas.px(2.0));
        painter.text(at, Align2::CENTER_BOTTOM, text, canvas.figures(8.4), theme::TEXT_FAINT);
    }

    for (gain_db, text) in [(6.0, "+6"), (-6.0, "−6")] {
        let at = egui::pos2(frame.right() - canvas.px(3.0), graph.y(gain_db));
        painter.text(at, Align2::RIGHT_CENTER, text, canvas.figures(8.4), theme::TEXT_FAINT);
    }

    let sources = word.sources.join(", ");
    let mut lines = vec![("People differ by", format!("{:.1} dB", word.spread_db))];
    if word.language != "en" {
        lines.push(("Language", word.language.clone()));
    }
    if !sources.is_empty() {
        lines.push(("From", sources));
    }
    for (i, (key, value)) in lines.iter().enumerate() {
        let y = 290.0 + 17.0 * i as f32;
        canvas.label(&painter, canvas.at(LEFT + 2.0, y), Align2::LEFT_CENTER, key, 8.4, theme::TEXT_FAINT);
        let at = (canvas.at(RIGHT, y), Align2::RIGHT_CENTER);
        canvas.line(&painter, at, value, canvas.font(11.0), theme::TEXT_DIM, 90.0);
    }
    list(ui, canvas, results)
}

fn list(ui: &mut Ui, canvas: Canvas, results: &[&Word]) -> Option<usize> {
    let mut clicked = None;
    for (i, word) in results.iter().take(MOST).enumerate() {
        let rect = canvas.rect(LEFT, 344.0 + 16.0 * i as f32, RIGHT - LEFT, 16.0);
        let response = ui.interact(rect, Id::unique(("found", i)), Sense::click());
        if response.hovered() {
            ui.painter().rect_filled(rect, canvas.px(3.0), theme::RAISED);
        }
        focus_ring(ui, canvas, &response, rect.shrink(canvas.px(2.0)), 3.0);
        let at = (rect.left_center() + egui::vec2(canvas.px(6.0), 0.0), Align2::LEFT_CENTER);
        canvas.line(ui.painter(), at, &word.name, canvas.font(12.0), theme::TEXT, 130.0);
        let at = rect.right_center() - egui::vec2(canvas.px(6.0), 0.0);
        let count = word.count.to_string();
        ui.painter().text(at, Align2::RIGHT_CENTER, count, canvas.figures(9.5), theme::TEXT_FAINT);
        if response.clicked() {
            clicked = Some(word.slot);
        }
    }
    if results.len() > MOST {
        let at = canvas.at(LEFT + 6.0, 344.0 + 16.0 * MOST as f32 + 8.0);
        let text = format!("and {} more", results.len() - MOST);
        ui.painter().text(at, Align2::LEFT_CENTER, text, canvas.font(10.0), theme::TEXT_FAINT);
    }
    clicked
}
