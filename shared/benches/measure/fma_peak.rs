//! The most multiplications with additions that this processor does, measured.

#[cfg(target_arch = "x86_64")]
use shared::simd::{Avx2, Avx512};
use shared::simd::{Level, Portable, Simd};
use std::hint::black_box;
use std::time::Instant;

/// Rounds of one measurement: some tens of microseconds.
const ROUNDS: usize = 20_000;
/// Chains that run side by side. Two units of four cycles' latency are kept busy by eight; twelve
/// and two constants fit into the sixteen registers of AVX2.
const CHAINS: usize = 12;

/// Multiply-adds of single values in a microsecond, on registers alone.
pub fn measure(level: Level) -> f64 {
    // The first time wakes the wide units, which takes processors a while.
    run(level);
    run(level)
}

fn run(level: Level) -> f64 {
    let begin = Instant::now();
    let width = match level {
        // SAFETY: every processor can.
        Level::Portable => unsafe {
            chains::<Portable>(ROUNDS);
            Portable::WIDTH
        },
        // SAFETY: levels are only asked for where the processor has them.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe {
            avx2(ROUNDS);
            Avx2::WIDTH
        },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe {
            avx512(ROUNDS);
            Avx512::WIDTH
        },
    };
    (ROUNDS * CHAINS * width) as f64 / (begin.elapsed().as_nanos() as f64 / 1e3)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2(rounds: usize) {
    // SAFETY: the caller vouches for the instructions.
    unsafe { chains::<Avx2>(rounds) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512(rounds: usize) {
    // SAFETY: the caller vouches for the instructions.
    unsafe { chains::<Avx512>(rounds) }
}

/// Chains of `x = x * a + b`, which tend to 1 and never become subnormal.
///
/// # Safety
/// The processor has the instructions.
#[inline(always)]
unsafe fn chains<S: Simd>(rounds: usize) {
    // SAFETY: the caller vouches for the instructions; the array has room for the widest vector.
    unsafe {
        let (a, b) = (S::splat(black_box(0.75)), S::splat(black_box(0.25)));
        // A variable a chain, because an array would end up in memory.
        macro_rules! run {
            ($($x:ident)+) => {
                $(let mut $x = S::splat(black_box(0.5));)+
                for _ in 0..rounds {
                    $($x = S::mul_add($x, a, b);)+
                }
                let mut sum = S::splat(0.0);
                $(sum = S::add(sum, $x);)+
                let mut out = [0.0f32; 16];
                S::store(out.as_mut_ptr(), sum);
                black_box(out);
            };
        }
        run!(x0 x1 x2 x3 x4 x5 x6 x7 x8 x9 x10 x11);
    }
}
