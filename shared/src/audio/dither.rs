//! Rounding without distortion.

/// Noise with the triangular distribution between -1 and 1: the sum of two uniform ones. Added before
/// rounding it makes the error's mean and power independent of the signal (Lipshitz, Wannamaker and Vanderkooy,
/// "Quantization and dither: a theoretical survey", 1992). The same each time, so that a file can be made again.
pub(super) struct Dither {
    state: u64,
}

impl Dither {
    pub fn new() -> Self {
        Self { state: 0 }
    }

    /// The next value, in steps of the result. The numbers are SplitMix64's (Steele, Lea and Flood, "Fast splittable
    /// pseudorandom number generators", 2014).
    #[inline]
    fn next(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let sum = (bits >> 32) as i64 + (bits & 0xffff_ffff) as i64 - (1 << 32);
        sum as f64 / (1u64 << 32) as f64
    }

    /// A sample, full scale 1, as an integer of so many bits.
    #[inline]
    pub fn quantise(&mut self, sample: f32, bits: u16) -> i32 {
        let full_scale = f64::from(1u32 << (bits - 1));
        let value = (f64::from(sample) * full_scale + self.next()).round();
        value.clamp(-full_scale, full_scale - 1.0) as i32
    }
}
