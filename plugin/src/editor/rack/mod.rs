//! The page for playing: the parts of the rack from left to right, as the sound goes through them.

mod amp;
mod cab;
mod gate;
mod knobs;
mod levels;
mod panel;
mod tone;
mod word;

use super::display::Display;
use super::meter::Meter;
use super::theme::{self, Canvas};
use crate::amp::{Desk, Part, Status};
use crate::params::TonewrightParams;
use crate::rack::{InputGuide, InputReading, METERED, Telemetry};
use egui::{Stroke, Ui};
use nih_plug::prelude::ParamSetter;
use panel::Panel;
use shared::word_eq::Reading;

/// Upper edge and height of the parts, in the design.
const TOP: f32 = 70.0;
const HEIGHT: f32 = 562.0;

const fn column(x: f32, width: f32) -> Panel {
    Panel { x, y: TOP, width, height: HEIGHT }
}

const INPUT: Panel = column(12.0, 112.0);
const GATE: Panel = column(132.0, 116.0);
const AMP: Panel = Panel { x: 256.0, y: TOP, width: 360.0, height: 352.0 };
const TONE: Panel = Panel { x: 256.0, y: TOP + 360.0, width: 360.0, height: HEIGHT - 360.0 };
const CAB: Panel = column(624.0, 206.0);
const WORD: Panel = column(838.0, 130.0);
const OUTPUT: Panel = column(976.0, 112.0);

/// All parts but the tone controls, which have a faceplate of their own.
const PANELS: [Panel; 6] = [INPUT, GATE, AMP, CAB, WORD, OUTPUT];

/// What the player asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The library, to fill a part.
    Library(Part),
    /// What is before or after it in the library.
    Step(Part, isize),
    /// The equaliser's page.
    Equaliser,
}

/// The rack as of this frame.
pub struct Now<'a> {
    /// The parameters.
    pub params: &'a TonewrightParams,
    /// The way to the host.
    pub setter: &'a ParamSetter<'a>,
    /// What was loaded.
    pub status: &'a Status,
    /// Whose wishes are being fulfilled.
    pub desk: &'a Desk,
    /// What the audio thread tells.
    pub telemetry: &'a Telemetry,
    /// What the equaliser does.
    pub reading: &'a Reading,
}

/// What the page keeps between frames.
#[derive(Default)]
pub struct RackPage {
    /// The guitar's level.
    pub input: Meter,
    /// The host's level.
    pub output: Meter,
    guide: InputGuide,
    display: Display,
    curve: word::Curve,
}

impl RackPage {
    /// Whether anything still moves.
    pub fn moves(&self) -> bool {
        self.input.moves() || self.output.moves()
    }

    /// The peaks that the meters show, of inputs and outputs.
    pub fn levels(&self) -> [[f32; METERED]; 2] {
        [self.input.levels(), self.output.levels()]
    }

    /// Takes the peaks since the last frame, which lasted `seconds`, at a time in seconds.
    pub fn update(&mut self, telemetry: &Telemetry, now_seconds: f64, seconds: f32) {
        let (input, output) = telemetry.take_peaks();
        let (input_clipped, output_clipped) = telemetry.take_clipped();
        self.input.update(input, seconds);
        self.output.update(output, seconds);
        self.input.clip(input_clipped);
        self.output.clip(output_clipped);
        let reading = InputReading {
            peak: input.into_iter().fold(0.0, f32::max),
            raw_peak: telemetry.take_raw_peak(),
            rms: telemetry.input_rms(),
            clipped: input_clipped,
        };
        self.guide.push(now_seconds, reading);
    }

    /// Shows the page.
    pub fn show(&mut self, ui: &mut Ui, canvas: Canvas, now: &Now) -> Option<Wanted> {
        gaps(ui, canvas);
        for panel in PANELS {
            panel.surface(ui, canvas, None);
        }
        TONE.surface(ui, canvas, Some(theme::PLATE));
        flow(ui, canvas);
        let on = !now.params.bypass.value();
        let playing = now.status.playing.as_ref();
        let known = playing.is_some_and(|info| info.card.input_level_dbu.is_some());
        let level = self.guide.level(now.params.input.calibrated.value() && known);
        levels::input(ui, canvas, INPUT, now, &mut self.input, level);
        gate::show(ui, canvas, GATE, now, self.input.level_db());
        let glow = if on && now.params.amp_on.value() { self.output.loudness().powi(2) } else { 0.0 };
        let mut wanted = amp::show(ui, canvas, AMP, now, &mut self.display, glow);
        tone::show(ui, canvas, TONE, now);
        wanted = cab::show(ui, canvas, CAB, now).or(wanted);
        wanted = word::show(ui, canvas, WORD, now, &mut self.curve).or(wanted);
        levels::output(ui, canvas, OUTPUT, now, &mut self.output);
        wanted
    }
}

/// What lies between the parts. The window is cleared with the colour of the parts, which are most of it: where the
/// processor paints, that costs nothing.
fn gaps(ui: &Ui, canvas: Canvas) {
    let painter = ui.painter();
    let (from, to) = (theme::HEADER_HEIGHT, theme::FOOTER_TOP);
    let window = ui.clip_rect();
    let mut left = window.left();
    for panel in [INPUT, GATE, AMP, CAB, WORD, OUTPUT] {
        let right = canvas.at(panel.x, 0.0).x;
        let gap =
            egui::Rect::from_x_y_ranges(left..=right, canvas.at(0.0, TOP).y..=canvas.at(0.0, TOP + HEIGHT).y);
        painter.rect_filled(gap, 0.0, theme::BACK);
        left = canvas.at(panel.right(), 0.0).x;
    }
    let rows = [(from, TOP), (TOP + HEIGHT, to)].map(|(a, b)| canvas.at(0.0, a).y..=canvas.at(0.0, b).y);
    let inner = canvas.at(0.0, AMP.y + AMP.height).y..=canvas.at(0.0, TONE.y).y;
    let last = egui::Rect::from_x_y_ranges(
        left..=window.right(),
        canvas.at(0.0, TOP).y..=canvas.at(0.0, TOP + HEIGHT).y,
    );
    painter.rect_filled(last, 0.0, theme::BACK);
    for row in rows {
        painter.rect_filled(egui::Rect::from_x_y_ranges(window.x_range(), row), 0.0, theme::BACK);
    }
    let between = canvas.at(AMP.x, 0.0).x..=canvas.at(AMP.right(), 0.0).x;
    painter.rect_filled(egui::Rect::from_x_y_ranges(between, inner), 0.0, theme::BACK);
}

/// The way of the sound, from part to part.
fn flow(ui: &Ui, canvas: Canvas) {
    let painter = ui.painter();
    let y = TOP + panel::TITLE / 2.0;
    for x in [INPUT.right(), GATE.right(), AMP.right(), CAB.right(), WORD.right()] {
        theme::chevron(painter, canvas.at(x + 4.0, y), canvas.px(4.0), 1.0, theme::AMBER, canvas.px(1.6));
    }
    let tip = canvas.at(AMP.middle(), AMP.y + AMP.height + 4.0);
    let points = [(-4.0, -1.8), (0.0, 1.8), (4.0, -1.8)];
    let points = points.map(|(x, y)| tip + egui::vec2(x, y) * canvas.scale);
    painter.add(egui::Shape::line(points.to_vec(), Stroke::new(canvas.px(1.6), theme::AMBER)));
}
