//! What the kernel refuses, and the proof that a plan stays inside its memory.

use super::Unsupported;
use super::function::Function;
use super::ops::{Op, Rows, TILE, Then};
use super::plan::Plan;
use shared::model::{Gating, HeadSource, Residual, WaveNetSpec};

/// Refuses what the plan's builder does not know.
pub(super) fn check_spec(spec: &WaveNetSpec) -> Result<(), Unsupported> {
    spec.validate().map_err(|e| Unsupported::new(e.to_string()))?;
    let refuse = |what: String| Err(Unsupported::new(what));
    if spec.condition.is_some() {
        return refuse("a condition network".into());
    }
    if spec.post_head.is_some() {
        return refuse("convolutions after the head".into());
    }
    for (i, array) in spec.arrays.iter().enumerate() {
        if array.bottleneck != array.channels {
            return refuse(format!(
                "a bottleneck of {} rows in {} channels (array {i})",
                array.bottleneck, array.channels
            ));
        }
        if array.conv_groups != 1
            || array.mixin_groups.is_some_and(|g| g != 1)
            || array.layer1x1_groups.is_some_and(|g| g != 1)
        {
            return refuse(format!("grouped convolutions (array {i})"));
        }
        if array.head1x1.is_some() {
            return refuse(format!("a 1x1 convolution before the head (array {i})"));
        }
        if array.layer1x1_groups.is_none() && array.residual == Residual::Replace {
            return refuse(format!("layers without a residual path (array {i})"));
        }
        if array.films != Default::default() {
            return refuse(format!("modulations (array {i})"));
        }
        if array.head.source == HeadSource::Hidden && spec.arrays.len() > 1 {
            return refuse(format!("a head on the hidden signal in one of several arrays (array {i})"));
        }
        for (j, layer) in array.layers.iter().enumerate() {
            if layer.gating != Gating::None {
                return refuse(format!("gating (layer {j} of array {i})"));
            }
            if Function::new(&layer.activation).is_none() {
                return refuse(format!("the activation {:?} (layer {j} of array {i})", layer.activation));
            }
        }
    }
    Ok(())
}

impl Plan {
    /// Proves that no operation leaves the arena, the weights or the gradient.
    ///
    /// # Panics
    /// One does: the plan is wrong, and running it would be undefined behaviour.
    pub(super) fn check(&self) {
        let inside = |offset: isize, from: usize, to: usize| {
            assert!(
                offset + from as isize >= 0 && offset + to as isize <= self.arena as isize,
                "plan leaves its arena"
            );
        };
        for program in [&self.forward, &self.backward] {
            assert!(program.gather.iter().all(|&w| (w as usize) < self.weights));
            for op in &program.ops {
                match op {
                    Op::Conv(conv) => {
                        let rows = |rows: Rows, from: usize, to: usize| {
                            (0..conv.rows).for_each(|r| inside(rows.row(r), from, to));
                        };
                        let from = conv.from;
                        assert!(from.is_multiple_of(TILE) && conv.rows > 0);
                        assert!(conv.packed + conv.rows * conv.columns.len() <= program.gather.len());
                        assert!(conv.bias.is_none_or(|b| b + conv.rows <= self.weights));
                        conv.columns.iter().for_each(|&c| inside(c, from, self.end));
                        for addend in conv.addends.iter().flatten() {
                            rows(addend.rows, from.max(addend.from), self.end);
                        }
                        if conv.moves() {
                            rows(conv.out, from, self.end)
                        } else {
                            rows(conv.out, 0, TILE)
                        }
                        match &conv.then {
                            Then::Nothing => {}
                            Then::Activate { slopes, sums, .. } => {
                                slopes.iter().for_each(|&s| rows(s, from, self.end));
                                for sum in sums {
                                    rows(sum.to, from.max(sum.from), self.end);
                                    sum.add.iter().for_each(|&a| rows(a, from.max(sum.from), self.end));
                                }
                            }
                            Then::Derive { slopes, values, .. } => {
                                slopes.iter().for_each(|&s| rows(s, from, self.end));
                                rows(*values, from, self.end);
                            }
                        }
                    }
                    Op::Outer(outer) => {
                        assert!(
                            outer.from.is_multiple_of(TILE) && outer.count > 0 && !outer.columns.is_empty()
                        );
                        (0..outer.count).for_each(|r| inside(outer.rows.row(r), outer.from, self.end));
                        for column in &outer.columns {
                            assert!(column.to + (outer.count - 1) * column.step < self.weights);
                            if column.moves {
                                inside(column.offset, outer.from, self.end);
                            } else {
                                inside(column.offset, 0, self.chunk);
                            }
                        }
                    }
                }
            }
        }
        inside(self.input as isize, 0, self.input_len);
        inside(self.output as isize - self.spoilt as isize, 0, self.spoilt + self.output_len);
    }
}
