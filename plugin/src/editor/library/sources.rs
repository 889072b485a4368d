//! The column on the left: where to look.

use super::widgets::{self, button};
use crate::editor::theme::{self, Canvas};
use crate::library::{Scope, Settings};
use egui::{Align2, Id, Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2, vec2};
use std::path::{Path, PathBuf};

const LEFT: f32 = 66.0;
const TOP: f32 = 108.0;
const WIDTH: f32 = 160.0;
const LINE: f32 = 30.0;

/// Upper and lower edge of the player's folders.
const FOLDERS: (f32, f32) = (262.0, 540.0);

/// What the player asked for.
pub enum Asked {
    /// To look there.
    Scope(Scope),
    /// A folder out of the library.
    Remove(PathBuf),
    /// A folder to choose.
    Add,
    /// All folders to be looked at again.
    Rescan,
}

/// Shows the column.
pub fn show(ui: &mut Ui, canvas: Canvas, scope: &Scope, settings: &Settings) -> Option<Asked> {
    let mut asked = None;
    let fixed = [
        (Scope::All, "Everything"),
        (Scope::Factory, "Factory"),
        (Scope::Favourites, "Favourites"),
        (Scope::Recent, "Played last"),
    ];
    for (i, (to, name)) in fixed.into_iter().enumerate() {
        let rect = canvas.rect(LEFT, TOP + i as f32 * LINE, WIDTH, LINE - 2.0);
        let response = widgets::line(ui, canvas, rect, name, *scope == to, Sense::click());
        let at = rect.left_center() + vec2(canvas.px(12.0), 0.0);
        canvas.line(
            ui.painter(),
            (at, Align2::LEFT_CENTER),
            name,
            canvas.font(13.5),
            theme::TEXT,
            WIDTH - 20.0,
        );
        if response.clicked() {
            asked = Some(Asked::Scope(to));
        }
    }
    let at = canvas.at(LEFT + 12.0, FOLDERS.0 - 14.0);
    canvas.label(ui.painter(), at, Align2::LEFT_CENTER, "Folders", 10.0, theme::TEXT_DIM);
    let area = canvas.rect(LEFT, FOLDERS.0, WIDTH, FOLDERS.1 - FOLDERS.0);
    if settings.folders.is_empty() {
        let text = "Add the folders that hold your captures and cabinet responses.";
        let galley =
            ui.painter().layout(text.into(), canvas.font(12.5), theme::TEXT_DIM, canvas.px(WIDTH - 24.0));
        ui.painter().galley(canvas.at(LEFT + 12.0, FOLDERS.0 + 4.0), galley, theme::TEXT_DIM);
    } else {
        let mut inner = ui.new_child(UiBuilder::new().scope_id(Id::unique("library folders")).max_rect(area));
        inner.set_clip_rect(area);
        inner.spacing_mut().item_spacing = Vec2::ZERO;
        let scroll = ScrollArea::vertical().id_salt("library folders").auto_shrink(false);
        scroll.show_rows(&mut inner, canvas.px(LINE), settings.folders.len(), |ui, rows| {
            for folder in settings.folders().skip(rows.start).take(rows.len()) {
                asked = self::folder(ui, canvas, scope, folder).or(asked.take());
            }
        });
    }
    if button(ui, canvas, (LEFT, 552.0, WIDTH, 30.0), "Add folder…", false).clicked() {
        asked = Some(Asked::Add);
    }
    let rescan = button(ui, canvas, (LEFT, 590.0, WIDTH, 30.0), "Rescan", false);
    if rescan.on_hover_text("Looks at all folders again, now").clicked() {
        asked = Some(Asked::Rescan);
    }
    asked
}

fn folder(ui: &mut Ui, canvas: Canvas, scope: &Scope, folder: &Path) -> Option<Asked> {
    let size = vec2(ui.available_width(), canvas.px(LINE));
    let (rect, _) = ui.allocate_exact_size(size, Sense::empty());
    let to = Scope::folder(folder);
    let response =
        widgets::line(ui, canvas, rect.shrink(canvas.px(1.0)), folder, *scope == to, Sense::click());
    let icon = rect.left_center() + vec2(canvas.px(16.0), 0.0);
    widgets::folder(ui, canvas, icon, theme::TEXT_DIM);
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
    let at = rect.left_center() + vec2(canvas.px(28.0), 0.0);
    canvas.line(ui.painter(), (at, Align2::LEFT_CENTER), &name, canvas.font(13.0), theme::TEXT, WIDTH - 56.0);
    let corner = Rect::from_min_max(rect.right_top() - vec2(canvas.px(26.0), 0.0), rect.right_bottom());
    let remove = ui.interact(corner, Id::unique(("library remove", folder)), Sense::click());
    let hot = remove.hovered() || remove.has_focus();
    if hot || response.hovered() || response.has_focus() {
        let colour = if hot { theme::AMBER } else { theme::TEXT_DIM };
        widgets::cross(ui, canvas, corner.center(), colour);
    }
    let remove = remove.on_hover_text("Takes the folder out of the library; its files stay where they are");
    if remove.clicked() {
        return Some(Asked::Remove(folder.to_owned()));
    }
    let clicked = response.clicked();
    response.on_hover_text(folder.display().to_string());
    clicked.then_some(Asked::Scope(to))
}
