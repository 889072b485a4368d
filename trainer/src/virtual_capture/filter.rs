//! Small filters that the virtual gear is built from, in double precision.

use std::f64::consts::PI;

/// A one-pole low-pass and its complement.
#[derive(Clone, Copy, Debug)]
pub struct OnePole {
    coefficient: f64,
    state: f64,
}

impl OnePole {
    /// Corner at `corner_hz`.
    pub fn new(corner_hz: f64, rate_hz: f64) -> Self {
        Self { coefficient: 1.0 - (-2.0 * PI * corner_hz / rate_hz).exp(), state: 0.0 }
    }

    /// What lies below the corner.
    pub fn low(&mut self, x: f64) -> f64 {
        self.state += self.coefficient * (x - self.state);
        self.state
    }

    /// What the low-pass last gave.
    pub fn state(&self) -> f64 {
        self.state
    }

    /// What lies above it.
    pub fn high(&mut self, x: f64) -> f64 {
        x - self.low(x)
    }
}

/// A second-order section, transposed direct form II.
#[derive(Clone, Copy, Debug)]
pub struct Biquad {
    /// Feed-forward coefficients.
    pub b: [f64; 3],
    /// Feedback coefficients of the last and the last but one output.
    pub a: [f64; 2],
    state: [f64; 2],
}

impl Biquad {
    /// A section with these coefficients.
    pub fn new(b: [f64; 3], a: [f64; 2]) -> Self {
        Self { b, a, state: [0.0; 2] }
    }

    /// A resonant low-pass (R. Bristow-Johnson, "Audio EQ Cookbook").
    pub fn low_pass(corner_hz: f64, q: f64, rate_hz: f64) -> Self {
        let w = 2.0 * PI * corner_hz / rate_hz;
        let alpha = w.sin() / (2.0 * q);
        let a0 = 1.0 + alpha;
        let b = (1.0 - w.cos()) / a0;
        Self::new([b / 2.0, b, b / 2.0], [-2.0 * w.cos() / a0, (1.0 - alpha) / a0])
    }

    /// The next sample.
    pub fn next(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.state[0];
        self.state[0] = self.b[1] * x - self.a[0] * y + self.state[1];
        self.state[1] = self.b[2] * x - self.a[1] * y;
        y
    }
}

/// A passive tone stack of three controls as a third-order filter: D. Yeh and J. Smith,
/// "Discretization of the '59 Fender Bassman Tone Stack", DAFx-06, equations 1 and 4.
#[derive(Clone, Copy, Debug)]
pub struct ToneStack {
    b: [f64; 4],
    a: [f64; 4],
    state: [f64; 3],
}

impl ToneStack {
    /// Controls from 0 to 1, with the component values of that paper.
    pub fn new(bass: f64, middle: f64, treble: f64, rate_hz: f64) -> Self {
        let (c1, c2, c3) = (0.25e-9, 20e-9, 20e-9);
        let (r1, r2, r3, r4) = (250e3, 1e6, 25e3, 56e3);
        let (l, m, t) = (bass, middle, treble);
        let b1 = t * c1 * r1 + m * c3 * r3 + l * (c1 * r2 + c2 * r2) + (c1 * r3 + c2 * r3);
        let b2 = t * (c1 * c2 * r1 * r4 + c1 * c3 * r1 * r4)
            - m * m * (c1 * c3 * r3 * r3 + c2 * c3 * r3 * r3)
            + m * (c1 * c3 * r1 * r3 + c1 * c3 * r3 * r3 + c2 * c3 * r3 * r3)
            + l * (c1 * c2 * r1 * r2 + c1 * c2 * r2 * r4 + c1 * c3 * r2 * r4)
            + l * m * (c1 * c3 * r2 * r3 + c2 * c3 * r2 * r3)
            + (c1 * c2 * r1 * r3 + c1 * c2 * r3 * r4 + c1 * c3 * r3 * r4);
        let b3 = l * m * (c1 * c2 * c3 * r1 * r2 * r3 + c1 * c2 * c3 * r2 * r3 * r4)
            - m * m * (c1 * c2 * c3 * r1 * r3 * r3 + c1 * c2 * c3 * r3 * r3 * r4)
            + m * (c1 * c2 * c3 * r1 * r3 * r3 + c1 * c2 * c3 * r3 * r3 * r4)
            + t * c1 * c2 * c3 * r1 * r3 * r4
            - t * m * c1 * c2 * c3 * r1 * r3 * r4
            + t * l * c1 * c2 * c3 * r1 * r2 * r4;
        let a1 = (c1 * r1 + c1 * r3 + c2 * r3 + c2 * r4 + c3 * r4) + m * c3 * r3 + l * (c1 * r2 + c2 * r2);
        let a2 = m * (c1 * c3 * r1 * r3 - c2 * c3 * r3 * r4 + c1 * c3 * r3 * r3 + c2 * c3 * r3 * r3)
            + l * m * (c1 * c3 * r2 * r3 + c2 * c3 * r2 * r3)
            - m * m * (c1 * c3 * r3 * r3 + c2 * c3 * r3 * r3)
            + l * (c1 * c2 * r2 * r4 + c1 * c2 * r1 * r2 + c1 * c3 * r2 * r4 + c2 * c3 * r2 * r4)
            + (c1 * c2 * r1 * r4
                + c1 * c3 * r1 * r4
                + c1 * c2 * r3 * r4
                + c1 * c2 * r1 * r3
                + c1 * c3 * r3 * r4
                + c2 * c3 * r3 * r4);
        let a3 = l * m * (c1 * c2 * c3 * r1 * r2 * r3 + c1 * c2 * c3 * r2 * r3 * r4)
            - m * m * (c1 * c2 * c3 * r1 * r3 * r3 + c1 * c2 * c3 * r3 * r3 * r4)
            + m * (c1 * c2 * c3 * r3 * r3 * r4 + c1 * c2 * c3 * r1 * r3 * r3 - c1 * c2 * c3 * r1 * r3 * r4)
            + l * c1 * c2 * c3 * r1 * r2 * r4
            + c1 * c2 * c3 * r1 * r3 * r4;
        let c = 2.0 * rate_hz;
        let bilinear = |k0: f64, k1: f64, k2: f64, k3: f64| {
            let (k1, k2, k3) = (k1 * c, k2 * c * c, k3 * c * c * c);
            [
                k0 + k1 + k2 + k3,
                3.0 * k0 + k1 - k2 - 3.0 * k3,
                3.0 * k0 - k1 - k2 + 3.0 * k3,
                k0 - k1 + k2 - k3,
            ]
        };
        let (b, a) = (bilinear(0.0, b1, b2, b3), bilinear(1.0, a1, a2, a3));
        Self { b: b.map(|k| k / a[0]), a: a.map(|k| k / a[0]), state: [0.0; 3] }
    }

    /// The next sample.
    pub fn next(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.state[0];
        self.state[0] = self.b[1] * x - self.a[1] * y + self.state[1];
        self.state[1] = self.b[2] * x - self.a[2] * y + self.state[2];
        self.state[2] = self.b[3] * x - self.a[3] * y;
        y
    }
}
