//! The strip below: engine, delay, load, and the size of the window.

use super::control::entry;
use super::keys;
use super::theme::{self, Canvas};
use crate::amp::Status;
use crate::params::{EngineParam, TonewrightParams};
use crate::rack::Telemetry;
use egui::{Align2, Id, Popup, Sense, Stroke, Ui, Vec2, vec2};
use nih_plug::prelude::ParamSetter;
use shared::engine::EngineKind;

/// Middle of the strip, in the design.
const MIDDLE: f32 = theme::FOOTER_TOP + 19.0;

/// Sizes of the window to choose from, in percent of the design.
const SCALES: [u16; 5] = [75, 100, 125, 150, 200];

/// How often the figures change, in seconds: faster ones cannot be read.
const CALM_SECONDS: f32 = 0.5;

/// Load that is shown, calmer than the one that is measured.
#[derive(Debug, Default)]
pub struct Load {
    mean: f32,
    peak: f32,
    next_peak: f32,
    shown_for: f32,
}

impl Load {
    /// Takes what was told since the last frame, which lasted `seconds`.
    pub fn update(&mut self, telemetry: &Telemetry, seconds: f32) {
        self.next_peak = self.next_peak.max(telemetry.take_load_peak());
        self.shown_for += seconds;
        if self.shown_for >= CALM_SECONDS {
            (self.mean, self.peak) = (telemetry.load(), self.next_peak);
            (self.next_peak, self.shown_for) = (0.0, 0.0);
        }
    }
}

/// The surface of a strip from edge to edge, by its upper edge and its height.
pub fn surface(ui: &Ui, canvas: Canvas, top: f32, height: f32) {
    let strip = canvas.rect(0.0, top, theme::DESIGN.x, height);
    let wide = strip.expand2(vec2(canvas.px(400.0), 0.0));
    ui.painter().rect_filled(wide, 0.0, theme::HEADER);
    ui.painter().hline(wide.x_range(), strip.top(), Stroke::new(canvas.px(1.0), theme::EDGE_DARK));
}

/// Shows the strip.
pub fn show(
    ui: &mut Ui,
    canvas: Canvas,
    params: &TonewrightParams,
    setter: &ParamSetter,
    status: &Status,
    telemetry: &Telemetry,
    load: &Load,
) {
    surface(ui, canvas, theme::FOOTER_TOP, theme::DESIGN.y - theme::FOOTER_TOP);
    engines(ui, canvas, params, setter, status);
    let rate = telemetry.sample_rate_hz();
    let latency = telemetry.latency_samples();
    let delay = if rate > 0.0 { format!("{:.1} ms", latency as f64 / rate * 1e3) } else { "–".into() };
    let shown = if rate > 0.0 { format!("{} kHz", (rate / 100.0).round() / 10.0) } else { "–".into() };
    let hint = format!("The delay that the host is told of: {latency} samples");
    figure(ui, canvas, (344.0, 412.0, 474.0), "Latency", &delay, &hint);
    figure(ui, canvas, (492.0, 530.0, 596.0), "Rate", &shown, "The host's sample rate");
    processor(ui, canvas, telemetry, load);
    dropped(ui, canvas, telemetry.dropped_blocks());
    scale(ui, canvas);
}

/// Lettering from a left edge, a figure from the next edge, and a hint for both as far as the last.
fn figure(ui: &Ui, canvas: Canvas, (left, at, right): (f32, f32, f32), name: &str, text: &str, hint: &str) {
    let painter = ui.painter();
    canvas.label(painter, canvas.at(left, MIDDLE), Align2::LEFT_CENTER, name, 10.5, theme::TEXT_FAINT);
    painter.text(canvas.at(at, MIDDLE), Align2::LEFT_CENTER, text, canvas.figures(12.0), theme::TEXT);
    let area = canvas.rect(left, MIDDLE - 12.0, right - left, 24.0);
    ui.interact(area, Id::unique(("figure", name)), Sense::hover()).on_hover_text(hint);
}

/// What computing takes.
fn processor(ui: &Ui, canvas: Canvas, telemetry: &Telemetry, load: &Load) {
    let painter = ui.painter();
    canvas.label(painter, canvas.at(614.0, MIDDLE), Align2::LEFT_CENTER, "CPU", 10.5, theme::TEXT_FAINT);
    let colour = |share: f32| match share {
        _ if share > 0.8 => theme::RED,
        _ if share > 0.5 => theme::AMBER,
        _ => theme::GREEN,
    };
    let bar = canvas.rect(650.0, MIDDLE - 4.0, 76.0, 8.0);
    canvas.inset(painter, bar, 3.0);
    let x = |share: f32| bar.left() + bar.width() * share.clamp(0.0, 1.0);
    painter.rect_filled(bar.with_max_x(x(load.mean)), canvas.px(2.0), colour(load.mean));
    let tick = Stroke::new(canvas.px(1.5), colour(load.peak));
    painter.vline(x(load.peak), bar.y_range(), tick);
    let text = if telemetry.blocks() == 0 {
        "–".to_owned()
    } else {
        format!("{:.0} %  peak {:.0} %", load.mean * 100.0, load.peak * 100.0)
    };
    painter.text(canvas.at(736.0, MIDDLE), Align2::LEFT_CENTER, text, canvas.figures(12.0), theme::TEXT);
    let area = canvas.rect(614.0, MIDDLE - 12.0, 250.0, 24.0);
    ui.interact(area, Id::unique("load"), Sense::hover())
        .on_hover_text("Share of a block's duration that computing it takes: on average, and lately at most");
}

/// Blocks that came too late.
fn dropped(ui: &Ui, canvas: Canvas, blocks: u64) {
    let at = canvas.at(888.0, MIDDLE);
    canvas.label(ui.painter(), at, Align2::LEFT_CENTER, "Drops", 10.5, theme::TEXT_FAINT);
    let colour = if blocks == 0 { theme::TEXT } else { theme::RED_TEXT };
    let text = if blocks > 9_999 { "9999+".to_owned() } else { blocks.to_string() };
    ui.painter().text(canvas.at(938.0, MIDDLE), Align2::LEFT_CENTER, text, canvas.figures(12.0), colour);
    let area = canvas.rect(888.0, MIDDLE - 12.0, 98.0, 24.0);
    ui.interact(area, Id::unique("dropped"), Sense::hover())
        .on_hover_text("Blocks that took longer to compute than they last: the host has likely dropped out");
}

fn engines(ui: &mut Ui, canvas: Canvas, params: &TonewrightParams, setter: &ParamSetter, status: &Status) {
    let at = canvas.at(16.0, MIDDLE);
    canvas.label(ui.painter(), at, Align2::LEFT_CENTER, "Engine", 10.5, theme::TEXT_FAINT);
    let key = |x: f32, width: f32| canvas.rect(x, MIDDLE - 12.0, width, 24.0);
    let keys = [
        (key(76.0, 60.0), EngineParam::Auto, "Auto"),
        (key(139.0, 74.0), EngineParam::Native, "Native"),
        (key(216.0, 62.0), EngineParam::OnnxRuntime, "ONNX"),
    ];
    let about = "What computes the amp. Auto: our own code where it knows the model, else ONNX Runtime.";
    keys::choice(ui, canvas, &keys, &params.engine, setter, about);
    // Which one plays, where that was left open or is not what was asked for.
    let runs = status.playing.as_ref().and_then(|p| p.engine);
    let asked = match params.engine.value() {
        EngineParam::Auto => None,
        EngineParam::Native => Some(EngineKind::Native),
        EngineParam::OnnxRuntime => Some(EngineKind::OnnxRuntime),
    };
    if let Some(kind) = runs.filter(|&kind| asked != Some(kind)) {
        let text = match kind {
            EngineKind::Native => "native",
            EngineKind::OnnxRuntime => "onnx",
        };
        let at = canvas.at(286.0, MIDDLE);
        ui.painter().text(at, Align2::LEFT_CENTER, text, canvas.font(12.0), theme::TEXT_FAINT);
    }
}

/// The size of the window, and a menu of sizes.
fn scale(ui: &Ui, canvas: Canvas) {
    let rect = canvas.rect(996.0, MIDDLE - 12.0, 78.0, 24.0);
    let response = keys::key(ui, canvas, rect, "scale", ("", 10.5), false);
    let percent = (100.0 * canvas.scale).round();
    let at = rect.left_center() + vec2(canvas.px(10.0), 0.0);
    let text = format!("{percent} %");
    ui.painter().text(at, Align2::LEFT_CENTER, text, canvas.figures(12.0), theme::TEXT);
    keys::arrow_down(ui, canvas, rect.right_center() - vec2(canvas.px(13.0), 0.0));
    Popup::menu(&response).width(canvas.px(110.0)).show(|ui| {
        ui.spacing_mut().item_spacing = Vec2::ZERO;
        ui.set_width(canvas.px(110.0));
        for scale in SCALES {
            if entry(ui, canvas, &format!("{scale} %"), f32::from(scale) == percent) {
                let size = theme::DESIGN * f32::from(scale) / 100.0;
                ui.send_viewport_cmd(egui::ViewportCommand::InnerSize(size));
            }
        }
    });
    response.on_hover_ui(|ui| {
        ui.label("Size of the window");
    });
}
