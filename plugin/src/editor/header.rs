//! The strip above: the name, the presets' place, the pages, the tuner and the bypass.

use super::control::focus_ring;
use super::keys;
use super::theme::{self, Canvas};
use crate::params::{Page, TonewrightParams};
use egui::{Align2, Id, Sense, Stroke, Ui, vec2};
use nih_plug::prelude::ParamSetter;

/// Where the strip has room for the presets: left, top, width and height in the design.
pub const PRESETS: (f32, f32, f32, f32) = (236.0, 13.0, 400.0, 34.0);

/// What the player asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Another page.
    Page(Page),
    /// The tuner, on or off.
    Tuner,
}

/// Middle of the strip, in the design.
const MIDDLE: f32 = theme::HEADER_HEIGHT / 2.0;

/// Shows the strip.
pub fn show(
    ui: &mut Ui,
    canvas: Canvas,
    params: &TonewrightParams,
    setter: &ParamSetter,
    page: Page,
) -> Option<Asked> {
    let strip = canvas.rect(0.0, 0.0, theme::DESIGN.x, theme::HEADER_HEIGHT);
    let painter = ui.painter();
    let wide = strip.expand2(vec2(canvas.px(400.0), 0.0)).with_min_y(strip.top() - canvas.px(400.0));
    painter.rect_filled(wide, 0.0, theme::HEADER);
    painter.hline(wide.x_range(), strip.bottom(), Stroke::new(canvas.px(1.0), theme::EDGE_DARK));
    logo(ui, canvas);
    canvas.label(ui.painter(), canvas.at(66.0, MIDDLE), Align2::LEFT_CENTER, "Tonewright", 17.0, theme::TEXT);

    let mut asked = tabs(ui, canvas, page).map(Asked::Page);
    let on = params.tuner.on.value();
    let tuner = keys::key(ui, canvas, canvas.rect(836.0, 16.0, 92.0, 28.0), "tuner", ("Tuner", 11.5), on);
    if tuner.clicked() {
        asked = Some(Asked::Tuner);
    }
    tuner.on_hover_text(if on { "Puts the tuner away" } else { "Opens the tuner below the page" });
    bypass(ui, canvas, params, setter);
    asked
}

fn bypass(ui: &Ui, canvas: Canvas, params: &TonewrightParams, setter: &ParamSetter) {
    let on = !params.bypass.value();
    let area = canvas.rect(956.0, 13.0, 132.0, 34.0);
    let response = ui.interact(area, Id::unique("power"), Sense::click());
    if response.clicked() {
        super::gesture::set(setter, &params.bypass, on);
    }
    keys::lamp(ui, canvas, canvas.at(1070.0, MIDDLE), 7.0, on);
    let colour = match (response.hovered(), on) {
        (true, _) => theme::AMBER,
        (false, true) => theme::TEXT,
        (false, false) => theme::TEXT_DIM,
    };
    let text = if on { "On" } else { "Bypassed" };
    canvas.label(ui.painter(), canvas.at(1050.0, MIDDLE), Align2::RIGHT_CENTER, text, 12.0, colour);
    focus_ring(ui, canvas, &response, area, 5.0);
    response.on_hover_ui(|ui| keys::hint(ui, canvas, &params.bypass, "Past everything, at the same delay."));
}

/// The pages' names, the one that is open lit from below.
fn tabs(ui: &Ui, canvas: Canvas, page: Page) -> Option<Page> {
    let mut turned = None;
    for (x, name, to) in [(700.0, "Play", Page::Amp), (780.0, "EQ", Page::Eq)] {
        let area = canvas.rect(x - 40.0, 0.0, 80.0, theme::HEADER_HEIGHT);
        let response = ui.interact(area, Id::unique(("page", name)), Sense::click());
        let open = page == to;
        let painter = ui.painter().with_clip_rect(area);
        if open {
            let light = theme::AMBER.gamma_multiply(0.22);
            let radius = vec2(canvas.px(44.0), canvas.px(34.0));
            theme::radial(&painter, area.center_bottom(), radius, light, egui::Color32::TRANSPARENT);
            let line = canvas.rect(x - 24.0, theme::HEADER_HEIGHT - 2.5, 48.0, 2.5);
            painter.rect_filled(line, canvas.px(1.2), theme::AMBER);
        }
        let colour = match (open, response.hovered()) {
            (true, _) => theme::TEXT,
            (false, true) => theme::AMBER,
            (false, false) => theme::TEXT_DIM,
        };
        canvas.label(&painter, canvas.at(x, MIDDLE), Align2::CENTER_CENTER, name, 13.5, colour);
        focus_ring(ui, canvas, &response, area.shrink(canvas.px(6.0)), 5.0);
        if response.clicked() && !open {
            turned = Some(to);
        }
    }
    turned
}

/// A tuning fork whose prongs are a T.
fn logo(ui: &Ui, canvas: Canvas) {
    let painter = ui.painter();
    let centre = canvas.at(36.0, MIDDLE);
    theme::lit_circle(painter, centre, canvas.px(15.5), theme::AMBER, theme::AMBER_DEEP);
    let dark = Stroke::new(canvas.px(2.6), theme::HEADER);
    let at = |x: f32, y: f32| centre + vec2(x, y) * canvas.scale;
    painter.line_segment([at(0.0, 1.0), at(0.0, 9.5)], dark);
    theme::arc(painter, at(0.0, -3.6), canvas.px(4.6), 0.0, std::f32::consts::PI, dark);
    painter.line_segment([at(-4.6, -9.5), at(-4.6, -3.4)], dark);
    painter.line_segment([at(4.6, -9.5), at(4.6, -3.4)], dark);
}
