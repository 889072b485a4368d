//! The curves, the spectra behind them, and the bands to grab.

use super::backdrop::{backlight, legend, spectra};
use super::bands::{self, together};
use super::curves;
use super::graph::{EDGE_DB, Graph};
use super::live::Live;
use super::slider::wheel;
use super::tag::tag;
use super::{BOTH, Now, OWN, WORD};
use crate::editor::control::entry;
use crate::editor::keys;
use crate::editor::theme::{self, Canvas};
use crate::params::BandParams;
use egui::{
    Align2, Color32, CursorIcon, Id, Painter, PointerButton, Popup, Pos2, Response, Sense, Stroke, Ui, Vec2,
};
use nih_plug::prelude::{FloatParam, ParamSetter};
use shared::word_eq::{BANDS, BandSettings, EqSettings};

/// Where the graph lies, in the design.
pub const FRAME: (f32, f32, f32, f32) = (24.0, 64.0, 832.0, 242.0);

/// Radius of a handle, and how far from its middle it can be grabbed, in the design.
const HANDLE: f32 = 8.5;
const REACH: f32 = 15.0;

/// Way of the mouse for an octave of Q, in logical pixels.
const Q_TRAVEL: f32 = 50.0;

/// Octaves of Q that a notch of the wheel moves.
const Q_NOTCH: f32 = 0.25;

/// How much slower everything moves with shift.
const FINE: f32 = 0.1;

/// A band that is being dragged: its parameters are in the middle of a gesture.
#[derive(Clone, Copy, Debug)]
struct Drag {
    band: usize,
    /// Where the handle would be if nothing rounded or held it.
    exact: Pos2,
    /// Where the pointer was seen last.
    pointer: Pos2,
    /// The Q that the drag has reached, if it turns the Q.
    q: Option<f32>,
}

/// What the view keeps between frames.
#[derive(Default)]
pub struct View {
    drag: Option<Drag>,
    /// The band whose menu is open.
    menu: Option<usize>,
    /// The band that the pointer is at.
    hot: Option<usize>,
    /// The band that the pointer is at in the strip below.
    pub below: Option<usize>,
}

/// The handle nearest to a point, within reach.
fn nearest(handles: &[Pos2; BANDS], at: Pos2, reach: f32) -> Option<usize> {
    let near = (0..BANDS).filter(|&band| handles[band].distance(at) <= reach);
    near.min_by(|&a, &b| handles[a].distance_sq(at).total_cmp(&handles[b].distance_sq(at)))
}

impl View {
    /// The band that is pointed at or dragged.
    pub fn hot(&self) -> Option<usize> {
        self.drag.map(|drag| drag.band).or(self.hot).or(self.below)
    }

    /// Shows everything in the frame, and moves bands as the player does.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        canvas: Canvas,
        now: &Now,
        live: &Live,
        shown: &[BandSettings; BANDS],
    ) {
        let frame = canvas.rect(FRAME.0, FRAME.1, FRAME.2, FRAME.3);
        let graph = Graph { rect: frame, edge_db: EDGE_DB };
        let response = ui.interact(frame, Id::unique("eq-graph"), Sense::click_and_drag());
        let handles: [Pos2; BANDS] =
            std::array::from_fn(|i| graph.at(shown[i].frequency_hz, shown[i].gain_db));
        self.drag(ui, canvas, &graph, &response, now, &handles);
        self.touch(ui, &response, now);
        self.menu(canvas, &response, now);

        canvas.inset(ui.painter(), frame, 6.0);
        let painter = ui.painter().with_clip_rect(frame);
        backlight(&painter, canvas, frame, now);
        graph.grid(&painter, canvas);
        spectra(&painter, canvas, &graph, live);
        self.curves(&painter, canvas, &graph, now, live);
        for (band, &at) in handles.iter().enumerate() {
            self.handle(&painter, canvas, &graph, now, band, curves::settled(at));
        }
        legend(&painter, canvas);
        if let Some(band) = self.drag.map(|d| d.band).or(self.hot).filter(|_| self.menu.is_none()) {
            tag(ui.painter(), canvas, frame, handles[band], band, &shown[band], now);
        }
    }

    /// Ends what the window's closing has cut off, so that the host does not wait for the rest of a gesture.
    pub fn release(&mut self, setter: &ParamSetter, bands: &[BandParams; BANDS]) {
        self.dragged(bands, |param| setter.end_set_parameter(param));
        *self = Self::default();
    }

    /// Where the bands are: as they are applied, on their way; a dragged one, and all while nothing plays,
    /// where they are going.
    pub fn placed(&self, now: &Now, live: &Live) -> [BandSettings; BANDS] {
        std::array::from_fn(|i| {
            let dragged = self.drag.is_some_and(|d| d.band == i);
            if dragged || now.added[i].off || !live.plays() {
                together(i, &now.reading.proposed.bands[i], &now.added[i])
            } else {
                now.reading.applied.bands[i]
            }
        })
    }

    /// Grabs, pulls and lets go of bands.
    fn drag(
        &mut self,
        ui: &Ui,
        canvas: Canvas,
        graph: &Graph,
        response: &Response,
        now: &Now,
        at: &[Pos2; BANDS],
    ) {
        let reach = canvas.px(REACH);
        let modifiers = ui.input(|i| i.modifiers);
        if self.drag.is_none() {
            self.hot = response.hover_pos().and_then(|pointer| nearest(at, pointer, reach));
        }
        if response.drag_started_by(PointerButton::Primary)
            && let Some(origin) = ui.input(|i| i.pointer.press_origin())
            && let Some(band) = nearest(at, origin, reach)
        {
            let target = together(band, &now.reading.proposed.bands[band], &now.added[band]);
            let turns_q = (modifiers.command || modifiers.alt) && now.bands[band].q.is_some();
            let q = turns_q.then_some(target.q);
            self.drag = Some(Drag { band, exact: at[band], pointer: origin, q });
            self.dragged(&now.bands, |param| now.setter.begin_set_parameter(param));
        }
        // From place to place of the pointer, so that neither what it moved before that counted as a drag
        // nor what it moved in the frame it let go is lost.
        if let Some(pointer) = ui.input(|i| i.pointer.latest_pos()) {
            self.pull(graph, pointer, if modifiers.shift { FINE } else { 1.0 }, now);
        }
        // The button may have come up where nobody said so.
        if response.drag_stopped() || !ui.input(|i| i.pointer.primary_down()) {
            self.dragged(&now.bands, |param| now.setter.end_set_parameter(param));
            self.drag = None;
        }
    }

    /// Moves the dragged band with the pointer.
    fn pull(&mut self, graph: &Graph, pointer: Pos2, fine: f32, now: &Now) {
        let Some(drag) = &mut self.drag else { return };
        let motion = (pointer - drag.pointer) * fine;
        drag.pointer = pointer;
        if motion == Vec2::ZERO {
            return;
        }
        let proposed = &now.reading.proposed.bands[drag.band];
        let params = &now.bands[drag.band];
        if let (Some(q), Some(param)) = (&mut drag.q, params.q) {
            *q *= (-motion.y / Q_TRAVEL).exp2();
            now.setter.set_parameter(param, bands::q_offset(proposed, *q));
        } else {
            drag.exact += motion;
            let (gain_db, hz) = (graph.gain_db(drag.exact.y), graph.hz(drag.exact.x));
            let (gain, octaves) = bands::offsets(drag.band, proposed, gain_db, hz);
            now.setter.set_parameter(params.gain, gain);
            now.setter.set_parameter(params.frequency, octaves);
        }
    }

    /// What clicks and the wheel do to the band that is pointed at.
    fn touch(&mut self, ui: &Ui, response: &Response, now: &Now) {
        let Some(band) = self.hot.filter(|_| response.hovered()) else { return };
        if response.double_clicked() {
            bands::give_back(now.setter, &now.bands[band]);
        }
        if response.secondary_clicked() {
            self.menu = Some(band);
        }
        let notches = wheel(ui, response.id);
        if let (true, None, Some(param)) = (notches != 0.0, self.drag, now.bands[band].q) {
            let fine = if ui.input(|i| i.modifiers.shift) { FINE } else { 1.0 };
            let proposed = &now.reading.proposed.bands[band];
            let q = together(band, proposed, &now.added[band]).q * (Q_NOTCH * notches * fine).exp2();
            bands::set(now.setter, param, bands::q_offset(proposed, q));
        }
        ui.ctx().set_cursor_icon(if self.drag.is_some() { CursorIcon::Grabbing } else { CursorIcon::Grab });
    }

    /// Does something with each parameter that the drag moves.
    fn dragged(&self, bands: &[BandParams; BANDS], act: impl Fn(&FloatParam)) {
        let Some(drag) = self.drag else { return };
        let params = &bands[drag.band];
        match params.q.filter(|_| drag.q.is_some()) {
            Some(q) => act(q),
            None => {
                act(params.gain);
                act(params.frequency);
            }
        }
    }

    fn menu(&mut self, canvas: Canvas, response: &Response, now: &Now) {
        let chosen = self.menu;
        let shown = Popup::context_menu(response).width(canvas.px(190.0)).show(|ui| {
            ui.spacing_mut().item_spacing = Vec2::ZERO;
            ui.set_width(canvas.px(190.0));
            if let Some(band) = chosen {
                let params = &now.bands[band];
                if entry(ui, canvas, "Off", params.off.value()) {
                    keys::flip(now.setter, params.off);
                }
                if entry(ui, canvas, "Solo", params.solo.value()) {
                    keys::flip(now.setter, params.solo);
                }
                if entry(ui, canvas, "Give back to the word", false) {
                    bands::give_back(now.setter, params);
                }
                ui.separator();
            }
            if entry(ui, canvas, "Give back all bands", false) {
                now.bands.iter().for_each(|band| bands::give_back(now.setter, band));
            }
        });
        if shown.is_none() {
            self.menu = None;
        }
    }

    fn curves(&self, painter: &Painter, canvas: Canvas, graph: &Graph, now: &Now, live: &Live) {
        let proposed = &now.reading.proposed;
        let target = bands::all_together(proposed, &now.added);
        let applied = if live.plays() { &now.reading.applied } else { &target };
        let hz = curves::frequencies(&[proposed, &target, applied]);
        let sample = |settings: &EqSettings| curves::response(settings, &hz, now.rate());
        let place = |gains: &[f32]| curves::points(graph, &hz, gains);
        let (word, aimed, both) = (sample(proposed), sample(&target), sample(applied));
        let own: Vec<f32> = aimed.iter().zip(&word).map(|(aimed, word)| aimed - word).collect();

        let zero = graph.y(0.0);
        let both = place(&both);
        let strength = now.strength();
        let glow = theme::AMBER.gamma_multiply(0.30 * strength);
        curves::area(painter, graph, &both, zero, glow, theme::AMBER.gamma_multiply(0.03 * strength));
        if let Some(band) = self.hot() {
            let alone = place(&curves::band_response(band, applied, &hz, now.rate()));
            let colour = theme::TEXT.gamma_multiply(0.20);
            curves::area(painter, graph, &alone, zero, colour, theme::TEXT.gamma_multiply(0.06));
        }
        let is_flat = |gains: &[f32]| gains.iter().all(|g| g.abs() < 0.02);
        if !is_flat(&own) {
            curves::line(painter, graph, &place(&own), canvas.px(1.3), OWN.gamma_multiply(0.75 * strength));
        }
        if !is_flat(&word) {
            let stroke = (canvas.px(1.6), WORD.gamma_multiply(strength));
            curves::dashes(painter, graph, &place(&word), stroke, (canvas.px(5.0), canvas.px(3.5)));
        }
        curves::line(painter, graph, &both, canvas.px(7.0), BOTH.gamma_multiply(0.13 * strength));
        let colour = BOTH.lerp_to_gamma(theme::TEXT_FAINT, 1.0 - strength);
        curves::line(painter, graph, &both, canvas.px(2.4), colour);
    }

    fn handle(&self, painter: &Painter, canvas: Canvas, graph: &Graph, now: &Now, band: usize, at: Pos2) {
        let proposed = &now.reading.proposed.bands[band];
        let added = &now.added[band];
        let others_solo = now.added.iter().any(|a| a.solo) && !added.solo;
        let hot = self.hot() == Some(band);
        let shade = if others_solo { 0.35 } else { 0.4 + 0.6 * now.strength() };
        // Where the word has the band, if it asks for anything there and the player has it elsewhere.
        let ghost = graph.at(proposed.frequency_hz, proposed.gain_db);
        let asks = proposed.gain_db.abs() > 0.05;
        if asks && bands::is_touched(added) && ghost.distance(at) > canvas.px(4.0) {
            let tie = [ghost, at];
            let colour = OWN.gamma_multiply(if hot { 0.9 } else { 0.4 } * shade);
            painter.line_segment(tie, Stroke::new(canvas.px(1.2), colour));
            painter.circle_filled(ghost, canvas.px(3.0), theme::GLASS);
            painter.circle_stroke(
                ghost,
                canvas.px(3.0),
                Stroke::new(canvas.px(1.4), WORD.gamma_multiply(shade)),
            );
        }
        let radius = canvas.px(if hot { HANDLE + 1.5 } else { HANDLE });
        if hot {
            let light = theme::AMBER.gamma_multiply(0.4);
            theme::radial(painter, at, Vec2::splat(2.4 * radius), light, Color32::TRANSPARENT);
        }
        painter.circle_filled(at, radius + canvas.px(1.5), theme::EDGE_DARK.gamma_multiply(0.85));
        let number = (band + 1).to_string();
        let font = canvas.font(10.5);
        if added.off {
            painter.circle_filled(at, radius, theme::GLASS);
            painter.circle_stroke(at, radius, Stroke::new(canvas.px(1.3), theme::TEXT_FAINT));
            painter.text(at, Align2::CENTER_CENTER, number, font, theme::TEXT_FAINT);
            return;
        }
        let dim = |c: Color32| c.lerp_to_gamma(theme::RAISED, 1.0 - shade);
        theme::lit_circle(painter, at, radius, dim(Color32::from_rgb(0xff, 0xd1, 0x85)), dim(theme::AMBER));
        if added.solo {
            painter.circle_stroke(at, radius + canvas.px(3.0), Stroke::new(canvas.px(1.6), theme::TEXT));
        }
        painter.text(at, Align2::CENTER_CENTER, number, font, theme::HEADER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn the_nearest_handle_within_reach_is_grabbed() {
        let handles = [pos2(0.0, 0.0), pos2(20.0, 0.0), pos2(26.0, 0.0), pos2(100.0, 0.0), pos2(100.0, 0.0)];
        assert_eq!(nearest(&handles, pos2(22.0, 1.0), 15.0), Some(1));
        assert_eq!(nearest(&handles, pos2(24.0, 1.0), 15.0), Some(2));
        assert_eq!(nearest(&handles, pos2(60.0, 0.0), 15.0), None);
        assert!(nearest(&handles, pos2(100.0, 3.0), 15.0).is_some(), "one on top of another can be grabbed");
    }
}
