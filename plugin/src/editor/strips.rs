//! The strips above and below: name and power, engine, delay, load and messages.

use super::theme::{self, Canvas};
use crate::amp::{Status, Telemetry};
use crate::params::{EngineParam, Page, TonewrightParams};
use egui::{Align2, Id, Sense, Stroke, Ui, Vec2, vec2};
use nih_plug::prelude::ParamSetter;

/// Upper edge of the strip below, in the design.
const FOOTER_TOP: f32 = 468.0;

/// Load that is shown, calmer than the one that is measured.
#[derive(Debug, Default)]
pub struct Load {
    peak: f32,
    held_for: f32,
}

impl Load {
    /// Takes the peak since the last frame, which lasted `seconds`.
    pub fn update(&mut self, peak: f32, seconds: f32) {
        self.held_for += seconds;
        if peak >= self.peak || self.held_for > 1.5 {
            (self.peak, self.held_for) = (peak, 0.0);
        }
    }
}

/// The strip above; the page that the player turned to, if any.
pub fn header(
    ui: &mut Ui,
    canvas: Canvas,
    params: &TonewrightParams,
    setter: &ParamSetter,
    page: Page,
) -> Option<Page> {
    let strip = canvas.rect(0.0, 0.0, theme::DESIGN.x, 54.0);
    let painter = ui.painter();
    let wide = strip.expand2(vec2(canvas.px(400.0), 0.0)).with_min_y(strip.top() - canvas.px(400.0));
    painter.rect_filled(wide, 0.0, theme::HEADER);
    painter.hline(wide.x_range(), strip.bottom(), Stroke::new(canvas.px(1.0), theme::EDGE_DARK));
    painter.hline(
        wide.x_range(),
        strip.bottom() + canvas.px(1.0),
        Stroke::new(canvas.px(1.0), theme::EDGE.gamma_multiply(0.5)),
    );
    logo(ui, canvas);
    let painter = ui.painter();
    canvas.label(painter, canvas.at(66.0, 27.0), Align2::LEFT_CENTER, "Tonewright", 19.0, theme::TEXT);
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    painter.text(canvas.at(226.0, 30.5), Align2::LEFT_CENTER, version, canvas.font(10.5), theme::TEXT_FAINT);

    let on = !params.bypass.value();
    let area = canvas.rect(744.0, 10.0, 116.0, 34.0);
    let response = ui.interact(area, Id::unique("power"), Sense::click());
    if response.clicked() {
        setter.begin_set_parameter(&params.bypass);
        setter.set_parameter(&params.bypass, on);
        setter.end_set_parameter(&params.bypass);
    }
    let painter = ui.painter();
    let lamp = canvas.at(842.0, 27.0);
    if on {
        let glow = theme::AMBER.gamma_multiply(0.45);
        theme::radial(painter, lamp, Vec2::splat(canvas.px(19.0)), glow, egui::Color32::TRANSPARENT);
    }
    let (top, bottom) = if on {
        (egui::Color32::from_rgb(0xff, 0xdc, 0x9a), theme::AMBER)
    } else {
        (egui::Color32::from_rgb(0x4a, 0x38, 0x26), egui::Color32::from_rgb(0x26, 0x1e, 0x17))
    };
    painter.circle_filled(lamp, canvas.px(9.5), theme::EDGE_DARK);
    painter.circle_stroke(lamp, canvas.px(9.5), Stroke::new(canvas.px(1.4), theme::EDGE));
    theme::lit_circle(painter, lamp, canvas.px(6.8), top, bottom);
    let colour = if response.hovered() {
        theme::AMBER
    } else if on {
        theme::TEXT
    } else {
        theme::TEXT_DIM
    };
    let text = if on { "On" } else { "Bypassed" };
    canvas.label(painter, canvas.at(824.0, 27.0), Align2::RIGHT_CENTER, text, 11.0, colour);
    response.on_hover_text("Bypass");
    tabs(ui, canvas, page)
}

/// The pages' names, the one that is open lit from below.
fn tabs(ui: &Ui, canvas: Canvas, page: Page) -> Option<Page> {
    let mut turned = None;
    for (x, name, to) in [(396.0, "Amp", Page::Amp), (484.0, "EQ", Page::Eq)] {
        let area = canvas.rect(x - 44.0, 0.0, 88.0, 54.0);
        let response = ui.interact(area, Id::unique(("page", name)), Sense::click());
        let open = page == to;
        let painter = ui.painter().with_clip_rect(area);
        if open {
            let light = theme::AMBER.gamma_multiply(0.22);
            let radius = vec2(canvas.px(46.0), canvas.px(34.0));
            theme::radial(&painter, area.center_bottom(), radius, light, egui::Color32::TRANSPARENT);
            let line = canvas.rect(x - 24.0, 51.5, 48.0, 2.5);
            painter.rect_filled(line, canvas.px(1.2), theme::AMBER);
        }
        let colour = match (open, response.hovered()) {
            (true, _) => theme::TEXT,
            (false, true) => theme::AMBER,
            (false, false) => theme::TEXT_FAINT,
        };
        canvas.label(&painter, canvas.at(x, 27.0), Align2::CENTER_CENTER, name, 12.5, colour);
        if response.clicked() && !open {
            turned = Some(to);
        }
    }
    turned
}

/// A tuning fork whose prongs are a T.
fn logo(ui: &Ui, canvas: Canvas) {
    let painter = ui.painter();
    let centre = canvas.at(40.0, 27.0);
    theme::lit_circle(painter, centre, canvas.px(15.5), theme::AMBER, theme::AMBER_DEEP);
    let dark = Stroke::new(canvas.px(2.6), theme::HEADER);
    let at = |x: f32, y: f32| centre + vec2(x, y) * canvas.scale;
    painter.line_segment([at(0.0, 1.0), at(0.0, 9.5)], dark);
    theme::arc(painter, at(0.0, -3.6), canvas.px(4.6), 0.0, std::f32::consts::PI, dark);
    painter.line_segment([at(-4.6, -9.5), at(-4.6, -3.4)], dark);
    painter.line_segment([at(4.6, -9.5), at(4.6, -3.4)], dark);
}

/// The strip below.
pub fn footer(
    ui: &mut Ui,
    canvas: Canvas,
    params: &TonewrightParams,
    setter: &ParamSetter,
    status: &Status,
    telemetry: &Telemetry,
    load: &Load,
) {
    strip_below(ui, canvas);
    let painter = ui.painter();
    let middle = FOOTER_TOP + 26.0;
    canvas.label(painter, canvas.at(24.0, middle), Align2::LEFT_CENTER, "Engine", 9.0, theme::TEXT_FAINT);
    engines(ui, canvas, params, setter, status, middle);

    let painter = ui.painter();
    let rate = telemetry.sample_rate_hz();
    let latency = telemetry.latency_samples();
    let delay = if rate > 0.0 { format!("{:.1} ms", latency as f64 / rate * 1e3) } else { "–".into() };
    let figures = canvas.figures(11.5);
    canvas.label(painter, canvas.at(424.0, middle), Align2::LEFT_CENTER, "Latency", 9.0, theme::TEXT_FAINT);
    painter.text(canvas.at(492.0, middle), Align2::LEFT_CENTER, delay, figures.clone(), theme::TEXT);
    canvas.label(painter, canvas.at(562.0, middle), Align2::LEFT_CENTER, "Rate", 9.0, theme::TEXT_FAINT);
    let shown = if rate > 0.0 { format!("{} kHz", (rate / 100.0).round() / 10.0) } else { "–".into() };
    painter.text(canvas.at(602.0, middle), Align2::LEFT_CENTER, shown, figures, theme::TEXT);
    processor(ui, canvas, (686.0, Some((722.0, 86.0)), 854.0), middle, telemetry, load);
}

/// The surface of the strip below.
pub fn strip_below(ui: &Ui, canvas: Canvas) {
    let strip = canvas.rect(0.0, FOOTER_TOP, theme::DESIGN.x, theme::DESIGN.y - FOOTER_TOP);
    let painter = ui.painter();
    let wide = strip.expand2(vec2(canvas.px(400.0), 0.0)).with_max_y(strip.bottom() + canvas.px(400.0));
    painter.rect_filled(wide, 0.0, theme::HEADER);
    painter.hline(wide.x_range(), strip.top(), Stroke::new(canvas.px(1.0), theme::EDGE_DARK));
}

/// The load: lettering from `left`, figures up to `right`, and a bar of a left edge and a width if there is
/// room for one.
pub fn processor(
    ui: &Ui,
    canvas: Canvas,
    (left, bar, right): (f32, Option<(f32, f32)>, f32),
    middle: f32,
    telemetry: &Telemetry,
    load: &Load,
) {
    let painter = ui.painter();
    canvas.label(painter, canvas.at(left, middle), Align2::LEFT_CENTER, "CPU", 9.0, theme::TEXT_FAINT);
    let (mean, peak) = (telemetry.load().clamp(0.0, 1.0), load.peak.clamp(0.0, 1.0));
    if let Some((x, width)) = bar {
        let bar = canvas.rect(x, middle - 4.0, width, 8.0);
        canvas.inset(painter, bar, 3.0);
        let colour = |share: f32| {
            if share > 0.8 {
                theme::RED
            } else if share > 0.5 {
                theme::AMBER
            } else {
                theme::GREEN
            }
        };
        painter.rect_filled(bar.with_max_x(bar.left() + bar.width() * mean), canvas.px(2.0), colour(mean));
        let tick = bar.left() + bar.width() * peak;
        painter.vline(tick, bar.y_range(), Stroke::new(canvas.px(1.5), colour(peak)));
    }
    let text = if telemetry.blocks() == 0 { "–".to_owned() } else { format!("{:.0} %", mean * 100.0) };
    let at = canvas.at(right, middle);
    painter.text(at, Align2::RIGHT_CENTER, text, canvas.figures(11.5), theme::TEXT);
    let area = canvas.rect(left, middle - 12.0, right - left, 24.0);
    let hover = ui.interact(area, Id::unique("load"), Sense::hover());
    hover.on_hover_text(format!(
        "Share of a block's duration that computing it takes; lately at most {:.0} %",
        load.peak * 100.0
    ));
}

fn engines(
    ui: &mut Ui,
    canvas: Canvas,
    params: &TonewrightParams,
    setter: &ParamSetter,
    status: &Status,
    middle: f32,
) {
    let mut x = 84.0;
    let runs = status.playing.as_ref().and_then(|p| p.engine);
    for (engine, name, width) in [
        (EngineParam::Auto, "Auto", 62.0),
        (EngineParam::Native, "Native", 76.0),
        (EngineParam::OnnxRuntime, "ONNX Runtime", 122.0),
    ] {
        let rect = canvas.rect(x, middle - 13.0, width, 26.0);
        let response = ui.interact(rect, Id::unique(("engine", name)), Sense::click());
        let chosen = params.engine.value() == engine;
        let painter = ui.painter();
        let fill = match (chosen, response.hovered()) {
            (true, _) => theme::AMBER_DEEP.gamma_multiply(0.55),
            (false, true) => theme::RAISED_HOT,
            (false, false) => theme::RAISED,
        };
        painter.rect_filled(rect, canvas.px(4.0), fill);
        let edge = if chosen { theme::AMBER_DEEP } else { theme::EDGE };
        painter.rect_stroke(
            rect,
            canvas.px(4.0),
            Stroke::new(canvas.px(1.0), edge),
            egui::StrokeKind::Inside,
        );
        let colour = if chosen { theme::TEXT } else { theme::TEXT_DIM };
        canvas.label(painter, rect.center(), Align2::CENTER_CENTER, name, 9.5, colour);
        if response.clicked() && !chosen {
            setter.begin_set_parameter(&params.engine);
            setter.set_parameter(&params.engine, engine);
            setter.end_set_parameter(&params.engine);
        }
        if let (true, Some(kind)) = (engine == EngineParam::Auto, runs) {
            response.on_hover_text(format!("Plays with {kind}"));
        }
        x += width + 5.0;
    }
    // Which one plays, where that was left open.
    if params.engine.value() == EngineParam::Auto
        && let Some(kind) = runs
    {
        let at = canvas.at(x + 6.0, middle);
        let text = match kind {
            shared::engine::EngineKind::Native => "native",
            shared::engine::EngineKind::OnnxRuntime => "onnx rt",
        };
        ui.painter().text(at, Align2::LEFT_CENTER, text, canvas.font(11.0), theme::TEXT_FAINT);
    }
}

/// The line that says what went wrong, at a height of the design.
pub fn message(ui: &mut Ui, canvas: Canvas, top: f32, text: &str) {
    let rect = canvas.rect(24.0, top, theme::DESIGN.x - 48.0, 25.0);
    let painter = ui.painter();
    painter.rect_filled(rect, canvas.px(4.0), theme::RED.gamma_multiply(0.16));
    painter.rect_stroke(
        rect,
        canvas.px(4.0),
        Stroke::new(canvas.px(1.0), theme::RED.gamma_multiply(0.6)),
        egui::StrokeKind::Inside,
    );
    painter.circle_filled(rect.left_center() + vec2(canvas.px(14.0), 0.0), canvas.px(3.5), theme::RED);
    let at = rect.left_center() + vec2(canvas.px(28.0), 0.0);
    canvas.line(
        painter,
        (at, Align2::LEFT_CENTER),
        text,
        canvas.font(12.5),
        theme::TEXT,
        theme::DESIGN.x - 96.0,
    );
    let response = ui.interact(rect, Id::unique("message"), Sense::hover());
    response.on_hover_text(text);
}
