//! The library above the page: sources on the left, the list in the middle, the card on the right. What is clicked plays at once, and the pane stays
//! open.

mod card;
mod finder;
mod folder;
mod list;
mod sources;
#[cfg(test)]
mod tests;
mod widgets;

use super::gesture;
use super::overlay;
use super::theme::{self, Canvas};
use crate::amp::{Desk, Part, Status, UNTURNED};
use crate::library::{
    Choice, Entry, Kind, Library, Order, Query, Reading, Scope, Settings, Snapshot, neighbour, stepped,
};
use crate::params::TonewrightParams;
use egui::{Align2, Id, Key, Modifiers, Sense, Stroke, StrokeKind, TextEdit, Ui, vec2};
use finder::Finder;
use folder::FolderView;
use nih_plug::prelude::{IntParam, ParamSetter};
use sources::Asked;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use widgets::button;

/// Where the pane is, in the design.
const FRAME: (f32, f32, f32, f32) = (50.0, 40.0, 1000.0, 600.0);

/// Time between frames while folders are read, and while nothing is going on.
const SOON: Duration = Duration::from_millis(150);
const NOW_AND_THEN: Duration = Duration::from_secs(1);

/// Rows that a page key goes.
const PAGE: i32 = 10;

/// What the pane works on.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The parameters.
    pub params: &'a TonewrightParams,
    /// Sets them.
    pub setter: &'a ParamSetter<'a>,
    /// Where wishes are laid.
    pub desk: &'a Desk,
    /// What plays.
    pub status: &'a Status,
}

/// The parameter that says what a part is filled with.
fn slot_param(params: &TonewrightParams, part: Part) -> &IntParam {
    match part {
        Part::Model => &params.model,
        Part::CabA => &params.cab.first,
        Part::CabB => &params.cab.second,
    }
}

/// Sets the parameters to what steps have chosen while nothing could. To be called whenever the window is shown.
#[derive(Debug, Default)]
pub struct Follow {
    /// What was set and may not have reached the parameter yet: a host may take until its next block.
    told: [Option<usize>; 3],
}

impl Follow {
    /// Looks whether something was chosen in place of a parameter.
    pub fn update(&mut self, params: &TonewrightParams, desk: &Desk, setter: &ParamSetter) {
        for part in Part::ALL {
            let chosen = desk.chosen(part).map(|_| desk.slot(part));
            let told = &mut self.told[part as usize];
            if let Some(slot) = chosen.filter(|slot| *told != Some(*slot)) {
                gesture::set(setter, slot_param(params, part), slot as i32);
            }
            *told = chosen;
        }
    }

    /// Whether something is on its way to the desk or to a parameter.
    pub fn waits(&self, desk: &Desk) -> bool {
        self.told.iter().any(Option::is_some)
            || Part::ALL.into_iter().any(|part| desk.steps().are_asked(stepped(part)))
    }
}

/// Fills a part with what is so many places further in the list that was chosen from last. The loader's thread does it.
pub fn step(desk: &Desk, part: Part, steps: isize) {
    desk.steps().ask(stepped(part), steps as i32);
    desk.wake();
}

/// The pane, while it is open.
pub struct LibraryPane {
    library: Arc<Library>,
    part: Part,
    text: String,
    scopes: [Scope; 2],
    snapshot: Snapshot,
    settings: Arc<Settings>,
    found: Vec<Arc<Entry>>,
    /// Of what `found` was made: another version, or another question, makes another list.
    asked: Option<finder::Asked>,
    finder: Finder,
    cursor: Option<Choice>,
    /// What the cursor is on, of that version.
    card: Option<(u64, Arc<Entry>)>,
    /// The cursor has to be in view.
    reveal: bool,
    folder: Option<FolderView>,
}

impl LibraryPane {
    /// Opens the library to fill a part.
    pub fn open(part: Part, params: &TonewrightParams, desk: &Desk) -> Self {
        Self::of(Library::shared(), part, params, desk)
    }

    fn of(library: Arc<Library>, part: Part, params: &TonewrightParams, desk: &Desk) -> Self {
        library.look(true);
        Self {
            part,
            text: String::new(),
            scopes: [Kind::Model, Kind::Response].map(|kind| params.browsing.scope(kind)),
            snapshot: Snapshot::default(),
            settings: library.settings(),
            found: Vec::new(),
            asked: None,
            finder: Finder::default(),
            cursor: Choice::on_desk(desk, part),
            card: None,
            reveal: true,
            folder: None,
            library,
        }
    }

    /// Shows it; whether the player wants it closed.
    pub fn show(&mut self, ui: &Ui, canvas: Canvas, scene: Scene) -> bool {
        self.library.look(false);
        self.search(ui.ctx());
        let escape = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        let back = escape && self.folder.take().is_some();
        let (done, beside) =
            overlay::above(ui, canvas, "library", FRAME, |ui| self.contents(ui, canvas, scene));
        done || beside || (escape && !back)
    }

    /// How soon to look at what the threads of the library have found meanwhile.
    pub fn look_again(&self) -> Duration {
        let soon = self.snapshot.scanning || self.snapshot.unread > 0 || self.folder.is_some();
        if soon { SOON } else { NOW_AND_THEN }
    }

    fn kind(&self) -> Kind {
        Kind::of(self.part)
    }

    fn scope(&self) -> &Scope {
        &self.scopes[self.kind() as usize]
    }

    /// Makes the list anew, if anything has changed.
    fn search(&mut self, context: &egui::Context) {
        if let Some(answer) = self.finder.answer() {
            self.list(answer);
        }
        let query = Query { kind: self.kind(), scope: self.scope().clone(), text: self.text.clone() };
        let asked = (self.library.version(), query);
        // A library that is being read changes all the time: one search after the other, each to its end.
        if self.asked.as_ref() == Some(&asked) || self.finder.looks_for() == Some(&asked.1) {
            return;
        }
        if self.asked.as_ref().is_some_and(|(_, before)| before.kind != asked.1.kind) {
            self.found.clear();
        }
        self.snapshot = self.library.snapshot();
        self.settings = self.library.settings();
        if let Some(answer) = self.finder.ask(context, &self.snapshot, &self.settings, asked) {
            self.list(answer);
        }
    }

    /// Lists what was found.
    fn list(&mut self, (asked, found): finder::Answer) {
        let query = &asked.1;
        self.found = found;
        let other = self.asked.as_ref().is_none_or(|(_, before)| before != query);
        let typed = self.asked.as_ref().is_some_and(|(_, before)| before.text != query.text);
        if let Some(best) = self.found.first().filter(|_| typed && !query.text.trim().is_empty()) {
            self.cursor = Some(best.choice.clone());
        }
        self.reveal |= other;
        self.asked = Some(asked);
    }

    fn contents(&mut self, ui: &mut Ui, canvas: Canvas, scene: Scene) -> bool {
        self.tabs(ui, canvas, scene.desk);
        let done = button(ui, canvas, (944.0, 56.0, 90.0, 32.0), "Done", false).clicked();
        match sources::show(ui, canvas, self.scope(), &self.settings) {
            Some(Asked::Scope(scope)) => {
                self.scopes[self.kind() as usize] = scope;
                self.folder = None;
            }
            Some(Asked::Remove(folder)) => {
                if *self.scope() == Scope::folder(&folder) {
                    self.scopes[self.kind() as usize] = Scope::All;
                }
                self.library.remove_folder(&folder);
            }
            Some(Asked::Add) => {
                let near = scene.desk.file(self.part);
                let near = near.or_else(|| Some(self.settings.folders().next_back()?.to_owned()));
                self.folder = Some(FolderView::open(self.kind(), near.as_deref()));
            }
            Some(Asked::Rescan) => self.library.look(true),
            None => {}
        }
        match self.folder.as_mut().map(|folder| folder.show(ui, canvas)) {
            Some(folder::Choice::Open) => return done,
            Some(folder::Choice::Back) => self.folder = None,
            Some(folder::Choice::Folder(folder)) => {
                self.folder = None;
                self.scopes[self.kind() as usize] = Scope::folder(&folder);
                self.library.add_folder(folder);
            }
            Some(folder::Choice::File(path)) => self.load_file(path, scene),
            None => {}
        }
        self.keys(ui, scene);
        self.search_field(ui, canvas);
        self.middle(ui, canvas, scene);
        self.right(ui, canvas, scene);
        done
    }

    fn tabs(&mut self, ui: &Ui, canvas: Canvas, desk: &Desk) {
        let tabs = [(Part::Model, "Model"), (Part::CabA, "Cab A"), (Part::CabB, "Cab B")];
        for (i, (part, name)) in tabs.into_iter().enumerate() {
            let place = (66.0 + i as f32 * 92.0, 56.0, 86.0, 32.0);
            if button(ui, canvas, place, name, part == self.part).clicked() {
                self.part = part;
                self.folder = None;
                self.cursor = Choice::on_desk(desk, part);
                self.reveal = true;
            }
        }
    }

    /// The keys go to the list also while the search field has the focus: it is one line, and up and down mean nothing in it.
    fn keys(&mut self, ui: &Ui, scene: Scene) {
        let focus = ui.ctx().memory(egui::Memory::focused);
        if focus == Some(list::rows()) {
            self.typed_beside(ui);
        } else if focus.is_some_and(|focus| focus != field()) {
            return;
        }
        let presses = |key| ui.input_mut(|i| i.count_and_consume_key(Modifiers::NONE, key)) as i32;
        let down = presses(Key::ArrowDown) - presses(Key::ArrowUp);
        let pages = presses(Key::PageDown) - presses(Key::PageUp);
        let moved = down + PAGE * pages;
        if moved != 0 && !self.found.is_empty() {
            let last = self.found.len() as i32 - 1;
            let to = self.place().map_or(if moved > 0 { 0 } else { last }, |at| at as i32 + moved);
            self.cursor = Some(self.found[to.clamp(0, last) as usize].choice.clone());
            self.reveal = true;
        }
        if presses(Key::Enter) > 0
            && let Some(entry) = self.place().map(|at| self.found[at].clone())
        {
            self.load(&entry, scene);
        }
        if ui.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::D))
            && let Some(entry) = self.place().map(|at| self.found[at].clone())
        {
            self.star(&entry);
        }
    }

    /// Letters mean to search, wherever the keys go; the cursor is on a row while they go to the rows.
    fn typed_beside(&mut self, ui: &Ui) {
        if self.place().is_none() {
            self.cursor = self.found.first().map(|entry| entry.choice.clone());
        }
        let is_text =
            |event: &egui::Event| matches!(event, egui::Event::Text(text) if !text.trim().is_empty());
        if ui.input(|i| i.events.iter().any(is_text)) {
            let end = egui::text::CCursor::new(self.text.chars().count());
            let mut state = TextEdit::load_state(ui.ctx(), field()).unwrap_or_default();
            state.cursor.set_char_range(Some(egui::text::CCursorRange::one(end)));
            state.store(ui.ctx(), field());
            ui.ctx().memory_mut(|m| m.request_focus(field()));
        }
    }

    /// Place of the cursor in the list.
    fn place(&self) -> Option<usize> {
        let cursor = self.cursor.as_ref()?;
        self.found.iter().position(|entry| entry.choice == *cursor)
    }

    fn search_field(&mut self, ui: &mut Ui, canvas: Canvas) {
        let rect = canvas.rect(366.0, 56.0, 342.0, 32.0);
        canvas.inset(ui.painter(), rect, 5.0);
        let what = match self.kind() {
            Kind::Model => "Search name, gear, author, folder",
            Kind::Response => "Search name, folder",
        };
        let edit = TextEdit::singleline(&mut self.text)
            .id(field())
            .font(canvas.font(14.0))
            .frame(egui::Frame::NONE)
            .char_limit(200)
            .desired_width(f32::INFINITY)
            .hint_text(egui::RichText::new(what).color(theme::TEXT_DIM).font(canvas.font(14.0)));
        let inner = rect.shrink2(vec2(canvas.px(12.0), canvas.px(6.0)));
        let response = ui.put(inner, edit);
        // Whoever types, means to search.
        if ui.ctx().memory(egui::Memory::focused).is_none() {
            response.request_focus();
        }
        if response.has_focus() {
            let stroke = Stroke::new(canvas.px(2.0), theme::FOCUS);
            ui.painter().rect_stroke(rect, canvas.px(5.0), stroke, StrokeKind::Outside);
        }
    }

    fn middle(&mut self, ui: &mut Ui, canvas: Canvas, scene: Scene) {
        let what = match (self.kind(), self.found.len()) {
            (Kind::Model, 1) => "model",
            (Kind::Model, _) => "models",
            (Kind::Response, 1) => "response",
            (Kind::Response, _) => "responses",
        };
        let counted = format!("{} {what}", self.found.len());
        let at = canvas.at(240.0, 121.0);
        ui.painter().text(at, Align2::LEFT_CENTER, counted, canvas.font(12.5), theme::TEXT_DIM);
        let (order, next) = match self.settings.order {
            Order::Name => ("By name", Order::Folder),
            Order::Folder => ("By folder", Order::Newest),
            Order::Newest => ("Newest first", Order::Name),
        };
        let place = (588.0, 108.0, 120.0, 25.0);
        if button(ui, canvas, place, order, false).on_hover_text("The order of the list").clicked() {
            self.library.set_order(next);
        }
        let current = Choice::on_desk(scene.desk, self.part);
        let empty = self.nothing();
        let reveal = if self.reveal { self.place() } else { None };
        // It may not be listed yet, and is pushed about while others come.
        self.reveal &= reveal.is_none() || self.snapshot.scanning;
        let shown = list::Shown {
            found: &self.found,
            settings: &self.settings,
            cursor: self.cursor.as_ref(),
            current: current.as_ref(),
            loading: !scene.desk.is_settled(),
            empty: &empty,
            reveal,
        };
        match list::show(ui, canvas, &shown) {
            list::Done::Nothing => {}
            list::Done::Chose(entry) => self.load(&entry, scene),
            list::Done::Starred(entry) => self.star(&entry),
        }
        self.state(ui, canvas);
    }

    /// Why the list is empty, and what to do.
    fn nothing(&self) -> String {
        if !self.text.trim().is_empty() && self.finder.looks_for().is_none() {
            return "Nothing has all of these words. Fewer words, or \"Everything\" on the left, find more."
                .into();
        }
        if self.snapshot.scanning || self.finder.looks_for().is_some() {
            return "Looking…".into();
        }
        let text = match self.scope() {
            Scope::Favourites => "A star in front of a row makes it a favourite.",
            Scope::Recent => "What you choose is kept here, the latest first.",
            Scope::Folder(_) => "Nothing of this kind is in the folder.",
            Scope::All | Scope::Factory => "Nothing is here.",
        };
        text.into()
    }

    /// The line below the list: what is going on, or what the player should know.
    fn state(&self, ui: &Ui, canvas: Canvas) {
        let Snapshot { scanning, unread, notes, .. } = &self.snapshot;
        let at = (canvas.at(240.0, 616.0), Align2::LEFT_CENTER);
        let (text, colour) = match notes.first() {
            _ if *scanning => ("Looking through the folders…".to_owned(), theme::TEXT_DIM),
            _ if *unread > 0 => (format!("Reading {unread} more…"), theme::TEXT_DIM),
            Some(note) if notes.len() == 1 => (note.clone(), theme::AMBER),
            Some(note) => (format!("{note} And {} more.", notes.len() - 1), theme::AMBER),
            None => return,
        };
        canvas.line(ui.painter(), at, &text, canvas.font(12.5), colour, 468.0);
        if !notes.is_empty() {
            let area = canvas.rect(238.0, 604.0, 470.0, 24.0);
            let hover = ui.interact(area, Id::unique("library notes"), Sense::hover());
            hover.on_hover_text(notes.join("\n"));
        }
    }

    /// What is known of what the cursor is on. A long list is not searched in each frame.
    fn card(&mut self) -> Option<Arc<Entry>> {
        let (cursor, version) = (self.cursor.as_ref()?, self.asked.as_ref()?.0);
        let is_it = |entry: &Entry| entry.choice == *cursor && entry.kind == self.kind();
        if let Some((_, entry)) = self.card.as_ref().filter(|(of, entry)| *of == version && is_it(entry)) {
            return Some(entry.clone());
        }
        let entry = self.snapshot.entries.iter().find(|entry| is_it(entry)).cloned();
        self.card = entry.clone().map(|entry| (version, entry));
        entry
    }

    fn right(&mut self, ui: &mut Ui, canvas: Canvas, scene: Scene) {
        let entry = self.card();
        let plays = self.part == Part::Model && self.cursor == Choice::on_desk(scene.desk, self.part);
        let playing = scene.status.playing.as_ref().filter(|_| plays && scene.desk.is_settled());
        card::show(ui, canvas, entry.as_deref(), playing);
        for (x, name, steps) in [(722.0, "‹ Previous", -1), (882.0, "Next ›", 1)] {
            if button(ui, canvas, (x, 590.0, 152.0, 30.0), name, false).clicked() {
                self.step(steps, scene);
            }
        }
    }

    /// What can be chosen from the list.
    fn choices(&self) -> Arc<[Choice]> {
        let fits = |entry: &&Arc<Entry>| !matches!(entry.reading, Reading::Refused(_));
        self.found.iter().filter(fits).map(|entry| entry.choice.clone()).collect()
    }

    fn step(&mut self, steps: i32, scene: Scene) {
        let current = Choice::on_desk(scene.desk, self.part);
        let next = neighbour(&self.choices(), current.as_ref(), steps, |_| true);
        let found = next.and_then(|next| self.found.iter().find(|entry| entry.choice == next).cloned());
        if let Some(entry) = found {
            self.load(&entry, scene);
            self.reveal = true;
        }
    }

    /// Plays an entry; one that cannot be played is only shown.
    fn load(&mut self, entry: &Entry, scene: Scene) {
        self.cursor = Some(entry.choice.clone());
        if matches!(entry.reading, Reading::Refused(_)) {
            return;
        }
        scene.params.browsing.set(self.kind(), self.scope().clone(), self.choices());
        self.play(&entry.choice, scene);
        // What is played last is no list to step through if each step changes it.
        if *self.scope() != Scope::Recent {
            self.library.played(entry.mark());
        }
    }

    fn load_file(&mut self, path: PathBuf, scene: Scene) {
        let choice = Choice::file(path);
        self.cursor = Some(choice.clone());
        self.play(&choice, scene);
        self.library.played(crate::library::Mark { kind: self.kind(), choice, hash: None });
        // It is in no folder: only a look shows it.
        self.library.look(true);
        self.scopes[self.kind() as usize] = Scope::Recent;
        self.folder = None;
        self.reveal = true;
    }

    fn play(&self, choice: &Choice, scene: Scene) {
        let Scene { params, setter, desk, .. } = scene;
        let is_other = Choice::on_desk(desk, self.part).as_ref() != Some(choice);
        let puts_back = is_other && self.part == Part::Model;
        let knobs = params.knobs.all().into_iter().enumerate().filter(|_| puts_back);
        {
            let _held = desk.hold();
            choice.lay_on(desk, self.part);
            // Where they stand means something else for each model.
            knobs.clone().for_each(|(at, _)| desk.set_knob(at, UNTURNED));
        }
        let (param, slot) = (slot_param(params, self.part), choice.slot(self.part) as i32);
        if is_other {
            // From one file to another the slot stays: it is a step that can be undone all the same.
            gesture::set_anyway(setter, param, slot);
        } else {
            gesture::set(setter, param, slot);
        }
        knobs.for_each(|(_, knob)| gesture::set(setter, knob, UNTURNED));
    }

    fn star(&self, entry: &Entry) {
        let mark = entry.mark();
        let star = !self.settings.is_favourite(&mark);
        self.library.star(mark, star);
    }
}

fn field() -> Id {
    Id::unique("library search")
}
