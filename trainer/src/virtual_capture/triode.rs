//! A triode gain stage with coupling capacitor, grid current and cathode bias.
//!
//! Plate current: N. Koren, "Improved Vacuum-Tube Models for SPICE Simulations", Glass Audio 8(5),
//! 1996, with his 12AX7. Grid current: a smooth knee and the power 3/2, after I. Cohen and
//! T. Hélie, "Measures and Parameter Estimation of Triodes, for the Real-Time Simulation of a
//! Multi-Stage Guitar Preamplifier", AES Convention 129, 2010. It charges the coupling capacitor
//! when the grid is driven positive, so that loud playing shifts the bias: the stage sags and
//! recovers. Backward Euler for the capacitors, Newton's method for the three node voltages.

/// Koren's 12AX7: mu, exponent, KG1, KP, KVB.
const TUBE: (f64, f64, f64, f64, f64) = (100.0, 1.4, 1060.0, 600.0, 300.0);
/// Grid current: perveance in A / V^1.5, width of the knee in V.
const GRID: (f64, f64) = (6.5e-4, 0.12);

/// Components of a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Components {
    /// Supply in volts.
    pub supply_volt: f64,
    /// Plate resistor.
    pub plate_ohm: f64,
    /// Cathode resistor.
    pub cathode_ohm: f64,
    /// Capacitor across it.
    pub cathode_farad: f64,
    /// Capacitor that the signal comes through.
    pub coupling_farad: f64,
    /// Resistor between it and the grid.
    pub stopper_ohm: f64,
    /// Resistor from grid to ground.
    pub leak_ohm: f64,
}

/// The stage and its state.
#[derive(Clone, Debug)]
pub struct Triode {
    parts: Components,
    step: f64,
    coupling_volt: f64,
    grid: f64,
    cathode: f64,
    plate: f64,
}

/// `ln(1 + e^x)` and its slope, without overflow.
fn soft_plus(x: f64) -> (f64, f64) {
    if x > 30.0 {
        return (x, 1.0);
    }
    let e = x.exp();
    (e.ln_1p(), e / (1.0 + e))
}

/// Plate current, and its slopes with respect to grid and plate voltage (both against the cathode).
fn plate_current(grid: f64, plate: f64) -> (f64, f64, f64) {
    let (mu, exponent, kg1, kp, kvb) = TUBE;
    let plate = plate.max(1e-3);
    let root = (kvb + plate * plate).sqrt();
    let (soft, slope) = soft_plus(kp * (1.0 / mu + grid / root));
    let e1 = plate / kp * soft;
    if e1 < 1e-9 {
        return (0.0, 0.0, 1e-12);
    }
    let by_grid = plate * slope / root;
    let by_plate = soft / kp - plate * slope * grid * plate / (root * root * root);
    let current = 2.0 * e1.powf(exponent) / kg1;
    let slope = exponent * current / e1;
    (current, slope * by_grid, slope * by_plate)
}

/// Grid current and its slope.
fn grid_current(grid: f64) -> (f64, f64) {
    let (perveance, knee) = GRID;
    let (soft, slope) = soft_plus(grid / knee);
    let x = knee * soft;
    let root = x.sqrt();
    (perveance * x * root, perveance * 1.5 * root * slope)
}

impl Triode {
    /// A stage at rest, solved `rate_hz` times a second.
    pub fn new(parts: Components, rate_hz: f64) -> Self {
        let step = 1.0 / rate_hz;
        let plate = parts.supply_volt * 0.6;
        let mut stage = Self { parts, step, coupling_volt: 0.0, grid: 0.0, cathode: 1.0, plate };
        // The resting point is found by leaving the stage alone, in steps that the capacitors
        // hardly slow down.
        stage.step = 1e-2;
        for _ in 0..200 {
            stage.next(0.0);
        }
        stage.step = step;
        stage
    }

    /// The plate's voltage for the next sample of the voltage before the coupling capacitor.
    pub fn next(&mut self, volt: f64) -> f64 {
        let p = &self.parts;
        let coupling_ohm = p.stopper_ohm + self.step / p.coupling_farad;
        let cathode_siemens = 1.0 / p.cathode_ohm + p.cathode_farad / self.step;
        let held = self.cathode * p.cathode_farad / self.step;
        let drive = volt - self.coupling_volt;
        let (mut g, mut k, mut a) = (self.grid, self.cathode, self.plate);
        for _ in 0..30 {
            let (ip, ip_g, ip_a) = plate_current(g - k, a - k);
            let (ig, ig_g) = grid_current(g - k);
            let f = [
                (drive - g) / coupling_ohm - g / p.leak_ohm - ig,
                ip + ig + held - k * cathode_siemens,
                (p.supply_volt - a) / p.plate_ohm - ip,
            ];
            let jacobian = [
                [-1.0 / coupling_ohm - 1.0 / p.leak_ohm - ig_g, ig_g, 0.0],
                [ip_g + ig_g, -ip_g - ip_a - ig_g - cathode_siemens, ip_a],
                [-ip_g, ip_g + ip_a, -1.0 / p.plate_ohm - ip_a],
            ];
            let d = solve(&jacobian, &f);
            g -= d[0].clamp(-5.0, 5.0);
            k -= d[1].clamp(-1.0, 1.0);
            a = (a - d[2].clamp(-50.0, 50.0)).max(k);
            if d[0].abs() < 1e-7 && d[1].abs() < 1e-7 && d[2].abs() < 1e-5 {
                break;
            }
        }
        let current = (drive - g) / coupling_ohm;
        self.coupling_volt += current * self.step / p.coupling_farad;
        (self.grid, self.cathode, self.plate) = (g, k, a);
        a
    }

    /// The plate's voltage now.
    pub fn plate_volt(&self) -> f64 {
        self.plate
    }

    /// The cathode's voltage now: the bias.
    pub fn cathode_volt(&self) -> f64 {
        self.cathode
    }
}

/// The solution of three linear equations, by Cramer's rule.
fn solve(m: &[[f64; 3]; 3], f: &[f64; 3]) -> [f64; 3] {
    let det = |m: &[[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let all = det(m);
    std::array::from_fn(|column| {
        let mut replaced = *m;
        for row in 0..3 {
            replaced[row][column] = f[row];
        }
        det(&replaced) / all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGE: Components = Components {
        supply_volt: 300.0,
        plate_ohm: 100e3,
        cathode_ohm: 1.5e3,
        cathode_farad: 1e-6,
        coupling_farad: 10e-9,
        stopper_ohm: 68e3,
        leak_ohm: 1e6,
    };

    fn sine(stage: &mut Triode, volt: f64, samples: usize) -> Vec<f64> {
        let w = 2.0 * std::f64::consts::PI * 1e3 / 384e3;
        (0..samples).map(|n| stage.next(volt * (w * n as f64).sin())).collect()
    }

    #[test]
    fn rests_where_a_12ax7_rests() {
        // The textbook stage: about 1 mA, 1 to 2 V at the cathode, 150 to 230 V at the plate.
        let stage = Triode::new(STAGE, 384e3);
        assert!((1.0..2.0).contains(&stage.cathode_volt()), "{}", stage.cathode_volt());
        assert!((150.0..230.0).contains(&stage.plate_volt()), "{}", stage.plate_volt());
    }

    #[test]
    fn amplifies_about_sixtyfold_and_inverts() {
        let mut stage = Triode::new(STAGE, 384e3);
        let rest = stage.plate_volt();
        let y = sine(&mut stage, 0.01, 38_400);
        let peak = y[19_200..].iter().map(|y| (y - rest).abs()).fold(0.0, f64::max);
        assert!((30.0..80.0).contains(&(peak / 0.01)), "{}", peak / 0.01);
        assert!(y[19_200 + 96] < rest, "a positive quarter wave lowers the plate");
    }

    #[test]
    fn loud_playing_moves_the_bias_and_it_comes_back() {
        let mut stage = Triode::new(STAGE, 384e3);
        let rest = stage.coupling_volt;
        sine(&mut stage, 20.0, 38_400);
        let driven = stage.coupling_volt;
        assert!(driven - rest > 1.0, "grid current charges the coupling capacitor: {rest} {driven}");
        for _ in 0..38_400 {
            stage.next(0.0);
        }
        assert!((stage.coupling_volt - rest).abs() < 0.05 * (driven - rest));
    }
}
