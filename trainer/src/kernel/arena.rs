//! Memory for all signals, aligned to cache lines.

#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
struct Line([f32; 16]);

/// Zero at first.
pub(super) struct Arena {
    lines: Vec<Line>,
}

impl Arena {
    /// Room for `values` values.
    pub fn new(values: usize) -> Self {
        Self { lines: vec![Line([0.0; 16]); values.div_ceil(16)] }
    }

    /// The first value; the pointer is good for all of them.
    pub fn pointer(&mut self) -> *mut f32 {
        self.lines.as_mut_ptr().cast()
    }

    /// All values.
    pub fn values_mut(&mut self) -> &mut [f32] {
        let values = self.lines.len() * 16;
        // SAFETY: a line is sixteen values without padding, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(), values) }
    }
}

impl std::fmt::Debug for Arena {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arena({} values)", self.lines.len() * 16)
    }
}
