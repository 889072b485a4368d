//! Places for words on a map, so that alike words are neighbours and no label covers another.

use crate::word_eq::curves::Curve;
use shared::word_eq::GRID;

/// Least distance of two labels, across and up, as a share of the map: text is wide.
const LEAST: [f64; 2] = [0.09, 0.035];
/// Rounds in which labels push each other apart.
const ROUNDS: usize = 400;
/// How far a place is decided by its rank rather than by its distance: few words lie far out, and would
/// leave the middle crowded.
const EVENLY: f64 = 0.6;
/// Rounds of the power iteration.
const POWER_ROUNDS: usize = 300;

/// A place, 0 to 1 each way, for each curve: the two directions in which they differ most. `left` is a
/// curve that belongs on the left.
pub fn places(curves: &[Curve], left: Option<usize>) -> Vec<[f32; 2]> {
    let count = curves.len().max(1) as f64;
    let mean: Curve = std::array::from_fn(|i| curves.iter().map(|c| c[i]).sum::<f64>() / count);
    let mut rest: Vec<Curve> = curves.iter().map(|c| std::array::from_fn(|i| c[i] - mean[i])).collect();
    let mut axes = [0, 1].map(|_| {
        let direction = strongest(&rest);
        let along: Vec<f64> = rest.iter().map(|c| dot(c, &direction)).collect();
        for (curve, share) in rest.iter_mut().zip(&along) {
            curve.iter_mut().zip(&direction).for_each(|(v, d)| *v -= share * d);
        }
        evenly(&along)
    });
    // Which way an axis points is arbitrary; this makes it the same each time.
    if left.is_some_and(|i| axes[0][i] > 0.5) {
        axes[0].iter_mut().for_each(|v| *v = 1.0 - *v);
    }
    let mut places: Vec<[f64; 2]> = axes[0].iter().zip(&axes[1]).map(|(x, y)| [*x, *y]).collect();
    push_apart(&mut places);
    places.iter().map(|p| p.map(|v| (v * 1e3).round() as f32 / 1e3)).collect()
}

fn dot(a: &Curve, b: &Curve) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The direction in which curves are largest, of unit length (power iteration).
fn strongest(curves: &[Curve]) -> Curve {
    let mut direction: Curve = std::array::from_fn(|i| 1.0 - 2.0 * i as f64 / GRID as f64 + 0.01);
    for _ in 0..POWER_ROUNDS {
        let mut next = [0.0; GRID];
        for curve in curves {
            let share = dot(curve, &direction);
            next.iter_mut().zip(curve).for_each(|(n, c)| *n += share * c);
        }
        let length = dot(&next, &next).sqrt();
        if length < 1e-12 {
            break;
        }
        direction = next.map(|v| v / length);
    }
    direction
}

/// Values brought to 0..1, partly by size and partly by rank.
fn evenly(values: &[f64]) -> Vec<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut places = vec![0.5; values.len()];
    if values.len() > 1 && high > low {
        for (rank, &i) in order.iter().enumerate() {
            let by_rank = rank as f64 / (values.len() - 1) as f64;
            places[i] = EVENLY * by_rank + (1.0 - EVENLY) * (values[i] - low) / (high - low);
        }
    }
    places
}

/// Moves labels that overlap away from each other, within the map.
fn push_apart(places: &mut [[f64; 2]]) {
    for _ in 0..ROUNDS {
        for a in 0..places.len() {
            for b in a + 1..places.len() {
                let apart: [f64; 2] = std::array::from_fn(|k| (places[b][k] - places[a][k]) / LEAST[k]);
                let distance = apart[0].hypot(apart[1]);
                if distance >= 1.0 {
                    continue;
                }
                // Two in one place part in a direction that depends on which they are.
                let angle = (a * 7 + b * 13) as f64;
                let [x, y] =
                    if distance > 1e-6 { apart.map(|v| v / distance) } else { [angle.cos(), angle.sin()] };
                let push = 0.25 * (1.0 - distance);
                for (place, sign) in [(a, -1.0), (b, 1.0)] {
                    let moved = [x, y].map(|v| sign * push * v);
                    for k in 0..2 {
                        places[place][k] = (places[place][k] + moved[k] * LEAST[k]).clamp(0.0, 1.0);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tilts and bumps, so that there are two directions, and many of them alike.
    fn curves() -> Vec<Curve> {
        let curve = |tilt: f64, bump: f64| {
            std::array::from_fn(|i| {
                let x = i as f64 / GRID as f64 - 0.5;
                tilt * x + bump * (1.0 - 8.0 * x * x)
            })
        };
        (0..40).map(|i| curve(f64::from(i % 8) - 3.5, f64::from(i / 8) * 0.3)).collect()
    }

    #[test]
    fn labels_have_room_and_stay_in_order() {
        let places = places(&curves(), Some(0));
        for (a, place) in places.iter().enumerate() {
            assert!(place.iter().all(|v| (0.0..=1.0).contains(v)), "{place:?}");
            for other in &places[a + 1..] {
                let [x, y] = [0, 1].map(|k| f64::from(other[k] - place[k]) / LEAST[k]);
                assert!(x.hypot(y) > 0.6, "{place:?} {other:?}");
            }
        }
        // Steep ones at either end, the one that was named on the left.
        assert!(places[0][0] < 0.2 && places[7][0] > 0.8, "{:?} {:?}", places[0], places[7]);
    }

    #[test]
    fn odd_numbers_of_words_have_places() {
        assert_eq!(places(&[], None), Vec::<[f32; 2]>::new());
        assert_eq!(places(&[[1.0; GRID]], Some(0)), [[0.5, 0.5]]);
        let same = places(&[[1.0; GRID]; 3], None);
        assert!(same[0] != same[1] && same[1] != same[2], "{same:?}");
    }
}
