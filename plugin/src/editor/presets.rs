//! The bar of presets in the strip above: undo and redo, the preset, A and B.

mod sheet;

use super::keys;
use super::theme::{self, Canvas};
use crate::compare::Side;
use crate::presets::Console;
use egui::{Align2, Id, Key, Modifiers, Order, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, vec2};
use nih_plug::prelude::ParamSetter;
use sheet::Sheet;
use std::f32::consts::PI;

/// The bar, and the list that it opens.
#[derive(Default)]
pub struct PresetBar {
    sheet: Option<Sheet>,
}

impl PresetBar {
    /// Shows the bar in a place `(x, y, width, height)` of the design, 400 wide or more.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        canvas: Canvas,
        (x, y, width, height): (f32, f32, f32, f32),
        console: &mut Console,
        setter: &ParamSetter,
    ) {
        shortcuts(ui, console, setter);
        let key_height = height.min(28.0);
        let top = y + 0.5 * (height - key_height);
        let at = |from: f32, wide: f32| canvas.rect(x + from, top, wide, key_height);
        history(ui, canvas, [at(0.0, 24.0), at(26.0, 24.0)], console, setter);

        let compare = if console.is_comparing() { 174.0 } else { 154.0 };
        let name = width - compare - 58.0 - 2.0 * 20.0 - 8.0;
        if step(ui, canvas, at(58.0, 18.0), "\u{2039}", "Previous preset") {
            console.step(-1, setter);
        }
        if self.name(ui, canvas, at(78.0, name), console) {
            self.sheet = match self.sheet {
                Some(_) => None,
                None => Some(Sheet::new(console)),
            };
        }
        if step(ui, canvas, at(80.0 + name, 18.0), "\u{203a}", "Next preset") {
            console.step(1, setter);
        }
        sides(ui, canvas, x + width - compare, top, key_height, console, setter);
        if self.sheet.is_none() {
            console.tell_outcome();
            problem(ui, canvas, (x, y + height + 8.0, width, 26.0), console);
        }
    }

    /// Shows the list, above the page, while it is open.
    pub fn show_sheet(&mut self, ui: &mut Ui, canvas: Canvas, console: &mut Console, setter: &ParamSetter) {
        if let Some(sheet) = &mut self.sheet
            && sheet.show(ui, canvas, console, setter)
        {
            self.sheet = None;
        }
    }

    /// The window closes.
    pub fn close(&mut self) {
        self.sheet = None;
    }

    /// The preset's name, with a dot where the sound is no longer its own; whether it was clicked.
    fn name(&self, ui: &Ui, canvas: Canvas, rect: Rect, console: &Console) -> bool {
        let response = keys::key(ui, canvas, rect, "presets", ("", 12.0), self.sheet.is_some());
        let (name, modified) = match console.current() {
            Some(entry) => (entry.name.clone(), console.is_modified()),
            None => ("Presets".to_owned(), false),
        };
        let text = if modified { format!("{name} \u{2022}") } else { name };
        let colour = if modified { theme::AMBER } else { theme::TEXT };
        let width = rect.width() / canvas.scale - 14.0;
        let place = (rect.center(), Align2::CENTER_CENTER);
        canvas.line(ui.painter(), place, &text, canvas.font(13.0), colour, width);
        let about = console.current().map(|entry| entry.description.clone()).unwrap_or_default();
        let clicked = response.clicked();
        response.on_hover_ui(|ui| {
            ui.set_max_width(canvas.px(300.0));
            ui.label(if modified { "Changed since it was loaded" } else { "Opens the list of presets" });
            ui.colored_label(theme::TEXT_DIM, about);
        });
        clicked
    }
}

/// Ctrl-Z and Ctrl-Shift-Z or Ctrl-Y, unless a text is being typed, which undoes by itself.
fn shortcuts(ui: &Ui, console: &mut Console, setter: &ParamSetter) {
    if ui.ctx().egui_wants_keyboard_input() {
        return;
    }
    let pressed = |modifiers, key| ui.input_mut(|i| i.consume_key(modifiers, key));
    // The one with more keys first: the other would match it too.
    if pressed(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z) || pressed(Modifiers::COMMAND, Key::Y) {
        console.redo(setter);
    } else if pressed(Modifiers::COMMAND, Key::Z) {
        console.undo(setter);
    }
}

fn history(ui: &Ui, canvas: Canvas, [undo, redo]: [Rect; 2], console: &mut Console, setter: &ParamSetter) {
    let about = |what: Option<&str>, verb: &str| {
        what.map_or_else(|| format!("Nothing to {verb}"), |what| format!("{verb}: {what}"))
    };
    let (undoes, redoes) = (about(console.undoes(), "Undo"), about(console.redoes(), "Redo"));
    let undone = keys::key(ui, canvas, undo, "undo", ("", 13.0), false);
    turned_arrow(ui, canvas, undo, -1.0, console.undoes().is_some());
    if undone.clicked() {
        console.undo(setter);
    }
    undone.on_hover_text(format!("{undoes} (Ctrl-Z)"));
    let redone = keys::key(ui, canvas, redo, "redo", ("", 13.0), false);
    turned_arrow(ui, canvas, redo, 1.0, console.redoes().is_some());
    if redone.clicked() {
        console.redo(setter);
    }
    redone.on_hover_text(format!("{redoes} (Ctrl-Shift-Z)"));
}

/// An arrow that turns back (`-1`) or forth (`1`). The fonts have none.
fn turned_arrow(ui: &Ui, canvas: Canvas, rect: Rect, way: f32, is_possible: bool) {
    let colour = if is_possible { theme::TEXT } else { theme::TEXT_FAINT };
    let stroke = Stroke::new(canvas.px(1.5), colour);
    let (centre, radius) = (rect.center() + vec2(0.0, canvas.px(1.5)), canvas.px(4.8));
    // Open below; the tip is at the end that the arrow turns to.
    let arc = (0..=16).map(|i| {
        let angle = PI * (1.0 + i as f32 / 16.0);
        centre + vec2(-way * angle.cos(), angle.sin()) * radius
    });
    let points: Vec<Pos2> = arc.collect();
    let tip = centre - vec2(-way * radius, 0.0);
    let side = canvas.px(2.8);
    let head = [vec2(-side, -side), vec2(0.0, side * 0.4), vec2(side, -side)].map(|v| tip + v);
    ui.painter().line(points, stroke);
    ui.painter().line(head.to_vec(), stroke);
}

fn step(ui: &Ui, canvas: Canvas, rect: Rect, text: &str, about: &str) -> bool {
    let response = keys::key(ui, canvas, rect, about, (text, 14.0), false);
    let clicked = response.clicked();
    response.on_hover_text(about);
    clicked
}

/// A, B, what copies one to the other, and the match with its figure.
fn sides(
    ui: &Ui,
    canvas: Canvas,
    x: f32,
    top: f32,
    height: f32,
    console: &mut Console,
    setter: &ParamSetter,
) {
    let at = |from: f32, wide: f32| canvas.rect(x + from, top, wide, height);
    for (rect, side) in [(at(0.0, 24.0), Side::A), (at(25.0, 24.0), Side::B)] {
        let heard = console.side() == side;
        let name = format!("side {}", side.name());
        let response = keys::key(ui, canvas, rect, &name, (side.name(), 12.0), heard);
        if response.clicked() && !heard {
            console.turn(setter);
        }
        response.on_hover_ui(|ui| {
            ui.set_max_width(canvas.px(300.0));
            ui.label(format!("Hear {}: two sounds side by side", side.name()));
            let left = if heard { Vec::new() } else { console.not_carried() };
            if !left.is_empty() {
                let text = format!("Not inside the session: {}. Keep the file.", left.join(", "));
                ui.colored_label(theme::AMBER, text);
            }
        });
    }
    let side = console.side();
    let arrow = if side == Side::A { "A \u{203a} B" } else { "B \u{203a} A" };
    let copy = keys::key(ui, canvas, at(51.0, 38.0), "copy side", (arrow, 10.0), false);
    if copy.clicked() {
        console.copy();
    }
    copy.on_hover_text(format!("Makes {} sound as {}", side.other().name(), side.name()));

    let matched = console.matched();
    let text = match (console.is_matching(), matched) {
        (false, _) => "match".to_owned(),
        (true, Some((gain, _))) => format!("{gain:+.1} dB"),
        (true, None) if console.is_comparing() => "= loud".to_owned(),
        (true, None) => "match".to_owned(),
    };
    let on = console.is_matching();
    let key = keys::key(ui, canvas, at(91.0, 63.0), "match sides", (&text, 10.0), on);
    if key.clicked() {
        console.set_matching(!on);
    }
    key.on_hover_ui(|ui| {
        ui.set_max_width(canvas.px(320.0));
        ui.label("Makes A and B equally loud, by the loudness of what you played last");
        if let Some((gain, levels)) = matched {
            let [a, b] = levels.lufs.map(|lufs| lufs.unwrap_or(f64::NEG_INFINITY));
            let by = if levels.played { "as played" } else { "by a phrase, for nothing was played yet" };
            let text = format!("A {a:.1} LUFS, B {b:.1} LUFS, {by}; {} plays at {gain:+.1} dB", side.name());
            ui.colored_label(theme::TEXT_DIM, text);
        }
    });
    if console.is_comparing() {
        let end = keys::key(ui, canvas, at(156.0, 18.0), "end comparison", ("\u{d7}", 13.0), false);
        if end.clicked() {
            console.end_comparison();
        }
        let (heard, other) = (side.name(), side.other().name());
        end.on_hover_text(format!("Ends the comparison: {heard} stays, {other} is forgotten"));
    }
}

/// What went wrong, below the bar, until it is clicked.
fn problem(ui: &Ui, canvas: Canvas, (x, y, width, height): (f32, f32, f32, f32), console: &mut Console) {
    let Some(text) = console.problem() else { return };
    let rect = canvas.rect(x, y, width, height);
    let area = egui::Area::new(Id::unique("presets-problem")).order(Order::Middle).fixed_pos(rect.min);
    let response = area.show(ui.ctx(), |ui| {
        let painter = ui.painter();
        painter.rect_filled(rect, canvas.px(5.0), theme::ALARM);
        let edge = Stroke::new(canvas.px(1.0), theme::RED);
        painter.rect_stroke(rect, canvas.px(5.0), edge, StrokeKind::Inside);
        let at = (rect.left_center() + vec2(canvas.px(10.0), 0.0), Align2::LEFT_CENTER);
        canvas.line(painter, at, &text, canvas.font(12.0), theme::TEXT, width - 20.0);
        ui.interact(rect, Id::unique("presets-problem-text"), Sense::click())
    });
    if response.inner.clicked() {
        console.dismiss();
    }
    response.inner.on_hover_text(format!("{text} (Click to dismiss)"));
}
