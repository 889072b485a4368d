//! What training makes small, and its gradient with respect to the network's output.
//!
//! Every term is relative to the mean power of the whole training target, not of the batch at
//! hand. A batch's loss is then an unbiased estimate of the recording's error-to-signal ratio, and
//! a sum over segments that worker threads can compute apart.

use crate::TrainerError;
use crate::torch_net::to_vec;
use tch::{Kind, Tensor};

/// Weights of the terms.
#[derive(Clone, Debug, PartialEq)]
pub struct LossWeights {
    /// Error-to-signal ratio after pre-emphasis.
    pub esr: f64,
    /// Pre-emphasis `y[n] - c y[n - 1]` (Wright et al., "Real-Time Guitar Amplifier Emulation with
    /// Deep Learning", 2020): it makes the ear's sensitive range count.
    pub pre_emphasis: f64,
    /// Error-to-signal ratio as it is measured at the end, without pre-emphasis.
    pub plain_esr: f64,
    /// Square of each segment's mean error: constant offsets.
    pub dc: f64,
    /// Multi-resolution STFT distance.
    pub mrstft: f64,
    /// Its FFT sizes, in samples.
    pub mrstft_ffts: Vec<usize>,
}

/// The loss for one training target.
#[derive(Clone, Debug)]
pub struct Loss {
    weights: LossWeights,
    power: f64,
    emphasised_power: f64,
}

/// Loss and squared error of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SegmentLoss {
    /// The weighted sum of all terms.
    pub loss: f64,
    /// Sum of the squared errors.
    pub error_energy: f64,
}

impl Loss {
    /// The loss relative to `target`, the whole training target.
    pub fn new(weights: &LossWeights, target: &[f32]) -> Self {
        // A target of nothing but silence is refused before; this only keeps the division finite.
        let power = |p: f64| p.max(1e-12);
        let c = weights.pre_emphasis;
        let emphasised: f64 =
            target.windows(2).map(|w| (f64::from(w[1]) - c * f64::from(w[0])).powi(2)).sum();
        Self {
            weights: weights.clone(),
            power: power(crate::data::power(target)),
            emphasised_power: power(emphasised / target.len().saturating_sub(1).max(1) as f64),
        }
    }

    /// The same loss relative to another target.
    pub fn relative_to(&self, target: &[f32]) -> Self {
        Self::new(&self.weights, target)
    }

    /// Mean power of the training target.
    pub fn power(&self) -> f64 {
        self.power
    }

    /// The loss of one of `segments` equally long segments, as its share of the batch's loss, and
    /// in `d_output` its gradient with respect to `output`.
    ///
    /// # Errors
    /// libtorch fails (only with the STFT term).
    pub fn segment(
        &self,
        output: &[f32],
        target: &[f32],
        segments: usize,
        d_output: &mut [f32],
    ) -> Result<SegmentLoss, TrainerError> {
        let n = output.len();
        let share = 1.0 / segments as f64;
        let (mut sum, mut energy) = (0.0f64, 0.0f64);
        for (d, (y, t)) in d_output.iter_mut().zip(output.iter().zip(target)) {
            let error = y - t;
            *d = error;
            sum += f64::from(error);
            energy += f64::from(error) * f64::from(error);
        }
        let w = &self.weights;
        let plain = w.plain_esr * share / (n as f64 * self.power);
        let emphasised = w.esr * share / ((n - 1).max(1) as f64 * self.emphasised_power);
        let offset = w.dc * share / self.power;
        let mean = sum / n as f64;
        let mut loss = plain * energy + offset * mean * mean;

        let c = w.pre_emphasis as f32;
        let constant = (2.0 * offset * mean / n as f64) as f32;
        let (plain, emphasised) = ((2.0 * plain) as f32, 2.0 * emphasised);
        let (mut emphasised_energy, mut before) = (0.0f64, 0.0f32);
        let mut previous = None;
        for i in 0..n {
            // d_output still holds the errors from here on; `before` is the emphasised error at i.
            let error = d_output[i];
            let here = previous.map_or(0.0, |p: f32| error - c * p);
            emphasised_energy += f64::from(here) * f64::from(here);
            if i > 0 {
                d_output[i - 1] += emphasised as f32 * (before - c * here);
            }
            d_output[i] = plain * error + constant;
            (before, previous) = (here, Some(error));
        }
        if let Some(d) = d_output.last_mut() {
            *d += emphasised as f32 * before;
        }
        loss += 0.5 * emphasised * emphasised_energy;

        if w.mrstft > 0.0 {
            let y = Tensor::f_from_slice(output)?.f_view([1, -1])?.f_set_requires_grad(true)?;
            let t = Tensor::f_from_slice(target)?.f_view([1, -1])?;
            let term = mrstft(&y, &t, &w.mrstft_ffts)?.f_mul_scalar(w.mrstft * share)?;
            let gradient = Tensor::f_run_backward(&[&term], &[&y], false, false)?;
            for (d, g) in d_output.iter_mut().zip(to_vec(&gradient[0])?) {
                *d += g;
            }
            loss += term.f_double_value(&[])?;
        }
        Ok(SegmentLoss { loss, error_energy: energy })
    }

    /// The same loss of a whole batch, `output` and `target` of shape `[segments, samples]`, for
    /// libtorch to differentiate.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn batch(&self, output: &Tensor, target: &Tensor) -> Result<Tensor, TrainerError> {
        let w = &self.weights;
        let error = output.f_sub(target)?;
        let n = error.size()[1];
        let mean_square = |t: &Tensor| t.f_square()?.f_mean(Kind::Float);
        let mut loss = mean_square(&error)?.f_mul_scalar(w.plain_esr / self.power)?;
        let offset = mean_square(&error.f_mean_dim(1, false, Kind::Float)?)?;
        loss = loss.f_add(&offset.f_mul_scalar(w.dc / self.power)?)?;
        let delayed = error.f_narrow(1, 0, n - 1)?.f_mul_scalar(w.pre_emphasis)?;
        let emphasised = mean_square(&error.f_narrow(1, 1, n - 1)?.f_sub(&delayed)?)?;
        loss = loss.f_add(&emphasised.f_mul_scalar(w.esr / self.emphasised_power)?)?;
        if w.mrstft > 0.0 {
            loss = loss.f_add(&mrstft(output, target, &w.mrstft_ffts)?.f_mul_scalar(w.mrstft)?)?;
        }
        Ok(loss)
    }
}

/// Multi-resolution STFT distance of `[signals, samples]`, mean over signals: spectral convergence
/// plus the mean difference of log magnitudes, mean over FFT sizes (Yamamoto et al., "Parallel
/// WaveGAN", 2020; hop of an eighth, Hann window of half the FFT size).
///
/// # Errors
/// libtorch fails.
pub fn mrstft(output: &Tensor, target: &Tensor, ffts: &[usize]) -> Result<Tensor, TrainerError> {
    let mut total = Tensor::f_zeros([], (Kind::Float, output.device()))?;
    for &fft in ffts {
        let fft = fft as i64;
        let window = Tensor::f_hann_window(fft / 2, (Kind::Float, output.device()))?;
        let magnitude = |signal: &Tensor| -> Result<Tensor, TrainerError> {
            let z = signal.f_stft(fft, fft / 8, fft / 2, Some(&window), false, true, true, false)?;
            let power = z.f_view_as_real()?.f_square()?.f_sum_dim_intlist(-1, false, Kind::Float)?;
            Ok(power.f_clamp_min(1e-8)?.f_sqrt()?)
        };
        let (y, t) = (magnitude(output)?, magnitude(target)?);
        let dims = [1i64, 2];
        let energy = |x: &Tensor| x.f_square()?.f_sum_dim_intlist(&dims[..], false, Kind::Float)?.f_sqrt();
        // Bounded below: the root has no slope at 0, and a silent target has no energy.
        let apart = t
            .f_sub(&y)?
            .f_square()?
            .f_sum_dim_intlist(&dims[..], false, Kind::Float)?
            .f_clamp_min(1e-12)?
            .f_sqrt()?;
        let convergence = apart.f_div(&energy(&t)?.f_clamp_min(1e-6)?)?.f_mean(Kind::Float)?;
        let log = y.f_log()?.f_sub(&t.f_log()?)?.f_abs()?.f_mean(Kind::Float)?;
        total = total.f_add(&convergence)?.f_add(&log)?;
    }
    Ok(total.f_div_scalar(ffts.len().max(1) as f64)?)
}
