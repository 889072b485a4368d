//! Numbers too small for the normal range make processors slow; while this guard lives, the thread
//! that made it takes them for zero.
//!
//! Rust's documentation puts a changed MXCSR outside its guarantees (see
//! `core::arch::x86_64::_mm_setcsr`): the compiler assumes the default floating-point environment,
//! and may move a calculation across the change or do it at build time. Inline assembly does not
//! lift that. It is accepted here, as in other audio software, because a decaying tail of denormals
//! can cost a network its deadline, and within bounds: only the bits that flush are set, never
//! rounding or exceptions, for the length of one block, and foreign code gets back what it had
//! before. Wherever the compiler puts a calculation, only whether a value below 1.2e-38 is zero can
//! come out differently, and nothing but the test below depends on that.

use std::marker::PhantomData;

/// Flushes denormals on this thread until it is dropped, then restores what was set before: the
/// thread belongs to the host.
#[must_use = "denormals are flushed only while the guard lives"]
pub struct FlushDenormals {
    before: Register,
    // The setting belongs to the thread.
    _not_send: PhantomData<*const ()>,
}

impl FlushDenormals {
    /// Begins to flush.
    pub fn new() -> Self {
        let before = read();
        write(before | FLUSH);
        Self { before, _not_send: PhantomData }
    }
}

impl Default for FlushDenormals {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for FlushDenormals {
    fn drop(&mut self) {
        write(self.before);
    }
}

#[cfg(target_arch = "x86_64")]
mod register {
    pub type Register = u32;
    /// Flush-to-zero (bit 15) and denormals-are-zero (bit 6) of MXCSR, see Intel's Software
    /// Developer's Manual, volume 1, section 10.2.3.
    pub const FLUSH: Register = 1 << 15 | 1 << 6;

    pub fn read() -> Register {
        let mut value = 0;
        // SAFETY: stores MXCSR, which every x86-64 has, into a live u32.
        unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack, preserves_flags)) };
        value
    }

    pub fn write(value: Register) {
        // SAFETY: loads a value that was read from MXCSR, with two defined bits added; exceptions
        // stay masked as they were.
        unsafe {
            std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, preserves_flags))
        };
    }
}

#[cfg(target_arch = "aarch64")]
mod register {
    pub type Register = u64;
    /// FZ (bit 24) of FPCR, see Arm's Architecture Reference Manual.
    pub const FLUSH: Register = 1 << 24;

    pub fn read() -> Register {
        let value;
        // SAFETY: FPCR can be read by every program.
        unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) value, options(nomem, nostack, preserves_flags)) };
        value
    }

    pub fn write(value: Register) {
        // SAFETY: writes back a value that was read from FPCR, with one defined bit added.
        unsafe { std::arch::asm!("msr fpcr, {}", in(reg) value, options(nomem, nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod register {
    pub type Register = u32;
    pub const FLUSH: Register = 0;

    pub fn read() -> Register {
        0
    }

    pub fn write(_: Register) {}
}

use register::{FLUSH, Register, read, write};

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn flushes_while_it_lives_and_restores() {
        let half = || black_box(f32::MIN_POSITIVE) * black_box(0.5);
        assert!(half() > 0.0);
        {
            let _guard = FlushDenormals::new();
            assert_eq!(half(), 0.0);
            {
                let _inner = FlushDenormals::new();
            }
            assert_eq!(half(), 0.0, "an inner guard restores the outer one's setting");
        }
        assert!(half() > 0.0);
    }
}
