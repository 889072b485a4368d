//! What the window says of files that are not where they were, and what it offers to do about it.

use super::browser::button;
use super::overlay::MESSAGE;
use super::theme::{self, Canvas};
use crate::amp::{Desk, Origin, Part, PartStatus, Status};
use crate::session::Recovery;
use egui::{Align2, Id, Order, Sense, Stroke, StrokeKind, Ui, vec2};
use etcetera::BaseStrategy;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A button's width for each letter, its height, and the space before the next, in the design.
const LETTER: f32 = 8.6;
const BUTTON_HEIGHT: f32 = 24.0;
const BUTTON_GAP: f32 = 6.0;

/// How often news is looked for.
const LOOK: Duration = Duration::from_millis(500);

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    /// Goes on with a file of the same content.
    Relink(PathBuf),
    /// Plays another file.
    Take(PathBuf),
    /// Opens the library.
    Find,
    /// Searches once more.
    Again,
    /// Writes the copy inside the session into a file.
    Save,
    /// Says no more of it.
    Dismiss,
}

/// What is said of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Notice {
    text: String,
    /// What went wrong, as far as it is known: shown where the pointer rests.
    reason: Option<String>,
    offers: Vec<(&'static str, Action)>,
    /// Whether what plays is not what was saved.
    is_wrong: bool,
}

/// The strip, and what the player did about it.
#[derive(Debug, Default)]
pub struct Repair {
    dismissed: Vec<(Part, PartStatus)>,
    recovery: Option<(Part, Recovery)>,
    /// What became of the copy.
    outcome: Option<String>,
}

impl Repair {
    /// Shows what is to be said first, if anything. Returns the part that the player wants to find a file for.
    pub fn show(&mut self, ui: &Ui, canvas: Canvas, status: &Status, desk: &Desk) -> Option<Part> {
        self.watch(desk);
        let (part, notice) = self.next(status, desk)?;
        let (left, top, ..) = MESSAGE;
        let area = egui::Area::new(Id::unique("repair")).order(Order::Middle).fixed_pos(canvas.at(left, top));
        let pressed = area.show(ui.ctx(), |ui| strip(ui, canvas, MESSAGE, &notice)).inner;
        self.act(part, pressed?, status, desk)
    }

    /// How soon there may be news, if any are expected: the loader goes on searching while a copy plays, and nobody moves the mouse.
    pub fn look_again(&self, status: &Status) -> Option<Duration> {
        let is_searching = status.parts.iter().any(|part| part.origin == Origin::Carried);
        (is_searching || self.recovery.is_some()).then_some(LOOK)
    }

    /// Nobody is looking any more.
    pub fn close(&mut self) {
        self.outcome = None;
    }

    fn next(&self, status: &Status, desk: &Desk) -> Option<(Part, Notice)> {
        if let Some(text) = &self.outcome {
            let offers = vec![("Dismiss", Action::Dismiss)];
            return Some((Part::Model, Notice { text: text.clone(), reason: None, offers, is_wrong: false }));
        }
        let said = |part: Part| (part, status.part(part));
        let is_new = |(part, status): &(Part, &PartStatus)| {
            !self.dismissed.iter().any(|(p, s)| p == part && s == *status)
        };
        let mut news = Part::ALL.into_iter().map(said).filter(is_new);
        news.find_map(|(part, status)| {
            Some((part, notice(part, status, desk.file(part).as_deref(), self.recovery.is_some())?))
        })
    }

    fn act(&mut self, part: Part, action: Action, status: &Status, desk: &Desk) -> Option<Part> {
        match action {
            Action::Relink(path) => desk.relink(part, path),
            Action::Take(path) => desk.set_file(part, Some(path)),
            Action::Find => return Some(part),
            Action::Again => desk.look_again(),
            Action::Save => self.save(part, &status.part(part).name, desk),
            Action::Dismiss => {
                if self.outcome.take().is_none() {
                    self.dismissed.retain(|(other, _)| *other != part);
                    self.dismissed.push((part, status.part(part).clone()));
                }
            }
        }
        None
    }

    fn save(&mut self, part: Part, name: &str, desk: &Desk) {
        let blob = desk.source(part).hash.and_then(|hash| desk.pool().get(hash));
        match blob.zip(folder()) {
            Some((blob, folder)) => {
                self.recovery = Some((part, Recovery::start(blob, folder, name.to_owned())));
            }
            None => {
                self.outcome = Some("The copy cannot be saved: the system names no folder for data.".into())
            }
        }
    }

    fn watch(&mut self, desk: &Desk) {
        let Some((part, recovery)) = &self.recovery else { return };
        let Some(done) = recovery.take() else { return };
        self.outcome = Some(match done {
            Ok(path) => {
                let text = format!("The copy is saved as {}.", path.display());
                desk.relink(*part, path);
                text
            }
            Err(error) => format!("The copy could not be saved: {error}"),
        });
        self.recovery = None;
    }
}

/// Where copies are saved.
fn folder() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.data_dir().join("tonewright").join("recovered"))
}

/// What is to be said of a part whose file is said to be at `path`.
fn notice(part: Part, status: &PartStatus, path: Option<&Path>, saving: bool) -> Option<Notice> {
    let name = &status.name;
    let folder = |path: &Path| path.parent().unwrap_or(path).display().to_string();
    let find = ("Find…", Action::Find);
    let save = ("Save copy", Action::Save);
    let (text, mut offers, is_wrong) = match &status.origin {
        Origin::Factory => return None,
        Origin::File => {
            let reason = status.not_carried.as_ref()?;
            (
                format!("\"{name}\" does not travel inside the session: {reason}. Keep the file."),
                vec![],
                false,
            )
        }
        Origin::Found(found) => {
            let text = format!("\"{name}\" is not where it was; the same file is in {}.", folder(found));
            (text, vec![("Use it", Action::Relink(found.clone())), save], false)
        }
        Origin::Carried => match &status.other {
            Some(other) if Some(other.as_path()) == path => {
                let text = format!(
                    "\"{name}\" was changed since the session was saved: the copy inside the session plays."
                );
                (text, vec![("Use the changed file", Action::Take(other.clone())), save], false)
            }
            Some(other) => {
                let text = format!(
                    "\"{name}\" is not where it was: the copy inside the session plays. Another file of that name is in {}.",
                    folder(other)
                );
                (text, vec![("Use that one", Action::Take(other.clone())), find, save], false)
            }
            None => {
                let text = format!("\"{name}\" is not where it was: the copy inside the session plays.");
                (text, vec![find, save], false)
            }
        },
        Origin::Other(other) => {
            let place = if Some(other.as_path()) == path { "its place".into() } else { folder(other) };
            let text = format!(
                "\"{name}\" is gone, and no copy of it is inside the session: another file of that name plays, from {place}."
            );
            (text, vec![("Keep it", Action::Take(other.clone())), find], true)
        }
        Origin::Missing => {
            let instead = match part {
                Part::Model => "the guitar passes by the amp",
                Part::CabA | Part::CabB => "the sound passes by this loudspeaker",
            };
            let text = format!("\"{name}\" cannot be played, and no copy is inside the session: {instead}.");
            (text, vec![find, ("Search again", Action::Again)], true)
        }
    };
    offers.retain(|(_, action)| !(saving && *action == Action::Save));
    offers.push(("Dismiss", Action::Dismiss));
    Some(Notice { text, reason: status.problem.clone(), offers, is_wrong })
}

/// Draws the strip; what was pressed.
fn strip(
    ui: &mut Ui,
    canvas: Canvas,
    (x, y, width, height): (f32, f32, f32, f32),
    notice: &Notice,
) -> Option<Action> {
    let rect = canvas.rect(x, y, width, height);
    let colour = if notice.is_wrong { theme::RED } else { theme::AMBER };
    let painter = ui.painter().clone();
    painter.rect_filled(rect, canvas.px(5.0), theme::SHEET);
    painter.rect_filled(rect, canvas.px(5.0), colour.gamma_multiply(0.14));
    let edge = Stroke::new(canvas.px(1.0), colour.gamma_multiply(0.6));
    painter.rect_stroke(rect, canvas.px(5.0), edge, StrokeKind::Inside);
    painter.circle_filled(rect.left_center() + vec2(canvas.px(16.0), 0.0), canvas.px(3.5), colour);
    let mut pressed = None;
    let mut right = x + width - BUTTON_GAP;
    for (text, action) in notice.offers.iter().rev() {
        let wide = text.chars().count() as f32 * LETTER + 24.0;
        right -= wide;
        if button(ui, canvas, (right, y + (height - BUTTON_HEIGHT) / 2.0, wide, BUTTON_HEIGHT), text) {
            pressed = Some(action.clone());
        }
        right -= BUTTON_GAP;
    }
    let at = rect.left_center() + vec2(canvas.px(30.0), 0.0);
    let room = right - x - 30.0;
    canvas.line(&painter, (at, Align2::LEFT_CENTER), &notice.text, canvas.font(13.0), theme::TEXT, room);
    let told = egui::Rect::from_min_max(rect.min, egui::pos2(canvas.at(right, y).x, rect.max.y));
    ui.interact(told, Id::unique("repair-text"), Sense::hover()).on_hover_ui(|ui| {
        ui.set_max_width(canvas.px(420.0));
        ui.label(&notice.text);
        if let Some(reason) = &notice.reason {
            ui.colored_label(theme::TEXT_DIM, reason);
        }
    });
    pressed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(origin: Origin) -> PartStatus {
        PartStatus { origin, name: "amp.nam".into(), ..PartStatus::default() }
    }

    fn offers(status: &PartStatus) -> Vec<&'static str> {
        let notice = notice(Part::Model, status, Some(Path::new("/a/amp.nam")), false);
        notice.map(|notice| notice.offers.into_iter().map(|(text, _)| text).collect()).unwrap_or_default()
    }

    #[test]
    fn what_plays_as_it_should_is_not_spoken_of() {
        assert_eq!(offers(&status(Origin::Factory)), [""; 0]);
        assert_eq!(offers(&status(Origin::File)), [""; 0]);
        let heavy = PartStatus { not_carried: Some("too large".into()), ..status(Origin::File) };
        assert_eq!(offers(&heavy), ["Dismiss"]);
    }

    #[test]
    fn each_trouble_has_its_remedies() {
        let found = "/b/amp.nam";
        assert_eq!(offers(&status(Origin::Found(found.into()))), ["Use it", "Save copy", "Dismiss"]);
        assert_eq!(offers(&status(Origin::Carried)), ["Find…", "Save copy", "Dismiss"]);
        let other = |path: &str| PartStatus { other: Some(path.into()), ..status(Origin::Carried) };
        assert_eq!(offers(&other("/a/amp.nam")), ["Use the changed file", "Save copy", "Dismiss"]);
        assert_eq!(offers(&other(found)), ["Use that one", "Find…", "Save copy", "Dismiss"]);
        assert_eq!(offers(&status(Origin::Other(found.into()))), ["Keep it", "Find…", "Dismiss"]);
        assert_eq!(offers(&status(Origin::Missing)), ["Find…", "Search again", "Dismiss"]);
    }

    #[test]
    fn what_was_dismissed_comes_back_only_with_news() {
        let (desk, mut repair) = (Desk::new(1), Repair::default());
        let mut shown = Status::default();
        shown.parts[Part::CabA as usize] = status(Origin::Missing);
        shown.parts[Part::CabB as usize] = status(Origin::Carried);
        let said = |repair: &Repair, shown: &Status| repair.next(shown, &desk).map(|(part, _)| part);
        for part in Part::CABS {
            assert_eq!(said(&repair, &shown), Some(part));
            repair.act(part, Action::Dismiss, &shown, &desk);
        }
        assert_eq!(said(&repair, &shown), None);
        shown.parts[Part::CabA as usize].version += 1;
        assert_eq!(said(&repair, &shown), Some(Part::CabA));
        assert_eq!(repair.act(Part::CabA, Action::Find, &shown, &desk), Some(Part::CabA));
        repair.act(Part::CabA, Action::Take("/b/amp.nam".into()), &shown, &desk);
        assert_eq!(desk.file(Part::CabA), Some("/b/amp.nam".into()));
    }
}
