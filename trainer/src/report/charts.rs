//! The page's diagrams and tables.

use super::heat::{Heat, LOWEST_HZ};
use super::html::{Table, figure};
use super::measures::{Measures, Moment};
use super::sine::SWEEP_FIRST_HZ;
use super::svg::{Axis, Diagram, Line};
use super::words::below_db;
use crate::evaluate::bands::Spectrum;
use crate::evaluate::levels::dbfs;
use crate::history::Point;

/// Depth of the spectrograms, in dB.
const HEAT_DB: f64 = 80.0;
/// Depth of the sweep's, in dB.
const SWEEP_DB: f64 = 100.0;

/// Loss and ESR over the steps, with the recording's floor if it is known.
pub fn course(history: &[Point], floor: Option<f64>) -> String {
    let line = |label: &str, class, value: fn(&Point) -> f64| Line {
        label: label.into(),
        class,
        points: history.iter().map(|p| (p.step as f64, value(p))).collect(),
    };
    let mut lines = vec![
        line("loss", "dry", |p| p.loss),
        line("ESR on what it is trained from", "target", |p| p.train_esr),
        line("ESR on the held-out part", "model", |p| p.esr),
    ];
    let last = history.last().map_or(1.0, |p| p.step as f64);
    if let Some(floor) = floor {
        let label = "the recording's own noise".into();
        lines.push(Line { label, class: "error", points: vec![(0.0, floor), (last, floor)] });
    }
    let values = || lines.iter().flat_map(|l| &l.points).map(|p| p.1).filter(|v| v.is_finite() && *v > 0.0);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let low = low.min(high.max(1e-9));
    let (from, to) = (history.first().map_or(0.0, |p| p.esr), history.last().map_or(0.0, |p| p.esr));
    Diagram {
        title: "Course of the training".into(),
        description: format!(
            "The held-out ESR goes from {} at the first measurement to {} at the last, after {last} steps.",
            figure(from),
            figure(to)
        ),
        x: Axis::round(0.0, last, "steps"),
        y: Axis::decades(low, high, "error (each line is ten times the next)"),
        lines,
        picture: None,
    }
    .figure("course-plot")
}

/// The waveforms of a moment.
pub fn moment(moment: &Moment, rate_hz: f64) -> String {
    let points = |values: &mut dyn Iterator<Item = f32>| -> Vec<(f64, f64)> {
        values.enumerate().map(|(i, v)| (i as f64 / rate_hz * 1e3, f64::from(v))).collect()
    };
    let both = || moment.target.iter().chain(&moment.model);
    let peak = f64::from(both().fold(0.0f32, |p, v| p.max(v.abs()))).max(1e-6) * 1.05;
    let errors: Vec<f32> = moment.model.iter().zip(&moment.target).map(|(y, t)| y - t).collect();
    let largest = f64::from(errors.iter().fold(0.0f32, |p, e| p.max(e.abs())));
    // Made visible by a power of ten that leaves it smaller than the sound.
    let times = 10f64.powf((0.4 * peak / largest.max(1e-9)).log10().floor().clamp(0.0, 4.0)) as f32;
    let label = if times > 1.0 { format!("difference, {times} times") } else { "difference".into() };
    Diagram {
        title: format!("The {} moment", moment.name),
        description: format!(
            "Gear and model laid over each other, {:.2} s into what it was measured on; ESR {} in this moment.",
            moment.seconds,
            figure(moment.esr)
        ),
        x: Axis::round(0.0, moment.target.len() as f64 / rate_hz * 1e3, "milliseconds"),
        y: Axis::round(-peak, peak, "sample value"),
        lines: vec![
            Line { label: "gear".into(), class: "target", points: points(&mut moment.target.iter().copied()) },
            Line { label: "model".into(), class: "model", points: points(&mut moment.model.iter().copied()) },
            Line { label, class: "error", points: points(&mut errors.iter().map(|e| e * times)) },
        ],
        picture: None,
    }
    .figure(&format!("moment-{}", moment.name))
}

/// A spectrum in dB, averaged over thirds of an octave, twelve points an octave.
fn thirds(spectrum: &Spectrum, highest_hz: f64) -> Vec<(f64, f64)> {
    let octaves = (highest_hz / 25.0).log2();
    let points = (octaves * 12.0) as usize;
    let level = |i: usize| {
        let hz = 25.0 * 2f64.powf(i as f64 / 12.0);
        let (low, high) = (hz * 2f64.powf(-1.0 / 6.0), hz * 2f64.powf(1.0 / 6.0));
        (hz, dbfs(spectrum.between(low, high)))
    };
    (0..=points).map(level).collect()
}

/// Long-term spectra of gear, model and error.
pub fn spectrum(m: &Measures) -> String {
    let highest_hz = super::heat::HIGHEST_HZ.min(0.475 * m.rate_hz);
    let line = |label: &str, class, spectrum| Line {
        label: label.into(),
        class,
        points: thirds(spectrum, highest_hz),
    };
    let lines = vec![
        line("gear", "target", &m.spectra.target),
        line("model", "model", &m.spectra.model),
        line("error", "error", &m.spectra.error),
    ];
    let top = lines[0].points.iter().map(|p| p.1).fold(-200.0, f64::max);
    let top = (top / 10.0).ceil() * 10.0;
    Diagram {
        title: "Long-term spectrum".into(),
        description: "Levels in thirds of an octave, of the gear, of the model, and of their difference."
            .into(),
        x: Axis::hertz(25.0, highest_hz),
        y: Axis::steps(top - 100.0, top, 20.0, "dBFS in a third of an octave"),
        lines,
        picture: None,
    }
    .figure("spectrum-plot")
}

fn heat(id: &str, title: &str, description: &str, heat: &Heat, loudest: f64, colour: [u8; 3]) -> String {
    Diagram {
        title: title.into(),
        description: description.into(),
        x: Axis::round(0.0, heat.seconds, "seconds"),
        y: Axis::hertz(LOWEST_HZ, heat.highest_hz),
        lines: Vec::new(),
        picture: Some(heat.picture(loudest, HEAT_DB, colour)),
    }
    .figure(id)
}

/// Target and error over time and frequency, in one scale.
pub fn spectrograms(m: &Measures) -> String {
    let loudest = m.heat[0].loudest();
    let target = heat(
        "heat-target",
        "The gear",
        "Spectrogram of what the gear made of the playing.",
        &m.heat[0],
        loudest,
        [24, 116, 214],
    );
    let error = heat(
        "heat-error",
        "The error",
        "Spectrogram of the model's error, in the same scale as the gear's.",
        &m.heat[1],
        loudest,
        [190, 50, 190],
    );
    target + &error
}

/// Harmonics and aliasing of sines.
pub fn harmonics(m: &Measures) -> String {
    let db = |amplitude: f64| 20.0 * amplitude.max(1e-9).log10();
    // A maximum would take a gap for a number.
    let level = |amplitude: f64| if amplitude.is_nan() { amplitude } else { db(amplitude) };
    // A harmonic beyond half the sample rate is not there at all, and leaves a gap.
    let there = |order: f64, i: usize, level: f64| {
        if order * m.sines[i].hz < m.rate_hz / 2.0 { level } else { f64::NAN }
    };
    let line = |label: &str, class, value: &dyn Fn(usize) -> f64| Line {
        label: label.into(),
        class,
        points: m.sines.iter().enumerate().map(|(i, a)| (a.hz, level(value(i)))).collect(),
    };
    let lines = vec![
        line("second harmonic", "second", &|i| there(2.0, i, m.sines[i].harmonics[0])),
        line("third harmonic", "dry", &|i| there(3.0, i, m.sines[i].harmonics[1])),
        line("all harmonics (THD)", "target", &|i| m.sines[i].thd),
        line("aliasing", "error", &|i| m.sines[i].aliasing),
    ];
    let highest = m.sines.last().map_or(1000.0, |a| a.hz);
    let plot = Diagram {
        title: "Harmonics and aliasing".into(),
        description: "Level of harmonics and of aliases relative to the fundamental, over its frequency."
            .into(),
        x: Axis::hertz(40.0, highest),
        y: Axis::steps(-120.0, 20.0, 20.0, "dB relative to the fundamental"),
        lines,
        picture: None,
    }
    .figure("harmonics-plot");
    let (heat, last_hz) = &m.sweep;
    // Along an exponential sweep time is the logarithm of frequency.
    let sweep = Diagram {
        title: "A sweep through the model".into(),
        description:
            "Spectrogram of a rising sine through the model: the sine and its harmonics rise, aliases fall."
                .into(),
        x: Axis { title: "frequency of the sine, in Hz".into(), ..Axis::hertz(SWEEP_FIRST_HZ, *last_hz) },
        y: Axis::hertz(LOWEST_HZ, heat.highest_hz),
        lines: Vec::new(),
        picture: Some(heat.picture(heat.loudest(), SWEEP_DB, [24, 116, 214])),
    };
    let octaves = [82.4, 110.0, 220.0, 440.0, 880.0, 1760.0, 3520.0, 7040.0];
    let mut table =
        Table::new("A few of them", &["sine", "second", "third", "fourth", "fifth", "THD", "aliasing"]);
    for hz in octaves {
        let near = m.sines.iter().min_by(|a, b| (a.hz / hz).ln().abs().total_cmp(&(b.hz / hz).ln().abs()));
        let Some(a) = near.filter(|a| (a.hz / hz).log2().abs() < 0.2) else { continue };
        let mut cells = vec![format!("{:.0} Hz", a.hz)];
        let text =
            |amplitude: f64| if amplitude > 0.0 { format!("{:.0} dB", db(amplitude)) } else { "none".into() };
        cells.extend(a.harmonics.iter().map(|h| text(*h)));
        cells.push(format!("{} %", figure(100.0 * a.thd)));
        cells.push(text(a.aliasing));
        table.row(&cells, None);
    }
    plot + &sweep.figure("sweep-plot") + &table.finish()
}

/// How far below the signal an error is, for a table; and a bar that is full at 60 dB.
fn below(esr: Option<f64>) -> (String, String, Option<f64>) {
    match esr {
        Some(esr) => (figure(esr), format!("{:.1} dB", below_db(esr)), Some(below_db(esr) / 60.0)),
        None => ("silence".into(), "".into(), Some(0.0)),
    }
}

/// The error of each size, or at each setting.
pub fn versions(versions: &[(String, f64)]) -> String {
    let columns = ["", "ESR", "error below the sound", "closer is longer"];
    let mut table = Table::new("All that is in this model", &columns);
    for (name, esr) in versions {
        let (esr, below, bar) = below(Some(*esr));
        table.row(&[name.clone(), esr, below], bar);
    }
    table.finish()
}

/// The error by level.
pub fn levels(m: &Measures) -> String {
    let mut table = Table::new(
        "Error by level of what went in",
        &["input, dBFS rms", "seconds", "ESR", "error below the sound", "error, dBFS", "closer is longer"],
    );
    for level in &m.levels {
        let name = match level.from_dbfs.is_finite() {
            true => format!("{} to {}", level.from_dbfs, level.to_dbfs),
            false => format!("below {}", level.to_dbfs),
        };
        let (esr, below, bar) = below(level.esr);
        table.row(
            &[name, format!("{:.1}", level.seconds), esr, below, format!("{:.0}", level.error_dbfs)],
            bar,
        );
    }
    table.finish()
}

/// The error by octave.
pub fn bands(m: &Measures) -> String {
    let mut table = Table::new(
        "Error by octave",
        &[
            "octave around",
            "gear, dBFS",
            "ESR",
            "error below the sound",
            "share of all error",
            "closer is longer",
        ],
    );
    for band in &m.bands {
        let hz = band.centre_hz;
        let name = if hz < 1000.0 { format!("{hz} Hz") } else { format!("{} kHz", hz / 1000.0) };
        let (esr, below, bar) = below(band.esr);
        let cells =
            [name, format!("{:.0}", band.target_dbfs), esr, below, format!("{:.1} %", 100.0 * band.share)];
        table.row(&cells, bar);
    }
    table.finish()
}
