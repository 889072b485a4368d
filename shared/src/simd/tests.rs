//! What the functions on vectors are worth, measured.

use super::*;

/// Runs `values` through one of the ways to tanh, with the instructions of `level`.
fn run(level: Level, way: Way, values: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2(way: Way, values: &mut [f32]) {
        // SAFETY: passed on.
        unsafe { each::<Avx2>(way, values) }
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
    unsafe fn avx512(way: Way, values: &mut [f32]) {
        // SAFETY: passed on.
        unsafe { each::<Avx512>(way, values) }
    }
    // SAFETY: only levels the processor has are tested.
    unsafe {
        match level {
            Level::Portable => each::<Portable>(way, values),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => avx2(way, values),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => avx512(way, values),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Way {
    One,
    Table,
    Four,
}

const WAYS: [Way; 3] = [Way::One, Way::Table, Way::Four];

/// # Safety
/// As for [`Simd`].
#[inline(always)]
unsafe fn each<S: Simd>(way: Way, values: &mut [f32]) {
    let table = TanhTable::new();
    for values in values.chunks_exact_mut(4 * S::WIDTH) {
        let at = values.as_mut_ptr();
        // SAFETY: the chunk is four vectors long.
        unsafe {
            let x = [0, 1, 2, 3].map(|i| at.add(i * S::WIDTH));
            let [a, b, c, d] = [S::load(x[0]), S::load(x[1]), S::load(x[2]), S::load(x[3])];
            let y = match way {
                Way::One => [tanh::<S>(a), tanh::<S>(b), tanh::<S>(c), tanh::<S>(d)],
                Way::Table => [
                    tanh_by_table::<S>(a, &table),
                    tanh_by_table::<S>(b, &table),
                    tanh_by_table::<S>(c, &table),
                    tanh_by_table::<S>(d, &table),
                ],
                Way::Four => tanh_of_four::<S>([a, b, c, d]),
            };
            S::store(x[0], y[0]);
            S::store(x[1], y[1]);
            S::store(x[2], y[2]);
            S::store(x[3], y[3]);
        }
    }
}

/// The largest error of every way on every level over the numbers with these bit patterns and
/// their opposites.
fn largest_error(patterns: impl Iterator<Item = u32>) -> f64 {
    let mut patterns = patterns.peekable();
    let mut worst = 0.0f64;
    while patterns.peek().is_some() {
        let mut inputs = [0.0f32; 8_192];
        for (input, bits) in inputs.iter_mut().zip(patterns.by_ref()) {
            *input = f32::from_bits(bits);
        }
        let wanted = inputs.map(|x| f64::from(x).tanh());
        for sign in [1.0, -1.0] {
            for level in Level::available() {
                for way in WAYS {
                    let mut values = inputs.map(|x| sign * x);
                    run(level, way, &mut values);
                    for (value, wanted) in values.iter().zip(&wanted) {
                        let error = (f64::from(sign * value) - wanted).abs();
                        // A NaN is no number below the limit either.
                        worst = if error <= worst { worst } else { error };
                    }
                }
            }
        }
    }
    worst
}

#[test]
fn tanh_is_exact_to_5e_7_for_every_number() {
    // Where tanh bends, every third number, by turns on four threads; elsewhere it is `x` or 1, and
    // a sample is enough.
    let (low, high) = (0.01f32.to_bits(), 10.0f32.to_bits());
    let worst = std::thread::scope(|scope| {
        let parts: Vec<_> =
            (0..4).map(|i| scope.spawn(move || largest_error((low + i * 3..high).step_by(12)))).collect();
        parts.into_iter().map(|part| part.join().unwrap()).fold(0.0, f64::max)
    });
    let outside = (0..low).chain(high..=f32::INFINITY.to_bits()).step_by(1_009);
    let worst = worst.max(largest_error(outside)).max(largest_error([f32::INFINITY.to_bits()].into_iter()));
    assert!(worst < 5e-7, "{worst:e}");
}

#[test]
fn a_number_that_is_none_stays_in_its_lane() {
    for level in Level::available() {
        for way in WAYS {
            let mut values = [0.5f32; 64];
            values[7] = f32::NAN;
            run(level, way, &mut values);
            for (i, value) in values.iter().enumerate().filter(|(i, _)| *i != 7) {
                assert!((value - 0.5f32.tanh()).abs() < 5e-7, "{level:?} {way:?} {i}: {value}");
            }
        }
    }
}

/// What every operation makes of some numbers, among them some that are none.
///
/// # Safety
/// As for [`Simd`].
unsafe fn all_operations<S: Simd>() -> Vec<u32> {
    let numbers = [0.0, -0.0, 1.5, -2.25, 1e30, -1e-30, f32::INFINITY, f32::NAN, 3.0, -7.0, 0.1, 9.0];
    let mut results = Vec::new();
    for i in 0..numbers.len() {
        let at = |by: usize| [0, 1, 2, 3].map(|lane| numbers[(i + lane * by) % numbers.len()]);
        // SAFETY: passed on; the arrays are as long as a vector.
        unsafe {
            let [a, b, c] = [at(1), at(5), at(7)].map(|x| S::load(x.as_ptr()));
            let vectors = [
                S::mul_add(a, b, c),
                S::add(a, b),
                S::mul(a, b),
                S::min(a, b),
                S::max(a, b),
                S::divide(a, b),
                S::select_positive(a, b, c),
                S::splat(at(1)[2]),
            ];
            for vector in vectors {
                let mut values = [0.0; 4];
                S::store(values.as_mut_ptr(), vector);
                results.extend(values);
            }
            results.extend(S::sums(a, b, c, a));
        }
    }
    // The sign of a NaN is nobody's business.
    results.into_iter().map(|x| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() }).collect()
}

#[cfg(target_arch = "x86_64")]
#[test]
fn plain_arithmetic_for_other_processors_does_the_same() {
    // SAFETY: every x86-64 has SSE2.
    unsafe { assert_eq!(all_operations::<portable::Portable>(), all_operations::<Portable>()) }
}
