//! The gradient of a network whose weights follow the knobs.

use crate::TrainerError;
use crate::gradient::SegmentNetwork;
use shared::model::ParametricSpec;

/// A network with the knobs in front of it: its weights are those of [`ParametricSpec::tensors`].
#[derive(Debug)]
pub struct KnobSegment<N> {
    spec: ParametricSpec,
    network: N,
    /// The plain network's weights at the last settings, and their gradient.
    plain: Vec<f32>,
    d_plain: Vec<f32>,
}

impl<N: SegmentNetwork> KnobSegment<N> {
    /// Puts knobs in front of a network.
    pub fn new(spec: ParametricSpec, network: N) -> Self {
        let d_plain = vec![0.0; spec.network.weight_count()];
        Self { spec, network, plain: Vec::new(), d_plain }
    }
}

impl<N: SegmentNetwork> SegmentNetwork for KnobSegment<N> {
    fn forward(
        &mut self,
        weights: &[f32],
        settings: &[f32],
        input: &[f32],
        output: &mut [f32],
    ) -> Result<(), TrainerError> {
        self.plain = self.spec.weights_at(weights, settings);
        self.network.forward(&self.plain, settings, input, output)
    }

    /// With `w = base + Σ_j r_j turned_j`, `r = tanh(A x + b)` and `g` the gradient of the plain weights:
    /// `d base = g`, `d turned_j = r_j g`, `d b_j = (1 - r_j²) <turned_j, g>` and `d A_j = d b_j x`.
    fn backward(
        &mut self,
        weights: &[f32],
        settings: &[f32],
        d_output: &[f32],
        gradient: &mut [f32],
    ) -> Result<(), TrainerError> {
        self.d_plain.fill(0.0);
        self.network.backward(&self.plain, settings, d_output, &mut self.d_plain)?;
        let (knobs, features, plain) = (self.spec.knobs.len(), self.spec.features, self.d_plain.len());
        let rows = self.spec.rows(weights, settings);
        let turns: Vec<f32> = self.spec.turns(settings).collect();
        let turned = &weights[features * (knobs + 1) + plain..];
        let (d_a, rest) = gradient.split_at_mut(features * knobs);
        let (d_b, rest) = rest.split_at_mut(features);
        let (d_base, d_turned) = rest.split_at_mut(plain);
        d_base.iter_mut().zip(&self.d_plain).for_each(|(sum, g)| *sum += g);
        let of_turned = turned.chunks_exact(plain).zip(d_turned.chunks_exact_mut(plain));
        for (j, (row, d_row)) in of_turned.enumerate() {
            let mut along = 0.0f64;
            for ((w, d), g) in row.iter().zip(d_row).zip(&self.d_plain) {
                *d += rows[j] * g;
                along += f64::from(*w) * f64::from(*g);
            }
            let d_sum = ((1.0 - f64::from(rows[j]).powi(2)) * along) as f32;
            d_b[j] += d_sum;
            let d_a = &mut d_a[j * knobs..(j + 1) * knobs];
            d_a.iter_mut().zip(&turns).for_each(|(sum, x)| *sum += d_sum * x);
        }
        Ok(())
    }
}
