//! The list: a row for each thing that was found, of which only those in view are drawn.

use super::widgets::{self, note};
use crate::editor::control::keep_arrows;
use crate::editor::theme::{self, Canvas};
use crate::library::{Choice, Entry, Facts, Reading, Settings};
use egui::{Align2, Id, Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2, vec2};
use std::sync::Arc;

/// Height of a row in the design.
pub const ROW: f32 = 38.0;

/// Where the list is, in the design.
pub const PLACE: (f32, f32, f32, f32) = (238.0, 138.0, 470.0, 462.0);

/// What the player did with a row.
pub enum Done {
    /// Nothing.
    Nothing,
    /// Chose it.
    Chose(Arc<Entry>),
    /// Starred it, or took its star away.
    Starred(Arc<Entry>),
}

/// What the list shows.
pub struct Shown<'a> {
    pub found: &'a [Arc<Entry>],
    pub settings: &'a Settings,
    /// The row that the keys are on.
    pub cursor: Option<&'a Choice>,
    /// What is wished for.
    pub current: Option<&'a Choice>,
    /// What is wished for is not there yet.
    pub loading: bool,
    /// What is said where nothing was found.
    pub empty: &'a str,
    /// The row that has to be in view.
    pub reveal: Option<usize>,
}

/// What has the focus while the keys go to the rows.
pub fn rows() -> Id {
    Id::unique("library rows")
}

/// Shows the list.
pub fn show(ui: &mut Ui, canvas: Canvas, shown: &Shown) -> Done {
    let (x, y, width, height) = PLACE;
    let area = canvas.rect(x, y, width, height);
    canvas.inset(ui.painter(), area, 4.0);
    if shown.found.is_empty() {
        note(ui, canvas, area, shown.empty);
        return Done::Nothing;
    }
    let focus = ui.interact(area, rows(), Sense::FOCUSABLE).has_focus();
    if focus {
        keep_arrows(ui.ctx(), rows());
    }
    let inner = area.shrink(canvas.px(4.0));
    let mut ui = ui.new_child(UiBuilder::new().scope_id(Id::unique("library list")).max_rect(inner));
    ui.set_clip_rect(inner);
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    let row = canvas.px(ROW);
    let mut scroll = ScrollArea::vertical().id_salt("library rows").auto_shrink(false);
    if let Some(at) = shown.reveal {
        scroll = scroll.vertical_scroll_offset(offset(&ui, at, row, inner.height()));
    }
    let mut done = Done::Nothing;
    let output = scroll.show_rows(&mut ui, row, shown.found.len(), |ui, rows| {
        for entry in &shown.found[rows] {
            match self::row(ui, canvas, row, entry, shown, focus) {
                Done::Nothing => {}
                other => done = other,
            }
        }
    });
    ui.data_mut(|d| d.insert_temp(memory(), output.state.clamped_offset().y));
    done
}

fn memory() -> Id {
    Id::unique("library offset")
}

/// The least scrolling that brings a row into view.
fn offset(ui: &Ui, at: usize, row: f32, height: f32) -> f32 {
    let now = ui.data(|d| d.get_temp::<f32>(memory())).unwrap_or(0.0);
    let top = at as f32 * row;
    now.min(top).max(top + row - height).max(0.0)
}

fn row(ui: &mut Ui, canvas: Canvas, height: f32, entry: &Arc<Entry>, shown: &Shown, focus: bool) -> Done {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::empty());
    let cursor = shown.cursor == Some(&entry.choice);
    let current = shown.current == Some(&entry.choice);
    let response = widgets::line(ui, canvas, rect, ("row", &entry.choice), cursor, Sense::CLICK);
    let star_area = Rect::from_min_size(rect.min, vec2(canvas.px(34.0), height));
    let star = ui.interact(star_area, Id::unique(("library star", &entry.choice)), Sense::CLICK);
    let full = shown.settings.is_favourite(&entry.mark());
    let colour = match (full, star.hovered() || response.hovered()) {
        (true, _) => theme::AMBER,
        (false, true) => theme::TEXT,
        (false, false) => theme::TEXT_DIM.gamma_multiply(0.45),
    };
    widgets::star(ui, star_area.center() + vec2(canvas.px(2.0), 0.0), canvas.px(7.0), full, colour);
    if current {
        let bar = Rect::from_min_size(rect.min, vec2(canvas.px(3.0), height));
        ui.painter().rect_filled(bar, canvas.px(1.5), theme::AMBER);
    }
    if cursor && focus {
        widgets::ring(ui, canvas, rect);
    }
    let painter = ui.painter();
    let width = rect.width() / canvas.scale;
    let refused = matches!(entry.reading, Reading::Refused(_));
    let colour = if refused { theme::TEXT_DIM } else { theme::TEXT };
    let upper = rect.left_top() + vec2(canvas.px(40.0), height * 0.31);
    canvas.line(painter, (upper, Align2::LEFT_CENTER), &entry.name, canvas.font(14.0), colour, width - 150.0);
    let lower = rect.left_top() + vec2(canvas.px(40.0), height * 0.72);
    let (text, colour) = below(entry);
    canvas.line(painter, (lower, Align2::LEFT_CENTER), &text, canvas.font(12.0), colour, width - 130.0);
    let loading = current && shown.loading;
    let figure = if loading { "loading…".to_owned() } else { figure(entry) };
    let right = rect.right_center() - vec2(canvas.px(14.0), 0.0);
    painter.text(right, Align2::RIGHT_CENTER, figure, canvas.font(12.0), theme::TEXT_DIM);
    if let Reading::Refused(why) = &entry.reading {
        response.clone().on_hover_text(format!("Cannot be read: {why}"));
    }
    if star.clicked() {
        Done::Starred(entry.clone())
    } else if response.clicked() {
        Done::Chose(entry.clone())
    } else {
        Done::Nothing
    }
}

fn below(entry: &Entry) -> (String, egui::Color32) {
    match &entry.reading {
        Reading::Refused(why) => (format!("cannot be read: {why}"), theme::RED_TEXT),
        Reading::Pending => (format!("{} · not read yet", entry.place()), theme::TEXT_DIM),
        Reading::Ready(_) if entry.gear().is_empty() => (entry.place(), theme::TEXT_DIM),
        Reading::Ready(_) => (format!("{} · {}", entry.gear(), entry.place()), theme::TEXT_DIM),
    }
}

/// What is compared at a glance: how exact a model is, how long a response.
fn figure(entry: &Entry) -> String {
    match &entry.reading {
        Reading::Ready(Facts::Model(facts)) => {
            facts.card.esr.map_or_else(String::new, |esr| format!("ESR {esr:.4}"))
        }
        Reading::Ready(Facts::Response(facts)) => {
            facts.seconds.map_or_else(String::new, |seconds| format!("{:.0} ms", seconds * 1e3))
        }
        Reading::Pending | Reading::Refused(_) => String::new(),
    }
}
