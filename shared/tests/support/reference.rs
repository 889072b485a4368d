//! Recurrent and linear models computed plainly, in double precision.

use shared::model::{Linear, Lstm};

/// What an LSTM answers, after its warm-up.
pub fn lstm(net: &Lstm, input: &[f32]) -> Vec<f32> {
    let spec = net.spec();
    let tensors = spec.tensors();
    let values =
        |i: usize| -> Vec<f64> { net.weights()[tensors[i].range()].iter().map(|&w| f64::from(w)).collect() };
    let layers: Vec<_> = (0..spec.layers).map(|l| (values(4 * l), values(4 * l + 1))).collect();
    let mut states: Vec<_> = (0..spec.layers).map(|l| (values(4 * l + 2), values(4 * l + 3))).collect();
    let (head, bias) = (values(4 * spec.layers), values(4 * spec.layers + 1)[0]);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let audio = std::iter::repeat_n(0.0, spec.warm_up_samples).chain(input.iter().map(|&x| f64::from(x)));
    let answers = audio.map(|sample| {
        let mut x = vec![sample];
        for ((weight, bias), (h, c)) in layers.iter().zip(&mut states) {
            x.extend_from_slice(h);
            let gates: Vec<f64> = bias
                .iter()
                .zip(weight.chunks_exact(x.len()))
                .map(|(bias, row)| bias + row.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>())
                .collect();
            for cell in 0..spec.hidden {
                let gate = |i: usize| gates[i * spec.hidden + cell];
                c[cell] = sigmoid(gate(1)) * c[cell] + sigmoid(gate(0)) * gate(2).tanh();
                h[cell] = sigmoid(gate(3)) * c[cell].tanh();
            }
            x.clone_from(h);
        }
        (bias + head.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>()) as f32
    });
    answers.skip(spec.warm_up_samples).collect()
}

/// What an impulse response answers.
pub fn linear(net: &Linear, input: &[f32]) -> Vec<f32> {
    (0..input.len())
        .map(|t| {
            let past = input[..=t].iter().rev();
            let products =
                net.impulse_response().iter().zip(past).map(|(h, x)| f64::from(*h) * f64::from(*x));
            (f64::from(net.bias()) + products.sum::<f64>()) as f32
        })
        .collect()
}
