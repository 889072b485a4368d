//! The list of presets above the page.

use crate::editor::overlay;
use crate::editor::theme::{self, Canvas};
use crate::presets::{Console, Entry, Place, PresetError};
use egui::{Button, RichText, ScrollArea, TextEdit, Ui, UiBuilder};
use nih_plug::prelude::ParamSetter;

/// Where it lies, in the design.
const FRAME: (f32, f32, f32, f32) = (170.0, 70.0, 760.0, 540.0);

/// Space between the frame and what is in it, in the design.
const MARGIN: f32 = 18.0;

/// What the player types in it.
pub struct Sheet {
    search: String,
    name: String,
    category: String,
    /// Replacing the preset of that name was asked about.
    replaces: bool,
    problem: Option<String>,
}

impl Sheet {
    /// Opens it with the current preset's name to be saved under.
    pub fn new(console: &Console) -> Self {
        let current = console.current();
        let own = current.filter(|entry| matches!(entry.place, Place::File(_)));
        Self {
            search: String::new(),
            name: current.map_or_else(|| "My sound".into(), |entry| entry.name.clone()),
            category: own.map_or_else(|| "Own".into(), |entry| entry.category.clone()),
            replaces: false,
            problem: None,
        }
    }

    /// Shows it; whether it is to be closed.
    pub fn show(&mut self, ui: &mut Ui, canvas: Canvas, console: &mut Console, setter: &ParamSetter) -> bool {
        let (_, closed) = overlay::above(ui, canvas, "presets", FRAME, |ui| {
            let (x, y, width, height) = FRAME;
            let inner = canvas.rect(x + MARGIN, y + MARGIN, width - 2.0 * MARGIN, height - 2.0 * MARGIN);
            let mut ui = ui.new_child(UiBuilder::new().max_rect(inner));
            ui.set_clip_rect(inner);
            self.contents(&mut ui, canvas, console, setter);
        });
        closed
    }

    fn contents(&mut self, ui: &mut Ui, canvas: Canvas, console: &mut Console, setter: &ParamSetter) {
        ui.horizontal(|ui| {
            let hint = "Search by name, category or tag";
            ui.add(TextEdit::singleline(&mut self.search).hint_text(hint).desired_width(canvas.px(330.0)));
            if ui.button("Rescan").on_hover_text("Reads your presets again").clicked() {
                console.rescan();
            }
            if console.can_restore() && ui.button("Put back").on_hover_text("What was deleted last").clicked()
            {
                self.problem = console.restore().err().map(|error| error.to_string());
            }
        });
        ui.add_space(canvas.px(6.0));
        let entries = console.entries();
        let found: Vec<&Entry> = entries.iter().filter(|entry| fits(entry, &self.search)).collect();
        let list = ui.available_height() - canvas.px(92.0);
        ScrollArea::vertical().max_height(list).auto_shrink(false).show(ui, |ui| {
            let mut category = "";
            for entry in found {
                if entry.category != category {
                    category = &entry.category;
                    ui.add_space(canvas.px(6.0));
                    ui.label(RichText::new(category).color(theme::AMBER).font(canvas.font(12.0)));
                }
                self.row(ui, canvas, entry, console, setter);
            }
        });
        ui.separator();
        self.save(ui, canvas, console);
        if let Some(problem) = self.problem.as_deref().or_else(|| console.problem()) {
            let text = RichText::new(problem).color(theme::RED).font(canvas.font(12.0));
            if ui.add(Button::new(text).frame(false).wrap()).on_hover_text("Click to dismiss").clicked() {
                self.problem = None;
                console.dismiss();
            }
        }
    }

    fn row(
        &mut self,
        ui: &mut Ui,
        canvas: Canvas,
        entry: &Entry,
        console: &mut Console,
        setter: &ParamSetter,
    ) {
        let is_current = console.current().is_some_and(|current| current.place == entry.place);
        ui.horizontal(|ui| {
            let colour = match (is_current, entry.sound.is_some()) {
                (true, _) => theme::AMBER,
                (false, true) => theme::TEXT,
                (false, false) => theme::RED,
            };
            let name = RichText::new(&entry.name).color(colour).font(canvas.font(14.0));
            let response = ui.add(Button::selectable(is_current, name));
            if response.clicked() {
                console.load(entry, setter);
                (self.name, self.replaces) = (entry.name.clone(), false);
            }
            let about = entry.problem.as_ref().unwrap_or(&entry.description);
            response.on_hover_text(about);
            ui.add(
                egui::Label::new(RichText::new(about).color(theme::TEXT_DIM).font(canvas.font(12.0)))
                    .truncate(),
            );
        });
    }

    fn save(&mut self, ui: &mut Ui, canvas: Canvas, console: &mut Console) {
        let own = console.current().filter(|entry| matches!(entry.place, Place::File(_))).cloned();
        ui.horizontal(|ui| {
            ui.label("Name");
            let name =
                ui.add(TextEdit::singleline(&mut self.name).desired_width(canvas.px(190.0)).char_limit(80));
            ui.label("Folder");
            ui.add(TextEdit::singleline(&mut self.category).desired_width(canvas.px(90.0)).char_limit(80));
            self.replaces &= !name.changed();
            let done = if self.replaces {
                let sure = ui
                    .button("Replace it")
                    .on_hover_text("There is a preset of that name: this one takes its place");
                sure.clicked().then(|| console.save(&self.name, &self.category, true))
            } else {
                let save = ui.button("Save").on_hover_text("Saves what you hear under this name");
                save.clicked().then(|| console.save(&self.name, &self.category, false))
            };
            if let Some(done) = done {
                self.replaces = matches!(done, Err(PresetError::Exists(_)));
                self.problem = done.err().map(|error| error.to_string());
            }
            if let Some(own) = own {
                if ui.button("Rename").on_hover_text(format!("Gives \"{}\" this name", own.name)).clicked() {
                    self.problem = console.rename(&own, &self.name).err().map(|error| error.to_string());
                }
                if ui.button("Delete").on_hover_text(format!("Puts \"{}\" aside", own.name)).clicked() {
                    self.problem = console.delete(&own).err().map(|error| error.to_string());
                }
            }
        });
    }
}

/// Whether all words of the search are found somewhere in an entry.
fn fits(entry: &Entry, search: &str) -> bool {
    let all = [&entry.name, &entry.category, &entry.description].into_iter().chain(&entry.tags);
    let text = all.map(|text| text.to_lowercase()).collect::<Vec<_>>().join(" ");
    search.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_of_a_search_must_be_found() {
        let entry = Entry {
            place: Place::Factory("glass"),
            name: "Glass".into(),
            category: "Clean".into(),
            author: String::new(),
            description: "A bright clean".into(),
            tags: vec!["single coil".into()],
            sound: None,
            problem: None,
        };
        for (search, found) in [("", true), ("gla BRIGHT", true), ("coil clean", true), ("glass lead", false)]
        {
            assert_eq!(fits(&entry, search), found, "{search}");
        }
    }
}
