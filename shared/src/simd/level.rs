//! What the processor has.

/// A set of instructions that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Whatever the target guarantees.
    Portable,
    /// AVX2 with fused multiply-add: 8 lanes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512F and DQ, which all processors but the Xeon Phi have together: 16 lanes.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// All levels of this architecture, best first.
    const ALL: &[Self] = &[
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        Self::Portable,
    ];

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && Self::Avx2.is_available()
            }
        }
    }

    /// What this processor has, best first.
    pub fn available() -> Vec<Self> {
        Self::ALL.iter().copied().filter(|level| level.is_available()).collect()
    }

    /// The best level this processor has.
    pub fn detect() -> Self {
        Self::available()[0]
    }

    /// Does plain arithmetic, compiled for this level: the same bits in fewer instructions. What `work` calls must be inlined
    /// into it, or it stays as it is.
    #[inline(always)]
    pub fn run<R>(self, work: impl FnOnce() -> R) -> R {
        #[cfg(target_arch = "x86_64")]
        {
            // Without fused multiply-adds, which would round otherwise.
            #[target_feature(enable = "avx2")]
            fn avx2<R>(work: impl FnOnce() -> R) -> R {
                work()
            }
            if self != Self::Portable {
                // SAFETY: the level is one that the processor has, and all but the portable one have these instructions.
                return unsafe { avx2(work) };
            }
        }
        work()
    }

    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
        }
    }
}
