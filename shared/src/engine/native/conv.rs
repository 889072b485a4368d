//! Convolutions over tiles, with their past.

use super::rows::{Past, Rows, TILE};
use super::simd::{Level, dispatched, multiply_add};

/// Output channels computed together, so that one load of the input serves four of them.
const GROUP: usize = 4;
/// Samples computed together: a few vectors of accumulators that stay in registers.
pub const LANES: usize = 16;

/// A dilated convolution.
#[derive(Clone, Debug)]
pub struct Conv {
    inputs: usize,
    outputs: usize,
    groups: usize,
    dilation: usize,
    kernel_size: usize,
    /// `[group][block of GROUP outputs][tap][input][GROUP]`, missing outputs being 0.
    packed: Vec<f32>,
    /// One a output, padded as the weights are.
    bias: Vec<f32>,
    past: Option<Past>,
}

/// The shape of a [`Conv`].
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Rows it reads.
    pub inputs: usize,
    /// Rows it gives.
    pub outputs: usize,
    /// Taps.
    pub kernel_size: usize,
    /// Distance between taps, in samples.
    pub dilation: usize,
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl Conv {
    /// `weight` is `[outputs][inputs / groups][kernel_size]`, the last tap being the current sample.
    pub fn new(shape: Shape, weight: &[f32], bias: Option<&[f32]>) -> Self {
        let Shape { inputs, outputs, kernel_size, dilation, groups } = shape;
        let (in_each, out_each) = (inputs / groups, outputs / groups);
        let blocks = out_each.div_ceil(GROUP);
        let mut packed = Vec::with_capacity(groups * blocks * kernel_size * in_each * GROUP);
        let mut biases = Vec::with_capacity(groups * blocks * GROUP);
        for group in 0..groups {
            for block in 0..blocks {
                let output = |j: usize| {
                    let o = block * GROUP + j;
                    (o < out_each).then_some(group * out_each + o)
                };
                for tap in 0..kernel_size {
                    for input in 0..in_each {
                        packed.extend((0..GROUP).map(|j| {
                            output(j).map_or(0.0, |o| weight[(o * in_each + input) * kernel_size + tap])
                        }));
                    }
                }
                biases.extend((0..GROUP).map(|j| output(j).and_then(|o| bias.map(|b| b[o])).unwrap_or(0.0)));
            }
        }
        let history = (kernel_size - 1) * dilation;
        let past = (history > 0).then(|| Past::new(inputs, history));
        Self { inputs, outputs, groups, dilation, kernel_size, packed, bias: biases, past }
    }

    /// Rows it reads.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Rows it gives.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The past it keeps, if it needs one.
    pub fn past_mut(&mut self) -> Option<&mut Past> {
        self.past.as_mut()
    }

    /// Convolves the first `n` samples of `x`, at time `position`, into `y`.
    pub fn run(&mut self, level: Level, position: usize, n: usize, x: &Rows, y: &mut Rows) {
        let in_each = self.inputs / self.groups;
        let out_each = self.outputs / self.groups;
        if let Some(past) = &mut self.past {
            past.push(position, x, n);
        }
        let (data, stride) = match &self.past {
            Some(past) => (past.data(), past.stride()),
            None => (x.data(), TILE),
        };
        let columns = n.next_multiple_of(LANES);
        let block_len = self.kernel_size * in_each * GROUP;
        let blocks = out_each.div_ceil(GROUP);
        for group in 0..self.groups {
            for block in 0..blocks {
                let packed = &self.packed[(group * blocks + block) * block_len..][..block_len];
                let bias = &self.bias[(group * blocks + block) * GROUP..][..GROUP];
                let first = group * out_each + block * GROUP;
                let count = GROUP.min(out_each - block * GROUP);
                let taps = Taps {
                    data: &data[group * in_each * stride..],
                    stride,
                    inputs: in_each,
                    position,
                    mask: self.past.as_ref().map_or(0, |p| p.offset(usize::MAX, 0)),
                    dilation: self.dilation,
                    kernel_size: self.kernel_size,
                };
                let out = &mut y.data_mut()[first * TILE..][..count * TILE];
                convolve(level, &taps, packed, bias, columns, out);
            }
        }
    }

    /// The input of the convolution `delay` samples ago, `None` if it keeps no past.
    pub fn delayed(&self, channel: usize, position: usize, delay: usize) -> Option<&[f32]> {
        let past = self.past.as_ref()?;
        Some(past.tile(channel, past.offset(position, delay)))
    }
}

/// Where a block of outputs reads.
struct Taps<'a> {
    data: &'a [f32],
    stride: usize,
    inputs: usize,
    position: usize,
    mask: usize,
    dilation: usize,
    kernel_size: usize,
}

impl Taps<'_> {
    /// Where tap `tap` begins in each input's row.
    #[inline(always)]
    fn offset(&self, tap: usize) -> usize {
        self.position.wrapping_sub((self.kernel_size - 1 - tap) * self.dilation) & self.mask
    }
}

dispatched! {
    /// Writes up to [`GROUP`] rows of [`TILE`] samples, `columns` of each.
    fn convolve(taps: &Taps<'_>, packed: &[f32], bias: &[f32], columns: usize, out: &mut [f32]) = convolve_body
}

#[inline(always)]
fn convolve_body<const FUSED: bool>(
    taps: &Taps<'_>,
    packed: &[f32],
    bias: &[f32],
    columns: usize,
    out: &mut [f32],
) {
    for column in (0..columns).step_by(LANES) {
        // Four named accumulators: an array of them indexed in a loop would live in memory.
        let mut sum0 = [bias[0]; LANES];
        let mut sum1 = [bias[1]; LANES];
        let mut sum2 = [bias[2]; LANES];
        let mut sum3 = [bias[3]; LANES];
        let (weights, _) = packed.as_chunks::<GROUP>();
        for (tap, weights) in weights.chunks_exact(taps.inputs).enumerate() {
            let rows = &taps.data[taps.offset(tap) + column..];
            for (input, w) in weights.iter().enumerate() {
                let Some(x) = rows[input * taps.stride..].first_chunk::<LANES>() else { return };
                for lane in 0..LANES {
                    sum0[lane] = multiply_add::<FUSED>(w[0], x[lane], sum0[lane]);
                    sum1[lane] = multiply_add::<FUSED>(w[1], x[lane], sum1[lane]);
                    sum2[lane] = multiply_add::<FUSED>(w[2], x[lane], sum2[lane]);
                    sum3[lane] = multiply_add::<FUSED>(w[3], x[lane], sum3[lane]);
                }
            }
        }
        for (row, sum) in out.chunks_exact_mut(TILE).zip([sum0, sum1, sum2, sum3]) {
            row[column..column + LANES].copy_from_slice(&sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    #[test]
    fn equals_the_definition_for_every_shape_and_level() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for level in Level::available() {
            for (inputs, outputs, kernel_size, dilation, groups) in [
                (1, 1, 1, 1, 1),
                (1, 16, 1, 1, 1),
                (16, 16, 3, 512, 1),
                (3, 5, 2, 7, 1),
                (8, 4, 6, 3, 4),
                (6, 9, 15, 1, 3),
            ] {
                let mut random =
                    |n: usize| (0..n).map(|_| rng.random_range(-1.0..1.0f32)).collect::<Vec<_>>();
                let weight = random(outputs * inputs / groups * kernel_size);
                let bias = random(outputs);
                let signal: Vec<Vec<f32>> = (0..inputs).map(|_| random(1500)).collect();
                let shape = Shape { inputs, outputs, kernel_size, dilation, groups };
                let mut conv = Conv::new(shape, &weight, Some(&bias));
                let (mut x, mut y) = (Rows::new(inputs), Rows::new(outputs));
                let (mut at, mut n) = (0, 1);
                while at < 1500 {
                    for (i, s) in signal.iter().enumerate() {
                        x.row_mut(i)[..n].copy_from_slice(&s[at..at + n]);
                    }
                    conv.run(level, at, n, &x, &mut y);
                    for o in 0..outputs {
                        for t in 0..n {
                            let mut want = f64::from(bias[o]);
                            let in_each = inputs / groups;
                            for c in 0..in_each {
                                for k in 0..kernel_size {
                                    let back = (kernel_size - 1 - k) * dilation;
                                    if at + t >= back {
                                        let s = signal[o / (outputs / groups) * in_each + c][at + t - back];
                                        want += f64::from(weight[(o * in_each + c) * kernel_size + k])
                                            * f64::from(s);
                                    }
                                }
                            }
                            let got = f64::from(y.row(o)[t]);
                            assert!(
                                (got - want).abs() < 1e-5,
                                "{level:?} {shape:?} at {}: {got} {want}",
                                at + t
                            );
                        }
                    }
                    at += n;
                    n = (n % TILE + 5).min(TILE).min(1500 - at);
                }
            }
        }
    }
}
