//! What the figures mean to somebody who plays.

use super::html::figure;

/// What an ESR sounds like. The steps are rules of thumb, and the page says so: ears decide.
const STEPS: [(f64, &str, &str); 6] = [
    (
        0.0003,
        "Excellent",
        "Playing, nobody should be able to tell the model from the gear. The blind test below is the place to prove it wrong.",
    ),
    (
        0.003,
        "Very good",
        "In a band or a mix nobody should notice. On headphones, one right after the other, a trained ear may find a hint in attacks or in the decay of notes.",
    ),
    (
        0.01,
        "Good",
        "The same amp to play through. Compared directly, you may hear that pick attack or bite differ a little.",
    ),
    (
        0.05,
        "Usable",
        "The character is there, and side by side the difference is heard. Longer training or a larger network should bring it closer.",
    ),
    (
        0.2,
        "Rough",
        "You recognise the gear, and the feel differs. Train longer, and look at the checks below for what the recording lacks.",
    ),
    (
        f64::INFINITY,
        "Not the gear yet",
        "Something is in the way: too little training, a recording that does not line up, or gear that a network of this kind cannot follow. The checks below are the place to begin.",
    ),
];

/// A word and a sentence for an ESR.
pub fn verdict(esr: f64) -> (&'static str, &'static str) {
    let (_, word, text) = STEPS.iter().find(|(limit, ..)| esr <= *limit).unwrap_or(&STEPS[STEPS.len() - 1]);
    (word, text)
}

/// How far below the sound its error is, in dB: positive numbers.
pub fn below_db(esr: f64) -> f64 {
    -10.0 * esr.max(1e-20).log10()
}

/// The headline's sentence; `trained` says that the model was trained beside what it is measured on.
pub fn headline(esr: f64, trained: bool) -> String {
    let db = below_db(esr);
    if db < 0.5 {
        return "What the model gets wrong is as loud as the sound itself.".to_owned();
    }
    format!(
        "What the model gets wrong is {db:.0} dB quieter than the sound itself: {} % of its energy{}.",
        figure(esr * 100.0),
        if trained { ", on playing that it was not trained on" } else { "" }
    )
}

/// How the part that was trained from compares with the held-out part.
pub fn training(train: f64, held_out: f64) -> &'static str {
    match held_out / train.max(1e-12) {
        ..1.5 => {
            "About the same on what it was trained from, so it has learned the gear and not the recording; what is missing, more training or a larger network may bring."
        }
        ..4.0 => {
            "Somewhat better on what it was trained from, as usual. A longer and more varied recording would narrow the gap."
        }
        _ => {
            "Much better on what it was trained from: it knows the recording better than the gear. Record longer and more varied playing."
        }
    }
}

/// What the recording's own noise allows.
pub fn floor(esr: f64, floor: f64) -> String {
    let times = esr / floor.max(1e-12);
    let here =
        format!("The recording's own noise is an ESR of {}: no model can come out below it.", figure(floor));
    match times {
        ..2.0 => format!(
            "{here} This one has practically reached it; only a quieter recording would lead further."
        ),
        _ => format!("{here} This model is {times:.0} times above, so the noise is not what holds it back."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_figures_have_better_words() {
        let words: Vec<_> =
            [0.00006, 0.002, 0.005, 0.03, 0.15, 0.9, f64::NAN].into_iter().map(|e| verdict(e).0).collect();
        assert_eq!(
            words,
            ["Excellent", "Very good", "Good", "Usable", "Rough", "Not the gear yet", "Not the gear yet"]
        );
    }

    #[test]
    fn the_headline_has_the_figure_in_two_forms() {
        let text = headline(0.001, true);
        assert!(text.contains("30 dB quieter") && text.contains("0.100 %"), "{text}");
        assert!(headline(1.2, false).contains("as loud"), "{}", headline(1.2, false));
        assert!(floor(0.0003, 0.0002).contains("practically reached"));
        assert!(floor(0.002, 0.0002).contains("10 times above"), "{}", floor(0.002, 0.0002));
        assert!(
            training(0.001, 0.01).starts_with("Much better") && training(0.01, 0.009).starts_with("About")
        );
    }
}
