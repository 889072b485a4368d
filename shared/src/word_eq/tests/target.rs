use super::*;

fn controls(amount: f32) -> Controls {
    Controls { amount, ..Controls::NEUTRAL }
}

fn close(a: &Latent, b: &Latent, tolerance: f32) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance)
}

#[test]
fn a_neutral_sound_gets_the_word_as_far_as_the_amount_says() {
    let table = table_of(Vec::new());
    for amount in [-1.0, -0.3, 0.2, 0.7, 1.0] {
        let expected = latent(&[(1, 20.0 * amount)]);
        for heard in [None, Some(&[0.0; LATENT])] {
            assert!(close(&wanted(&table, &controls(amount), heard), &expected, 1e-3), "amount {amount}");
        }
    }
}

#[test]
fn an_amount_of_nothing_asks_for_nothing_whatever_is_heard() {
    let table = table_of(Vec::new());
    for heard in [None, Some(&latent(&[(1, -90.0), (2, 40.0)]))] {
        assert_eq!(wanted(&table, &controls(0.0), heard), [0.0; LATENT]);
        assert_eq!(wanted(&table, &controls(f32::NAN), heard), [0.0; LATENT]);
    }
}

#[test]
fn what_is_there_already_is_not_added_again() {
    let table = table_of(Vec::new());
    let amount = 0.7;
    let first = wanted(&table, &controls(amount), None);
    let again = wanted(&table, &controls(amount), Some(&first));
    assert!(again[1].abs() < 0.15 * first[1].abs(), "{} after {}", again[1], first[1]);
    // Half of it is there: half is missing.
    let half = wanted(&table, &controls(amount), Some(&first.map(|v| 0.5 * v)));
    assert!((half[1] / first[1] - 0.5).abs() < 0.02, "{} of {}", half[1], first[1]);
}

#[test]
fn a_word_never_works_against_itself_and_never_without_bounds() {
    let table = table_of(Vec::new());
    for amount in [0.05, 0.5, 1.0] {
        let mut last = f32::INFINITY;
        for step in -60..=60 {
            let heard = latent(&[(1, step as f32)]);
            let asked = wanted(&table, &controls(amount), Some(&heard))[1] / (20.0 * amount);
            assert!((0.05 - 1e-4..=3.0 + 1e-4).contains(&asked), "{asked} at {step}");
            assert!(asked <= last + 1e-4, "more is asked for where more is there");
            last = asked;
        }
    }
}

#[test]
fn the_mirror_of_a_word_counts_what_is_there_of_the_mirror() {
    let table = table_of(Vec::new());
    let bright = latent(&[(1, -14.0)]);
    // "Less dark" on a sound that is bright already.
    let asked = wanted(&table, &controls(-0.7), Some(&bright))[1];
    assert!((-0.15 * 14.0..0.0).contains(&asked), "{asked}");
    assert!((heard_share(&table, &controls(-0.7), Some(&bright)) - 0.7).abs() < 1e-2);
    assert!((heard_share(&table, &controls(0.7), Some(&bright)) + 0.7).abs() < 1e-2);
}

#[test]
fn two_words_blend() {
    let table = table_of(Vec::new());
    let controls = Controls { second_word: 5, blend: 0.25, ..controls(1.0) };
    let expected = latent(&[(1, 15.0), (2, 3.75)]);
    assert!(close(&wanted(&table, &controls, None), &expected, 1e-3));
}

#[test]
fn level_does_not_count() {
    let table = table_of(Vec::new());
    let heard = latent(&[(1, 5.0), (3, 4.0)]);
    let mut louder = heard;
    louder[0] += 80.0;
    let (a, b) =
        (wanted(&table, &controls(0.7), Some(&heard)), wanted(&table, &controls(0.7), Some(&louder)));
    assert!(close(&a, &b, 0.02), "{} {}", a[1], b[1]);
}

#[test]
fn bands_that_are_not_heard_do_not_count() {
    let space = space();
    let table = table_of(Vec::new());
    // A muffled sound: 60 dB less in the upper half, so that what lies there is below the floor.
    let curve = |low: f64, high: f64| {
        std::array::from_fn(|i| if i < GRID / 2 { low * (i as f64 / 10.0).sin() } else { high })
    };
    let share = |high| {
        let controls =
            Controls { reference: Reference::Learned(space.latent(&curve(1.0, -60.0))), ..controls(0.5) };
        heard_share(&table, &controls, Some(&space.latent(&curve(1.0, high))))
    };
    // The floor moved by 6 dB is no less bright (the space rings a little at such an edge); a band above it is.
    assert!(share(-66.0).abs() < 0.12, "{}", share(-66.0));
    assert!(share(-20.0).abs() > 0.5, "{}", share(-20.0));
}

#[test]
fn a_sound_is_compared_with_its_like() {
    // Two kinds of sounds: scooped ones are dark, the others bright.
    let (scooped, humped) = (latent(&[(1, 30.0), (2, 40.0)]), latent(&[(1, -30.0), (2, -40.0)]));
    let neutral = |kind, prototypes| Neutral { kind, prototypes };
    let table = table_of(vec![neutral(Kind::Drums, vec![scooped]), neutral(Kind::Bass, vec![humped])]);
    let share = |kind, heard: &Latent| {
        let controls = Controls { reference: Reference::Kind(kind), ..controls(0.7) };
        heard_share(&table, &controls, Some(heard))
    };
    for (neutral, kind) in [(scooped, Kind::Drums), (humped, Kind::Bass)] {
        let mut darker = neutral;
        darker[1] += 10.0;
        for reference in [kind, Kind::Any] {
            assert!(share(reference, &neutral).abs() < 0.02, "{kind:?} {reference:?}");
            assert!((share(reference, &darker) - 0.5).abs() < 0.02, "{kind:?} {reference:?}");
        }
    }
    assert!((share(Kind::Drums, &humped) + 3.0).abs() < 0.1, "only drums are asked about");
    // No sounds of a kind: the mean of all sound.
    assert!((share(Kind::Voice, &latent(&[(1, 10.0)])) - 0.5).abs() < 0.02);
}

#[test]
fn what_was_learned_is_neutral() {
    let table = table_of(Vec::new());
    let own = latent(&[(1, 33.0), (4, -12.0)]);
    let controls = Controls { reference: Reference::Learned(own), ..controls(0.7) };
    assert!(close(&wanted(&table, &controls, Some(&own)), &latent(&[(1, 14.0)]), 0.05));
}

#[test]
fn numbers_that_are_none_come_to_nothing_worse() {
    let table = table_of(Vec::new());
    for blend in [f32::NAN, f32::INFINITY, -7.0, 7.0] {
        let controls = Controls { blend, amount: f32::INFINITY, word: 900, second_word: 77, ..controls(0.0) };
        assert!(wanted(&table, &controls, Some(&[1.0; LATENT])).iter().all(|v| v.is_finite()));
    }
}
