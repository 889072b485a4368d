//! The file browser inside the window: hosts and desktops differ too much in their dialogs.

use super::theme::{self, Canvas};
use crossbeam::channel::{Receiver, bounded};
use egui::{Align2, Id, Key, Order, ScrollArea, Sense, Stroke, Ui, Vec2, vec2};
use std::path::{Path, PathBuf};

/// Entries that are listed at most.
const MOST_ENTRIES: usize = 5000;

/// How the names of model files end.
const MODELS: [&str; 2] = ["nam", "onnx"];

/// What the player did.
pub enum Choice {
    /// Nothing yet.
    Open,
    /// Closed the browser.
    Cancel,
    /// Chose a file.
    File(PathBuf),
}

struct Entry {
    name: String,
    path: PathBuf,
    is_folder: bool,
}

/// A folder that is looked at.
pub struct Browser {
    folder: PathBuf,
    listing: Receiver<Result<Vec<Entry>, String>>,
    entries: Result<Vec<Entry>, String>,
    reading: bool,
}

impl Browser {
    /// Opens the folder of `file`, or the player's home.
    pub fn open(file: Option<&Path>) -> Self {
        let folder = file.and_then(Path::parent).map(Path::to_owned).filter(|f| f.is_dir());
        let home = || std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
        Self::at(folder.or_else(home).unwrap_or_else(|| PathBuf::from("/")))
    }

    fn at(folder: PathBuf) -> Self {
        // Network folders can take seconds: they are read beside the window.
        let (sender, listing) = bounded(1);
        let to_read = folder.clone();
        let started = std::thread::Builder::new().name("tonewright-browser".into()).spawn(move || {
            // The browser may be closed by now.
            let _ = sender.send(list(&to_read));
        });
        let entries = started.map(|_| Vec::new()).map_err(|e| e.to_string());
        Self { folder, listing, reading: entries.is_ok(), entries }
    }

    /// Shows the browser above everything else.
    pub fn show(&mut self, ui: &mut Ui, canvas: Canvas) -> Choice {
        if let Ok(listing) = self.listing.try_recv() {
            (self.entries, self.reading) = (listing, false);
        }
        let area =
            egui::Area::new(Id::unique("browser")).order(Order::Foreground).fixed_pos(canvas.at(0.0, 0.0));
        area.show(ui.ctx(), |ui| self.contents(ui, canvas)).inner
    }

    fn contents(&mut self, ui: &mut Ui, canvas: Canvas) -> Choice {
        let whole = canvas.rect(0.0, 0.0, theme::DESIGN.x, theme::DESIGN.y);
        let behind = ui.interact(whole, Id::unique("browser-behind"), Sense::click());
        let frame = canvas.rect(170.0, 50.0, 540.0, 420.0);
        let painter = ui.painter().clone();
        painter.rect_filled(whole.expand(canvas.px(400.0)), 0.0, egui::Color32::from_black_alpha(170));
        painter.rect_filled(frame, canvas.px(8.0), egui::Color32::from_rgb(0x1d, 0x1a, 0x18));
        painter.rect_stroke(
            frame,
            canvas.px(8.0),
            Stroke::new(canvas.px(1.0), theme::EDGE),
            egui::StrokeKind::Inside,
        );
        canvas.label(
            &painter,
            canvas.at(192.0, 76.0),
            Align2::LEFT_CENTER,
            "Open a model",
            13.0,
            theme::TEXT,
        );
        let folder = self.folder.display().to_string();
        let font = canvas.font(12.0);
        canvas.line(
            &painter,
            (canvas.at(192.0, 102.0), Align2::LEFT_CENTER),
            &folder,
            font,
            theme::TEXT_DIM,
            430.0,
        );

        let mut next = None;
        let mut choice = Choice::Open;
        if button(ui, canvas, (624.0, 90.0, 64.0, 24.0), "Up")
            && let Some(parent) = self.folder.parent()
        {
            next = Some(parent.to_owned());
        }
        let list = canvas.rect(190.0, 122.0, 500.0, 288.0);
        canvas.inset(&painter, list, 4.0);
        let inner = list.shrink(canvas.px(4.0));
        let mut list_ui = ui.new_child(egui::UiBuilder::new().max_rect(inner));
        list_ui.set_clip_rect(inner);
        match &self.entries {
            Err(error) => note(&list_ui, canvas, error),
            Ok(_) if self.reading => note(&list_ui, canvas, "Reading the folder…"),
            Ok(entries) if entries.is_empty() => {
                note(&list_ui, canvas, "No folders and no models (.nam, .onnx) in here.")
            }
            Ok(entries) => {
                let height = canvas.px(24.0);
                list_ui.spacing_mut().item_spacing = Vec2::ZERO;
                ScrollArea::vertical().auto_shrink(false).show_rows(
                    &mut list_ui,
                    height,
                    entries.len(),
                    |ui, rows| {
                        for entry in &entries[rows] {
                            if row(ui, canvas, entry, height) {
                                if entry.is_folder {
                                    next = Some(entry.path.clone());
                                } else {
                                    choice = Choice::File(entry.path.clone());
                                }
                            }
                        }
                    },
                );
            }
        }
        if button(ui, canvas, (602.0, 426.0, 86.0, 28.0), "Cancel")
            || ui.input(|i| i.key_pressed(Key::Escape))
        {
            choice = Choice::Cancel;
        }
        let outside = |at: egui::Pos2| !frame.contains(at);
        if behind.clicked() && behind.interact_pointer_pos().is_some_and(outside) {
            choice = Choice::Cancel;
        }
        if let Some(folder) = next {
            *self = Self::at(folder);
        }
        choice
    }
}

fn note(ui: &Ui, canvas: Canvas, text: &str) {
    let at = ui.max_rect().center();
    ui.painter().text(at, Align2::CENTER_CENTER, text, canvas.font(13.0), theme::TEXT_DIM);
}

fn row(ui: &mut Ui, canvas: Canvas, entry: &Entry, height: f32) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, canvas.px(3.0), theme::RAISED);
    }
    let icon = egui::Rect::from_center_size(
        rect.left_center() + vec2(canvas.px(16.0), 0.0),
        Vec2::splat(canvas.px(12.0)),
    );
    if entry.is_folder {
        let tab = egui::Rect::from_min_size(icon.min, vec2(icon.width() * 0.5, icon.height() * 0.4));
        painter.rect_filled(tab, 1.0, theme::TEXT_FAINT);
        painter.rect_filled(icon.with_min_y(icon.top() + icon.height() * 0.22), 1.5, theme::TEXT_FAINT);
    } else {
        painter.circle_filled(icon.center(), canvas.px(3.5), theme::AMBER);
    }
    let at = rect.left_center() + vec2(canvas.px(32.0), 0.0);
    canvas.line(painter, (at, Align2::LEFT_CENTER), &entry.name, canvas.font(13.5), theme::TEXT, 440.0);
    response.clicked()
}

/// A push button with faceplate lettering; whether it was clicked.
pub fn button(ui: &mut Ui, canvas: Canvas, (x, y, width, height): (f32, f32, f32, f32), text: &str) -> bool {
    let rect = canvas.rect(x, y, width, height);
    let response = ui.interact(rect, Id::unique(("button", text)), Sense::click());
    let painter = ui.painter();
    let fill = if response.hovered() { theme::RAISED_HOT } else { theme::RAISED };
    painter.rect_filled(rect, canvas.px(5.0), fill);
    painter.rect_stroke(
        rect,
        canvas.px(5.0),
        Stroke::new(canvas.px(1.0), theme::EDGE),
        egui::StrokeKind::Inside,
    );
    let colour = if response.hovered() { theme::AMBER } else { theme::TEXT };
    canvas.label(painter, rect.center(), Align2::CENTER_CENTER, text, 10.5, colour);
    response.clicked()
}

fn list(folder: &Path) -> Result<Vec<Entry>, String> {
    let read = std::fs::read_dir(folder).map_err(|e| format!("This folder cannot be read: {e}"))?;
    let mut entries: Vec<Entry> = read
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let is_folder = path.is_dir();
            let is_model =
                path.extension().is_some_and(|e| MODELS.iter().any(|model| e.eq_ignore_ascii_case(model)));
            ((is_folder || is_model) && !name.starts_with('.')).then_some(Entry { name, path, is_folder })
        })
        .take(MOST_ENTRIES)
        .collect();
    entries.sort_by_cached_key(|e| (!e.is_folder, e.name.to_lowercase()));
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_folders_first_and_models_only() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b.onnx", "A.ONNX", "c.Nam", "notes.txt", ".hidden.onnx", "nam"] {
            std::fs::write(folder.path().join(file), b"").unwrap();
        }
        std::fs::create_dir(folder.path().join("zoo")).unwrap();
        let names: Vec<String> = list(folder.path()).unwrap().into_iter().map(|e| e.name).collect();
        assert_eq!(names, ["zoo", "A.ONNX", "b.onnx", "c.Nam"]);
        assert!(list(&folder.path().join("missing")).is_err());
    }
}
