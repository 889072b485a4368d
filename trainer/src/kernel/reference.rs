//! The network and its gradient in plain double precision, written to be read.

use shared::model::{Activation, HeadSource, Residual, WaveNetSpec};

type Signal = Vec<Vec<f64>>;

/// Output and, given the gradient by the output, the gradient by the weights.
pub(super) struct Reference<'a> {
    pub spec: &'a WaveNetSpec,
    pub weights: &'a [f64],
}

fn value(activation: &Activation, x: f64) -> f64 {
    match activation {
        Activation::Identity => x,
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Relu => x.max(0.0),
        Activation::LeakyRelu { negative_slope } => {
            if x > 0.0 {
                x
            } else {
                f64::from(*negative_slope) * x
            }
        }
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Hardtanh => x.clamp(-1.0, 1.0),
        Activation::Softsign => x / (1.0 + x.abs()),
        other => panic!("{other:?}"),
    }
}

fn slope(activation: &Activation, x: f64) -> f64 {
    let s = 1.0 / (1.0 + (-x).exp());
    match activation {
        Activation::Identity => 1.0,
        Activation::Tanh => 1.0 - x.tanh().powi(2),
        Activation::Sigmoid => s * (1.0 - s),
        Activation::Relu => {
            if x > 0.0 {
                1.0
            } else {
                0.0
            }
        }
        Activation::LeakyRelu { negative_slope } => {
            if x > 0.0 {
                1.0
            } else {
                f64::from(*negative_slope)
            }
        }
        Activation::Silu => s + x * s * (1.0 - s),
        Activation::Hardtanh => {
            if x.abs() < 1.0 {
                1.0
            } else {
                0.0
            }
        }
        Activation::Softsign => (1.0 + x.abs()).powi(-2),
        other => panic!("{other:?}"),
    }
}

/// `n` samples of every row, from sample `begin` on.
fn crop(x: &Signal, begin: usize, n: usize) -> Signal {
    x.iter().map(|row| row[begin..begin + n].to_vec()).collect()
}

fn add_at(to: &mut Signal, begin: usize, from: &Signal) {
    for (to, from) in to.iter_mut().zip(from) {
        to[begin..].iter_mut().zip(from).for_each(|(t, f)| *t += f);
    }
}

fn zeros(rows: usize, n: usize) -> Signal {
    vec![vec![0.0; n]; rows]
}

/// A convolution's place among the weights.
#[derive(Clone)]
struct Conv {
    weight: usize,
    bias: Option<usize>,
    out: usize,
    taps: usize,
    dilation: usize,
}

impl Conv {
    fn reach(&self) -> usize {
        (self.taps - 1) * self.dilation
    }

    fn forward(&self, w: &[f64], x: &Signal) -> Signal {
        let n = x[0].len() - self.reach();
        let mut y = zeros(self.out, n);
        for (o, row) in y.iter_mut().enumerate() {
            row.fill(self.bias.map_or(0.0, |b| w[b + o]));
            for (c, x_row) in x.iter().enumerate() {
                for k in 0..self.taps {
                    let weight = w[self.weight + (o * x.len() + c) * self.taps + k];
                    row.iter_mut().zip(&x_row[k * self.dilation..]).for_each(|(y, x)| *y += weight * x);
                }
            }
        }
        y
    }

    /// Adds to the gradient by the weights and gives the gradient by the input.
    fn backward(&self, w: &[f64], x: &Signal, dy: &Signal, dw: &mut [f64]) -> Signal {
        let mut dx = zeros(x.len(), x[0].len());
        for (o, dy) in dy.iter().enumerate() {
            if let Some(bias) = self.bias {
                dw[bias + o] += dy.iter().sum::<f64>();
            }
            for c in 0..x.len() {
                for k in 0..self.taps {
                    let (at, shift) = (self.weight + (o * x.len() + c) * self.taps + k, k * self.dilation);
                    dw[at] += dy.iter().zip(&x[c][shift..]).map(|(d, x)| d * x).sum::<f64>();
                    dx[c][shift..].iter_mut().zip(dy).for_each(|(dx, d)| *dx += w[at] * d);
                }
            }
        }
        dx
    }
}

/// What the backward pass needs of a layer.
struct LayerTape {
    conv: Conv,
    mixin: Option<Conv>,
    one_by_one: Option<Conv>,
    hidden: Signal,
    sums: Signal,
    values: Signal,
    /// Where the residual path is cropped.
    crop: usize,
}

struct ArrayTape {
    input: Conv,
    input_signal: Signal,
    layers: Vec<LayerTape>,
    head: Conv,
    source: Signal,
}

impl Reference<'_> {
    fn conv(&self, name: &str, dilation: usize) -> Option<Conv> {
        let tensors = self.spec.tensors();
        let find = |what: &str| tensors.iter().find(|t| t.name == format!("{name}.{what}"));
        let weight = find("weight")?;
        let bias = find("bias").map(|t| t.offset);
        Some(Conv { weight: weight.offset, bias, out: weight.shape[0], taps: weight.shape[2], dilation })
    }

    /// Output of a segment and its gradient by the weights, given that by the output.
    pub(super) fn run(&self, input: &[f64], d_output: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let w = self.weights;
        let audio = vec![input.to_vec()];
        let mut tape: Vec<ArrayTape> = Vec::new();
        let mut signal = audio.clone();
        let mut head_sum: Option<Signal> = None;
        for (i, array) in self.spec.arrays.iter().enumerate() {
            let conv = self.conv(&format!("array{i}.input"), 1).unwrap();
            let mut hidden = conv.forward(w, &signal);
            let skips = array.head.source == HeadSource::SkipSum;
            let total: usize = array.layers.iter().map(|l| (l.kernel_size - 1) * l.dilation).sum();
            let left = hidden[0].len() - total;
            let mut sum = zeros(array.channels, left);
            if let Some(head) = &head_sum {
                add_at(&mut sum, 0, &crop(head, head[0].len() - left, left));
            }
            let mut layers = Vec::new();
            for (j, layer) in array.layers.iter().enumerate() {
                let name = format!("array{i}.layer{j}");
                let conv = self.conv(&format!("{name}.conv"), layer.dilation).unwrap();
                let mut sums = conv.forward(w, &hidden);
                let n = sums[0].len();
                let mixin = self.conv(&format!("{name}.mixin"), 1);
                if let Some(mixin) = &mixin {
                    add_at(&mut sums, 0, &mixin.forward(w, &crop(&audio, input.len() - n, n)));
                }
                let values: Signal =
                    sums.iter().map(|r| r.iter().map(|&x| value(&layer.activation, x)).collect()).collect();
                if skips {
                    add_at(&mut sum, 0, &crop(&values, n - left, left));
                }
                let at = if self.spec.causal { conv.reach() } else { conv.reach() / 2 };
                let mut next = crop(&hidden, at, n);
                let one_by_one = self.conv(&format!("{name}.layer1x1"), 1);
                match &one_by_one {
                    Some(conv) => add_at(&mut next, 0, &conv.forward(w, &values)),
                    None if array.residual == Residual::Add => add_at(&mut next, 0, &values),
                    None => {}
                }
                let hidden = std::mem::replace(&mut hidden, next);
                layers.push(LayerTape { conv, mixin, one_by_one, hidden, sums, values, crop: at });
            }
            let head = self.conv(&format!("array{i}.head"), array.head.dilation).unwrap();
            let source = if skips { sum } else { hidden.clone() };
            let out = head.forward(w, &source);
            let n = out[0].len();
            let input_signal = std::mem::replace(&mut signal, crop(&hidden, hidden[0].len() - n, n));
            head_sum = Some(out);
            tape.push(ArrayTape { input: conv, input_signal, layers, head, source });
        }
        let scale = f64::from(self.spec.head_scale);
        let output: Vec<f64> = head_sum.unwrap()[0].iter().map(|y| y * scale).collect();

        let mut dw = vec![0.0; w.len()];
        let mut d_head = vec![d_output.iter().map(|d| d * scale).collect::<Vec<f64>>()];
        let mut d_signal: Option<Signal> = None;
        for (i, tape) in tape.iter().enumerate().rev() {
            let array = &self.spec.arrays[i];
            let skips = array.head.source == HeadSource::SkipSum;
            let d_source = tape.head.backward(w, &tape.source, &d_head, &mut dw);
            let n = d_source[0].len();
            let mut d_hidden = zeros(array.channels, n);
            if let Some(d) = &d_signal {
                add_at(&mut d_hidden, n - d[0].len(), d);
            }
            if !skips {
                add_at(&mut d_hidden, 0, &d_source);
            }
            for (j, layer) in tape.layers.iter().enumerate().rev() {
                let n = layer.sums[0].len();
                let mut d = match &layer.one_by_one {
                    Some(conv) => conv.backward(w, &layer.values, &d_hidden, &mut dw),
                    None if array.residual == Residual::Add => d_hidden.clone(),
                    None => zeros(array.channels, n),
                };
                if skips {
                    add_at(&mut d, n - d_source[0].len(), &d_source);
                }
                for (d, x) in d.iter_mut().flatten().zip(layer.sums.iter().flatten()) {
                    *d *= slope(&array.layers[j].activation, *x);
                }
                if let Some(mixin) = &layer.mixin {
                    mixin.backward(w, &crop(&audio, input.len() - n, n), &d, &mut dw);
                }
                let mut d_previous = layer.conv.backward(w, &layer.hidden, &d, &mut dw);
                add_at(&mut d_previous, layer.crop, &d_hidden);
                d_hidden = d_previous;
            }
            d_signal = Some(tape.input.backward(w, &tape.input_signal, &d_hidden, &mut dw));
            // The head sum of the previous array is as long as its output; all of it is read from
            // its end on.
            let previous = d_signal.as_ref().map_or(0, |d| d[0].len());
            d_head = zeros(array.channels, previous);
            add_at(&mut d_head, previous - n, &d_source);
        }
        (output, dw)
    }
}
