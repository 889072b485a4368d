//! What the keys have hold of: the chain's parameters, and a volume behind it.

use super::keys::Action;
use shared::chain::processors::Gain;
use shared::chain::{Chain, ChainError, Controls, Parameter, Range, Unit};

/// Step of a share, as the amount of a word is.
const SHARE_STEP: f64 = 0.05;

/// Step of a gain.
const STEP_DB: f64 = 1.0;

/// A factor below this is turned to 0.
const SMALLEST_FACTOR: f64 = 1e-3;

/// The volume goes so far up and down.
const MAX_VOLUME_DB: f64 = 24.0;
const MIN_VOLUME_DB: f64 = -60.0;

/// The hands of somebody who plays.
pub(super) struct Hands {
    controls: Controls,
    /// Processors of the player's chain; the volume stands behind them.
    own: usize,
    knob: Option<Knob>,
    volume_db: f64,
    bypassed: bool,
    muted: bool,
}

/// The parameter that the amount keys turn.
struct Knob {
    path: String,
    label: String,
    parameter: Parameter,
}

impl Hands {
    /// Puts a volume behind the chain and takes hold of it and of the chain's amount: that of its word EQ, or else its
    /// first gain.
    pub fn on(chain: Chain) -> Result<(Chain, Self), ChainError> {
        let kinds: Vec<_> = chain.kinds().collect();
        let own = kinds.len();
        let chain = chain.followed_by(Box::new(Gain::linear(1.0)))?;
        let controls = chain.controls();
        let knob = ["word_eq", "gain"].into_iter().find_map(|kind| {
            let position = kinds.iter().position(|k| *k == kind)?;
            knob(&controls, position, kind)
        });
        Ok((chain, Self { controls, own, knob, volume_db: 0.0, bypassed: false, muted: false }))
    }

    /// Does what a key asks for. What a screen or the program does itself is left to them.
    pub fn act(&mut self, action: Action) -> Result<(), ChainError> {
        match action {
            Action::Bypass => {
                self.bypassed = !self.bypassed;
                // One by one, because the volume is to stay.
                (0..self.own).try_for_each(|place| self.controls.set(&format!("{place}.on"), !self.bypassed))
            }
            Action::More => self.turn(1.0),
            Action::Less => self.turn(-1.0),
            Action::Louder => self.set_volume(self.volume_db + STEP_DB),
            Action::Softer => self.set_volume(self.volume_db - STEP_DB),
            Action::Mute => {
                self.muted = !self.muted;
                self.set_volume(self.volume_db)
            }
            Action::Clear | Action::Quit => Ok(()),
        }
    }

    /// Whether the sound goes past the effects.
    pub fn bypassed(&self) -> bool {
        self.bypassed
    }

    /// Whether there is silence.
    pub fn muted(&self) -> bool {
        self.muted
    }

    /// The volume in dB.
    pub fn volume_db(&self) -> f64 {
        self.volume_db
    }

    /// What the amount keys turn and where it stands, for people to read.
    pub fn amount(&self) -> Option<(&str, String)> {
        let knob = self.knob.as_ref()?;
        let value = self.controls.get(&knob.path).ok()?;
        let shown = match knob.parameter.unit {
            Unit::Decibel => format!("{value:+.1} dB"),
            unit => format!("{value:.2} {}", unit.symbol()).trim_end().to_owned(),
        };
        Some((&knob.label, shown))
    }

    fn turn(&self, steps: f64) -> Result<(), ChainError> {
        let Some(Knob { path, parameter, .. }) = &self.knob else { return Ok(()) };
        let (Range::Number(low, high) | Range::Frequency(low, high)) = parameter.range else { return Ok(()) };
        let value = self.controls.get(path)?;
        let wanted = match (parameter.unit, parameter.name) {
            (Unit::Decibel, _) => value + steps * STEP_DB,
            (_, "gain") => next_factor(value, steps),
            // Counted in steps, so that up and down again is where it was.
            _ => ((value / SHARE_STEP).round() + steps) * SHARE_STEP,
        };
        self.controls.set(path, wanted.clamp(low, high))
    }

    fn set_volume(&mut self, volume_db: f64) -> Result<(), ChainError> {
        self.volume_db = volume_db.clamp(MIN_VOLUME_DB, MAX_VOLUME_DB);
        let factor = if self.muted { 0.0 } else { 10f64.powf(self.volume_db / 20.0) };
        self.controls.set(&format!("{}.gain", self.own), factor)
    }
}

/// A factor goes in steps of dB, down to 0 and up again from there.
fn next_factor(factor: f64, steps: f64) -> f64 {
    let next = factor.max(SMALLEST_FACTOR) * 10f64.powf(steps * STEP_DB / 20.0);
    if next < SMALLEST_FACTOR { 0.0 } else { next }
}

fn knob(controls: &Controls, position: usize, kind: &str) -> Option<Knob> {
    let names: &[&str] = if kind == "gain" { &["gain_db", "gain"] } else { &["amount"] };
    let (path, parameter) = controls.parameters().find(|(path, parameter)| {
        names.contains(&parameter.name) && *path == format!("{position}.{}", parameter.name)
    })?;
    Some(Knob { label: names[names.len() - 1].to_owned(), parameter: parameter.clone(), path })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::chain::Processor;

    fn hands(processors: Vec<Box<dyn Processor>>) -> Hands {
        Hands::on(Chain::new(processors).unwrap()).unwrap().1
    }

    #[test]
    fn bypass_leaves_the_volume_and_mute_silences_it() {
        let mut hands = hands(vec![Box::new(Gain::db(3.0)), Box::new(Gain::linear(0.5))]);
        let get = |hands: &Hands, path: &str| hands.controls.get(path).unwrap();
        hands.act(Action::Bypass).unwrap();
        assert_eq!([get(&hands, "0.on"), get(&hands, "1.on"), get(&hands, "2.on")], [0.0, 0.0, 1.0]);
        hands.act(Action::Bypass).unwrap();
        assert_eq!([get(&hands, "0.on"), get(&hands, "1.on"), get(&hands, "2.on")], [1.0; 3]);
        hands.act(Action::Mute).unwrap();
        assert_eq!(get(&hands, "2.gain"), 0.0);
        hands.act(Action::Louder).unwrap();
        assert_eq!(get(&hands, "2.gain"), 0.0, "a volume is not heard before the sound is on again");
        hands.act(Action::Mute).unwrap();
        assert!((get(&hands, "2.gain") - 1.122).abs() < 1e-3);
        for _ in 0..100 {
            hands.act(Action::Softer).unwrap();
        }
        assert_eq!(hands.volume_db(), -60.0);
    }

    #[test]
    fn the_amount_is_the_first_gain_and_stays_in_its_range() {
        let mut hands = hands(vec![Box::new(Gain::db(59.5)), Box::new(Gain::linear(0.5))]);
        hands.act(Action::More).unwrap();
        hands.act(Action::More).unwrap();
        assert_eq!(hands.amount(), Some(("gain", "+60.0 dB".into())));
        let chain = Chain::new(vec![Box::new(Gain::db(0.0))]).unwrap();
        chain.set("0.gain_db", 5.0).unwrap();
        assert_eq!(Hands::on(chain).unwrap().1.amount(), Some(("gain", "+5.0 dB".into())));
        let mut hands = self::hands(vec![Box::new(Gain::linear(0.0))]);
        hands.act(Action::Less).unwrap();
        assert_eq!(hands.controls.get("0.gain").unwrap(), 0.0);
        hands.act(Action::More).unwrap();
        assert!(hands.controls.get("0.gain").unwrap() > 0.001);
        let mut hands = self::hands(Vec::new());
        hands.act(Action::More).unwrap();
        assert_eq!(hands.amount(), None);
    }
}
