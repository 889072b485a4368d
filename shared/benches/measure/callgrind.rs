//! Counting instructions inside valgrind's callgrind: the same number every time, on any machine.

use crate::amps::Amp;
use crate::subject::{EngineName, Subject, Tape};
use shared::simd::Level;

/// Samples in a block.
const BLOCK: usize = 64;
/// Blocks that are counted.
const BLOCKS: usize = 16;

/// Plays every amp with every set of instructions that valgrind knows, and has callgrind dump what
/// each took under the name `model level samples`.
pub fn count(amps: &[Amp]) -> Result<(), String> {
    for amp in amps {
        for level in Level::available() {
            let mut subject = Subject::new(amp, EngineName::Native(level))?;
            let mut tape = Tape::new(0.5, BLOCK);
            tape.play(&mut subject);
            request(START_INSTRUMENTATION, 0);
            for _ in 0..BLOCKS {
                tape.play(&mut subject);
            }
            request(STOP_INSTRUMENTATION, 0);
            let name = format!("{} {} {}\0", amp.name, level.name(), BLOCK * BLOCKS);
            request(DUMP_STATS_AT, name.as_ptr() as usize);
        }
    }
    Ok(())
}

// Numbers of callgrind's client requests, from its manual's header: the tool's letters C and T in the
// upper half.
const CALLGRIND: usize = (b'C' as usize) << 24 | (b'T' as usize) << 16;
const DUMP_STATS_AT: usize = CALLGRIND + 3;
const START_INSTRUMENTATION: usize = CALLGRIND + 4;
const STOP_INSTRUMENTATION: usize = CALLGRIND + 5;

/// Speaks to valgrind, which knows four rotations that change nothing, followed by an exchange of a
/// register with itself, for a request. Outside valgrind nothing happens.
#[cfg(target_arch = "x86_64")]
fn request(number: usize, argument: usize) {
    let words = [number, argument, 0, 0, 0, 0];
    // SAFETY: rotating by 128 bits in all leaves the register as it was; rax points to six live
    // words, and rdx takes the answer.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") words.as_ptr(),
            inout("rdx") 0usize => _,
            options(nostack),
        );
    }
}

/// Not known for other processors.
#[cfg(not(target_arch = "x86_64"))]
fn request(_: usize, _: usize) {}
