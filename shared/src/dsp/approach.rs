//! A number that glides to where it is sent, without a corner.

/// A number on its way to another by two equal poles, so that it sets off and arrives smoothly: for what filters are
/// made of, moved once a grain of theirs.
///
/// The step response is that of a critically damped system, `1 - (1 + t/T) exp(-t/T)`: 96 % of the way
/// after five time constants T.
#[derive(Clone, Debug)]
pub struct Approach {
    /// Behind both poles, behind the first, and in front of them.
    now: f64,
    lead: f64,
    target: f64,
    /// What of the way a pole goes in a step.
    share: f64,
    /// So near it has arrived.
    near: f64,
}

impl Approach {
    /// A number that rests; within `near` of a target it has arrived. Until [`Approach::set_pace`] it is there with the
    /// first step.
    pub fn at(value: f64, near: f64) -> Self {
        Self { now: value, lead: value, target: value, share: 1.0, near }
    }

    /// How many steps a time constant has.
    pub fn set_pace(&mut self, steps: f64) {
        self.share = 1.0 - (-1.0 / steps).exp();
    }

    /// Sets off towards a target.
    pub fn aim(&mut self, target: f64) {
        self.target = target;
    }

    /// Is at once where it was going.
    pub fn finish(&mut self) {
        (self.now, self.lead) = (self.target, self.target);
    }

    /// Where it is.
    pub fn now(&self) -> f64 {
        self.now
    }

    /// Where it goes.
    pub fn target(&self) -> f64 {
        self.target
    }

    /// Whether it has arrived.
    pub fn rests(&self) -> bool {
        self.now == self.target && self.lead == self.target
    }

    /// Goes on by a step, and says whether it moved.
    pub fn step(&mut self) -> bool {
        if self.rests() {
            return false;
        }
        self.lead += self.share * (self.target - self.lead);
        self.now += self.share * (self.lead - self.now);
        let near = |value: f64| (value - self.target).abs() < self.near;
        if near(self.now) && near(self.lead) {
            self.finish();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_as_long_as_its_poles() {
        let mut value = Approach::at(1.0, 1e-6);
        value.set_pace(1000.0);
        value.aim(3.0);
        for step in 1..=8000 {
            assert!(value.step());
            let t = f64::from(step) / 1000.0;
            let expected = 3.0 - 2.0 * (1.0 + t) * (-t).exp();
            assert!((value.now() - expected).abs() < 2e-3, "{step}: {} instead of {expected}", value.now());
        }
        let more = (0..20_000).take_while(|_| value.step()).count();
        assert!(more < 19_000 && value.rests() && value.now() == 3.0, "{more} steps more");
    }

    #[test]
    fn before_it_knows_its_pace_it_is_there_at_once() {
        let mut value = Approach::at(0.0, 1e-6);
        value.aim(5.0);
        assert!(value.step() && value.now() == 5.0 && !value.step());
        value.set_pace(10.0);
        value.aim(7.0);
        value.finish();
        assert!(!value.step() && value.now() == 7.0);
    }
}
