//! Memory for vectors.

/// One line of the cache, and the widest vector there is.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([f32; 16]);

/// Values that begin at a line of the cache; 0 at first.
#[derive(Clone)]
pub struct Aligned {
    lines: Vec<Line>,
}

impl Aligned {
    /// Room for at least `values` values.
    pub fn new(values: usize) -> Self {
        Self { lines: vec![Line([0.0; 16]); values.div_ceil(16)] }
    }

    /// The first value; the pointer is good for reading all of them.
    pub fn pointer(&self) -> *const f32 {
        self.lines.as_ptr().cast()
    }

    /// The first value; the pointer is good for all of them.
    pub fn pointer_mut(&mut self) -> *mut f32 {
        self.lines.as_mut_ptr().cast()
    }

    /// All values.
    pub fn values(&self) -> &[f32] {
        // SAFETY: a line is sixteen values without padding.
        unsafe { std::slice::from_raw_parts(self.pointer(), self.len()) }
    }

    /// All values, to be written.
    pub fn values_mut(&mut self) -> &mut [f32] {
        let values = self.len();
        // SAFETY: a line is sixteen values without padding, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.pointer_mut(), values) }
    }

    /// How many values there are: a multiple of 16.
    pub fn len(&self) -> usize {
        self.lines.len() * 16
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl From<&[f32]> for Aligned {
    fn from(values: &[f32]) -> Self {
        let mut aligned = Self::new(values.len());
        aligned.values_mut()[..values.len()].copy_from_slice(values);
        aligned
    }
}

impl std::fmt::Debug for Aligned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Aligned({} values)", self.len())
    }
}
