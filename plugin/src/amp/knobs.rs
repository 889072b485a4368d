//! The knobs of a model as hosts turn them: as positions from 0 to 1 that mean something else for each model.
//!
//! The middle is where the model itself leaves a knob, the ends are its lowest and its highest setting, and between them the way is
//! straight. So a fresh instance, and a session that is older than these knobs, play every model as its maker left it.

use shared::model::{Knob, limits};

/// Knobs that a model may have.
pub const KNOBS: usize = limits::KNOBS;

/// Where every knob stands until somebody turns it.
pub const UNTURNED: f32 = 0.5;

/// Positions of all knobs, in the order of the model's.
pub type Positions = [f32; KNOBS];

/// The setting of a knob at a position, in the knob's own figures. What lies beyond the ends is taken as the end, and what is no
/// number as the default.
pub fn setting(knob: &Knob, position: f32) -> f32 {
    let turn = if position.is_nan() { 0.0 } else { 2.0 * f64::from(position.clamp(0.0, 1.0)) - 1.0 };
    let end = if turn < 0.0 { knob.lowest } else { knob.highest };
    let way = f64::from(end) - f64::from(knob.default);
    let setting = f64::from(knob.default) + turn.abs() * way;
    (setting as f32).clamp(knob.lowest, knob.highest)
}

/// The position of a setting, which is taken as the nearest that the knob has. The middle where a knob stands at its end by default:
/// that half of its way is one setting.
pub fn position(knob: &Knob, setting: f32) -> f32 {
    let from_default = f64::from(setting.clamp(knob.lowest, knob.highest)) - f64::from(knob.default);
    let end = if from_default < 0.0 { knob.lowest } else { knob.highest };
    let way = (f64::from(end) - f64::from(knob.default)).abs();
    if way > 0.0 { (0.5 + 0.5 * from_default / way) as f32 } else { UNTURNED }
}

/// The positions between which a knob turns something: all of them, or the half on the other side of a default that is an end.
pub fn live(knob: &Knob) -> [f32; 2] {
    if knob.default <= knob.lowest {
        [UNTURNED, 1.0]
    } else if knob.default >= knob.highest {
        [0.0, UNTURNED]
    } else {
        [0.0, 1.0]
    }
}

/// The settings of a model's knobs at these positions.
pub fn settings(knobs: &[Knob], positions: &Positions) -> Vec<f32> {
    knobs.iter().zip(positions).map(|(knob, &position)| setting(knob, position)).collect()
}

/// A setting as it is shown: in steps of at most a hundredth of the knob's travel, as long as that is readable.
pub fn figures(knob: &Knob, setting: f32) -> String {
    let travel = f64::from(knob.highest) - f64::from(knob.lowest);
    let largest = f64::from(knob.lowest.abs().max(knob.highest.abs()));
    if largest >= 1e5 || travel < 1e-3 {
        return format!("{setting:.2e}");
    }
    let digits = (-(travel / 100.0).log10()).ceil().max(0.0) as usize;
    let text = format!("{setting:.digits$}");
    // What rounds to nothing is no less than nothing.
    if text.trim_start_matches(['-', '0', '.']).is_empty() { format!("{:.digits$}", 0.0) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knob(lowest: f32, highest: f32, default: f32) -> Knob {
        Knob { name: "Gain".into(), lowest, highest, default }
    }

    #[test]
    fn the_middle_is_the_default_and_the_ends_are_the_ends() {
        for (lowest, highest, default) in
            [(0.0, 10.0, 5.0), (-6.0, 6.0, 3.0), (0.1, 0.3, 0.2), (-3e38, 0.1, -7.0)]
        {
            let knob = knob(lowest, highest, default);
            assert_eq!([0.0, 0.5, 1.0].map(|at| setting(&knob, at)), [lowest, default, highest]);
            assert_eq!([-9.0, 9.0, f32::NAN].map(|at| setting(&knob, at)), [lowest, highest, default]);
            assert_eq!([lowest, default, highest].map(|at| position(&knob, at)), [0.0, 0.5, 1.0]);
        }
        let drive = knob(0.0, 10.0, 2.0);
        assert_eq!([0.25, 0.75].map(|at| setting(&drive, at)), [1.0, 6.0]);
        for at in 0..=100 {
            let at = at as f32 / 100.0;
            assert!((position(&drive, setting(&drive, at)) - at).abs() < 1e-6, "{at}");
        }
    }

    #[test]
    fn a_knob_that_begins_at_its_end_has_half_of_its_way() {
        let low = knob(0.0, 10.0, 0.0);
        assert_eq!([0.0, 0.3, 0.5, 0.75, 1.0].map(|at| setting(&low, at)), [0.0, 0.0, 0.0, 5.0, 10.0]);
        assert_eq!([-1.0, 0.0, 5.0, 10.0].map(|at| position(&low, at)), [0.5, 0.5, 0.75, 1.0]);
        let knobs = [low, knob(0.0, 10.0, 10.0), knob(0.0, 10.0, 9.9)];
        assert_eq!(knobs.each_ref().map(live), [[0.5, 1.0], [0.0, 0.5], [0.0, 1.0]]);
        for knob in &knobs {
            let [first, last] = live(knob).map(|at| setting(knob, at));
            assert_eq!([first, last], [0.0, 10.0]);
        }
    }

    #[test]
    fn figures_have_as_many_digits_as_are_needed() {
        let shown = |lowest, highest, setting| figures(&knob(lowest, highest, lowest), setting);
        assert_eq!(shown(0.0, 10.0, 7.249), "7.2");
        assert_eq!(shown(-6.0, 6.0, -0.04), "0.0");
        assert_eq!(shown(-6.0, 6.0, -0.4), "-0.4");
        assert_eq!(shown(0.0, 1.0, 0.5), "0.50");
        assert_eq!(shown(20.0, 500.0, 99.6), "100");
        assert_eq!(shown(0.0, 1e9, 123_456_789.0), "1.23e8");
        assert_eq!(shown(0.0, 1e-6, 5e-7), "5.00e-7");
    }
}
