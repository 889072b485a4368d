//! What is said of a chain after it has played.

use shared::chain::processors::WordEqView;
use shared::chain::{Chain, Controls, View};
use shared::dsp::cookbook::Shape;
use shared::stream::Level;
use shared::word_eq::{BAND_RANGES, Reading};

/// The processors with their places.
pub(super) fn described(chain: &Chain) -> String {
    let views = chain.views();
    let named = |position: usize| {
        views.iter().find_map(|(other, view)| match view {
            View::Amp(amp) if *other == position => Some(format!(" \"{}\"", amp.name())),
            _ => None,
        })
    };
    let each = chain.kinds().enumerate();
    let each: Vec<String> =
        each.map(|(i, kind)| format!("{i} {kind}{}", named(i).unwrap_or_default())).collect();
    if each.is_empty() { "no processors".into() } else { each.join(" > ") }
}

/// What the sound went through: the models and what ran them.
pub(super) fn amps(views: &[(usize, View)]) -> String {
    let amp = |view: &View| {
        let View::Amp(amp) = view else { return None };
        let engine = amp.engine().map_or("no", |e| e.name());
        let size = amp.size().map_or_else(String::new, |(size, count)| format!(", size {size} of {count}"));
        Some(format!("through \"{}\"{size}, engine {engine}", amp.name()))
    };
    let amps: Vec<String> = views.iter().filter_map(|(_, view)| amp(view)).collect();
    if amps.is_empty() { "without an amp".into() } else { amps.join(", ") }
}

/// What the equalisers did in the end, each in several lines.
pub(super) fn equalisers(views: &[(usize, View)], controls: &Controls) -> String {
    let each = views.iter().filter_map(|(position, view)| match view {
        View::WordEq(word_eq) => Some(Equaliser { position: *position, view: word_eq, controls }.report()),
        _ => None,
    });
    each.collect()
}

struct Equaliser<'a> {
    position: usize,
    view: &'a WordEqView,
    controls: &'a Controls,
}

impl Equaliser<'_> {
    fn report(&self) -> String {
        let reading = self.view.monitor().read();
        let mut text = format!("  equaliser: {}\n", self.described());
        if self.view.model().is_some() {
            text += &heard(&reading);
        }
        if self.is_on("level_match") {
            text += &format!("    level matched by {:+.1} dB\n", reading.match_gain_db);
        }
        for (i, (band, range)) in (1..).zip(reading.applied.bands.iter().zip(&BAND_RANGES)) {
            let frequency = format!("{:.0} Hz", band.frequency_hz);
            text += &format!("    {i} {:<10} {:+6.2} dB at {frequency:>8}", range.name, band.gain_db);
            if range.shape == Shape::Peak {
                text += &format!(", Q {:.2}", band.q);
            }
            text += if self.is_on(&format!("band{i}_off")) { ", off\n" } else { "\n" };
        }
        text
    }

    fn described(&self) -> String {
        let Some(model) = self.view.model() else { return "bands alone, no word".into() };
        let label =
            |name| model.table.words().get(self.value(name) as usize).map_or("?".into(), |w| w.label());
        let mut text = format!("\"{}\"", label("word"));
        let blend = self.value("blend");
        if blend != 0.0 {
            text += &format!(" and \"{}\" by {blend:.2}", label("word2"));
        }
        text + &format!(", amount {:+.2}, neutral is {}", self.value("amount"), self.neutral())
    }

    /// The reference that is chosen now, which may be another than that it was built with.
    fn neutral(&self) -> String {
        let kind = shared::word_eq::Kind::ALL.get(self.value("reference") as usize);
        match (kind, self.view.reference()) {
            (Some(kind), _) => kind.name().into(),
            (None, Some(learned)) => learned.described.clone(),
            (None, None) => "unknown".into(),
        }
    }

    fn is_on(&self, name: &str) -> bool {
        self.value(name) != 0.0
    }

    fn value(&self, name: &str) -> f64 {
        self.controls.get(&format!("{}.{name}", self.position)).unwrap_or(0.0)
    }
}

fn heard(reading: &Reading) -> String {
    if reading.listened_seconds <= 0.0 {
        return "    nothing was heard: too short, or silent; the word was applied as to a neutral sound\n"
            .into();
    }
    let percent = reading.share * 100.0;
    let share = if percent >= 0.0 {
        format!("{percent:.0} % of the word was in the sound already")
    } else {
        format!("the sound was {:.0} % on the other side of neutral", -percent)
    };
    format!("    {share}, after {:.1} s of listening; in the end:\n", reading.listened_seconds)
}

/// So many channels.
pub(super) fn channels(count: usize) -> String {
    format!("{count} {}", if count == 1 { "channel" } else { "channels" })
}

/// Peak and rms in dBFS.
pub(super) fn level(level: &Level) -> String {
    let db = |value: f64| if value > 0.0 { format!("{:6.1}", 20.0 * value.log10()) } else { "  -inf".into() };
    format!("peak {} dBFS, rms {} dBFS", db(f64::from(level.peak)), db(level.mean_square.sqrt()))
}
