use super::*;
use shared::audio::Converter;

fn converted(signal: &[f32], from: u32, to: u32) -> Vec<f32> {
    let mut converter = Converter::new(from, to, 1).unwrap();
    let mut ready = vec![Vec::new()];
    converter.push(&[signal], signal.len(), &mut ready);
    converter.finish(&mut ready);
    ready.remove(0)
}

#[test]
fn our_signal_is_known_again_however_it_comes_back() {
    let signal = make(90.0, 16_000);
    assert_eq!(signal.len(), 90 * 16_000);
    assert!(signal.iter().all(|s| s.abs() < 1.0));
    let at = |seconds: f64| (seconds * 16e3) as usize;
    let second = signal.len() - at(PASS_SECONDS + PASS_GAP_SECONDS);
    let whole = Passes { first: second - at(9.5), second, samples: at(9.0), for_validation: true };
    assert_eq!(recognise(&signal, 16_000), (Some(Known::Ours), Some(whole)));
    let [a, b] = whole.of(&signal);
    assert_eq!(a, b);

    let softer: Vec<f32> = signal.iter().map(|s| -0.05 * s).collect();
    let turned: Vec<f32> = signal.iter().map(|s| 0.05 * s).collect();
    assert_eq!(recognise(&turned, 16_000).0, Some(Known::Ours));
    assert_eq!(recognise(&softer, 16_000).0, None, "an input upside down is not what was sent");

    let (known, passes) = recognise(&converted(&signal, 16_000, 22_050), 22_050);
    let passes = passes.unwrap();
    assert_eq!(known, Some(Known::Ours));
    assert_eq!(passes.second - passes.first, (9.5 * 22_050.0) as usize);

    // Without its beginning, and without its end.
    let cut = at(5.0);
    let (known, passes) = recognise(&signal[cut..], 16_000);
    assert_eq!(known, Some(Known::OursCut));
    assert_eq!(passes, Some(Passes { first: whole.first - cut, second: second - cut, ..whole }));
    let (known, passes) = recognise(&signal[..second], 16_000);
    assert_eq!((known, passes), (Some(Known::OursCut), None));
}

#[test]
fn nams_third_signal_is_known_by_its_clicks_and_passes() {
    let rate = 8_000u32;
    let play = |seconds, seed| crate::virtual_capture::guitar::play(seconds, f64::from(rate), seed);
    let silence = |seconds: f64| vec![0.0f32; (seconds * f64::from(rate)) as usize];
    let pass = play(9.0, 1);
    let mut clicks = silence(2.0);
    clicks[rate as usize / 2] = 0.9;
    clicks[3 * rate as usize / 2] = 0.9;
    let rest = play(168.5, 2);
    let signal = [&pass[..], &silence(1.0), &clicks, &rest, &silence(0.5), &pass].concat();
    assert_eq!(signal.len(), 190 * rate as usize);
    let (known, passes) = recognise(&signal, rate);
    let passes = passes.unwrap();
    assert_eq!(known, Some(Known::Nam(3)));
    assert_eq!(passes.second - passes.first, 181 * rate as usize);
    assert!(passes.for_validation);
    // The same passes around something else are not NAM's.
    let other = [&pass[..], &silence(3.0), &rest, &silence(0.5), &pass].concat();
    assert_eq!(recognise(&other, rate).0, None);
}

#[test]
fn playing_is_no_test_signal() {
    let played = crate::virtual_capture::guitar::play(30.0, 16e3, 9);
    assert_eq!(recognise(&played, 16_000), (None, None));
    assert_eq!(recognise(&[], 16_000), (None, None));
}
