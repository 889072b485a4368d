//! Waiting for the desk.

use super::Desk;
use std::time::Duration;

/// Waits for the desk without a deadline, and not again once that was in vain: a loader that is
/// stuck must not hold up every block of a rendering.
#[derive(Debug)]
pub struct Patience {
    limit: Duration,
    lost: bool,
}

impl Patience {
    /// Waits for at most `limit`.
    pub fn new(limit: Duration) -> Self {
        Self { limit, lost: false }
    }

    /// Waits until the latest wish has been dealt with, or not at all if an earlier wait was in
    /// vain and nothing was dealt with since. Returns whether it was.
    pub fn wait(&mut self, desk: &Desk) -> bool {
        self.lost = !(desk.is_settled() || (!self.lost && desk.wait_until_settled(self.limit)));
        !self.lost
    }

    /// Forgets an earlier wait.
    pub fn renew(&mut self) {
        self.lost = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::Part;
    use std::time::Instant;

    #[test]
    fn patience_is_lost_once_and_comes_back() {
        let limit = Duration::from_millis(50);
        let (desk, mut patience) = (Desk::new(1), Patience::new(limit));
        let timed = |patience: &mut Patience| {
            let begin = Instant::now();
            let settled = patience.wait(&desk);
            (settled, begin.elapsed() >= limit)
        };
        assert_eq!(timed(&mut patience), (false, true));
        for _ in 0..3 {
            assert_eq!(timed(&mut patience), (false, false));
        }
        patience.renew();
        assert_eq!(timed(&mut patience), (false, true));
        desk.settle(desk.serial());
        assert_eq!(timed(&mut patience), (true, false));
        desk.set_slot(Part::Model, 2);
        assert_eq!(timed(&mut patience), (false, true), "what was dealt with gives patience back");
    }
}
