//! Below the curves: the words and their blend, how far to go, and how much is there already.

use super::slider::{Slider, veil};
use super::{Now, words};
use crate::editor::browser::button;
use crate::editor::control::focus_ring;
use crate::editor::figures;
use crate::editor::keys;
use crate::editor::theme::{self, Canvas};
use egui::{Align2, Color32, Id, Rect, Sense, Stroke, Ui, pos2, vec2};
use nih_plug::prelude::Param;
use shared::word_eq::{Hearing, Word};

/// What the player asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The map, to choose the word.
    Map,
    /// The map, to choose the second word.
    SecondMap,
    /// The curve as it is, as a manual equaliser.
    TakeOver,
}

/// Upper edge and height of the panels, in the design.
const TOP: f32 = 360.0;
const HEIGHT: f32 = 98.0;

/// Both words in the display, and the blend between them.
pub fn words(ui: &mut Ui, canvas: Canvas, now: &Now) -> Option<Wanted> {
    const LEFT: f32 = 24.0;
    const WIDTH: f32 = 330.0;
    let frame = canvas.rect(LEFT, TOP, WIDTH, HEIGHT);
    canvas.inset(ui.painter(), frame, 6.0);
    let blend = now.params.blend.unmodulated_plain_value();
    let painter = ui.painter().with_clip_rect(frame);
    let warm = theme::AMBER_DEEP.gamma_multiply(0.30 * now.strength());
    let heart = canvas.at(LEFT + 70.0 + blend * (WIDTH - 140.0), TOP + 34.0);
    theme::radial(&painter, heart, vec2(canvas.px(190.0), canvas.px(64.0)), warm, Color32::TRANSPARENT);

    let mut wanted = None;
    // Each word has as much room as it has weight.
    let share = 0.64 - 0.28 * blend;
    let split = LEFT + 14.0 + share * (WIDTH - 28.0);
    let sides = [
        (now.params.word.value(), 1.0 - blend, LEFT + 18.0, split - LEFT - 26.0, Wanted::Map),
        (
            now.params.second_word.value(),
            blend,
            LEFT + WIDTH - 18.0,
            LEFT + WIDTH - 26.0 - split,
            Wanted::SecondMap,
        ),
    ];
    for (slot, weight, x, room, wish) in sides {
        let is_first = wish == Wanted::Map;
        let anchor = if is_first { Align2::LEFT_CENTER } else { Align2::RIGHT_CENTER };
        let area = Rect::from_x_y_ranges(
            if is_first {
                canvas.at(LEFT + 4.0, 0.0).x..=canvas.at(split, 0.0).x
            } else {
                canvas.at(split, 0.0).x..=canvas.at(LEFT + WIDTH - 4.0, 0.0).x
            },
            canvas.at(0.0, TOP + 6.0).y..=canvas.at(0.0, TOP + 64.0).y,
        );
        let response = ui.interact(area, Id::unique(("word", is_first)), Sense::click());
        let colour = if response.hovered() {
            theme::AMBER
        } else {
            theme::TEXT_FAINT.lerp_to_gamma(theme::TEXT, (2.0 * weight).min(1.0))
        };
        let word = words::in_slot(usize::try_from(slot).unwrap_or(0));
        let name = word.map_or_else(|| format!("word {slot}"), |w| w.name.clone());
        let font = canvas.font(15.0 + 15.0 * weight);
        let at = canvas.at(if is_first { x } else { x - 15.0 }, TOP + 31.0);
        let shown = canvas.line(&painter, (at, anchor), &name, font, colour, room - 15.0);
        let tip = shown.right_center() + vec2(9.0, 2.0) * canvas.scale;
        let arrow = [vec2(-3.5, -2.0), vec2(0.0, 2.0), vec2(3.5, -2.0)].map(|v| tip + v * canvas.scale);
        let faint = colour.gamma_multiply(0.7);
        painter.add(egui::Shape::line(arrow.to_vec(), Stroke::new(canvas.px(1.4), faint)));
        let about = word.map_or_else(String::new, about);
        let at = canvas.at(x, TOP + 56.0);
        let faint = theme::TEXT_FAINT;
        canvas.label(&painter, at, anchor, &about, 8.2, faint);
        focus_ring(ui, canvas, &response, area.shrink(canvas.px(3.0)), 5.0);
        if response.clicked() {
            let shift = ui.input(|i| i.modifiers.shift);
            wanted = Some(if shift { Wanted::SecondMap } else { wish });
        }
        response.on_hover_text(if is_first { "Choose the word" } else { "Choose the word to blend into" });
    }
    let slider = Slider {
        name: "blend",
        place: (LEFT + 64.0, TOP + 80.0, LEFT + WIDTH - 52.0),
        grip: 16.0,
        detent: false,
        notch: 0.05,
    };
    canvas.label(
        &painter,
        canvas.at(LEFT + 18.0, TOP + 80.0),
        Align2::LEFT_CENTER,
        "Blend",
        8.2,
        theme::TEXT_FAINT,
    );
    let param = &now.params.blend;
    let field = canvas.rect(LEFT + WIDTH - 48.0, TOP + 71.0, 34.0, 18.0);
    figures::show(ui, canvas, ("blend", field, Align2::RIGHT_CENTER, 9.5), param, now.setter);
    let about = "From the word to the second word.";
    slider.show(ui, canvas, param, now.setter).on_hover_ui(|ui| keys::hint(ui, canvas, param, about));
    wanted
}

/// What stands behind a word.
pub fn about(word: &Word) -> String {
    let settings = if word.count == 1 { "setting" } else { "settings" };
    let mark = if word.experimental { "experimental · " } else { "" };
    format!("{mark}{} {settings}", word.count)
}

/// How far to go.
pub fn amount(ui: &mut Ui, canvas: Canvas, now: &Now) {
    const LEFT: f32 = 376.0;
    const RIGHT: f32 = 616.0;
    let param = &now.params.amount;
    let value = param.unmodulated_plain_value();
    let at = canvas.at(LEFT, TOP + 16.0);
    canvas.label(ui.painter(), at, Align2::LEFT_CENTER, "Amount", 11.0, theme::TEXT);
    let slider = Slider {
        name: "amount",
        place: (LEFT + 8.0, TOP + 50.0, RIGHT - 8.0),
        grip: 30.0,
        detent: true,
        notch: 0.025,
    };
    let groove = slider.place.2 - slider.place.0;
    for step in 0..=20 {
        let x = slider.place.0 + groove * step as f32 / 20.0;
        let (long, colour) = if step % 5 == 0 { (7.0, theme::TEXT_DIM) } else { (4.0, theme::TEXT_FAINT) };
        let line = [canvas.at(x, TOP + 68.0), canvas.at(x, TOP + 68.0 + long)];
        ui.painter().line_segment(line, Stroke::new(canvas.px(1.1), colour.gamma_multiply(0.8)));
    }
    slider.show(ui, canvas, param, now.setter);
    let field = canvas.rect(RIGHT - 96.0, TOP + 3.0, 96.0, 26.0);
    figures::show(ui, canvas, ("amount", field, Align2::RIGHT_CENTER, 17.0), param, now.setter);

    let name = now.name();
    let lit = |on: bool| if on { theme::AMBER } else { theme::TEXT_FAINT };
    let y = TOP + 87.0;
    let texts = [
        (LEFT, Align2::LEFT_CENTER, format!("less {name}"), value < 0.0),
        ((LEFT + RIGHT) / 2.0, Align2::CENTER_CENTER, "as it is".to_owned(), false),
        (RIGHT, Align2::RIGHT_CENTER, format!("more {name}"), value > 0.0),
    ];
    for (x, anchor, text, on) in texts {
        canvas.line(ui.painter(), (canvas.at(x, y), anchor), &text, canvas.font(11.0), lit(on), 90.0);
    }
}

/// How much of the word is heard, what the listening does, and what to do with the curve.
pub fn hearing(ui: &mut Ui, canvas: Canvas, now: &Now, share: f32) -> Option<Wanted> {
    const LEFT: f32 = 638.0;
    const RIGHT: f32 = 856.0;
    let painter = ui.painter();
    let (lamp, text) = state(now);
    let known = !matches!(now.reading.hearing, Hearing::Waiting | Hearing::Unavailable);
    canvas.label(
        painter,
        canvas.at(LEFT, TOP + 16.0),
        Align2::LEFT_CENTER,
        "In the sound",
        11.0,
        theme::TEXT,
    );
    let percent =
        if known { format!("{:.0} %", 100.0 * share).replace('-', "−") } else { "–".to_owned() };
    painter.text(
        canvas.at(RIGHT, TOP + 16.0),
        Align2::RIGHT_CENTER,
        percent,
        canvas.figures(13.0),
        theme::TEXT,
    );

    // From the word's opposite over neutral to the word and beyond.
    const LOWEST: f32 = -1.0;
    const HIGHEST: f32 = 1.5;
    let bar = canvas.rect(LEFT, TOP + 30.0, RIGHT - LEFT, 9.0);
    canvas.inset(painter, bar, 3.0);
    let x =
        |share: f32| bar.left() + (share.clamp(LOWEST, HIGHEST) - LOWEST) / (HIGHEST - LOWEST) * bar.width();
    if known {
        let (from, to) = (x(0.0).min(x(share)), x(0.0).max(x(share)));
        let colour = if share < 0.0 { theme::TEXT_FAINT } else { theme::AMBER };
        painter.rect_filled(Rect::from_x_y_ranges(from..=to, bar.y_range()), canvas.px(2.0), colour);
    }
    for (at, name) in [(0.0, "neutral"), (1.0, now.name())] {
        let mark = Stroke::new(canvas.px(1.4), theme::TEXT_DIM);
        painter.vline(x(at), bar.expand(canvas.px(2.5)).y_range(), mark);
        let below = pos2(x(at), bar.bottom() + canvas.px(9.0));
        let font = canvas.font(9.5);
        canvas.line(painter, (below, Align2::CENTER_CENTER), name, font, theme::TEXT_FAINT, 80.0);
    }
    let hover = ui.interact(bar.expand(canvas.px(8.0)), Id::unique("share"), Sense::hover());
    hover.on_hover_text("How much of the word the sound has already, before the equaliser");

    let painter = ui.painter();
    let at = canvas.at(LEFT + 5.0, TOP + 82.0);
    theme::radial(
        painter,
        at,
        egui::Vec2::splat(canvas.px(9.0)),
        lamp.gamma_multiply(0.4),
        Color32::TRANSPARENT,
    );
    painter.circle_filled(at, canvas.px(3.4), lamp);
    let at = canvas.at(LEFT + 16.0, TOP + 82.0);
    let shown =
        canvas.line(painter, (at, Align2::LEFT_CENTER), &text, canvas.font(11.5), theme::TEXT_DIM, 100.0);
    let reading = now.reading;
    let mut about = format!("Listened for {:.0} s", reading.listened_seconds);
    if reading.late > 0 {
        about = format!("{about}; {} results came late, and took effect at a later moment", reading.late);
    }
    ui.interact(shown.expand(4.0), Id::unique("hearing"), Sense::hover()).on_hover_text(about);
    let can_take = reading.proposed.bands.iter().any(|b| b.gain_db.abs() > 0.01);
    let rect = (RIGHT - 92.0, TOP + 70.0, 92.0, 25.0);
    let clicked = button(ui, canvas, rect, "Take over");
    let area = canvas.rect(rect.0, rect.1, rect.2, rect.3);
    if !can_take {
        veil(ui, canvas, area);
    }
    ui.interact(area, Id::unique("take-over-hint"), Sense::hover())
        .on_hover_text("Make this curve your own: the bands keep it, and the amount goes to 0");
    (clicked && can_take).then_some(Wanted::TakeOver)
}

/// What the listening does, with the colour of its lamp.
fn state(now: &Now) -> (Color32, String) {
    let reading = now.reading;
    let late = if reading.late > 0 { format!(" · {} late", reading.late) } else { String::new() };
    match reading.hearing {
        Hearing::Waiting => (theme::TEXT_FAINT, "Waiting for sound".to_owned()),
        Hearing::Listening => (theme::GREEN, format!("Listening{late}")),
        Hearing::Holding => (theme::AMBER_DEEP, format!("Silence, holding{late}")),
        Hearing::Frozen => (Color32::from_rgb(0x8f, 0xb4, 0xc9), format!("Frozen{late}")),
        Hearing::Unavailable => (theme::RED, "Not listening".to_owned()),
    }
}
