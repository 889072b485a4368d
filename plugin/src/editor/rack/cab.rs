//! The loudspeakers: two of them, and the blend between them.

use super::panel::{Panel, TITLE};
use super::{Now, Wanted};
use crate::amp::Part;
use crate::editor::control::{Notch, Turned, focus_ring};
use crate::editor::eq::slider::Slider;
use crate::editor::figures;
use crate::editor::keys;
use crate::editor::knob::Knob;
use crate::editor::theme::{self, Canvas};
use egui::{Align2, Color32, Id, Sense, Stroke, Ui, Vec2, vec2};
use nih_plug::prelude::Param;
use shared::cabinets;

/// Shows the loudspeakers.
pub fn show(ui: &mut Ui, canvas: Canvas, panel: Panel, now: &Now) -> Option<Wanted> {
    let params = &now.params.cab;
    let setter = now.setter;
    let lit = params.on.value();
    panel.switch(
        ui,
        canvas,
        "Cabinet",
        &params.on,
        setter,
        "Loudspeakers and microphones, as impulse responses.",
    );
    let blend = params.blend.unmodulated_plain_value();
    baffle(ui, canvas, panel, if lit { [1.0 - blend, blend] } else { [0.0; 2] });

    let mut wanted = None;
    for (i, (part, letter)) in [(Part::CabA, "A"), (Part::CabB, "B")].into_iter().enumerate() {
        let info = now.status.cabs.get(i).and_then(Option::as_ref);
        let slot = now.desk.slot(part);
        let name = info
            .filter(|info| info.slot == slot)
            .map_or_else(|| cabinets::slot_name(slot), |c| c.name.clone());
        let weight = if i == 0 { 1.0 - blend } else { blend };
        let place = (panel.x + 10.0, panel.y + 186.0 + 46.0 * i as f32, panel.width - 20.0);
        wanted = self::slot(ui, canvas, place, (part, letter, &name), weight).or(wanted);
    }

    let y = panel.y + 306.0;
    let at = canvas.at(panel.x + 12.0, y);
    canvas.label(ui.painter(), at, Align2::LEFT_CENTER, "Blend", 11.0, theme::TEXT);
    let field = canvas.rect(panel.right() - 84.0, y - 9.0, 72.0, 18.0);
    let name = params.blend.name();
    figures::show(ui, canvas, (name, field, Align2::RIGHT_CENTER, 13.0), &params.blend, setter);
    let place = (panel.x + 28.0, y + 28.0, panel.right() - 28.0);
    let slider = Slider { name: "cab-blend", place, grip: 20.0, detent: false, notch: 0.05 };
    slider.show(ui, canvas, &params.blend, setter).on_hover_ui(|ui| {
        keys::hint(ui, canvas, &params.blend, "From loudspeaker A to loudspeaker B.");
    });
    for (x, letter) in [(panel.x + 14.0, "A"), (panel.right() - 14.0, "B")] {
        let at = canvas.at(x, y + 28.0);
        ui.painter().text(at, Align2::CENTER_CENTER, letter, canvas.font(12.5), theme::TEXT_DIM);
    }

    let cuts = [
        ("Low cut", &params.low_cut, "Takes away what lies below. At the lowest position nothing is cut."),
        ("High cut", &params.high_cut, "Takes away what lies above. At the highest position nothing is cut."),
    ];
    for (i, (label, param, about)) in cuts.into_iter().enumerate() {
        let centre = (panel.x + 55.0 + 96.0 * i as f32, panel.y + 440.0);
        let knob = Knob { label, centre, radius: 27.0, level: None, lit };
        knob.show(ui, canvas, Turned { param, notch: Notch::Share(0.02), about }, setter);
    }
    if !lit {
        panel.veil(ui, canvas);
    }
    wanted
}

/// Name of a loudspeaker in `(x, y, width)` of the design, to step through and to choose.
fn slot(
    ui: &Ui,
    canvas: Canvas,
    (x, y, width): (f32, f32, f32),
    (part, letter, name): (Part, &str, &str),
    weight: f32,
) -> Option<Wanted> {
    let rect = canvas.rect(x, y, width, 38.0);
    canvas.inset(ui.painter(), rect, 5.0);
    let mut wanted = None;
    let kind = if part == Part::CabA { "loudspeaker A" } else { "loudspeaker B" };
    for (at, direction) in [(x + 40.0, -1.0), (x + width - 16.0, 1.0)] {
        if keys::step(ui, canvas, (at, y + 19.0), vec2(26.0, 34.0), direction, kind) {
            wanted = Some(Wanted::Step(part, direction as isize));
        }
    }
    let area = canvas.rect(x + 54.0, y + 2.0, width - 84.0, 34.0);
    let response = ui.interact(area, Id::unique(("cab-name", letter)), Sense::click());
    let badge = canvas.at(x + 15.0, y + 19.0);
    let painter = ui.painter();
    let colour = theme::RAISED.lerp_to_gamma(theme::LIT, weight);
    painter.circle_filled(badge, canvas.px(9.5), colour);
    painter.text(badge, Align2::CENTER_CENTER, letter, canvas.font(12.5), theme::TEXT);
    let colour = if response.hovered() { theme::AMBER } else { theme::TEXT };
    let at = (area.center(), Align2::CENTER_CENTER);
    canvas.line(painter, at, name, canvas.font(13.5), colour, width - 86.0);
    focus_ring(ui, canvas, &response, area, 4.0);
    if response.clicked() {
        wanted = Some(Wanted::Library(part));
    }
    response.on_hover_ui(|ui| {
        ui.label(format!("{name}. Choose {kind} in the library"));
    });
    wanted
}

/// Two cones, each as bright as it is loud.
fn baffle(ui: &Ui, canvas: Canvas, panel: Panel, weights: [f32; 2]) {
    let rect = canvas.rect(panel.x + 10.0, panel.y + TITLE + 12.0, panel.width - 20.0, 130.0);
    canvas.inset(ui.painter(), rect, 6.0);
    let painter = ui.painter().with_clip_rect(rect);
    for (i, weight) in weights.into_iter().enumerate() {
        let centre = canvas.at(panel.x + 56.0 + 94.0 * i as f32, panel.y + TITLE + 77.0);
        let light = 0.25 + 0.75 * weight;
        let haze = theme::AMBER_DEEP.gamma_multiply(0.34 * weight);
        theme::radial(&painter, centre, Vec2::splat(canvas.px(66.0)), haze, Color32::TRANSPARENT);
        let grey = |v: f32| {
            let v = v * light;
            Color32::from_rgb(v as u8, (0.92 * v) as u8, (0.83 * v) as u8)
        };
        let ring = |radius: f32, top: f32, bottom: f32| {
            theme::lit_circle(&painter, centre, canvas.px(radius), grey(top), grey(bottom));
        };
        ring(43.0, 104.0, 52.0);
        ring(39.5, 30.0, 44.0);
        ring(34.0, 62.0, 34.0);
        for radius in [30.0, 26.0, 22.0] {
            painter.circle_stroke(centre, canvas.px(radius), Stroke::new(canvas.px(1.0), grey(30.0)));
        }
        ring(13.0, 128.0, 58.0);
        let edge = theme::AMBER.gamma_multiply(weight * 0.8);
        painter.circle_stroke(centre, canvas.px(43.0), Stroke::new(canvas.px(1.3), edge));
        for bolt in 0..8 {
            let direction = Vec2::angled(std::f32::consts::TAU * (bolt as f32 + 0.5) / 8.0);
            painter.circle_filled(centre + direction * canvas.px(41.2), canvas.px(1.2), grey(20.0));
        }
    }
}
