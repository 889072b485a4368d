//! The list of presets above the page.

use crate::editor::overlay;
use crate::editor::theme::{self, Canvas};
use crate::presets::{Console, Entry, Place, PresetError};
use egui::{Button, RichText, ScrollArea, TextEdit, Ui, UiBuilder};
use nih_plug::prelude::ParamSetter;
use std::sync::Arc;

/// Where it lies, in the design.
const FRAME: (f32, f32, f32, f32) = (170.0, 70.0, 760.0, 540.0);

/// Space between the frame and what is in it, in the design.
const MARGIN: f32 = 18.0;

/// The folder of presets that have none of their own.
const OWN: &str = "Own";

/// Height of a row of the list, in the design.
const ROW: f32 = 24.0;

/// What the player types in it.
pub struct Sheet {
    list: Listed,
    search: String,
    name: String,
    category: String,
    /// The name and the folder that were asked to be saved under last.
    saving: Option<(String, String)>,
    /// There is a preset of that name and folder, and replacing it was asked about.
    taken: Option<(String, String)>,
    problem: Option<String>,
}

/// What of the presets is listed, found anew when they or the search change: there may be thousands.
#[derive(Default)]
struct Listed {
    entries: Arc<[Entry]>,
    search: String,
    rows: Vec<Row>,
}

/// A row of the list.
enum Row {
    Category(String),
    Entry(usize),
}

impl Listed {
    fn update(&mut self, entries: Arc<[Entry]>, search: &str) {
        if Arc::ptr_eq(&self.entries, &entries) && self.search == search {
            return;
        }
        let mut rows = Vec::new();
        let mut category = "";
        for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| fits(entry, search)) {
            if entry.category != category {
                category = &entry.category;
                rows.push(Row::Category(category.to_owned()));
            }
            rows.push(Row::Entry(at));
        }
        *self = Self { rows, search: search.to_owned(), entries };
    }
}

impl Sheet {
    /// Opens it with the current preset's name to be saved under.
    pub fn new(console: &Console) -> Self {
        let current = console.current();
        let own = current.filter(|entry| matches!(entry.place, Place::File(_)));
        Self {
            list: Listed::default(),
            search: String::new(),
            name: current.map_or_else(|| "My sound".into(), |entry| entry.name.clone()),
            category: own.map_or_else(|| OWN.into(), |entry| entry.category.clone()),
            saving: None,
            taken: None,
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
            if console.can_restore() {
                let back = ui.add_enabled(!console.is_busy(), Button::new("Put back"));
                if back.on_hover_text("What was deleted last").clicked() {
                    console.restore();
                }
            }
        });
        ui.add_space(canvas.px(6.0));
        self.list.update(console.entries(), &self.search);
        let current = console.current().map(|entry| entry.place.clone());
        let list = ui.available_height() - canvas.px(92.0);
        let area = ScrollArea::vertical().max_height(list).auto_shrink(false);
        let mut clicked = None;
        area.show_rows(ui, canvas.px(ROW), self.list.rows.len(), |ui, range| {
            for row in &self.list.rows[range] {
                ui.horizontal(|ui| {
                    ui.set_height(canvas.px(ROW));
                    match row {
                        Row::Category(category) => {
                            let text = RichText::new(category).color(theme::AMBER).font(canvas.font(12.0));
                            ui.label(text);
                        }
                        Row::Entry(at) => {
                            let entry = &self.list.entries[*at];
                            if line(ui, canvas, entry, current.as_ref() == Some(&entry.place)) {
                                clicked = Some(*at);
                            }
                        }
                    }
                });
            }
        });
        if let Some(entry) = clicked.map(|at| self.list.entries[at].clone()) {
            console.load(&entry, setter);
            self.category = if matches!(entry.place, Place::File(_)) { entry.category } else { OWN.into() };
            self.name = entry.name;
        }
        ui.separator();
        self.save(ui, canvas, console);
        if let Some(problem) = self.problem.clone().or_else(|| console.problem()) {
            let text = RichText::new(problem).color(theme::RED_TEXT).font(canvas.font(12.0));
            if ui.add(Button::new(text).frame(false).wrap()).on_hover_text("Click to dismiss").clicked()
                && self.problem.take().is_none()
            {
                console.dismiss();
            }
        }
    }

    /// Whether the player was asked about replacing the preset that is named now: a yes is meant for that one and for no other.
    fn replaces(&self) -> bool {
        self.taken.as_ref().is_some_and(|(name, category)| *name == self.name && *category == self.category)
    }

    fn save(&mut self, ui: &mut Ui, canvas: Canvas, console: &mut Console) {
        if let Some(outcome) = console.take_outcome() {
            let asked = self.saving.take();
            self.taken = asked.filter(|_| matches!(outcome, Err(PresetError::Exists(_))));
            self.problem = outcome.err().map(|error| error.to_string());
        }
        let own = console.current().filter(|entry| matches!(entry.place, Place::File(_))).cloned();
        ui.horizontal(|ui| {
            ui.label("Name");
            ui.add(TextEdit::singleline(&mut self.name).desired_width(canvas.px(190.0)).char_limit(80));
            ui.label("Folder");
            ui.add(TextEdit::singleline(&mut self.category).desired_width(canvas.px(90.0)).char_limit(80));
            if console.is_busy() {
                ui.disable();
            }
            let replaces = self.replaces();
            let (text, about) = match replaces {
                true => ("Replace it", "There is a preset of that name: this one takes its place"),
                false => ("Save", "Saves what you hear under this name"),
            };
            if ui.button(text).on_hover_text(about).clicked() {
                console.save(&self.name, &self.category, replaces);
                (self.saving, self.taken) = (Some((self.name.clone(), self.category.clone())), None);
            }
            if let Some(own) = own {
                if ui.button("Rename").on_hover_text(format!("Gives \"{}\" this name", own.name)).clicked() {
                    console.rename(&own, &self.name);
                }
                if ui.button("Delete").on_hover_text(format!("Puts \"{}\" aside", own.name)).clicked() {
                    console.delete(&own);
                }
            }
        });
    }
}

/// A preset in the list; whether it was clicked.
fn line(ui: &mut Ui, canvas: Canvas, entry: &Entry, is_current: bool) -> bool {
    let colour = match (is_current, entry.sound.is_some()) {
        (true, _) => theme::AMBER,
        (false, true) => theme::TEXT,
        (false, false) => theme::RED_TEXT,
    };
    let about = entry.problem.as_ref().unwrap_or(&entry.description);
    let name = RichText::new(&entry.name).color(colour).font(canvas.font(14.0));
    let response = ui.add(Button::selectable(is_current, name));
    let clicked = response.clicked();
    response.on_hover_text(about);
    let text = RichText::new(about).color(theme::TEXT_DIM).font(canvas.font(12.0));
    ui.add(egui::Label::new(text).truncate());
    clicked
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
    use crate::amp::Desk;
    use crate::factory::DEFAULT_SLOT;
    use crate::params::TonewrightParams;
    use crate::presets::{Dials, Shelf};

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

    #[test]
    fn a_yes_is_meant_for_the_preset_that_was_asked_about() {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let console = Console::with_shelf(&Arc::new(TonewrightParams::new(&desk)), &desk, None);
        let mut sheet = Sheet::new(&console);
        assert!(!sheet.replaces());
        sheet.taken = Some((sheet.name.clone(), sheet.category.clone()));
        assert!(sheet.replaces());
        sheet.category = "Band".into();
        assert!(!sheet.replaces(), "another folder");
        sheet.category = OWN.into();
        sheet.name += "!";
        assert!(!sheet.replaces(), "another name");
    }

    #[test]
    fn what_is_listed_follows_the_search() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        let folder = tempfile::tempdir().unwrap();
        let entries: Arc<[Entry]> = Shelf::at(folder.path().join("none")).list(&dials).into();
        let mut list = Listed::default();
        list.update(entries.clone(), "");
        let categories = list.rows.iter().filter(|row| matches!(row, Row::Category(_))).count();
        assert_eq!((list.rows.len(), categories), (entries.len() + 5, 5));
        list.update(entries.clone(), "velvet");
        let [Row::Category(category), Row::Entry(at)] = &list.rows[..] else { panic!() };
        assert_eq!((category.as_str(), entries[*at].name.as_str()), ("Clean", "Worn velvet"));
    }
}
