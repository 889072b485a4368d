//! What an engine may do on the audio thread, seen from the C library: nothing for the native one,
//! and little for ONNX Runtime.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

#[path = "support/amps.rs"]
mod amps;
#[path = "support/libc_calls.rs"]
mod libc_calls;
mod support;

use amps::amps;
use libc_calls::{Calls, count};
use shared::engine::native::NativeEngine;
use shared::engine::onnxruntime::OnnxEngine;
use shared::engine::{self, Engine, EngineChoice};
use shared::model::{LstmSpec, Network};
use shared::simd::Level;
use std::hint::black_box;
use std::sync::{Condvar, Mutex};
use support::{model_of, random_linear, random_lstm, signal};

const NOTHING: Calls = Calls { heap: 0, frees: 0, locks: 0 };

/// Lengths that hosts use, and some that only an unkind one would.
const LENGTHS: [usize; 16] = [64, 1, 32, 128, 16, 37, 64, 3, 480, 64, 15, 17, 0, 96, 64, 255];

/// The length of a block: it is their number that finds what calls, so long ones come in every eighth round only.
fn length(block: usize) -> usize {
    let most = if (block / LENGTHS.len()).is_multiple_of(8) { 512 } else { 40 };
    LENGTHS[block % LENGTHS.len()].min(most)
}

/// Runs blocks of mixed lengths and says what they called together, and the most that one did.
fn play(engine: &mut dyn Engine, blocks: usize) -> (Calls, Calls) {
    let input = signal(512, 1);
    let mut output = vec![0.0; 512];
    let (mut total, mut most) = (NOTHING, NOTHING);
    for i in 0..blocks {
        let samples = length(i);
        let calls = count(|| engine.process(&input[..samples], &mut output[..samples]));
        total = total.plus(calls);
        most.heap = most.heap.max(calls.heap);
        most.frees = most.frees.max(calls.frees);
        most.locks = most.locks.max(calls.locks);
    }
    (total, most)
}

#[test]
fn the_counter_is_not_blind() {
    // Rust's heap.
    assert_eq!(count(|| drop(black_box(vec![1u8; 100]))), Calls { heap: 1, frees: 1, locks: 0 });
    // The C library's, by each of its doors.
    let calls = count(|| {
        // SAFETY: what is taken is given back, once.
        unsafe {
            let a = libc::malloc(10);
            let a = libc::realloc(black_box(a), 10_000);
            let b = libc::calloc(3, 5);
            let c = libc::memalign(64, 10);
            let d = libc::aligned_alloc(64, 128);
            let mut e = std::ptr::null_mut();
            assert_eq!(libc::posix_memalign(&mut e, 64, 10), 0);
            for memory in [a, b, c, d, e] {
                libc::free(black_box(memory));
            }
        }
    });
    assert_eq!(calls, Calls { heap: 6, frees: 5, locks: 0 });
    // A lock.
    let mut mutex = libc::PTHREAD_MUTEX_INITIALIZER;
    let calls = count(|| {
        // SAFETY: an initialised mutex that only this thread knows.
        unsafe {
            assert_eq!(libc::pthread_mutex_lock(&mut mutex), 0);
            assert_eq!(libc::pthread_mutex_unlock(&mut mutex), 0);
        }
    });
    assert_eq!(calls, Calls { heap: 0, frees: 0, locks: 1 });
    // Nothing, and nothing of what another thread does.
    let thread = std::thread::spawn(|| (0..10_000).for_each(|_| drop(black_box(vec![1u8; 100]))));
    assert_eq!(count(|| while !thread.is_finished() {}), NOTHING);
}

#[test]
fn a_lock_of_rusts_is_seen_when_somebody_waits_for_it() {
    static LOCK: Mutex<bool> = Mutex::new(false);
    static TURN: Condvar = Condvar::new();
    let calls = std::thread::scope(|scope| {
        let waiting = LOCK.lock().unwrap();
        scope.spawn(|| {
            *LOCK.lock().unwrap() = true;
            TURN.notify_all();
        });
        count(|| drop(TURN.wait_while(waiting, |done| !*done)))
    });
    assert!(calls.locks > 0, "{calls:?}");
}

#[test]
fn what_a_library_loaded_later_calls_is_seen() {
    // ONNX Runtime takes memory in every run: if none is seen, the counter does not see libraries.
    let amp = amps(Some(&["seed_small".into()])).remove(0);
    let mut engine = OnnxEngine::standard(&amp.model).unwrap();
    engine.prepare(48_000.0, 512).unwrap();
    let (total, _) = play(&mut engine, 16);
    assert!(total.heap > 0 && total.frees > 0, "{total:?}");
}

#[test]
fn the_native_engine_calls_nothing() {
    // A thread an amp: what is counted is a thread's own.
    std::thread::scope(|scope| {
        for amp in amps(None) {
            scope.spawn(move || {
                let mut engine = engine::build(&amp.model, EngineChoice::Native).unwrap();
                engine.prepare(48_000.0, 512).unwrap();
                let (total, _) = play(&mut *engine, 100_000);
                assert_eq!(total, NOTHING, "{}", amp.name);
                assert_eq!(count(|| engine.reset()), NOTHING, "{}: reset", amp.name);
            });
        }
    });
}

#[test]
fn linear_models_and_uneven_lstms_call_nothing() {
    let lstm =
        |layers, hidden| Network::Lstm(random_lstm(LstmSpec { layers, hidden, warm_up_samples: 64 }, 1));
    // A response short enough for sums alone, and one that is transformed.
    let linear = |taps| Network::Linear(random_linear(taps, 1));
    for network in [linear(512), linear(70_000), lstm(3, 5), lstm(1, 33)] {
        let model = model_of(network);
        for level in Level::available() {
            let mut engine = NativeEngine::with_level(&model, level).unwrap();
            engine.prepare(48_000.0, 512).unwrap();
            let (total, _) = play(&mut engine, 1_000);
            let what = format!("{:?} weights, {}", model.weight_count(), level.name());
            assert_eq!(total, NOTHING, "{what}");
            assert_eq!(count(|| engine.reset()), NOTHING, "{what}: reset");
        }
    }
}

#[test]
fn resampling_calls_nothing() {
    let amp = amps(Some(&["a1_nano".into()])).remove(0);
    for rate_hz in [44_100.0, 96_000.0] {
        let mut engine = engine::build_at(&amp.model, EngineChoice::Native, rate_hz, 512).unwrap();
        let (total, _) = play(&mut *engine, 100_000);
        assert_eq!(total, NOTHING, "{rate_hz} Hz");
        assert_eq!(count(|| engine.reset()), NOTHING, "{rate_hz} Hz: reset");
    }
}

#[test]
fn oversampling_calls_nothing() {
    let amp = amps(Some(&["a1_nano".into()])).remove(0);
    for (factor, rate_hz) in [(2, 48_000.0), (8, 48_000.0), (4, 44_100.0)] {
        let native = EngineChoice::Native;
        let mut engine = engine::build_oversampled_at(&amp.model, native, factor, rate_hz, 512).unwrap();
        let (total, _) = play(&mut *engine, 10_000);
        assert_eq!(total, NOTHING, "{factor}x at {rate_hz} Hz");
        assert_eq!(count(|| engine.reset()), NOTHING, "{factor}x at {rate_hz} Hz: reset");
    }
}

#[test]
fn fused_into_one_operator_onnx_runtime_makes_twelve_heap_calls_a_run_at_most() {
    for amp in amps(None) {
        let mut engine = OnnxEngine::fused(&amp.model).unwrap();
        engine.prepare(48_000.0, 512).unwrap();
        // The longest of these blocks is one run.
        let (_, most) = play(&mut engine, 2_000);
        assert!(most.heap <= 12, "{}: {most:?}", amp.name);
    }
}
