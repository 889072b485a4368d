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
        self.wait_by(desk, Desk::wait_until_settled)
    }

    fn wait_by(&mut self, desk: &Desk, wait: impl FnOnce(&Desk, Duration) -> bool) -> bool {
        self.lost = !(desk.is_settled() || (!self.lost && wait(desk, self.limit)));
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

    #[test]
    fn patience_is_lost_once_and_comes_back() {
        let limit = Duration::from_secs(7);
        let (desk, mut patience) = (Desk::new(1), Patience::new(limit));
        // Whether the desk had settled, and whether anybody waited for it.
        let timed = |patience: &mut Patience| {
            let mut waited = None;
            let settled = patience.wait_by(&desk, |_, limit| {
                waited = Some(limit);
                false
            });
            assert!(waited.is_none_or(|time| time == limit));
            (settled, waited.is_some())
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
