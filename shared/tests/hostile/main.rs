//! Model files that nobody vouches for: whatever is in them, reading them and playing what they hold
//! neither panics nor hangs, nor takes much memory.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod check;
mod corpus;
mod memory;
mod mutate;

use check::{Fate, Kind, check};
use memory::measured;
use mutate::Original;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::engine::native::NativeEngine;
use shared::model::{
    Activation, Card, Gating, Head1x1, Layer, LayerArray, Linear, Lstm, LstmSpec, Model, Network, Residual,
    WaveNet, WaveNetSpec, limits,
};
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Files that are tried. The same ones each time: a case's number is its seed.
const CASES: usize = 100_000;

/// Most memory a file may take, in a single request and altogether, in bytes.
const MEMORY: usize = 256 << 20;

/// Longest a file may keep a processor busy.
const TIME: Duration = Duration::from_secs(2);

/// How long a case may stand still before it is called a hang and the program is ended.
const HANG: Duration = Duration::from_secs(120);

/// Name of the threads that try files.
const WORKER: &str = "hostile worker";

/// Processor time of this thread: unlike the clock on the wall, other programs do not add to it.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to the structure it is given.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(done, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

thread_local! {
    /// What the last panic of this thread said, and where it was.
    static PANIC: Cell<Option<String>> = const { Cell::new(None) };
}

/// Keeps the panics of the workers, which are reported together, from the screen.
fn keep_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() == Some(WORKER) {
            PANIC.set(Some(info.to_string()));
        } else {
            print(info);
        }
    }));
}

/// Checks some bytes, and what checking them cost.
fn tried(kind: Kind, bytes: &[u8]) -> Result<Fate, String> {
    watched(|| check(kind, bytes))
}

/// Does some work, and says what was wrong with it: a panic, its memory, its time.
fn watched<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let begin = processor_time();
    let (done, memory) = measured(|| catch_unwind(AssertUnwindSafe(work)));
    let time = processor_time() - begin;
    let done = done.map_err(|_| PANIC.take().unwrap_or_else(|| "panicked".into()))?;
    if memory.largest > MEMORY || memory.peak > MEMORY {
        return Err(format!("took too much memory: {memory:?}"));
    }
    if time > TIME {
        return Err(format!("took {time:?}"));
    }
    Ok(done)
}

#[test]
fn harm_is_noticed() {
    let busy = |for_long: Duration| {
        let begin = processor_time();
        while processor_time() - begin < for_long {}
    };
    assert_eq!(watched(|| 1), Ok(1));
    assert!(watched(|| panic!("on purpose")).is_err());
    let reserved = |bytes: usize| std::hint::black_box(Vec::<u8>::with_capacity(bytes)).capacity();
    assert!(watched(|| reserved(MEMORY)).is_ok());
    assert!(watched(|| reserved(MEMORY + 1)).unwrap_err().contains("memory"));
    let halves = || [(); 2].map(|()| std::hint::black_box(Vec::<u8>::with_capacity(MEMORY / 2 + 1)));
    assert!(watched(halves).unwrap_err().contains("memory"));
    assert!(watched(|| busy(TIME + Duration::from_millis(10))).unwrap_err().contains("took 2"));
}

#[test]
fn the_files_themselves_are_good() {
    for file in corpus::files() {
        let fate = tried(file.kind, &file.bytes);
        assert_eq!(fate, Ok(Fate::Played), "{}", file.name);
    }
}

/// What the readers allow is what an engine can hold: wide networks with a long memory, where weights
/// are few because every channel is its own group.
#[test]
fn the_largest_networks_that_are_read_fit() {
    for (channels, layers, dilation) in [(512, 1, 31_000), (128, 2, 64_000), (64, 4, 64_000), (4, 16, 65_000)]
    {
        let mut spec = WaveNetSpec::nam_a1(channels, 1, &[vec![dilation; layers], vec![1]]);
        for array in &mut spec.arrays {
            (array.conv_groups, array.layer1x1_groups) = (array.channels, Some(array.channels));
        }
        spec.arrays[0].layers.iter_mut().for_each(|layer| layer.kernel_size = 2);
        fits(Network::WaveNet(WaveNet::new(spec.clone(), vec![0.01; spec.weight_count()]).unwrap()));
    }
    for spec in [many_rows(1, 66), many_narrow_layers(3, 120)] {
        fits(Network::WaveNet(WaveNet::new(spec.clone(), vec![0.01; spec.weight_count()]).unwrap()));
    }
    fits(Network::Linear(Linear::new(vec![0.01; limits::IMPULSE_RESPONSE], 0.0).unwrap()));
    let spec = LstmSpec { layers: 2, hidden: limits::CHANNELS, warm_up_samples: 1000 };
    fits(Network::Lstm(Lstm::new(spec, vec![0.01; spec.weight_count()]).unwrap()));
}

#[test]
fn networks_of_few_weights_that_would_not_fit_are_refused() {
    let refused = |spec: WaveNetSpec| spec.validate().unwrap_err().to_string();
    assert!(refused(many_rows(3, 128)).contains("rows of all tensors"));
    assert!(refused(many_rows(9, 128)).contains("values of all its signals"));
    assert!(refused(many_narrow_layers(12, 128)).contains("values of all its signals"));
}

/// Layers of 384 channels, each of which is its own group: an operation a row.
fn many_rows(arrays: usize, layers: usize) -> WaveNetSpec {
    stacked(arrays, layers, 384, |array| {
        (array.conv_groups, array.layer1x1_groups) = (384, Some(384));
        array.head1x1 = Some(Head1x1 { channels: 1, groups: 1 });
    })
}

/// Layers of 512 channels and one row inside: hidden signals of many rows, and few weights.
fn many_narrow_layers(arrays: usize, layers: usize) -> WaveNetSpec {
    stacked(arrays, layers, 512, |array| {
        (array.bottleneck, array.layer1x1_groups, array.residual) = (1, None, Residual::Keep);
    })
}

fn stacked(arrays: usize, layers: usize, channels: usize, change: impl Fn(&mut LayerArray)) -> WaveNetSpec {
    let layer = Layer { kernel_size: 1, dilation: 1, activation: Activation::Tanh, gating: Gating::None };
    let mut array = LayerArray::nam(channels, vec![layer; layers], 1, 1, false);
    change(&mut array);
    let arrays = vec![array; arrays];
    WaveNetSpec { causal: true, arrays, post_head: None, head_scale: 1.0, condition: None }
}

fn fits(network: Network) {
    let model = Model { card: Card::default(), network };
    let (engine, memory) = measured(|| NativeEngine::new(&model));
    assert!(engine.is_ok() && memory.peak <= MEMORY, "{memory:?}");
}

#[test]
fn spoiled_files_do_no_harm() {
    let files: Vec<_> =
        corpus::files().into_iter().map(|f| (Original::new(f.kind, f.bytes), f.kind, f.name)).collect();
    let case = |index: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(index as u64);
        let (original, kind, name) = &files[rng.random_range(0..files.len())];
        let (other, ..) = &files[rng.random_range(0..files.len())];
        (*kind, name, mutate::mutated(original, other, &mut rng))
    };
    keep_panics();
    let workers = std::thread::available_parallelism().map_or(4, usize::from);
    let next = AtomicUsize::new(0);
    let running: Vec<AtomicUsize> = (0..workers).map(|_| AtomicUsize::new(0)).collect();
    let fates: Mutex<HashMap<(Kind, Fate), usize>> = Mutex::default();
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for own in &running {
            let worker = || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    own.store(index, Ordering::Relaxed);
                    if index >= CASES {
                        return;
                    }
                    let (kind, name, bytes) = case(index);
                    match tried(kind, &bytes) {
                        Ok(fate) => *fates.lock().unwrap().entry((kind, fate)).or_default() += 1,
                        Err(error) => {
                            failures.lock().unwrap().push(format!("case {index}, {name}: {error}"));
                        }
                    }
                }
            };
            std::thread::Builder::new().name(WORKER.into()).spawn_scoped(scope, worker).unwrap();
        }
        watch(&running);
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {CASES} failed, such as\n{}",
        failures.len(),
        failures[..failures.len().min(20)].join("\n")
    );
    // Were nearly all refused at the first byte, little would have been tried.
    let fates = fates.into_inner().unwrap();
    println!("{fates:?}");
    for kind in [Kind::Nam, Kind::Onnx] {
        let of = |fate| fates.get(&(kind, fate)).copied().unwrap_or(0);
        assert!(of(Fate::Refused) > CASES / 10, "{fates:?}");
        assert!(of(Fate::Played) > CASES / 50, "{fates:?}");
    }
}

/// Returns when all cases are through; ends the program if one hangs, since no thread can be stopped.
fn watch(running: &[AtomicUsize]) {
    let mut still = vec![(0, Duration::ZERO); running.len()];
    let step = Duration::from_millis(100);
    while running.iter().any(|r| r.load(Ordering::Relaxed) < CASES) {
        std::thread::sleep(step);
        for (now, (last, since)) in running.iter().zip(&mut still) {
            let now = now.load(Ordering::Relaxed);
            *since = if now == *last && now < CASES { *since + step } else { Duration::ZERO };
            *last = now;
            if *since > HANG {
                eprintln!("case {now} hangs");
                std::process::abort();
            }
        }
    }
}
