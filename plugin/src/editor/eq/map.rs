//! The map of all words: like lies beside like, and a click picks one.

use super::labels;
use super::lexicon::{colour, found, size};
use super::panels;
use super::slider::{Slider, key};
use super::{Now, sheet};
use crate::editor::browser::button;
use crate::editor::theme::{self, Canvas};
use egui::{
    Align2, Color32, CursorIcon, FontId, Id, Key, Order, Painter, Pos2, Rect, Response, Sense, Stroke,
    StrokeKind, TextEdit, Ui, Vec2, vec2,
};
use nih_plug::prelude::Param;
use shared::word_eq::{Word, WordTable};

/// Where the map lies, in the design.
const FRAME: (f32, f32, f32, f32) = (24.0, 60.0, 832.0, 402.0);
const FIELD: (f32, f32, f32, f32) = (38.0, 106.0, 596.0, 342.0);

/// How far the map can be magnified.
const MOST_ZOOM: f32 = 12.0;

/// Distance at which a dot is pointed at, in the design.
const REACH: f32 = 9.0;

/// What the player did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picked {
    /// Nothing yet.
    Nothing,
    /// Closed the map.
    Close,
    /// Picked the word in this slot.
    Word(usize),
    /// Picked the word in this slot as the second one.
    Second(usize),
}

/// A map that is looked at.
pub struct Map {
    /// Clicks choose the second word.
    second: bool,
    query: String,
    zoom: f32,
    /// What lies in the middle, in the map's own measure of 0 to 1.
    centre: Vec2,
    /// Slot of the word that the pointer is at.
    pub pointed: Option<usize>,
    focus: bool,
}

impl Map {
    /// The whole map; clicks choose the second word or the first.
    pub fn new(second: bool) -> Self {
        Self { second, query: String::new(), zoom: 1.0, centre: Vec2::splat(0.5), pointed: None, focus: true }
    }

    /// Shows the map above everything else.
    pub fn show(&mut self, ui: &mut Ui, canvas: Canvas, table: &WordTable, now: &Now) -> Picked {
        let area =
            egui::Area::new(Id::unique("word-map")).order(Order::Foreground).fixed_pos(canvas.at(0.0, 0.0));
        area.show(ui.ctx(), |ui| self.contents(ui, canvas, table, now)).inner
    }

    fn contents(&mut self, ui: &mut Ui, canvas: Canvas, table: &WordTable, now: &Now) -> Picked {
        // Tab goes round in here.
        ui.ctx().memory_mut(|m| m.set_modal_layer(ui.layer_id()));
        let whole = canvas.rect(0.0, 0.0, theme::DESIGN.x, theme::DESIGN.y);
        let behind = ui.interact(whole, Id::unique("map-behind"), Sense::click());
        let frame = canvas.rect(FRAME.0, FRAME.1, FRAME.2, FRAME.3);
        let painter = ui.painter().clone();
        painter.rect_filled(whole.expand(canvas.px(400.0)), 0.0, Color32::from_black_alpha(170));
        painter.rect_filled(frame, canvas.px(8.0), Color32::from_rgb(0x1d, 0x1a, 0x18));
        painter.rect_stroke(
            frame,
            canvas.px(8.0),
            Stroke::new(canvas.px(1.0), theme::EDGE),
            StrokeKind::Inside,
        );

        let mut picked = self.top(ui, canvas, table, now);
        let field = canvas.rect(FIELD.0, FIELD.1, FIELD.2, FIELD.3);
        let response = ui.interact(field, Id::unique("map-field"), Sense::click_and_drag());
        self.moved(ui, &response, field);
        canvas.inset(&painter, field, 5.0);
        let clipped = painter.with_clip_rect(field);
        glow(&clipped, canvas, field);
        self.words(&clipped, canvas, &response, table, now);
        if let Some(slot) = self.pointed.filter(|_| response.hovered()) {
            ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
            if response.clicked() {
                let second = self.second != ui.input(|i| i.modifiers.shift);
                picked = if second { Picked::Second(slot) } else { Picked::Word(slot) };
            }
            if response.double_clicked() {
                picked = Picked::Close;
            }
        }
        let shown =
            self.pointed.map_or_else(|| now.words(table)[usize::from(self.second)], |slot| table.word(slot));
        let results = self.results(table);
        if let Some(slot) = sheet::show(ui, canvas, table, shown, &results) {
            picked = if self.second { Picked::Second(slot) } else { Picked::Word(slot) };
        }
        if results.is_empty() {
            amount(ui, canvas, now);
        }
        if button(ui, canvas, (766.0, 424.0, 78.0, 26.0), "Done") {
            picked = Picked::Close;
        }
        if ui.input(|i| i.key_pressed(Key::Escape)) {
            if self.query.is_empty() {
                picked = Picked::Close;
            }
            self.query.clear();
        }
        let outside = |at: Pos2| !frame.contains(at);
        if behind.clicked() && behind.interact_pointer_pos().is_some_and(outside) {
            picked = Picked::Close;
        }
        picked
    }

    fn top(&mut self, ui: &mut Ui, canvas: Canvas, table: &WordTable, now: &Now) -> Picked {
        let mut picked = Picked::Nothing;
        let painter = ui.painter().clone();
        canvas.label(&painter, canvas.at(40.0, 84.0), Align2::LEFT_CENTER, "Words", 13.0, theme::TEXT);
        for (x, text, second) in [(122.0, "Word", false), (196.0, "Second word", true)] {
            let width = if second { 106.0 } else { 68.0 };
            let response =
                key(ui, canvas, canvas.rect(x, 72.0, width, 24.0), text, text, self.second == second);
            if response.clicked() {
                self.second = second;
            }
        }
        let chosen = now.words(table)[usize::from(self.second)];
        canvas.line(
            &painter,
            (canvas.at(314.0, 84.0), Align2::LEFT_CENTER),
            &chosen.name,
            canvas.font(14.0),
            theme::AMBER,
            150.0,
        );
        let hint = "wheel: closer   ·   shift-click: the other one";
        painter.text(canvas.at(634.0, 84.0), Align2::RIGHT_CENTER, hint, canvas.font(9.5), theme::TEXT_FAINT);
        let field = canvas.rect(650.0, 72.0, 194.0, 24.0);
        let edit = TextEdit::singleline(&mut self.query)
            .id(Id::unique("map-search"))
            .font(canvas.font(12.5))
            .hint_text("Search")
            .align(Align2::LEFT_CENTER)
            .char_limit(40);
        let response = ui
            .scope(|ui| {
                ui.visuals_mut().selection.stroke.color = theme::AMBER_DEEP;
                ui.put(field, edit)
            })
            .inner;
        if std::mem::take(&mut self.focus) {
            response.request_focus();
        }
        if response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
            if let Some(word) = self.results(table).first() {
                picked = if self.second { Picked::Second(word.slot) } else { Picked::Word(word.slot) };
            }
            response.request_focus();
        }
        picked
    }

    /// Words that are looked for, the likeliest first.
    fn results<'a>(&self, table: &'a WordTable) -> Vec<&'a Word> {
        found(table.words(), &self.query)
    }

    fn moved(&mut self, ui: &Ui, response: &Response, field: Rect) {
        if response.dragged() {
            self.centre -= response.drag_delta() / inner(field).size() / self.zoom;
        }
        if let Some(pointer) = response.hover_pos() {
            let scrolled = ui.input(|i| i.smooth_scroll_delta().y);
            if scrolled != 0.0 {
                self.magnify(field, pointer, (scrolled / 160.0).exp());
            }
        }
        self.stay_inside();
    }

    /// Magnifies by a factor; what the pointer is at stays there.
    fn magnify(&mut self, field: Rect, pointer: Pos2, factor: f32) {
        let from_centre = (pointer - field.center()) / inner(field).size();
        let zoom = (self.zoom * factor).clamp(1.0, MOST_ZOOM);
        self.centre += from_centre * (1.0 / self.zoom - 1.0 / zoom);
        self.zoom = zoom;
    }

    fn stay_inside(&mut self) {
        let edge = 0.5 / self.zoom;
        self.centre = self.centre.clamp(Vec2::splat(edge), Vec2::splat(1.0 - edge));
    }

    /// Where a word lies in the window.
    fn at(&self, field: Rect, place: [f32; 2]) -> Pos2 {
        let from_centre = vec2(place[0], 1.0 - place[1]) - self.centre;
        field.center() + from_centre * inner(field).size() * self.zoom
    }

    fn words(
        &mut self,
        painter: &Painter,
        canvas: Canvas,
        response: &Response,
        table: &WordTable,
        now: &Now,
    ) {
        let field = response.rect;
        let chosen = now.words(table).map(|word| word.slot);
        let mut words: Vec<&Word> = table.words().iter().collect();
        words.sort_by_key(|w| (!chosen.contains(&w.slot), std::cmp::Reverse(w.count), w.slot));
        let fonts: Vec<FontId> =
            words.iter().map(|word| canvas.font(size(word, words.len(), self.zoom))).collect();
        let names: Vec<(Pos2, Vec2)> = words
            .iter()
            .zip(&fonts)
            .map(|(word, font)| {
                let galley = painter.layout_no_wrap(word.name.clone(), font.clone(), theme::TEXT);
                (self.at(field, word.place), galley.size())
            })
            .collect();
        let gap = vec2(canvas.px(5.0), 0.0);
        let placed = labels::place(&names, field.shrink(canvas.px(4.0)), gap);

        self.pointed = response.hover_pos().and_then(|pointer| {
            let on_name = placed.iter().position(|rect| rect.is_some_and(|rect| rect.contains(pointer)));
            let near = (0..words.len()).filter(|&i| names[i].0.distance(pointer) < canvas.px(REACH));
            let by_distance = |a: &usize, b: &usize| {
                names[*a].0.distance_sq(pointer).total_cmp(&names[*b].0.distance_sq(pointer))
            };
            on_name.or_else(|| near.min_by(by_distance)).map(|i| words[i].slot)
        });

        let query = self.query.trim().to_lowercase();
        let shade = |word: &Word| {
            let found = query.is_empty() || word.name.to_lowercase().contains(&query);
            let known = if word.experimental { 0.62 } else { 1.0 };
            if found { known } else { 0.13 }
        };
        for (i, word) in words.iter().enumerate() {
            if placed[i].is_none() {
                let under = placed.iter().flatten().any(|rect| rect.contains(names[i].0));
                let colour = colour(word, table).gamma_multiply(if under { 0.0 } else { 0.42 } * shade(word));
                painter.circle_filled(names[i].0, canvas.px(1.6), colour);
            }
        }
        for (i, word) in words.iter().enumerate() {
            let Some(rect) = placed[i] else { continue };
            let is_chosen = chosen.contains(&word.slot);
            if is_chosen {
                let light = theme::AMBER.gamma_multiply(0.30);
                let radius = vec2(rect.width() * 0.75 + canvas.px(14.0), rect.height() * 1.1);
                theme::radial(painter, rect.center(), radius, light, Color32::TRANSPARENT);
            }
            let hot = self.pointed == Some(word.slot);
            let ink = if hot {
                theme::TEXT
            } else {
                colour(word, table).gamma_multiply(shade(word).max(if is_chosen { 1.0 } else { 0.0 }))
            };
            painter.text(rect.center(), Align2::CENTER_CENTER, &word.name, fonts[i].clone(), ink);
            if is_chosen {
                let line = Stroke::new(canvas.px(1.4), theme::AMBER);
                painter.hline(rect.x_range(), rect.bottom() + canvas.px(0.5), line);
            }
        }
        let dot = words.iter().position(|word| Some(word.slot) == self.pointed);
        if let Some(i) = dot.filter(|&i| placed[i].is_none()) {
            hint(painter, canvas, field, words[i], names[i].0);
        }
    }
}

/// Where the words lie, so that those at the edge have room for their names.
fn inner(field: Rect) -> Rect {
    field.shrink2(field.size() * 0.06)
}

/// What a dot stands for.
fn hint(painter: &Painter, canvas: Canvas, field: Rect, word: &Word, at: Pos2) {
    let text = format!("{}   {}", word.name, panels::about(word));
    let galley = painter.layout_no_wrap(text, canvas.font(11.0), theme::TEXT);
    let size = galley.size() + vec2(canvas.px(14.0), canvas.px(8.0));
    let wanted = Rect::from_center_size(at - vec2(0.0, canvas.px(26.0)), size);
    let low = (field.min - wanted.min).max(Vec2::ZERO);
    let high = (wanted.max - field.max).max(Vec2::ZERO);
    let rect = wanted.translate(low - high);
    painter.rect_filled(rect, canvas.px(4.0), Color32::from_rgb(0x2a, 0x25, 0x20));
    painter.rect_stroke(rect, canvas.px(4.0), Stroke::new(canvas.px(1.0), theme::EDGE), StrokeKind::Inside);
    painter.galley(rect.min + vec2(canvas.px(7.0), canvas.px(4.0)), galley, theme::TEXT);
    painter.circle_stroke(at, canvas.px(4.0), Stroke::new(canvas.px(1.4), theme::AMBER));
}

/// How far to go, so that a word can be heard while the map is open.
fn amount(ui: &mut Ui, canvas: Canvas, now: &Now) {
    let painter = ui.painter().clone();
    let value = now.params.amount.unmodulated_plain_value();
    let at = canvas.at(652.0, 384.0);
    canvas.label(&painter, at, Align2::LEFT_CENTER, "Amount", 9.0, theme::TEXT_DIM);
    let percent = format!("{:+.0} %", 100.0 * value).replace('-', "−");
    let percent = if value.abs() < 0.005 { "0 %".to_owned() } else { percent };
    painter.text(canvas.at(844.0, 384.0), Align2::RIGHT_CENTER, percent, canvas.figures(11.0), theme::TEXT);
    let slider =
        Slider { name: "map-amount", place: (658.0, 405.0, 838.0), grip: 18.0, detent: true, notch: 0.025 };
    slider.show(ui, canvas, &now.params.amount, now.setter);
}

/// Warm light on one side, cool on the other.
fn glow(painter: &Painter, canvas: Canvas, field: Rect) {
    let light = theme::AMBER_DEEP.gamma_multiply(0.10);
    theme::radial(
        painter,
        field.center(),
        vec2(field.width() * 0.6, canvas.px(220.0)),
        light,
        Color32::TRANSPARENT,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn the_map_stays_in_its_frame_and_magnifies_about_the_pointer() {
        let field = Rect::from_min_size(pos2(40.0, 100.0), vec2(600.0, 340.0));
        let mut map = Map::new(false);
        assert_eq!(map.at(field, [0.5, 0.5]), field.center());
        assert!([[0.0, 0.0], [1.0, 1.0]].iter().all(|place| field.contains(map.at(field, *place))));
        assert!(map.at(field, [0.5, 0.9]).y < map.at(field, [0.5, 0.1]).y, "upwards is more");
        let pointer = map.at(field, [0.3, 0.6]);
        map.magnify(field, pointer, 3.0);
        map.stay_inside();
        assert!(map.at(field, [0.3, 0.6]).distance(pointer) < 0.01);
        assert!(map.at(field, [0.4, 0.6]).x > pointer.x + 150.0, "{}", map.at(field, [0.4, 0.6]).x);
        map.magnify(field, field.left_top(), 1e-3);
        map.stay_inside();
        assert_eq!((map.zoom, map.centre), (1.0, Vec2::splat(0.5)), "the whole map again");
    }
}
