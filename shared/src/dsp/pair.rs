//! Two numbers at once: a filter of two channels costs what that of one does.
//!
//! Plain arithmetic, which compilers put into the registers of two numbers that every processor of ours has.
//! No fused multiply-add, so that all of them compute the same bits.

use std::ops::{Add, Mul, Sub};

/// Two numbers.
#[derive(Clone, Copy, Debug)]
pub struct Pair([f64; 2]);

impl Pair {
    /// One number each.
    #[inline(always)]
    pub fn new(first: f64, second: f64) -> Self {
        Self([first, second])
    }

    /// The same number twice.
    #[inline(always)]
    pub fn splat(x: f64) -> Self {
        Self([x; 2])
    }

    /// The first.
    #[inline(always)]
    pub fn first(self) -> f64 {
        self.0[0]
    }

    /// As `f32`s.
    #[inline(always)]
    pub fn to_f32(self) -> [f32; 2] {
        self.0.map(|x| x as f32)
    }

    /// 0 in place of what is smaller than `least` or larger than `most` in magnitude, or not a number.
    #[inline(always)]
    pub fn within(self, least: f64, most: f64) -> Self {
        Self(self.0.map(|x| if x.abs() >= least && x.abs() <= most { x } else { 0.0 }))
    }
}

impl Add for Pair {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self([self.0[0] + other.0[0], self.0[1] + other.0[1]])
    }
}

impl Sub for Pair {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self([self.0[0] - other.0[0], self.0[1] - other.0[1]])
    }
}

impl Mul for Pair {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self([self.0[0] * other.0[0], self.0[1] * other.0[1]])
    }
}
