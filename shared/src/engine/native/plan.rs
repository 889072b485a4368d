//! A WaveNet as a list of operations over one arena.

use super::builder::{Parts, build};
use super::ops::{MAX_SUMS, Op, Rows, TILE};
use super::tile::MAX_HEIGHT;
use crate::model::WaveNet;
use crate::simd::{Aligned, Level, TanhTable};

/// A network made ready to run, without its state.
#[derive(Debug)]
pub struct Plan {
    pub ops: Vec<Op>,
    /// The numbers the convolutions read, in the order they read them.
    pub packed: Aligned,
    packed_len: usize,
    pub tanh: TanhTable,
    /// Values in the arena.
    pub arena_len: usize,
    /// Where the audio comes in, and where it leaves.
    pub input: Rows,
    pub output: Rows,
}

impl Plan {
    /// Lays a network out for the register tiles of `level`.
    pub fn new(net: &WaveNet, level: Level) -> Self {
        let Parts { ops, packed, arena_len, input, output } = build(net, level);
        let packed_len = packed.len();
        let plan = Self {
            ops,
            packed: packed.as_slice().into(),
            packed_len,
            tanh: TanhTable::new(),
            arena_len,
            input,
            output,
        };
        plan.check();
        plan
    }

    /// Proves that no operation leaves the arena or the packed numbers, at whatever time it runs.
    ///
    /// # Panics
    /// One does: the plan is wrong, and running it would be undefined behaviour.
    fn check(&self) {
        let inside = |rows: Rows, count: usize, delay: usize| {
            // A tile begins anywhere up to the mask, and is at most as long as what lies behind it.
            assert!((rows.mask + 1).is_power_of_two() && rows.stride >= rows.extent() && count > 0);
            assert!(rows.offset + count * rows.stride <= self.arena_len, "the plan leaves its arena");
            let ring = rows.mask + 1;
            assert!(delay == 0 || delay + TILE <= ring, "{delay} samples are not kept in a ring of {ring}");
        };
        inside(self.input, 1, 0);
        inside(self.output, 1, 0);
        for op in &self.ops {
            op.written(|rows, count| inside(rows, count, 0));
            op.read().into_iter().for_each(|(rows, count, delay)| inside(rows, count, delay));
            match op {
                Op::Conv(conv) => {
                    assert!(conv.heights.iter().all(|h| (1..=MAX_HEIGHT).contains(h)));
                    let end = conv.packed + conv.rows() * conv.packed_for_each_row();
                    assert!(end <= self.packed_len, "the plan leaves its weights");
                    assert!(conv.sums.len() <= MAX_SUMS);
                    if let Some(follower) = conv.follower {
                        assert!(conv.heights.len() == 1);
                        let end = follower.packed + follower.rows * (1 + conv.rows());
                        assert!(end <= self.packed_len, "the plan leaves its weights");
                    }
                }
                Op::Gate(gate) => assert_eq!(gate.functions.len(), gate.gates.len()),
                Op::Map(_) | Op::Modulate(_) | Op::Add(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ops::Conv;
    use super::*;
    use crate::model::WaveNetSpec;

    fn plan() -> Plan {
        let spec = WaveNetSpec::nam_a1(4, 2, &[vec![1, 200], vec![3]]);
        let weights = vec![0.1; spec.weight_count()];
        Plan::new(&WaveNet::new(spec, weights).unwrap(), Level::Portable)
    }

    fn conv(plan: &mut Plan) -> &mut Conv {
        let convs =
            plan.ops.iter_mut().filter_map(|op| if let Op::Conv(conv) = op { Some(conv) } else { None });
        convs.last().unwrap()
    }

    fn is_refused(spoil: impl FnOnce(&mut Plan)) -> bool {
        let mut plan = plan();
        spoil(&mut plan);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| plan.check())).is_err()
    }

    #[test]
    fn a_plan_that_would_leave_its_memory_is_never_run() {
        assert!(!is_refused(|_| {}));
        assert!(is_refused(|plan| plan.arena_len -= 1));
        assert!(is_refused(|plan| plan.packed_len -= 1));
        assert!(is_refused(|plan| plan.output.offset = plan.arena_len));
        assert!(is_refused(|plan| conv(plan).taps[0].channels += 1_000));
        assert!(is_refused(|plan| conv(plan).taps[0].rows.stride -= 32));
        assert!(is_refused(|plan| conv(plan).taps[0].delay += 1_000_000));
        assert!(is_refused(|plan| conv(plan).heights.push(1)));
        assert!(is_refused(|plan| conv(plan).heights[0] = MAX_HEIGHT + 1));
        assert!(is_refused(|plan| conv(plan).sums[0].to.offset = usize::MAX / 2));
    }

    #[test]
    fn first_layers_read_the_audio_and_narrow_layers_bring_their_1x1_along() {
        let mut plan = plan();
        let Op::Conv(first) = &plan.ops[1] else { panic!("{:?}", plan.ops[1]) };
        assert!(first.taps.iter().all(|tap| tap.channels == 1 && tap.rows == plan.input));
        assert!(first.follower.is_some());
        // Input and layers of two arrays, and two heads; the last 1x1 leads nowhere.
        assert_eq!(plan.ops.len(), (1 + 2 + 1) + (1 + 1 + 1));
        assert!(conv(&mut plan).follower.is_none());
    }
}
