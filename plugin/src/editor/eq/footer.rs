//! The strip below the equaliser's page: how it listens, what is neutral, and how loud it is.

use super::Now;
use super::graph::signed;
use super::slider::{LETTERS, Slider, key, veil};
use crate::editor::control::entry;
use crate::editor::figures;
use crate::editor::footer;
use crate::editor::keys;
use crate::editor::theme::{self, Canvas};
use crate::params::{ListenParam, ReferenceParam};
use egui::{Align2, Popup, Response, Stroke, Ui, Vec2, vec2};
use nih_plug::prelude::{Enum, EnumParam, ParamSetter};
use shared::word_eq::Hearing;

/// Middle of the strip, in the design.
const MIDDLE: f32 = 494.0;

/// Sound that must have been listened to before it can be learned, in seconds.
const ENOUGH_SECONDS: f32 = 2.0;

/// Shows the strip.
pub fn show(ui: &mut Ui, canvas: Canvas, now: &Now) {
    footer::surface(ui, canvas, 468.0, 52.0);
    let rect = |x: f32, width: f32| canvas.rect(x, MIDDLE - 13.0, width, 26.0);
    let label = |ui: &Ui, x: f32, text: &str| {
        let at = canvas.at(x, MIDDLE);
        canvas.label(ui.painter(), at, Align2::LEFT_CENTER, text, 8.0, theme::TEXT_FAINT);
    };
    let power = key(ui, canvas, rect(24.0, 44.0), "eq-on", "EQ", now.params.on.value());
    if power.clicked() {
        keys::flip(now.setter, &now.params.on);
    }
    power.on_hover_text("The equaliser on or off");

    label(ui, 84.0, "Listens over");
    let slider =
        Slider { name: "speed", place: (168.0, MIDDLE, 238.0), grip: 16.0, detent: false, notch: 0.05 };
    let about = "Time constant of the listening: how fast it follows a change of the sound.";
    slider
        .show(ui, canvas, &now.params.speed, now.setter)
        .on_hover_ui(|ui| keys::hint(ui, canvas, &now.params.speed, about));
    let place = ("speed", rect(250.0, 52.0), Align2::LEFT_CENTER, 10.5);
    figures::show(ui, canvas, place, &now.params.speed, now.setter);
    let about = "Keeps what was heard as it is.";
    let at = rect(306.0, 64.0);
    keys::switch(ui, canvas, at, ("Freeze", LETTERS), &now.params.freeze, now.setter, about);

    label(ui, 388.0, "Neutral");
    reference(ui, canvas, now, rect(440.0, 112.0));
    learn(ui, canvas, now, rect(557.0, 66.0));

    let is_matched = now.params.level_match.value();
    let about = "Makes the output as loud as the input.";
    let at = rect(640.0, 60.0);
    keys::switch(ui, canvas, at, ("Match", LETTERS), &now.params.level_match, now.setter, about);
    let gain = if is_matched { format!("{} dB", signed(now.reading.match_gain_db)) } else { String::new() };
    ui.painter().text(canvas.at(706.0, MIDDLE), Align2::LEFT_CENTER, gain, canvas.figures(10.0), theme::TEXT);
    let more = key(ui, canvas, rect(830.0, 26.0), "more", "", false);
    for x in [-5.0, 0.0, 5.0] {
        let at = more.rect.center() + vec2(canvas.px(x), 0.0);
        ui.painter().circle_filled(at, canvas.px(1.6), theme::TEXT_DIM);
    }
    listening(canvas, now, &more);
    more.on_hover_text("Who listens");
}

fn reference(ui: &Ui, canvas: Canvas, now: &Now, rect: egui::Rect) {
    let chosen = now.params.reference.value();
    let response = key(ui, canvas, rect, "reference", "", false);
    let at = rect.left_center() + vec2(canvas.px(10.0), 0.0);
    ui.painter().text(at, Align2::LEFT_CENTER, name(chosen), canvas.font(12.0), theme::TEXT);
    let tip = rect.right_center() - vec2(canvas.px(13.0), 0.0);
    let arrow = [vec2(-4.0, -2.0), vec2(0.0, 2.0), vec2(4.0, -2.0)].map(|v| tip + v * canvas.scale);
    ui.painter().add(egui::Shape::line(arrow.to_vec(), Stroke::new(canvas.px(1.5), theme::TEXT_DIM)));
    let has_learned = now.params.learned.kept().is_some();
    Popup::menu(&response).width(canvas.px(130.0)).show(|ui| {
        ui.spacing_mut().item_spacing = Vec2::ZERO;
        ui.set_width(canvas.px(130.0));
        for index in 0..ReferenceParam::variants().len() {
            let reference = ReferenceParam::from_index(index);
            if reference == ReferenceParam::Learned && !has_learned {
                continue;
            }
            if entry(ui, canvas, name(reference), reference == chosen) {
                choose(now.setter, &now.params.reference, reference);
            }
        }
    });
    response.on_hover_text("What sound is neutral: a word means more than that");
}

fn name(reference: ReferenceParam) -> &'static str {
    ReferenceParam::variants().get(reference.to_index()).copied().unwrap_or_default()
}

/// Takes what is heard as neutral.
fn learn(ui: &Ui, canvas: Canvas, now: &Now, rect: egui::Rect) {
    let has_learned =
        now.params.reference.value() == ReferenceParam::Learned && now.params.learned.kept().is_some();
    let text = if has_learned { "Learned" } else { "Learn" };
    let response = key(ui, canvas, rect, "learn", text, has_learned);
    let hears = !matches!(now.reading.hearing, Hearing::Waiting | Hearing::Unavailable);
    let can_learn = hears && now.reading.listened_seconds >= ENOUGH_SECONDS;
    if !can_learn {
        veil(ui, canvas, rect);
    }
    if response.clicked() && can_learn {
        now.params.learned.keep(Some(now.reading.heard));
        choose(now.setter, &now.params.reference, ReferenceParam::Learned);
    }
    response.on_hover_text(match (can_learn, has_learned) {
        (false, _) => "Play for a few seconds first: what is heard then becomes neutral",
        (true, false) => "Takes the sound that is heard now as neutral",
        (true, true) => "This sound counts as neutral. Click to learn the one that is heard now",
    });
}

fn listening(canvas: Canvas, now: &Now, response: &Response) {
    let chosen = now.params.listen.value();
    Popup::menu(response).width(canvas.px(190.0)).show(|ui| {
        ui.spacing_mut().item_spacing = Vec2::ZERO;
        ui.set_width(canvas.px(190.0));
        for (listen, text) in
            [(ListenParam::Thread, "Listen beside the audio"), (ListenParam::InLine, "Listen in line")]
        {
            if entry(ui, canvas, text, listen == chosen) {
                choose(now.setter, &now.params.listen, listen);
            }
        }
    });
}

fn choose<T: Enum + PartialEq>(setter: &ParamSetter, param: &EnumParam<T>, value: T) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}
