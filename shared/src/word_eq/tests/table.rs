use super::*;

#[test]
fn a_table_survives_its_file() {
    let neutral = Neutral { kind: Kind::GuitarAmp, prototypes: vec![latent(&[(3, 1.5)])] };
    let table = table_of(vec![neutral]);
    assert_eq!(WordTable::from_json(&table.to_json()).unwrap(), table);
}

#[test]
fn words_are_found_by_slot_and_by_name() {
    let table = table_of(Vec::new());
    assert_eq!(table.word(5).name, "scooped");
    assert_eq!(table.word(4).name, "dark", "an empty slot gives the first word");
    assert_eq!(table.named(" Bright ").map(|w| w.slot), Some(1));
    assert!(table.named("nice").is_none());
}

#[test]
fn damaged_tables_are_refused_with_the_reason() {
    let text = table_of(Vec::new()).to_json();
    let damaged = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        WordTable::from_json(&text.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert!(damaged("\"slot\":5", "\"slot\":1").contains("`bright` and `scooped` share slot 1"));
    assert!(damaged("\"slot\":5", "\"slot\":1024").contains("`scooped`"));
    assert!(damaged("\"version\":1", "\"version\":2").contains('2'));
    assert!(damaged("\"agreement\":[0.5,", "\"agreement\":[").contains("`dark`"));
    assert!(damaged("\"agreement\":[0.5,", "\"agreement\":[1.5,").contains("`dark`"));
    assert!(damaged("\"mean_balance_db\":[0.0,", "\"mean_balance_db\":[").contains("63 values"));
    assert!(damaged("0.125", "0.25").contains("direction"), "the space is orthonormal");
    assert!(damaged("\"words\":[", "\"word\":[").contains("word"));
    assert!(WordTable::from_json("{}").is_err());
    assert!(WordTable::new(Vec::new(), Vec::new(), [0.0; GRID], space(), Vec::new()).is_err());
}

#[test]
fn curves_and_latents_are_one() {
    let space = space();
    let curve = std::array::from_fn(|i| (i as f64 / 9.0).sin() + 0.3);
    let back = space.curve_db(&space.latent(&curve));
    let rest: f64 = curve.iter().zip(&back).map(|(a, b)| (a - b).powi(2)).sum();
    assert!(rest < 0.1, "smooth curves keep their form, {rest}");
    let twice = space.latent(&curve.map(|v: f64| 2.0 * v));
    assert!(twice.iter().zip(space.latent(&curve)).all(|(a, b)| (a - 2.0 * b).abs() < 1e-4));
}

#[test]
fn the_grid_is_even_in_octaves() {
    let grid = grid_hz();
    assert!((grid[0] - 25.0).abs() < 1e-9 && (grid[GRID - 1] - 18_000.0).abs() < 1e-6);
    let ratio = grid[1] / grid[0];
    assert!(grid.windows(2).all(|w| (w[1] / w[0] - ratio).abs() < 1e-9));
}

#[test]
fn settings_are_brought_into_range() {
    let mut values = [1e9; VALUES];
    values[0] = f32::NAN;
    let settings = EqSettings::from_values(&values);
    assert_eq!(settings.bands[0].gain_db, 0.0);
    for (band, range) in settings.bands.iter().zip(&BAND_RANGES).skip(1) {
        assert_eq!((band.gain_db, band.frequency_hz), (MAX_GAIN_DB, range.highest_hz));
    }
    let flat = EqSettings::flat();
    assert_eq!(EqSettings::from_values(&flat.to_values()), flat);
    assert_eq!(flat.response_db(1000.0, 48_000.0), 0.0);
}
