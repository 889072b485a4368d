//! The page itself.

use super::html::{escape, escape_up_to, figure, list};
use super::measures::Measures;
use super::{Subject, base64, charts, machine, words};
use crate::finding::{Finding, Verdict};
use crate::progress::{clock, sparkline};
use sha2::{Digest, Sha256};
use shared::model::{Knob, Network};
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("player.js");
/// Most findings that are listed.
const FINDINGS: usize = 100;
/// Longest config that is shown, in characters.
const CONFIG: usize = 60_000;

/// Names and headings of the parts, in their order.
pub const PARTS: [(&str, &str); 11] = [
    ("listen", "Listen"),
    ("waveforms", "Worst, median and best moment"),
    ("course", "Course of the training"),
    ("spectrum", "Spectrum"),
    ("levels", "Soft and loud"),
    ("bands", "Low and high"),
    ("spectrogram", "Where the error is"),
    ("harmonics", "Harmonics and aliasing"),
    ("checks", "Checks of the recording"),
    ("card", "The model's card"),
    ("made", "How it was made"),
];

/// The whole page.
pub fn page(subject: &Subject<'_>, m: &Measures) -> String {
    let name = escape(&subject.model.card.name);
    // Nothing but what stands in the page may run, and nothing may be fetched.
    let digest = base64(&Sha256::digest(SCRIPT.as_bytes()));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\"><head><meta charset=\"utf-8\"/>\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'sha256-{digest}'; img-src data:; media-src data:\"/>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\
         <title>{name}: report</title><style>{STYLE}</style></head><body>"
    );
    out.push_str(&header(subject, m));
    out.push_str("<main>");
    for (id, heading) in PARTS {
        let part = match id {
            "listen" => listen(m),
            "waveforms" => waveforms(m),
            "course" => course(subject),
            "spectrum" => spectrum(m),
            "levels" => LEVELS.to_owned() + &charts::levels(m),
            "bands" => BANDS.to_owned() + &charts::bands(m),
            "spectrogram" => SPECTROGRAM.to_owned() + &charts::spectrograms(m),
            "harmonics" => harmonics(m),
            "checks" => checks(subject.findings),
            "card" => card(subject),
            _ => made(subject),
        };
        // Writing to a String cannot fail.
        let _ = write!(out, "<section id=\"{id}\"><h2>{}</h2>{part}</section>", escape(heading));
    }
    out.push_str(
        "</main><footer>ESR, the error-to-signal ratio, is the energy of what the model gets wrong over the energy of \
         the sound: 0.01 is 20 dB below it, 0.0001 is 40 dB. The words \
         beside it are rules of thumb. What each part shows is explained in docs/report.md.</footer>",
    );
    let _ = writeln!(out, "<script>{SCRIPT}</script></body></html>");
    out
}

const LEVELS: &str = "<p>A guitar is played soft and loud, and a model can be right at one and wrong at the other. The level is \
     that of the guitar, twenty times a second.</p>";
const BANDS: &str = "<p>The last column but one tells where most of the error is. An octave in which the gear makes next to no \
     sound can have a high ESR that nobody hears.</p>";
const SPECTROGRAM: &str =
    "<p>Both pictures have the same scale, 80 dB deep: the fainter the second one, the better.</p>";

fn header(subject: &Subject<'_>, m: &Measures) -> String {
    let card = &subject.model.card;
    let esr = m.distance.esr;
    let trained = subject.trained.is_some();
    let (word, text) = words::verdict(esr);
    let mut out =
        format!("<header><p class=\"muted\">Tonewright report</p><h1><bdi>{}</bdi></h1>", escape(&card.name));
    if !card.gear.is_empty() {
        let _ = write!(out, "<p class=\"muted\"><bdi>{}</bdi></p>", escape(&card.gear));
    }
    let _ = write!(
        out,
        "<div class=\"headline\"><div class=\"number\">ESR <span id=\"esr\">{}</span></div><div class=\"word\">{word}</div>\
         <p>{}</p><p>{text}</p>",
        figure(esr),
        words::headline(esr, trained)
    );
    if let Some((train, seconds)) = m.train {
        let _ = write!(
            out,
            "<p>On the first {seconds:.0} s of what it was trained from: ESR <span id=\"train-esr\">{}</span>. {}</p>",
            figure(train),
            words::training(train, esr)
        );
    }
    if let Some(floor) = subject.floor_esr {
        let _ = write!(out, "<p id=\"floor\">{}</p>", words::floor(esr, floor));
    }
    let _ = write!(
        out,
        "<p class=\"muted\">{}: {:.1} s. Largest difference of one sample {}.</p>",
        if trained { "Held out" } else { "Measured" },
        m.held_out_seconds,
        figure(f64::from(m.distance.peak_error)),
    );
    if !subject.versions.is_empty() {
        out.push_str(&charts::versions(subject.versions));
    }
    out.push_str("</div><nav aria-label=\"Parts\">");
    for (id, heading) in PARTS {
        let _ = write!(out, "<a href=\"#{id}\">{heading}</a>");
    }
    out.push_str("</nav></header>");
    out
}

fn listen(m: &Measures) -> String {
    let clip = &m.clip;
    // Loud enough to be heard, and a little below the sound.
    let more_db = (((words::below_db(clip.esr) - 6.0) / 10.0).floor() * 10.0).clamp(0.0, 60.0);
    let mut out = format!(
        "<p>{:.1} s from second {:.1} on, chosen because their error is the usual one (ESR {}). All three are made equally \
         loud: the model by {:+.2} dB, the guitar by {:+.1} dB. They run together and loop; switch while they play.</p>\
         <div id=\"player\" hidden=\"hidden\" data-error-gain=\"{:.3}\"><button type=\"button\" id=\"play\" aria-pressed=\"false\">Play</button>\
         <button type=\"button\" data-track=\"target\" aria-pressed=\"true\">Gear</button>\
         <button type=\"button\" data-track=\"model\" aria-pressed=\"false\">Model</button>\
         <button type=\"button\" data-track=\"dry\" aria-pressed=\"false\">Guitar alone</button>\
         <button type=\"button\" data-track=\"error\" aria-pressed=\"false\">Difference, {more_db:+.0} dB</button>\
         <label>Position <input type=\"range\" id=\"head\" min=\"0\" max=\"1000\" value=\"0\"/></label>\
         <p><button type=\"button\" id=\"blind\">Blind test</button> Gear or model, at random: can you tell?</p>\
         <div id=\"blind-box\" hidden=\"hidden\"><button type=\"button\" id=\"say-target\">It is the gear</button>\
         <button type=\"button\" id=\"say-model\">It is the model</button></div><p id=\"score\" role=\"status\"></p></div>\
         <div id=\"tracks\">",
        clip.seconds,
        clip.begin_seconds,
        figure(clip.esr),
        clip.tracks[1].gain_db,
        clip.tracks[2].gain_db,
        10f64.powf(more_db / 20.0),
    );
    for (id, label, track) in [
        ("target", "Gear", &clip.tracks[0]),
        ("model", "Model", &clip.tracks[1]),
        ("dry", "Guitar alone", &clip.tracks[2]),
    ] {
        let _ = write!(
            out,
            "<label for=\"audio-{id}\">{label}</label><audio id=\"audio-{id}\" controls=\"controls\" preload=\"none\" src=\"data:audio/wav;base64,{}\"></audio>",
            base64(&track.wav)
        );
    }
    out.push_str("</div>");
    out
}

fn waveforms(m: &Measures) -> String {
    let mut out = String::from(
        "<p>Twenty milliseconds each, out of all in which there is sound. Even the worst should look like the gear.</p>",
    );
    for moment in &m.moments {
        let (word, seconds) = (moment.name, moment.seconds);
        let _ = write!(
            out,
            "<h3>The {word} one, at {seconds:.2} s: ESR {}</h3>{}",
            figure(moment.esr),
            charts::moment(moment, m.rate_hz)
        );
    }
    out
}

fn course(subject: &Subject<'_>) -> String {
    let (Some(first), Some(last)) = (subject.history.first(), subject.history.last()) else {
        return "<p>The course is known only to the run that trained the model.</p>".to_owned();
    };
    let best = subject.history.iter().map(|p| p.esr).fold(f64::INFINITY, f64::min);
    let esrs: Vec<f64> = subject.history.iter().map(|p| p.esr).collect();
    let every = esrs.len().div_ceil(40);
    let thin: Vec<f64> = esrs.into_iter().step_by(every).collect();
    format!(
        "<p>Held-out ESR {} at first, {} at last, {} at best, over {} steps and {}. <span aria-hidden=\"true\">{}</span></p>{}\
         <p class=\"muted\">The best weights are kept, whichever step they come from. They are chosen on the held-out part, which flatters \
         its figure a little.</p>",
        figure(first.esr),
        figure(last.esr),
        figure(best),
        last.step,
        clock(last.seconds),
        sparkline(&thin),
        charts::course(subject.history, subject.floor_esr)
    )
}

fn spectrum(m: &Measures) -> String {
    format!(
        "<p>Averaged over all that was measured. Gear and model should lie on each other, and the error far below.</p>{}",
        charts::spectrum(m)
    )
}

fn harmonics(m: &Measures) -> String {
    format!(
        "<p>Sines of {:.0} dBFS through the model alone. Harmonics are what makes an amp an amp. Aliasing is not: tones that fall while the \
         note rises, because a harmonic was beyond half the sample rate of {} Hz. Where it rises above -60 dB on high notes, \
         oversampling in the plugin helps.</p>{}",
        super::sine::SINE_DBFS,
        m.rate_hz,
        charts::harmonics(m)
    )
}

fn checks(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "<p>No checks came with this model.</p>".to_owned();
    }
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    let mut out = String::from("<ul class=\"checks\">");
    for finding in sorted.iter().take(FINDINGS) {
        let (class, word) = match finding.verdict {
            Verdict::Fine => ("fine", "Fine"),
            Verdict::Mended => ("mended", "Mended"),
            Verdict::Warning => ("warning", "Warning"),
            Verdict::Refused => ("refused", "Refused"),
        };
        let _ = write!(
            out,
            "<li class=\"{class}\"><span class=\"verdict\">{word}: {}</span><br/>{}",
            escape(&finding.check),
            escape(&finding.figure)
        );
        if !finding.advice.is_empty() {
            let _ = write!(out, "<br/><span class=\"muted\">{}</span>", escape(&finding.advice));
        }
        out.push_str("</li>");
    }
    out.push_str("</ul>");
    if findings.len() > FINDINGS {
        let _ = write!(out, "<p>And {} more.</p>", findings.len() - FINDINGS);
    }
    out
}

fn card(subject: &Subject<'_>) -> String {
    let file = subject.model_path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let card = &subject.model.card;
    let mut pairs = vec![
        ("File".to_owned(), file),
        ("Network".to_owned(), network(subject)),
        ("Sample rate".to_owned(), format!("{} Hz", card.sample_rate_hz)),
    ];
    for (name, text) in [
        ("Name", &card.name),
        ("Gear", &card.gear),
        ("Author", &card.author),
        ("Source", &card.source),
        ("Licence", &card.licence),
    ] {
        if !text.is_empty() {
            pairs.push((name.to_owned(), text.clone()));
        }
    }
    for (name, value, unit) in [
        ("Loudness", card.loudness_dbfs, "dBFS rms on the trainer's own playing"),
        ("Input level", card.input_level_dbu, "dBu at full scale"),
        ("Output level", card.output_level_dbu, "dBu at full scale"),
    ] {
        if let Some(value) = value {
            pairs.push((name.to_owned(), format!("{value:.1} {unit}")));
        }
    }
    if let Some(esr) = card.esr {
        pairs.push(("ESR".to_owned(), figure(esr)));
    }
    list(&pairs)
}

fn network(subject: &Subject<'_>) -> String {
    let net = match &subject.model.network {
        Network::WaveNet(net) => net,
        Network::Parametric(parametric) => {
            let plain = crate::session::describe(&parametric.spec().network, subject.measured.rate_hz);
            let at = |(i, knob): (usize, &Knob)| {
                format!("{} at {}", knob.name, subject.settings.get(i).unwrap_or(&knob.default))
            };
            let knobs: Vec<String> = parametric.knobs().iter().enumerate().map(at).collect();
            return format!("{plain}; with knobs, measured with {}", knobs.join(", "));
        }
        Network::Lstm(_) => return "LSTM".into(),
        Network::Linear(_) => return "impulse response".into(),
        Network::Slimmable(_) => return "WaveNets of several sizes, measured at the largest".into(),
        Network::Graph(_) => return "ONNX graph".into(),
    };
    crate::session::describe(net.spec(), subject.measured.rate_hz)
}

fn made(subject: &Subject<'_>) -> String {
    let mut out = list(subject.run);
    let _ = write!(out, "<h3>Machine</h3>{}", list(&machine::facts()));
    let origin = subject.origin;
    if !origin.command.is_empty() {
        let _ = write!(out, "<h3>Command</h3><pre>{}</pre>", escape(&origin.command));
    }
    if !origin.text.is_empty() {
        let _ = write!(out, "<h3>Config</h3><pre>{}</pre>", escape_up_to(&origin.text, CONFIG));
    }
    out
}
