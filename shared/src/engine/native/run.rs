//! How the operations run: written once, compiled for each level, one dispatch a call.

use super::ops::{COLUMNS, Op, Rows, TILE};
use super::plan::Plan;
use super::pointwise::{add, gate, map, modulate};
use super::tile::conv;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Level, Portable, Simd, TanhTable};

/// The moment and the memory operations run on.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub arena: *mut f32,
    pub packed: *const f32,
    pub tanh: &'a TanhTable,
    pub position: usize,
    /// Samples, a multiple of [`COLUMNS`] up to [`TILE`].
    pub columns: usize,
}

impl Run<'_> {
    /// The present tile of the first of `rows`.
    #[inline(always)]
    pub fn tile(self, rows: Rows) -> *mut f32 {
        self.arena.wrapping_add(rows.at(self.position))
    }

    /// The tile `delay` samples ago.
    #[inline(always)]
    pub fn past(self, rows: Rows, delay: usize) -> *mut f32 {
        self.arena.wrapping_add(rows.at(self.position.wrapping_sub(delay)))
    }
}

/// What a call to the kernel does.
#[derive(Clone, Copy)]
enum Job<'a> {
    /// Runs the network over audio.
    Process { input: &'a [f32], output: *mut f32 },
    /// Runs one operation at time 0.
    Step(&'a Op),
}

/// Runs `plan` over audio from time `position` on.
///
/// # Panics
/// The arena is not as large as the plan asks for, or the slices differ in length.
pub fn process(
    plan: &Plan,
    level: Level,
    arena: &mut [f32],
    position: usize,
    input: &[f32],
    output: &mut [f32],
) {
    assert_eq!(input.len(), output.len());
    execute(plan, level, arena, position, Job::Process { input, output: output.as_mut_ptr() });
}

/// Puts the arena into the state that endless silence leaves: every signal is constant, so one
/// value of each row says it all.
///
/// # Panics
/// The arena is not as large as the plan asks for.
pub fn settle(plan: &Plan, level: Level, arena: &mut [f32]) {
    arena.fill(0.0);
    for op in &plan.ops {
        execute(plan, level, arena, 0, Job::Step(op));
        op.written(|rows, count| {
            for row in 0..count {
                let row = &mut arena[rows.skip(row).offset..][..rows.extent()];
                row.fill(row[0]);
            }
        });
    }
}

fn execute(plan: &Plan, level: Level, arena: &mut [f32], position: usize, job: Job<'_>) {
    assert!(arena.len() >= plan.arena_len, "the arena is too small");
    let arena = arena.as_mut_ptr();
    // SAFETY: the processor has the instructions, `Plan::check` proved the operations for an arena
    // of this size, and a step is one of the plan's.
    unsafe {
        match level {
            Level::Portable => work::<Portable, 2, 2>(plan, arena, position, job),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => work_avx2(plan, arena, position, job),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => work_avx512(plan, arena, position, job),
        }
    }
}

/// # Safety
/// See [`work`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn work_avx2(plan: &Plan, arena: *mut f32, position: usize, job: Job<'_>) {
    // SAFETY: passed on.
    unsafe { work::<Avx2, 2, 4>(plan, arena, position, job) }
}

/// # Safety
/// See [`work`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
unsafe fn work_avx512(plan: &Plan, arena: *mut f32, position: usize, job: Job<'_>) {
    // SAFETY: passed on.
    unsafe { work::<Avx512, 4, 4>(plan, arena, position, job) }
}

/// Does a job. `HIGH` are the vectors of a tile of more than `LOW_ROWS` rows, `LOW` of one of
/// fewer.
///
/// # Safety
/// The processor has the instructions of `S`; `Plan::check` proved the plan for an arena as large
/// as the one at `arena`; a step is one of the plan's operations; output is as long as input.
#[inline(always)]
unsafe fn work<S: Simd, const HIGH: usize, const LOW: usize>(
    plan: &Plan,
    arena: *mut f32,
    position: usize,
    job: Job<'_>,
) {
    let packed = plan.packed.pointer();
    let mut run = Run { arena, packed, tanh: &plan.tanh, position, columns: TILE };
    let (input, mut output, ops) = match job {
        Job::Process { input, output } => (input, output, plan.ops.as_slice()),
        Job::Step(op) => (&[0.0f32; TILE][..], std::ptr::null_mut(), std::slice::from_ref(op)),
    };
    for samples in input.chunks(TILE) {
        run.columns = samples.len().next_multiple_of(COLUMNS);
        // SAFETY: a tile has room for all samples; the rest is passed on.
        unsafe {
            std::ptr::copy_nonoverlapping(samples.as_ptr(), run.tile(plan.input), samples.len());
            mirror::<S>(run, plan.input, 1);
            for op in ops {
                match op {
                    Op::Conv(op) => conv::<S, HIGH, LOW>(op, run),
                    Op::Map(op) => map::<S>(op, run),
                    Op::Gate(op) => gate::<S>(op, run),
                    Op::Modulate(op) => modulate::<S>(op, run),
                    Op::Add(op) => add::<S>(op, run),
                }
            }
            if !output.is_null() {
                std::ptr::copy_nonoverlapping(run.tile(plan.output), output, samples.len());
                output = output.add(samples.len());
            }
        }
        run.position = run.position.wrapping_add(samples.len());
    }
}

/// Repeats what was just written at the other end of the rings where that is needed.
///
/// # Safety
/// The processor has the instructions of `S`; `Plan::check` proved the operation for an arena as
/// large as the one `run` points to.
#[inline(always)]
pub unsafe fn mirror<S: Simd>(run: Run<'_>, rows: Rows, count: usize) {
    let (at, size) = (run.position & rows.mask, rows.mask + 1);
    if rows.mask == 0 || at >= TILE && at + run.columns <= size {
        return;
    }
    // What lies behind the end goes to the beginning, what lies at the beginning behind the end.
    let (from, to) = if at < TILE { (at, size + at) } else { (size, 0) };
    for row in 0..count {
        let row = run.arena.wrapping_add(rows.offset + row * rows.stride);
        for t in (0..run.columns).step_by(S::WIDTH) {
            // SAFETY: passed on; at and columns are at most a tile, and a row has room for two
            // tiles behind the ring.
            unsafe { S::store(row.wrapping_add(to + t), S::load(row.wrapping_add(from + t))) };
        }
    }
}
