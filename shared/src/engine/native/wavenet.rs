//! WaveNets.

use super::Kernel;
use super::plan::Plan;
use super::run;
use crate::engine::History;
use crate::model::WaveNet;
use crate::simd::{Aligned, Level};

/// A WaveNet. Lanes of vectors are samples; every convolution reads its past in mirrored rings, so
/// a block of any length costs the same for each sample and nothing is moved.
#[derive(Debug)]
pub struct WaveNetKernel {
    plan: Plan,
    level: Level,
    arena: Aligned,
    /// Time in samples. Sizes of rings are powers of two, so they divide what this wraps at.
    position: usize,
}

impl WaveNetKernel {
    /// Packs and settles a network.
    pub fn new(net: &WaveNet, level: Level) -> Self {
        let plan = Plan::new(net, level);
        let arena = Aligned::new(plan.arena_len);
        let mut kernel = Self { plan, level, arena, position: 0 };
        kernel.reset();
        kernel
    }
}

impl Kernel for WaveNetKernel {
    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        run::process(&self.plan, self.level, self.arena.values_mut(), self.position, input, output);
        self.position = self.position.wrapping_add(input.len());
    }

    fn reset(&mut self) {
        run::settle(&self.plan, self.level, self.arena.values_mut());
        self.position = 0;
    }

    fn history(&self) -> Option<History<'_>> {
        Some(History { signals: self.arena.values(), position: self.position })
    }

    fn go_on_from(&mut self, History { signals, position }: History<'_>) -> bool {
        // Where signals lie in the arena is decided by the shape of the network.
        let fits = signals.len() == self.arena.len();
        if fits {
            self.arena.values_mut().copy_from_slice(signals);
            self.position = position;
        }
        fits
    }
}
