//! The equaliser's page: words below, curves above, and a map of all words to choose from.

mod backdrop;
mod bands;
mod curves;
mod footer;
mod graph;
mod labels;
mod lexicon;
mod live;
mod map;
mod panels;
mod sheet;
pub mod slider;
mod spectrum;
mod strip;
mod tag;
mod view;

use super::overlay;
use super::theme::{self, Canvas};
use crate::params::{BandParams, EqParams};
use crate::rack::{EqView, Telemetry};
use crate::words;
use egui::{Color32, Ui};
use live::Live;
use map::{Map, Picked};
use nih_plug::prelude::{IntParam, Param, ParamSetter};
use panels::Wanted;
use shared::word_eq::{BANDS, BandControls, Hearing, Reading, Word, WordTable};
use view::View;

/// The word's curve, the player's, and both together.
const WORD: Color32 = Color32::from_rgb(0xd9, 0x7a, 0x26);
const OWN: Color32 = theme::GREEN;
const BOTH: Color32 = Color32::from_rgb(0xff, 0xc4, 0x66);

/// How long the meter of what is heard takes to follow, in seconds.
const SHARE_SECONDS: f32 = 0.15;

/// Without anything new for so long, the page stands still.
const SETTLED_SECONDS: f32 = 1.0;

/// Rate that curves are drawn for before a host told one, in Hz.
const USUAL_RATE_HZ: f64 = 48_000.0;

/// The equaliser as of this frame.
struct Now<'a> {
    params: &'a EqParams,
    setter: &'a ParamSetter<'a>,
    reading: &'a Reading,
    bands: [BandParams<'a>; BANDS],
    added: [BandControls; BANDS],
    table: Option<&'static WordTable>,
    sample_rate_hz: f64,
    bypassed: bool,
}

impl Now<'_> {
    /// The rate that curves are drawn for, in Hz.
    fn rate(&self) -> f64 {
        if self.sample_rate_hz > 0.0 { self.sample_rate_hz } else { USUAL_RATE_HZ }
    }

    /// How strongly the page is lit: less where the equaliser is not in the path.
    fn strength(&self) -> f32 {
        if self.params.on.value() && !self.bypassed { 1.0 } else { 0.3 }
    }

    /// The word and the second one.
    fn words<'t>(&self, table: &'t WordTable) -> [&'t Word; 2] {
        [&self.params.word, &self.params.second_word].map(|param| table.word(slot(param)))
    }

    /// The word that weighs more.
    fn name(&self) -> &'static str {
        let second = self.params.blend.unmodulated_plain_value() > 0.5;
        self.table.map_or("of it", |table| &self.words(table)[usize::from(second)].name)
    }
}

fn slot(param: &IntParam) -> usize {
    usize::try_from(param.value()).unwrap_or(0)
}

/// What the page keeps between frames.
pub struct EqPage {
    eq: EqView,
    live: Live,
    view: View,
    map: Option<Map>,
    reading: Reading,
    /// How much of the word is heard, as the meter shows it.
    share: f32,
    /// How long nothing that the equaliser tells has changed, nor the player has done anything, in seconds.
    still_seconds: f32,
}

impl EqPage {
    /// A page that shows this equaliser.
    pub fn new(eq: EqView) -> Self {
        let reading = eq.monitor.read();
        Self {
            eq,
            live: Live::default(),
            view: View::default(),
            map: None,
            reading,
            share: 0.0,
            still_seconds: 0.0,
        }
    }

    /// The window closes.
    pub fn close(&mut self, setter: &ParamSetter, params: &EqParams) {
        self.view.release(setter, &params.bands());
        self.map = None;
    }

    /// What the equaliser does, as of the last frame.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Looks at what the equaliser does, without the spectra, while another page is shown.
    pub fn glance(&mut self, setter: &ParamSetter, params: &EqParams) {
        self.reading = self.eq.monitor.read();
        self.view.release(setter, &params.bands());
        self.map = None;
    }

    /// Looks at the equaliser; the last frame lasted `seconds`, and the player did something if it is `touched`.
    pub fn update(&mut self, telemetry: &Telemetry, seconds: f32, touched: bool) {
        let reading = self.eq.monitor.read();
        let still = reading == self.reading && !touched;
        self.still_seconds = if still { self.still_seconds + seconds } else { 0.0 };
        self.reading = reading;
        self.live.update(&self.eq.scope, telemetry.sample_rate_hz(), seconds);
        let step = 1.0 - (-seconds / SHARE_SECONDS).exp();
        self.share += (self.reading.share - self.share) * step;
        if !self.share.is_finite() {
            self.share = 0.0;
        }
    }

    /// Whether the spectra move, or the equaliser does. What the player turns it hears at its next block, and the meter
    /// of what is heard arrives some time after it.
    pub fn moves(&self) -> bool {
        self.live.moves() || self.still_seconds < SETTLED_SECONDS
    }

    /// Shows the page.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        whole: Canvas,
        setter: &ParamSetter,
        (params, bypassed): (&EqParams, bool),
        telemetry: &Telemetry,
    ) {
        let canvas = whole.equaliser();
        let bands = params.bands();
        let now = Now {
            params,
            setter,
            reading: &self.reading,
            added: bands::added(&bands),
            bands,
            table: words::model().map(|model| &model.table),
            sample_rate_hz: telemetry.sample_rate_hz(),
            bypassed,
        };
        let shown = self.view.placed(&now, &self.live);
        self.view.show(ui, canvas, &now, &self.live, &shown);
        self.view.below = strip::show(ui, canvas, &now, &shown, self.view.hot());
        let mut wanted = panels::words(ui, canvas, &now);
        panels::amount(ui, canvas, &now);
        wanted = panels::hearing(ui, canvas, &now, self.share).or(wanted);
        footer::show(ui, canvas, &now);
        if let Some(message) = fault(&now) {
            overlay::message(ui, whole, &message);
        }
        match wanted {
            Some(Wanted::Map) if now.table.is_some() => self.map = Some(Map::new(false)),
            Some(Wanted::SecondMap) if now.table.is_some() => self.map = Some(Map::new(true)),
            Some(Wanted::TakeOver) => params.take_over(setter, &self.reading),
            _ => {}
        }
        if let (Some(map), Some(table)) = (&mut self.map, now.table) {
            match map.show(ui, canvas, table, &now) {
                Picked::Nothing => {}
                Picked::Close => self.map = None,
                Picked::Word(slot) => choose(setter, &params.word, slot),
                Picked::Second(slot) => choose(setter, &params.second_word, slot),
            }
        }
    }
}

/// Why the words do nothing, if they do nothing.
fn fault(now: &Now) -> Option<String> {
    if let (None, Some(fault)) = (now.table, words::fault()) {
        return Some(format!("There are no words: {fault}. The bands work by hand."));
    }
    let is_deaf = now.reading.hearing == Hearing::Unavailable;
    is_deaf.then(|| "The words need ONNX Runtime, which is missing. The bands work by hand.".to_owned())
}

fn choose(setter: &ParamSetter, param: &IntParam, slot: usize) {
    if self::slot(param) != slot {
        setter.begin_set_parameter(param);
        setter.set_parameter(param, slot as i32);
        setter.end_set_parameter(param);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::word_eq::{GRID, Kind, LATENT, LatentSpace, Neutral};

    #[test]
    fn the_page_rests_some_time_after_the_player_did_something() {
        let (telemetry, mut page) = (Telemetry::default(), EqPage::new(EqView::default()));
        let mut moves = |touched| {
            page.update(&telemetry, 0.25, touched);
            page.moves()
        };
        for _ in 0..2 {
            assert!(moves(true) && moves(false));
            assert_eq!([moves(false), moves(false), moves(false)], [true, true, false]);
        }
    }

    /// A table of these words with these counts.
    pub fn table(words: &[(&str, usize)]) -> WordTable {
        let basis = (0..LATENT).map(|k| std::array::from_fn::<f32, GRID, _>(|i| f32::from(i == k)));
        let word = |(slot, (name, count)): (usize, &(&str, usize))| Word {
            slot,
            name: (*name).to_owned(),
            language: "en".to_owned(),
            latent: [0.0; LATENT],
            agreement: vec![0.5; GRID],
            count: *count,
            spread_db: 3.0,
            experimental: *count < 100,
            place: [0.5, 0.5],
            sources: Vec::new(),
        };
        let words = words.iter().enumerate().map(word).collect();
        let neutral = Neutral { kind: Kind::Any, prototypes: Vec::new() };
        let space = LatentSpace::new(basis.collect()).unwrap();
        WordTable::new(words, vec![neutral], [0.0; GRID], space, Vec::new()).unwrap()
    }
}
