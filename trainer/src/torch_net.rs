//! The forward function of a WaveNet in libtorch, differentiable and on any device.

use crate::TrainerError;
use shared::model::{Activation, Gating, HeadSource, LayerArray, Residual, WaveNetSpec};
use tch::{Device, Kind, Tensor};

/// Says whether the trainer can train an architecture. Every engine runs more than this.
///
/// # Errors
/// What it cannot train, in words; or the architecture itself is impossible.
pub fn check_trainable(spec: &WaveNetSpec) -> Result<(), TrainerError> {
    spec.validate()?;
    let refuse = |what: String| Err(TrainerError::Untrainable(what));
    if spec.condition.is_some() {
        return refuse("it has a condition network; leave `condition` out".into());
    }
    if spec.post_head.is_some() {
        return refuse("it has convolutions after the head; leave `post_head` out".into());
    }
    for (i, array) in spec.arrays.iter().enumerate() {
        if array.films != shared::model::FilmSlots::default() {
            return refuse(format!("array {i} has feature-wise modulations; leave `films` out"));
        }
        if array.head1x1.is_some() {
            return refuse(format!("array {i} has a 1x1 before its head; leave `head1x1` out"));
        }
        let groups = [Some(array.conv_groups), array.mixin_groups, array.layer1x1_groups];
        if let Some(groups) = groups.into_iter().flatten().find(|&g| g != 1) {
            return refuse(format!("array {i} has convolutions in {groups} groups; write 1"));
        }
        for (j, layer) in array.layers.iter().enumerate() {
            if layer.gating != Gating::None {
                return refuse(format!("layer {j} of array {i} is gated; leave `gating` out"));
            }
            if matches!(layer.activation, Activation::Prelu { .. } | Activation::LeakyHardtanh { .. }) {
                return refuse(format!(
                    "layer {j} of array {i} has the activation {:?}; choose one with fixed slopes, such as tanh or leaky_relu",
                    layer.activation
                ));
            }
        }
    }
    Ok(())
}

/// A WaveNet in libtorch: its weights are views of one flat vector, in the order of
/// [`WaveNetSpec::tensors`], and leaves of the automatic differentiation.
#[derive(Debug)]
pub struct TorchNet {
    spec: WaveNetSpec,
    flat: Tensor,
    leaves: Vec<Tensor>,
}

impl TorchNet {
    /// A network with all weights 0 on `device`.
    ///
    /// # Errors
    /// The architecture is one of those that [`check_trainable`] refuses, or the device fails.
    pub fn new(spec: &WaveNetSpec, device: Device) -> Result<Self, TrainerError> {
        check_trainable(spec)?;
        let flat = Tensor::f_zeros([spec.weight_count() as i64], (Kind::Float, device))?;
        let mut leaves = Vec::new();
        for tensor in spec.tensors() {
            let shape: Vec<i64> = tensor.shape.iter().map(|&d| d as i64).collect();
            let view =
                flat.f_narrow(0, tensor.offset as i64, tensor.len() as i64)?.f_view(shape.as_slice())?;
            leaves.push(view.f_detach()?.f_set_requires_grad(true)?);
        }
        Ok(Self { spec: spec.clone(), flat, leaves })
    }

    /// The device the weights lie on.
    pub fn device(&self) -> Device {
        self.flat.device()
    }

    /// All weights, as the one vector that the tensors are views of: changed in place, the network changes.
    pub(crate) fn flat(&self) -> Tensor {
        self.flat.shallow_clone()
    }

    /// The architecture.
    pub fn spec(&self) -> &WaveNetSpec {
        &self.spec
    }

    /// Replaces all weights.
    ///
    /// # Errors
    /// libtorch fails.
    ///
    /// # Panics
    /// The number of weights is not the network's.
    pub fn set_weights(&mut self, weights: &[f32]) -> Result<(), TrainerError> {
        assert_eq!(weights.len(), self.flat.numel(), "number of weights");
        let new = Tensor::f_from_slice(weights)?;
        tch::no_grad(|| self.flat.f_copy_(&new))?;
        Ok(())
    }

    /// Runs `audio` of shape `[batch, 1, length]` and gives `[batch, 1, length - receptive field
    /// + 1]`: convolutions without padding, so that the first samples are context only. Output `i`
    /// answers input `i + receptive field - 1 - look-ahead`.
    ///
    /// # Errors
    /// libtorch fails, for instance for want of memory.
    pub fn forward(&self, audio: &Tensor) -> Result<Tensor, TrainerError> {
        let mut weights = self.leaves.iter();
        let mut next = || weights.next().expect("the leaves are those of the spec that is walked");
        let mut input = audio.shallow_clone();
        let mut head: Option<Tensor> = None;
        for array in &self.spec.arrays {
            let weight = next();
            let bias = array.input_bias.then(&mut next);
            let mut hidden = input.f_conv1d(weight, bias, 1, 0, 1, 1)?;
            let reach: usize = array.layers.iter().map(|l| (l.kernel_size - 1) * l.dilation).sum();
            let length = hidden.size()[2] - reach as i64;
            let mut sum = head.as_ref().map(|h| last(h, length)).transpose()?;
            for layer in &array.layers {
                let (weight, bias) = (next(), next());
                let mut z = hidden.f_conv1d(weight, Some(bias), 1, 0, layer.dilation as i64, 1)?;
                let samples = z.size()[2];
                if array.mixin_groups.is_some() {
                    let mixin = last(audio, samples)?.f_conv1d(next(), None::<&Tensor>, 1, 0, 1, 1)?;
                    z = z.f_add(&mixin)?;
                }
                z = activate(&layer.activation, &z)?;
                if array.head.source == HeadSource::SkipSum {
                    let tail = last(&z, length)?;
                    sum = Some(match sum {
                        Some(sum) => sum.f_add(&tail)?,
                        None => tail,
                    });
                }
                let aligned = self.align(&hidden, samples)?;
                hidden = self.residual(array, aligned, &z, &mut next)?;
            }
            let source = match array.head.source {
                HeadSource::Hidden => hidden.shallow_clone(),
                HeadSource::SkipSum => sum.unwrap_or_else(|| hidden.shallow_clone()),
            };
            let weight = next();
            let bias = array.head.bias.then(&mut next);
            head = Some(source.f_conv1d(weight, bias, 1, 0, array.head.dilation as i64, 1)?);
            // The next array's layers must not start before the samples its head sum has.
            let samples = hidden.size()[2] - ((array.head.kernel_size - 1) * array.head.dilation) as i64;
            input = last(&hidden, samples)?;
        }
        let output = head.unwrap_or(input);
        Ok(output.f_mul_scalar(f64::from(self.spec.head_scale))?)
    }

    /// The hidden signal after a layer with the activations `z`.
    fn residual<'a>(
        &self,
        array: &LayerArray,
        hidden: Tensor,
        z: &Tensor,
        next: &mut impl FnMut() -> &'a Tensor,
    ) -> Result<Tensor, TrainerError> {
        if array.layer1x1_groups.is_some() {
            let (weight, bias) = (next(), next());
            return Ok(hidden.f_add(&z.f_conv1d(weight, Some(bias), 1, 0, 1, 1)?)?);
        }
        Ok(match array.residual {
            Residual::Keep => hidden,
            Residual::Add => hidden.f_add(z)?,
            Residual::Replace => z.shallow_clone(),
        })
    }

    /// The part of the hidden signal that lies under a layer's output.
    fn align(&self, hidden: &Tensor, samples: i64) -> Result<Tensor, TrainerError> {
        let excess = hidden.size()[2] - samples;
        let start = if self.spec.causal { excess } else { excess / 2 };
        Ok(hidden.f_narrow(2, start, samples)?)
    }

    /// The gradient of a scalar with respect to all weights, as one flat vector on the device.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn gradient(&self, loss: &Tensor) -> Result<Tensor, TrainerError> {
        let gradients = Tensor::f_run_backward(&[loss], &self.leaves, false, false)?;
        tch::no_grad(|| {
            let mut flat = Vec::with_capacity(gradients.len());
            for (gradient, leaf) in gradients.iter().zip(&self.leaves) {
                // A weight that reaches no output (the last layer's 1x1 in NAM's shape) has none.
                flat.push(match gradient.defined() {
                    true => gradient.f_reshape([-1])?,
                    false => leaf.f_zeros_like()?.f_reshape([-1])?,
                });
            }
            Ok(Tensor::f_cat(&flat, 0)?)
        })
    }

    /// Runs one channel that has its context in front (and behind, for a network that looks ahead):
    /// `receptive field - 1` samples more than come out. Nothing is recorded for gradients.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn run(&self, input: &[f32]) -> Result<Vec<f32>, TrainerError> {
        tch::no_grad(|| {
            let audio = Tensor::f_from_slice(input)?.f_view([1, 1, -1])?.f_to_device(self.device())?;
            to_vec(&self.forward(&audio)?)
        })
    }
}

/// The values of a tensor, in row-major order.
///
/// # Errors
/// libtorch fails.
pub fn to_vec(tensor: &Tensor) -> Result<Vec<f32>, TrainerError> {
    let flat = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?.f_view([-1])?;
    Ok(Vec::<f32>::try_from(&flat)?)
}

fn last(tensor: &Tensor, samples: i64) -> Result<Tensor, TrainerError> {
    let length = tensor.size()[2];
    if length == samples {
        return Ok(tensor.shallow_clone());
    }
    Ok(tensor.f_narrow(2, length - samples, samples)?)
}

fn activate(activation: &Activation, x: &Tensor) -> Result<Tensor, TrainerError> {
    Ok(match activation {
        Activation::Identity => x.shallow_clone(),
        Activation::Tanh => x.f_tanh()?,
        Activation::Sigmoid => x.f_sigmoid()?,
        Activation::Relu => x.f_relu()?,
        Activation::LeakyRelu { negative_slope } => {
            let slope = f64::from(*negative_slope);
            // max(x, 0) + slope * min(x, 0): tch's leaky_relu has no slope to set.
            x.f_clamp_min(0.0)?.f_add(&x.f_clamp_max(0.0)?.f_mul_scalar(slope)?)?
        }
        Activation::Silu => x.f_silu()?,
        Activation::Hardtanh => x.f_clamp(-1.0, 1.0)?,
        Activation::Hardswish => x.f_hardswish()?,
        Activation::Softsign => x.f_div(&x.f_abs()?.f_add_scalar(1.0)?)?,
        Activation::Prelu { .. } | Activation::LeakyHardtanh { .. } => {
            return Err(TrainerError::Untrainable(format!("activation {activation:?}")));
        }
    })
}
