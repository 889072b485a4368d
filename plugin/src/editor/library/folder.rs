//! The folder browser inside the window: hosts and desktops differ too much in their dialogs. It chooses folders for the library, and files that are
//! in none.

use super::widgets::{self, button, note};
use crate::editor::theme::{self, Canvas};
use crate::library::{Kind, natural, pin_module};
use crossbeam::channel::{Receiver, bounded};
use egui::{Align2, Id, ScrollArea, Sense, Ui, UiBuilder, Vec2, vec2};
use std::path::{Path, PathBuf};

/// Names that are listed at most.
const MOST_ENTRIES: usize = 20_000;

const LEFT: f32 = 238.0;
const WIDTH: f32 = 796.0;
const ROW: f32 = 28.0;

/// What the player did.
pub enum Choice {
    /// Nothing yet.
    Open,
    /// Went back.
    Back,
    /// Chose this folder for the library.
    Folder(PathBuf),
    /// Chose a file.
    File(PathBuf),
}

struct Entry {
    name: String,
    path: PathBuf,
    is_folder: bool,
}

/// A folder that is looked at.
pub struct FolderView {
    kind: Kind,
    folder: PathBuf,
    listing: Receiver<Result<Vec<Entry>, String>>,
    entries: Result<Vec<Entry>, String>,
    reading: bool,
    /// The desktop's own dialog, while it is open.
    dialog: Option<Receiver<Option<PathBuf>>>,
}

impl FolderView {
    /// Opens the folder of `file`, or the player's home.
    pub fn open(kind: Kind, file: Option<&Path>) -> Self {
        let home = || std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
        let folder = file.and_then(Path::parent).map(Path::to_owned).or_else(home);
        Self::at(kind, folder.unwrap_or_else(|| PathBuf::from("/")))
    }

    fn at(kind: Kind, folder: PathBuf) -> Self {
        // Network folders can take seconds: they are read beside the window.
        let (sender, listing) = bounded(1);
        let to_read = folder.clone();
        pin_module();
        let started = std::thread::Builder::new().name("tonewright-browser".into()).spawn(move || {
            // The browser may be closed by now.
            let _ = sender.send(list(&to_read, kind));
        });
        let entries = started.map(|_| Vec::new()).map_err(|e| e.to_string());
        Self { kind, folder, listing, reading: entries.is_ok(), entries, dialog: None }
    }

    /// Shows the folder in place of the library's list.
    pub fn show(&mut self, ui: &mut Ui, canvas: Canvas) -> Choice {
        if let Ok(listing) = self.listing.try_recv() {
            (self.entries, self.reading) = (listing, false);
        }
        let painter = ui.painter();
        let at = (canvas.at(LEFT, 122.0), Align2::LEFT_CENTER);
        let folder = self.folder.display().to_string();
        canvas.line(painter, at, &folder, canvas.font(13.0), theme::TEXT, WIDTH - 90.0);
        let mut next = None;
        let up = button(ui, canvas, (LEFT + WIDTH - 78.0, 108.0, 78.0, 27.0), "Up", false);
        if up.clicked()
            && let Some(parent) = self.folder.parent()
        {
            next = Some(parent.to_owned());
        }
        let mut choice = self.list(ui, canvas, &mut next);
        if button(ui, canvas, (LEFT, 590.0, 180.0, 30.0), "Add this folder", true).clicked() {
            choice = Choice::Folder(self.folder.clone());
        }
        if HAS_DIALOG {
            let asked = button(ui, canvas, (LEFT + 192.0, 590.0, 180.0, 30.0), "Desktop's dialog…", false);
            let asked = asked.on_hover_text("Opens the folder dialog of the desktop, where there is one");
            if asked.clicked() && self.dialog.is_none() {
                self.dialog = dialog(self.folder.clone());
            }
        }
        if let Some(answer) = self.dialog.as_ref().and_then(|dialog| dialog.try_recv().ok()) {
            self.dialog = None;
            if let Some(folder) = answer {
                choice = Choice::Folder(folder);
            }
        }
        if button(ui, canvas, (LEFT + WIDTH - 96.0, 590.0, 96.0, 30.0), "Back", false).clicked() {
            choice = Choice::Back;
        }
        if let Some(folder) = next {
            // The desktop's dialog may still be open, and its answer counts wherever the player is by then.
            *self = Self { dialog: self.dialog.take(), ..Self::at(self.kind, folder) };
        }
        choice
    }

    fn list(&self, ui: &mut Ui, canvas: Canvas, next: &mut Option<PathBuf>) -> Choice {
        let area = canvas.rect(LEFT, 144.0, WIDTH, 434.0);
        canvas.inset(ui.painter(), area, 4.0);
        let entries = match &self.entries {
            Err(error) => {
                note(ui, canvas, area, error);
                return Choice::Open;
            }
            Ok(_) if self.reading => {
                note(ui, canvas, area, "Reading the folder…");
                return Choice::Open;
            }
            Ok(entries) if entries.is_empty() => {
                let ends = self.kind.extensions().join(", .");
                note(ui, canvas, area, &format!("No folders in here, and no files that end in .{ends}."));
                return Choice::Open;
            }
            Ok(entries) => entries,
        };
        let inner = area.shrink(canvas.px(4.0));
        let mut ui = ui.new_child(UiBuilder::new().scope_id(Id::unique("folder list")).max_rect(inner));
        ui.set_clip_rect(inner);
        ui.spacing_mut().item_spacing = Vec2::ZERO;
        let mut choice = Choice::Open;
        let scroll = ScrollArea::vertical().id_salt(&self.folder).auto_shrink(false);
        scroll.show_rows(&mut ui, canvas.px(ROW), entries.len(), |ui, rows| {
            for entry in &entries[rows] {
                if row(ui, canvas, entry) {
                    if entry.is_folder {
                        *next = Some(entry.path.clone());
                    } else {
                        choice = Choice::File(entry.path.clone());
                    }
                }
            }
        });
        choice
    }
}

fn row(ui: &mut Ui, canvas: Canvas, entry: &Entry) -> bool {
    let size = vec2(ui.available_width(), canvas.px(ROW));
    let (rect, _) = ui.allocate_exact_size(size, Sense::empty());
    let response = widgets::line(ui, canvas, rect, &entry.path, false, Sense::click());
    let icon = rect.left_center() + vec2(canvas.px(16.0), 0.0);
    if entry.is_folder {
        widgets::folder(ui, canvas, icon, theme::TEXT_DIM);
    } else {
        ui.painter().circle_filled(icon, canvas.px(3.5), theme::AMBER);
    }
    let at = (rect.left_center() + vec2(canvas.px(32.0), 0.0), Align2::LEFT_CENTER);
    canvas.line(ui.painter(), at, &entry.name, canvas.font(13.5), theme::TEXT, WIDTH - 60.0);
    response.clicked()
}

fn list(folder: &Path, kind: Kind) -> Result<Vec<Entry>, String> {
    let read = std::fs::read_dir(folder)
        .map_err(|e| format!("This folder cannot be read: {e}. Press \"Up\" for the one above."))?;
    let mut entries: Vec<Entry> = read
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let is_folder = path.is_dir();
            let wanted = is_folder || Kind::of_file(&path) == Some(kind);
            (wanted && !name.starts_with('.')).then_some(Entry { name, path, is_folder })
        })
        .take(MOST_ENTRIES)
        .collect();
    entries.sort_by(|a, b| b.is_folder.cmp(&a.is_folder).then_with(|| natural(&a.name, &b.name)));
    Ok(entries)
}

/// A dialog belongs to the main thread on macOS, and that is the host's.
const HAS_DIALOG: bool = cfg!(not(target_os = "macos"));

/// Opens the desktop's own dialog beside the window, which goes on. Where there is none, the answer is none, at once.
fn dialog(folder: PathBuf) -> Option<Receiver<Option<PathBuf>>> {
    let (sender, answer) = bounded(1);
    pin_module();
    let started = std::thread::Builder::new().name("tonewright-dialog".into()).spawn(move || {
        let title = "Add a folder to the library";
        let chosen = rfd::FileDialog::new().set_title(title).set_directory(folder).pick_folder();
        let _ = sender.send(chosen);
    });
    started.is_ok().then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_folders_first_and_files_of_the_kind_only() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b 10.onnx", "b 2.ONNX", "c.Nam", "notes.txt", "cab.wav", ".hidden.onnx", "nam"] {
            std::fs::write(folder.path().join(file), b"").unwrap();
        }
        std::fs::create_dir(folder.path().join("zoo")).unwrap();
        let names = |kind| list(folder.path(), kind).unwrap().into_iter().map(|e| e.name).collect::<Vec<_>>();
        assert_eq!(names(Kind::Model), ["zoo", "b 2.ONNX", "b 10.onnx", "c.Nam"]);
        assert_eq!(names(Kind::Response), ["zoo", "cab.wav"]);
        assert!(list(&folder.path().join("missing"), Kind::Model).is_err());
    }
}
